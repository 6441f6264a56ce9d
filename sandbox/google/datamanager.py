"""Data Manager API v1: user lists of a Google Ads account, and the people in them.

Requests are checked against Google's discovery document (`discovery.py`, closed to unknown names), and against:
https://developers.google.com/data-manager/api/devguides/limits (10,000 members, 10 identifiers; calls: `quota.py`)
https://developers.google.com/data-manager/api/devguides/audiences/send-audience-members (encoding, words of refusals)
https://developers.google.com/data-manager/api/reference/rest/v1/ErrorReason
https://developers.google.com/data-manager/api/devguides/diagnostics (requests are processed later, and asked after)

Guesses, because no page says: the status of an unknown `productDestinationId` (400, INVALID_USER_LIST_ID), that a
taken display name is refused (409), and that a member whose consent is denied fails in processing.
"""

import json
import re
import uuid
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from sandbox.access import ADS_CUSTOMER_ID
from sandbox.context import Here, JsonObject, Sandbox
from sandbox.errors import Refused, refusal, unauthenticated
from sandbox.google.discovery import DATA_MANAGER, violations

PLATFORM = "google_data_manager"
MEMBERS, IDENTIFIERS, DESTINATIONS = 10_000, 10, 10
INGESTION = re.compile("/(audienceMembers|requestStatus):")
PARENT = "/accountTypes/GOOGLE_ADS/accounts/{account}/userLists"
SCHEMA = """
CREATE TABLE IF NOT EXISTS dm_list (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS dm_member (list_id INTEGER NOT NULL, person TEXT NOT NULL, PRIMARY KEY (list_id, person));
CREATE TABLE IF NOT EXISTS dm_request (id TEXT PRIMARY KEY, status TEXT NOT NULL, reads INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS dm_planted (errors TEXT NOT NULL);
"""
FIRST_ID = 7_000_000_000


def refuse(reason: str, field: str = "", description: str = "", status: int = 400, **metadata: str) -> Refused:
    body = refusal(PLATFORM, status, "There was a problem with the request.")
    domain = "datamanager.googleapis.com"
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": domain}]
    if metadata:
        details[0]["metadata"] = metadata  # type: ignore[assignment]
    if field:
        found = {"field": field, "description": description, "reason": reason}
        details.append({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [found]})  # type: ignore[dict-item]
    body["error"]["details"] = details
    return Refused(status, body)


def check_request(request: Request, sandbox: Here) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not sandbox.tokens.valid(PLATFORM, given):
        raise Refused(*unauthenticated(PLATFORM))
    service = "Ingestion" if INGESTION.search(request.url.path) else "Management"
    spent = request.app.state.data_manager_quota.take(service, request.method == "GET", sandbox.now().date())
    if spent:
        raise refuse("RESOURCE_EXHAUSTED", status=429, quota_limit=spent)


router = APIRouter(prefix=f"/{PLATFORM}/v1", dependencies=[Depends(check_request)])


@router.get(PARENT)
def list_user_lists(account: str, sandbox: Here, pageSize: int = 50, pageToken: str = "0") -> dict[str, Any]:
    _account(account)
    size = min(max(pageSize, 1), 1000)
    with sandbox.state.transaction() as db:
        sql = "SELECT * FROM dm_list WHERE id > ? ORDER BY id LIMIT ?"
        rows = db.execute(sql, [int(pageToken), size + 1]).fetchall()
    more = {"nextPageToken": str(rows[size - 1]["id"])} if len(rows) > size else {}
    return {"userLists": [json.loads(row["body"]) for row in rows[:size]]} | more


@router.post(PARENT)
def create_user_list(account: str, body: JsonObject, sandbox: Here) -> dict[str, Any]:
    _account(account)
    _follows(body, "UserList")
    if not body.get("displayName"):
        raise refuse("REQUIRED_FIELD_MISSING", "user_list.display_name", "Display name is required.")
    if body.get("ingestedUserListInfo", {}).get("uploadKeyTypes") != ["CONTACT_ID"]:
        raise refuse("INVALID_USER_LIST_TYPE", "user_list.ingested_user_list_info", "the sandbox has CONTACT_ID only")
    with sandbox.state.transaction() as db:
        if db.execute("SELECT 1 FROM dm_list WHERE name = ?", [body["displayName"]]).fetchone():
            raise refuse("ALREADY_EXISTS", "user_list.display_name", "Name is already being used.", status=409)
        number = db.execute("SELECT coalesce(max(id), ?) + 1 FROM dm_list", [FIRST_ID]).fetchone()[0]
        name = f"accountTypes/GOOGLE_ADS/accounts/{account}/userLists/{number}"
        made = body | {"id": str(number), "name": name, "readOnly": False, "membershipStatus": "OPEN"}
        db.execute("INSERT INTO dm_list VALUES (?, ?, ?)", [number, body["displayName"], json.dumps(made)])
    return made


