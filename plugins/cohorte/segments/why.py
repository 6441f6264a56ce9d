"""Why a customer is in a segment, or is not: every predicate and rule, when that changed, and through what."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cohorte.lake import Lake
from cohorte.segments import flips, moment, predicates, rules
from cohorte.segments.arrivals import Arrivals
from cohorte.segments.flips import Flip
from cohorte.segments.lineage import raw_tables
from cohorte.segments.moment import Moment
from cohorte.segments.predicates import Predicate
from cohorte.settings import Settings

ACCOUNT = "segments.candidate"
"""What became of whom; there since segments have rules beside their SELECT."""


@dataclass(frozen=True)
class Score:
    """What a model said, where the segment is made from one."""

    model: str
    version: str
    score: float | None
    label: str | None
    reasons: list[Any]


@dataclass(frozen=True)
class Difference:
    """A predicate or a rule that spoke otherwise. None: it was not there before, or is no longer, in the definition."""

    before: Predicate | None
    after: Predicate | None


@dataclass(frozen=True)
class Why:
    """The answer. `is_member` is what the last build decided; everything else looks at the lake of the moment."""

    customer_id: str
    segment: str
    moment: Moment
    version: int
    is_member: bool
    since: datetime | None
    holdout: str | None
    """The segment's experiment, and where the customer stands in it."""
    is_stale: bool
    """Whether the next build will decide otherwise: something has changed since the last."""
    predicates: list[Predicate]
    rules: list[Predicate]
    scores: list[Score]
    flips: list[Flip]
    differences: list[Difference]
    """What made the last flip."""


def why(customer: str, segment: str, *, settings: Settings, at: str | None = None) -> Why:
    """customer: an id, or an e-mail address. at: a business time, see `moment.find`; default: now.

    Raises ValueError for a customer or a segment nobody knows, and for a time the lake does not reach.
    """
    with Lake.open(settings, read_only=True) as lake:
        when = moment.find(at, lake=lake) if at else moment.latest(lake)
        with Lake.open(settings, read_only=True, at_snapshot=when.snapshot) as then:
            if not then.exists(ACCOUNT):
                raise ValueError(f"the segments of {when.time} were built by a Cohorte that kept no account of why")
            customer_id = find_customer(customer, lake=then)
            version, model, declared = _definition(segment, then)
            entered_at = then.value(
                "select entered_at from segments.membership where segment = ? and customer_id = ?",
                [segment, customer_id],
            )
            candidate = rules.candidate(segment, customer_id, lake=then)
            found = predicates.explain(segment, model, customer_id, lake=then)
            looked_at = {column for predicate in found for column in predicate.values}
            arrivals = Arrivals(customer_id, raw_tables(looked_at, settings=settings) if looked_at else None, then)
            moves = flips.find(segment, customer_id, until=when.snapshot, arrivals=arrivals, then=then, lake=lake)
            return Why(
                customer_id=customer_id,
                segment=segment,
                moment=when,
                version=version,
                is_member=entered_at is not None,
                since=entered_at,
                holdout=rules.say_holdout(declared, customer_id),
                is_stale=(entered_at is not None) != (candidate is not None and candidate.left_out is None),
                predicates=found,
                rules=rules.explain(segment, declared, customer_id, candidate, lake=then),
                scores=list(_scores(found, customer_id, then)),
                flips=moves,
                differences=_difference(segment, customer_id, moves[0], settings) if moves else [],
            )


def find_customer(text: str, *, lake: Lake) -> str:
    """The customer of an id or an e-mail address. Raises ValueError when there is none, or more than one."""
    if "@" in text:
        ids = lake.rows(
            "select customer_id from pii.dim_contact where lower(email) = lower(trim(?)) order by 1", [text]
        )
        if not ids:
            raise ValueError("no customer has that e-mail address")
        if len(ids) > 1:
            raise ValueError(f"several customers have that e-mail address: {', '.join(i for (i,) in ids)}. Name one.")
        return str(ids[0][0])
    if lake.value("select count(*) from marts.dim_customer where customer_id = ?", [text]):
        return text
    merged = lake.rows(
        """
        select customer_id, happened_at from marts.fct_identity_event
        where kind = 'merge' and other_customer_id = ? order by happened_at desc limit 1
        """,
        [text],
    )
    if merged:
        raise ValueError(f"customer {text} is customer {merged[0][0]} since {merged[0][1]:%Y-%m-%d}: they were merged")
    raise ValueError(f"no customer {text}: give a customer_id of marts.dim_customer, or an e-mail address")


def _definition(segment: str, lake: Lake) -> tuple[int, str, dict[str, Any]]:
    """Version, model and rules in force. Raises ValueError naming the segments there are."""
    found = lake.rows(
        "select version, model, rules from segments.definition where segment = ? and is_current", [segment]
    )
    if not found:
        from difflib import get_close_matches

        known = [name for (name,) in lake.rows("select segment from segments.definition where is_current order by 1")]
        near = get_close_matches(segment, known) or known
        raise ValueError(f"no segment called {segment!r}; there {'is' if len(near) == 1 else 'are'} {', '.join(near)}")
    version, model, declared = found[0]
    return version, model, json.loads(declared)


def _scores(found: list[Predicate], customer: str, lake: Lake) -> Iterator[Score]:
    """What the models said of the customer that the predicates ask about."""
    for model in dict.fromkeys(p.values["model"] for p in found if p.values.get("model")):
        for version, score, label, reasons in lake.rows(
            "select model_version, score, label, reasons from ml.score where model = ? and customer_id = ?",
            [model, customer],
        ):
            yield Score(model, version, score, label, json.loads(reasons or "[]"))


def _difference(segment: str, customer: str, flip: Flip, settings: Settings) -> list[Difference]:
    """Predicates and rules that spoke otherwise at the flip's build than before it, by the definitions of then."""
    if flip.build is None or flip.build_before is None:
        return []
    answers = []
    for build in (flip.build_before, flip.build):
        with Lake.open(settings, read_only=True, at_snapshot=build.snapshot) as lake:
            answers.append({(p.of, p.text): p for p in _judged(segment, customer, lake)})
    before, after = answers
    if not before:
        return []
    speaks_for = flip.what == "entered"
    found = [
        Difference(before.get(key), p)
        for key, p in after.items()
        if bool(p.is_met) == speaks_for and (key not in before or bool(before[key].is_met) != speaks_for)
    ]
    return found + [
        Difference(p, None) for key, p in before.items() if key not in after and bool(p.is_met) != speaks_for
    ]


def _judged(segment: str, customer: str, lake: Lake) -> list[Predicate]:
    """Predicates and rules by a lake's own definition; nothing where the segment was not declared."""
    if not lake.exists(ACCOUNT) or not lake.value(
        "select count(*) from segments.definition where segment = ? and is_current", [segment]
    ):
        return []
    _, model, declared = _definition(segment, lake)
    candidate = rules.candidate(segment, customer, lake=lake)
    found = predicates.explain(segment, model, customer, lake=lake)
    return found + rules.explain(segment, declared, customer, candidate, lake=lake)
