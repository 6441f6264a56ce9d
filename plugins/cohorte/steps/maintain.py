"""Maintain: a compact lake."""

from typing import Any

from cohorte.lake import CATALOG, Lake

KEEP_SNAPSHOTS = "30 days"
"""How long time travel reaches back; at least to what is published."""
ORPHANS_OLDER_THAN = "1 day"
"""Files no snapshot knows, younger than this, may belong to a writer at work."""


def maintain(*, lake: Lake) -> dict[str, Any]:
    """Merges small files, expires snapshots, deletes what nobody refers to; returns what each did."""
    lake.execute(f"call ducklake_flush_inlined_data('{CATALOG}')")
    merged = lake.rows(f"call ducklake_merge_adjacent_files('{CATALOG}')")
    oldest = lake.value(
        f"""select least(now() - interval '{KEEP_SNAPSHOTS}', max(snapshot_time))
        from ops.published inner join ducklake_snapshots('{CATALOG}') using (snapshot_id)"""
    )
    expired = lake.rows(f"call ducklake_expire_snapshots('{CATALOG}', older_than => '{oldest}')")
    cleaned = lake.rows(
        f"call ducklake_cleanup_old_files('{CATALOG}', older_than => now() - interval '{ORPHANS_OLDER_THAN}')"
    )
    orphans = lake.rows(
        f"call ducklake_delete_orphaned_files('{CATALOG}', older_than => now() - interval '{ORPHANS_OLDER_THAN}')"
    )
    return {"merged": len(merged), "expired": len(expired), "cleaned": len(cleaned), "orphans": len(orphans)}
