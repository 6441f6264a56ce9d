"""Landing into an S3-compatible store: the cluster profile's path, against moto."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pyarrow as pa
import pytest
from moto.server import ThreadedMotoServer

from cohorte import postgres
from cohorte.credentials import Credentials
from cohorte.lake import Lake
from cohorte.settings import Settings
from cohorte.sources.base import Source, Stream, Window
from cohorte.steps.erase import erase
from cohorte.steps.land import land
from cohorte.storage import open_storage


class One(Source):
    """One record."""

    name = "one"
    streams = (Stream(name="thing", resource="thing", key=("Id",), cursor="At"),)

    def read(self, stream: Stream, window: Window) -> Iterator[pa.RecordBatch]:
        times = pa.array([datetime(2017, 5, 1, tzinfo=UTC)], pa.timestamp("us", "UTC"))
        yield pa.RecordBatch.from_pydict({"Id": pa.array(["a"]), "At": times})


@pytest.fixture
def bucket_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    s3 = {"s3_endpoint": f"{host}:{port}", "s3_key_id": "key", "s3_secret": "secret", "s3_use_ssl": False}
    settings = Settings(home=tmp_path, lake_path="s3://lake/here", memory_limit="1GB", threads=1, **s3)  # type: ignore[arg-type]
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name=settings.s3_region,
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    client.create_bucket(Bucket="lake")
    postgres.create_databases(settings)
    with Lake.open(settings) as lake:
        lake.prepare()
        yield lake
    postgres.stop(settings)
    server.stop()


def test_files_land_in_the_bucket_and_a_dead_load_is_cleared(bucket_lake: Lake) -> None:
    storage = open_storage(bucket_lake.settings)
    dead = "20170101T000000.000000"
    storage.put(f"raw/one/thing/load_date=2017-01-01/{dead}.abc.parquet", b"half a file")
    storage.put(f"raw/_landing/one/{dead}", b"")

    result = land(One(Credentials(name="one_default")), lake=bucket_lake)

    assert bucket_lake.rows("select id, _load_id from raw.one__thing") == [("a", result.load_id)]
    (file,) = bucket_lake.rows("select data_file from ducklake_list_files('lake', 'one__thing', schema => 'raw')")
    parquet = [key for key in storage.list("raw/") if key.endswith(".parquet")]
    assert [storage.url(key) for key in parquet] == list(file)
    assert file[0].startswith("s3://lake/here/raw/one/thing/load_date=")


class Two(Source):
    """Two people."""

    name = "two"
    streams = (Stream(name="visitor", resource="visitor", key=("Id",), cursor="At", mode="full"),)

    def read(self, stream: Stream, window: Window) -> Iterator[pa.RecordBatch]:
        people = {"Id": ["a", "b"], "Email": ["Ann@example.com", "bob@example.com"]}
        yield pa.RecordBatch.from_pydict(people | {"At": [datetime(2017, 5, 1, tzinfo=UTC)] * 2})


def test_a_person_is_erased_from_the_bucket_and_does_not_land_again(bucket_lake: Lake) -> None:
    storage = open_storage(bucket_lake.settings)
    land(Two(Credentials(name="two_default")), lake=bucket_lake)
    (landed,) = (key for key in storage.list("raw/two/") if key.endswith(".parquet"))

    done = erase(lake=bucket_lake, credentials=lambda name: Credentials(name=name), email="ann@example.com")

    assert done.certificate["rows_deleted"] == {"raw.two__visitor": 1}
    assert done.where.startswith("s3://lake/here/erasures/")
    assert landed not in storage.list("raw/two/")
    assert land(Two(Credentials(name="two_default")), lake=bucket_lake).kept_out == 1
    assert set(bucket_lake.rows("select id from raw.two__visitor")) == {("b",)}
