"""What of some layers is due: models of which something they are made of has changed since they were last built well.

A build writes down, for each of its models that was built and whose tests passed, the lake's snapshot when it began
(`ops.built`). A model is left out, with its tests, as long as nothing speaks for building it (docs/adr/0026):

- the project is the same: every file of it and of this package, and the packages that are installed;
- no commit since then touched a table it reads, or its own, but those of the build itself, which made what it read;
- no other model of these layers that it reads is due;
- it is there, and reads no clock that has gone on.

A view has no rows of its own: it is due when the project is another. Its tests are of its SQL; the rows have theirs
where they lie.

Nothing is believed of the past but what a good build said of itself. A build that was killed says nothing, and what it
wrote was written by another than the last good one; one that failed leaves its models due, and the rows they wrote
since they were last good to be tested again.
"""

import hashlib
import sysconfig
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from cohorte.lake import CATALOG, Lake
from cohorte.settings import Settings

METADATA = f"__ducklake_metadata_{CATALOG}"
KEEPS_ROWS = ("created_schema", "flushed_inlined", "merge_adjacent", "rewrite_delete", "compacted_table")
"""Changes of a snapshot by which no row of a table changes."""
CLOCK, DAY = "macro.cohorte.now", "macro.cohorte.as_of"
STAMP = "macro.cohorte.say_who_writes"
"""Runs before every model and reads the clock for the commit's message: that makes no row."""


@dataclass(frozen=True)
class Built:
    """How a model was last built well."""

    snapshot: int
    invocation: str
    definition: str
    business_date: date
    is_good: bool = True
    """False: it has been built again, and not well."""


@dataclass(frozen=True)
class Commit:
    snapshot: int
    invocation: str
    """dbt's; empty for another writer."""
    touched: frozenset[str]
    """Tables whose rows or columns changed."""
    made: frozenset[str]
    """Tables that were made, or made anew."""


@dataclass(frozen=True)
class Lakes:
    """The lake as far as it matters here: its newest snapshot, its tables and views, what commits touched which."""

    newest: int
    relations: frozenset[str]
    commits: tuple[Commit, ...]

    def since(self, last: Built) -> list[Commit] | None:
        """The commits after a model was last built well; None when some of them have expired."""
        found = [commit for commit in self.commits if commit.snapshot > last.snapshot]
        return found if len(found) == self.newest - last.snapshot else None

    def touched(self, tables: Iterable[str], last: Built) -> bool:
        """Whether others than the build itself changed one of the tables since, or nobody knows any more."""
        since, wanted = self.since(last), set(tables)
        return since is None or any(c.touched & wanted for c in since if c.invocation != last.invocation)

    def seen(self, tables: Iterable[str], last: Built) -> int:
        """The snapshot whose rows of the tables that a model reads, and all before, it had seen when it was last built.

        What the same build made of them was there before the model was: dbt builds in that order. What others wrote to
        them meanwhile may have come too late.
        """
        since, wanted = self.since(last) or [], set(tables)
        made = [c.snapshot for c in since if c.touched & wanted and c.invocation == last.invocation]
        others = [c.snapshot for c in since if c.touched & wanted and c.invocation != last.invocation]
        newest = max(made, default=last.snapshot)
        return newest if newest < min(others, default=newest + 1) else last.snapshot

    def tested(self, table: str, last: Built) -> int | None:
        """The snapshot up to which a table's rows have passed their tests: the last of its last good build.

        None when nobody knows: the table was made anew since, or commits have expired.
        """
        since = self.since(last)
        if since is None:
            return None
        own = [c.snapshot for c in since if c.invocation == last.invocation and table in c.touched | c.made]
        tested = max(own, default=last.snapshot)
        return None if any(table in c.made for c in since if c.snapshot > tested) else tested


@dataclass(frozen=True)
class Graph:
    """dbt's manifest, asked what a model is made of. A view, or a table of the build's memory, is what it reads."""

    manifest: Mapping[str, Any]

    @cached_property
    def models(self) -> dict[str, Any]:
        return {name: node for name, node in self.manifest["nodes"].items() if node["resource_type"] == "model"}

    def of(self, layers: Collection[str]) -> list[str]:
        return [model for model, node in self.models.items() if node["fqn"][1] in layers]

    def is_kept(self, model: str) -> bool:
        """Whether it has rows of its own in the lake."""
        return not self.is_view(model) and bool(self.models[model]["database"] == CATALOG)

    def is_view(self, model: str) -> bool:
        return bool(self.models[model]["config"]["materialized"] == "view")

    def relation(self, node: str) -> str:
        if node in self.manifest["sources"]:
            source = self.manifest["sources"][node]
            return f"{source['schema']}.{source['identifier']}"
        return f"{self.models[node]['schema']}.{self.models[node]['alias']}"

    def reads(self, model: str) -> set[str]:
        """The nodes whose rows a model is made of."""
        found: set[str] = set()
        for parent in self.models[model]["depends_on"]["nodes"]:
            if parent in self.models and not self.is_kept(parent):
                found |= self.reads(parent)
            else:
                found.add(parent)
        return found

    def clocks(self, model: str) -> set[str]:
        """The macros that tell the time which a model is compiled with. One that only stamps changes does not count."""
        node = self.models[model]
        if node["config"]["meta"].get("clock") == "stamps changes":
            return set()
        found: set[str] = set()
        waiting = [macro for macro in node["depends_on"]["macros"] if macro != STAMP]
        while waiting:
            macro = waiting.pop()
            if macro not in found:
                found.add(macro)
                waiting += self.manifest["macros"][macro]["depends_on"]["macros"]
        found &= {CLOCK, DAY}
        for parent in node["depends_on"]["nodes"]:
            if parent in self.models and not self.is_kept(parent):
                found |= self.clocks(parent)
        return found