@router.get(PARENT + "/{number}")
def get_user_list(account: str, number: str, sandbox: Here) -> Any:
    _account(account)
    with sandbox.state.transaction() as db:
        return json.loads(_list(db, number)["body"])


@router.delete(PARENT + "/{number}")
def delete_user_list(account: str, number: str, sandbox: Here) -> dict[str, Any]:
    _account(account)
    with sandbox.state.transaction() as db:
        _list(db, number)
        db.execute("DELETE FROM dm_member WHERE list_id = ?", [int(number)])
        db.execute("DELETE FROM dm_list WHERE id = ?", [int(number)])
    return {}


@router.post("/audienceMembers:ingest")
def ingest(body: JsonObject, sandbox: Here) -> dict[str, str]:
    _follows(body, "IngestAudienceMembersRequest")
    if body.get("termsOfService", {}).get("customerMatchTermsOfServiceStatus") not in ("ACCEPTED", 1):
        raise refuse("TERMS_AND_CONDITIONS_NOT_SIGNED", "terms_of_service", "Customer Match terms are not accepted.")
    return _process(body, sandbox, "INSERT OR IGNORE INTO dm_member VALUES (?, ?)", "audienceMembersIngestionStatus")


@router.post("/audienceMembers:remove")
def remove(body: JsonObject, sandbox: Here) -> dict[str, str]:
    _follows(body, "RemoveAudienceMembersRequest")
    sql = "DELETE FROM dm_member WHERE list_id = ? AND person = ?"
    return _process(body, sandbox, sql, "audienceMembersRemovalStatus")


@router.get("/requestStatus:retrieve")
def retrieve(sandbox: Here, requestId: str = "") -> JSONResponse:
    """Processing at the first look, done from the second on."""
    with sandbox.state.transaction() as db:
        row = db.execute("SELECT * FROM dm_request WHERE id = ?", [requestId]).fetchone()
        if row is None:
            raise refuse("NOT_FOUND", status=404)
        db.execute("UPDATE dm_request SET reads = reads + 1 WHERE id = ?", [requestId])
    shown = json.loads(row["status"])
    if not row["reads"]:
        shown = {"destination": shown["destination"], "requestStatus": "PROCESSING"}
    return JSONResponse({"requestStatusPerDestination": [shown]})


def prepare(sandbox: Sandbox) -> None:
    """Make the Google Ads account: no user list yet."""
    sandbox.state.define(SCHEMA)


def held(sandbox: Sandbox) -> dict[str, dict[str, list[str]]]:
    """The account's truth: user list -> the hashes on it."""
    members = "SELECT person FROM dm_member WHERE list_id = ? ORDER BY person"
    with sandbox.state.transaction() as db:
        found = db.execute("SELECT * FROM dm_list ORDER BY id").fetchall()
        return {"lists": {row["name"]: [m["person"] for m in db.execute(members, [row["id"]])] for row in found}}


def plant(sandbox: Sandbox, errors: dict[str, Any]) -> None:
    """Let the next request fail in processing with this `ErrorInfo`; members its `recordIndices` name are not done.

    Raises Refused when it is no `ErrorInfo`.
    """
    _follows(errors, "ErrorInfo")
    with sandbox.state.transaction() as db:
        db.execute("INSERT INTO dm_planted VALUES (?)", [json.dumps(errors)])


def _process(body: dict[str, Any], sandbox: Sandbox, sql: str, kind: str) -> dict[str, str]:
    """Does what is asked at once, and leaves the answer for whoever asks after the request."""
    people = _people(body)
    request_id = str(uuid.uuid4())
    with sandbox.state.transaction() as db:
        numbers = [_destination(db, destination) for destination in body.get("destinations", ())]
        if not 1 <= len(numbers) <= DESTINATIONS:
            raise refuse("TOO_MANY_DESTINATIONS" if numbers else "REQUIRED_FIELD_MISSING", "destinations", "1 to 10.")
        if body.get("validateOnly"):
            return {"requestId": request_id}
        errors = _errors(db, body, len(people))
        failed = {index for count in errors for index in count.get("recordIndices", ())}
        done = [hashes for at, hashes in enumerate(people) if at not in failed]
        for number in numbers:
            db.executemany(sql, [[number, hashes[0]] for hashes in done])
        refused = sum(int(count["recordCount"]) for count in errors)
        status = "SUCCESS" if not refused else "FAILED" if refused >= len(people) else "PARTIAL_SUCCESS"
        counts = {"recordCount": str(len(people)), "userIdentifierCount": str(sum(map(len, people)))}
        part = "userDataIngestionStatus" if kind == "audienceMembersIngestionStatus" else "userDataRemovalStatus"
        shown: dict[str, Any] = {"destination": body["destinations"][0], "requestStatus": status, kind: {part: counts}}
        if errors:
            shown["errorInfo"] = {"errorCounts": errors}
        db.execute("INSERT INTO dm_request (id, status) VALUES (?, ?)", [request_id, json.dumps(shown)])
    return {"requestId": request_id}


