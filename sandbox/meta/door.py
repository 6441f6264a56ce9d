"""What every request to Meta passes: the version and the token; and what is said of a token.

https://developers.facebook.com/docs/graph-api/guides/error-handling (codes 100, 104, 190, 2500)
https://developers.facebook.com/docs/graph-api/guides/secure-requests (appsecret_proof)
https://developers.facebook.com/docs/graph-api/reference/debug_token
"""

import hashlib
import hmac
import re
from typing import Any

from fastapi import Request

from sandbox.access import PAGE_ID
from sandbox.context import Sandbox
from sandbox.errors import Refused

VERSIONS = range(18, 27)
SCOPES = ("ads_read", "leads_retrieval", "pages_manage_ads", "pages_read_engagement", "pages_read_user_content")
EXPIRES_AT = 0
"""Seconds since 1970; 0: never."""


def refuse(code: int, message: str, kind: str = "OAuthException", **more: Any) -> Refused:
    return Refused(400, {"error": {"message": message, "type": kind, "code": code, **more, "fbtrace_id": "AsAnDbOx"}})


def missing(object_id: str) -> Refused:
    message = (
        f"Unsupported get request. Object with ID '{object_id}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api"
    )
    return refuse(100, message, "GraphMethodException", error_subcode=33)


def without_version(path: str) -> list[str]:
    """The parts of a path after its version, which may be left out."""
    parts = path.strip("/").split("/")
    if re.fullmatch(r"v\d+\.\d+", parts[0]):
        if int(parts[0][1:].split(".")[0]) not in VERSIONS:
            raise refuse(2500, f"Unknown path components: /{parts[0]}")
        del parts[0]
    return parts


def check_token(query: dict[str, Any], request: Request, sandbox: Sandbox) -> str:
    """The page's token, from the query or the Authorization header; the app's own (`id|secret`) for debug_token."""
    scheme, _, header = request.headers.get("authorization", "").partition(" ")
    given = query.pop("access_token", "") or (header if scheme in ("Bearer", "OAuth") else "")
    if not given:
        raise refuse(104, "An access token is required to request this resource.")
    app = f"{sandbox.keys.meta_app_id}|{sandbox.keys.meta_app_secret}"
    if given != sandbox.keys.meta_token and not (given == app and request.url.path.endswith("/debug_token")):
        raise refuse(190, "Invalid OAuth access token - Cannot parse access token")
    proof = query.pop("appsecret_proof", None)
    expected = hmac.new(sandbox.keys.meta_app_secret.encode(), given.encode(), hashlib.sha256).hexdigest()
    if proof is not None and proof != expected:
        raise refuse(100, "Invalid appsecret_proof provided in the API argument", "GraphMethodException")
    return str(given)


def debug_token(query: dict[str, Any], sandbox: Sandbox) -> dict[str, Any]:
    if "input_token" not in query:
        raise refuse(100, "(#100) The parameter input_token is required")
    if query["input_token"] != sandbox.keys.meta_token:
        error = {"code": 190, "message": "Invalid OAuth access token - Cannot parse access token"}
        return {"data": {"error": error, "is_valid": False, "scopes": []}}
    return {
        "data": {
            "app_id": sandbox.keys.meta_app_id,
            "application": "Cohorte sandbox",
            "type": "PAGE",
            "profile_id": PAGE_ID,
            "is_valid": True,
            "expires_at": EXPIRES_AT,
            "data_access_expires_at": 0,
            "scopes": list(SCOPES),
        }
    }
