"""At landing: rows of people who were erased and whom a platform still has do not come back into the lake."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cohorte.lake import Lake
from cohorte.privacy.columns import ARRIVING, identifying
from cohorte.privacy.keyed import erased_hashes, hashed, key_in_use

if TYPE_CHECKING:
    import pyarrow as pa

EMAIL = re.compile(r"[^\s@\"'<>(),;:\[\]\\]+@[^\s@\"'<>(),;:\[\]\\]+")


@dataclass
class Erased:
    """Everybody who was erased, as hashes."""

    key: str
    hashes: frozenset[str]
    rows: int = 0
    """Kept out so far."""

    @classmethod
    def of(cls, lake: Lake) -> "Erased | None":
        """None when nobody was. Raises RuntimeError when the key of their hashes is gone."""
        key = key_in_use(lake)
        return cls(key, erased_hashes(lake)) if key else None

    def without(
        self, batch: "pa.RecordBatch", table: str, normalize: Callable[[str], str] = lambda name: name
    ) -> "pa.RecordBatch":
        """The batch without rows that name one of them; `normalize` turns the platform's column names into ours."""
        import pyarrow as pa
        import pyarrow.compute as pc

        ours = {normalize(name): name for name in batch.schema.names}
        for name, kinds in identifying(table, ours).items():
            column = batch.column(ours[name]).cast(pa.string())
            bad = [value for value in pc.unique(column).to_pylist() if value and self.knows(value, kinds)]
            if bad:
                named = pc.is_in(column, value_set=pa.array(bad, column.type))
                self.rows += pc.sum(named).as_py()
                batch = batch.filter(pc.invert(named))
        return batch

    def knows(self, value: str, kinds: tuple[str, ...] = ("email",)) -> bool:
        return any(hashed(self.key, kind, value) in self.hashes for kind in kinds if kind in ARRIVING)

    def names(self, text: str) -> bool:
        """Whether a record that could not be read names one of them by address."""
        return any(map(self.knows, EMAIL.findall(text)))
