"""Salesforce's OAuth for servers: client credentials, or JWT bearer when the connection holds a private key alone.

A leaf: Salesforce and Account Engagement, sources and destinations, all ask the same org for a session.

https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_client_credentials_flow.htm
https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_jwt_flow.htm
"""

import time
from collections.abc import Callable, Generator

import httpx

from cohorte.credentials import Credentials

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_SECONDS = 180
"""Salesforce refuses assertions that expire later than three to five minutes from now."""


class SalesforceAuth(httpx.Auth):
    """Asks for a session with the first request, and for another when Salesforce says it has expired."""

    requires_response_body = True

    def __init__(
        self,
        credentials: Credentials,
        refused: Callable[[str], Exception],
        is_expired: Callable[[httpx.Response], bool] = lambda response: response.status_code == 401,
    ) -> None:
        """`refused` makes the error to raise when there is no session to be had with these credentials."""
        self.credentials = credentials
        self.refused = refused
        self.is_expired = is_expired
        self._session = ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if not self._session:
            self._session = self._session_of((yield self._token_request()))
        used = self._session
        request.headers["Authorization"] = f"Bearer {used}"
        response = yield request
        if self.is_expired(response):
            if self._session == used:  # nobody has renewed it meanwhile
                self._session = self._session_of((yield self._token_request()))
            request.headers["Authorization"] = f"Bearer {self._session}"
            yield request

    def _token_request(self) -> httpx.Request:
        extra = self.credentials.extra
        if extra.get("consumer_secret"):
            form = {
                "grant_type": "client_credentials",
                "client_id": self.credentials.required("consumer_key"),
                "client_secret": extra["consumer_secret"],
            }
        else:
            form = {"grant_type": JWT_BEARER, "assertion": self._assertion()}
        return httpx.Request("POST", f"{instance_url(self.credentials, self.refused)}/services/oauth2/token", data=form)

    def _assertion(self) -> str:
        import jwt

        key = self.credentials.extra.get("private_key")
        if not key:
            raise self.refused(
                f'salesforce: connection "{self.credentials.name}" holds neither "consumer_secret" (client '
                'credentials) nor "private_key" (JWT bearer) in its extra. Add one of them.'
            )
        claims = {
            "iss": self.credentials.required("consumer_key"),
            "sub": self.credentials.login,
            "aud": self.credentials.extra.get("login_url") or instance_url(self.credentials, self.refused),
            "exp": int(time.time()) + ASSERTION_SECONDS,
        }
        return jwt.encode(claims, key, algorithm="RS256")

    def _session_of(self, response: httpx.Response) -> str:
        """Raises `refused` when the token is refused, httpx.HTTPStatusError when it may be had later."""
        if response.status_code in (400, 401, 403):
            said = response.json() if "json" in response.headers.get("content-type", "") else {}
            raise self.refused(
                f"salesforce: token refused ({said.get('error', response.status_code)}: "
                f'{said.get("error_description", "no reason given")}). Check connection "{self.credentials.name}".'
            )
        return str(response.raise_for_status().json()["access_token"])


def instance_url(credentials: Credentials, refused: Callable[[str], Exception]) -> str:
    """Where the org answers. Raises `refused` when the connection does not say."""
    url = str(credentials.extra.get("instance_url") or credentials.host)
    if not url:
        raise refused(
            f'salesforce: connection "{credentials.name}" has no "instance_url" in its extra. '
            "Add it, e.g. https://yourdomain.my.salesforce.com"
        )
    return (url if url.startswith("http") else f"https://{url}").rstrip("/")
