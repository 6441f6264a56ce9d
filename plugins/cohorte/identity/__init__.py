"""Who is who: which records are the same person, and an id for that person which lasts.

`resolve` links records, `assign_stable_ids` carries ids from run to run. Nothing here knows the lake.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cohorte.identity.resolution import resolve
    from cohorte.identity.stable import assign_stable_ids

__all__ = ["assign_stable_ids", "resolve"]


def __getattr__(name: str) -> Any:
    if name == "resolve":
        from cohorte.identity.resolution import resolve

        return resolve
    if name == "assign_stable_ids":
        from cohorte.identity.stable import assign_stable_ids

        return assign_stable_ids
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
