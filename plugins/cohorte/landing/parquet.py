"""Batches to Parquet in the lake's raw folder: dlt's filesystem destination."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cohorte.landing.intent import load_date
from cohorte.settings import Settings
from cohorte.storage import Storage

if TYPE_CHECKING:
    import pyarrow as pa

LAYOUT = "{table_name}/load_date={load_date}/{cohorte_load}.{file_id}.{ext}"
ROWS_PER_FILE = 1_000_000
BOOKKEEPING = ("_dlt_loads", "_dlt_version", "_dlt_pipeline_state")
"""What dlt notes beside the data. ops.load says the same, in the transaction that shows the data."""


def snake_case(settings: Settings) -> Callable[[str], str]:
    """dlt's way to name columns: `Loyalty_Id__c` becomes `loyalty_id_c`."""
    _dlt(settings)
    from dlt.common.normalizers.naming.snake_case import NamingConvention

    return NamingConvention().normalize_identifier


def write(
    source: str,
    streams: "Mapping[str, Iterator[pa.RecordBatch]]",
    load_id: str,
    settings: Settings,
    storage: Storage,
) -> None:
    """Reads every stream to its end, one after the other, and lands the batches below `raw/<source>/<stream>/`.

    Nothing lands before everything was read. Raises what the streams raise, or RuntimeError when the lake's
    storage cannot be written.
    """
    dlt = _dlt(settings)
    from dlt.destinations import filesystem
    from dlt.pipeline.exceptions import PipelineStepFailed

    name = f"land_{source}"
    work = settings.home.resolve() / "dlt"
    shutil.rmtree(work / name, ignore_errors=True)  # of a load that died: the lake alone knows what is landed
    resources = [dlt.resource(batches, name=stream, write_disposition="append") for stream, batches in streams.items()]
    destination = filesystem(
        bucket_url=f"{settings.data_path}/raw",
        credentials=_credentials(settings),
        layout=LAYOUT,
        extra_placeholders={"load_date": load_date(load_id), "cohorte_load": load_id},
    )
    # dlt makes the folder only where this file is missing, and fails if another made it: a load killed in between.
    storage.put(f"raw/{source}/init", b"")
    pipeline = dlt.pipeline(name, pipelines_dir=str(work), dataset_name=source, destination=destination)
    try:
        pipeline.run(dlt.source(lambda: resources, name=source)(), loader_file_format="parquet").raise_on_failed_jobs()
    except PipelineStepFailed as failed:
        raise _cause(failed) from failed
    shutil.rmtree(work / name, ignore_errors=True)
    for folder in BOOKKEEPING:
        for key in list(storage.list(f"raw/{source}/{folder}/")):
            storage.delete(key)


def _dlt(settings: Settings) -> Any:
    """dlt, quiet: nothing sent home, nothing read back, streams one after the other."""
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
    os.environ.setdefault("PROVIDERS__ENABLE_AIRFLOW_SECRETS", "false")  # else it imports Airflow to look there
    os.environ.setdefault("DLT_DATA_DIR", str(settings.home.resolve() / "dlt"))
    import dlt

    dlt.config["restore_from_destination"] = False
    dlt.config["extract.next_item_mode"] = "fifo"
    dlt.config["data_writer.file_max_items"] = ROWS_PER_FILE
    return dlt


def _cause(failed: BaseException) -> BaseException:
    """What a stream raised, below dlt's wrapping; else a RuntimeError with dlt's words."""
    from dlt.common.exceptions import DltException

    cause: BaseException | None = failed
    while cause is not None:
        if not isinstance(cause, DltException):
            return cause
        cause = cause.__cause__ or getattr(cause, "exception", None)
    return RuntimeError(f"landing failed: {failed}. Check the lake's storage (COHORTE_LAKE_PATH), then rerun.")


def _credentials(settings: Settings) -> dict[str, str] | None:
    """What the settings say of S3; what they leave out dlt takes from AWS's usual places."""
    if not settings.data_path.startswith("s3://"):
        return None
    scheme = "https" if settings.s3_use_ssl else "http"
    said = {
        "aws_access_key_id": settings.s3_key_id,
        "aws_secret_access_key": settings.s3_secret.get_secret_value(),
        "region_name": settings.s3_region,
        "endpoint_url": f"{scheme}://{settings.s3_endpoint}" if settings.s3_endpoint else "",
    }
    return {name: value for name, value in said.items() if value}
