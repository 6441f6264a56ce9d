"""Reports of Google Analytics as Arrow: their rows, and what Google says of them.

https://developers.google.com/analytics/devguides/reporting/data/v1/rest/v1beta/ResponseMetaData (sampling, thresholds)
https://developers.google.com/analytics/devguides/reporting/data/v1/rest/v1beta/PropertyQuota
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa
    from google.analytics.data_v1beta import RunReportResponse


@dataclass(frozen=True)
class Shape:
    """What a stream's reports ask for."""

    dimensions: tuple[str, ...]
    metrics: tuple[str, ...]
    days: int
    """Days a report: short ones keep Google from folding rare values into `(other)`."""


@dataclass(frozen=True)
class Facts:
    """One report: how far it can be trusted, what it cost, and what was left after it."""

    stream: str
    first_day: date
    last_day: date
    asked_at: datetime
    row_count: int
    pages: int
    data_loss_from_other_row: bool
    subject_to_thresholding: bool
    samples_read: int | None
    """Events the figures were estimated from; None when all were counted."""
    sampling_space: int | None
    """Events there were."""
    tokens_consumed: int
    tokens_left_of_day: int
    tokens_left_of_hour: int
    tokens_left_of_project_hour: int
    server_errors_left_of_project_hour: int
    thresholded_requests_left_of_hour: int


def facts(stream: str, first: date, last: date, asked_at: datetime, pages: Sequence["RunReportResponse"]) -> Facts:
    """What the pages of a report say of it; the quota as it was after the last one."""
    about, quota = [page.metadata for page in pages], pages[-1].property_quota
    samples = [sample for page in about for sample in page.sampling_metadatas]
    return Facts(
        stream=stream,
        first_day=first,
        last_day=last,
        asked_at=asked_at,
        row_count=pages[0].row_count,
        pages=len(pages),
        data_loss_from_other_row=any(page.data_loss_from_other_row for page in about),
        subject_to_thresholding=any(page.subject_to_thresholding for page in about),
        samples_read=samples[0].samples_read_count if samples else None,
        sampling_space=samples[0].sampling_space_size if samples else None,
        tokens_consumed=sum(page.property_quota.tokens_per_day.consumed for page in pages),
        tokens_left_of_day=quota.tokens_per_day.remaining,
        tokens_left_of_hour=quota.tokens_per_hour.remaining,
        tokens_left_of_project_hour=quota.tokens_per_project_per_hour.remaining,
        server_errors_left_of_project_hour=quota.server_errors_per_project_per_hour.remaining,
        thresholded_requests_left_of_hour=quota.potentially_thresholded_requests_per_hour.remaining,
    )


def facts_batch(told: Sequence[Facts]) -> "pa.RecordBatch":
    """One row a report."""
    import pyarrow as pa

    whole = pa.int64()
    kinds = {
        "stream": pa.string(),
        "first_day": pa.date32(),
        "last_day": pa.date32(),
        "asked_at": pa.timestamp("us", "UTC"),
        "data_loss_from_other_row": pa.bool_(),
        "subject_to_thresholding": pa.bool_(),
    }
    schema = pa.schema([(name, kinds.get(name, whole)) for name in Facts.__dataclass_fields__])
    return pa.RecordBatch.from_pylist([asdict(report) for report in told], schema=schema)


def rows_batch(pages: Sequence["RunReportResponse"], shape: Shape) -> "pa.RecordBatch":
    """Dimensions as text, metrics as integers, and beside them what Google says about their quality."""
    import pyarrow as pa

    schema = pa.schema(
        [(name, pa.string()) for name in shape.dimensions]
        + [(name, pa.int64()) for name in shape.metrics]
        + [
            ("data_loss_from_other_row", pa.bool_()),
            ("subject_to_thresholding", pa.bool_()),
            ("is_sampled", pa.bool_()),
        ]
    )
    columns: list[list[Any]] = [[] for _ in schema]
    for page in pages:
        message = type(page).pb(page)  # ten times faster to walk than its wrapper
        about = message.metadata
        quality = (about.data_loss_from_other_row, about.subject_to_thresholding, bool(about.sampling_metadatas))
        rows = message.rows
        for at in range(len(shape.dimensions)):
            columns[at] += [row.dimension_values[at].value for row in rows]
        for at in range(len(shape.metrics)):
            columns[len(shape.dimensions) + at] += [int(row.metric_values[at].value) for row in rows]
        for column, fact in zip(columns[-len(quality) :], quality, strict=True):
            column += [fact] * len(rows)
    return pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)
