"""Contact properties: which there are, and which values they take.

https://developers.hubspot.com/docs/reference/api/crm/properties
https://developers.hubspot.com/docs/guides/api/crm/properties (types, names, read-only properties)
"""

import json
import re
import sqlite3
from datetime import datetime
from typing import Any

from fastapi import APIRouter

from sandbox.context import Here, JsonObject
from sandbox.hubspot.contract import check, refuse

DEFINED = {
    "email": "string",
    "firstname": "string",
    "lastname": "string",
    "phone": "string",
    "mobilephone": "string",
    "address": "string",
    "city": "string",
    "state": "string",
    "zip": "string",
    "country": "string",
    "date_of_birth": "string",
    "createdate": "datetime",
    "lastmodifieddate": "datetime",
    "hs_object_id": "number",
    "hs_email_optout": "bool",
}
READ_ONLY = {"createdate", "lastmodifieddate", "hs_object_id", "hs_email_optout"}
GROUPS = {"contactinformation"}
EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[A-Za-z]{2,}")
FIELD_TYPES = {
    "string": ("text", "textarea", "file"),
    "number": ("number", "calculation_equation"),
    "date": ("date",),
    "datetime": ("date",),
    "enumeration": ("select", "radio", "checkbox"),
    "bool": ("booleancheckbox",),
}

router = APIRouter()


@router.get("/crm/v3/properties/contacts")
def list_properties(sandbox: Here) -> dict[str, Any]:
    with sandbox.state.transaction() as db:
        return {"results": list(definitions(db).values())}


@router.get("/crm/v3/properties/contacts/{name}")
def get_property(name: str, sandbox: Here) -> dict[str, Any]:
    with sandbox.state.transaction() as db:
        found: dict[str, Any] | None = definitions(db).get(name)
    if found is None:
        raise refuse(404, f'Property "{name}" does not exist', "OBJECT_NOT_FOUND")
    return found


@router.post("/crm/v3/properties/contacts", status_code=201)
def create_property(body: JsonObject, sandbox: Here) -> dict[str, Any]:
    from hubspot.crm.properties.models import PropertyCreate

    check(body, PropertyCreate)
    name, kind = body["name"], body["type"]
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", name):
        raise refuse(400, f'Property name "{name}" must start with a letter: lowercase letters, digits, underscores')
    if body["fieldType"] not in FIELD_TYPES[kind]:
        raise refuse(400, f"fieldType {body['fieldType']} is not valid for type {kind}")
    if body["groupName"] not in GROUPS:
        raise refuse(400, f'Property group "{body["groupName"]}" does not exist')
    if kind == "enumeration" and not body.get("options"):
        raise refuse(400, "Enumeration properties must have options")
    with sandbox.state.transaction() as db:
        if name in definitions(db):
            raise refuse(
                409, f'A property named "{name}" already exists.', "CONFLICT", subCategory="Properties.PROPERTY_EXISTS"
            )
        stamp = sandbox.now().isoformat(timespec="milliseconds") + "Z"
        made = _definition(name, kind) | body | {"createdAt": stamp, "updatedAt": stamp, "hubspotDefined": False}
        db.execute("INSERT INTO hubspot_property VALUES (?, ?)", [name, json.dumps(made)])
    return made


def definitions(db: sqlite3.Connection) -> dict[str, dict[str, Any]]:
    """Every property there is: HubSpot's, then the portal's own."""
    own = db.execute("SELECT name, definition FROM hubspot_property ORDER BY name").fetchall()
    return {name: _definition(name, kind) for name, kind in DEFINED.items()} | {
        row["name"]: json.loads(row["definition"]) for row in own
    }


def value_problem(definition: dict[str, Any], value: str) -> str:
    """The code HubSpot gives a value it does not take; '' for a good one. The empty text clears any property."""
    kind = definition["type"]
    if definition["name"] == "email":
        return "" if EMAIL.fullmatch(value) else "INVALID_EMAIL"
    if not value or kind == "string":
        return ""
    if kind == "number":
        return "" if re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", value) else "INVALID_LONG"
    if kind == "bool":
        return "" if value in ("true", "false") else "INVALID_BOOLEAN"
    if kind in ("date", "datetime"):
        return "" if value.isdigit() or _is_iso(value, kind) else "INVALID_DATE"
    options = {option["value"] for option in definition.get("options", [])}
    chosen = value.split(";") if definition["fieldType"] == "checkbox" else [value]
    return "" if options.issuperset(chosen) else "INVALID_OPTION"


def _is_iso(value: str, kind: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return len(value) == 10 if kind == "date" else True


def _definition(name: str, kind: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": name.replace("_", " ").capitalize(),
        "type": kind,
        "fieldType": FIELD_TYPES[kind][0],
        "groupName": "contactinformation",
        "description": "",
        "options": [],
        "hidden": False,
        "formField": False,
        "hasUniqueValue": name in ("email", "hs_object_id"),
        "calculated": False,
        "archived": False,
        "hubspotDefined": True,
    }
