"""Gate: a layer's tables against `expectations/`, with the evidence kept in ops.gate_result."""

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Protocol

from cohorte.lake import Lake, attach_statements, connection_config
from cohorte.settings import Settings

if TYPE_CHECKING:
    import great_expectations as gx
    from great_expectations.datasource.fluent import SQLDatasource

SAMPLE = 5


class Suite(Protocol):
    """A module of `expectations/`.

    It may also name an optional source, `SINCE_FIRST_LOAD_OF`: before that has landed anything, its tables are empty by
    right and are not checked; from its first load on they never are.
    """

    TABLE: str
    KEY: tuple[str, ...]
    expectations: Callable[[], list[Any]]


@dataclass(frozen=True)
class Finding:
    """One expectation's verdict."""

    gate: str
    expectation: str
    column: str | None
    severity: str
    passed: bool
    observed: str
    unexpected: int | None
    sample: str

    def __str__(self) -> str:
        where = f"{self.gate}.{self.column}" if self.column else self.gate
        rows = f", e.g. {self.sample}" if self.sample else ""
        return f"{where}: {self.expectation} failed ({self.observed}{rows})"


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
            "Mend the source or the expectation, then rerun this task."
        )


def suites(layer: str) -> list[Suite]:
    """The guarded tables of a layer (a folder of `expectations/`). Raises ValueError when there are none."""
    import importlib

    package = importlib.import_module(f"expectations.{layer}")
    found = [importlib.import_module(f"expectations.{layer}.{m.name}") for m in iter_modules(package.__path__)]
    if not found:
        raise ValueError(f"expectations/{layer}/ guards no table; a gate that checks nothing would always pass")
    return found  # type: ignore[return-value]


def gate(layer: str, *, lake: Lake, tables: Collection[str] | None = None) -> GateResult:
    """Checks the guarded tables of a layer, or those named, and stores the evidence.

    Raises GateFailedError, after storing, when an expectation that blocks is not met, and ValueError when a table named
    has no gate in the layer.
    """
    import uuid

    run_id = uuid.uuid4().hex
    findings: list[Finding] = []
    waiting: list[str] = []
    landed = {source for (source,) in lake.rows("select distinct source from ops.load")}
    with _source(layer, lake.settings) as source:
        for suite in _chosen(layer, tables):
            if getattr(suite, "SINCE_FIRST_LOAD_OF", None) in landed | {None}:
                findings += _check(suite, source, lake)
            else:
                waiting.append(suite.TABLE)
    result = GateResult(run_id, tuple(findings), tuple(waiting))
    _store(result, lake)
    if result.blocking:
        raise GateFailedError(result)
    return result


def _chosen(layer: str, tables: Collection[str] | None) -> list[Suite]:
    found = suites(layer)
    if unknown := set(tables or ()) - {suite.TABLE for suite in found}:
        raise ValueError(f"expectations/{layer}/ has no gate for {', '.join(sorted(unknown))}")
    return [suite for suite in found if tables is None or suite.TABLE in tables]


def _context() -> "gx.data_context.EphemeralDataContext":
    import os

    os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
    import great_expectations as gx
    import great_expectations.execution_engine.sqlalchemy_execution_engine as engine

    class DuckDb(str):
        value = "duckdb"

    # GX closes the connection before it fetches for dialects it does not know (pinned; guarded by a test).
    if not any(getattr(d, "value", d) == "duckdb" for d in engine._PERSISTED_CONNECTION_DIALECTS):
        engine._PERSISTED_CONNECTION_DIALECTS = (*engine._PERSISTED_CONNECTION_DIALECTS, DuckDb("duckdb"))  # type: ignore
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    return context


@contextmanager
def _source(layer: str, settings: Settings) -> Iterator["SQLDatasource"]:
    """The lake as Great Expectations sees it: one connection for all tables of a layer."""
    context: Any = _context()  # its type does not know what SQLAlchemy is given
    with _attached(settings):
        source = context.data_sources.add_or_update_sql(
            name=layer,
            connection_string="duckdb:///:memory:",
            kwargs={"connect_args": {"config": connection_config(settings)}},
            create_temp_table=False,
        )
        try:
            yield source
        finally:
            source.get_execution_engine().close()
            source.get_engine().dispose()


