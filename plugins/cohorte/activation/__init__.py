"""Keeping platforms in step: plan the difference, guard it, send it, keep the receipts."""
