"""Export: everything that is held about one person, to be handed to them."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cohorte.lake import Lake
from cohorte.privacy import holdings
from cohorte.privacy.subject import Subject, find

if TYPE_CHECKING:
    import pyarrow as pa

PURPOSES = {
    "raw": "as a platform sent it to us; the source of all the rest",
    "pii": "to know who is meant and to reach them",
    "staging": "the same, in one form for all platforms",
    "intermediate": "to recognise one person in several records",
    "marts": "what was bought, seen and agreed to",
    "features": "figures derived from it, to choose what is relevant",
    "segments": "which groups the person is in, and was in",
    "ml": "what models foretell",
    "activation": "what was sent to which platform",
    "ops": "records that could not be used, and evidence of checks",
}
"""Schema -> what its tables are for."""


@dataclass(frozen=True)
class Held:
    """One table's rows about a person."""

    table: str
    description: str
    purpose: str
    source: str
    rows: "pa.Table"


@dataclass(frozen=True)
class Export:
    """Everything that is held about a person."""

    subject: Subject
    tables: tuple[Held, ...]

    def as_json(self) -> str:
        said = {
            "asked_for": self.subject.asked,
            "exported_at": datetime.now(UTC).isoformat(),
            "known_by": {kind: sorted(values) for kind, values in sorted(self.subject.identifiers.items())},
            "tables": [
                {
                    "table": held.table,
                    "description": held.description,
                    "purpose": held.purpose,
                    "source": held.source,
                    "rows": held.rows.to_pylist(),
                }
                for held in self.tables
            ],
        }
        return json.dumps(said, indent=1, default=str, ensure_ascii=False)

    def write(self, folder: Path) -> list[Path]:
        """`export.json` with all of it, and a CSV file a table, readable by the owner alone."""
        import duckdb

        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        whole = folder / "export.json"
        written = [whole, *(folder / f"{held.table}.csv" for held in self.tables)]
        whole.write_text(self.as_json())
        with duckdb.connect() as connection:
            for path, held in zip(written[1:], self.tables, strict=True):
                connection.from_arrow(held.rows).write_csv(str(path))
        for path in written:
            path.chmod(0o600)
        return written


def export(*, lake: Lake, email: str | None = None, customer_id: str | None = None) -> Export:
    """By the same map as erasing goes by, so that nothing is erased that was not shown, and the other way round.

    Raises ValueError unless exactly one of e-mail and customer_id is given.
    """
    subject = find(lake, email=email, customer_id=customer_id)
    described = _descriptions(lake)
    tables = [
        Held(
            table,
            described.get(table, ""),
            PURPOSES.get(table.partition(".")[0], "kept beside the platform's own tables"),
            _source(table),
            rows,
        )
        for table, rows in holdings.rows(lake, subject.identifiers)
    ]
    return Export(subject, tuple(tables))


def _source(table: str) -> str:
    """The platform a table's rows came from, where its name says so."""
    name = table.partition(".")[2].removeprefix("stg_")
    return name.partition("__")[0] if "__" in name and not name.startswith("int_") else "derived by Cohorte"


def _descriptions(lake: Lake) -> dict[str, str]:
    """What dbt says of its tables; nothing before the first build."""
    manifest = lake.settings.dbt_target / "manifest.json"
    if not manifest.exists():
        return {}
    said: dict[str, Any] = json.loads(manifest.read_text())
    nodes = [node for node in said.get("nodes", {}).values() if node["resource_type"] == "model"]
    described = {f"{node['schema']}.{node['alias']}": node["description"] for node in nodes}
    return described | {f"{s['schema']}.{s['identifier']}": s["description"] for s in said.get("sources", {}).values()}
