"""Any endpoint of your own: batches of operations as JSON, POSTed to one URL.

    POST <host>
    Idempotency-Key: the same when the same batch is sent again
    X-Cohorte-Signature: sha256=<HMAC of the body, keyed with the connection's password>     (when it has one)
    {"audience": "…", "operations": [{"id": "…", "operation": "add", "key": "…", "fields": {"…": "…"}}, …]}

Any 2xx accepts all rows. To refuse some, answer `{"results": [{"id": "…", "status": "rejected", "reason": "…"}]}`; rows
not named are accepted; `"status": "retry"`, with `"seconds"` or without, asks for them again. `id` stays the same when
an operation is repeated after a crash, so a receiver that remembers ids acts once.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any, ClassVar

from cohorte.credentials import Credentials
from cohorte.destinations.base import (
    ACCEPTED,
    MODES,
    About,
    Audience,
    Batch,
    Destination,
    Limits,
    Receipt,
    Receipts,
    Stage,
    rejected,
    retry_after,
)
from cohorte.destinations.http import Api
from cohorte.health import Finding

BATCH = 500
CONCURRENT = 8


class Webhook(Destination):
    """Connection: `host` is the URL, `password` the signing secret.

    Optional extra: `batch` (500), `concurrent` (8), `requests` within `seconds` (no limit), `headers`.
    """

    name: ClassVar[str] = "webhook"
    can_clear: ClassVar[bool] = True
    about: ClassVar[About] = About(
        MODES, auth=("hmac_signature", "none"), contract="our own, in this module's docstring"
    )

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        extra = credentials.extra
        if not credentials.host.startswith(("http://", "https://")):
            raise ValueError(f'connection "{credentials.name}": a webhook needs its full URL as host')
        self.limits = Limits(
            batch=int(extra.get("batch", BATCH)),
            concurrent=int(extra.get("concurrent", CONCURRENT)),
            requests=int(extra["requests"]) if extra.get("requests") else None,
            seconds=float(extra.get("seconds", 1)),
        )
        self.stages = (Stage("operations", frozenset({"add", "update", "remove"}), batch=self.limits.batch),)
        self.api = Api(self, "", headers={"Content-Type": "application/json"} | dict(extra.get("headers") or {}))

    def open_audience(self, name: str) -> Audience:
        return Audience(name, name)

    def send(self, batch: Batch) -> Receipts:
        operations = [
            {"id": row.id, "operation": row.operation, "key": row.key, "fields": row.fields} for row in batch.rows
        ]
        body = json.dumps({"audience": batch.audience.name, "operations": operations}, separators=(",", ":")).encode()
        answer = self.api.call("POST", self.credentials.host, content=body, headers=self._headers(batch, body))
        told = _results(answer.content)
        return [_receipt(told.get(row.id)) for row in batch.rows]

    def examine(self) -> Iterator[Finding]:
        """Without a call: whatever it is sent it takes for an audience."""
        yield Finding("reach", "ok", "nothing is asked of a webhook without something to say")

    def close(self) -> None:
        self.api.close()

    def _headers(self, batch: Batch, body: bytes) -> dict[str, str]:
        ids = "".join(row.id for row in batch.rows)
        headers = {"Idempotency-Key": hashlib.sha256(ids.encode()).hexdigest()[:32]}
        if self.credentials.password:
            mac = hmac.new(self.credentials.password.encode(), body, hashlib.sha256)
            headers["X-Cohorte-Signature"] = f"sha256={mac.hexdigest()}"
        return headers


def _results(content: bytes) -> dict[str, dict[str, Any]]:
    """What the answer says of single rows, by id; an answer in any other shape says nothing of them."""
    try:
        results = json.loads(content)["results"]
        return {str(result["id"]): result for result in results}
    except (ValueError, KeyError, TypeError):
        return {}


def _receipt(result: dict[str, Any] | None) -> Receipt:
    match (result or {}).get("status"):
        case "rejected":
            return rejected(str((result or {}).get("reason") or "refused without a reason"))
        case "retry":
            return retry_after((result or {}).get("seconds"), str((result or {}).get("reason") or "asked to come back"))
    return ACCEPTED
