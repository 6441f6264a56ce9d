"""An erased person's identifiers as keyed hashes: enough to know them again, too little to know who they were.

The key is an object of the lake's storage, apart from the catalogue that holds the hashes: whoever has only one of
the two cannot try addresses until one fits. It is made at the first erasure and must not be lost, because erased
people would then come back.
"""

import hashlib
import re
import secrets

from cohorte.lake import Lake
from cohorte.settings import Settings
from cohorte.storage import Storage, open_storage

KEY = "erasures/key"
MARK = "keyed:"
"""What such a hash begins with, so that nobody takes it for another one."""
GMAIL = ("gmail.com", "googlemail.com")


def normal(kind: str, value: str) -> str:
    """The coarsest form a platform compares by, so that no other spelling of the same thing slips through.

    E-mail: as Google does, without white space, in lower case, for Gmail without dots and what follows a plus.
    Phone: E.164, as the dbt macro `e164` makes it. Anything else: trimmed.
    """
    if kind == "email":
        local, at, domain = "".join(value.split()).lower().rpartition("@")
        return (local.partition("+")[0].replace(".", "") if domain in GMAIL else local) + at + domain
    if kind == "phone":
        digits = re.sub(r"\D", "", value)
        return f"+{'1' if len(digits) == 10 and not value.strip().startswith('+') else ''}{digits}"
    return value.strip()


def hashed(key: str, kind: str, value: str) -> str:
    """What stands in activation.suppression for an identifier; `SQL` says the same of a value in its normal form."""
    return MARK + hashlib.sha256(f"{key}|{kind}|{normal(kind, value)}".encode()).hexdigest()[:32]


SQL = f"'{MARK}' || sha256($erasure_key || '|{{kind}}|' || {{value}})[:32]"


def erased_hashes(lake: Lake) -> frozenset[str]:
    """The hashes of everybody who was erased."""
    rows = lake.rows("select identifier from activation.suppression where starts_with(identifier, ?)", [MARK])
    return frozenset(identifier for (identifier,) in rows)


def key_in_use(lake: Lake) -> str | None:
    """The key, or None as long as nobody has been erased.

    Raises RuntimeError when people were erased and the key is gone: they could not be known again.
    """
    if not lake.value("select count(*) from activation.suppression where starts_with(identifier, ?)", [MARK]):
        return None
    found = _read(open_storage(lake.settings))
    if found is None:
        raise RuntimeError(
            f"the key of the erasures ({KEY} below the lake's path) is gone, so erased people could come back. "
            "Restore that object from a backup, then run this again."
        )
    return found


def make_key(settings: Settings) -> str:
    """The key; made when there is none yet."""
    storage = open_storage(settings)
    found = _read(storage)
    if found is None:
        found = secrets.token_hex(32)
        storage.put(KEY, found.encode())
    return found


def _read(storage: Storage) -> str | None:
    if KEY not in storage.list("erasures/"):
        return None
    return storage.get(KEY).decode()
