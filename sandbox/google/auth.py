"""Service accounts: a signed assertion for an access token, or a self-signed token used as it is.

https://developers.google.com/identity/protocols/oauth2/service-account (both flows, with their errors)
"""

import jwt
from fastapi import APIRouter, Request

from sandbox.context import Form, Here, Sandbox
from sandbox.errors import Refused, unauthenticated

SCOPES = {"https://www.googleapis.com/auth/analytics", "https://www.googleapis.com/auth/analytics.readonly"}
DATA_MANAGER_SCOPE = "https://www.googleapis.com/auth/datamanager"
SELF_SIGNED_AUDIENCE = "https://analyticsdata.googleapis.com/"
GOOGLE_AUDIENCE = "https://oauth2.googleapis.com/token"
LIFETIME = 3_599

router = APIRouter()


@router.post("/google/token")
def token(form: Form, sandbox: Here) -> dict[str, str | int]:
    if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
        raise Refused(400, {"error": "unsupported_grant_type", "error_description": "Invalid grant_type"})
    try:
        claims = _verified(form.get("assertion", ""), sandbox)
    except jwt.InvalidTokenError as error:
        raise Refused(
            400, {"error": "invalid_grant", "error_description": f"Invalid JWT Signature. {error}"}
        ) from error
    # Google's client library always claims Google's own address, whatever `token_uri` says.
    if claims.get("aud") != GOOGLE_AUDIENCE and not str(claims.get("aud", "")).endswith("/google/token"):
        raise Refused(400, {"error": "invalid_grant", "error_description": "Invalid JWT: aud is not the token URI."})
    wanted = set(str(claims.get("scope", "")).split())
    if not (SCOPES | {DATA_MANAGER_SCOPE}) & wanted:
        raise Refused(400, {"error": "invalid_scope", "error_description": "Invalid OAuth scope or ID token audience."})
    platform = "google_data_manager" if DATA_MANAGER_SCOPE in wanted else "google"
    issued = sandbox.tokens.issue(platform, "ya29.c.", LIFETIME)
    return {"access_token": issued, "expires_in": LIFETIME, "token_type": "Bearer"}


def check_bearer(request: Request, sandbox: Here) -> None:
    """An access token from `/google/token`, or a token the service account signed itself for this API."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme == "Bearer" and (sandbox.tokens.valid("google", given) or _self_signed(given, sandbox)):
        return
    raise Refused(*unauthenticated("google"))


def _self_signed(given: str, sandbox: Sandbox) -> bool:
    try:
        claims = _verified(given, sandbox)
    except jwt.InvalidTokenError:
        return False
    return claims.get("aud") == SELF_SIGNED_AUDIENCE or bool(SCOPES & set(str(claims.get("scope", "")).split()))


def _verified(assertion: str, sandbox: Sandbox) -> dict[str, object]:
    """The claims of a token our service account signed. Raises jwt.InvalidTokenError."""
    claims: dict[str, object] = jwt.decode(
        assertion,
        sandbox.public_key,
        algorithms=["RS256"],
        issuer=sandbox.keys.google_client_email,
        options={"require": ["iss", "iat", "exp"], "verify_aud": False},
        leeway=10,
    )
    return claims
