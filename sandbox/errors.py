"""Refusals, each in the shape its platform documents."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class Refused(Exception):
    """An answer that is not a success: status, JSON body, headers."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {body}")
        self.status, self.body, self.headers = status, body, headers


def platform_of(path: str) -> str:
    """Which platform a request path belongs to; '' for the sandbox's own."""
    first, _, rest = path.lstrip("/").partition("/")
    if first in ("salesforce", "meta", "hubspot", "mailchimp"):
        return first
    if first == "v1beta" or (first == "google" and rest.startswith("token")):
        return "google"
    return "salesforce" if first == "services" else ""


def refusal(platform: str, status: int, message: str) -> Any:
    """The body `platform` would send with a generic refusal (unknown path, outage, planted fault)."""
    if platform == "salesforce":
        code = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 429: "REQUEST_LIMIT_EXCEEDED"}.get(
            status, "UNKNOWN_EXCEPTION"
        )
        return [{"errorCode": "SERVER_UNAVAILABLE" if status == 503 else code, "message": message}]
    if platform == "google":
        names = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
        names |= {429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}
        return {"error": {"code": status, "message": message, "status": names.get(status, "UNKNOWN")}}
    if platform == "meta":
        number = {429: 4, 401: 190, 400: 100, 404: 100}.get(status, 2)
        return {"error": {"message": message, "type": "OAuthException", "code": number, "fbtrace_id": "Asandbox"}}
    if platform == "hubspot":
        category = {404: "OBJECT_NOT_FOUND", 429: "RATE_LIMITS", 401: "INVALID_AUTHENTICATION"}.get(status, "UNKNOWN")
        return {"status": "error", "message": message, "correlationId": "00000000-0000-0000-0000-000000000000"} | {
            "category": category
        }
    if platform == "mailchimp":
        return {"type": "about:blank", "title": message, "status": status, "detail": message, "instance": "sandbox"}
    return {"error": message}


def answer_refusal(request: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refused)
    return JSONResponse(refused.body, refused.status, refused.headers)


def answer_http_error(request: Request, error: Exception) -> Response:
    """What the framework itself refuses (unknown path or method), said the platform's way."""
    status, detail = getattr(error, "status_code", 500), getattr(error, "detail", str(error))
    return JSONResponse(refusal(platform_of(request.url.path), status, str(detail)), status)
