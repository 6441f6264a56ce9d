"""`/_control`: the clock, the connections, and changes to plant. No platform has this; tests and the demo do."""

import json
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request

from sandbox import meta_audiences
from sandbox.access import connections
from sandbox.account_engagement import api as account_engagement
from sandbox.brevo import api as brevo
from sandbox.clock import Backwards, text
from sandbox.context import Here, JsonObject, Sandbox, public_url
from sandbox.errors import Refused
from sandbox.faults import KINDS, Fault
from sandbox.google import datamanager
from sandbox.hubspot import api as hubspot
from sandbox.mailchimp import segments as mailchimp_segments
from sandbox.marketing_cloud import extensions as marketing_cloud
from sandbox.salesforce.jobs import plant, visible
from sandbox.salesforce.schema import OBJECTS

router = APIRouter(prefix="/_control")


@router.get("/clock")
def read_clock(sandbox: Here) -> dict[str, str]:
    return {"now": text(sandbox.now())}


@router.post("/clock")
def move_clock(sandbox: Here, body: JsonObject) -> dict[str, str]:
    """`{"now": ISO timestamp}` or `{"advance_days": number}`; 409 when that is earlier."""
    try:
        if body.keys() == {"now"}:
            return {"now": text(sandbox.clock.advance(to=datetime.fromisoformat(body["now"])))}
        if body.keys() == {"advance_days"}:
            return {"now": text(sandbox.clock.advance(days=float(body["advance_days"])))}
    except Backwards as error:
        raise Refused(409, {"error": str(error)}) from error
    except (TypeError, ValueError, OverflowError) as error:
        raise Refused(400, {"error": f"clock: {error}"}) from error
    raise Refused(400, {"error": 'clock: send {"now": "2017-12-01T23:59:59Z"} or {"advance_days": 1}'})


@router.get("/connections")
def read_connections(sandbox: Here, request: Request) -> dict[str, dict[str, Any]]:
    return connections(public_url(request), sandbox.folder)


@router.get("/state/hubspot")
def read_hubspot(sandbox: Here) -> dict[str, dict[str, list[str]]]:
    return hubspot.held(sandbox)


@router.get("/state/mailchimp")
def read_mailchimp(sandbox: Here) -> dict[str, dict[str, list[str]]]:
    return mailchimp_segments.held(sandbox)


@router.get("/state/brevo")
def read_brevo(sandbox: Here) -> dict[str, dict[str, list[str]]]:
    return brevo.held(sandbox)


@router.get("/state/marketing_cloud")
def read_marketing_cloud(sandbox: Here) -> dict[str, dict[str, list[str]]]:
    return marketing_cloud.held(sandbox)


@router.get("/state/meta_custom_audiences")
def read_meta_audiences(sandbox: Here) -> dict[str, dict[str, list[str]]]:
    return meta_audiences.held(sandbox)


@router.get("/state/google_data_manager")
def read_data_manager(sandbox: Here) -> dict[str, dict[str, list[str]]]:
    return datamanager.held(sandbox)


@router.get("/state/account_engagement")
def read_account_engagement(sandbox: Here) -> dict[str, dict[str, list[str]]]:
    return account_engagement.held(sandbox)


@router.post("/account_engagement/quota")
def leave_calls(request: Request, body: JsonObject) -> dict[str, Any]:
    """`{"left": number}`: so many calls are left of the day's."""
    request.app.state.account_engagement_usage.leave(int(body["left"]))
    return body


@router.post("/google_data_manager/quota")
def leave_requests(request: Request, body: JsonObject) -> dict[str, Any]:
    """`{"left": number}`: so many requests are left of the day's."""
    request.app.state.data_manager_quota.leave(int(body["left"]))
    return body


@router.post("/meta_custom_audiences/quota")
def leave_audience_calls(request: Request, sandbox: Here, body: JsonObject) -> dict[str, Any]:
    """`{"left": number}`: so many calls are left of the hour's."""
    request.app.state.meta_audiences_quota.leave(int(body["left"]), meta_audiences.count(sandbox))
    return body


@router.post("/google_data_manager/errors")
def plant_processing_errors(sandbox: Here, body: JsonObject) -> dict[str, Any]:
    """An `ErrorInfo`: the next request is taken, and fails with it in processing."""
    datamanager.plant(sandbox, body)
    return body


@router.post("/meta_custom_audiences/block")
def block_meta_audience(sandbox: Here, body: JsonObject) -> dict[str, Any]:
    """`{"name": audience}`: flag it, so that its members cannot be changed any more."""
    meta_audiences.block(sandbox, str(body.get("name")))
    return body


@router.get("/stats")
def read_stats(request: Request) -> dict[str, int]:
    """API calls a platform, since the start or the last reset."""
    return dict(request.app.state.traffic.calls)


@router.post("/stats/reset")
def reset_stats(request: Request) -> dict[str, int]:
    request.app.state.traffic.reset()
    return dict(request.app.state.traffic.calls)


@router.get("/faults")
def read_faults(request: Request) -> dict[str, Any]:
    return {"kinds": KINDS, "planted": request.app.state.faults.planted()}


@router.post("/faults")
def plant_fault(request: Request, body: JsonObject) -> dict[str, Any]:
    """Body: platform, kind, and what of path, method, status, times, skip, retry_after, seconds it needs."""
    try:
        request.app.state.faults.plant(Fault(**body))
    except (TypeError, ValueError) as error:
        raise Refused(400, {"error": f"fault: {error}"}) from error
    return {"planted": request.app.state.faults.planted()}


@router.delete("/faults")
def clear_faults(request: Request) -> dict[str, Any]:
    request.app.state.faults.clear()
    return {"planted": []}


@router.post("/contacts/{contact_id}/delete")
def delete_contact(contact_id: str, sandbox: Here) -> dict[str, Any]:
    return _change(sandbox, contact_id, {"IsDeleted": True})


@router.post("/contacts/{contact_id}/edit")
def edit_contact(contact_id: str, sandbox: Here, body: JsonObject) -> dict[str, Any]:
    """Body: field -> new value (dates as ISO text)."""
    fixed = {"id", "createddate", "systemmodstamp", "lastmodifieddate"}
    unknown = [name for name in body if name.lower() not in OBJECTS["contact"].fields or name.lower() in fixed]
    if unknown or not body:
        raise Refused(400, {"error": f"not editable fields of Contact: {', '.join(unknown) or '(none given)'}"})
    return _change(sandbox, contact_id, {OBJECTS["contact"].fields[name.lower()].name: body[name] for name in body})


def _change(sandbox: Sandbox, contact_id: str, change: dict[str, Any]) -> dict[str, Any]:
    """The contact as it is now with `change`, stamped with the clock; scheduled edits of it no longer apply."""
    now = sandbox.now()
    contact = OBJECTS["contact"]
    cursor = sandbox.world.cursor()
    plant(sandbox, cursor, contact)
    found = cursor.execute(f"FROM {visible(contact, now)} WHERE Id = ?", [contact_id])
    names = [column[0] for column in found.description]
    row = found.fetchone()
    if row is None:
        raise Refused(404, {"error": f"no contact {contact_id} at {text(now)}"})
    record = dict(zip(names, row, strict=True)) | change | {"LastModifiedDate": now, "SystemModstamp": now}
    record = {name: value if isinstance(value, bool | None) else str(value) for name, value in record.items()}
    with sandbox.state.transaction() as db:
        db.execute("INSERT OR REPLACE INTO planted_contact VALUES (?, ?)", [contact_id, json.dumps(record)])
    return record
