"""Examine: whether every connection would work now, and what to do about those that would not."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

from cohorte import destinations
from cohorte.credentials import Credentials
from cohorte.destinations.base import DestinationError
from cohorte.health import Finding
from cohorte.landing import catalog
from cohorte.settings import Settings
from cohorte.sources.base import SourceError

Lookup = Callable[[str], Credentials]
"""Connection id -> the connection. Raises RuntimeError when there is none."""


@dataclass(frozen=True)
class Examined:
    """One finding about one connection."""

    connection: str
    used_by: str
    """`source salesforce`, `destination hubspot`."""
    finding: Finding


def examine_sources(names: Iterable[str], settings: Settings, lookup: Lookup) -> Iterator[Examined]:
    """Each source's connection, asked little."""
    for name in names:
        connection = catalog.connection(name, settings)

        def look(name: str = name, connection: str = connection) -> Iterator[Finding]:
            yield from catalog.open_source(name, lookup(connection), settings).examine()

        yield from _tell(connection, f"source {name}", look)


def examine_destinations(kinds: Iterable[tuple[str, str]], lookup: Lookup) -> Iterator[Examined]:
    """(destination, connection) pairs, asked little; nothing is sent."""
    for name, connection in kinds:

        def look(name: str = name, connection: str = connection) -> Iterator[Finding]:
            with closing(destinations.get(name, lookup(connection))) as platform:
                yield from platform.examine()

        yield from _tell(connection, f"destination {name}", look)


def _tell(connection: str, used_by: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Examined]:
    try:
        for finding in look():
            yield Examined(connection, used_by, finding)
    except (SourceError, DestinationError, RuntimeError, ValueError, KeyError) as error:
        said = str(error.args[0]) if error.args else str(error)
        advice = "Mend the connection, then ask the doctor again; docs/runbooks/extract.md has the usual causes."
        yield Examined(connection, used_by, Finding("reach", "failure", said, advice))
