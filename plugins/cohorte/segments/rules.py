"""A segment's rules beside its SELECT, for one customer: exclusions, priority, limit, restoration, holdout."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cohorte.lake import Lake
from cohorte.segments.predicates import Predicate


@dataclass(frozen=True)
class Candidate:
    """What became of a customer whom the SELECT answers, by the lake as it is."""

    left_out: str | None
    place: int | None


def candidate(segment: str, customer: str, *, lake: Lake) -> Candidate | None:
    """None for somebody the SELECT does not answer."""
    found = lake.rows(
        "select left_out, place from segments.candidate where segment = ? and customer_id = ?", [segment, customer]
    )
    return Candidate(*found[0]) if found else None


def explain(
    segment: str, rules: dict[str, Any], customer: str, found: Candidate | None, *, lake: Lake
) -> list[Predicate]:
    """Each rule as a predicate that lets the customer in, or does not. Of a restored segment nothing else counts."""
    restored = lake.rows(
        "select max(restored_to), bool_or(customer_id = ?) from segments.pin where segment = ? having count(*) > 0",
        [customer, segment],
    )
    if restored:
        restored_to, is_in = restored[0]
        return [Predicate("restored", f"was a member at {restored_to}, to which the segment is restored", is_in)]
    return [
        *_exclusions(rules.get("exclusions", []), customer, lake),
        *_priority(segment, rules.get("priority"), customer, lake),
        *_limit(rules.get("limit"), found),
    ]


def say_holdout(rules: dict[str, Any], customer: str) -> str | None:
    """The experiment of a segment, and where the customer stands in it."""
    if not (holdout := rules.get("holdout")):
        return None
    place = holdout_place(holdout["experiment"], customer)
    outcome = "held out: a member whom no sync sends" if place < holdout["share"] else "not held out"
    return f"experiment {holdout['experiment']}: {outcome} ({place:.4f}, below {holdout['share']} is held out)"


def holdout_place(experiment: str, customer: str) -> float:
    """Where an experiment puts a customer, from 0 to 1; the same as the macro `holdout_place` of dbt_project/macros.

    The first 15 hexadecimal digits of md5(experiment || ':' || customer_id), as a share of 16^15.
    """
    import hashlib

    digest = hashlib.md5(f"{experiment}:{customer}".encode(), usedforsecurity=False).hexdigest()
    return int(digest[:15], 16) / 16**15


def _exclusions(others: list[str], customer: str, lake: Lake) -> Iterator[Predicate]:
    for other in others:
        yield Predicate("exclusions", f"not in {other}", not _is_member(other, customer, lake))


def _priority(segment: str, priority: dict[str, Any] | None, customer: str, lake: Lake) -> Iterator[Predicate]:
    """Those before it in its list, and those after it that are restored."""
    if priority is None:
        return
    rivals = lake.rows(
        """
        select segment, json_extract_string(rules, '$.priority.rank')::integer as rank from segments.definition
        where is_current and segment <> ? and json_extract_string(rules, '$.priority.list') = ?
            and (rank < ? or segment in (select segment from segments.pin))
        order by rank
        """,
        [segment, priority["list"], priority["rank"]],
    )
    for rival, rank in rivals:
        values = {"rank": priority["rank"], f"rank of {rival}": rank}
        yield Predicate(
            f"priority {priority['list']}", f"not in {rival}", not _is_member(rival, customer, lake), values
        )


def _limit(limit: dict[str, Any] | None, found: Candidate | None) -> Iterator[Predicate]:
    if limit is not None:
        place = found.place if found else None
        is_within = None if place is None else place <= limit["top"]
        yield Predicate("limit", f"among the first {limit['top']} by {limit['by']}", is_within, {"place": place})


def _is_member(segment: str, customer: str, lake: Lake) -> bool:
    return bool(
        lake.value(
            "select count(*) from segments.membership where segment = ? and customer_id = ?", [segment, customer]
        )
    )
