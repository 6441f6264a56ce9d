"""The SQL of a plan: who should be in the audience, against who is believed to be.

Temporary tables, each made from the ones before:

    sync_changed      customers whose inputs have changed since the last run, where that is known, and keys they held
    sync_candidate    customers who look different from what was acknowledged, by one cheap fingerprint each
    sync_touched      those of them that need a closer look
    sync_held_key     the keys they hold, and those they are known to have held
    sync_believed     who of them, or with one of these keys, is on the platform, or may be
    sync_known        the keys they were sent under, and the platform's ids of them
    sync_touched_key  all these keys
    sync_holder       everybody who holds one of them
    sync_scope        all these customers
    sync_membership   their memberships; sync_decision: what they have decided about consent
    sync_member       the members in scope, with what is sent of each
    sync_difference   the exact answer for the scope, by destination_key: add, update, remove or skip, with the reason
    sync_plan         the rows to send, with their payload, in the order to send them

Where it is not known who has changed, the candidates are found by reading every member once. That alone grows with
the audience; the rest grows with the change.
"""

from cohorte.activation.columns import Columns
from cohorte.activation.forms import WELL_FORMED
from cohorte.activation.inputs import HELD_OUT, IN_SCOPE, Inputs
from cohorte.activation.scope import NOBODY, SUPPRESSED, Scope
from cohorte.activation.spec import MEMBERSHIP, SyncSpec

OPT_OUTS = ("suppressed", "opted out")
"""Reasons for a removal that no guard holds and no mode keeps."""
_IS_OPT_OUT = f"reason in {OPT_OUTS}"


