"""HubSpot: contacts upserted by e-mail, then added to or removed from a MANUAL list.

https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/batch/post-crm-v3-objects-contacts-batch-upsert
https://developers.hubspot.com/docs/api-reference/crm-lists-v3/memberships/put-crm-v3-lists-listId-memberships-add-and-remove
Limits: https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines (190 calls in 10 s an app)

The list API takes record ids, not e-mails: the upsert tells them, and they are kept for the removal.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from cohorte import health
from cohorte.credentials import Credentials
from cohorte.destinations.base import (
    MODES,
    About,
    Audience,
    AudienceGone,
    Batch,
    Destination,
    Limits,
    Receipt,
    Receipts,
    Refused,
    Row,
    Stage,
    accepted,
    rejected,
    retry_after,
)
from cohorte.destinations.http import Api
from cohorte.health import Finding

CONTACT = "0-1"
"""HubSpot's object type id of a contact."""
SCOPES = {"crm.lists.read", "crm.lists.write", "crm.objects.contacts.read", "crm.objects.contacts.write"}
NOT_FOUND = frozenset({404})


class HubSpot(Destination):
    """Connection: `password` is the access token of a private app; `host` another base URL, e.g. a sandbox's."""

    name: ClassVar[str] = "hubspot"
    about: ClassVar[About] = About(
        MODES, auth=("private_app_token",), contract="models of hubspot-api-client 12, limits from the documentation"
    )
    can_clear: ClassVar[bool] = True
    can_forget: ClassVar[bool] = True
    limits = Limits(batch=100, concurrent=8, requests=190, seconds=10)
    stages = (
        Stage("contacts", frozenset({"add", "update"}), batch=100, clears=True),
        Stage("memberships", frozenset({"add", "remove"}), batch=50_000),
    )

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        self.api = Api(
            self,
            credentials.host or "https://api.hubapi.com",
            headers={"Authorization": f"Bearer {credentials.password}"},
        )

    def open_audience(self, name: str) -> Audience:
        from urllib.parse import quote

        found = self.api.call(
            "GET", f"/crm/v3/lists/object-type-id/{CONTACT}/name/{quote(name, safe='')}", expect=NOT_FOUND
        )
        if found.status_code == 404:
            made = self.api.call(
                "POST", "/crm/v3/lists/", json={"name": name, "objectTypeId": CONTACT, "processingType": "MANUAL"}
            )
            return Audience(name, str(made.json()["list"]["listId"]), is_new=True)
        listed = found.json()["list"]
        if listed["processingType"] == "DYNAMIC":
            raise Refused(
                f'list "{name}" is a DYNAMIC list: HubSpot fills it itself. Choose another audience name in _syncs.yml.'
            )
        return Audience(name, str(listed["listId"]))

    def send(self, batch: Batch) -> Receipts:
        if batch.stage == "memberships":
            return self._change_list(batch.audience, batch.rows)
        cleared = [row for row in batch.rows if row.operation == "remove"]
        put = [row for row in batch.rows if row.operation != "remove"]
        of_put, of_cleared = iter(self._write("upsert", put)), iter(self._write("update", cleared))
        return [next(of_cleared if row.operation == "remove" else of_put) for row in batch.rows]

    def forget(self, keys: Sequence[str]) -> Receipts:
        """https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/basic/post-crm-v3-objects-contacts-gdpr-delete

        The contact goes with all that is associated with it; an address that has none is put on a blocklist.
        """
        for key in keys:
            body = {"objectId": key, "idProperty": "email"}
            self.api.call("POST", "/crm/v3/objects/contacts/gdpr-delete", json=body, expect=NOT_FOUND)
        return [accepted() for _ in keys]

    def examine(self) -> Iterator[Finding]:
        """The token's scopes: https://developers.hubspot.com/docs/guides/apps/private-apps/overview
        The day's calls: https://developers.hubspot.com/docs/api-reference/legacy/account/account-information/get-usage-details
        """
        token = {"tokenKey": self.credentials.password}
        told = self.api.call("POST", "/oauth/v2/private-apps/get/access-token-info", json=token)
        yield Finding("token", "ok", f"portal {told.json()['hubId']}")
        yield health.scopes(set(told.json()["scopes"]), SCOPES)
        for usage in self.api.call("GET", "/account-info/v3/api-usage/daily/private-apps").json()["results"]:
            yield health.quota(usage["usageLimit"] - usage["currentUsage"], usage["usageLimit"], "calls of the day")
        yield health.clock(told.headers.get("Date"))

    def close(self) -> None:
        self.api.close()

    def _write(self, how: str, rows: Sequence[Row]) -> Receipts:
        """how: `upsert`, or `update`, by which nobody who is gone is made anew; they have nothing left to clear."""
        if not rows:
            return []
        inputs = [
            {
                "id": row.key,
                "idProperty": "email",
                "objectWriteTraceId": str(position),
                "properties": ({"email": row.key} if how == "upsert" else {})
                | {name: text(value) for name, value in row.fields.items()},
            }
            for position, row in enumerate(rows)
        ]
        answer = self.api.call("POST", f"/crm/v3/objects/contacts/batch/{how}", json={"inputs": inputs}).json()
        by_key = {row.key: position for position, row in enumerate(rows)}
        receipts: list[Receipt | None] = [None] * len(rows)
        for result in answer.get("results", ()):
            position = _position(result, by_key)
            if position is not None:
                receipts[position] = accepted(str(result["id"]))
        for error in answer.get("errors", ()):
            is_gone = how == "update" and error.get("category") == "OBJECT_NOT_FOUND"
            said = error.get("message") or error.get("category") or "refused"
            for position in _blamed(error, by_key):
                receipts[position] = accepted() if is_gone else rejected(said)
        unanswered = retry_after(None, "HubSpot gave no answer for this contact")
        return [receipt or unanswered for receipt in receipts]

    def _change_list(self, audience: Audience, rows: Iterable[Row]) -> Receipts:
        rows = list(rows)
        ids = self._record_ids(rows)
        answer = self.api.call(
            "PUT",
            f"/crm/v3/lists/{audience.external_id}/memberships/add-and-remove",
            json={
                "recordIdsToAdd": [ids[r.key] for r in rows if r.operation == "add" and r.key in ids],
                "recordIdsToRemove": [ids[r.key] for r in rows if r.operation == "remove" and r.key in ids],
            },
            expect=NOT_FOUND,
        )
        if answer.status_code == 404:
            raise AudienceGone(f'list "{audience.name}" ({audience.external_id}) is not there any more')
        missing = set(answer.json().get("recordIdsMissing") or ())
        return [_membership_receipt(row, ids.get(row.key), missing) for row in rows]

    def _record_ids(self, rows: list[Row]) -> dict[str, str]:
        """Record id by e-mail; asks HubSpot for those that no receipt has told yet."""
        ids = {row.key: row.external_id for row in rows if row.external_id}
        unknown = [row.key for row in rows if not row.external_id]
        for start in range(0, len(unknown), self.limits.batch):
            wanted = [{"id": key} for key in unknown[start : start + self.limits.batch]]
            answer = self.api.call(
                "POST",
                "/crm/v3/objects/contacts/batch/read",
                json={"idProperty": "email", "inputs": wanted, "properties": ["email"], "propertiesWithHistory": []},
            ).json()
            ids |= {
                (result["properties"].get("email") or "").strip().lower(): str(result["id"])
                for result in answer["results"]
            }
        return ids


