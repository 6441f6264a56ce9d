"""Meta's Graph API: what a page collects, and what an ad account reports.

No licensed machine-readable contract exists beside the types of PyPI `facebook-business`; each module names the
pages it follows.
"""
