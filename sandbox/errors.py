"""Refusals, each in the shape its platform documents."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox import stubs

CORRELATION = "5a1c9b7e-0d2f-4a63-8f11-2c7d3e4b6a90"
"""What HubSpot and Mailchimp name each refusal by, so that a person can ask about it."""


NAMED = {
    *("salesforce", "meta", "hubspot", "mailchimp", "brevo", "marketing_cloud", "account_engagement"),
    *("meta_custom_audiences", "google_data_manager", *stubs.NAMES),
}
"""Platforms whose paths begin with their name."""


class Refused(Exception):
    """An answer that is not a success: status, JSON body, headers."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {body}")
        self.status, self.body, self.headers = status, body, headers


def platform_of(path: str) -> str:
    """Which platform a request path belongs to; '' for the sandbox's own."""
    first, _, rest = path.lstrip("/").partition("/")
    if first in NAMED:
        return first
    if first == "v1beta" or (first == "google" and rest.startswith("token")):
        return "google"
    return "salesforce" if first == "services" else ""


def refusal(platform: str, status: int, message: str, retry_after: float | None = None) -> Any:
    """The body `platform` would send with a generic refusal (unknown path, outage, planted fault)."""
    if platform == "salesforce":
        code = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 429: "REQUEST_LIMIT_EXCEEDED"}.get(
            status, "UNKNOWN_EXCEPTION"
        )
        return [{"errorCode": "SERVER_UNAVAILABLE" if status == 503 else code, "message": message}]
    if platform in ("google", "google_data_manager"):
        names = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
        names |= {409: "ALREADY_EXISTS", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}
        return {"error": {"code": status, "message": message, "status": names.get(status, "UNKNOWN")}}
    if platform in ("meta", "meta_custom_audiences"):
        number = {429: 4, 401: 190, 400: 100, 404: 100}.get(status, 2)
        return {"error": {"message": message, "type": "OAuthException", "code": number, "fbtrace_id": "Asandbox"}}
    if platform == "hubspot":
        category = {404: "OBJECT_NOT_FOUND", 429: "RATE_LIMITS", 401: "EXPIRED_AUTHENTICATION"}.get(status, "UNKNOWN")
        limit = {"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"} if status == 429 else {}
        return {"status": "error", "message": message, "correlationId": CORRELATION, "category": category} | limit
    if platform == "mailchimp":
        titles = {
            401: "API Key Invalid",
            404: "Resource Not Found",
            405: "Method Not Allowed",
            429: "Too Many Requests",
        }
        title = titles.get(status, "Internal Server Error" if status >= 500 else "Bad Request")
        kind = "https://mailchimp.com/developer/marketing/docs/errors/"
        return {"type": kind, "title": title, "status": status, "detail": message, "instance": CORRELATION}
    if platform == "brevo":  # https://developers.brevo.com/docs/how-it-works
        codes = {401: "unauthorized", 404: "document_not_found", 405: "method_not_allowed", 429: "too_many_requests"}
        return {
            "code": codes.get(status, "internal_error" if status >= 500 else "invalid_parameter"),
            "message": message,
        }
    if platform == "marketing_cloud":
        # https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/rate-limiting-errors.html
        page = "https://developer.salesforce.com/docs/atlas.en-us.mc-apis.meta/mc-apis/error-handling.htm"
        told: dict[str, Any] = {"message": "Your requests are temporarily blocked.", "errorcode": 50200}
        if retry_after is not None:
            told = {"message": "Rate limit exceeded", "errorcode": 50100, "retryAfter": retry_after}
        if status == 429:
            return told | {"documentation": page}
        return {"message": message, "errorcode": 0, "documentation": page}
    if platform == "account_engagement":
        # https://developer.salesforce.com/docs/marketing/pardot/guide/error-codes.html
        numbers = {401: 184, 403: 49, 404: 109, 405: 60, 429: 66}
        return {"code": numbers.get(status, 183 if status >= 500 else 154), "message": message}
    return {"error": message}


def unauthenticated(platform: str) -> tuple[int, Any]:
    """Status and body for a token that is no longer good."""
    if platform == "salesforce":
        return 401, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    if platform in ("meta", "meta_custom_audiences"):
        body = refusal(platform, 401, "Error validating access token: Session has expired.")
        body["error"]["error_subcode"] = 463
        return 400, body
    google = (
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential."
    )
    messages = {
        "account_engagement": "access_token is invalid, unknown, or malformed",
        "brevo": "Key not found",
        "google": google,
        "google_data_manager": google,
        "hubspot": "The OAuth token used to make this call expired.",
        "marketing_cloud": "Not Authorized",
        "mailchimp": "Your API key may be invalid, or you've attempted to access the wrong datacenter.",
    }
    return 401, refusal(platform, 401, messages.get(platform, "not authenticated"))


def answer_refusal(request: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refused)
    return JSONResponse(refused.body, refused.status, refused.headers)


def answer_http_error(request: Request, error: Exception) -> Response:
    """What the framework itself refuses (unknown path or method), said the platform's way."""
    status, detail = getattr(error, "status_code", 500), getattr(error, "detail", str(error))
    return JSONResponse(refusal(platform_of(request.url.path), status, str(detail)), status)