def _errors(db: Any, body: dict[str, Any], size: int) -> list[dict[str, Any]]:
    """What fails in processing: what was planted, and people whose consent is denied."""
    planted = db.execute("SELECT rowid, errors FROM dm_planted ORDER BY rowid LIMIT 1").fetchone()
    if planted:
        db.execute("DELETE FROM dm_planted WHERE rowid = ?", [planted["rowid"]])
        counts: list[dict[str, Any]] = json.loads(planted["errors"])["errorCounts"]
        return counts
    if "CONSENT_DENIED" not in (body.get("consent") or {}).values():
        return []
    reason = "PROCESSING_ERROR_REASON_DENIED_CONSENT"
    return [{"reason": reason, "recordCount": str(size), "recordIndices": list(range(size))}]


def _people(body: dict[str, Any]) -> list[list[str]]:
    """The hashes of each member. Raises Refused as Google does for what is not hashed or encoded as said."""
    members = body.get("audienceMembers", [])
    if not members:
        raise refuse("REQUIRED_FIELD_MISSING", "audience_members", "At least one audience member is required.")
    if len(members) > MEMBERS:
        raise refuse("TOO_MANY_AUDIENCE_MEMBERS", "audience_members", f"At most {MEMBERS} members are allowed.")
    if body.get("encoding") not in ("HEX", 1):
        raise refuse("REQUIRED_FIELD_MISSING", "encoding", "Encoding is required; the sandbox reads HEX only.")
    people = []
    for at, member in enumerate(members):
        field = f"audience_members.audience_members[{at}]"
        identifiers = member.get("userData", {}).get("userIdentifiers", [])
        if not identifiers:
            raise refuse("INVALID_AUDIENCE_MEMBER", field, "the sandbox takes members with user identifiers only")
        if len(identifiers) > IDENTIFIERS:
            raise refuse("TOO_MANY_USER_IDENTIFIERS", field, f"At most {IDENTIFIERS} identifiers are allowed.")
        people.append([_hash(identifier, f"{field}.user_data.user_identifiers") for identifier in identifiers])
    return people


def _hash(identifier: dict[str, Any], field: str) -> str:
    value = identifier.get("emailAddress") or identifier.get("phoneNumber")
    if len(identifier) != 1 or not value:
        raise refuse("INVALID_AUDIENCE_MEMBER", field, "exactly one of e-mail and phone; the sandbox has no addresses")
    if not re.fullmatch(r"([0-9a-fA-F]{2})+", value):
        kind = "Email" if "emailAddress" in identifier else "Phone number"
        raise refuse("INVALID_HEX_ENCODING", field, f"{kind} is not hex encoded.")
    if len(value) != 64:
        raise refuse("INVALID_SHA256_FORMAT", field, "The SHA256 encoded value is malformed.")
    return str(value).lower()


def _destination(db: Any, destination: dict[str, Any]) -> int:
    operating = destination.get("operatingAccount", {})
    if operating.get("accountType") != "GOOGLE_ADS" or operating.get("accountId") != ADS_CUSTOMER_ID:
        raise refuse("PERMISSION_DENIED", status=403)
    try:
        return int(_list(db, str(destination.get("productDestinationId")))["id"])
    except Refused as missing:
        field = "destinations[0].product_destination_id"
        raise refuse("INVALID_USER_LIST_ID", field, "User list is not valid.") from missing


def _account(account: str) -> None:
    if account != ADS_CUSTOMER_ID:
        raise refuse("PERMISSION_DENIED", status=403)


def _list(db: Any, number: str) -> Any:
    row = db.execute("SELECT * FROM dm_list WHERE id = ?", [int(number) if number.isdigit() else 0]).fetchone()
    if row is None:
        raise refuse("NOT_FOUND", status=404)
    return row


def _follows(body: dict[str, Any], schema: str) -> None:
    """Refuses what the discovery document's schema does not allow."""
    if found := violations(body, schema, DATA_MANAGER):
        fields = [({"field": path} if path else {}) | {"description": said} for path, said in found]
        answer = refusal(PLATFORM, 400, "\n".join(said for _, said in found))
        answer["error"]["details"] = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": fields}]
        raise Refused(400, answer)
