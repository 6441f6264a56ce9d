"""Sources that need no code: files, SQL databases and REST APIs, each stream one entry of a dbt `_sources.yml`.

    sources:
      - name: shops
        schema: raw
        config: {meta: {land: {kind: files}}}
        tables:
          - name: store
            identifier: shops__store
            config: {meta: {land: {path: "stores/*.csv", key: [store_id]}}}

`land` of a source says its `kind`, and `connection` where that is not `<source>_default`; `land` of a table is what
the kind's `Land` describes. The tables of a platform that has code may carry `contract` and `is_never_empty` there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from cohorte.credentials import Credentials
from cohorte.sources.base import Source, Stream
from cohorte.sources.declared.base import Declared, Promise

_CLASSES = {"files": "Files", "sql": "SqlDatabase", "rest": "RestApi"}
KINDS = tuple(_CLASSES)


@dataclass(frozen=True)
class Declaration:
    """One source of a `_sources.yml`."""

    name: str
    file: Path
    land: Mapping[str, Any]
    """`meta.land` of the source; empty when a module of ours reads it."""
    tables: Mapping[str, Mapping[str, Any]]
    """Stream -> its entry."""

    @property
    def is_ours(self) -> bool:
        return bool(self.land)

    @property
    def kind(self) -> type[Declared]:
        name = str(self.land.get("kind"))
        if name not in _CLASSES:
            raise ValueError(f"{self.file}: source {self.name}: land.kind is one of {', '.join(KINDS)}, not {name!r}")
        found: type[Declared] = getattr(import_module(f"cohorte.sources.declared.{name}"), _CLASSES[name])
        return found

    @property
    def connection(self) -> str:
        return str(self.land.get("connection") or f"{self.name}_default")

    def streams(self) -> tuple[Stream, ...]:
        """Raises ValueError naming the file, the table and what is wrong with its entry."""
        return tuple(
            self.kind.stream(name, self.kind.Land.of(entry, f"{self.file}: {self.name}.{name}"))
            for name, entry in self.tables.items()
        )

    def open(self, credentials: Credentials) -> Source:
        """The source, ready to read."""
        options = {name: value for name, value in self.land.items() if name not in ("kind", "connection")}
        return self.kind(self.name, self.streams(), credentials, options)

    def promised(self, stream: Stream) -> Stream:
        """The stream of a platform, with what its entry promises beyond what the module says."""
        if stream.name not in self.tables:
            return stream
        promise = Promise.of(self.tables[stream.name], f"{self.file}: {self.name}.{stream.name}")
        return replace(stream, **promise.model_dump(exclude_unset=True))


def read(folder: Path) -> dict[str, Declaration]:
    """Every source declared in a `_sources.yml` below `folder`, by name."""
    return {found.name: found for path in sorted(folder.rglob("_sources.yml")) for found in _read(path)}


def _read(path: Path) -> Iterator[Declaration]:
    import yaml

    for source in (yaml.safe_load(path.read_text()) or {}).get("sources", ()):
        prefix = f"{source['name']}__"
        tables = {
            str(table.get("identifier") or table["name"]).removeprefix(prefix): table for table in source["tables"]
        }
        yield Declaration(source["name"], path, _land(source), tables)


def _land(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = ((entry.get("config") or {}).get("meta") or {}).get("land") or {}
    return found
