"""The ledger's statements. They bind what they name of $run, $sync, $segments and $now.

They read the plan's temporary tables (cohorte.activation.difference), and of each wave:

    wave        its rows (cohorte.activation.wave)
    told        destination_key, state, reason, external_id: of the rows somebody had a word to say about
    answered    the wave with its answers
"""

from cohorte.activation.inputs import HELD_OUT

NEWLY_HELD_OUT = f"""
    select $run, $sync, member.segment, member.holdout, customer_id, $now
    from sync_difference as skipped join segments.membership as member using (customer_id)
    where skipped.operation = 'skip' and skipped.reason = '{HELD_OUT}'
        and member.holdout is not null and list_contains($segments, member.segment)
        and (member.segment, member.holdout, customer_id) not in (
            select (segment, experiment, customer_id) from activation.holdout where sync = $sync
        )
    """

KEPT = """
    create or replace temp table sync_kept as
    select destination_key from pii.activation_key
    where sync = $sync and destination_key in (select destination_key from sync_plan)
    """
"""Keys of the plan's people that are there already; found once a run, because that reads all of them."""
REFUSED = """
    create or replace temp table sync_refused as
    select destination_key from activation.rejected
    where sync = $sync and destination_key in (select destination_key from sync_plan)
    """
"""Who of them was refused before; found once a run, because no row is sent twice in one."""
INTEND = (
    """
    insert into activation.intent
    select $run, $sync, operation, customer_id, destination_key, payload_hash, $now from wave
    """,
    """
    insert into pii.activation_key
    select $sync, customer_id, destination_key, key, external_id from wave
    where operation <> 'remove' and destination_key not in (from sync_kept)
    """,
)

KEEP = """
    update activation.acknowledged as known
    set customer_id = kept.customer_id, fingerprint = kept.fingerprint
    from sync_difference as kept
    where known.sync = $sync and known.destination_key = kept.destination_key and kept.operation = 'keep'
        and (kept.customer_id, kept.fingerprint) <> (known.customer_id, known.fingerprint)
    """
"""People who look different from what was acknowledged, and are not: not to be looked at again."""
FORGET_ALL = "delete from activation.intent where sync = $sync"
FORGET_SETTLED = """
    delete from activation.intent where sync = $sync and (
        destination_key not in (select destination_key from sync_plan)
        or destination_key in (
            select destination_key from activation.delivery
            where sync_run_id = $run and state in ('accepted', 'rejected')
        )
    )
    """

ANSWERED = """
    create or replace temp view answered as
    select wave.* replace (
            if(told.state is null, wave.reason, told.reason) as reason,
            coalesce(told.external_id, wave.external_id) as external_id
        ), coalesce(told.state, 'accepted') as state
    from wave left join told using (destination_key)
    """
SETTLE = (
    (
        "true",
        """
        insert into activation.delivery
        select $run, $sync, operation, customer_id, destination_key, payload_hash, state, reason, $now from answered
        """,
    ),
    (
        "exists (from wave where is_acknowledged)",
        """
        delete from activation.acknowledged where sync = $sync and destination_key in (
            select destination_key from answered where state = 'accepted' and is_acknowledged
        )
        """,
    ),
    (
        "exists (from wave where operation <> 'remove')",
        """
        insert into activation.acknowledged
        select $sync, customer_id, destination_key, payload_hash, fingerprint, $now from answered
        where state = 'accepted' and operation <> 'remove'
        """,
    ),
    (
        "exists (from sync_refused)",
        """
        delete from activation.rejected
        where sync = $sync and destination_key in (select destination_key from answered)
        """,
    ),
    (
        "exists (from told where state = 'rejected')",
        """
        insert into activation.rejected
        select $sync, customer_id, destination_key, payload_hash, reason, $now from answered
        where state = 'rejected' and operation <> 'remove'
        """,
    ),
    (
        "exists (from wave where operation = 'remove')",
        """
        delete from pii.activation_key where sync = $sync and destination_key in (
            select destination_key from answered where state = 'accepted' and operation = 'remove'
        )
        """,
    ),
    (
        "exists (from told where external_id is not null)",
        """
        update pii.activation_key as known set external_id = answered.external_id
        from answered
        where known.sync = $sync and known.destination_key = answered.destination_key
            and answered.external_id is not null and answered.external_id is distinct from known.external_id
        """,
    ),
)
"""Statements, each with what must be so for it to change anything, and is quickly known."""
