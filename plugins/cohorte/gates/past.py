"""What accepted runs have left in ops.gate_accepted: one row a guarded table and business day, the day's last."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cohorte.gates.profile import Profile
from cohorte.lake import Lake

DAYS = 28
"""How far back a volume is compared: four weeks, so that no weekday weighs more than another."""


@dataclass(frozen=True)
class Past:
    """What is known of one table. `recent`: profiles of the last days, oldest first; `last`: the newest of all."""

    recent: tuple[Profile, ...] = ()
    last: Profile | None = None

    def parameters(self, now: Profile, clock: datetime) -> dict[str, Any]:
        """What expectations are given at run time: those of `expectations/past.py`, and those that ask for `clock`."""
        recent = [profile["rows"] for profile in self.recent]
        return {"recent": recent, "before": self.last or {}, "now": now, "clock": clock}


@dataclass(frozen=True)
class Pasts:
    """All that is known on a day."""

    known: Mapping[str, Past] = field(default_factory=dict)

    def __getitem__(self, table: str) -> Past:
        return self.known.get(table, Past())


def read(lake: Lake, now: datetime) -> Pasts:
    """Nothing of the days after `now`: in a replay the future is not known."""
    rows = lake.rows(
        """select gate, business_date, profile from ops.gate_accepted where business_date <= ?
        qualify business_date >= ? or row_number() over (partition by gate order by business_date desc) = 1
        order by gate, business_date""",
        [now.date(), now.date() - timedelta(days=DAYS)],
    )
    profiles: dict[str, list[tuple[Any, Profile]]] = {}
    for table, day, profile in rows:
        profiles.setdefault(table, []).append((day, json.loads(profile)))
    since = now.date() - timedelta(days=DAYS)
    return Pasts(
        {
            table: Past(tuple(profile for day, profile in found if day >= since), found[-1][1])
            for table, found in profiles.items()
        }
    )


def write(profiles: Mapping[str, Profile], run_id: str, lake: Lake, now: datetime, accepted_at: datetime) -> None:
    """Keeps what an accepted run has seen, instead of what a run of the same day did. Call inside a transaction."""
    import pyarrow as pa

    names = ", ".join(f"'{table}'" for table in profiles)
    lake.execute(
        f"delete from ops.gate_accepted where gate in ({names}) and (business_date = ? or business_date < ?)",
        [now.date(), now.date() - timedelta(days=2 * DAYS)],
    )
    rows = [
        {
            "gate": table,
            "business_date": now.date(),
            "gate_run_id": run_id,
            "rows": profile["rows"][""],
            "profile": json.dumps(profile),
            "accepted_at": accepted_at,
        }
        for table, profile in profiles.items()
    ]
    lake.append("ops.gate_accepted", pa.Table.from_pylist(rows))


def forget(tables: set[str], lake: Lake) -> None:
    """What these tables hold now is right, whatever they held before. Call inside a transaction."""
    for table in sorted(tables):
        lake.execute("delete from ops.gate_accepted where gate = ?", [table])
