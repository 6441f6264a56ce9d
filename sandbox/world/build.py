"""Generate the world, once, atomically: a generation that was killed is done again.

Files in the sandbox's folder: `world.duckdb` (read-only afterwards); `truth.csv` (contact -> household) and
`truth_interest.csv` (lead or comment -> the interest it shows), for tests only; `state.sqlite` (clock, planted
changes, what the destinations hold); `keys.json` (tokens and the service account).
"""

import fcntl
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

FORMAT = 7
"""Raise when the generator changes: a world of another format is made anew."""

MOST_COPIES = 500
"""More than a million customers."""
MEMORY = "4GB"
"""What generation may hold; the rest waits on disk."""


@dataclass(frozen=True)
class Cut:
    """Which world: how many real households (None: all 2,469), how many copies of each, which dice."""

    households: int | None = None
    scale: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.households is not None and self.households < 1:
            raise ValueError(f"sandbox: households must be at least 1, not {self.households}")
        if not 1 <= self.scale <= MOST_COPIES:
            raise ValueError(f"sandbox: scale must be 1 to {MOST_COPIES}, not {self.scale}")


def prepare(folder: Path, cut: Cut) -> Path:
    """The world's file in `folder`, generated if it is not there yet.

    Raises RuntimeError when the folder holds another world (other households, scale or seed).
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "world.duckdb"
    with (folder / "world.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file closes, also when the process dies
        if path.exists():
            found = _stamp(path)
            if found == (FORMAT, cut):
                return path
            if found[0] == FORMAT:
                raise RuntimeError(
                    f"sandbox: {folder} holds another world ({found[1]}), asked for {cut}. "
                    "Use another --dir, or delete this one."
                )
            _forget(folder)
        unfinished = folder / "world.unfinished"
        unfinished.unlink(missing_ok=True)
        _generate(unfinished, cut)
        unfinished.rename(path)
    return path


def _generate(path: Path, cut: Cut) -> None:
    from sandbox.world import ads, crm, mail, returns, sales, social, source, web

    with duckdb.connect(str(path)) as world:
        world.execute(f"SET threads = {min(os.cpu_count() or 1, 4)}")
        world.execute(f"SET memory_limit = '{MEMORY}'")
        world.execute(f"SET temp_directory = '{path.parent / 'unfinished'}'")
        source.attach(world, households=cut.households, scale=cut.scale, seed=cut.seed)
        crm.build(world, seed=cut.seed)
        sales.build(world)
        returns.build(world)
        web.build(world)
        social.build(world, seed=cut.seed)
        ads.build(world)
        mail.build(world)
        _write_truth(world, path.parent)
        world.execute("DROP TABLE truth")
        world.execute("CREATE TABLE stamp (format INTEGER, households INTEGER, scale INTEGER, seed INTEGER)")
        world.execute("INSERT INTO stamp VALUES (?, ?, ?, ?)", [FORMAT, cut.households, cut.scale, cut.seed])
    for leftover in path.parent.glob(path.name + ".wal"):
        leftover.unlink()
    shutil.rmtree(path.parent / "unfinished", ignore_errors=True)


def _write_truth(world: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """What no platform would tell, for tests to measure against."""
    world.execute(f"COPY (SELECT contact_id, household_id, duplicate FROM truth) TO '{folder / 'truth.csv'}'")
    texts = (
        "SELECT 'lead' AS kind, id, interest FROM lead UNION ALL SELECT 'comment', id, coalesce(interest, '') "
        "FROM page_comment ORDER BY ALL"
    )
    world.execute(f"COPY ({texts}) TO '{folder / 'truth_interest.csv'}'")


def _stamp(path: Path) -> tuple[int, Cut]:
    with duckdb.connect(str(path), read_only=True) as world:
        row = world.execute("SELECT format, households, scale, seed FROM stamp").fetchone()
    assert row is not None
    return row[0], Cut(*row[1:])


def _forget(folder: Path) -> None:
    """Drop a world of another format, and the state that referred to its records."""
    for name in ("world.duckdb", "truth.csv", "truth_interest.csv", "state.sqlite"):
        (folder / name).unlink(missing_ok=True)
