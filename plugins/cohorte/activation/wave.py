"""The rows of a plan on their way: read in waves, cut into batches, each with its receipt."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Self

from cohorte.activation.forms import quoted
from cohorte.activation.ledger import Outcome
from cohorte.activation.spec import SyncSpec
from cohorte.destinations.base import Receipt, Row, Stage
from cohorte.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa

WAVE = 10_000
"""Rows between two commits to the ledger."""
WRITTEN_WAVE = 250_000
"""The same where rows go out as text: as many as DuckDB keeps two cores busy with (two of its row groups), because two
commits take longer than to send WAVE."""
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
    def of(cls, planned: dict[str, Any]) -> Self:
        """From a row of a wave."""
        row = Row(
            operation=planned["operation"],
            key=planned["key"],
            fields=json.loads(planned["fields"]),
            external_id=planned["external_id"],
            id=planned["id"],
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


class Wave:
    """Rows between two commits to the ledger, each of them an item."""

    def __init__(self, rows: "pa.Table") -> None:
        self.items = [Item.of(row) for row in rows.to_pylist()]

    def batches(self, stage: Stage) -> Sequence[Sequence[Item]]:
        """What is to be sent to a stage, after the earlier ones have answered."""
        return list(batches([item for item in self.items if item.passes(stage)], stage.batch))

    def outcomes(self, stages: Sequence[Stage], stopped: str | None) -> list[Outcome]:
        """The final word on every row there is one to say about; others were accepted as they were sent."""
        return [item.outcome(stages, stopped) for item in self.items]


def waves(
    lake: Lake, phases: Sequence[int], stages: Sequence[Stage], *, sync: SyncSpec, run_id: str
) -> Iterator["pa.Table"]:
    """The plan's rows of these phases, in its order, as they go out: `wave_size` at a time.

    Columns: those of the plan that the ledger writes down, `key`, `fields` (a JSON object), `external_id`, `id`; where
    rows go out as text, `written`: one of them, and a comma. The same rows are in the temporary table `wave`, for the
    ledger, until the next are asked for.

    `id` is the same for the same operation, sent again after a crash: it carries the run that first meant it.
    """
    among = f"phase in ({', '.join(map(str, phases))})"
    text = written_as(stages)
    written = f", {text} || ',' as written" if text else ""
    size = wave_size(stages)
    first, last = lake.rows(f"select min(rowid), max(rowid) from sync_plan where {among}")[0]
    for start in range(first, last + 1, size) if first is not None else ():
        # without an order of its own: DuckDB keeps the one in which the plan was inserted
        lake.execute(
            f"""
            create or replace temp table wave as
            with going as (
                select operation, reason, customer_id, destination_key, coalesce(key, '') as key, external_id,
                    payload_hash, fingerprint, is_acknowledged, {_fields(sync)} as fields,
                    md5(concat_ws('|', coalesce(intended_by, ?), operation, destination_key, payload_hash)) as id
                from sync_plan where rowid >= ? and rowid < ? and {among}
            )
            select *{written} from going
            """,
            [run_id, start, start + size],
        )
        rows = lake.arrow("from wave")
        if rows.num_rows:
            yield rows


def written_as(stages: Sequence[Stage]) -> str | None:
    """How rows are written for a destination that takes them as text and does all with them in one call."""
    return stages[0].written_as if len(stages) == 1 else None


def wave_size(stages: Sequence[Stage]) -> int:
    """Rows of a wave."""
    return WRITTEN_WAVE if written_as(stages) else WAVE


def batches(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    """Batches of at most `size` rows that put something there, with at most `size` removals beside them."""
    puts = [item for item in items if item.sent.operation != "remove"]
    removals = [item for item in items if item.sent.operation == "remove"]
    for some, others in zip_longest(_chunks(puts, size), _chunks(removals, size), fillvalue=()):
        yield [*some, *others]


def least_calls(lake: Lake, stages: Sequence[Stage]) -> int:
    """Calls the plan's rows need at least, batch by batch as above; looks at imports under way come on top."""
    size = wave_size(stages)
    counted = lake.rows(
        f"""
        with placed as (
            select operation, payload::varchar <> '{{}}' as has_fields, phase = 0 as is_opt_out,
                rowid - min(rowid) over (partition by phase = 0) as place
            from sync_plan
        )
        select is_opt_out, place // {size}, operation, has_fields, count(*) from placed group by all
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


def _fields(sync: SyncSpec) -> str:
    """The payload without its nulls, but for those that clear: a removal's all do, others' as the field says."""
    members = []
    for field in sync.fields:
        path = quoted("/" + field.name.replace("~", "~0").replace("/", "~1"))
        member = f"{quoted(json.dumps(field.name) + ':')} || (payload -> {path})"
        is_left_out = f"json_type(payload, {path}) = 'NULL'" if field.null == "omit" else "false"
        members.append(f"if({is_left_out}, null, {member})")
    if not members:
        return "payload::varchar"
    return f"""case
        when operation = 'remove' or not contains(payload::varchar, ':null') then payload::varchar
        else '{{' || concat_ws(',', {", ".join(members)}) || '}}'
    end"""
