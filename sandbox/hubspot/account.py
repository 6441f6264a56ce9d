"""What HubSpot tells of the token and of the day's calls.

https://developers.hubspot.com/docs/guides/apps/private-apps/overview (access token info)
https://developers.hubspot.com/docs/api-reference/legacy/account/account-information/get-usage-details
"""

from typing import Any

from fastapi import APIRouter, Request

from sandbox.clock import text
from sandbox.context import Here, JsonObject
from sandbox.hubspot.contract import refuse

SCOPES = ["content", "crm.lists.read", "crm.lists.write", "crm.objects.contacts.read", "crm.objects.contacts.write"]

router = APIRouter()


@router.post("/oauth/v2/private-apps/get/access-token-info")
def token_info(body: JsonObject, sandbox: Here) -> dict[str, Any]:
    if body.keys() != {"tokenKey"}:
        raise refuse(400, "tokenKey is required, and nothing else", "VALIDATION_ERROR")
    if body["tokenKey"] != sandbox.keys.hubspot_token:
        raise refuse(404, "token not found", "OBJECT_NOT_FOUND")
    return {"userId": 1, "hubId": 1_234_567, "appId": 2_345_678, "scopes": SCOPES}


@router.get("/account-info/v3/api-usage/daily/private-apps")
def daily_usage(request: Request, sandbox: Here) -> dict[str, Any]:
    rate = request.app.state.hubspot_rate
    usage = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": rate.daily,
        "currentUsage": rate.today,
        "collectedAt": text(sandbox.now()),
        "fetchStatus": "SUCCESS",
        "resetsAt": text(sandbox.now()),
    }
    return {"results": [usage]}
