"""Google: the OAuth token endpoint and the Analytics Data API v1beta (`runReport`)."""