def _check(suite: Suite, source: "SQLDatasource", lake: Lake) -> list[Finding]:
    import great_expectations as gx

    asset = source.add_query_asset(name=suite.TABLE, query=f"select * from {suite.TABLE}")
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    verdict = batch.validate(
        gx.ExpectationSuite(name=suite.TABLE, expectations=suite.expectations()),
        result_format={"result_format": "SUMMARY", "partial_unexpected_count": SAMPLE},
    )
    return [_finding(suite, result, lake) for result in verdict.results]


class _attached:
    """While open, every new DuckDB connection of SQLAlchemy is put on the lake."""

    def __init__(self, settings: Settings) -> None:
        self.statements = attach_statements(settings, read_only=True)

    def _on_connect(self, connection: Any, _record: Any) -> None:
        for statement in self.statements:
            connection.execute(statement)

    def __enter__(self) -> None:
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        event.listen(Engine, "connect", self._on_connect)

    def __exit__(self, *_: object) -> None:
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        event.remove(Engine, "connect", self._on_connect)


def _finding(suite: Suite, result: Any, lake: Lake) -> Finding:
    config = result.expectation_config
    column = config.kwargs.get("column") or ", ".join(config.kwargs.get("column_list", [])) or None
    error = (result.exception_info or {}).get("exception_message") if not result.success else None
    details = result.result or {}
    if not error and isinstance(result.exception_info, dict):
        nested = [v for v in result.exception_info.values() if isinstance(v, dict) and v.get("raised_exception")]
        error = nested[0].get("exception_message") if nested else None
    unexpected = details.get("unexpected_count")
    observed = f"could not be evaluated: {error}" if error else _observed(details)
    return Finding(
        gate=suite.TABLE,
        expectation=config.description or config.type,
        column=column,
        severity=_severity(config.meta or {}),
        passed=bool(result.success),
        observed=observed,
        unexpected=unexpected,
        sample="" if result.success or error else _sample(suite, config, lake),
    )


def _observed(details: dict[str, Any]) -> str:
    if details.get("unexpected_count") is not None:
        share = details.get("unexpected_percent")
        return f"{details['unexpected_count']} unexpected rows" + (f", {share:.2f} %" if share else "")
    return f"observed {details.get('observed_value')}"


def _severity(meta: dict[str, Any]) -> str:
    """`warn` only while its date has not passed."""
    if meta.get("severity") == "warn" and date.fromisoformat(meta["until"]) >= datetime.now(UTC).date():
        return "warn"
    return "block"


def _sample(suite: Suite, config: Any, lake: Lake) -> str:
    """Keys of a few offending rows, with the offending value unless the table holds personal data."""
    column = config.kwargs.get("column")
    columns = list(suite.KEY)
    condition = _condition(config, suite.TABLE)
    if config.kwargs.get("unexpected_rows_query"):
        query = config.kwargs["unexpected_rows_query"].replace("{batch}", suite.TABLE)
        rows = lake.arrow(f"select * from ({query}) limit {SAMPLE}").to_pylist()
    elif column and condition:
        if column not in columns and not suite.TABLE.startswith("pii."):
            columns.append(column)
        rows = lake.arrow(
            f"select {', '.join(columns)} from {suite.TABLE} where {condition} order by all limit {SAMPLE}"
        ).to_pylist()
    else:
        return ""
    return ", ".join(str(row) for row in rows)


def _condition(config: Any, table: str) -> str | None:
    """SQL that finds the rows an expectation refused, for the kinds whose rows can be shown."""
    column, kwargs = config.kwargs.get("column"), config.kwargs
    if config.type == "expect_column_values_to_not_be_null":
        return f"{column} is null"
    if config.type == "expect_column_values_to_be_unique":
        return f"{column} in (select {column} from {table} group by all having count(*) > 1)"
    if config.type == "expect_column_values_to_be_between":
        bounds = []
        if kwargs.get("min_value") is not None:
            bounds.append(f"{column} < {_literal(kwargs['min_value'])}")
        if kwargs.get("max_value") is not None:
            bounds.append(f"{column} > {_literal(kwargs['max_value'])}")
        return " or ".join(bounds)
    if config.type == "expect_column_values_to_be_in_set":
        return f"{column} not in ({', '.join(map(_literal, kwargs['value_set']))})"
    return None


def _literal(value: Any) -> str:
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"


def _store(result: GateResult, lake: Lake) -> None:
    import pyarrow as pa

    now = datetime.now(UTC).replace(tzinfo=None)
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
            "checked_at": now,
        }
        for f in result.findings
    ]
    with lake.transaction("gate", gate_run_id=result.gate_run_id):
        lake.append("ops.gate_result", pa.Table.from_pylist(rows))
