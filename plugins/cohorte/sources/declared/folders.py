"""Where files lie: a local folder, or a bucket."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from cohorte.credentials import Credentials
from cohorte.sources.base import SourceError

UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".filepart")
"""Endings that tools give a file while they still write it."""


@dataclass(frozen=True, slots=True)
class File:
    """One version of a file. `name` is relative to its folder."""

    name: str
    version: str
    modified_at: datetime
    size: int
    """Bytes."""


class Folder(ABC):
    """A place files are dropped."""

    @abstractmethod
    def files(self, pattern: str) -> Iterator[File]:
        """Those that match, in order of their names; without hidden and unfinished ones."""

    @abstractmethod
    def version_of(self, file: File) -> str: ...

    @abstractmethod
    def here(self, file: File) -> AbstractContextManager[Path]:
        """The file on this machine, while the block lasts."""


class LocalFolder(Folder):
    def __init__(self, source: str, root: Path) -> None:
        self.root = root
        if not root.is_dir():
            raise SourceError(f"{source}: there is no folder {root}. Make it, or mend `path` of the connection.")

    def files(self, pattern: str) -> Iterator[File]:
        for path in sorted(self.root.glob(pattern)):
            name = path.relative_to(self.root).as_posix()
            if path.is_file() and _is_whole(name):
                yield self._file(name)

    def version_of(self, file: File) -> str:
        return self._file(file.name).version

    @contextmanager
    def here(self, file: File) -> Iterator[Path]:
        yield self.root / file.name

    def _file(self, name: str) -> File:
        stat = (self.root / name).stat()
        return File(
            name, f"{stat.st_mtime_ns}-{stat.st_size}", datetime.fromtimestamp(stat.st_mtime, UTC), stat.st_size
        )


class Bucket(Folder):
    """Below a prefix of an S3 bucket; a file is brought here to be read."""

    def __init__(self, credentials: Credentials) -> None:
        import boto3

        extra = credentials.extra
        self.bucket = str(credentials.required("bucket"))
        self.prefix = str(extra.get("prefix") or "").strip("/")
        session = boto3.session.Session(
            aws_access_key_id=credentials.login or None,
            aws_secret_access_key=credentials.password or None,
            region_name=str(extra.get("region_name") or "us-east-1"),
        )
        self.client = session.client(
            "s3", endpoint_url=str(extra.get("endpoint_url") or credentials.host or "") or None
        )

    def files(self, pattern: str) -> Iterator[File]:
        from fsspec.utils import glob_translate

        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=self._key(_fixed_part(pattern))
        )
        matches = re.compile(glob_translate(pattern)).fullmatch
        for item in (item for page in pages for item in page.get("Contents", ())):
            name = item["Key"].removeprefix(f"{self.prefix}/" if self.prefix else "")
            if _is_whole(name) and matches(name):
                yield File(name, item["ETag"].strip('"'), item["LastModified"].astimezone(UTC), item["Size"])

    def version_of(self, file: File) -> str:
        etag: str = self.client.head_object(Bucket=self.bucket, Key=self._key(file.name))["ETag"]
        return etag.strip('"')

    @contextmanager
    def here(self, file: File) -> Iterator[Path]:
        with TemporaryDirectory(prefix="cohorte-") as folder:
            path = Path(folder) / PurePosixPath(file.name).name
            self.client.download_file(self.bucket, self._key(file.name), str(path))
            yield path

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}" if self.prefix else name


def open_folder(source: str, credentials: Credentials) -> Folder:
    """The folder a connection speaks of."""
    if credentials.kind == "aws":
        return Bucket(credentials)
    return LocalFolder(source, Path(str(credentials.required("path"))))


def _is_whole(name: str) -> bool:
    last = PurePosixPath(name).name
    return not last.startswith((".", "_")) and not last.lower().endswith(UNFINISHED)


def _fixed_part(pattern: str) -> str:
    """What every match begins with, so that a listing need not go through the whole bucket."""
    cut = min((pattern.find(sign) for sign in "*?[" if sign in pattern), default=len(pattern))
    return pattern[:cut]
