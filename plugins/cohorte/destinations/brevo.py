"""Brevo: contacts imported into a list in the background; removed from it by e-mail.

https://developers.brevo.com/reference/import-contacts (writes the contact and the list in one call; 10 MB)
https://developers.brevo.com/reference/get-process (how the import went)
https://developers.brevo.com/reference/remove-contact-from-list (150 e-mails a call)
Limits: https://developers.brevo.com/docs/api-limits (10 requests a second)

`emailBlacklist` is never sent: an opt-out given to Brevo stays.
"""

import json
import time
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
    Refused,
    Row,
    Stage,
    Unavailable,
    rejected,
)
from cohorte.destinations.http import Api
from cohorte.health import Finding

NOT_FOUND = frozenset({404})
NOBODY = frozenset({400, 404})
PAGE = 50
SAFE_BYTES = 8_000_000
"""What Brevo recommends: a body grows while it is parsed."""


class Brevo(Destination):
    """Connection: `password` is the API key; extra `folder_id` the folder new lists are made in."""

    name: ClassVar[str] = "brevo"
    about: ClassVar[About] = About(
        MODES, auth=("api_key",), contract="field names of brevo-python 5.1.0, limits from the documentation"
    )
    can_forget: ClassVar[bool] = True
    limits = Limits(batch=5000, concurrent=4, requests=10, seconds=1)
    stages = (
        Stage("import", frozenset({"add", "update"}), batch=5000),
        Stage("list", frozenset({"remove"}), batch=150),
    )
    first_pause: ClassVar[float] = 0.5
    """Seconds between two looks at an import; doubles up to 15."""
    patience: ClassVar[float] = 600.0
    """Seconds an import may take; after that it is sent again, which changes nothing if it did arrive."""

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        self.folder_id = int(credentials.required("folder_id"))
        self.api = Api(
            self,
            credentials.host or "https://api.brevo.com",
            headers={"api-key": credentials.password},
            wait_header="x-sib-ratelimit-reset",
        )
        self.reports = Api(self, "")
        """Reports lie on another host, which must not see the key."""

    def open_audience(self, name: str) -> Audience:
        offset = 0
        while True:
            page = self.api.call("GET", "/v3/contacts/lists", params={"limit": PAGE, "offset": offset}).json()
            for found in page.get("lists") or ():
                if found["name"] == name:
                    return Audience(name, str(found["id"]))
            offset += PAGE
            if offset >= page["count"]:
                break
        made = self.api.call("POST", "/v3/contacts/lists", json={"name": name, "folderId": self.folder_id}).json()
        return Audience(name, str(made["id"]), is_new=True)

    def send(self, batch: Batch) -> Receipts:
        if batch.stage == "import":
            return self._import(batch.audience, batch.rows)
        return self._remove(batch.audience, batch.rows)

    def forget(self, keys: Sequence[str]) -> Receipts:
        """https://developers.brevo.com/reference/delete-contact

        Brevo takes the address in the path and nowhere else; `Api` keeps it out of our logs.
        """
        from urllib.parse import quote

        for key in keys:
            path = f"/v3/contacts/{quote(key, safe='')}"
            self.api.call("DELETE", path, params={"identifierType": "email_id"}, expect=NOT_FOUND)
        return [ACCEPTED] * len(keys)

    def examine(self) -> Iterator[Finding]:
        """https://developers.brevo.com/reference/get-account"""
        answer = self.api.call("GET", "/v3/account")
        yield Finding("token", "ok", f"account of {answer.json()['companyName']}")
        yield health.clock(answer.headers.get("Date"))

    def close(self) -> None:
        self.api.close()
        self.reports.close()

    def _import(self, audience: Audience, rows: Sequence[Row]) -> Receipts:
        body = {
            "listIds": [int(audience.external_id)],
            "jsonBody": [
                {"email": row.key, "attributes": {n: "" if v is None else v for n, v in row.fields.items()}}
                for row in rows
            ],
            "updateExistingContacts": True,
            "emptyContactsAttributes": any(value is None for row in rows for value in row.fields.values()),
            "disableNotification": True,
        }
        content = json.dumps(body).encode()
        if len(content) > SAFE_BYTES:
            raise Refused(f"an import of {len(content)} bytes is more than Brevo takes ({SAFE_BYTES})")
        headers = {"content-type": "application/json"}
        try:
            answer = self.api.call("POST", "/v3/contacts/import", content=content, headers=headers)
        except Refused:
            self._check_list(audience)
            raise
        refused = self._refused(self._finished(answer.json()["processId"]))
        return [rejected(refused[row.key]) if row.key in refused else ACCEPTED for row in rows]

    def _finished(self, process_id: int) -> dict[str, Any]:
        """The import's report, once it is done. Raises Unavailable when it failed or takes too long."""
        pause, until = self.first_pause, time.monotonic() + self.patience
        while True:
            process: dict[str, Any] = self.api.call("GET", f"/v3/processes/{process_id}").json()
            if process["status"] == "completed":
                return (process.get("info") or {}).get("import") or {}
            if process["status"] in ("failed", "cancelled"):
                raise Unavailable(f"import {process_id} {process['status']}")
            if time.monotonic() > until:
                raise Unavailable(f"import {process_id} is still {process['status']} after {self.patience:.0f} s")
            time.sleep(pause)
            pause = min(pause * 2, 15.0)

    def _refused(self, report: dict[str, Any]) -> dict[str, str]:
        """E-mail -> why, from the CSV files a report points to (`invalid_emails`, `duplicate_...`)."""
        refused = {}
        for problem, url in report.items():
            if url and problem.startswith(("invalid_", "duplicate_")):
                for cell in self.reports.call("GET", url).text.replace(";", ",").replace("\n", ",").split(","):
                    refused[cell.strip().strip('"').lower()] = f"Brevo's import report: {problem}"
        return refused

    def _remove(self, audience: Audience, rows: Sequence[Row]) -> Receipts:
        """Who is not on the list is as good as removed; when that is all of them, Brevo answers 400."""
        path = f"/v3/contacts/lists/{audience.external_id}/contacts/remove"
        answer = self.api.call("POST", path, json={"emails": [row.key for row in rows]}, expect=NOBODY)
        if not answer.is_success:
            self._check_list(audience)
            message = str(answer.json().get("message"))
            if "already removed" not in message:
                raise Refused(f"HTTP {answer.status_code}: {message}")
        return [ACCEPTED] * len(rows)

    def _check_list(self, audience: Audience) -> None:
        path = f"/v3/contacts/lists/{audience.external_id}"
        if self.api.call("GET", path, expect=NOT_FOUND).status_code == 404:
            raise AudienceGone(f'list "{audience.name}" ({audience.external_id}) is not there any more')
