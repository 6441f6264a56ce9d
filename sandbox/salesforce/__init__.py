"""Salesforce: OAuth, describe, and Bulk API 2.0 query jobs.

No licensed machine-readable contract exists; each module cites the documentation pages it follows.
"""
