"""What a plan computes of one person: the key in every form, what is sent, and hashes to compare by."""

from dataclasses import dataclass

from cohorte.activation.forms import NORMAL_FORMS, quoted
from cohorte.activation.spec import MEMBERSHIP, SyncSpec
from cohorte.privacy import keyed


@dataclass(frozen=True)
class Columns:
    """DuckDB expressions for one sync, over its members (under the alias `members`) and the mapped tables.

    With `were_erased`, who was erased and comes again under another id is known by `$erasure_key`, the key of their
    hashes (cohorte.privacy.keyed).
    """

    sync: SyncSpec
    key_form: str
    were_erased: bool = False

    def key(self, members: str) -> str:
        """In the platform's own normal form."""
        return NORMAL_FORMS[self.key_form].format(self._key_column(members))

    @property
    def held_key(self) -> str:
        """The same, of a row of the table that holds it."""
        return NORMAL_FORMS[self.key_form].format(f'"{self.sync.key_column}"')

    def plain_key(self, members: str) -> str:
        """The key in the form suppressions are written in, whatever form the platform has."""
        return NORMAL_FORMS["lower_trim"].format(f"{self._key_column(members)}::varchar")

    def erased_key(self, members: str) -> str:
        """The key as an erasure notes it; a customer_id ends with its customer."""
        if not self.were_erased or self.sync.key_table == MEMBERSHIP:
            return "null::varchar"
        form = NORMAL_FORMS["google_email" if self.sync.key == "email" else "as_is"]
        return keyed.SQL.format(kind=self.sync.key, value=form.format(self._key_column(members)))

    def hashed(self, key: str) -> str:
        """128 bits of SHA-256: short, because millions are compared."""
        return f"sha256('{self.sync.key}:' || {key})[:32]"

    def payload(self, members: str) -> str:
        named = (f"'{f.name}', {_column(f.table, f.column, members)}" for f in self.sync.fields)
        return f"json_object({', '.join(named)})"

    def payload_hash(self, payload: str) -> str:
        """Another declaration makes another hash."""
        return f"md5({quoted(self.sync.signature)} || {payload}::varchar)"

    def fingerprint(self, members: str) -> str:
        """Fast, and only a hint: another DuckDB may hash differently, which costs time and changes nothing."""
        values = [_column(f.table, f.column, members) for f in self.sync.fields]
        return f"hash({', '.join([quoted(self.sync.signature), self._key_column(members), *values])})"

    def _key_column(self, members: str) -> str:
        return _column(self.sync.key_table, self.sync.key_column, members)


def alias(table: str) -> str:
    """What a mapped table is called beside the members."""
    return table.replace(".", "__")


def _column(table: str, column: str, members: str) -> str:
    return f'{members if table == MEMBERSHIP else alias(table)}."{column}"'
