"""HubSpot CRM: contacts, properties and lists.

Bodies are checked against the models of PyPI `hubspot-api-client` (Apache-2.0); the limits a model cannot say are set
by hand, each beside its documentation page.
"""
