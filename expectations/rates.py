"""Rates across tables: how much of one is known to another. Imported where a suite lists its expectations."""

from typing import Any, ClassVar

from great_expectations.expectations import UnexpectedRowsExpectation


class ExpectShareToBeAtLeast(UnexpectedRowsExpectation):
    """The one number a query answers, a share of 0 to 1, is no less than declared; null (no rows) passes, and says so.

    The query is written as for UnexpectedRowsExpectation: `{batch}` is the guarded table.
    """

    minimum: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.table",)
    success_keys: ClassVar[tuple[str, ...]] = ("unexpected_rows_query", "minimum")

    def _validate(self, metrics: Any, runtime_configuration: Any = None, execution_engine: Any = None) -> Any:
        (row,) = metrics["unexpected_rows_query.table"]
        (share,) = row.values()
        if share is None:
            return {"success": True, "result": {"observed_value": "no rows to take a share of"}}
        said = f"{float(share):.2%}, at least {self.minimum:.2%}"
        return {"success": float(share) >= self.minimum, "result": {"observed_value": said}}
