"""What declared sources have in common."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from cohorte.credentials import Credentials
from cohorte.sources.base import Contract, Source, Stream


class Promise(BaseModel):
    """What any table of a `_sources.yml` may promise of how it is landed (`config.meta.land`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contract: Contract = "evolve"
    is_never_empty: bool = False

    @classmethod
    def of(cls, entry: Mapping[str, Any], where: str) -> Self:
        """From a table's entry. Raises ValueError naming `where` and what is wrong."""
        try:
            return cls(**(((entry.get("config") or {}).get("meta") or {}).get("land") or {}))
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise ValueError(f"{where}: land: {problems}") from None


class Land(Promise):
    """What a table of a declared source says."""

    key: tuple[str, ...] = ()
    """Columns that tell two records apart, as the source calls them."""


@dataclass(frozen=True, kw_only=True)
class DeclaredStream(Stream):
    """A stream, with its entry."""

    land: Any


class Declared(Source):
    """A source whose streams are entries of a YAML file."""

    Land: ClassVar[type[Land]]
    added: ClassVar[Mapping[str, str]] = {}
    """Columns every record gets here, with their SQL types."""

    def __init__(
        self, name: str, streams: tuple[Stream, ...], credentials: Credentials, options: Mapping[str, Any]
    ) -> None:
        super().__init__(credentials)
        self.name, self.streams, self.options = name, streams, options

    @classmethod
    @abstractmethod
    def stream(cls, name: str, land: Any) -> DeclaredStream:
        """The stream an entry describes."""
