"""Records in one form: what two spellings of the same thing have in common."""

import hashlib
import math
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
    "crm_id",
    "email_sha256",
    "phone_sha256",
)
HASHED = {"email_sha256": "email", "phone_sha256": "phone"}
"""Kinds that are the SHA-256, in hex, of another in its normal form; of phones with or without the plus."""
ALSO_CALLED = {
    "birthday": "birth_date",
    "date_of_birth": "birth_date",
    "dob": "birth_date",
    "e_mail": "email",
    "email_address": "email",
    "e_mail_address": "email",
    "hashed_email": "email_sha256",
    "hashed_phone": "phone_sha256",
    "first_name": "given_name",
    "forename": "given_name",
    "family_name": "surname",
    "last_name": "surname",
    "name": "full_name",
    "mobile": "phone",
    "phone_number": "phone",
    "telephone": "phone",
    "address": "street",
    "street_address": "street",
    "suburb": "city",
    "town": "city",
    "post_code": "postcode",
    "postal_code": "postcode",
    "zip": "postcode",
    "zip_code": "postcode",
    "region": "state",
    "province": "state",
}
"""Other names of the kinds; capitals, spaces, hyphens and underscores make no difference."""
BY_NAME = {name.replace("_", ""): kind for name, kind in [*zip(KINDS, KINDS, strict=True), *ALSO_CALLED.items()]}
LATIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
"""Latin letters that are none with an accent to Unicode."""
ATTRIBUTE = "attribute_"
"""Prefix of the columns of any other kind: free attributes, each compared with itself."""

MANY = 10
"""Different values of which one at least should be a date, where dates are said to be."""


def normalise(records: "pd.DataFrame", columns: Mapping[str, str], record_id: str, region: str) -> "pd.DataFrame":
    """The records with one column a kind, all text, None where nothing is known.

    `full_name` is split at the first space where given name or surname is missing. Several columns of one kind are
    taken in their order, the first that knows wins; a column of a kind not in KINDS is a free attribute of its own.
    Raises ValueError for a missing or doubled column, record ids missing or not unique, a region phones cannot have,
    and birth dates of which none is a date.
    """
    import pandas as pd

    _check(records, columns, record_id, region)
    result = pd.DataFrame({"record_id": records[record_id].astype("str").to_numpy()})
    for column, said in columns.items():
        kind = kind_of(said)
        values = _clean(records[column].reset_index(drop=True), column, kind, region)
        if kind not in KINDS:
            kind = _attribute_name(str(column), set(result.columns))
        result[kind] = values if kind not in result else result[kind].where(result[kind].notna(), values)
    if "full_name" in result:
        parts = result["full_name"].str.split(" ", n=1, expand=True).reindex(columns=[0, 1])
        for position, kind in enumerate(("given_name", "surname")):
            known = result[kind] if kind in result else pd.Series(None, index=result.index, dtype="object")
            result[kind] = known.where(known.notna(), parts[position])
    for kind in KINDS:
        if kind in HASHED and kind in result and HASHED[kind] in result:
            result[kind] = _hashed(result[HASHED[kind]], result[kind])
        elif kind not in result:
            result[kind] = None
    result = result.astype("object")
    return result.where(result.notna(), None).sort_values("record_id", ignore_index=True)


def kind_of(said: str) -> str:
    """The kind that is meant: one of KINDS, or any other word for a free attribute."""
    plain = re.sub(r"\W+", "_", str(said).strip().lower())
    return BY_NAME.get(plain.replace("_", ""), plain)


def _check(records: "pd.DataFrame", columns: Mapping[str, str], record_id: str, region: str) -> None:
    import phonenumbers

    names = list(records.columns)
    missing = [str(column) for column in (record_id, *columns) if column not in names]
    if missing:
        raise ValueError(f"records have no column {', '.join(missing)}; there are {', '.join(map(str, names))}")
    doubled = [str(column) for column in (record_id, *columns) if names.count(column) > 1]
    if doubled:
        raise ValueError(f"records have several columns {', '.join(doubled)}. Give each a name of its own.")
    if not columns:
        raise ValueError("columns is empty: say which columns to link by, e.g. {'mail': 'email'}.")
    if records[record_id].isna().any():
        raise ValueError(
            f"{record_id} is missing in {int(records[record_id].isna().sum())} of {len(records)} records. "
            "Every record needs an id of its own."
        )
    ids = records[record_id].astype("str")
    if ids.duplicated().any():
        raise ValueError(
            f"{record_id} is not unique, e.g. {ids[ids.duplicated()].iloc[0]!r}. Every record needs an id of its own."
        )
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"region {region!r} is not known to phonenumbers. Give two capitals, e.g. 'US' or 'DE'.")