def text(value: Any) -> str:
    """HubSpot takes every property as a string; an empty one clears it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _position(result: Mapping[str, Any], by_key: Mapping[str, int]) -> int | None:
    """Which row a result answers: by the trace id we sent, else by the e-mail HubSpot stored."""
    trace = str(result.get("objectWriteTraceId") or "")
    if trace.isdigit() and int(trace) < len(by_key):
        return int(trace)
    return by_key.get(str((result.get("properties") or {}).get("email", "")).strip().lower())


def _blamed(error: Mapping[str, Any], by_key: Mapping[str, int]) -> Iterable[int]:
    """Which rows an error of a 207 is about: the trace ids or the e-mails in its context."""
    context = error.get("context") or {}
    traces = [int(t) for t in context.get("objectWriteTraceId", ()) if str(t).isdigit() and int(t) < len(by_key)]
    if traces:
        return traces
    named = [str(value).strip().lower() for values in context.values() for value in values]
    return [by_key[value] for value in named if value in by_key]


def _membership_receipt(row: Row, record_id: str | None, missing: set[str]) -> Receipt:
    """A contact that is gone cannot be in the list: as good as removed, and to be made again when it is to be added."""
    if record_id is not None and record_id not in missing:
        return accepted(record_id)
    return accepted() if row.operation == "remove" else rejected("HubSpot does not know this contact (any more)")
