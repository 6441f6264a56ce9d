"""Waivers: breaches of fairness that somebody has looked at and answers for, until a date."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from cohorte.settings import ROOT

PATH = ROOT / "expectations" / "waivers.yml"
FIELDS = ("subject", "attribute", "reason", "owner", "until")


@dataclass(frozen=True)
class Waiver:
    """One entry of the file. `subject`: a segment or a model."""

    subject: str
    attribute: str
    reason: str
    owner: str
    until: date


class Waivers:
    """Those in force on a day."""

    def __init__(self, waivers: list[Waiver], today: date) -> None:
        self._known = {(waiver.subject, waiver.attribute): waiver for waiver in waivers if waiver.until >= today}

    def covers(self, subject: str, attribute: str) -> bool:
        return (subject, attribute) in self._known

    @classmethod
    def read(cls, today: date, path: Path = PATH) -> "Waivers":
        """No file, no waivers. Raises ValueError naming the entry and the field that is wrong."""
        import yaml

        entries = (yaml.safe_load(path.read_text()) or []) if path.exists() else []
        if not isinstance(entries, list):
            raise ValueError(f"{path}: a list of waivers is expected")
        return cls([_waiver(path, number, entry) for number, entry in enumerate(entries, start=1)], today)


def _waiver(path: Path, number: int, entry: Any) -> Waiver:
    where = f"{path}, entry {number}"
    if not isinstance(entry, dict) or set(entry) != set(FIELDS):
        raise ValueError(f"{where}: it must have exactly {', '.join(FIELDS)}")
    empty = [name for name in FIELDS if entry[name] in (None, "")]
    if empty:
        raise ValueError(f"{where}: {', '.join(empty)} is empty; a waiver says who answers for what, why and how long")
    if not isinstance(entry["until"], date):
        raise ValueError(f"{where}: until is {entry['until']!r}; write a date, e.g. 2018-06-30")
    return Waiver(*(entry[name] for name in FIELDS))
