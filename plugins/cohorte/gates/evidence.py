"""What an expectation's verdict says, with a few of the rows it is about."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from cohorte.lake import Lake

SAMPLE = 5


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


def finding(table: str, key: tuple[str, ...], result: Any, *, today: date, lake: Lake) -> Finding:
    """One result of Great Expectations. today: of the business clock, by which a warning expires."""
    config = result.expectation_config
    column = config.kwargs.get("column") or ", ".join(config.kwargs.get("column_list", [])) or None
    details = result.result or {}
    error = failure(result)
    return Finding(
        gate=table,
        expectation=config.description or config.type,
        column=column,
        severity=severity(table, config, today),
        passed=bool(result.success),
        observed=f"could not be evaluated: {error}" if error else _observed(details),
        unexpected=details.get("unexpected_count"),
        sample="" if result.success or error else _sample(table, key, config, lake),
    )


def failure(result: Any) -> str | None:
    """Why an expectation could not be evaluated; None when it was."""
    info = result.exception_info or {}
    if not result.success and info.get("exception_message"):
        return str(info["exception_message"])
    nested = [value for value in info.values() if isinstance(value, dict) and value.get("raised_exception")]
    return str(nested[0].get("exception_message")) if nested else None


def severity(table: str, expectation: Any, today: date) -> str:
    """`block`, or `warn` up to and with the day it says; from then on it blocks.

    Raises ValueError for any other severity, and for a warning that names no day: it would never be mended.
    """
    meta = expectation.meta or {}
    said = meta.get("severity", "block")
    if said == "block":
        return "block"
    where = f"{table}: {expectation.description or getattr(expectation, 'type', '') or type(expectation).__name__}"
    if said != "warn":
        raise ValueError(f"{where}: severity is {said!r}; write block or warn")
    try:
        until = date.fromisoformat(meta["until"])
    except (KeyError, TypeError, ValueError):
        raise ValueError(
            f"{where}: a warning must say when it ends, and blocks after: "
            'meta={"severity": "warn", "until": "YYYY-MM-DD"}'
        ) from None
    return "warn" if today <= until else "block"


def _observed(details: dict[str, Any]) -> str:
    if details.get("unexpected_count") is not None:
        share = details.get("unexpected_percent")
        return f"{details['unexpected_count']} unexpected rows" + (f", {share:.2f} %" if share else "")
    return f"observed {details.get('observed_value')}"


def _sample(table: str, key: tuple[str, ...], config: Any, lake: Lake) -> str:
    """Keys of a few offending rows, with the offending value unless the table holds personal data."""
    column = config.kwargs.get("column")
    columns = list(key)
    condition = _condition(config, table)
    if config.type == "unexpected_rows_expectation":
        query = config.kwargs["unexpected_rows_query"].replace("{batch}", table)
        rows = lake.arrow(f"select * from ({query}) limit {SAMPLE}").to_pylist()
    elif column and condition:
        if column not in columns and not table.startswith("pii."):
            columns.append(column)
        rows = lake.arrow(
            f"select {', '.join(columns)} from {table} where {condition} order by all limit {SAMPLE}"
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
