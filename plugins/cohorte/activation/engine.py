"""Sending a plan: wave by wave, each wave stage by stage, each stage in batches, as many at once as the limits allow.

A wave is: intents committed, calls made, receipts committed. Memory and what a crash leaves open are bounded by one.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from cohorte.activation.budget import Budget
from cohorte.activation.ledger import Counts, Ledger
from cohorte.activation.parcel import Parcel, TextWave
from cohorte.activation.wave import Item, Wave, waves, written_as
from cohorte.destinations.base import (
    ACCEPTED,
    AccessRefused,
    Audience,
    AudienceGone,
    Batch,
    Destination,
    DestinationError,
    Receipts,
    Refused,
    Stage,
    Throttled,
    Unavailable,
    rejected,
    retry_after,
)

ATTEMPTS = 5
"""Calls that a batch is worth while the platform fails."""
PATIENCE = 600.0
"""Seconds a throttled batch waits in total before its rows are left to the next run."""
HOPELESS = 10
"""So many rows of one batch refused one by one, and none accepted: the declaration is wrong, not the rows."""


@dataclass
class Patience:
    """What one call has cost so far."""

    failures: int = 0
    throttled: float = 0.0
    """Seconds waited because the platform said so; they spend no attempt."""


@dataclass
class Engine:
    """Sends to one audience of one destination."""

    destination: Destination
    budget: Budget
    sleep: Callable[[float], None] = time.sleep
    attempts: int = ATTEMPTS
    patience: float = PATIENCE
    stopped: str | None = field(default=None, init=False)
    """Why no further call is made: the platform is down, refuses us, or has lost the audience."""
    is_audience_gone: bool = field(default=False, init=False)
    audience: Audience = field(default=Audience("", ""), init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self.destination.before_call = self.budget.take

    def open(self, ledger: Ledger) -> None:
        """Takes the audience an earlier run opened, or opens it. One that is new has nobody in it yet, whatever the
        ledger says."""
        known, name = ledger.audience(), ledger.sync.audience
        if known and known.name == name:
            self.audience = known
            return
        spent = Patience()
        while not self.stopped:
            try:
                self.audience = self.destination.open_audience(name)
                break
            except DestinationError as error:
                self._after(error, spent)
        else:
            return
        if known or self.audience.is_new:
            ledger.forget()
        ledger.remember_audience(self.audience)

    def send(self, ledger: Ledger, counts: Counts, *, phases: Sequence[int], progress: Callable[[int], None]) -> None:
        """Sends the planned rows of these phases, each counted in `counts` in the end.

        A platform that fails for good stops the run, not the program: what was not sent is pending, and
        `stopped` says why.
        """
        stages = self.destination.stages
        for rows in waves(ledger.lake, phases, stages, sync=ledger.sync, run_id=ledger.run_id):
            if self.stopped:
                counts.pending += rows.num_rows
                continue
            ledger.intend()
            wave = TextWave(rows, stages[0]) if written_as(stages) else Wave(rows)
            try:
                for stage in stages:
                    self._run(stage, wave.batches(stage))
            finally:  # also after Ctrl-C: what was answered is known
                outcomes = wave.outcomes(stages, self.stopped)
                ledger.settle(outcomes)
                counts.count(rows, outcomes)
            progress(counts.accounted)

    def forget(self, keys: Sequence[str]) -> Receipts | None:
        """Has the platform delete people; None when it stays out of reach, and `stopped` says why."""
        spent = Patience()
        while not self.stopped:
            try:
                return self.destination.forget(keys)
            except DestinationError as error:
                self._after(error, spent)
        return None

    def _run(self, stage: Stage, work: Sequence[Sequence[Item]]) -> None:
        if not work:
            return
        with ThreadPoolExecutor(min(len(work), self.destination.limits.concurrent)) as pool:
            try:
                for done in [pool.submit(self._deliver_whole, stage, batch) for batch in work]:
                    done.result()
            except BaseException:
                self._stop("interrupted")
                raise

    def _deliver_whole(self, stage: Stage, items: Sequence[Item]) -> None:
        """One batch, and a look at how it went: when none of many was accepted, the next batches will not be either."""
        self._deliver(stage, items)
        if isinstance(items, Parcel) and items.is_accepted:
            return
        if len(items) >= HOPELESS and all(item.receipt and item.receipt.state == "rejected" for item in items):
            self._stop(f"every row of a batch was refused ({items[0].words}). Check the sync's fields in _syncs.yml")

    def _deliver(self, stage: Stage, items: Sequence[Item]) -> None:
        """Sends until every row has an answer, or there is no point in going on."""
        spent = Patience()
        while items:
            if self.stopped:
                for item in items:
                    item.take(retry_after(None, self.stopped))
                return
            try:
                receipts = self._send(stage, items)
            except Refused as error:
                if len(items) == 1:
                    items[0].take(rejected(error.reason))
                    return
                middle = len(items) // 2
                self._deliver(stage, items[:middle])
                items = items[middle:]
                continue
            except DestinationError as error:
                self._after(error, spent)
                continue
            if receipts is None:
                return
            for item, receipt in zip(items, receipts, strict=True):
                item.take(receipt)
            items = [item for item, receipt in zip(items, receipts, strict=True) if receipt.state == "retry"]
            if items:
                spent.failures += 1
                if spent.failures == self.attempts:
                    return
                wishes = [i.receipt.seconds for i in items if i.receipt and i.receipt.seconds is not None]
                self.sleep(min(max(wishes), self.patience) if wishes else self._backoff(spent.failures))

    def _send(self, stage: Stage, items: Sequence[Item]) -> Receipts | None:
        """One call. None when a parcel was accepted as it is, so that there is nothing to say of any row."""
        if not isinstance(items, Parcel) or items.is_open:
            return self.destination.send(Batch(stage.name, self.audience, [item.sent for item in items]))
        told = self.destination.send_written(items.written(stage, self.audience))
        items.is_accepted = not told
        return [told.get(item.sent.id, ACCEPTED) for item in items] if told else None

    def _after(self, error: DestinationError, spent: Patience) -> None:
        """A whole call failed: waits until it makes sense to try again, or stops the run."""
        if isinstance(error, Throttled):
            pause = self._backoff(5) if error.seconds is None else error.seconds
            spent.throttled += pause
            if spent.throttled > self.patience:
                self._stop(f"{error.reason} (come back in {pause:.0f} s)")
            else:
                self.budget.pause(pause)
            return
        spent.failures += 1
        if isinstance(error, Unavailable) and spent.failures < self.attempts:
            self.sleep(self._backoff(spent.failures))
        elif isinstance(error, Unavailable):
            self._stop(f"{error.reason} ({spent.failures} times)")
        elif isinstance(error, AccessRefused):
            self._stop(f'{error.reason}. Check connection "{self.destination.credentials.name}"')
        else:
            self.is_audience_gone = isinstance(error, AudienceGone)
            self._stop(error.reason)

    def _stop(self, reason: str) -> None:
        with self._lock:
            self.stopped = self.stopped or reason

    @staticmethod
    def _backoff(failures: int) -> float:
        """Full jitter: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/"""
        import random

        return random.uniform(0, min(30.0, 0.5 * 2**failures))
