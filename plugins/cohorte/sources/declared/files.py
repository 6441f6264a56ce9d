"""Files dropped into a folder or below an S3 prefix: CSV, JSON lines, Parquet, Excel.

A file lands once in each of its versions: one that is replaced lands again, one that is taken away stays landed. What
was read is noted by name and version, so a file that comes late, or with an old time, is not missed. Every row says
where it came from: `_file`, `_file_modified_at` and `_row`.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from cohorte.health import Finding
from cohorte.sources.base import About, SourceError, Stream, Window
from cohorte.sources.declared import formats
from cohorte.sources.declared.base import Declared, DeclaredStream, Land
from cohorte.sources.declared.folders import File, Folder, open_folder

if TYPE_CHECKING:
    import pyarrow as pa

ORIGIN = {"_file": "varchar", "_file_modified_at": "timestamptz", "_row": "bigint"}


class FileLand(Land):
    """What a table of files says."""

    path: str
    """Which files, relative to the connection's folder or bucket; `*`, `?` and `**` as in a shell."""
    format: Literal["csv", "jsonl", "parquet", "excel"] | None = None
    """Told by the file's ending unless given."""
    options: dict[str, Any] = Field(default_factory=dict)
    """CSV: those of DuckDB's `read_csv` that describe a dialect. Excel: `sheet`."""


class Files(Declared):
    """Connection: `path` in the extra of a `fs` one; `bucket`, `prefix`, `endpoint_url` in that of an `aws` one."""

    about = About(auth=("folder", "aws"), contract="none: CSV (RFC 4180), JSON lines, Parquet and Excel as they come")
    Land = FileLand
    added = ORIGIN

    @classmethod
    def stream(cls, name: str, land: Any) -> DeclaredStream:
        return DeclaredStream(
            name=name,
            resource=land.path,
            key=land.key,
            cursor="_file_modified_at",
            mode="bookmarked",
            has_fixed_columns=False,
            contract=land.contract,
            is_never_empty=land.is_never_empty,
            land=land,
        )

    def read(self, stream: Stream, window: Window) -> Iterator["pa.RecordBatch"]:
        """Files that are new or changed; with `since`, those modified within the window."""
        assert isinstance(stream, DeclaredStream)
        folder, known = open_folder(self.name, self.credentials), self.bookmarks.get(stream.name, {})
        for file in folder.files(stream.land.path):
            if window.since and not window.since <= file.modified_at < window.until:
                continue
            if known.get(file.name) != file.version:
                if file.size:
                    yield from self._rows(stream, file, folder)
                self.note(stream, file.name, file.version)

    def examine(self) -> Iterator[Finding]:
        folder = open_folder(self.name, self.credentials)
        for stream in self.streams:
            assert isinstance(stream, DeclaredStream)
            found = sum(1 for _ in folder.files(stream.land.path))
            if found:
                yield Finding("reach", "ok", f"{found:,} files match {stream.land.path}")
            else:
                said = f"no file matches {stream.land.path}"
                yield Finding("reach", "warning", said, "See whether somebody still drops them, and mend `path`.")

    def _rows(self, stream: DeclaredStream, file: File, folder: Folder) -> Iterator["pa.RecordBatch"]:
        import numpy as np
        import pyarrow as pa

        row = 0
        try:
            form = stream.land.format or formats.told_by(file.name)
            with folder.here(file) as path:
                reader = formats.READERS[form]
                for batch in reader(str(path), stream.land.options, lambda *bad: self.reject(stream, *bad)):
                    numbers = pa.array(np.arange(row + 1, row + 1 + batch.num_rows))
                    modified = pa.repeat(pa.scalar(file.modified_at, pa.timestamp("us", "UTC")), batch.num_rows)
                    origin = (pa.repeat(file.name, batch.num_rows), modified, numbers)
                    row += batch.num_rows
                    yield pa.RecordBatch.from_arrays([*batch.columns, *origin], names=[*batch.schema.names, *ORIGIN])
        except formats.UnreadableError as error:
            raise SourceError(
                f"{self.name}.{stream.name}: {file.name} cannot be read: {error}. Nothing was landed. "
                "Mend or move the file, or say in `land` what it is, then run the load again."
            ) from error
        if folder.version_of(file) != file.version:
            raise SourceError(
                f"{self.name}.{stream.name}: {file.name} changed while it was read. Nothing was landed; run the load "
                "again. Whoever drops files should write them under another name and rename them when they are whole."
            )
