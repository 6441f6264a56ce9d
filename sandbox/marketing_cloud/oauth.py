"""Marketing Cloud's token endpoint for servers, and the check of its tokens.

https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/access-token-s2s.html
https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/error-handling.html (shape of a refusal)

Tenants see `expires_in` 1079, not the 20 minutes of the page. The words of refusals are not published: guesses.
"""

import secrets
from typing import Any

from fastapi import APIRouter, Request

from sandbox.access import MEMBER_ID
from sandbox.context import Here, JsonObject, public_url
from sandbox.errors import Refused, unauthenticated

SECONDS = 1_079
SCOPES = {
    *("data_extensions_read", "data_extensions_write", "email_read", "list_and_subscribers_read"),
    *("tracking_events_read", "offline"),
}
FIELDS = {"grant_type", "client_id", "client_secret", "account_id", "scope"}

router = APIRouter(prefix="/marketing_cloud")


@router.post("/v2/token")
def token(body: JsonObject, request: Request, sandbox: Here) -> dict[str, Any]:
    held = sandbox.keys
    if unknown := body.keys() - FIELDS:
        raise _refuse(400, "invalid_request", f"Unknown parameters: {', '.join(sorted(unknown))}")
    if body.get("grant_type") != "client_credentials":
        raise _refuse(400, "unsupported_grant_type", "The authorization grant type is not supported.")
    if body.get("client_id") != held.marketing_cloud_client_id:
        raise _refuse(
            401, "invalid_client", "Invalid client ID. Use the client ID in Marketing Cloud Installed Packages."
        )
    if not secrets.compare_digest(str(body.get("client_secret")), held.marketing_cloud_client_secret):
        raise _refuse(401, "invalid_client", "Invalid client secret.")
    if str(body.get("account_id", MEMBER_ID)) != MEMBER_ID:
        raise _refuse(400, "invalid_request", "The account_id is not one this package is installed in.")
    wanted = str(body.get("scope") or " ".join(sorted(SCOPES))).split()
    if beyond := set(wanted) - SCOPES:
        raise _refuse(400, "invalid_scope", f"Not granted to this package: {', '.join(sorted(beyond))}")
    base = f"{public_url(request)}/marketing_cloud"
    return {
        "access_token": sandbox.tokens.issue("marketing_cloud", "eyJ", SECONDS),
        "expires_in": SECONDS,
        "token_type": "Bearer",
        "rest_instance_url": f"{base}/rest/",
        "soap_instance_url": f"{base}/soap/",
        "scope": " ".join(wanted),
    }


def check_token(request: Request, sandbox: Here) -> None:
    """Every REST resource wants one in its header."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not sandbox.tokens.valid("marketing_cloud", given):
        raise Refused(*unauthenticated("marketing_cloud"))


def _refuse(status: int, error: str, description: str) -> Refused:
    body = {"error": error, "error_description": description, "error_uri": "https://developer.salesforce.com/docs"}
    return Refused(status, body)
