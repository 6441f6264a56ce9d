"""Google's own contracts: the discovery documents inside PyPI `google-api-python-client` (Apache-2.0).

As tried: `analyticsdata.v1beta.json`, revision 20261006,
sha256 3e61cf8f3934314481e578664620279963a41b9b4837e2d7ac71fde30dcc0626;
`datamanager.v1.json`, revision 20261106,
sha256 abfcd6dfc345ef6492129d88ea801e42700314fb7f47ea6ddfa0a996d837243e.
Requests are checked as the API does: closed to unknown names, enums by name or number, 64-bit integers as text.
"""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

DOCUMENT = "analyticsdata.v1beta.json"
SHA256 = "3e61cf8f3934314481e578664620279963a41b9b4837e2d7ac71fde30dcc0626"
DATA_MANAGER = "datamanager.v1.json"
DATA_MANAGER_SHA256 = "abfcd6dfc345ef6492129d88ea801e42700314fb7f47ea6ddfa0a996d837243e"
Schemas = dict[str, Any]
"""Schema name -> JSON schema, as Google writes them."""


def document_path(document: str = DOCUMENT) -> Path:
    """Raises RuntimeError when google-api-python-client is not installed."""
    spec = find_spec("googleapiclient")
    if spec is None or spec.origin is None:
        raise RuntimeError("sandbox: Google's contract is missing. Install the extra: pip install 'cohorte[sandbox]'.")
    return Path(spec.origin).parent / "discovery_cache" / "documents" / document


@cache
def schemas(document: str) -> Schemas:
    found: Schemas = json.loads(document_path(document).read_text())["schemas"]
    return found


def violations(value: Any, schema: str, document: str = DOCUMENT) -> list[tuple[str, str]]:
    """What in `value` the schema named `schema` does not allow: (field path, description)."""
    return list(_check(value, {"$ref": schema}, "", schemas(document)))


def _check(value: Any, schema: dict[str, Any], path: str, named: Schemas) -> list[tuple[str, str]]:
    if "$ref" in schema:
        schema = named[schema["$ref"]]
    kind = schema.get("type", "any")
    if kind == "object":
        return _object(value, schema, path, named)
    if kind == "array":
        if not isinstance(value, list):
            return [(path, f"Invalid value at '{path}': a list is wanted, not {json.dumps(value)[:80]}")]
        items = schema["items"]
        return [found for at, item in enumerate(value) for found in _check(item, items, f"{path}[{at}]", named)]
    if not _scalar(value, schema, kind):
        kind = schema.get("format", kind) if "enum" not in schema else "enum"
        return [(path, f"Invalid value at '{path}' (TYPE_{kind.upper()}), {json.dumps(value)[:80]}")]
    return []


def _object(value: Any, schema: dict[str, Any], path: str, named: Schemas) -> list[tuple[str, str]]:
    if not isinstance(value, dict):
        return [(path, f"Invalid value at '{path}': an object is wanted, not {json.dumps(value)[:80]}")]
    properties = schema.get("properties", {})
    found: list[tuple[str, str]] = []
    for name, item in value.items():
        inner = f"{path}.{name}" if path else name
        if name not in properties:
            where = f" at '{path}'" if path else ""
            found.append((path, f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.'))
        else:
            found += _check(item, properties[name], inner, named)
    return found


def _scalar(value: Any, schema: dict[str, Any], kind: str) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in ("integer", "number"):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind != "string":
        return True
    if "enum" in schema:
        is_number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(schema["enum"])
        return value in schema["enum"] or is_number
    if schema.get("format") in ("int64", "uint64"):
        return not isinstance(value, bool) and str(value).lstrip("-").isdigit()
    return isinstance(value, str)
