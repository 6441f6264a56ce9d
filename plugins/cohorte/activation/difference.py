"""The SQL of a plan: who should be in the audience, against who is believed to be.

Temporary tables, each made from the ones before:

    sync_changed      customers whose inputs have changed since the last run, where that is known
    sync_candidate    customers who look different from what was acknowledged, by one cheap fingerprint each
    sync_known        the platform's keys of the acknowledged among them
    sync_scope        those, and everybody who shares a key with one of them
    sync_member       the members among them, with what is sent of each
    sync_difference   the exact answer for the scope, by destination_key: add, update, remove or skip, with the reason
    sync_plan         the rows to send, with their payload, in the order to send them

Where it is not known who has changed, the candidates are found by reading every member once. That alone grows with
the audience; the rest grows with the change.
"""

from cohorte.activation.spec import MEMBERSHIP, SyncSpec
from cohorte.privacy import keyed

_BARE = r"regexp_replace(lower({0}), '\s', '', 'g')"


def _google(email: str) -> str:
    """Gmail takes no notice of dots, nor of what follows a plus.

    https://developers.google.com/data-manager/api/devguides/concepts/formatting
    """
    name = f"replace(split_part(split_part({email}, '@', 1), '+', 1), '.', '')"
    is_gmail = f"ends_with({email}, '@gmail.com') or ends_with({email}, '@googlemail.com')"
    return f"if({is_gmail}, {name} || '@' || split_part({email}, '@', 2), {email})"


