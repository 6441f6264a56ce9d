"""Bearer tokens handed out by the token endpoints: valid until they expire, are revoked, or the sandbox restarts."""

import secrets
import threading
import time

ISSUERS = {"account_engagement": "salesforce"}
"""Platform -> the one whose tokens it takes, where that is another."""


class Tokens:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[tuple[str, str], float] = {}

    def issue(self, platform: str, prefix: str, seconds: int = 7_200) -> str:
        token = prefix + secrets.token_urlsafe(48)
        with self._lock:
            self._until[platform, token] = time.monotonic() + seconds
        return token

    def valid(self, platform: str, token: str) -> bool:
        with self._lock:
            return self._until.get((ISSUERS.get(platform, platform), token), 0) > time.monotonic()

    def revoke(self, platform: str) -> None:
        """What a fault `expire_token` does: all tokens the platform takes die at once."""
        with self._lock:
            issuer = ISSUERS.get(platform, platform)
            self._until = {key: until for key, until in self._until.items() if key[0] != issuer}
