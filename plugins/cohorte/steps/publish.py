"""Publish: what analysts read, moved on to a lake whose gates have all passed and that nobody is building."""

import logging
from datetime import UTC, datetime

from cohorte import clock
from cohorte.lake import CATALOG, Lake

log = logging.getLogger(__name__)

LAST_GATE = "gate features"
"""The commit that says that everything below the segments was whole, and right."""


def publish(*, lake: Lake) -> int | None:
    """The snapshot that `cohorte sql` answers from until the next one; None when the next build has begun already.

    To be called when the gate of the segments has passed. What a build has begun since would be half of it, so the
    snapshot before stays the published one; the build that has begun ends here, too.
    """
    snapshot = lake.snapshot()
    begun = lake.rows(
        f"""with commits as (
            select snapshot_id, author, commit_message, commit_extra_info from ducklake_snapshots('{CATALOG}')
            where snapshot_id <= ?
        )
        select commit_message from commits
        where
            author = 'dbt' and (commit_extra_info ->> 'layer') <> 'segments'
            and snapshot_id > (select coalesce(max(snapshot_id), 0) from commits where commit_message = ?)
        limit 1""",
        [snapshot, LAST_GATE],
    )
    if begun:
        log.warning("not published: %s belongs to a build that has begun since; its own end publishes", begun[0][0])
        return None
    values = [snapshot, clock.now(lake.settings).replace(tzinfo=None), datetime.now(UTC).replace(tzinfo=None)]
    lake.write("publish", lambda: lake.execute("insert into ops.published values (?, ?, ?)", values))
    return snapshot
