"""Who is meant: everything one person is known by, found from an e-mail address or a customer_id.

What holds only one person (ids) leads on to more; an address or a phone number does so only when it is what was asked
for, since couples share both. One that a record of somebody else carries, too, is `shared`: it stays with them.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from cohorte.lake import Lake
from cohorte.privacy.columns import identifying
from cohorte.privacy.keyed import normal

CONTACT, CRM_LEAD, META_LEAD = "raw.salesforce__contact", "raw.salesforce__lead", "raw.meta__lead"
IDENTITY, GOLDEN, SENT = "intermediate.int_identity__customer", "pii.dim_contact", "pii.activation_key"
RECORDS = {"salesforce:": "contact", "meta:": "meta_lead"}
"""What `record_id` begins with, and the kind of id that follows."""

BY_ADDRESS = (
    (CONTACT, "email", "id", "contact"),
    (CRM_LEAD, "email", "id", "lead"),
    (META_LEAD, "email", "id", "meta_lead"),
    (GOLDEN, "email", "customer_id", "customer"),
    (SENT, "key", "customer_id", "customer"),
)
"""Table, its column of addresses, the column of ids an address that was asked for leads to, their kind."""
BY_ID = (
    (IDENTITY, "record_id", "record", "customer_id", "customer"),
    (IDENTITY, "customer_id", "customer", "record_id", "record"),
    (CONTACT, "id", "contact", "individual_id", "individual"),
    (CONTACT, "id", "contact", "loyalty_id_c", "loyalty"),
    (CRM_LEAD, "converted_contact_id", "contact", "id", "lead"),
    (META_LEAD, "id", "meta_lead", "meta_user_id", "meta_user"),
    ("raw.salesforce__order", "bill_to_contact_id", "contact", "id", "order"),
)
"""Table, column, its kind, the column it leads to, and that one's kind."""
REACHED_BY = (
    (CONTACT, "id", "contact", "email", "email"),
    (CONTACT, "id", "contact", "mobile_phone", "phone"),
    (CRM_LEAD, "id", "lead", "email", "email"),
    (CRM_LEAD, "id", "lead", "phone", "phone"),
    (META_LEAD, "id", "meta_lead", "email", "email"),
    (META_LEAD, "id", "meta_lead", "phone_number", "phone"),
    (GOLDEN, "customer_id", "customer", "email", "email"),
    (GOLDEN, "customer_id", "customer", "phone_e164", "phone"),
    (SENT, "customer_id", "customer", "key", "email"),
    ("raw.salesforce__account", "id", "", "phone", "phone"),
)
"""Table, its id, the id's kind (none: never a person's), and a column of addresses or numbers."""

Identifiers = dict[str, set[str]]
"""Kind -> values; addresses in lower case and trimmed, numbers as they were typed."""


@dataclass(frozen=True)
class Subject:
    """One person."""

    asked: str
    """What they were asked for by: an e-mail address in lower case, or a customer_id."""
    identifiers: Identifiers
    shared: dict[str, int] = field(default_factory=dict)
    """Kind -> how many are left to somebody else, who has them, too."""

    def merged(self, earlier: Identifiers) -> "Subject":
        """With what was known before, when more of it was still there."""
        kinds = self.identifiers.keys() | earlier.keys()
        together = {kind: self.identifiers.get(kind, set()) | earlier.get(kind, set()) for kind in kinds}
        return Subject(self.asked, together, self.shared)


def find(lake: Lake, *, email: str | None = None, customer_id: str | None = None) -> Subject:
    """Everything the person is known by. Raises ValueError unless exactly one of the two is given."""
    if bool(email) == bool(customer_id):
        raise ValueError("say who: either an e-mail address or a customer_id")
    known: Identifiers = {}
    if email:
        asked = email.strip().lower()
        if "@" not in asked:
            raise ValueError("that is no e-mail address")
        known["email"] = {asked}
        for table, column, wanted, kind in BY_ADDRESS:
            _add(known, kind, _values(lake, table, f"lower(trim({column}))", {asked}, wanted))
    else:
        asked = str(customer_id).strip()
        known["customer"] = {asked}
    _follow(lake, known)
    shared = _add_addresses(lake, known, asked)
    _add(known, "destination_key", destination_keys(known))
    return Subject(asked, {kind: values for kind, values in known.items() if values}, shared)


