"""kill -9 in the middle of a load: the next one ends with no duplicate, no gap and no orphan."""

import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from cohorte.credentials import Credentials
from cohorte.lake import Lake
from cohorte.landing import intent, parquet, register
from cohorte.settings import Settings
from cohorte.sources.base import Source, Stream, Window
from cohorte.steps.land import land
from cohorte.storage import LocalStorage

T0 = datetime(2017, 5, 1, tzinfo=UTC)
BATCHES, ROWS = 3, 1000


class Counter(Source):
    """Two streams of 3,000 numbered records each."""

    name = "counter"
    streams = tuple(Stream(name=name, resource=name, key=("Id",), cursor="At") for name in ("odd", "even"))

    def __init__(self, during: Callable[[str, int], None] = lambda stream, number: None) -> None:
        super().__init__(Credentials(name="counter_default"))
        self.during = during

    def read(self, stream: Stream, window: Window) -> Iterator[pa.RecordBatch]:
        for number in range(BATCHES if window.since is None or window.since <= T0 else 0):
            self.during(stream.name, number)
            ids = [number * ROWS + at for at in range(ROWS)]
            times = pa.array([T0] * ROWS, pa.timestamp("us", "UTC"))
            yield pa.RecordBatch.from_pydict({"Id": pa.array(ids), "At": times})


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def in_the_middle_of_reading(patch: pytest.MonkeyPatch) -> Source:
    return Counter(lambda stream, number: die() if (stream, number) == ("even", 1) else None)


def before_the_first_file(patch: pytest.MonkeyPatch) -> Source:
    patch.setattr("dlt.Pipeline.load", die)
    return Counter()


def between_two_files(patch: pytest.MonkeyPatch) -> Source:
    from dlt.destinations.impl.filesystem.filesystem import FilesystemLoadJob

    run = FilesystemLoadJob.run

    def one(job: Any) -> None:
        run(job)
        die()

    patch.setattr(FilesystemLoadJob, "run", one)
    return Counter()


def when_all_files_are_there(patch: pytest.MonkeyPatch) -> Source:
    write = parquet.write

    def then_die(*given: Any) -> None:
        write(*given)
        die()

    patch.setattr(parquet, "write", then_die)
    return Counter()


def just_before_the_commit(patch: pytest.MonkeyPatch) -> Source:
    patch.setattr(register, "quarantine", die)
    return Counter()


def just_after_the_commit(patch: pytest.MonkeyPatch) -> Source:
    patch.setattr(intent, "conclude", die)
    return Counter()


def _run(settings: Settings, moment: Callable[[pytest.MonkeyPatch], Source]) -> None:
    with pytest.MonkeyPatch.context() as patch, Lake.open(settings) as lake:
        land(moment(patch), lake=lake)


@pytest.mark.slow
@pytest.mark.parametrize(
    "moment",
    [
        in_the_middle_of_reading,
        before_the_first_file,
        between_two_files,
        when_all_files_are_there,
        just_before_the_commit,
        just_after_the_commit,
    ],
)
def test_after_a_kill_the_next_load_is_whole(
    lake: Lake, settings: Settings, moment: Callable[[pytest.MonkeyPatch], Source]
) -> None:
    for stream in Counter.streams:
        lake.execute(f"drop table if exists raw.counter__{stream.name}")
    lake.execute("delete from ops.load")
    shutil.rmtree(Path(settings.data_path) / "raw", ignore_errors=True)

    process = multiprocessing.get_context("spawn").Process(target=_run, args=(settings, moment))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    land(Counter(), lake=lake)

    for stream in Counter.streams:
        found = f"select count(*), count(distinct id), count(distinct _load_id) from raw.counter__{stream.name}"
        assert lake.rows(found) == [(BATCHES * ROWS, BATCHES * ROWS, 1)]
    registered = {
        file
        for stream in Counter.streams
        for (file,) in lake.rows(
            "select data_file from ducklake_list_files('lake', ?, schema => 'raw')", [f"counter__{stream.name}"]
        )
    }
    storage = LocalStorage(Path(settings.data_path))
    assert {storage.url(key) for key in storage.list("raw") if key.endswith(".parquet")} == registered
    assert list(storage.list("raw/_landing")) == []


def test_two_loads_of_a_source_take_turns(lake: Lake, settings: Settings) -> None:
    import threading

    entered = threading.Event()

    def second() -> None:
        with intent.alone(settings, "counter"):
            entered.set()

    with intent.alone(settings, "counter"):
        waiting = threading.Thread(target=second)
        waiting.start()
        with intent.alone(settings, "another"):
            assert not entered.is_set()
    waiting.join(10)
    assert entered.is_set()
