"""What a run left behind, read back from the lake and from the platforms, never from what a step believes it did."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from cohorte.lake import Lake
from cohorte.orchestration.local import RunningSandbox
from cohorte.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console


def _path(settings: Settings) -> Path:
    return settings.home.resolve() / "demo" / "summary.json"


def last_summary(settings: Settings) -> dict[str, Any] | None:
    """The summary of the last completed run, None before the first."""
    path = _path(settings)
    return json.loads(path.read_text()) if path.exists() else None


@dataclass(frozen=True)
class Summary:
    """The content of `var/demo/summary.json`."""

    content: dict[str, Any]

    @staticmethod
    def marker(settings: Settings, run: int) -> int:
        """The lake's snapshot before the run, also when the run is taken up again after an interruption."""
        path = _path(settings).with_name("started.json")
        if path.exists():
            started = json.loads(path.read_text())
            if started["run"] == run:
                return int(started["snapshot"])
        with Lake.open(settings, read_only=True) as lake:
            snapshot = lake.snapshot()
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps({"run": run, "snapshot": snapshot}))
        partial.replace(path)
        return snapshot

    @classmethod
    def read(
        cls, settings: Settings, *, run: int, since: int, platforms: RunningSandbox, seconds: dict[str, float]
    ) -> Self:
        with Lake.open(settings, read_only=True) as lake:
            return cls(
                {
                    "run": run,
                    "seconds": seconds,
                    "raw_rows": _raw_rows(lake),
                    "customers": lake.value("select count(*) from marts.dim_customer"),
                    "segments": _segments(lake, since),
                    "gates": _gates(lake, since),
                    "models": _models(lake),
                    "syncs": _syncs(lake, since, platforms),
                }
            )

    def write(self, settings: Settings) -> None:
        """Replaces the last summary, whole or not at all: this is what makes the run count."""
        path = _path(settings)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(self.content, indent=2, default=str) + "\n")
        partial.replace(path)

    def show(self, console: "Console", seconds: float) -> None:
        from rich.table import Table

        pushed: dict[str, list[str]] = {}
        for sync in self.content["syncs"]:
            pushed.setdefault(" + ".join(sync["segments"]), []).append(
                f"{sync['destination']}: {sync['on_platform']} there (+{sync['added']} -{sync['removed']})"
            )
        table = Table(title=f"Run {self.content['run']}: {self.content['customers']:,} customers, {seconds:.0f} s")
        table.add_column("segment")
        table.add_column("kind")
        table.add_column("members", justify="right")
        table.add_column("change", justify="right")
        table.add_column("pushed to")
        for segment in self.content["segments"]:
            table.add_row(
                segment["name"],
                segment["kind"],
                f"{segment['members']:,}",
                f"+{segment['entered']} -{segment['left']}",
                ", ".join(pushed.get(segment["name"], [])),
            )
        console.print()
        console.print(table)


def _raw_rows(lake: Lake) -> dict[str, int]:
    tables = lake.rows(
        "select table_name from duckdb_tables() where database_name = 'lake' and schema_name = 'raw' order by 1"
    )
    return {name.replace("__", ".", 1): lake.value(f'select count(*) from raw."{name}"') for (name,) in tables}


def _segments(lake: Lake, since: int) -> list[dict[str, Any]]:
    """Entered and left come from the change feed of membership, not from a step's own count."""
    changes = lake.changes("segments.membership", since) if lake.exists("segments.membership") else None
    if changes is None:
        return []
    with lake.view("changes", changes):
        query = """
            with moved as (
                select
                    segment,
                    customer_id,
                    count(*) filter (where change_type = 'insert')
                        - count(*) filter (where change_type = 'delete') as net
                from changes
                group by segment, customer_id
            ),
            flow as (
                select
                    segment,
                    count(*) filter (where net > 0) as entered,
                    count(*) filter (where net < 0) as "left"
                from moved
                group by segment
            )
            select
                definition.segment as name,
                definition.kind,
                (select count(*) from segments.membership as m where m.segment = definition.segment) as members,
                coalesce(flow.entered, 0) as entered,
                coalesce(flow."left", 0) as "left"
            from segments.definition
            left join flow on flow.segment = definition.segment
            where definition.is_current
            order by definition.kind desc, name"""
        return lake.arrow(query).to_pylist()


def _gates(lake: Lake, since: int) -> list[dict[str, Any]]:
    return lake.arrow(
        f"""
        with results as (
            select * from ducklake_table_insertions('lake', 'ops', 'gate_result', {since + 1}, {lake.snapshot()})
        )
        select
            gate as name,
            bool_and(is_passed or severity = 'warn') as passed,
            count(*) as expectations
        from results
        where gate_run_id in (select arg_max(gate_run_id, checked_at) from results group by gate)
        group by gate order by gate"""
    ).to_pylist()


def _models(lake: Lake) -> list[dict[str, Any]]:
    rows = lake.rows(
        """select model, version, is_promoted, metrics from ml.model_version
        qualify row_number() over (partition by model order by trained_at desc, version desc) = 1 order by model"""
    )
    return [
        {"name": model, "version": version, "promoted": promoted, "metrics": json.loads(metrics)}
        for model, version, promoted, metrics in rows
    ]


def _syncs(lake: Lake, since: int, platforms: RunningSandbox) -> list[dict[str, Any]]:
    """Counts from the deliveries the platforms accepted; members and calls from the platforms themselves."""
    from cohorte.steps.activate import load_syncs

    calls = platforms.get("stats")
    syncs = load_syncs(lake.settings.dbt_target / "manifest.json")
    there = {name: _audiences(platforms, name) for name in {sync.destination for sync in syncs}}
    summary = []
    for sync in syncs:
        counts = dict(
            lake.rows(
                f"""select operation || ' ' || state, count(distinct customer_id)
                from ducklake_table_insertions('lake', 'activation', 'delivery', {since + 1}, {lake.snapshot()})
                where sync = ? group by all""",
                [sync.name],
            )
        )
        members = there[sync.destination].get(sync.audience, [])
        summary.append(
            {
                "name": sync.name,
                "destination": sync.destination,
                "segments": list(sync.segments),
                "added": counts.get("add accepted", 0),
                "removed": counts.get("remove accepted", 0),
                "unchanged": len(members) - counts.get("add accepted", 0),
                "rejected": counts.get("add rejected", 0) + counts.get("remove rejected", 0),
                "api_calls": calls.get(sync.destination, 0),
                "on_platform": len(members),
            }
        )
    return summary


def _audiences(platforms: RunningSandbox, platform: str) -> dict[str, list[str]]:
    """A stand-in's lists, segments or audiences, by name: the keys of who is in them."""
    (audiences,) = platforms.get(f"state/{platform}").values()
    return dict(audiences)