class Statements:
    """The statements for one sync. Each binds `$sync`, its name.

    With `is_first`, nothing was ever sent: everybody is in scope, and nobody is compared to find that out.
    With `changed_only`, candidates are looked for among `sync_changed` (cohorte.activation.feed) and no further.
    """

    def __init__(
        self,
        sync: SyncSpec,
        key_form: str,
        *,
        is_first: bool = False,
        changed_only: bool = False,
        were_erased: bool = False,
    ) -> None:
        self.sync = sync
        self.is_first = is_first
        self.changed_only = changed_only
        self.columns = Columns(sync, key_form, were_erased)
        self.inputs = Inputs(self.columns, in_scope=not is_first)
        self.scope = Scope(self.columns, changed_only=changed_only)

    def before(self) -> tuple[str, ...]:
        """To be run and committed before `all`: a table that is not committed has no statistics to plan a join with."""
        return (NOBODY,) if self.is_first else self.scope.before()

    def all(self) -> tuple[str, ...]:
        """To be run in this order, in one transaction."""
        scope = () if self.is_first else (*self.scope.all(), self.memberships(), self.decisions())
        return *scope, self.members(), self.difference(), self.rows()

    def memberships(self) -> str:
        return f"""
        create or replace temp table sync_membership as
        select {self.inputs.membership_columns} from {MEMBERSHIP} where {self.inputs.segments} and {IN_SCOPE}
        """

    def decisions(self) -> str:
        return f"""
        create or replace temp table sync_decision as
        select customer_id, is_granted from ({self.inputs.decisions()}) where customer_id in (
            select customer_id from sync_scope union select customer_id from sync_believed
        )
        """

    def members(self) -> str:
        """The members in scope, with everything that is sent of them, or the reason why nothing is."""
        columns = self.columns
        plain_key = "key" if columns.key_form == "lower_trim" else "plain_key"
        return f"""
        create or replace temp table sync_member as
        with wanted as ({self.inputs.wanted()}),
        {self.inputs.consent()},
        person as (
            select wanted.customer_id, {columns.key("wanted")} as key, {columns.fingerprint("wanted")} as fingerprint,
                {columns.payload("wanted")} as payload, {columns.plain_key("wanted")} as plain_key,
                {columns.erased_key("wanted")} as erased_key
            from wanted {self.inputs.joins("wanted")}
        )
        select * replace ({columns.hashed(plain_key)} as plain_key), {columns.hashed("key")} as destination_key,
            {columns.payload_hash("payload")} as payload_hash,
            {self.inputs.left_out_cheaply("person")} as left_out
        from person
        """

    def difference(self) -> str:
        removals = "true" if self.sync.mode == "mirror" and self.sync.on_leave != "keep" else _IS_OPT_OUT
        updates = "false" if self.sync.mode == "append" else "true"
        return f"""
        create or replace temp table sync_difference as
        with {SUPPRESSED},
        denied as ({self.inputs.decided("not is_granted")}),
        shared as (select destination_key from sync_member group by 1 having count(*) > 1),
        twin as (
            select customer_id, row_number() over (
                partition by destination_key order by left_out is not null, customer_id
            ) as place
            from sync_member where destination_key in (from shared)
        ),
        judged as (
            select customer_id, destination_key, payload_hash, fingerprint,
                case
                    when customer_id in (from suppressed) or destination_key in (from suppressed)
                        or plain_key in (from suppressed) or erased_key in (from suppressed) then 'suppressed'
                    when left_out <> '{HELD_OUT}' then left_out
                    when not regexp_full_match(key, '{WELL_FORMED[self.sync.key]}') then 'malformed {self.sync.key}'
                    when left_out is not null then left_out
                    when customer_id in (select customer_id from twin where place > 1)
                        then 'same {self.sync.key} as another customer'
                end as left_out
            from sync_member
        ),
        sendable as (select * from judged where left_out is null),
        compared as (
            select
                case
                    when sendable.destination_key is null then 'remove'
                    when believed.destination_key is null or not believed.is_open_update then 'add'
                    when {updates} and (believed.is_open_update or sendable.payload_hash <> believed.payload_hash)
                        then 'update'
                    else 'keep'
                end as operation,
                coalesce(sendable.customer_id, believed.customer_id) as customer_id,
                coalesce(sendable.destination_key, believed.destination_key) as destination_key,
                coalesce(sendable.payload_hash, believed.payload_hash) as payload_hash,
                coalesce(sendable.fingerprint, 0) as fingerprint,
                coalesce(believed.is_acknowledged, false) as is_acknowledged,
                if(believed.meant.operation = operation, believed.meant.by, null) as intended_by
            from sendable full join sync_believed as believed using (destination_key)
        ),
        why as (
            select destination_key, min(left_out) as left_out from judged
            where left_out is not null and left_out not like 'same %' group by destination_key
        ),
        leaving as (
            select compared.*, case
                when customer_id in (from suppressed) or destination_key in (from suppressed) then 'suppressed'
                when customer_id in (from denied) then 'opted out'
                else coalesce(why.left_out, 'left')
            end as reason
            from compared left join why using (destination_key) where operation = 'remove'
        ),
        refused as (select destination_key, payload_hash from activation.rejected where sync = $sync),
        staying as (
            select *, operation <> 'keep' and (destination_key, payload_hash) in (from refused) as is_refused
            from compared where operation <> 'remove'
        )
        from leaving where {removals}
        union all by name
        select * exclude (is_refused) replace (if(is_refused, 'skip', operation) as operation),
            if(is_refused, 'rejected before', null) as reason
        from staying
        union all by name
        select 'skip' as operation, customer_id, false as is_acknowledged, left_out as reason
        from judged where left_out is not null
        union all by name
        select 'skip' as operation, customer_id, false as is_acknowledged, left_out as reason
        from sync_candidate where left_out is not null and customer_id not in (
            select customer_id from sync_scope where customer_id is not null
        )
        """

    def rows(self) -> str:
        cleared = ", ".join(f"'{f.name}', null" for f in self.sync.fields if self.sync.on_leave == "clear")
        return f"""
        create or replace temp table sync_plan as
        with going as (from sync_difference where operation in ('add', 'update', 'remove'))
        select
            going.operation, going.reason,
            case when operation <> 'remove' then 1 when {_IS_OPT_OUT} then 0 else 2 end as phase,
            going.customer_id, going.destination_key,
            if(operation = 'remove', known.key, member.key) as key,
            known.external_id,
            case
                when operation <> 'remove' then member.payload
                when reason = 'suppressed' then json_object()
                else json_object({cleared})
            end as payload,
            going.payload_hash, going.fingerprint, going.is_acknowledged, going.intended_by
        from going
        left join sync_member as member on member.customer_id = going.customer_id
        left join sync_known as known on known.destination_key = going.destination_key
        order by phase, operation, going.customer_id
        """
