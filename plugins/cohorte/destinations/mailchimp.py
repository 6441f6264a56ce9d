"""Mailchimp: members of one audience ("list") upserted, then added to or removed from a static segment.

https://mailchimp.com/developer/marketing/api/lists/batch-subscribe-or-unsubscribe/ (500 members a call)
https://mailchimp.com/developer/marketing/api/list-segments/batch-add-or-remove-members/ (500 each way)
Limits: https://mailchimp.com/developer/marketing/docs/fundamentals/#throttling (10 simultaneous connections)

The status of a member who is there already is never sent: it could undo an opt-out.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from cohorte import health
from cohorte.credentials import Credentials
from cohorte.destinations.base import (
    ACCEPTED,
    MODES,
    About,
    Audience,
    AudienceGone,
    Batch,
    Destination,
    Limits,
    Receipts,
    Row,
    Stage,
    rejected,
)
from cohorte.destinations.http import Api
from cohorte.health import Finding

NOT_FOUND = frozenset({404})
PAGE = 1000


class Mailchimp(Destination):
    """Connection: `password` is the API key; extra `list_id` the audience.

    Optional extra `status_if_new`: what people become who are not in the audience yet (default `subscribed`).
    """

    name: ClassVar[str] = "mailchimp"
    can_clear: ClassVar[bool] = True
    can_forget: ClassVar[bool] = True
    about: ClassVar[About] = About(
        MODES,
        auth=("api_key",),
        contract="fields and limits from the documentation",
    )
    limits = Limits(batch=500, concurrent=10)
    stages = (
        Stage("members", frozenset({"add", "update"}), batch=500, clears=True),
        Stage("segment", frozenset({"add", "remove"}), batch=500),
    )

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        self.list_id = credentials.required("list_id")
        self.status_if_new = credentials.extra.get("status_if_new", "subscribed")
        data_center = credentials.password.rpartition("-")[2]
        host = credentials.host or f"https://{data_center}.api.mailchimp.com"
        self.api = Api(self, host, auth=("cohorte", credentials.password))
        self.path = f"/3.0/lists/{self.list_id}"

    def open_audience(self, name: str) -> Audience:
        offset = 0
        while True:
            page = self.api.call(
                "GET",
                f"{self.path}/segments",
                params={
                    "type": "static",
                    "count": PAGE,
                    "offset": offset,
                    "fields": "segments.id,segments.name,total_items",
                },
            ).json()
            for segment in page["segments"]:
                if segment["name"] == name:
                    return Audience(name, str(segment["id"]))
            offset += PAGE
            if offset >= page["total_items"]:
                break
        made = self.api.call("POST", f"{self.path}/segments", json={"name": name, "static_segment": []}).json()
        return Audience(name, str(made["id"]), is_new=True)

    def send(self, batch: Batch) -> Receipts:
        if batch.stage == "members":
            return self._upsert(batch.rows)
        return self._change_segment(batch.audience, batch.rows)

    def forget(self, keys: Sequence[str]) -> Receipts:
        """https://mailchimp.com/developer/marketing/api/list-members/delete-list-member/ (and its `delete-permanent`)

        Whoever was deleted so can never be imported again; they may sign up by themselves.
        """
        for key in keys:
            member = hashlib.md5(key.lower().encode(), usedforsecurity=False).hexdigest()
            self.api.call("POST", f"{self.path}/members/{member}/actions/delete-permanent", expect=NOT_FOUND)
        return [ACCEPTED] * len(keys)

    def examine(self) -> Iterator[Finding]:
        answer = self.api.call("GET", "/3.0/ping")
        yield Finding("token", "ok", str(answer.json()["health_status"]))
        yield health.clock(answer.headers.get("Date"))

    def close(self) -> None:
        self.api.close()

    def _upsert(self, rows: Sequence[Row]) -> Receipts:
        members = [self._member(row) for row in rows]
        answer = self.api.call("POST", self.path, json={"members": members, "update_existing": True}).json()
        refused = {
            str(error.get("email_address", "")).strip().lower(): _reason(error) for error in answer.get("errors", ())
        }
        return [
            rejected(refused[row.key]) if row.key in refused and row.operation != "remove" else ACCEPTED for row in rows
        ]

    def _member(self, row: Row) -> dict[str, Any]:
        """Without a status for newcomers, who is to be cleared and is not there is refused, and so not made anew."""
        member: dict[str, Any] = {"email_address": row.key}
        if row.operation != "remove":
            member["status_if_new"] = self.status_if_new
        if row.fields:
            member["merge_fields"] = {name: "" if value is None else value for name, value in row.fields.items()}
        return member

    def _change_segment(self, audience: Audience, rows: Sequence[Row]) -> Receipts:
        answer = self.api.call(
            "POST",
            f"{self.path}/segments/{audience.external_id}",
            json={
                "members_to_add": [row.key for row in rows if row.operation == "add"],
                "members_to_remove": [row.key for row in rows if row.operation == "remove"],
            },
            expect=NOT_FOUND,
        )
        if answer.status_code == 404:
            raise AudienceGone(f'segment "{audience.name}" ({audience.external_id}) is not there any more')
        refused = {
            str(email).strip().lower(): str(error.get("error") or "refused")
            for error in answer.json().get("errors", ())
            for email in error.get("email_addresses", ())
        }
        return [
            rejected(refused[row.key]) if row.operation == "add" and row.key in refused else ACCEPTED for row in rows
        ]


def _reason(error: dict[str, Any]) -> str:
    said = [error.get("error"), error.get("field_message")]
    return " ".join(str(part) for part in said if part) or str(error.get("error_code") or "refused")
