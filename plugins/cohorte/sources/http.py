"""HTTP as platforms need it: tried again with patience, and never a secret in a message."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from cohorte.sources.base import SourceError
from cohorte.sources.patience import ATTEMPTS, patiently, retry_after

TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
TIMEOUT = httpx.Timeout(60, connect=10)


class Http:
    """A client of one platform.

    Timeouts, connections lost (also in the middle of a body) and answers that `is_transient` are tried again,
    after what `Retry-After` says or else exponentially later.
    """

    def __init__(
        self,
        platform: str,
        base_url: str,
        *,
        auth: httpx.Auth | None = None,
        headers: Mapping[str, str] | None = None,
        connection: str = "",
        secrets: Sequence[str] = (),
        wait_header: str = "Retry-After",
        is_transient: Callable[[httpx.Response], bool] = lambda response: response.status_code in TRANSIENT,
    ) -> None:
        self.platform = platform
        self.client = httpx.Client(auth=auth, base_url=base_url, headers=headers, timeout=TIMEOUT)
        self.connection = connection
        self.secrets = [secret for secret in secrets if secret]
        self.wait_header = wait_header
        self.is_transient = is_transient
        self.sleep: Callable[[float], None] = time.sleep

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        """The answer, read whole, once it is a success.

        Raises SourceError with the platform's own words when it refuses or stays out of reach.
        """
        try:
            return patiently(
                lambda: self.client.request(method, url, **options).raise_for_status(),
                is_transient=self._may_pass,
                asked=self._asked,
                sleep=self.sleep,
            )
        except httpx.HTTPStatusError as error:
            raise SourceError(self._refusal(error.response)) from None
        except httpx.TransportError as error:
            raise SourceError(
                f"{self.platform}: no answer from {self.client.base_url.host} after {ATTEMPTS} attempts "
                f'({type(error).__name__}: {error}). Check the host of connection "{self.connection}" and the network.'
            ) from None

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self.request("POST", url, **options)

    def _may_pass(self, error: BaseException) -> bool:
        if isinstance(error, httpx.HTTPStatusError):
            return self.is_transient(error.response)
        return isinstance(error, httpx.TransportError) and not isinstance(error, httpx.UnsupportedProtocol)

    def _asked(self, error: BaseException) -> float | None:
        return (
            retry_after(error.response.headers, self.wait_header) if isinstance(error, httpx.HTTPStatusError) else None
        )

    def _refusal(self, response: httpx.Response) -> str:
        said = response.text.strip()
        for secret in self.secrets:  # some platforms repeat the token they refuse
            said = said.replace(secret, "***")
        request = response.request
        return (
            f"{self.platform}: {request.method} {request.url.path} refused with {response.status_code}: {said[:500]}. "
            f'Check connection "{self.connection}" and what it may read.'
        )
