"""Salesforce Marketing Cloud (Engagement): tokens, data extensions over REST, tracking and subscribers over SOAP.

No licensed contract exists; each module names the pages it follows, and says what is a guess.
"""
