"""Who is who: which records are the same person, why, and an id for that person which lasts.

`resolve` links records, `link` also says how, `link_new` adds to what is known, `assign_stable_ids` carries ids from
run to run. Nothing here knows the lake.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cohorte.identity.resolution import Resolution, link, link_new, resolve
    from cohorte.identity.stable import assign_stable_ids

RECORD_COLUMNS = {
    "given_name": "given_name",
    "family_name": "surname",
    "birth_date": "birth_date",
    "email": "email",
    "phone": "phone",
    "street": "street",
    "city": "city",
    "postal_code": "postcode",
    "identifier": "identifier",
}
"""Columns of `pii.int_identity__record` and their kinds."""

__all__ = ["RECORD_COLUMNS", "Resolution", "assign_stable_ids", "link", "link_new", "resolve"]

_HOMES = {
    "Resolution": "cohorte.identity.resolution",
    "assign_stable_ids": "cohorte.identity.stable",
    "link": "cohorte.identity.resolution",
    "link_new": "cohorte.identity.resolution",
    "resolve": "cohorte.identity.resolution",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
