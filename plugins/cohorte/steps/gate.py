"""Gate: a layer's tables against `expectations/` and against their past, with the evidence in ops.gate_result."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Protocol

from cohorte import clock
from cohorte.gates import engine, evidence, pages, past, profile
from cohorte.gates.evidence import Finding
from cohorte.lake import Lake

if TYPE_CHECKING:
    from great_expectations.datasource.fluent import SQLDatasource


class Suite(Protocol):
    """A module of `expectations/`.

    It may also name an optional source, `SINCE_FIRST_LOAD_OF`: before that has landed anything, its tables are empty by
    right and are not checked; from its first load on they never are.
    """

    TABLE: str
    KEY: tuple[str, ...]
    expectations: Callable[[], list[Any]]


@dataclass(frozen=True)
class GateResult:
    """All verdicts of one look at a layer."""

    gate_run_id: str
    findings: tuple[Finding, ...]
    waiting: tuple[str, ...] = ()
    """Tables not checked, since their optional source has never landed."""

    @property
    def blocking(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if not f.passed and f.severity == "block")


class GateFailedError(RuntimeError):
    """A table is not what it must be; nothing downstream may use it."""

    def __init__(self, result: GateResult) -> None:
        self.result = result
        super().__init__(
            f"gate failed, {len(result.blocking)} of {len(result.findings)} expectations: "
            + "; ".join(map(str, result.blocking))
            + f". Evidence: select * from ops.gate_result where gate_run_id = '{result.gate_run_id}'. "
            "Mend the source or the expectation, then rerun this task; docs/runbooks/gates.md says how."
        )


def suites(layer: str) -> list[Suite]:
    """The guarded tables of a layer (a folder of `expectations/`). Raises ValueError when there are none."""
    import importlib

    package = importlib.import_module(f"expectations.{layer}")
    found = [importlib.import_module(f"expectations.{layer}.{m.name}") for m in iter_modules(package.__path__)]
    if not found:
        raise ValueError(f"expectations/{layer}/ guards no table; a gate that checks nothing would always pass")
    return found  # type: ignore[return-value]


def expectations(suite: Suite) -> list[Any]:
    """What must be true of a table: what its suite says, and that it has about as many rows as it had."""
    from expectations.past import ExpectRowCountLikeRecentRuns

    declared = suite.expectations()
    if any(isinstance(one, ExpectRowCountLikeRecentRuns) and not one.time for one in declared):
        return declared
    return [*declared, ExpectRowCountLikeRecentRuns()]


def gate(layer: str, *, lake: Lake, tables: Collection[str] | None = None, accept: Collection[str] = ()) -> GateResult:
    """Checks the guarded tables of a layer, or those named, stores the evidence, and makes the layer's page anew.

    All of it is of one snapshot, whoever writes meanwhile: tables that are compared are of one moment.
    A run in which nothing blocks is accepted: what it saw is what later runs are compared with. accept: tables that
    somebody has looked at and that are right although they differ from their past; they begin a new one.
    Raises GateFailedError, after storing, when an expectation that blocks is not met, and ValueError when a table named
    has no gate in the layer, or an expectation warns without saying until when.
    """
    import uuid

    run_id = uuid.uuid4().hex
    now = clock.now(lake.settings).replace(tzinfo=None)
    chosen = _chosen(layer, tables, accept)
    findings: list[Finding] = []
    seen: dict[str, profile.Profile] = {}
    snapshot = lake.snapshot()
    with (
        Lake.open(lake.settings, at_snapshot=snapshot) as then,
        engine.open_source(layer, lake.settings, snapshot) as source,
    ):
        landed = {source for (source,) in then.rows("select distinct source from ops.load")}
        waiting = [s.TABLE for s in chosen if getattr(s, "SINCE_FIRST_LOAD_OF", None) not in landed | {None}]
        pasts = past.read(then, now)
        for suite in chosen:
            if suite.TABLE not in waiting:
                known = past.Past() if suite.TABLE in accept else pasts[suite.TABLE]
                found, seen[suite.TABLE] = _check(suite, known, source, then, now)
                findings += found
    result = GateResult(run_id, tuple(findings), tuple(waiting))
    lake.write("gate", lambda: _store(result, seen, set(accept), lake, now), gate_run_id=run_id, layer=layer)
    if findings:
        pages.write(layer, [suite.TABLE for suite in chosen], run_id, result.waiting, lake=lake)
    if result.blocking:
        raise GateFailedError(result)
    return result


def _chosen(layer: str, tables: Collection[str] | None, accept: Collection[str]) -> list[Suite]:
    found = suites(layer)
    if unknown := {*(tables or ()), *accept} - {suite.TABLE for suite in found}:
        raise ValueError(f"expectations/{layer}/ has no gate for {', '.join(sorted(unknown))}")
    return [suite for suite in found if tables is None or suite.TABLE in tables]


def _check(
    suite: Suite, known: past.Past, source: "SQLDatasource", lake: Lake, now: datetime
) -> tuple[list[Finding], profile.Profile]:
    """The verdicts on one table, and what a later run needs to know of it."""
    import great_expectations as gx

    declared = expectations(suite)
    for expectation in declared:
        evidence.severity(suite.TABLE, expectation, now.date())
    watched = [profile.Watch(getattr(e, "column", ""), e.time, e.days) for e in declared if hasattr(e, "now")]
    seen = profile.take(suite.TABLE, watched, lake=lake, now=now, before=known.last)
    asset = source.add_query_asset(name=suite.TABLE, query=f"select * from {suite.TABLE}")
    verdict = (
        asset.add_batch_definition_whole_table("all")
        .get_batch()
        .validate(
            gx.ExpectationSuite(name=suite.TABLE, expectations=declared),
            # No values of rows: what a finding shows is chosen in `evidence`, by what may be shown.
            result_format={"result_format": "BASIC", "partial_unexpected_count": 0},
            expectation_parameters=known.parameters(seen, now),
        )
    )
    found = [evidence.finding(suite.TABLE, suite.KEY, r, today=now.date(), lake=lake) for r in verdict.results]
    return found, profile.to_keep(seen, known.last, suite.TABLE, watched, lake=lake, now=now)


def _store(result: GateResult, seen: dict[str, profile.Profile], accept: set[str], lake: Lake, now: datetime) -> None:
    import pyarrow as pa

    checked_at = datetime.now(UTC).replace(tzinfo=None)
    rows = [
        {
            "gate_run_id": result.gate_run_id,
            "gate": f.gate,
            "expectation": f.expectation,
            "column_name": f.column,
            "severity": f.severity,
            "is_passed": f.passed,
            "observed": f.observed,
            "unexpected_count": f.unexpected,
            "unexpected_sample": f.sample,
            "checked_at": checked_at,
        }
        for f in result.findings
    ]
    lake.append("ops.gate_result", pa.Table.from_pylist(rows))
    if seen and not result.blocking:
        past.forget(accept, lake)
        past.write(seen, result.gate_run_id, lake, now, checked_at)
