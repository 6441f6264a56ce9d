"""Stand-ins of sources `make new-source` wrote, one module each, found by themselves.

A module says PLATFORM, a `router` below `/<PLATFORM>` (or None), `connection(base_url, folder)` in Airflow's shape, and
`prepare(folder)` for what must lie on disk.
"""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def stubs() -> list[ModuleType]:
    return [import_module(f"sandbox.stubs.{found.name}") for found in iter_modules(__path__)]


NAMES = tuple(found.name for found in iter_modules(__path__))
