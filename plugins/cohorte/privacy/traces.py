"""What to look for when a person must have left no trace: one regular expression for everything they are known by."""

import hashlib
import re

from cohorte.privacy.keyed import normal
from cohorte.privacy.subject import Identifiers

SHORTEST = 6
"""Shorter identifiers are not looked for: they are found everywhere and mean nobody."""
PSEUDONYMS = frozenset({"customer", "record", "destination_key"})
"""Kinds of our own making."""
NOT_LOOKED_FOR = "names, dates of birth and postal addresses, which many people share"


def pattern(identifiers: Identifiers, *, pseudonyms: bool = True) -> str:
    """A regular expression that DuckDB, PostgreSQL (`~`) and Python all understand the same way.

    Addresses also as they stand in a URL; phone numbers however they are punctuated. With `pseudonyms`, also what leads
    to the person only as long as the lake knows them: our own ids, and addresses as MD5 or SHA-256.
    """
    words: set[str] = set()
    for kind, values in identifiers.items():
        for value in values if pseudonyms or kind not in PSEUDONYMS else ():
            if kind == "phone":
                words.add(_number(value))
            elif len(value) >= SHORTEST:
                words.add(_escaped(value))
            if kind == "email":
                words.add(_escaped(value.replace("@", "%40")))
                hashes = {hashlib.md5(value.encode()).hexdigest(), hashlib.sha256(value.encode()).hexdigest()}  # noqa: S324
                words |= hashes if pseudonyms else set()
    words.discard("")
    if not words:
        return "^(a|b)$(a|b)"  # matches nothing
    return f"(?i)(^|[^0-9A-Za-z._%+-])({'|'.join(sorted(words))})([^0-9A-Za-z]|$)"


def _number(value: str) -> str:
    digits = re.sub(r"\D", "", normal("phone", value))
    if len(digits) < SHORTEST:
        return ""
    national = digits[1:] if len(digits) == 11 and digits.startswith("1") else digits
    country = "(\\+?1[ ().-]{0,2})?" if national != digits else "\\+?"
    return f"{country}\\(?{'[ ().-]{0,2}'.join(national)}"


def _escaped(value: str) -> str:
    return re.sub(r"([.+*?^$()\[\]{}|\\])", r"\\\1", value)
