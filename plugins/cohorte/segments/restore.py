"""Yesterday's audience back: who was a member is pinned, and the segment answers them until it is released.

Nothing is sent from here. The next build of the segments makes the membership so, and syncs send the difference as they
send any other: planned, guarded, with receipts; consent, suppressions and holdouts are those of today (docs/adr/0012).
"""

from dataclasses import dataclass

from cohorte import clock
from cohorte.lake import Lake
from cohorte.segments import moment
from cohorte.segments.moment import Moment
from cohorte.settings import Settings


@dataclass(frozen=True)
class Restored:
    """What was pinned. `gone`: members of then who are no customers any more."""

    segment: str
    moment: Moment
    members: int
    gone: int
    entering: int
    """Who comes back with the next build."""
    leaving: int
    is_new: bool
    """False where the same was pinned already: nothing was written."""


def restore(segment: str, at: str, *, settings: Settings) -> Restored:
    """Pins the members of a segment as of `at` (see `moment.find`); instead of what was pinned before.

    A customer who was merged since comes back as whom they are now; one who was split, as all of them.
    Raises ValueError for a segment that is not declared, a time the lake does not reach, or when nobody was in it.
    """
    with Lake.open(settings) as lake:
        if not lake.value("select count(*) from segments.definition where segment = ? and is_current", [segment]):
            raise ValueError(f"no segment called {segment!r} is declared; take its file out of git first, and build")
        when = moment.find(at, lake=lake)
        with Lake.open(settings, read_only=True, at_snapshot=when.snapshot) as past:
            then = past.arrow(
                """
                select member.customer_id, score, reason, record.record_id
                from segments.membership as member
                left join intermediate.int_identity__customer as record using (customer_id) where segment = ?
                """,
                [segment],
            )
        if not then.num_rows:
            raise ValueError(f"nobody was in {segment} at {when.time}: there is nothing to go back to")
        with lake.view("then", then):
            lake.execute(_WANTED)
            gone = lake.value(_GONE)
        return _pin(segment, when, gone, lake)


def release(segment: str, *, settings: Settings) -> int:
    """Lets the SELECT decide again; how many were pinned. Raises ValueError when the segment is not restored."""
    with Lake.open(settings) as lake:
        pinned = int(lake.value("select count(*) from segments.pin where segment = ?", [segment]))
        if not pinned:
            raise ValueError(f"{segment} is not restored: there is nothing to release")
        lake.write(f"release {segment}", lambda: lake.execute("delete from segments.pin where segment = ?", [segment]))
        return pinned


_WANTED = """
    create or replace temp table wanted as
    select record.customer_id, max("then".score) as score, min("then".reason) as reason
    from "then" join intermediate.int_identity__customer as record using (record_id)
    where record.customer_id in (select customer_id from marts.dim_customer)
    group by record.customer_id
    """
"""By their records, which outlive a merge."""
_GONE = """
    select count(distinct customer_id) from "then" where customer_id not in (
        select "then".customer_id from "then" join intermediate.int_identity__customer as record using (record_id)
        where record.customer_id in (from (select customer_id from wanted))
    )
    """


def _pin(segment: str, when: Moment, gone: int, lake: Lake) -> Restored:
    """Writes the temporary table `wanted`, unless it is pinned already."""
    entering, leaving = lake.rows(
        """
        select count(*) filter (where member.customer_id is null), count(*) filter (where wanted.customer_id is null)
        from wanted full join (from segments.membership where segment = ?) as member using (customer_id)
        """,
        [segment],
    )[0]
    differing = lake.value(
        """
        select count(*) from wanted full join (from segments.pin where segment = ?) as pin using (customer_id)
        where wanted.customer_id is null or pin.customer_id is null or pin.restored_to <> ?
        """,
        [segment, when.time],
    )

    def work() -> None:
        lake.execute("delete from segments.pin where segment = ?", [segment])
        lake.execute(
            "insert into segments.pin select ?, customer_id, score, reason, ?, ?, ? from wanted",
            [segment, when.time, when.snapshot, clock.now(lake.settings).replace(tzinfo=None)],
        )

    if differing:
        lake.write(f"restore {segment} to {when.time}", work)
    members = lake.value("select count(*) from wanted")
    return Restored(segment, when, members, gone, entering, leaving, bool(differing))
