"""How dlt's REST client reaches an API, from a connection."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cohorte.credentials import Credentials
from cohorte.sources.patience import ATTEMPTS, LONGEST_WAIT

if TYPE_CHECKING:
    from requests.auth import AuthBase

TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and to answer."""


def client(credentials: Credentials, options: Mapping[str, Any], backoff: float) -> dict[str, Any]:
    """`client` of dlt's `rest_api`: where, who, and how patiently. `options` are the source's own words."""
    from dlt.sources.helpers.requests import Client

    host = credentials.host.rstrip("/")
    if credentials.port and "://" not in host:
        host = f"{host}:{credentials.port}"
    base = host if "://" in host else f"{credentials.schema or 'https'}://{host}"
    session = Client(
        request_timeout=TIMEOUT,
        request_max_attempts=ATTEMPTS,
        request_backoff_factor=backoff,
        request_max_retry_delay=LONGEST_WAIT,
    ).session
    return {**options, "base_url": f"{base}/", "auth": _auth(credentials), "session": session}


def _auth(credentials: Credentials) -> "AuthBase | None":
    from dlt.sources.helpers.rest_client.auth import APIKeyAuth, BearerTokenAuth, HttpBasicAuth

    extra = credentials.extra
    if extra.get("token_url"):
        return _refreshing(credentials)
    if extra.get("api_key_header"):
        return APIKeyAuth(name=str(extra["api_key_header"]), api_key=credentials.password, location="header")
    if credentials.login:
        return HttpBasicAuth(credentials.login, credentials.password)
    return BearerTokenAuth(credentials.password) if credentials.password else None


def _refreshing(credentials: Credentials) -> "AuthBase":
    """Client credentials; a token that the API refuses in the middle of a run is replaced once a request."""
    from dlt.common.configuration import configspec
    from dlt.sources.helpers.rest_client.auth import OAuth2ClientCredentials

    @configspec
    class Refreshing(OAuth2ClientCredentials):
        def __call__(self, request: Any) -> Any:
            request.register_hook("response", self._renew)
            return super().__call__(request)

        def _renew(self, response: Any, **options: Any) -> Any:
            request = response.request
            if response.status_code != 401 or getattr(request, "is_renewed", False):
                return response
            _ = response.content  # gives the connection back
            self.obtain_token()
            again = request.copy()
            again.is_renewed = True
            again.headers["Authorization"] = f"Bearer {self.access_token}"
            return response.connection.send(again, **options)

    return Refreshing(
        access_token_url=str(credentials.extra["token_url"]),
        client_id=credentials.login,
        client_secret=credentials.password,
        access_token_request_data={"scope": scope} if (scope := credentials.extra.get("scope")) else {},
    )