@dataclass(frozen=True)
class Due:
    """Models of some layers, by their unique ids."""

    models: frozenset[str]
    """To be built and tested."""
    rest: frozenset[str]
    """What a build would make as they are."""
    good: Mapping[str, int]
    """Tables -> the snapshot up to which their rows have passed their tests."""
    seen: Mapping[str, int]
    """Tables that are as their last good build left them -> the snapshot whose rows, and all before, it had seen. Those
    are rows of what they read."""
    makes_tables: bool
    """Whether one of the models is not there yet."""


def due(graph: Graph, layers: Collection[str], lakes: Lakes, built: Mapping[str, Built], today: date) -> Due:
    """What the next build of layers has to do, if it is for the business date `today`; built: by the same project."""
    models = graph.of(layers)
    kept = [model for model in models if graph.models[model]["database"] == CATALOG]
    defined = {model for model in kept if model in built and graph.relation(model) in lakes.relations}
    found = {model for model in kept if model not in defined or not built[model].is_good}

    def is_due(model: str) -> bool:
        if graph.is_view(model):
            return False
        last = built[model]
        clocks = graph.clocks(model)
        if CLOCK in clocks or (DAY in clocks and last.business_date != today):
            return True
        reads = graph.reads(model)
        return bool(reads & found) or lakes.touched(map(graph.relation, reads | {model}), last)

    while newly := {model for model in kept if model not in found and is_due(model)}:
        found |= newly
    parts = {part for part in models if part not in kept and _is_wanted(graph, part, found)}
    tested = {
        graph.relation(model): lakes.tested(graph.relation(model), built[model])
        for model in defined
        if graph.is_kept(model)
    }
    good = {table: snapshot for table, snapshot in tested.items() if snapshot is not None}
    seen = {
        table: lakes.seen(map(graph.relation, graph.reads(model)), built[model])
        for model in defined
        if (table := graph.relation(model)) in tested
        and built[model].is_good
        and not lakes.touched([table], built[model])
    }
    return Due(frozenset(found | parts), frozenset(kept) - found, good, seen, makes_tables=not set(kept) <= defined)


def _is_wanted(graph: Graph, part: str, due: set[str]) -> bool:
    """Whether a part, which lives in the build's memory, is read by a model that is due."""
    readers = [model for model, node in graph.models.items() if part in node["depends_on"]["nodes"]]
    return any(
        reader in due or (graph.models[reader]["database"] != CATALOG and _is_wanted(graph, reader, due))
        for reader in readers
    )


def lakes(lake: Lake, since: int) -> Lakes:
    """What the lake's catalogue tells of its tables, and of the commits after a snapshot."""
    relations = frozenset(
        name
        for (name,) in lake.rows(
            f"""select schemas.schema_name || '.' || named.name
            from {METADATA}.ducklake_schema as schemas
            inner join (
                select schema_id, table_name as name from {METADATA}.ducklake_table where end_snapshot is null
                union all
                select schema_id, view_name from {METADATA}.ducklake_view where end_snapshot is null
            ) as named using (schema_id)
            where schemas.end_snapshot is null"""
        )
    )
    names = dict(
        lake.rows(
            f"""select tables.table_id::varchar, schemas.schema_name || '.' || tables.table_name
            from {METADATA}.ducklake_table as tables
            inner join {METADATA}.ducklake_schema as schemas using (schema_id)
            where tables.end_snapshot is null and schemas.end_snapshot is null"""
        )
    )
    found = []
    for snapshot, changes, told in lake.rows(
        "select snapshot_id, changes, try_cast(commit_extra_info as json) ->> 'invocation_id' "
        f"from ducklake_snapshots('{CATALOG}') where snapshot_id > ?",
        [since],
    ):
        # A table is told by its id; one that was made, by its name.
        touched = {table for kind, tables in changes.items() if kind not in KEEPS_ROWS for table in tables}
        found.append(
            Commit(
                snapshot,
                told or "",
                touched=frozenset(names.get(table, table) for table in touched),
                made=frozenset(changes.get("tables_created", ())),
            )
        )
    return Lakes(max((commit.snapshot for commit in found), default=since), relations, tuple(found))


def built(lake: Lake) -> dict[str, Built]:
    """What is known of each model's last good build."""
    rows = lake.rows("select model, snapshot_id, invocation_id, definition, business_date, is_good from ops.built")
    return {model: Built(*values) for model, *values in rows}


def remember(lake: Lake, good: Mapping[str, Built], bad: Iterable[str]) -> None:
    """Writes down models that were built well, and of the others that they were not."""
    rows = [(name, b.snapshot, b.invocation, b.definition, b.business_date, b.is_good) for name, b in good.items()]

    def work() -> None:
        lake.execute("update ops.built set is_good = false where list_contains(?, model)", [list(bad)])
        lake.execute("delete from ops.built where list_contains(?, model)", [list(good)])
        if rows:
            values = ", ".join(["(?, ?, ?, ?, ?, ?)"] * len(rows))
            lake.execute(f"insert into ops.built values {values}", [value for row in rows for value in row])

    lake.write("what was built", work)


def definition(settings: Settings) -> str:
    """A hash of all that says how models are made: the dbt project, this package, and what is installed beside it."""
    installed = Path(sysconfig.get_path("purelib"))
    digest = hashlib.sha256("\n".join(sorted(path.name for path in installed.glob("*.dist-info"))).encode())
    for folder in (settings.dbt_project, Path(__file__).parents[1]):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"\n{path.relative_to(folder)}\n".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()
