"""Who is who: which records are the same person, why, and an id for that person which lasts.

`resolve` links records. In steps: `learn` what tells people apart, `link` (all records, or only what changed),
`explain` a link, and `assign_stable_ids`, which carries ids from run to run. Nothing here knows the lake.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cohorte.identity.graph import clusters_of
    from cohorte.identity.probable import Model
    from cohorte.identity.resolution import Resolution, explain, learn, link, resolve
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
    "crm_id": "crm_id",
}
"""Columns of `pii.int_identity__record` and their kinds."""

__all__ = [
    "RECORD_COLUMNS",
    "Model",
    "Resolution",
    "assign_stable_ids",
    "clusters_of",
    "explain",
    "learn",
    "link",
    "resolve",
]

_HOMES = {
    "Model": "cohorte.identity.probable",
    "Resolution": "cohorte.identity.resolution",
    "assign_stable_ids": "cohorte.identity.stable",
    "clusters_of": "cohorte.identity.graph",
    "explain": "cohorte.identity.resolution",
    "learn": "cohorte.identity.resolution",
    "link": "cohorte.identity.resolution",
    "resolve": "cohorte.identity.resolution",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
