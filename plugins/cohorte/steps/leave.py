"""Leave: one person, off every platform they were sent to, with the platform's own answers."""

from collections.abc import Callable, Collection
from contextlib import closing
from typing import Any

from cohorte import destinations
from cohorte.activation.budget import budget_of
from cohorte.activation.engine import Engine
from cohorte.activation.spec import SyncSpec
from cohorte.credentials import Credentials
from cohorte.destinations.base import Destination
from cohorte.lake import Lake
from cohorte.privacy.case import Case
from cohorte.steps.activate import activate, load_syncs

LEDGER = ("acknowledged", "intent", "delivery", "rejected")
OPEN = ("acknowledged", "intent")
"""Where somebody stands who is, or may be, in an audience."""


class LeftBehindError(RuntimeError):
    """A platform still has somebody who is to be erased."""


def leave_platforms(
    case: Case, lake: Lake, credentials: Callable[[str], Credentials], by_hand: Collection[str] = ()
) -> None:
    """Takes the person, who is suppressed already, out of every audience, and has those platforms delete them that can.

    Notes in the case what was done. Raises LeftBehindError, once all were tried, when one still has them.
    """
    declared = _declared(lake)
    left: list[str] = []
    for name in sorted(_syncs_with(case, lake, LEDGER) | case.platforms.keys()):
        if name in by_hand:
            case.platforms[name] = {"state": "cleaned by hand"}
        elif name not in declared:
            left.append(f"{name} (declared no more; clean the platform by hand, then add --by-hand {name})")
        elif problem := _leave(declared[name], case, lake, credentials):
            left.append(f"{name} ({problem})")
    if left:
        raise LeftBehindError(
            f"erasure {case.erasure_id}: still on {'; '.join(left)}. Nothing was deleted from the lake yet, and the "
            "person is suppressed. Run it again once that is mended."
        )


def was_sent(case: Case, lake: Lake) -> bool:
    """Whether the person was ever in an audience of ours."""
    return bool(_syncs_with(case, lake, LEDGER))


def _leave(spec: SyncSpec, case: Case, lake: Lake, credentials: Callable[[str], Credentials]) -> str | None:
    """Why the platform still has the person; None when it has not."""
    note = case.platforms.setdefault(spec.name, {})
    note |= {"destination": spec.destination, "audience": spec.audience}
    connection = credentials(spec.connection)
    with closing(destinations.get(spec.destination, connection)) as platform:
        if _syncs_with(case, lake, OPEN, spec.name):
            result = activate(spec, lake=lake, credentials=connection, destination=platform, opt_outs_only=True)
            if result.state == "failed":
                return result.reason
        note["receipts"] = _receipts(case, lake, spec.name) or note.get("receipts", [])
        if _syncs_with(case, lake, OPEN, spec.name):
            return "the removal was refused; see activation.delivery"
        note["deleted_there"] = "the platform offers no deletion; removed from the audience"
        if platform.can_forget:
            if problem := _forget(spec, case, platform):
                return problem
            note["deleted_there"] = "yes"
    note["state"] = "removed"
    return None


def _forget(spec: SyncSpec, case: Case, platform: Destination) -> str | None:
    engine = Engine(platform, budget_of(f"{spec.destination}:{spec.connection}", platform.limits))
    receipts = engine.forget(sorted(case.known.get("email", ())))
    if receipts is None:
        return engine.stopped
    return next((receipt.reason for receipt in receipts if receipt.state != "accepted"), None)


def _receipts(case: Case, lake: Lake, sync: str) -> list[dict[str, Any]]:
    """What the platform answered, operation by operation."""
    query = f"select operation, state, reason, delivered_at from activation.delivery where sync = ? and {_ABOUT}"
    rows = lake.rows(f"{query} order by delivered_at", [sync, *_ids(case)])
    names = ("operation", "state", "reason", "at")
    return [dict(zip(names, (*row[:3], row[3].isoformat()), strict=True)) for row in rows]


def _syncs_with(case: Case, lake: Lake, tables: Collection[str], sync: str | None = None) -> set[str]:
    """The syncs, or the one, in whose ledger the person stands."""
    found: set[str] = set()
    for table in tables:
        rows = lake.rows(
            f"select distinct sync from activation.{table} where sync = coalesce(?, sync) and {_ABOUT}",
            [sync, *_ids(case)],
        )
        found |= {name for (name,) in rows}
    return found


_ABOUT = "(customer_id in (select unnest(?::varchar[])) or destination_key in (select unnest(?::varchar[])))"


def _ids(case: Case) -> list[list[str]]:
    return [case.identifiers.get("customer", []), case.identifiers.get("destination_key", [])]


def _declared(lake: Lake) -> dict[str, SyncSpec]:
    manifest = lake.settings.dbt_target / "manifest.json"
    return {spec.name: spec for spec in load_syncs(manifest)} if manifest.exists() else {}
