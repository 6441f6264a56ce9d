"""Brevo: contacts imported in the background, and lists of them."""
