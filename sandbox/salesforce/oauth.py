"""Salesforce's token endpoint: client credentials, username and password, JWT bearer.

https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_client_credentials_flow.htm
https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_username_password_flow.htm
https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_jwt_flow.htm
"""

import base64
import binascii
import secrets
import time

from fastapi import APIRouter, Request

from sandbox.context import Form, Here, Sandbox, public_url
from sandbox.errors import Refused, unauthenticated
from sandbox.world import ids

router = APIRouter()


@router.post("/services/oauth2/token")
def token(form: Form, request: Request, sandbox: Here) -> dict[str, str]:
    held = sandbox.keys
    key, secret = _client(form, request)
    grant = form.get("grant_type")
    if grant == "urn:ietf:params:oauth:grant-type:jwt-bearer":
        _check_assertion(form.get("assertion", ""), sandbox)
    elif grant not in ("client_credentials", "password"):
        raise Refused(400, {"error": "unsupported_grant_type", "error_description": "grant type not supported"})
    elif key != held.salesforce_consumer_key:
        raise Refused(400, {"error": "invalid_client_id", "error_description": "client identifier invalid"})
    elif not secrets.compare_digest(secret, held.salesforce_consumer_secret):
        raise Refused(400, {"error": "invalid_client", "error_description": "invalid client credentials"})
    elif grant == "password":
        given = (form.get("username"), form.get("password"))
        if given != (held.salesforce_username, held.salesforce_password):
            raise Refused(400, {"error": "invalid_grant", "error_description": "authentication failure"})
    instance = public_url(request) + request.url.path.removesuffix("/services/oauth2/token")
    organization, user = ids.record_id(ids.ORGANIZATION, 1), ids.record_id(ids.USER, 1)
    return {
        "access_token": sandbox.tokens.issue("salesforce", f"{organization[:15]}!AQ"),
        "instance_url": instance,
        "id": f"{instance}/id/{organization}/{user}",
        "token_type": "Bearer",
        "issued_at": str(round(time.time() * 1000)),
        "signature": base64.b64encode(secrets.token_bytes(32)).decode(),
    }


def _client(form: dict[str, str], request: Request) -> tuple[str, str]:
    """The connected app's key and secret, from the form or from HTTP Basic."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            key, _, secret = base64.b64decode(encoded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return key, secret
    return form.get("client_id", ""), form.get("client_secret", "")


def _check_assertion(assertion: str, sandbox: Sandbox) -> None:
    import jwt

    try:
        claims = jwt.decode(
            assertion,
            sandbox.public_key,
            algorithms=["RS256"],
            options={"require": ["iss", "sub", "aud", "exp"], "verify_aud": False},
        )
    except jwt.ExpiredSignatureError as error:
        raise Refused(400, {"error": "invalid_grant", "error_description": "expired authorization code"}) from error
    except jwt.InvalidTokenError as error:
        raise Refused(400, {"error": "invalid_grant", "error_description": "invalid assertion"}) from error
    if claims["iss"] != sandbox.keys.salesforce_consumer_key:
        raise Refused(400, {"error": "invalid_client_id", "error_description": "client identifier invalid"})
    if claims["sub"] != sandbox.keys.salesforce_username:
        raise Refused(400, {"error": "invalid_grant", "error_description": "user hasn't approved this consumer"})


def check_session(request: Request, sandbox: Here) -> None:
    """Every data resource wants a session.

    https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
    """
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme not in ("Bearer", "OAuth") or not sandbox.tokens.valid("salesforce", given):
        raise Refused(*unauthenticated("salesforce"))
