"""What has to be done: who should be in the audience, against who is believed to be.

Everything happens in SQL on columns; a plan is a temporary table on the lake's connection and a few counts. A person
is compared by `destination_key`, the hash of the key in the platform's own normal form, so two customers who share an
e-mail are one person there, and a customer who changes it is a removal and an addition.
"""

from dataclasses import dataclass, field

from cohorte.activation.spec import MEMBERSHIP, SyncSpec
from cohorte.lake import Lake

TABLE = "temp.main.sync_plan"
NORMAL_FORMS = {"lower_trim": "lower(trim({}))", "as_is": "{}::varchar"}
WELL_FORMED = {"email": r"[^@\s]+@[^@\s]+\.[^@\s]+", "phone": r"\+[1-9][0-9]{6,14}", "customer_id": r".+"}
OPT_OUTS = ("suppressed", "opted out")
"""Reasons for a removal that no guard holds and no mode keeps."""


@dataclass(frozen=True)
class Plan:
    """What a run would do. The rows are in the temporary table `TABLE` until the next plan on this connection."""

    sync: SyncSpec
    snapshot: int
    wanted: int
    """Members of the segment, whether or not they may be sent."""
    acknowledged: int
    """People believed to be in the audience."""
    adds: int = 0
    updates: int = 0
    removals: dict[str, int] = field(default_factory=dict)
    """By reason."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Members that are not sent, by reason."""
    unchanged: int = 0

    @property
    def opt_outs(self) -> int:
        return sum(rows for reason, rows in self.removals.items() if reason in OPT_OUTS)

    @property
    def total(self) -> int:
        return self.adds + self.updates + sum(self.removals.values())


def make_plan(sync: SyncSpec, *, key_form: str, lake: Lake) -> Plan:
    """Compares, and leaves the rows to send in `TABLE`: operation, reason, phase, customer_id, destination_key,
    key, external_id, payload (JSON), payload_hash, is_acknowledged, intended_by (the interrupted run that meant to
    send the very same).

    Phases: 0 opt-outs, 1 additions and updates, 2 removals. Raises duckdb.Error when a mapped column does not exist.
    """
    snapshot = lake.snapshot()
    lake.execute(f"create or replace temp table sync_difference as {_difference(sync, key_form)}", [sync.name])
    lake.execute(f"create or replace temp table sync_plan as {_rows(sync, key_form)}", [sync.name])
    counts = lake.rows(
        "select operation, reason, count(*), count(*) filter (is_acknowledged) from sync_difference group by all"
    )
    acknowledged = lake.value("select count(*) from activation.acknowledged where sync = ?", [sync.name])
    touched = sum(known for operation, _, _, known in counts if operation != "skip")
    return Plan(
        sync=sync,
        snapshot=snapshot,
        wanted=lake.value(f"select count(distinct customer_id) from {MEMBERSHIP} where {_in_segments(sync)}"),
        acknowledged=acknowledged,
        adds=sum(rows for operation, _, rows, _ in counts if operation == "add"),
        updates=sum(rows for operation, _, rows, _ in counts if operation == "update"),
        removals={reason: rows for operation, reason, rows, _ in counts if operation == "remove"},
        left_out={reason: rows for operation, reason, rows, _ in counts if operation == "skip"},
        unchanged=acknowledged - touched,
    )


def _difference(sync: SyncSpec, key_form: str) -> str:
    """One row per person to add, update, remove or leave out. Binds the sync's name."""
    in_mode = {
        "mirror": "true" if sync.on_leave != "keep" else "reason in ('suppressed', 'opted out')",
        "upsert": "reason in ('suppressed', 'opted out')",
        "append": "reason in ('suppressed', 'opted out')",
    }[sync.mode]
    updates = "false" if sync.mode == "append" else "true"
    return f"""
        with this as (select ? as sync),
        wanted as ({_wanted(sync)}),
        suppressed as (select identifier from activation.suppression),
        {_consent(sync, key_form)},
        person as (
            select wanted.customer_id, {_key(sync, key_form)} as key, {_payload_hash(sync)} as payload_hash
            from wanted {_joins(sync, "wanted")}
        ),
        hashed as (
            select *, sha256('{sync.key}:' || key) as destination_key from person
        ),
        judged as (
            select *, case
                when coalesce(key, '') = '' then 'no {sync.key}'
                when customer_id in (from suppressed) or destination_key in (from suppressed) then 'suppressed'
                when customer_id in (from denied_customer) or key in (from denied_key) then 'opted out'
                when {_without_consent(sync)} then 'no consent'
                when not regexp_full_match(key, '{WELL_FORMED[sync.key]}') then 'malformed {sync.key}'
                when row_number() over (partition by destination_key order by customer_id) > 1
                    then 'same {sync.key} as another customer'
            end as left_out
            from hashed
        ),
        open_intent as (
            select destination_key, any_value(customer_id) as customer_id, any_value(payload_hash) as payload_hash,
                bool_and(operation = 'update') as is_open_update,
                case
                    when count(distinct (operation, payload_hash)) = 1
                        then {{'operation': any_value(operation), 'by': min(sync_run_id)}}
                end as meant
            from activation.intent as intent
            where sync = (select sync from this) and not exists (
                select 1 from activation.delivery as delivery
                where delivery.sync = intent.sync and delivery.destination_key = intent.destination_key
                    and delivery.sync_run_id >= intent.sync_run_id and delivery.state in ('accepted', 'rejected')
            )
            group by destination_key
        ),
        acknowledged as (
            select customer_id, destination_key, payload_hash, true as is_acknowledged
            from activation.acknowledged where sync = (select sync from this)
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
                end as operation,
                coalesce(sendable.customer_id, believed.customer_id) as customer_id,
                coalesce(sendable.destination_key, believed.destination_key) as destination_key,
                coalesce(sendable.payload_hash, believed.payload_hash) as payload_hash,
                coalesce(believed.is_acknowledged, false) as is_acknowledged,
                if(believed.meant.operation = operation, believed.meant.by, null) as intended_by
            from sendable full join believed using (destination_key)
        ),
        leaving as (
            select * exclude (reason), case
                when customer_id in (from suppressed) or destination_key in (from suppressed) then 'suppressed'
                when customer_id in (from denied_customer) then 'opted out'
                else coalesce(reason, 'left')
            end as reason
            from (
                select compared.*, judged.left_out as reason
                from compared left join (
                    select destination_key, min(left_out) as left_out from judged
                    where left_out is not null and left_out not like 'same %' group by destination_key
                ) as judged using (destination_key)
                where operation = 'remove'
            )
        ),
        refused as (
            select destination_key, payload_hash from activation.rejected where sync = (select sync from this)
        )
        select * from leaving where {in_mode}
        union all by name
        select * replace (
            if((destination_key, payload_hash) in (from refused), 'skip', operation) as operation
        ), if((destination_key, payload_hash) in (from refused), 'rejected before', null) as reason
        from compared where operation in ('add', 'update')
        union all by name
        select 'skip' as operation, customer_id, destination_key, payload_hash, false as is_acknowledged,
            left_out as reason
        from judged where left_out is not null
    """


