"""Objects of the lake that are not table rows: landed Parquet, model files, reports.

Plain files for a local path, boto3 for `s3://bucket/prefix`. Keys are relative to the lake's data path.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cohorte.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
else:
    S3Client = Any


class Storage(Protocol):
    def put(self, key: str, data: bytes) -> str: ...
    def get(self, key: str) -> bytes: ...
    def list(self, prefix: str) -> Iterator[str]: ...
    def delete(self, key: str) -> None: ...
    def url(self, key: str) -> str: ...


class LocalStorage:
    """Objects as files below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: str, data: bytes) -> str:
        """Writes whole or not at all."""
        target = self.root / key
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.partial")
        partial.write_bytes(data)
        partial.replace(target)
        return str(target)

    def get(self, key: str) -> bytes:
        return (self.root / key).read_bytes()

    def list(self, prefix: str) -> Iterator[str]:
        folder = self.root / prefix
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.is_file() and not path.name.startswith("."):
                yield str(path.relative_to(self.root))

    def delete(self, key: str) -> None:
        (self.root / key).unlink(missing_ok=True)

    def url(self, key: str) -> str:
        return str(self.root / key)


class S3Storage:
    """Objects in a bucket, below a prefix."""

    def __init__(self, bucket: str, prefix: str, client: S3Client) -> None:
        self.bucket = bucket
        self.prefix = prefix.strip("/")
        self.client = client

    def put(self, key: str, data: bytes) -> str:
        self.client.put_object(Bucket=self.bucket, Key=self._full(key), Body=data)
        return self.url(key)

    def get(self, key: str) -> bytes:
        return self.client.get_object(Bucket=self.bucket, Key=self._full(key))["Body"].read()

    def list(self, prefix: str) -> Iterator[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self._full(prefix))
        skip = len(self.prefix) + 1 if self.prefix else 0
        for page in pages:
            for item in page.get("Contents", ()):
                yield item["Key"][skip:]

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=self._full(key))

    def url(self, key: str) -> str:
        return f"s3://{self.bucket}/{self._full(key)}"

    def _full(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key


def open_storage(settings: Settings) -> Storage:
    """The storage behind the lake's data path."""
    if not settings.data_path.startswith("s3://"):
        return LocalStorage(Path(settings.data_path))
    import boto3

    bucket, _, prefix = settings.data_path.removeprefix("s3://").partition("/")
    scheme = "https" if settings.s3_use_ssl else "http"
    client = boto3.client(
        "s3",
        region_name=settings.s3_region,
        endpoint_url=f"{scheme}://{settings.s3_endpoint}" if settings.s3_endpoint else None,
        aws_access_key_id=settings.s3_key_id or None,
        aws_secret_access_key=settings.s3_secret.get_secret_value() or None,
    )
    return S3Storage(bucket, prefix, client)
