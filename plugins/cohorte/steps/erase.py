"""Erase: one person, out of the platforms and the lake, with a certificate.

Each part may be killed and run again: what the person is known by is kept in an open case until nothing of them is
left to look for (cohorte.privacy.case).
"""

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cohorte.credentials import Credentials
from cohorte.lake import Lake
from cohorte.landing import catalog, intent
from cohorte.privacy import certificate, holdings
from cohorte.privacy.case import Case
from cohorte.privacy.columns import ARRIVING
from cohorte.privacy.history import purge
from cohorte.privacy.keyed import hashed, make_key
from cohorte.privacy.scan import Scan, scan
from cohorte.privacy.subject import find
from cohorte.steps.leave import leave_platforms, was_sent
from cohorte.storage import Storage, open_storage

log = logging.getLogger(__name__)

SUPPRESSION = "activation.suppression"
SUPPRESSED = ARRIVING | {"phone"}


class TracesFoundError(RuntimeError):
    """Something a person is known by is still somewhere."""


@dataclass(frozen=True)
class Erasure:
    """What became of a request."""

    erasure_id: str
    was_known: bool
    certificate: dict[str, Any]
    where: str
    """Where the certificate lies."""


def erase(
    *,
    lake: Lake,
    credentials: Callable[[str], Credentials],
    email: str | None = None,
    customer_id: str | None = None,
    by_hand: Collection[str] = (),
) -> Erasure:
    """Erases one person: suppressed first, then off every platform, out of the lake and its past, then looked for.

    Safe to run again, also after a kill at any point; somebody nobody knows is suppressed all the same. `credentials`
    opens a connection by its name. `by_hand`: syncs whose platform a person has cleaned, and that need not be asked.

    Raises ValueError unless exactly one of e-mail and customer_id is given, LeftBehindError when a platform still has
    them (nothing is deleted from the lake then: it is what the removal goes by), and TracesFoundError when something
    was found afterwards. The request stays open then; the person stays suppressed.
    """
    storage = open_storage(lake.settings)
    with intent.alone(lake.settings, "erase"):
        subject = find(lake, email=email, customer_id=customer_id)
        case = Case.take_up(subject, "email" if email else "customer_id", storage)
        case.save(storage)
        log.info("erasure %s: taken up", case.erasure_id)
        suppressed = suppress(case, lake)
        leave_platforms(case, lake, credentials, by_hand)
        case.save(storage)
        with _nobody_landing(lake):
            _delete(case, lake, storage)
            found = _purge_and_scan(case, lake, storage)
        if found.findings:
            raise TracesFoundError(
                f"erasure {case.erasure_id}: the person is still in {len(found.findings)} places: "
                f"{'; '.join(found.findings)}. Clear them (docs/runbooks/erase.md), then run it again."
            )
        written = certificate.write(case, found, suppressed, lake, storage)
        case.close(storage)
    log.info("erasure %s: done", case.erasure_id)
    return Erasure(case.erasure_id, case.is_known, written, storage.url(certificate.key_of(case.erasure_id)))


def suppress(case: Case, lake: Lake) -> int:
    """From now on the person stays out. Returns how many keyed hashes stand for them.

    The hashes stay for ever. Beside them, until the lake is cleaned, stand the ids that the ledger knows them by, if it
    does.
    """
    key = make_key(lake.settings)
    known = case.known
    lasting = {hashed(key, kind, value) for kind in SUPPRESSED for value in known.get(kind, ())}
    passing = known.get("customer", set()) | known.get("destination_key", set()) if was_sent(case, lake) else set()
    now = datetime.now(UTC).replace(tzinfo=None)

    def work() -> None:
        there = {identifier for (identifier,) in lake.rows(f"select identifier from {SUPPRESSION}")}
        for identifier in sorted((lasting | passing) - there):
            lake.execute(f"insert into {SUPPRESSION} values (?, 'erased', ?)", [identifier, now])

    lake.write(f"suppress, erasure {case.erasure_id}", work)
    return len(lasting)


def _delete(case: Case, lake: Lake, storage: Storage) -> None:
    """Deletes every row about the person; how many there were is written down before."""
    counts = holdings.held(lake, case.known)
    counts.pop(SUPPRESSION, None)
    case.found(counts)
    case.save(storage)
    lake.write(f"erasure {case.erasure_id}", lambda: holdings.delete(lake, case.known))


def _purge_and_scan(case: Case, lake: Lake, storage: Storage) -> Scan:
    """Cleans the past where there was anything to delete, or where a first look finds something; then looks."""
    if case.held:
        _purge(case, lake, storage)
        return scan(lake, case.known)
    found = scan(lake, case.known)
    if found.findings:
        _purge(case, lake, storage)
        found = scan(lake, case.known)
    return found


def _purge(case: Case, lake: Lake, storage: Storage) -> None:
    done = purge(lake, case.known)
    for name, count in vars(done).items():
        case.purged[name] = case.purged.get(name, 0) + count
    case.save(storage)


@contextmanager
def _nobody_landing(lake: Lake) -> Iterator[None]:
    """Waits for loads at work, which do not know yet who is suppressed, and holds the next ones back."""
    with ExitStack() as stack:
        for source in catalog.names(lake.settings):
            stack.enter_context(intent.alone(lake.settings, source))
        yield
