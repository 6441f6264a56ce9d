"""Who a plan looks at closely: whoever looks different from what was acknowledged, and whoever shares a key with them.

Where the lake's change feeds name who has changed, each table is read once for them, and twice the one that holds the
keys: by customer for the keys, by key for everybody who holds one. Where they do not, every member is read once.
"""

from cohorte.activation.columns import Columns
from cohorte.activation.inputs import HELD_OUT, Inputs
from cohorte.activation.spec import MEMBERSHIP

OPEN = """open_intent as (
            select destination_key, any_value(customer_id) as customer_id, any_value(payload_hash) as payload_hash,
                bool_and(operation = 'update') as is_open_update,
                case
                    when count(distinct (operation, payload_hash)) = 1
                        then {'operation': any_value(operation), 'by': min(sync_run_id)}
                end as meant
            from activation.intent as intent
            where sync = $sync and not exists (
                select 1 from activation.delivery as delivery
                where delivery.sync = intent.sync and delivery.destination_key = intent.destination_key
                    and delivery.sync_run_id >= intent.sync_run_id and delivery.state in ('accepted', 'rejected')
            )
            group by destination_key
        )"""
"""Written down, perhaps sent, never answered: may or may not be on the platform."""
SUPPRESSED = "suppressed as (select identifier from activation.suppression)"


class Scope:
    """The statements that find it. Each binds `$sync`, its name."""

    def __init__(self, columns: Columns, *, changed_only: bool) -> None:
        self.inputs = Inputs(columns, in_scope=False)
        self.changed_only = changed_only
        self.columns = columns
        self.sync = columns.sync

    def before(self) -> tuple[str, ...]:
        """The candidates, and whom to look at: to be run before `all`, and committed."""
        return (self.changed() if self.changed_only else self.compared()), self.touched()

    def all(self) -> tuple[str, ...]:
        """Of those, the scope: to be run in this order, in one transaction."""
        return self.held_keys(), self.believed(), self.known(), self.touched_keys(), self.holders(), self.scope()

    def changed(self) -> str:
        """Candidates by the change feeds; who of them is a member, and may be sent, is found out later."""
        return """
        create or replace temp table sync_candidate as
        select distinct customer_id, null::varchar as left_out, null::varchar as destination_key from sync_changed
        """

    def compared(self) -> str:
        """Candidates by comparing everybody."""
        return f"""
        create or replace temp table sync_candidate as
        with wanted as ({self.inputs.wanted()}),
        {SUPPRESSED},
        {OPEN},
        {self.inputs.consent()},
        person as (
            select wanted.customer_id, {self.columns.key("wanted")} as key,
                {self.columns.fingerprint("wanted")} as fingerprint
            from wanted {self.inputs.joins("wanted")}
        ),
        member as (select *, {self.inputs.left_out_cheaply("person")} as left_out from person),
        seen as (
            select customer_id, fingerprint, destination_key,
                destination_key in (from suppressed) or customer_id in (from suppressed)
                or destination_key in (select destination_key from open_intent) as is_open
            from activation.acknowledged where sync = $sync
        )
        select coalesce(member.customer_id, seen.customer_id) as customer_id, member.left_out, seen.destination_key
        from member full join seen using (customer_id)
        where member.fingerprint is distinct from seen.fingerprint
            or (seen.customer_id is not null and (left_out is not null or is_open))
        union all
        select customer_id, null, destination_key from open_intent
        """

    def touched(self) -> str:
        """Somebody left out before and after needs no further look, unless held out; all others are touched."""
        return f"""
        create or replace temp table sync_touched as
        select customer_id, destination_key from sync_candidate
        where left_out is null or left_out = '{HELD_OUT}' or destination_key is not null
        """

    def held_keys(self) -> str:
        """The keys they hold, and those a feed says they held."""
        table = "sync_touched" if self.sync.key_table == MEMBERSHIP else self.sync.key_table
        told = "union select key from sync_changed where key is not null" if self.changed_only else ""
        return f"""
        create or replace temp table sync_held_key as
        select distinct {self.columns.held_key} as key from {table}
        where customer_id in (select customer_id from sync_touched)
        {told}
        """

    def believed(self) -> str:
        """Acknowledged, or sent without an answer: they, and whoever has one of these keys."""
        return f"""
        create or replace temp table sync_believed as
        with {OPEN},
        touched_key as (
            select {self.columns.hashed("key")} as destination_key from sync_held_key where key is not null
            union all select destination_key from sync_touched where destination_key is not null
        ),
        acknowledged as (
            select customer_id, destination_key, payload_hash from activation.acknowledged where sync = $sync and (
                customer_id in (select customer_id from sync_touched where customer_id is not null)
                or destination_key in (from touched_key)
            )
        )
        select acknowledged.*, true as is_acknowledged, open_intent.is_open_update, open_intent.meant
        from acknowledged left join open_intent using (destination_key)
        union all
        select customer_id, destination_key, payload_hash, false, false, meant
        from open_intent where destination_key not in (select destination_key from acknowledged)
        """

    def known(self) -> str:
        """The keys, and the platform's own ids, under which they were sent.

        A key that somebody in scope holds needs no look at the ledger: it hashes to the same. Nor do ids where the
        platform has none; DuckDB reads nothing for a join with nobody.
        """
        ledger = "select destination_key, key, external_id from pii.activation_key where sync = $sync"
        return f"""
        create or replace temp table sync_known as
        with held as (
            select destination_key, key from (
                select {self.columns.hashed("key")} as destination_key, key from sync_held_key where key is not null
            ) where destination_key in (select destination_key from sync_believed)
        ),
        identified as (
            {ledger} and destination_key in (
                select destination_key from held
                where exists (from pii.activation_key where sync = $sync and external_id is not null)
            )
        )
        select destination_key, held.key, identified.external_id from held left join identified using (destination_key)
        union all
        {ledger} and destination_key in (
            select destination_key from sync_believed
            where destination_key not in (select destination_key from held)
        )
        """

    def touched_keys(self) -> str:
        return """
        create or replace temp table sync_touched_key as
        select key from sync_held_key where key is not null union select key from sync_known
        """

    def holders(self) -> str:
        """Everybody who holds one of these keys, with what is mapped of their contact."""
        table = self.sync.key_table
        if table == MEMBERSHIP:
            return "create or replace temp table sync_holder (customer_id varchar)"
        names = {self.sync.key_column, *(f.column for f in self.sync.fields if f.table == table)} - {"customer_id"}
        columns = ", ".join(f'"{name}"' for name in sorted(names))
        return f"""
        create or replace temp table sync_holder as
        select customer_id, {columns} from {table} where {self.columns.held_key} in (from sync_touched_key)
        """

    def scope(self) -> str:
        return """
        create or replace temp table sync_scope as
        select customer_id from sync_touched where customer_id is not null union select customer_id from sync_holder
        """


NOBODY = """
    create or replace temp table sync_candidate (customer_id varchar, left_out varchar);
    create or replace temp table sync_scope (customer_id varchar);
    create or replace temp table sync_known (destination_key varchar, key varchar, external_id varchar);
    create or replace temp table sync_believed (
        customer_id varchar, destination_key varchar, payload_hash varchar, is_acknowledged boolean,
        is_open_update boolean, meant struct(operation varchar, "by" varchar)
    )
    """
"""What a first plan knows: no candidates, because nobody is left out of its scope, and nobody believed to be there."""