def _attribute_name(column: str, taken: set[str]) -> str:
    plain = name = ATTRIBUTE + (re.sub(r"\W+", "_", column.lower()).strip("_") or "of_no_name")
    count = 1
    while name in taken:
        count += 1
        name = f"{plain}_{count}"
    return name


def attributes(people: "pd.DataFrame") -> list[str]:
    """The columns of free attributes."""
    return [column for column in people.columns if column.startswith(ATTRIBUTE)]


def _clean(values: "pd.Series", column: str, kind: str, region: str) -> "pd.Series":
    """One column of one kind; each distinct value is looked at once."""
    import pandas as pd

    text = values.astype("object").where(values.notna(), None)
    if pd.api.types.infer_dtype(text, skipna=True) != "string":
        text = text.map(_written, na_action="ignore")
    forms = {value: _form(value, kind, region) for value in text.dropna().unique()}
    if kind == "birth_date" and len(forms) >= MANY and not any(forms.values()):
        raise ValueError(
            f"{column}: none of its {len(forms)} values is a birth date, e.g. {next(iter(forms))!r}. "
            "Give dates, or text as 1980-12-31, 19801231, 31.12.1980 or 12/31/1980."
        )
    return text.map(forms).astype("object")


def _written(value: object) -> str:
    """As text: 19801231.0 is what an integer becomes beside missing ones."""
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return str(int(value))
    return str(value)


def _form(value: str, kind: str, region: str) -> str | None:
    if kind == "phone":
        return _e164(value, region)
    if kind == "email":
        address = re.sub(r"\s+", "", value).lower()
        return address if re.fullmatch(r"[^@]+@[^@]+", address) else None  # "n/a" is nobody's
    if kind in HASHED:
        digest = value.strip().lower()
        return digest if re.fullmatch(r"[0-9a-f]{64}", digest) else None
    if kind == "crm_id":  # Salesforce tells records apart by small and capital letters
        return value.strip() or None
    if kind == "birth_date":
        return _date(value.strip(), region)
    plain = _without_accents(value)
    if kind == "identifier":
        return plain.strip() or None
    words = re.sub(r"[\W_]+", " ", plain)
    if kind == "street":
        words = re.sub(r"\b(apt|apartment|unit|suite|ste|no)\b", " ", words)
    return " ".join(words.split()) or None


def _without_accents(value: str) -> str:
    """In small letters, of any script: Großmann is grossmann, and Иванов иванов."""
    if value.isascii():
        return value.lower()
    letters = unicodedata.normalize("NFKD", value.casefold())
    bare = "".join(letter for letter in letters if unicodedata.category(letter) != "Mn")
    return unicodedata.normalize("NFC", bare).translate(LATIN)


def _date(value: str, region: str) -> str | None:
    """Eight digits, the year first. 12/31/1980 begins with the month in the US, and with the day elsewhere,
    unless there is no such month."""
    value = re.split("[ T]", value)[0]  # without the time of the day
    parts = re.fullmatch(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})", value)
    if parts:
        first, sign, second, year = parts.groups()
        month, day = (first, second) if sign == "/" and region == "US" else (second, first)
        if int(month) > 12 >= int(day):
            month, day = day, month
        return f"{year}{month:0>2}{day:0>2}"
    parts = re.fullmatch(r"(\d{4})[./-](\d{1,2})[./-](\d{1,2})", value)
    digits = "{}{:0>2}{:0>2}".format(*parts.groups()) if parts else value
    return digits if re.fullmatch(r"\d{8}", digits) else None


def _hashed(clear: "pd.Series", hashed: "pd.Series") -> "pd.Series":
    """The hash of each record: of what it says in clear, or that it came with."""
    import pandas as pd

    known = clear.dropna().unique()
    of = {value: hashlib.sha256(value.encode()).hexdigest() for value in known}
    without_plus = {hashlib.sha256(value[1:].encode()).hexdigest(): of[value] for value in known if value[0] == "+"}
    canonical = hashed.map(without_plus)
    own: pd.Series = clear.map(of)
    return own.where(clear.notna(), canonical.where(canonical.notna(), hashed))


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
