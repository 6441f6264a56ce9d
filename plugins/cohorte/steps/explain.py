"""Explain: why two records are one person."""

from typing import TYPE_CHECKING

from cohorte.lake import Lake

if TYPE_CHECKING:
    from cohorte.identity.resolution import Step


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
