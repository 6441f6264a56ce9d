"""The journal of steps: each leaves one row in ops.run and says how it goes while it runs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from cohorte import clock
from cohorte.lake import Lake
from cohorte.progress import Progress, report
from cohorte.settings import run_context


@dataclass
class Entry:
    """What a step tells of itself while it runs."""

    step: str
    subject: str
    started: float
    rows: int | None = None

    def say(self, part: str, rows: int) -> None:
        """So many rows of one part (a stream, a batch) so far."""
        report(Progress(f"{self.step} {self.subject}.{part}", rows, time.monotonic() - self.started))


@contextmanager
def journal(lake: Lake, step: str, subject: str = "") -> Iterator[Entry]:
    """Times a step; on success writes its row. A step that failed leaves its traceback with the orchestrator."""
    entry = Entry(step, subject, time.monotonic())
    name = f"{step} {subject}".strip()
    report(Progress(name))
    try:
        yield entry
    except BaseException as error:
        seconds = time.monotonic() - entry.started
        report(Progress(name, entry.rows, seconds, error=str(error) or type(error).__name__))
        raise
    seconds = time.monotonic() - entry.started
    values = [
        run_context().get("dag_run_id", "manual"),
        step,
        subject,
        entry.rows,
        seconds,
        clock.now(lake.settings).replace(tzinfo=None),
        datetime.now(UTC).replace(tzinfo=None),
    ]
    lake.write(name, lambda: lake.execute("insert into ops.run values (?, ?, ?, ?, ?, ?, ?)", values))
    report(Progress(name, entry.rows, seconds, is_done=True))
