"""Meta's Custom Audiences: audiences of an ad account, and the people in them.

No licensed machine-readable contract exists beside the types of PyPI `facebook-business` 26.0.3: parameter names and
enumerations are those of `AdAccount.create_custom_audience`, `CustomAudience.create_user` and `.delete_users`, closed
to all others. Followed pages:
https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences (hashes, 10,000 people a call)
https://developers.facebook.com/docs/marketing-api/reference/custom-audience/users (payload, blocked audiences)

The pages do not say in what words an oversized or misshapen payload is refused, nor how `invalid_entry_samples` is
nested; those are guesses. How often it may be called: `sandbox.meta.quota`.
"""

import hashlib
import hmac
import json
import re
from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from sandbox.access import AD_ACCOUNT_ID
from sandbox.context import Form, Here, Sandbox, public_url
from sandbox.meta.door import VERSIONS, refuse

MOST, SAMPLES, PAGE, MAX_PAGE = 10_000, 100, 25, 100
HASHED = ("EMAIL", "PHONE", "FN", "LN", "FI", "CT", "ST", "ZIP", "COUNTRY", "GEN", "DOBY", "DOBM", "DOBD")
KEYS = (*HASHED, "EXTERN_ID", "MADID")
SINGLE = {"EMAIL_SHA256": "EMAIL", "PHONE_SHA256": "PHONE", "MOBILE_ADVERTISER_ID": "MADID"}
SOURCES = {"USER_PROVIDED_ONLY", "PARTNER_PROVIDED_ONLY", "BOTH_USER_AND_PARTNER_PROVIDED"}
CREATE = {"name", "subtype", "description", "customer_file_source", "retention_days", "audience_labels"}
CHANGE = {"payload", "session", "namespace"}
PAYLOAD = {"schema", "data", "is_raw", "app_ids", "page_ids", "ig_account_ids", "data_source"}
SHA256 = re.compile(r"[0-9a-f]{64}")
SCHEMA = """
CREATE TABLE IF NOT EXISTS meta_audience (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, subtype TEXT NOT NULL, is_blocked INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS meta_member (
    audience_id INTEGER NOT NULL, person TEXT NOT NULL, identifiers TEXT NOT NULL, PRIMARY KEY (audience_id, person));
"""
FIRST_ID = 120_200_000_000_000_000


def check_request(version: str, request: Request, response: Response, sandbox: Here) -> None:
    """The version, the token and, where it is sent, the proof of the app's secret; and whether a quota is spent."""
    if not re.fullmatch(r"v\d+\.\d+", version) or int(version[1:].split(".")[0]) not in VERSIONS:
        raise refuse(2500, f"Unknown path components: /{version}")
    scheme, _, header = request.headers.get("authorization", "").partition(" ")
    given = request.query_params.get("access_token") or (header if scheme in ("Bearer", "OAuth") else "")
    if not given:
        raise refuse(104, "An access token is required to request this resource.")
    if given != sandbox.keys.meta_token:
        raise refuse(190, "Invalid OAuth access token - Cannot parse access token")
    proof = request.query_params.get("appsecret_proof")
    if proof not in (None, hmac.new(sandbox.keys.meta_app_secret.encode(), given.encode(), hashlib.sha256).hexdigest()):
        raise refuse(100, "Invalid appsecret_proof provided in the API argument", "GraphMethodException")
    use = request.app.state.meta_audiences_quota.take(request.method == "GET", count(sandbox))
    response.headers.update(use.header)


router = APIRouter(prefix="/meta_custom_audiences/{version}", dependencies=[Depends(check_request)])


@router.get("/act_{account}/customaudiences")
def list_audiences(account: str, request: Request, sandbox: Here, fields: str = "id", limit: int = PAGE) -> Any:
    _account(account)
    if unknown := set(fields.split(",")) - {"id", "name", "subtype"}:
        raise refuse(100, f"(#100) Tried accessing nonexisting field ({min(unknown)}) on node type (CustomAudience)")
    after, size = request.query_params.get("after", "0"), min(limit, MAX_PAGE)
    if not after.isdigit() or size < 1:
        raise refuse(100, "(#100) Param after or limit is invalid")
    sql = "SELECT * FROM meta_audience WHERE id > ? ORDER BY id LIMIT ?"
    with sandbox.state.transaction() as db:
        rows = db.execute(sql, [int(after), size + 1]).fetchall()
    shown = [{name: str(row[name]) for name in {"id", *fields.split(",")}} for row in rows[:size]]
    paging: dict[str, Any] = {"cursors": {"before": shown[0]["id"], "after": shown[-1]["id"]}} if shown else {}
    if len(rows) > size:
        paging["next"] = f"{public_url(request)}{request.url.path}?after={shown[-1]['id']}"
    return {"data": shown} | ({"paging": paging} if shown else {})


@router.post("/act_{account}/customaudiences")
def create_audience(account: str, form: Form, sandbox: Here) -> dict[str, str]:
    _account(account)
    _closed(form, CREATE)
    if not form.get("name"):
        raise refuse(100, "(#100) The parameter name is required")
    if form.get("subtype") != "CUSTOM":
        raise refuse(100, "(#100) the sandbox makes audiences of subtype CUSTOM only")
    if form.get("customer_file_source") not in SOURCES:
        raise refuse(100, f"(#100) Param customer_file_source must be one of {', '.join(sorted(SOURCES))}")
    with sandbox.state.transaction() as db:
        number = db.execute("SELECT coalesce(max(id), ?) + 1 FROM meta_audience", [FIRST_ID]).fetchone()[0]
        db.execute("INSERT INTO meta_audience (id, name, subtype) VALUES (?, ?, 'CUSTOM')", [number, form["name"]])
    return {"id": str(number)}


