"""HubSpot's front door: the token, the tables, and what a fresh portal holds.

https://developers.hubspot.com/docs/guides/apps/private-apps/overview
"""

import json

from fastapi import APIRouter, Depends, Request

from sandbox.context import Here, Sandbox
from sandbox.hubspot import account, contacts, deletion, events, lists, properties, search
from sandbox.hubspot.contract import refuse
from sandbox.hubspot.rate import check_rate

SCHEMA = """
CREATE TABLE IF NOT EXISTS hubspot_property (name TEXT PRIMARY KEY, definition TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS hubspot_contact (
    id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT UNIQUE NOT NULL, properties TEXT NOT NULL,
    created TEXT NOT NULL, updated TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS hubspot_list (
    id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, processing TEXT NOT NULL, created TEXT NOT NULL,
    updated TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS hubspot_membership (
    list_id INTEGER NOT NULL, contact_id INTEGER NOT NULL, joined TEXT NOT NULL, PRIMARY KEY (list_id, contact_id));
"""


def check_request(request: Request, sandbox: Here) -> None:
    if request.headers.get("authorization") != f"Bearer {sandbox.keys.hubspot_token}":
        message = (
            "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more "
            "details at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
        )
        raise refuse(401, message, "INVALID_AUTHENTICATION")
    check_rate(request)


router = APIRouter(prefix="/hubspot", dependencies=[Depends(check_request)])
for part in (account, properties, contacts, deletion, search, events, lists):
    router.include_router(part.router)


def prepare(sandbox: Sandbox) -> None:
    """Make the portal. A fresh one already knows five of the customers, two of whom opted out of e-mail there."""
    sandbox.state.define(SCHEMA)
    with sandbox.state.transaction() as db:
        if db.execute("SELECT 1 FROM hubspot_contact").fetchone():
            return
        known = sandbox.world.cursor().execute(
            "SELECT DISTINCT ON (Id) lower(Email), FirstName, LastName FROM contact "
            "WHERE Email IS NOT NULL AND Loyalty_Id__c IS NOT NULL ORDER BY md5(Id), SystemModstamp LIMIT 5"
        )
        stamp = "2017-01-01T00:00:00.000Z"
        for at, (email, first, last) in enumerate(known.fetchall()):
            held = {"firstname": first, "lastname": last} | ({"hs_email_optout": "true"} if at < 2 else {})
            sql = "INSERT INTO hubspot_contact (email, properties, created, updated) VALUES (?, ?, ?, ?)"
            db.execute(sql, [email, json.dumps(held), stamp, stamp])


def held(sandbox: Sandbox) -> dict[str, dict[str, list[str]]]:
    """The portal's truth: list name -> e-mails on it."""
    with sandbox.state.transaction() as db:
        found: dict[str, list[str]] = {row["name"]: [] for row in db.execute("SELECT name FROM hubspot_list")}
        for row in db.execute(
            "SELECT l.name, c.email FROM hubspot_membership m JOIN hubspot_list l ON l.id = m.list_id "
            "JOIN hubspot_contact c ON c.id = m.contact_id ORDER BY l.name, c.email"
        ):
            found[row["name"]].append(row["email"])
    return {"lists": found}
