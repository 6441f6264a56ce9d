"""Who is meant: everything one person is known by, found from an e-mail address or a customer_id.

What holds only one person (ids) leads on to more; an address or a phone number does so only when it is what was asked
for, since couples share both. One that a record of somebody else carries, too, is `shared`: it stays with them.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from cohorte.lake import CATALOG, Lake
from cohorte.privacy.columns import identifying
from cohorte.privacy.keyed import normal

CONTACT, CRM_LEAD, META_LEAD = "raw.salesforce__contact", "raw.salesforce__lead", "raw.meta__lead"
IDENTITY, GOLDEN, SENT = "intermediate.int_identity__customer", "pii.dim_contact", "pii.activation_key"
RECORDS = {"salesforce:": "contact", "salesforce_lead:": "lead", "meta:": "meta_lead"}
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
    ("raw.salesforce__return_order", "order_id", "order", "id", "return_order"),
    ("raw.salesforce__return_order", "contact_id", "contact", "id", "return_order"),
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

COARSE = {
    "email": r"regexp_replace(lower({}), '[.\s]|\+[^@]*', '', 'g')",
    "phone": r"right(regexp_replace({}, '\D', '', 'g'), 7)",
}
"""What SQL narrows the search down by; `normal` (cohorte.privacy.keyed) has the last word."""

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
    asked = str(email or customer_id).strip()
    if email:
        asked = asked.lower()
        if "@" not in asked:
            raise ValueError("that is no e-mail address")
    search = _Search.begin(lake, "email" if email else "customer", asked)
    search.follow()
    shared = search.add_addresses(asked)
    search.add("destination_key", destination_keys(search.known))
    return Subject(asked, {kind: values for kind, values in search.known.items() if values}, shared)


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
    """What activation compares people by (cohorte.activation.columns), for every form a platform may have."""
    plain = {f"email:{value}" for value in known.get("email", ())}
    plain |= {f"email:{normal('email', value)}" for value in known.get("email", ())}
    plain |= {f"phone:{normal('phone', value)}" for value in known.get("phone", ())}
    plain |= {f"customer_id:{value}" for value in known.get("customer", ())}
    return {hashlib.sha256(value.encode()).hexdigest()[:32] for value in plain}


@dataclass
class _Search:
    """What is known of somebody so far, and the tables there are to learn more from."""

    lake: Lake
    tables: frozenset[str]
    known: Identifiers = field(default_factory=dict)

    @classmethod
    def begin(cls, lake: Lake, kind: str, asked: str) -> "_Search":
        rows = lake.rows(
            "select schema_name || '.' || table_name from duckdb_tables() where database_name = ?", [CATALOG]
        )
        search = cls(lake, frozenset(table for (table,) in rows))
        search.add(kind, {asked})
        if kind == "email":
            for table, column, wanted, wanted_kind in BY_ADDRESS:
                search.add(wanted_kind, search.values(table, f"lower(trim({column}))", {asked}, wanted))
        return search

    def follow(self) -> None:
        """From id to id, until no new one is found."""
        before = -1
        while before != (count := sum(map(len, self.known.values()))):
            before = count
            for prefix, kind in RECORDS.items():
                self.add("record", {prefix + value for value in self.of(kind)})
                self.add(kind, {r.removeprefix(prefix) for r in self.of("record") if r.startswith(prefix)})
            for table, column, kind, wanted, wanted_kind in BY_ID:
                self.add(wanted_kind, self.values(table, column, self.of(kind), wanted))

    def add_addresses(self, asked: str) -> dict[str, int]:
        """Addresses and numbers of the person's records, but for those others have, too; counts these by kind."""
        theirs: Identifiers = {}
        for table, column, kind, wanted, wanted_kind in REACHED_BY:
            form = f"lower(trim({wanted}))" if wanted_kind == "email" else wanted
            theirs.setdefault(wanted_kind, set()).update(self.values(table, column, self.of(kind), form))
        theirs["email"] = {value for value in theirs["email"] if "@" in value}  # a sync may go by other keys
        shared: dict[str, int] = {}
        for kind, values in theirs.items():
            others = {
                normal(kind, value)
                for table, column, id_kind, wanted, wanted_kind in REACHED_BY
                if wanted_kind == kind
                for value in self.of_others(table, column, self.of(id_kind), wanted, kind, values)
            }
            own = {value for value in values if value == asked or normal(kind, value) not in others}
            shared[kind] = len({normal(kind, value) for value in values - own})
            self.add(kind, own)
        return {kind: count for kind, count in shared.items() if count}

    def of(self, kind: str) -> set[str]:
        return self.known.get(kind, set())

    def add(self, kind: str, values: Iterable[str]) -> None:
        self.known.setdefault(kind, set()).update(values)

    def values(self, table: str, column: str, wanted: set[str], answer: str) -> set[str]:
        return self._distinct(table, answer, f"{column} in (select unnest(?::varchar[]))", wanted) if wanted else set()

    def of_others(self, table: str, column: str, ours: set[str], answer: str, kind: str, like: set[str]) -> set[str]:
        """Values of rows that are not ours, among them all those that mean the same as one of `like`."""
        coarse, wanted = COARSE[kind].format(answer), COARSE[kind].format("value")
        alike = f"{coarse} in (select {wanted} from (select unnest(?::varchar[]) as value))"
        return self._distinct(table, answer, f"{column} not in (select unnest(?::varchar[])) and {alike}", ours, like)

    def _distinct(self, table: str, answer: str, where: str, *values: set[str]) -> set[str]:
        if table not in self.tables:
            return set()
        rows = self.lake.rows(f"select distinct {answer} from {table} where {where}", [sorted(v) for v in values])
        return {value for (value,) in rows if value}