def address_of(lake: Lake, digest: str) -> str | None:
    """The address whose SHA-256 (hex, of the address in lower case) is known; None when the lake has none such."""
    for schema, name, column in lake.rows(
        "select schema_name, table_name, column_name from duckdb_columns() where database_name = 'lake'"
    ):
        if identifying(f"{schema}.{name}", [column]).get(column) == ("email",):
            address = f'lower(trim("{column}"))'
            query = f'select {address} from "{schema}"."{name}" where sha256({address}) = ? limit 1'
            if found := lake.value(query, [digest.strip().lower()]):
                return str(found)
    return None


def destination_keys(known: Identifiers) -> set[str]:
    """What activation compares people by (cohorte.activation.difference), for every form a platform may have."""
    plain = {f"email:{value}" for value in known.get("email", ())}
    plain |= {f"email:{normal('email', value)}" for value in known.get("email", ())}
    plain |= {f"phone:{normal('phone', value)}" for value in known.get("phone", ())}
    plain |= {f"customer_id:{value}" for value in known.get("customer", ())}
    return {hashlib.sha256(value.encode()).hexdigest()[:32] for value in plain}


def _follow(lake: Lake, known: Identifiers) -> None:
    """From id to id, until no new one is found."""
    before = -1
    while before != (count := sum(map(len, known.values()))):
        before = count
        for prefix, kind in RECORDS.items():
            _add(known, "record", {prefix + value for value in known.get(kind, ())})
            _add(known, kind, {r.removeprefix(prefix) for r in known.get("record", ()) if r.startswith(prefix)})
        for table, column, kind, wanted, wanted_kind in BY_ID:
            _add(known, wanted_kind, _values(lake, table, column, known.get(kind, ()), wanted))


def _add_addresses(lake: Lake, known: Identifiers, asked: str) -> dict[str, int]:
    """Addresses and numbers of the person's records, but for those others have, too; counts these by kind."""
    theirs: Identifiers = {}
    for table, column, kind, wanted, wanted_kind in REACHED_BY:
        if kind:
            form = f"lower(trim({wanted}))" if wanted_kind == "email" else wanted
            _add(theirs, wanted_kind, _values(lake, table, column, known.get(kind, ()), form))
    shared: dict[str, int] = {}
    for kind, values in theirs.items():
        others = {
            normal(kind, value)
            for table, column, id_kind, wanted, wanted_kind in REACHED_BY
            if wanted_kind == kind
            for value in _of_others(lake, table, column, known.get(id_kind, ()), wanted)
        }
        values = {value for value in values if kind != "email" or "@" in value}  # a sync may go by other keys
        own = {value for value in values if value == asked or normal(kind, value) not in others}
        shared[kind] = len({normal(kind, value) for value in values - own})
        _add(known, kind, own)
    return {kind: count for kind, count in shared.items() if count}


def _values(lake: Lake, table: str, column: str, wanted: Iterable[str], answer: str) -> set[str]:
    wanted = list(wanted)
    return _distinct(lake, table, answer, f"{column} in (select unnest(?::varchar[]))", wanted) if wanted else set()


def _of_others(lake: Lake, table: str, column: str, ours: Iterable[str], answer: str) -> set[str]:
    return _distinct(lake, table, answer, f"{column} not in (select unnest(?::varchar[]))", list(ours))


def _distinct(lake: Lake, table: str, answer: str, where: str, values: list[str]) -> set[str]:
    if not lake.exists(table):
        return set()
    return {value for (value,) in lake.rows(f"select distinct {answer} from {table} where {where}", [values]) if value}


def _add(known: Identifiers, kind: str, values: Iterable[str]) -> None:
    known.setdefault(kind, set()).update(values)
