"""Explain: why two records are one person, or are not."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cohorte.lake import Lake

if TYPE_CHECKING:
    from cohorte.identity.resolution import Step


@dataclass(frozen=True)
class CutLink:
    """A link that would have made one person of two, and why it was not followed."""

    a: str
    b: str
    probability: float
    because: str
    cut: str


def why_linked(a: str, b: str, *, lake: Lake) -> "list[Step]":
    """The links between two records, or between the records of one customer nearest to them; no personal data.

    Raises ValueError for an id that is neither a record nor a customer.
    """
    from cohorte.identity import explain

    ends = [_record(end, lake) for end in (a, b)]
    customers = "select customer_id from intermediate.int_identity__customer where record_id in (?, ?)"
    links = lake.arrow(
        f"""select * from intermediate.int_identity__link
        where a in (select record_id from intermediate.int_identity__customer where customer_id in ({customers}))""",
        ends,
    )
    return explain(links.to_pandas(), *ends)


def cut_between(a: str, b: str, *, lake: Lake) -> list[CutLink]:
    """The links between two customers that were not followed, each with the reason. Arguments as for `why_linked`."""
    ends = [_record(end, lake) for end in (a, b)]
    rows = lake.rows(
        """with ends as (
            select record_id, customer_id from intermediate.int_identity__customer where customer_id in (
                select customer_id from intermediate.int_identity__customer where record_id in (?, ?))
        )
        select link.a, link.b, link.probability, link.because, link.cut
        from intermediate.int_identity__link as link
        inner join ends as one on one.record_id = link.a
        inner join ends as other on other.record_id = link.b and other.customer_id <> one.customer_id
        where link.cut is not null
        order by link.probability desc, link.a, link.b""",
        ends,
    )
    return [CutLink(*row) for row in rows]


def _record(name: str, lake: Lake) -> str:
    """The record of that id, or the first one of the customer of that id."""
    known = lake.value(
        """select min(record_id) from intermediate.int_identity__customer
        where record_id = ? or (customer_id = ? and record_id <> ?)""",
        [name, name, name],
    )
    if known is None:
        raise ValueError(f"{name} is neither a record nor a customer; see intermediate.int_identity__customer")
    return str(known)