@router.delete("/{audience_id}")
def delete_audience(audience_id: str, sandbox: Here) -> dict[str, bool]:
    with sandbox.state.transaction() as db:
        number = _audience(db, audience_id)["id"]
        db.execute("DELETE FROM meta_member WHERE audience_id = ?", [number])
        db.execute("DELETE FROM meta_audience WHERE id = ?", [number])
    return {"success": True}


@router.post("/{audience_id}/users")
def add_users(audience_id: str, form: Form, sandbox: Here) -> dict[str, Any]:
    sql = "INSERT OR REPLACE INTO meta_member VALUES (?, ?, ?)"
    with sandbox.state.transaction() as db:
        number, people, invalid = _payload(db, audience_id, form)
        db.executemany(sql, [[number, _person(known), json.dumps(known, sort_keys=True)] for known in people])
    return _answer(number, people, invalid)


@router.delete("/{audience_id}/users")
def remove_users(audience_id: str, form: Form, sandbox: Here) -> dict[str, Any]:
    """Whoever is not there is no error."""
    sql = "DELETE FROM meta_member WHERE audience_id = ? AND person = ?"
    with sandbox.state.transaction() as db:
        number, people, invalid = _payload(db, audience_id, form)
        db.executemany(sql, [[number, _person(known)] for known in people])
    return _answer(number, people, invalid)


def prepare(sandbox: Sandbox) -> None:
    """Make the ad account: no audience yet."""
    sandbox.state.define(SCHEMA)


def held(sandbox: Sandbox) -> dict[str, dict[str, list[str]]]:
    """The account's truth: audience name -> the people in it, each by the hash (or external id) Meta knows best."""
    members = "SELECT person FROM meta_member WHERE audience_id = ? ORDER BY person"
    with sandbox.state.transaction() as db:
        found = db.execute("SELECT * FROM meta_audience ORDER BY id").fetchall()
        return {"audiences": {row["name"]: [m["person"] for m in db.execute(members, [row["id"]])] for row in found}}


def count(sandbox: Sandbox) -> int:
    """Audiences of the account."""
    with sandbox.state.transaction() as db:
        return int(db.execute("SELECT count(*) FROM meta_audience").fetchone()[0])


def block(sandbox: Sandbox, name: str) -> None:
    """Flag an audience as Meta does with what it takes for health or financial status."""
    with sandbox.state.transaction() as db:
        db.execute("UPDATE meta_audience SET is_blocked = 1 WHERE name = ?", [name])


def _account(account: str) -> None:
    if account != AD_ACCOUNT_ID:
        raise _missing(f"act_{account}")


def _audience(db: Any, audience_id: str) -> Any:
    number = int(audience_id) if audience_id.isdigit() else 0
    row = db.execute("SELECT * FROM meta_audience WHERE id = ?", [number]).fetchone()
    if row is None:
        raise _missing(audience_id)
    return row


def _payload(db: Any, audience_id: str, form: dict[str, str]) -> tuple[int, list[dict[str, str]], list[list[str]]]:
    """The audience's number, the people of a payload by identifier, and the entries that are no hashes."""
    audience = _audience(db, audience_id)
    _closed(form, CHANGE)
    if audience["is_blocked"]:
        message = "Before updating user memberships, you must resolve integrity restrictions on this audience."
        raise refuse(100, "Invalid parameter", error_subcode=1713230, error_user_msg=message)
    try:
        payload = json.loads(form["payload"])
        _closed(payload, PAYLOAD)
        schema, data = payload["schema"], payload["data"]
    except (KeyError, ValueError, AttributeError) as error:
        raise refuse(100, f"(#100) Param payload must have schema and data: {error}") from error
    if not isinstance(data, list) or not 1 <= len(data) <= MOST:
        raise refuse(100, f"(#100) Param payload[data] holds 1 to {MOST} people")
    if isinstance(schema, str):
        schema, data = [SINGLE.get(schema, schema)], [[entry] for entry in data]
    if not isinstance(schema, list) or not schema or (unknown := [name for name in schema if name not in KEYS]):
        raise refuse(100, f"(#100) Param payload[schema] is invalid: {unknown if schema else 'empty'}")
    people, invalid = [], []
    for entry in data:
        if not isinstance(entry, list) or len(entry) != len(schema):
            raise refuse(100, "(#100) Number of keys in schema and in an entry of data differ")
        known = {name: value for name, value in zip(schema, entry, strict=True) if value != ""}
        is_good = known and all(_is_good(name, value) for name, value in known.items())
        people.append(known) if is_good else invalid.append(entry)
    return audience["id"], people, invalid


def _is_good(name: str, value: Any) -> bool:
    return isinstance(value, str) and (name not in HASHED or SHA256.fullmatch(value) is not None)


def _person(known: dict[str, str]) -> str:
    """One person there: by e-mail, else by whatever else identifies one."""
    return next(known[name] for name in ("EMAIL", "PHONE", "EXTERN_ID", "MADID", *KEYS) if name in known)


def _answer(number: int, people: list[dict[str, str]], invalid: list[list[str]]) -> dict[str, Any]:
    return {
        "audience_id": str(number),
        "session_id": "1",
        "num_received": len(people) + len(invalid),
        "num_invalid_entries": len(invalid),
        "invalid_entry_samples": invalid[:SAMPLES],
    }


def _closed(given: dict[str, Any], names: set[str]) -> None:
    if unknown := given.keys() - names:
        raise refuse(100, f"(#100) Unknown parameter {min(unknown)}")


def _missing(object_id: str) -> Exception:
    message = (
        f"Unsupported request. Object with ID '{object_id}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation."
    )
    return refuse(100, message, "GraphMethodException", error_subcode=33)
