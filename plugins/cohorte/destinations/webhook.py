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
from collections.abc import Iterator, Mapping
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
    Operation,
    Receipt,
    Receipts,
    Stage,
    Written,
    rejected,
    retry_after,
)
from cohorte.destinations.http import Api
from cohorte.health import Finding

WRITTEN_AS = """
    concat('{"id":"', id, '","operation":"', operation, '","key":', to_json(key), ',"fields":', fields, '}')
"""
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
        everything: frozenset[Operation] = frozenset({"add", "update", "remove"})
        self.stages = (Stage("operations", everything, batch=self.limits.batch, written_as=WRITTEN_AS),)
        self.api = Api(self, "", headers={"Content-Type": "application/json"} | dict(extra.get("headers") or {}))

    def open_audience(self, name: str) -> Audience:
        return Audience(name, name)

    def send(self, batch: Batch) -> Receipts:
        rows = [
            json.dumps(
                {"id": row.id, "operation": row.operation, "key": row.key, "fields": row.fields},
                separators=(",", ":"),
                ensure_ascii=False,
            )
            for row in batch.rows
        ]
        told = self.send_written(Written(batch.stage, batch.audience, ",".join(rows).encode(), batch.id))
        return [told.get(row.id, ACCEPTED) for row in batch.rows]

    def send_written(self, batch: Written) -> Mapping[str, Receipt]:
        audience = json.dumps(batch.audience.name).encode()
        body = b'{"audience":%b,"operations":[%b]}' % (audience, batch.rows)
        answer = self.api.call("POST", self.credentials.host, content=body, headers=self._headers(batch, body))
        return _not_accepted(answer.content)

    def examine(self) -> Iterator[Finding]:
        """Without a call: whatever it is sent it takes for an audience."""
        yield Finding("reach", "ok", "nothing is asked of a webhook without something to say")

    def close(self) -> None:
        self.api.close()

    def _headers(self, batch: Written, body: bytes) -> dict[str, str]:
        headers = {"Idempotency-Key": batch.id}
        if self.credentials.password:
            mac = hmac.new(self.credentials.password.encode(), body, hashlib.sha256)
            headers["X-Cohorte-Signature"] = f"sha256={mac.hexdigest()}"
        return headers


def _not_accepted(content: bytes) -> dict[str, Receipt]:
    """What the answer says of single rows, by id; an answer in any other shape says nothing of them."""
    try:
        told = {str(result["id"]): _receipt(result) for result in json.loads(content)["results"]}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {row: receipt for row, receipt in told.items() if receipt.state != "accepted"}


def _receipt(result: dict[str, Any]) -> Receipt:
    match result.get("status"):
        case "rejected":
            return rejected(str(result.get("reason") or "refused without a reason"))
        case "retry":
            return retry_after(result.get("seconds"), str(result.get("reason") or "asked to come back"))
    return ACCEPTED
