"""Mailchimp Marketing API 3.0: one audience and its static segments, and the reports of what was sent to it."""