NORMAL_FORMS = {
    # trim() decodes every value it is given; most need none of it
    "lower_trim": "lower(if(starts_with({0}, ' ') or ends_with({0}, ' '), trim({0}), {0}))",
    "google_email": f"if(regexp_matches({{0}}, '\\s'), {_google(_BARE)}, {_google('lower({0})')})",
    "as_is": "{0}::varchar",
}
WELL_FORMED = {"email": r"[^@\s]+@[^@\s]+\.[^@\s]+", "phone": r"\+[1-9][0-9]{6,14}", "customer_id": r".+"}
OPT_OUTS = ("suppressed", "opted out")
"""Reasons for a removal that no guard holds and no mode keeps."""
_IS_OPT_OUT = f"reason in {OPT_OUTS}"
HELD_OUT = "holdout"
"""Why a member is not sent although nothing else speaks against it: an experiment compares them with those who are.

Who was sent before the holdout was declared is removed like others who are no longer wanted, by a mirror.
"""
IN_SCOPE = "customer_id in (select customer_id from sync_scope)"
_SUPPRESSED = "suppressed as (select identifier from activation.suppression)"
_OPEN = """open_intent as (
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


class Statements:
    """The statements for one sync. Each binds `$sync`, its name.

    With `is_first`, nothing was ever sent: everybody is in scope, and nobody is compared to find that out.
    With `changed_only`, candidates are looked for among `sync_changed` (cohorte.activation.feed) and no further.
    With `were_erased`, who was erased and comes again under another id is known by `$erasure_key`, the key of their
    hashes (cohorte.privacy.keyed).
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
        self.key_form = key_form
        self.is_first = is_first
        self.changed_only = changed_only
        self.were_erased = were_erased
        self.segments = f"segment in ({', '.join(map(quoted, sync.segments))})"

    def before(self) -> tuple[str, ...]:
        """To be run and committed before `all`: a table that is not committed has no statistics to plan a join with."""
        if self.is_first:
            return (self.nobody(),)
        return (self.sharing(), self.changed()) if self.changed_only else (self.candidates(),)

    def all(self) -> tuple[str, ...]:
        """To be run in this order, in one transaction."""
        scope = () if self.is_first else (self.scope(),)
        return self.known(), *scope, self.members(), self.difference(), self.rows()

    def nobody(self) -> str:
        """No candidates, and a scope that leaves nobody out: `sync_scope` is looked at for who was acknowledged."""
        return """
        create or replace temp table sync_candidate (
            customer_id varchar, key varchar, left_out varchar, destination_key varchar
        );
        create or replace temp table sync_scope (customer_id varchar, destination_key varchar)
        """

    def sharing(self) -> str:
        """One customer's contact, consent or holdout is a matter of everybody with that key."""
        if self.sync.key_table == MEMBERSHIP:
            return "select 1"
        key = NORMAL_FORMS[self.key_form].format(f'"{self.sync.key_column}"')
        return f"""
        insert into sync_changed
        select customer_id, 'sharing a key' from {self.sync.key_table} where {key} in (
            select {key} from {self.sync.key_table} where customer_id in (
                select customer_id from sync_changed
                where source <> '{MEMBERSHIP}' or customer_id in ({self._held()})
            )
        )
        """

    def changed(self) -> str:
        """Candidates by the change feeds; who of them is a member, and may be sent, is found out later."""
        among = "customer_id in (select customer_id from sync_changed)"
        key = NORMAL_FORMS[self.key_form].format(f'"{self.sync.key_column}"')
        holding = f"select customer_id, {key} as key from {self.sync.key_table} where {among}"
        if self.sync.key_table == MEMBERSHIP:
            holding = f"select distinct customer_id, {key} as key from sync_changed"
        return f"""
        create or replace temp table sync_candidate as
        with holding as ({holding}),
        seen as (select customer_id, destination_key from activation.acknowledged where sync = $sync and {among})
        select changed.customer_id, holding.key, null::varchar as left_out, seen.destination_key
        from (select distinct customer_id from sync_changed) as changed
        left join holding using (customer_id) left join seen using (customer_id)
        """

    def candidates(self) -> str:
        """Candidates by comparing everybody."""
        return f"""
        create or replace temp table sync_candidate as
        with wanted as ({self._wanted()}),
        {_SUPPRESSED},
        {_OPEN},
        {self._consent()},
        person as (
            select wanted.customer_id, {self._key("wanted")} as key, {self._fingerprint("wanted")} as fingerprint
            from wanted {self._joins("wanted")}
        ),
        member as (select *, {self._left_out_cheaply("person")} as left_out from person),
        seen as (
            select customer_id, fingerprint, destination_key,
                destination_key in (from suppressed) or customer_id in (from suppressed)
                or destination_key in (select destination_key from open_intent) as is_open
            from activation.acknowledged where sync = $sync
        )
        select coalesce(member.customer_id, seen.customer_id) as customer_id, member.key, member.left_out,
            seen.destination_key
        from member full join seen using (customer_id)
        where member.fingerprint is distinct from seen.fingerprint
            or (seen.customer_id is not null and (left_out is not null or is_open))
        union all
        select customer_id, null, null, destination_key from open_intent
        """

    def known(self) -> str:
        """Somebody left out before and after needs no further look, unless held out; all others are touched."""
        return """
        create or replace temp table sync_known as
        select destination_key, key, external_id from pii.activation_key
        where sync = $sync and destination_key in (
            select destination_key from sync_candidate where destination_key is not null
        )
        """

    def scope(self) -> str:
        holders = "select null::varchar where false"
        if self.sync.key_table != MEMBERSHIP:
            key = NORMAL_FORMS[self.key_form].format(f'"{self.sync.key_column}"')
            holders = f"select customer_id from {self.sync.key_table} where {key} in (from touched_key)"
        return f"""
        create or replace temp table sync_scope as
        with touched as (
            from sync_candidate
            where left_out is null or left_out = '{HELD_OUT}' or destination_key is not null
        ),
        touched_key as (select key from touched where key is not null union select key from sync_known)
        select customer_id, null as destination_key from touched
        union
        select customer_id, null from ({holders}) as holder(customer_id)
        union
        select null, {self._hashed("key")} from touched_key
        union
        select null, destination_key from touched where destination_key is not null
        """

    def members(self) -> str:
        """The members in scope, with everything that is sent of them, or the reason why nothing is."""
        plain_key = "key" if self.key_form == "lower_trim" else "plain_key"
        among = "true" if self.is_first else IN_SCOPE
        return f"""
        create or replace temp table sync_member as
        with wanted as ({self._wanted(among)}),
        {self._consent(among)},
        person as (
            select wanted.customer_id, {self._key("wanted")} as key, {self._fingerprint("wanted")} as fingerprint,
                {self._payload("wanted")} as payload, {self._plain_key("wanted")} as plain_key,
                {self._erased_key("wanted")} as erased_key
            from wanted {self._joins("wanted", among)}
        )
        select * replace ({self._hashed(plain_key)} as plain_key), {self._hashed("key")} as destination_key,
            md5({quoted(self.sync.signature)} || payload::varchar) as payload_hash,
            {self._left_out_cheaply("person")} as left_out
        from person
        """

    def difference(self) -> str:
        removals = "true" if self.sync.mode == "mirror" and self.sync.on_leave != "keep" else _IS_OPT_OUT
        updates = "false" if self.sync.mode == "append" else "true"
        return f"""
        create or replace temp table sync_difference as
        with {_SUPPRESSED},
        {_OPEN},
        denied as ({self._decided("not is_granted")}),
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
        acknowledged as (
            select customer_id, destination_key, payload_hash, true as is_acknowledged
            from activation.acknowledged
            where sync = $sync and destination_key in (select destination_key from sync_scope)
        ),
        believed as (
            select acknowledged.*, open_intent.is_open_update, open_intent.meant
            from acknowledged left join open_intent using (destination_key)
            union all
            select customer_id, destination_key, payload_hash, false, false, meant
            from open_intent where destination_key not in (select destination_key from acknowledged)
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
            from sendable full join believed using (destination_key)
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

    def _wanted(self, among: str = "true") -> str:
        """Members of the segments, one row per customer, with the columns of the membership that are mapped."""
        names = sorted({f.column for f in self.sync.fields if f.table == MEMBERSHIP} - {"customer_id"})
        single = len(self.sync.segments) == 1
        columns = ", ".join(["customer_id", *(f'"{n}"' if single else f'max("{n}") as "{n}"' for n in names)])
        grouped = "" if single else "group by customer_id"
        return f"select {columns} from {MEMBERSHIP} where {self.segments} and {among} {grouped}"

    def _joins(self, left: str, among: str = "true") -> str:
        """The mapped tables beside the members. Filtered before they are joined, for the sake of the hash tables."""
        return " ".join(
            f"left join (from {table} where {among}) as {alias} on {alias}.customer_id = {left}.customer_id"
            for table, alias in ((table, table.replace(".", "__")) for table in self.sync.tables)
        )

    def _key(self, members: str) -> str:
        return NORMAL_FORMS[self.key_form].format(_column(self.sync.key_table, self.sync.key_column, members))

    def _plain_key(self, members: str) -> str:
        """The key in the form suppressions are written in, whatever form the platform has."""
        return NORMAL_FORMS["lower_trim"].format(
            f"{_column(self.sync.key_table, self.sync.key_column, members)}::varchar"
        )

    def _erased_key(self, members: str) -> str:
        """The key as an erasure notes it; a customer_id ends with its customer."""
        if not self.were_erased or self.sync.key_table == MEMBERSHIP:
            return "null::varchar"
        column = _column(self.sync.key_table, self.sync.key_column, members)
        form = NORMAL_FORMS["google_email" if self.sync.key == "email" else "as_is"]
        return keyed.SQL.format(kind=self.sync.key, value=form.format(column))

    def _hashed(self, key: str) -> str:
        """128 bits of SHA-256: short, because millions are compared."""
        return f"sha256('{self.sync.key}:' || {key})[:32]"

    def _payload(self, members: str) -> str:
        named = (f"'{f.name}', {_column(f.table, f.column, members)}" for f in self.sync.fields)
        return f"json_object({', '.join(named)})"

    def _fingerprint(self, members: str) -> str:
        """Fast, and only a hint: another DuckDB may hash differently, which costs time and changes nothing."""
        key = _column(self.sync.key_table, self.sync.key_column, members)
        values = [_column(f.table, f.column, members) for f in self.sync.fields]
        return f"hash({', '.join([quoted(self.sync.signature), key, *values])})"

    def _consent(self, among: str = "true") -> str:
        """CTEs granted, denied and held. One person's refusal, or holdout, counts for everybody with that key."""
        return f"""granted as ({self._decided("is_granted", among)}),
        denied_customer as ({self._decided("not is_granted")}),
        denied_key as ({self._keys_of("denied_customer")}),
        held_customer as ({self._held()}),
        held_key as ({self._keys_of("held_customer")})"""

    def _held(self) -> str:
        """Members whom an experiment holds out, of one of the segments or of all."""
        return f"select customer_id from {MEMBERSHIP} where {self.segments} and holdout is not null"

    def _keys_of(self, customers: str) -> str:
        """Keys of a CTE's customers."""
        if self.sync.key_table == MEMBERSHIP:
            return "select null::varchar as key where false"
        key = NORMAL_FORMS[self.key_form].format(f'"{self.sync.key_column}"')
        return f"""select {key} from {self.sync.key_table}
            where customer_id in (from {customers}) and "{self.sync.key_column}" is not null"""

    def _decided(self, how: str, among: str = "true") -> str:
        """Customers who have decided so, where the sync asks for consent; nobody where it does not."""
        if self.sync.consent is None:
            return "select null::varchar as customer_id where false"
        about = f"channel = {quoted(self.sync.consent.channel)} and purpose = {quoted(self.sync.consent.purpose)}"
        return f"select customer_id from marts.dim_consent where {about} and {how} and {among}"

    def _left_out_cheaply(self, person: str) -> str:
        without = "false" if self.sync.consent is None else f"{person}.customer_id not in (from granted)"
        return f"""case
            when coalesce(key, '') = '' then 'no {self.sync.key}'
            when {person}.customer_id in (from denied_customer) or key in (from denied_key) then 'opted out'
            when {without} then 'no consent'
            when {person}.customer_id in (from held_customer) or key in (from held_key) then '{HELD_OUT}'
        end"""


def _column(table: str, column: str, members: str) -> str:
    return f'{members if table == MEMBERSHIP else table.replace(".", "__")}."{column}"'


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
