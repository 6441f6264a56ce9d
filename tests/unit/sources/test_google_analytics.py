"""What Google says of its reports, kept beside their rows."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from google.analytics.data_v1beta import RunReportRequest, RunReportResponse

from cohorte.credentials import Credentials
from cohorte.sources import google_analytics
from cohorte.sources.base import SourceError, Stream, Window
from cohorte.sources.google_analytics import USER_DAY, GoogleAnalytics

WEEK = Window(datetime(2017, 1, 1, tzinfo=UTC), datetime(2017, 1, 8, tzinfo=UTC))


class Property:
    """Stands for Google's client: reports of `count` rows, each page the next of `pages`."""

    def __init__(self, count: int, pages: list[dict[str, Any]]) -> None:
        self.count, self.pages = count, pages
        self.asked: list[RunReportRequest] = []

    def run_report(self, request: RunReportRequest, **_: Any) -> RunReportResponse:
        self.asked.append(request)
        page = self.pages[len(self.asked) - 1]
        rows = [
            {
                "dimension_values": [{"value": f"{request.offset + at}"} for _ in USER_DAY.dimensions],
                "metric_values": [{"value": "1"} for _ in USER_DAY.metrics],
            }
            for at in range(page["rows"])
        ]
        left = {"consumed": 6, "remaining": page["left"]}
        return RunReportResponse(
            row_count=self.count,
            rows=rows,
            metadata=page.get("metadata", {}),
            property_quota={"tokens_per_day": left, "tokens_per_hour": left},
        )


@pytest.fixture
def source() -> GoogleAnalytics:
    return GoogleAnalytics(Credentials(name="google_analytics_default", extra={"property_id": "1", "keyfile_dict": {}}))


def stream(source: GoogleAnalytics, name: str) -> Stream:
    return next(stream for stream in source.streams if stream.name == name)


def rows(source: GoogleAnalytics, name: str) -> list[dict[str, Any]]:
    return [row for batch in source.read(stream(source, name), WEEK) for row in batch.to_pylist()]


def test_a_sampled_report_says_so_in_its_rows_and_of_itself(source: GoogleAnalytics) -> None:
    sampled = {
        "subject_to_thresholding": True,
        "sampling_metadatas": [{"samples_read_count": 200, "sampling_space_size": 1000}],
    }
    property_ = Property(3, [{"rows": 2, "left": 100, "metadata": sampled}, {"rows": 1, "left": 94}])
    source.__dict__["client"] = property_
    assert [(row["is_sampled"], row["subject_to_thresholding"]) for row in rows(source, "user_day")] == [
        (True, True),
        (True, True),
        (False, False),
    ]
    assert all(request.return_property_quota for request in property_.asked)
    (report,) = rows(source, "report")
    assert report.pop("asked_at") <= datetime.now(UTC)
    assert report == {
        "stream": "user_day",
        "first_day": date(2017, 1, 1),
        "last_day": date(2017, 1, 7),
        "row_count": 3,
        "pages": 2,
        "data_loss_from_other_row": False,
        "subject_to_thresholding": True,
        "samples_read": 200,
        "sampling_space": 1000,
        "tokens_consumed": 12,
        "tokens_left_of_day": 94,
        "tokens_left_of_hour": 94,
        "tokens_left_of_project_hour": 0,
        "server_errors_left_of_project_hour": 0,
        "thresholded_requests_left_of_hour": 0,
    }


def test_reports_are_told_once(source: GoogleAnalytics) -> None:
    source.__dict__["client"] = Property(0, [{"rows": 0, "left": 100}])
    assert rows(source, "user_day") == []
    assert [(report["row_count"], report["samples_read"]) for report in rows(source, "report")] == [(0, None)]
    assert rows(source, "report") == []


def test_a_report_that_changes_while_it_is_read_is_told_of_nowhere(source: GoogleAnalytics) -> None:
    property_ = Property(3, [{"rows": 2, "left": 100}, {"rows": 0, "left": 94}])
    source.__dict__["client"] = property_
    with pytest.raises(SourceError, match="changed while it was read"):
        rows(source, "user_day")
    assert rows(source, "report") == []


@pytest.mark.parametrize(("left", "state"), [(199_000, "ok"), (1_900_000, "ok"), (19_000, "warning"), (0, "failure")])
def test_what_is_left_is_held_against_what_a_property_has(
    source: GoogleAnalytics, monkeypatch: pytest.MonkeyPatch, left: int, state: str
) -> None:
    import httpx

    monkeypatch.setattr(httpx, "head", lambda *_, **__: httpx.Response(200))
    source.__dict__["client"] = Property(0, [{"rows": 0, "left": left}])
    day = next(found for found in source.examine() if found.what == "quota")
    assert day.state == state


def test_each_stream_asks_for_its_own(source: GoogleAnalytics) -> None:
    for name, shape in google_analytics.SHAPES.items():
        assert stream(source, name).key == shape.dimensions
        assert len(shape.dimensions) <= 9
