"""The sources there are: platforms with a module, and what a `_sources.yml` of the dbt project declares."""

from typing import TYPE_CHECKING

from cohorte import sources
from cohorte.credentials import Credentials
from cohorte.lake import Lake
from cohorte.settings import Settings
from cohorte.sources import declared
from cohorte.sources.base import About, Source, Stream

if TYPE_CHECKING:
    from collections.abc import Mapping


def names(settings: Settings) -> tuple[str, ...]:
    """Every source this installation uses, platforms first. Raises ValueError when it names one that is not there."""
    there = (*sources.NAMES, *(name for name, found in _declared(settings).items() if found.is_ours))
    used = [name.strip() for name in settings.sources.split(",") if name.strip()]
    if strangers := set(used) - set(there):
        raise ValueError(f"COHORTE_SOURCES names {', '.join(sorted(strangers))}; there are {', '.join(there)}")
    return tuple(name for name in there if not used or name in used)


def streams(name: str, settings: Settings) -> tuple[Stream, ...]:
    """A source's streams, with what its YAML promises of them."""
    found = _declared(settings).get(name)
    if found and found.is_ours:
        return found.streams()
    platform = sources.kind(name).streams
    return tuple(found.promised(stream) for stream in platform) if found else platform


def about(name: str, settings: Settings) -> About:
    """How a source is called, and what it is checked against."""
    found = _declared(settings).get(name)
    return found.kind.about if found and found.is_ours else sources.kind(name).about


def connection(name: str, settings: Settings) -> str:
    """The id of a source's connection."""
    found = _declared(settings).get(name)
    return found.connection if found else f"{name}_default"


def open_source(name: str, credentials: Credentials, settings: Settings) -> Source:
    """A source, ready to read. Raises ValueError for one that is not there, or whose entry is wrong."""
    found = _declared(settings).get(name)
    if found and found.is_ours:
        return found.open(credentials)
    if name not in sources.NAMES:
        raise ValueError(f"there is no source {name!r}; there are {', '.join(names(settings))}")
    source = sources.get(name, credentials)
    source.streams = streams(name, settings)
    return source


def create_tables(lake: Lake) -> None:
    """Makes raw tables, empty, with the columns their entries name (docs/adr/0006); `ddl/raw/` made the others."""
    for name, found in _declared(lake.settings).items():
        for stream, entry in found.tables.items():
            columns = {column["name"]: column.get("data_type", "varchar") for column in entry.get("columns", ())}
            if not columns and not found.is_ours:
                continue
            columns = {column: "timestamptz" if kind == "timestamp" else kind for column, kind in columns.items()}
            columns |= dict(found.kind.added) if found.is_ours else {}
            columns |= {"_load_id": "varchar", "_loaded_at": "timestamptz"}
            listed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
            lake.execute(f"create table if not exists raw.{name}__{stream} ({listed})")


def _declared(settings: Settings) -> "Mapping[str, declared.Declaration]":
    return declared.read(settings.dbt_project / "models" / "staging")
