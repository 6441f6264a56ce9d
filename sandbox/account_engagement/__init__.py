"""Account Engagement (Pardot), API version 5. No licensed contract exists; the pages followed are in `contract.py`."""
