"""What every platform's routes need: the world, the state, the clock, the keys."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import duckdb
from fastapi import Depends, Request

from sandbox.clock import Clock
from sandbox.errors import Refused, platform_of, refusal
from sandbox.keys import Keys, keys
from sandbox.state import State
from sandbox.tokens import Tokens
from sandbox.world.build import Cut, prepare

LARGEST_FIELD = 32 * 2**20
"""Bytes of one field of a form; the largest, ten thousand hashed people, is one or two MB."""


@dataclass
class Sandbox:
    """One running sandbox."""

    folder: Path
    world: duckdb.DuckDBPyConnection
    state: State
    clock: Clock
    keys: Keys
    tokens: Tokens = field(default_factory=Tokens)

    @classmethod
    def open(cls, folder: Path, cut: Cut) -> "Sandbox":
        """Generate the world if need be, and open everything."""
        path = prepare(folder, cut)
        state = State(folder / "state.sqlite")
        return cls(folder, duckdb.connect(str(path), read_only=True), state, Clock(state), keys(folder))

    @cached_property
    def public_key(self) -> str:
        return self.keys.public_key()

    def now(self) -> datetime:
        return self.clock.now()

    def close(self) -> None:
        self.world.close()
        self.state.close()


def _sandbox(request: Request) -> Sandbox:
    opened: Sandbox = request.app.state.sandbox
    return opened


async def _json_object(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise Refused(400, refusal(platform_of(request.url.path), 400, f"body is not JSON: {error}")) from error
    if not isinstance(body, dict):
        raise Refused(400, refusal(platform_of(request.url.path), 400, "body is not a JSON object"))
    return body


async def _form(request: Request) -> dict[str, str]:
    return {
        name: value
        for name, value in (await request.form(max_part_size=LARGEST_FIELD)).items()
        if isinstance(value, str)
    }


Here = Annotated[Sandbox, Depends(_sandbox)]
JsonObject = Annotated[dict[str, Any], Depends(_json_object)]
Form = Annotated[dict[str, str], Depends(_form)]


def public_url(request: Request) -> str:
    """Scheme, host and port as the caller used them: right behind a port mapping, too."""
    return str(request.base_url).rstrip("/")
