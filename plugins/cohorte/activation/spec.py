"""What a sync is: a dbt exposure that says which segment goes where, under which consent and with which care."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

Mode = Literal["mirror", "upsert", "append"]
OnLeave = Literal["remove", "clear", "keep"]
NullPolicy = Literal["omit", "clear"]
MEMBERSHIP = "segments.membership"
KEY_COLUMNS = {
    "email": "pii.dim_contact.email",
    "phone": "pii.dim_contact.phone_e164",
    "customer_id": f"{MEMBERSHIP}.customer_id",
}
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, kw_only=True)
class FieldMapping:
    """A property of the platform and the column it comes from."""

    name: str
    table: str
    column: str
    null: NullPolicy = "omit"


@dataclass(frozen=True, kw_only=True)
class Consent:
    """The decision a customer must have taken, and taken positively, to be sent."""

    channel: str
    purpose: str


@dataclass(frozen=True, kw_only=True)
class Guard:
    """How much one run may change before a person has to say yes. Shares are of the audience as acknowledged."""

    max_removal_share: float = 0.3
    max_addition_share: float | None = None
    max_source_age_hours: float | None = None


@dataclass(frozen=True, kw_only=True)
class SyncSpec:
    """One sync, as declared."""

    name: str
    destination: str
    connection: str
    audience: str
    segments: tuple[str, ...]
    mode: Mode = "mirror"
    on_leave: OnLeave = "remove"
    key: str = "email"
    fields: tuple[FieldMapping, ...] = ()
    consent: Consent | None = None
    guard: Guard = field(default_factory=Guard)

    @classmethod
    def parse(cls, name: str, declared: Mapping[str, Any]) -> "SyncSpec":
        """From `meta.sync` of the exposure `name`.

        Raises ValueError that names the exposure, the entry and what it may be.
        """
        known = {
            "destination", "connection", "audience", "segment", "mode", "on_leave", "key", "fields", "consent", "guard",
        }  # fmt: skip
        if unknown := sorted(set(declared) - known):
            raise _wrong(name, f"does not know {', '.join(unknown)}; it takes {', '.join(sorted(known))}")
        for needed in ("destination", "connection", "audience", "segment"):
            if not declared.get(needed):
                raise _wrong(name, f"needs {needed}")
        segments = declared["segment"]
        return cls(
            name=name,
            destination=declared["destination"],
            connection=declared["connection"],
            audience=declared["audience"],
            segments=(segments,) if isinstance(segments, str) else tuple(segments),
            mode=_one_of(name, "mode", declared.get("mode", "mirror"), get_args(Mode)),
            on_leave=_one_of(name, "on_leave", declared.get("on_leave", "remove"), get_args(OnLeave)),
            key=_one_of(name, "key", declared.get("key", "email"), tuple(KEY_COLUMNS)),
            fields=tuple(
                _field(name, platform, entry) for platform, entry in sorted((declared.get("fields") or {}).items())
            ),
            consent=_built(name, "consent", Consent, declared.get("consent")),
            guard=_built(name, "guard", Guard, declared.get("guard")) or Guard(),
        )

    @property
    def key_table(self) -> str:
        return KEY_COLUMNS[self.key].rpartition(".")[0]

    @property
    def key_column(self) -> str:
        return KEY_COLUMNS[self.key].rpartition(".")[2]

    @property
    def tables(self) -> tuple[str, ...]:
        """Tables joined to the membership, by customer_id."""
        named = {self.key_table, *(f.table for f in self.fields)} - {MEMBERSHIP}
        return tuple(sorted(named))

    @property
    def signature(self) -> str:
        """Changes when what is sent for one customer changes by declaration alone."""
        return json.dumps([self.key, [[f.name, f.table, f.column, f.null] for f in self.fields]])


def parse_manifest(manifest: Mapping[str, Any]) -> list[SyncSpec]:
    """Every sync among a dbt manifest's exposures, by name. Raises ValueError on a declaration that is wrong."""
    syncs = []
    for exposure in manifest.get("exposures", {}).values():
        meta = (exposure.get("config") or {}).get("meta") or exposure.get("meta") or {}
        if "sync" in meta:
            syncs.append(SyncSpec.parse(exposure["name"], meta["sync"]))
    return sorted(syncs, key=lambda sync: sync.name)


def read_manifest(path: Path) -> list[SyncSpec]:
    """`parse_manifest` of a file. Raises FileNotFoundError when dbt has not written one yet."""
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: dbt writes it when it parses. Build once, then sync.")
    return parse_manifest(json.loads(path.read_text()))


def connections(project: Path) -> tuple[str, ...]:
    """The connections that syncs send through, from the `_syncs.yml` of a dbt project; there before dbt ever ran."""
    import yaml

    found = set()
    for path in sorted(project.glob("models/**/_syncs.yml")):
        for exposure in yaml.safe_load(path.read_text()).get("exposures") or ():
            found.add(exposure["config"]["meta"]["sync"]["connection"])
    return tuple(sorted(found))


def _field(sync: str, platform: str, entry: str | Mapping[str, Any]) -> FieldMapping:
    declared = {"column": entry} if isinstance(entry, str) else entry
    column = str(declared.get("column", ""))
    parts = column.split(".")
    if len(parts) != 3 or not all(_IDENTIFIER.fullmatch(part) for part in parts):
        raise _wrong(sync, f'field {platform}: "{column}" is no schema.table.column')
    null = _one_of(sync, f"field {platform}: null", declared.get("null") or "omit", get_args(NullPolicy))
    return FieldMapping(name=platform, table=".".join(parts[:2]), column=parts[2], null=null)


def _one_of(sync: str, entry: str, value: Any, allowed: tuple[str, ...]) -> Any:
    if value not in allowed:
        raise _wrong(sync, f'{entry} is "{value}"; it may be {", ".join(allowed)}')
    return value


def _built(sync: str, entry: str, kind: Any, declared: Mapping[str, Any] | None) -> Any:
    try:
        return kind(**declared) if declared else None
    except TypeError as error:
        raise _wrong(sync, f"{entry}: {error}") from None


def _wrong(sync: str, what: str) -> ValueError:
    return ValueError(f"sync {sync}: {what}. Mend the exposure of that name in _syncs.yml.")
