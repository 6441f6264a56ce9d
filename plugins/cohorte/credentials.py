"""How to reach a platform, as a plain value: what Airflow calls a connection, without Airflow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """One connection. `repr` never shows a secret."""

    name: str
    kind: str = ""
    host: str = ""
    port: int | None = None
    login: str = ""
    schema: str = ""
    password: str = field(default="", repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_mapping(cls, name: str, connection: Mapping[str, Any]) -> Self:
        """From Airflow's connection shape: conn_type, host, port, login, password, schema, extra (dict or JSON)."""
        import json

        extra = connection.get("extra") or {}
        return cls(
            name=name,
            kind=connection.get("conn_type", ""),
            host=connection.get("host") or "",
            port=int(connection["port"]) if connection.get("port") else None,
            login=connection.get("login") or "",
            schema=connection.get("schema") or "",
            password=connection.get("password") or "",
            extra=json.loads(extra) if isinstance(extra, str) else dict(extra),
        )

    def required(self, key: str) -> Any:
        """A value from `extra`. Raises KeyError saying which connection lacks it."""
        if self.extra.get(key) in (None, ""):
            raise KeyError(
                f'connection "{self.name}" has no "{key}" in its extra. Add it in Airflow > Admin > Connections.'
            )
        return self.extra[key]
