"""What a plan reads of the lake: members, what is mapped of them, contacts, consents and holdouts.

Of everybody, or of `sync_scope` only. Who is in scope has been looked up by then with all others who hold the same
keys (cohorte.activation.scope), so their contacts come from `sync_holder`, and their memberships and decisions from
tables of their own: no table of the lake is read twice for them.
"""

from dataclasses import dataclass

from cohorte.activation.columns import Columns, alias
from cohorte.activation.forms import quoted
from cohorte.activation.spec import MEMBERSHIP, SyncSpec

HELD_OUT = "holdout"
"""Why a member is not sent although nothing else speaks against it: an experiment compares them with those who are.

Who was sent before the holdout was declared is removed like others who are no longer wanted, by a mirror.
"""
IN_SCOPE = "customer_id in (select customer_id from sync_scope)"


@dataclass(frozen=True)
class Inputs:
    """SQL over the inputs of one sync."""

    columns: Columns
    in_scope: bool

    @property
    def sync(self) -> SyncSpec:
        return self.columns.sync

    @property
    def segments(self) -> str:
        return f"segment in ({', '.join(map(quoted, self.sync.segments))})"

    @property
    def membership_columns(self) -> str:
        """What is read of a membership."""
        return ", ".join(["customer_id", *(f'"{name}"' for name in sorted({*self._mapped_names, "holdout"}))])

    @property
    def _mapped_names(self) -> list[str]:
        return sorted({f.column for f in self.sync.fields if f.table == MEMBERSHIP} - {"customer_id"})

    def wanted(self) -> str:
        """Members of the segments, one row per customer, with the columns of the membership that are mapped."""
        single = len(self.sync.segments) == 1
        names = self._mapped_names
        columns = ", ".join(["customer_id", *(f'"{n}"' if single else f'max("{n}") as "{n}"' for n in names)])
        grouped = "" if single else "group by customer_id"
        return f"select {columns} from {self._memberships} {grouped}"

    def joins(self, members: str) -> str:
        """The mapped tables beside the members. Filtered before they are joined, for the sake of the hash tables."""
        return " ".join(
            f"left join ({self._mapped(table)}) as {alias(table)} on {alias(table)}.customer_id = {members}.customer_id"
            for table in self.sync.tables
        )

    def consent(self) -> str:
        """CTEs granted, denied and held. One person's refusal, or holdout, counts for everybody with that key."""
        return f"""granted as ({self.decided("is_granted")}),
        denied_customer as ({self.decided("not is_granted")}),
        denied_key as ({self._keys_of("denied_customer")}),
        held_customer as ({self._held()}),
        held_key as ({self._keys_of("held_customer")})"""

    def decided(self, how: str) -> str:
        """Customers who have decided so, where the sync asks for consent; nobody where it does not."""
        if self.in_scope:
            return f"select customer_id from sync_decision where {how}"
        return f"select customer_id from ({self.decisions()}) where {how}"

    def decisions(self) -> str:
        """What customers have decided: customer_id, is_granted."""
        if self.sync.consent is None:
            return "select null::varchar as customer_id, null::boolean as is_granted where false"
        about = f"channel = {quoted(self.sync.consent.channel)} and purpose = {quoted(self.sync.consent.purpose)}"
        return f"select customer_id, is_granted from marts.dim_consent where {about}"

    def left_out_cheaply(self, person: str) -> str:
        """Why a person is not sent, as far as that needs no hash and no look at others' rows."""
        without = "false" if self.sync.consent is None else f"{person}.customer_id not in (from granted)"
        return f"""case
            when coalesce(key, '') = '' then 'no {self.sync.key}'
            when {person}.customer_id in (from denied_customer) or key in (from denied_key) then 'opted out'
            when {without} then 'no consent'
            when {person}.customer_id in (from held_customer) or key in (from held_key) then '{HELD_OUT}'
        end"""

    def _mapped(self, table: str) -> str:
        if self.in_scope and table == self.sync.key_table:
            return "from sync_holder"
        return f"from {table} where {IN_SCOPE if self.in_scope else 'true'}"

    def _held(self) -> str:
        """Members whom an experiment holds out, of one of the segments or of all."""
        return f"select customer_id from {self._memberships} where holdout is not null"

    @property
    def _memberships(self) -> str:
        return "sync_membership" if self.in_scope else f"(from {MEMBERSHIP} where {self.segments})"

    def _keys_of(self, customers: str) -> str:
        """Keys of a CTE's customers."""
        if self.sync.key_table == MEMBERSHIP:
            return "select null::varchar as key where false"
        holders = "sync_holder" if self.in_scope else self.sync.key_table
        return f"""select {self.columns.held_key} from {holders}
            where customer_id in (from {customers}) and "{self.sync.key_column}" is not null"""
