"""The proof of an erasure: what was done where. Names nobody; its subject is a keyed hash."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from cohorte.lake import Lake
from cohorte.privacy.case import Case
from cohorte.privacy.keyed import hashed, make_key, normal
from cohorte.privacy.scan import Scan
from cohorte.privacy.traces import NOT_LOOKED_FOR, SHORTEST
from cohorte.storage import Storage

BEYOND = (
    "backups of the catalogue, of the storage and of a platform, and older versions of objects in a bucket that keeps "
    "them: they go with their own retention",
    "the platforms the person's data came from: they still have it, until it is deleted there",
)


def key_of(erasure_id: str) -> str:
    return f"erasures/{erasure_id}.json"


def subject_hash(case: Case, lake: Lake) -> str:
    return hashed(make_key(lake.settings), "email" if case.asked_by == "email" else "customer", case.asked)


def write(case: Case, scan: Scan, suppressed: int, lake: Lake, storage: Storage) -> dict[str, Any]:
    """Stores the certificate and one row in ops.erasure; written again, it replaces itself. Returns it."""
    finished = datetime.now(UTC)
    certificate = {
        "erasure_id": case.erasure_id,
        "subject": subject_hash(case, lake),
        "asked_by": case.asked_by,
        "started_at": case.started_at,
        "finished_at": finished.isoformat(),
        "was_known": case.is_known,
        "known_by": {kind: len({normal(kind, v) for v in values}) for kind, values in case.identifiers.items()},
        "left_to_others": case.shared,
        "suppressed": suppressed,
        "platforms": case.platforms,
        "rows_deleted": case.held,
        "history": case.purged,
        "scan": asdict(scan),
        "not_looked_for": [NOT_LOOKED_FOR, f"identifiers of fewer than {SHORTEST} characters"],
        "not_covered": list(BEYOND),
    }
    storage.put(key_of(case.erasure_id), json.dumps(certificate, indent=1).encode())

    def record() -> None:
        lake.execute("delete from ops.erasure where erasure_id = ?", [case.erasure_id])
        values = [
            case.erasure_id,
            certificate["subject"],
            case.is_known,
            sum(case.held.values()),
            len(case.platforms),
            key_of(case.erasure_id),
            datetime.fromisoformat(case.started_at).replace(tzinfo=None),
            finished.replace(tzinfo=None),
        ]
        lake.execute(f"insert into ops.erasure values ({', '.join('?' * len(values))})", values)

    lake.write(f"erasure {case.erasure_id}", record)
    return certificate
