"""Request bodies against the models of `hubspot-api-client`, closed to unknown names."""

import re
from functools import cache
from importlib import import_module
from typing import Any

from sandbox.errors import CORRELATION, Refused

OPTIONAL_IN_PRACTICE = {"properties_with_history"}
"""Required by the model, left out by every example of the documentation."""


def refuse(
    status: int, message: str, category: str = "VALIDATION_ERROR", headers: dict[str, str] | None = None, **more: Any
) -> Refused:
    """https://developers.hubspot.com/docs/reference/api/other-resources/error-handling"""
    body = {"status": "error", "message": message, "correlationId": CORRELATION, "category": category} | more
    return Refused(status, body, headers)


def check(body: Any, model: type) -> None:
    """Raises Refused, as HubSpot does, for a body that is not the model."""
    if problem := _problem(body, model.__name__, model.__module__.rpartition(".models.")[0] + ".models", ""):
        raise refuse(400, f"Invalid input JSON on line 1, column 1: {problem}")


def _problem(value: Any, kind: str, package: str, path: str) -> str:
    where = path or "body"
    if match := re.fullmatch(r"list\[(.*)\]", kind):
        if not isinstance(value, list):
            return f"Cannot deserialize {where}: a list is wanted"
        inner = (_problem(item, match[1], package, f"{where}[{at}]") for at, item in enumerate(value))
        return next(filter(None, inner), "")
    if match := re.fullmatch(r"dict\[str, (.*)\]", kind):
        if not isinstance(value, dict):
            return f"Cannot deserialize {where}: an object is wanted"
        inner = (_problem(item, match[1], package, f"{where}.{name}") for name, item in value.items())
        return next(filter(None, inner), "")
    plain: dict[str, type] = {"str": str, "bool": bool, "int": int, "object": object, "datetime": str}
    if kind in plain:
        is_wrong = not isinstance(value, plain[kind]) or (kind == "int" and isinstance(value, bool))
        return f"Cannot deserialize {where}: {kind} is wanted, not {value!r}" if is_wrong else ""
    return _object(value, getattr(import_module(package), kind), package, path)


@cache
def _strict(package: str) -> Any:
    """The client's configuration of one API, with the validation the client leaves off."""
    configuration = import_module(package.removesuffix("models") + "configuration").Configuration()
    configuration.client_side_validation = True
    return configuration


def _object(value: Any, model: Any, package: str, path: str) -> str:
    if not isinstance(value, dict):
        return f"Cannot deserialize {path or 'body'}: an object is wanted"
    names = {wire: attribute for attribute, wire in model.attribute_map.items()}
    if unknown := value.keys() - names:
        return f'Unrecognized field "{min(unknown)}"'
    for wire, item in value.items():
        if problem := _problem(item, model.openapi_types[names[wire]], package, f"{path}.{wire}" if path else wire):
            return problem
    given = {names[wire]: item for wire, item in value.items()}
    lenient: dict[str, Any] = {name: [] for name in OPTIONAL_IN_PRACTICE & set(names.values())}
    try:  # the model's constructor knows what is required and which values an enumeration has
        model(**lenient | given, local_vars_configuration=_strict(package))
    except ValueError as error:
        return str(error)
    return ""