def _rows(sync: SyncSpec, key_form: str) -> str:
    """The rows to send, with what the platform gets. Binds the sync's name."""
    fields = ", ".join(f"'{f.name}', {_column(f.table, f.column, 'person')}" for f in sync.fields)
    wiped = ", ".join(f"'{f.name}', null" for f in sync.fields if sync.on_leave == "clear")
    return f"""
        with person as (
            {_wanted(sync, "and customer_id in (select customer_id from sync_difference)")}
        ),
        known as (
            select destination_key, key, external_id from pii.activation_key
            where sync = ? and destination_key in (select destination_key from sync_difference)
        )
        select
            difference.operation, difference.reason,
            case
                when operation <> 'remove' then 1 when reason in ('suppressed', 'opted out') then 0 else 2
            end as phase,
            difference.customer_id, difference.destination_key,
            if(operation = 'remove', known.key, {_key(sync, key_form)}) as key,
            known.external_id,
            if(operation = 'remove', json_object({wiped}), json_object({fields})) as payload,
            difference.payload_hash, difference.is_acknowledged, difference.intended_by
        from sync_difference as difference
        left join person using (customer_id) {_joins(sync, "difference")}
        left join known using (destination_key)
        where operation <> 'skip'
        order by phase, operation, customer_id
    """


def _in_segments(sync: SyncSpec) -> str:
    return f"segment in ({', '.join(_quoted(name) for name in sync.segments)})"


def _wanted(sync: SyncSpec, more: str = "") -> str:
    """Members of the segments, one row per customer, with the columns of the membership that are mapped."""
    names = sorted({f.column for f in sync.fields if f.table == MEMBERSHIP} - {"customer_id"})
    if len(sync.segments) == 1:
        columns = ", ".join(["customer_id", *(f'"{name}"' for name in names)])
        return f"select {columns} from {MEMBERSHIP} where {_in_segments(sync)} {more}"
    columns = ", ".join(["customer_id", *(f'max("{name}") as "{name}"' for name in names)])
    return f"select {columns} from {MEMBERSHIP} where {_in_segments(sync)} {more} group by customer_id"


def _joins(sync: SyncSpec, left: str) -> str:
    aliased = [(table, table.replace(".", "__")) for table in sync.tables]
    return " ".join(
        f"left join {table} as {name} on {name}.customer_id = {left}.customer_id" for table, name in aliased
    )


def _column(table: str, column: str, members: str) -> str:
    return f'{members if table == MEMBERSHIP else table.replace(".", "__")}."{column}"'


def _key(sync: SyncSpec, key_form: str) -> str:
    if sync.key_table == MEMBERSHIP:
        return NORMAL_FORMS[key_form].format("customer_id")
    return NORMAL_FORMS[key_form].format(_column(sync.key_table, sync.key_column, ""))


def _payload_hash(sync: SyncSpec) -> str:
    values = ", ".join(_column(f.table, f.column, "wanted") for f in sync.fields)
    return f"md5({_quoted(sync.signature)} || to_json(row({values}))::varchar)" if values else "md5('')"


def _consent(sync: SyncSpec, key_form: str) -> str:
    """CTEs granted, denied_customer and denied_key; one person's refusal counts for everybody with that key."""
    if sync.consent is None:
        nobody = "select null::varchar as customer_id where false"
        return f"granted as ({nobody}), denied_customer as ({nobody}), denied_key as ({nobody})"
    about = f"channel = {_quoted(sync.consent.channel)} and purpose = {_quoted(sync.consent.purpose)}"
    keys = "select null::varchar as key where false"
    if sync.key_table != MEMBERSHIP:
        key = NORMAL_FORMS[key_form].format(f'"{sync.key_column}"')
        keys = f"select distinct {key} from {sync.key_table} where customer_id in (from denied_customer)"
        keys += f' and "{sync.key_column}" is not null'
    return f"""
        granted as (select customer_id from marts.dim_consent where {about} and is_granted),
        denied_customer as (select distinct customer_id from marts.dim_consent where {about} and not is_granted),
        denied_key as ({keys})"""


def _without_consent(sync: SyncSpec) -> str:
    return "false" if sync.consent is None else "customer_id not in (from granted)"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
