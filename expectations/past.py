"""Expectations that know the past: what a gate's accepted runs saw, handed over when the gate runs.

The gate measures a table in one scan before it checks anything; here numbers are only compared. Imported where a
suite lists its expectations, never at the top: it brings Great Expectations with it.
"""

import math
import statistics
from collections.abc import Mapping
from typing import Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.expectations.expectation import BatchExpectation

FEWEST_DAYS = 3
"""Days with an accepted run below which there is no history to speak of."""
FEWEST_ROWS = 100
"""Rows below which neither a volume nor a distribution says anything."""
SHARE = 0.25
DEVIATIONS = 4.0
STABILITY = 0.2
"""Population stability index from which a distribution has shifted (Lewis 1994), as in models_ml/drift.py."""
EDGE = 1e-4
OTHER = "(other)"


def _given_at_run_time(name: str) -> Any:
    """A field the gate fills by a parameter of that name."""

    def parameter(value: Any) -> Any:
        return {"$PARAMETER": name} if value is None else value

    return pydantic.validator(name, pre=True, always=True, allow_reuse=True)(parameter)


class _Windowed(BatchExpectation):
    """Looks at all rows, or at those whose `time` lies in the last `days`."""

    time: str | None = None
    days: int | None = None
    now: Any = None

    metric_dependencies: ClassVar[tuple[str, ...]] = ()
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)
    _now = _given_at_run_time("now")

    @property
    def _window(self) -> str:
        return f"{self.time}, last {self.days} days" if self.time else ""


class ExpectRowCountLikeRecentRuns(_Windowed):
    """As many rows as in the accepted runs of the last 28 days: the median of the days, give or take a quarter.

    Where days differ more, four times their median absolute deviation (scaled to a standard deviation: · 1.4826); never
    less than half of the smallest. Passes, and says so, with fewer than three days or around fewer than 100 rows.
    """

    share: float = SHARE
    recent: Any = None
    success_keys: ClassVar[tuple[str, ...]] = ("time", "days", "share", "recent", "now")
    _recent = _given_at_run_time("recent")

    def _validate(self, metrics: Any, runtime_configuration: Any = None, execution_engine: Any = None) -> Any:
        rows = self.now["rows"][self._window]
        counts = [day[self._window] for day in self.recent if self._window in day]
        if len(counts) < FEWEST_DAYS:
            return _passed(f"{rows:,} rows; {len(counts)} days of accepted runs, {FEWEST_DAYS} are needed to compare")
        low, high = bounds(counts, self.share)
        if statistics.median(counts) < FEWEST_ROWS:
            return _passed(f"{rows:,} rows; too few before to compare (median {statistics.median(counts):,.0f})")
        said = f"{rows:,} rows; {low:,.0f} to {high:,.0f} by {len(counts)} days of accepted runs"
        return {"success": low <= rows <= high, "result": {"observed_value": said}}


class ExpectColumnLikeLastAccepted(_Windowed):
    """The column's values are distributed as in the last accepted run, by population stability index.

    The limit grows by what chance alone makes of so few rows: the index of two samples of the same population is
    (1/n + 1/m) · χ² with one degree of freedom less than bins; its mean and three standard deviations are let through.
    """

    column: str
    limit: float = STABILITY
    before: Any = None
    success_keys: ClassVar[tuple[str, ...]] = ("column", "time", "days", "limit", "before", "now")
    _before = _given_at_run_time("before")

    def _validate(self, metrics: Any, runtime_configuration: Any = None, execution_engine: Any = None) -> Any:
        now = self.now["columns"][self.column]
        before = self.before.get("columns", {}).get(self.column)
        if before is not None and ("edges" in before) != ("edges" in now):
            return {"success": False, "result": {"observed_value": "a number has become text, or text a number"}}
        if before is None or before["window"] != now["window"] or before.get("edges") != now.get("edges"):
            return _passed(f"{now['rows']:,} rows; no accepted run to compare with")
        if min(now["rows"], before["rows"]) < FEWEST_ROWS:
            return _passed(f"{now['rows']:,} rows against {before['rows']:,}; too few to compare")
        index, moved = shift(before["counts"], now["counts"])
        limit = self.limit + chance(len(before["counts"]), before["rows"], now["rows"])
        was, is_ = before["counts"].get(moved, 0) / before["rows"], now["counts"].get(moved, 0) / now["rows"]
        said = f"PSI {index:.3f}, limit {limit:.3f}; most by {moved}: {was:.1%} before, {is_:.1%} now"
        return {"success": index < limit, "result": {"observed_value": said}}


def bounds(counts: list[int], share: float) -> tuple[float, float]:
    """Fewest and most rows by the counts of recent days."""
    median = statistics.median(counts)
    deviation = 1.4826 * statistics.median(abs(count - median) for count in counts)
    width = max(share * median, DEVIATIONS * deviation)
    return max(median - width, min(counts) / 2), median + width


def shift(before: Mapping[str, int], now: Mapping[str, int]) -> tuple[float, str]:
    """Population stability index of two counts by bin, and the bin that adds most. Bins not known before: other.

    Half a row is added to every bin: an empty one among few rows is chance, and its logarithm would say otherwise.
    """
    old = dict(before)
    new = {bin_: now.get(bin_, 0) for bin_ in old if bin_ != OTHER}
    new[OTHER] = sum(now.values()) - sum(new.values())
    old.setdefault(OTHER, 0)
    before_rows, now_rows = sum(old.values()) + len(old) / 2, sum(new.values()) + len(old) / 2
    parts = {}
    for bin_ in old:
        was = max((old[bin_] + 0.5) / before_rows, EDGE)
        is_ = max((new[bin_] + 0.5) / now_rows, EDGE)
        parts[bin_] = (is_ - was) * math.log(is_ / was)
    return sum(parts.values()), max(parts, key=lambda bin_: parts[bin_])


def chance(bins: int, before: int, now: int) -> float:
    """What the index of two samples of one population hardly ever exceeds."""
    freedom = max(bins - 1, 1)
    return (freedom + 3 * math.sqrt(2 * freedom)) * (1 / before + 1 / now)


def _passed(said: str) -> dict[str, Any]:
    return {"success": True, "result": {"observed_value": said}}
