"""The rows of a plan on their way: read in waves, cut into batches, each with its receipt."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Self

from cohorte.activation.ledger import Outcome
from cohorte.activation.spec import SyncSpec
from cohorte.destinations.base import Receipt, Row, Stage
from cohorte.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa

WAVE = 10_000
"""Rows between two commits to the ledger."""
_EMAIL = re.compile(r"[^\s@\"'<>(),;:\[\]]+@[^\s@\"'<>(),;:\[\]]+")
_NUMBER = re.compile(r"\+?\d[\d\s().-]{5,}\d")


@dataclass
class Item:
    """One planned row: what goes out, what has come back."""

    planned: dict[str, Any]
    sent: Row
    passed: int = 0
    """Stages that accepted it."""
    receipt: Receipt | None = None
    """The last answer."""

    @classmethod
    def of(cls, planned: dict[str, Any], sync: SyncSpec, run_id: str) -> Self:
        """From a row of the plan. A null is left out or clears the property, as the field's policy says."""
        cleared = {f.name for f in sync.fields if f.null == "clear" or planned["operation"] == "remove"}
        values = json.loads(planned["payload"])
        row = Row(
            operation=planned["operation"],
            key=planned["key"] or "",
            fields={name: value for name, value in values.items() if value is not None or name in cleared},
            external_id=planned["external_id"],
            id=_operation_id(planned, run_id),
        )
        return cls(planned, row)

    def passes(self, stage: Stage) -> bool:
        """Whether this stage is next for it: it is concerned, and no earlier stage failed."""
        return stage.concerns(self.sent) and (self.receipt is None or self.receipt.state == "accepted")

    def take(self, receipt: Receipt) -> None:
        self.receipt = receipt
        if receipt.external_id:
            self.sent = replace(self.sent, external_id=receipt.external_id)
        if receipt.state == "accepted":
            self.passed += 1

    @property
    def words(self) -> str:
        """The platform's reason, with everything personal struck out."""
        reason = (self.receipt.reason if self.receipt else None) or ""
        personal = [self.sent.key, *(str(value) for value in self.sent.fields.values() if value is not None)]
        for value in sorted(personal, key=len, reverse=True):
            if len(value) > 2:
                reason = re.sub(re.escape(value), "<…>", reason, flags=re.IGNORECASE)
        return _NUMBER.sub("<…>", _EMAIL.sub("<…>", reason))[:500]

    def outcome(self, stages: Sequence[Stage], stopped: str | None) -> Outcome:
        """The final word on this row: accepted only when every stage it concerns has accepted it."""
        needed = sum(stage.concerns(self.sent) for stage in stages)
        if self.receipt is not None and self.receipt.state == "rejected":
            return Outcome(self.planned, "rejected", self.words, self.sent.external_id)
        if self.passed == needed:
            return Outcome(self.planned, "accepted", self.planned["reason"], self.sent.external_id)
        return Outcome(self.planned, "pending", self.words or stopped, self.sent.external_id)


def waves(lake: Lake, phases: Sequence[int]) -> Iterator["pa.Table"]:
    """The plan's rows of these phases, in its order, `WAVE` at a time."""
    among = f"phase in ({', '.join(map(str, phases))})"
    first, last = lake.rows(f"select min(rowid), max(rowid) from sync_plan where {among}")[0]
    for start in range(first, last + 1, WAVE) if first is not None else ():
        table = lake.arrow(
            f"select * from sync_plan where rowid >= ? and rowid < ? and {among} order by rowid", [start, start + WAVE]
        )
        if table.num_rows:
            yield table


def batches(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    """Batches of at most `size` rows that put something there, with at most `size` removals beside them."""
    puts = [item for item in items if item.sent.operation != "remove"]
    removals = [item for item in items if item.sent.operation == "remove"]
    for some, others in zip_longest(_chunks(puts, size), _chunks(removals, size), fillvalue=()):
        yield [*some, *others]


def least_calls(lake: Lake, stages: Sequence[Stage]) -> int:
    """Calls the plan's rows need at least, batch by batch as above; looks at imports under way come on top."""
    counted = lake.rows(
        f"""
        with placed as (
            select operation, payload::varchar <> '{{}}' as has_fields, phase = 0 as is_opt_out,
                rowid - min(rowid) over (partition by phase = 0) as place
            from sync_plan
        )
        select is_opt_out, place // {WAVE}, operation, has_fields, count(*) from placed group by all
        """
    )
    calls = 0
    for stage in stages:
        rows: Counter[tuple[bool, int, bool]] = Counter()
        for is_opt_out, wave, operation, has_fields, count in counted:
            is_concerned = stage.concerns(Row(operation, "", {"any": None} if has_fields else {}))
            rows[is_opt_out, wave, operation == "remove"] += count if is_concerned else 0
        calls += sum(
            max(-(-rows[is_opt_out, wave, is_removal] // stage.batch) for is_removal in (False, True))
            for is_opt_out, wave in {key[:2] for key in rows}
        )
    return calls


def _chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _operation_id(planned: dict[str, Any], run_id: str) -> str:
    """The same for the same operation, sent again after a crash: it carries the run that first meant it."""
    meant_by = planned["intended_by"] or run_id
    text = f"{meant_by}|{planned['operation']}|{planned['destination_key']}|{planned['payload_hash']}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]
