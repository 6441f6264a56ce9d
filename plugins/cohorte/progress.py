"""What is going on, for whoever watches: the demo's terminal, a notebook, the log."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """One sign of life. `rows` counts what the step has handled so far; `is_done` or `error` closes the step."""

    step: str
    rows: int | None = None
    seconds: float = 0.0
    is_done: bool = False
    error: str = ""


_watchers: list[Callable[[Progress], None]] = []


@contextmanager
def watched_by(watcher: Callable[[Progress], None]) -> Iterator[None]:
    """Shows every sign of life in this process to `watcher` for the length of the block."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


def report(progress: Progress) -> None:
    for watcher in _watchers:
        watcher(progress)
    if progress.is_done:
        log.info("%s: done in %.1f s, %s rows", progress.step, progress.seconds, progress.rows)
