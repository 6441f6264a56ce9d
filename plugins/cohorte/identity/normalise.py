"""Records in one form: what two spellings of the same thing have in common."""

import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

KINDS = (
    "given_name",
    "surname",
    "full_name",
    "birth_date",
    "email",
    "phone",
    "street",
    "city",
    "postcode",
    "state",
    "identifier",
)
ATTRIBUTE = "attribute_"
"""Prefix of the columns of any other kind: free attributes, each compared with itself."""


def normalise(records: "pd.DataFrame", columns: Mapping[str, str], record_id: str, region: str) -> "pd.DataFrame":
    """The records with one column a kind, all text, None where nothing is known.

    `full_name` is split at the first space where given name or surname is missing. Several columns of one kind are
    taken in their order, the first that knows wins; a column of a kind not in KINDS is a free attribute of its own.
    Raises ValueError for a missing column or record ids not unique.
    """
    import pandas as pd

    missing = [column for column in (record_id, *columns) if column not in records.columns]
    if missing:
        raise ValueError(f"records have no column {', '.join(missing)}; there are {', '.join(records.columns)}")
    ids = records[record_id].astype("str")
    if ids.duplicated().any():
        raise ValueError(f"{record_id} is not unique, e.g. {ids[ids.duplicated()].iloc[0]!r}")
    result = pd.DataFrame({"record_id": ids.to_numpy()})
    for column, kind in columns.items():
        values = _clean(records[column].reset_index(drop=True), kind, region)
        if kind not in KINDS:
            kind = ATTRIBUTE + re.sub(r"\W+", "_", str(column).lower())
        result[kind] = values if kind not in result else result[kind].where(result[kind].notna(), values)
    if "full_name" in result:
        parts = result["full_name"].str.split(" ", n=1, expand=True).reindex(columns=[0, 1])
        for position, kind in enumerate(("given_name", "surname")):
            known = result[kind] if kind in result else pd.Series(None, index=result.index, dtype="object")
            result[kind] = known.where(known.notna(), parts[position])
    for kind in KINDS:
        if kind not in result:
            result[kind] = None
    result = result.astype("object")
    return result.where(result.notna(), None).sort_values("record_id", ignore_index=True)


def attributes(people: "pd.DataFrame") -> list[str]:
    """The columns of free attributes."""
    return [column for column in people.columns if column.startswith(ATTRIBUTE)]


def _clean(values: "pd.Series", kind: str, region: str) -> "pd.Series":
    """One column of one kind; each distinct value is looked at once."""
    text = values.astype("object").where(values.notna(), None)
    forms = {value: _form(str(value), kind, region) for value in text.dropna().unique()}
    return text.map(forms)


def _form(value: str, kind: str, region: str) -> str | None:
    if kind == "phone":
        return _e164(value, region)
    if kind == "email":
        return re.sub(r"\s+", "", value).lower() or None
    if kind == "birth_date":
        digits = re.sub(r"\D", "", value[:10])
        return digits if len(digits) == 8 else None
    plain = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode() or value
    if kind == "identifier":
        return plain.strip().lower() or None
    words = re.sub(r"[^a-z0-9]+", " ", plain.lower())
    if kind == "street":
        words = re.sub(r"\b(apt|apartment|unit|suite|ste|no)\b", " ", words)
    return " ".join(words.split()) or None


def _e164(value: str, region: str) -> str | None:
    """By PyPI `phonenumbers`; numbers of impossible length are unknown."""
    import phonenumbers

    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
