"""Google Analytics 4 over the Data API: what users looked at, where they came from, and how good the reports are.

https://developers.google.com/analytics/devguides/reporting/data/v1/rest/v1beta/properties/runReport
The newest days still move for up to 72 hours, so three days are landed again with every load.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cohorte import health
from cohorte.credentials import Credentials
from cohorte.health import Finding
from cohorte.sources.base import BATCH, About, QuotaSpentError, Source, SourceError, Stream, Window
from cohorte.sources.google_analytics_report import Facts, Shape, facts, facts_batch, rows_batch
from cohorte.sources.patience import patiently, retry_after

if TYPE_CHECKING:
    import pyarrow as pa
    from google.analytics.data_v1beta import BetaAnalyticsDataClient, RunReportRequest, RunReportResponse

USER_DAY = Shape(
    dimensions=("date", "hour", "deviceCategory", "city", "itemCategory", "customUser:crm_contact_id"),
    metrics=("sessions", "itemsViewed", "itemsAddedToCart"),
    days=7,
)
TRAFFIC_SOURCE = Shape(
    dimensions=("date", "sessionSource", "sessionMedium", "sessionCampaignName", "customUser:crm_contact_id"),
    metrics=("sessions", "engagedSessions"),
    days=28,
)
SHAPES = {"user_day": USER_DAY, "traffic_source": TRAFFIC_SOURCE}
RESTATED = timedelta(days=3)
SCOPE = "https://www.googleapis.com/auth/analytics.readonly"
ENDPOINT = "https://analyticsdata.googleapis.com"
FIRST_DAY = date(2015, 8, 14)
"""Before any GA4 property, and as early as the API takes."""
TOKENS_A_DAY, TOKENS_AN_HOUR = 200_000, 40_000
"""Of a standard property, which Google does not tell; one of Analytics 360 has ten times as many."""
PAGE = 250_000
"""Rows a request may ask for at most."""
TIMEOUT = 120.0


class GoogleAnalytics(Source):
    """Connection: `keyfile_dict` (a service account) and `property_id` in its extra; `api_endpoint` if not Google's."""

    name = "google_analytics"
    about = About(
        auth=("service_account",),
        contract="Google's discovery document of the Data API, quotas from the documentation",
    )
    streams = (
        Stream(
            name="user_day",
            resource="runReport",
            key=USER_DAY.dimensions,
            cursor="date",
            restate=RESTATED,
        ),
        Stream(
            name="traffic_source",
            resource="runReport",
            key=TRAFFIC_SOURCE.dimensions,
            cursor="date",
            restate=RESTATED,
        ),
        # The last: it says of the others' reports, in this load, what Google says of them.
        Stream(name="report", resource="runReport", key=("asked_at", "stream", "first_day"), cursor="asked_at"),
    )

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        self.sleep: Callable[[float], None] = time.sleep
        self.reports: list[Facts] = []
        """What Google said of the reports read since the last look."""
        self.endpoint = str(credentials.extra.get("api_endpoint") or ENDPOINT)

    def read(self, stream: Stream, window: Window) -> Iterator["pa.RecordBatch"]:
        """Whole days: the one `since` is in, up to the one `until` ends."""
        import pyarrow as pa

        if stream.name == "report":
            told, self.reports = self.reports, []
            yield facts_batch(told)
            return
        shape = SHAPES[stream.name]
        yield rows_batch([], shape)
        last = (window.until - timedelta(microseconds=1)).date()
        day = window.since.date() if window.since else self._first_day(stream, last)
        held: list[pa.RecordBatch] = []
        spent = None
        while day <= last and not spent:
            try:
                held.append(self._report(stream, day, min(day + timedelta(days=shape.days - 1), last)))
            except QuotaSpentError as error:
                error.complete_until = datetime(day.year, day.month, day.day, tzinfo=UTC)
                spent = error
            day += timedelta(days=shape.days)
            if held and (spent or day > last or sum(batch.num_rows for batch in held) >= BATCH):
                yield pa.concat_batches(held)
                held = []
        if spent:
            raise spent

    def examine(self) -> Iterator[Finding]:
        import httpx
        from google.analytics.data_v1beta import RunReportRequest

        today = datetime.now(UTC).date()
        asked = self._days(today, today, USER_DAY.dimensions[:1], USER_DAY.metrics[:1])
        quota = self._ask(self.streams[0], RunReportRequest(asked, limit=1, return_property_quota=True)).property_quota
        yield Finding("token", "ok", f"property {self.credentials.required('property_id')} may be read")
        for left, standard, what in (
            (quota.tokens_per_day.remaining, TOKENS_A_DAY, "tokens of the day"),
            (quota.tokens_per_hour.remaining, TOKENS_AN_HOUR, "tokens of the hour"),
        ):
            yield health.quota(left, standard if left <= standard else 10 * standard, what)
        yield health.clock(httpx.head(self.endpoint, timeout=TIMEOUT).headers.get("Date"))

    def _first_day(self, stream: Stream, last: date) -> date:
        """The first day with anything to read; the day after `last` when there is none."""
        from google.analytics.data_v1beta import RunReportRequest

        dates = self._days(FIRST_DAY, last, USER_DAY.dimensions[:1], USER_DAY.metrics[:1])
        report = self._ask(stream, RunReportRequest(dates, limit=1))
        if not report.rows:
            return last + timedelta(days=1)
        return datetime.strptime(report.rows[0].dimension_values[0].value, "%Y%m%d").date()

    def _report(self, stream: Stream, first: date, last: date) -> "pa.RecordBatch":
        """All rows of some days. Raises SourceError when the report changed between two of its pages."""
        from google.analytics.data_v1beta import RunReportRequest

        shape = SHAPES[stream.name]
        days = self._days(first, last, shape.dimensions, shape.metrics)
        asked_at = datetime.now(UTC)
        pages: list[RunReportResponse] = []
        read = 0
        while not pages or read < pages[0].row_count:
            page = self._ask(stream, RunReportRequest(days, limit=PAGE, offset=read, return_property_quota=True))
            is_repeated = bool(pages) and page.rows[:1] == pages[-1].rows[:1]
            pages.append(page)
            read += len(page.rows)
            if page.row_count != pages[0].row_count or (page.row_count and not page.rows) or is_repeated:
                raise SourceError(
                    f"{self.name}.{stream.name}: the report of {first} to {last} changed while it was read "
                    f"({pages[0].row_count} rows, then {page.row_count}). Run the load again."
                )
        self.reports.append(facts(stream.name, first, last, asked_at, pages))
        return rows_batch(pages, shape)

    def _days(self, first: date, last: date, dimensions: Sequence[str], metrics: Sequence[str]) -> dict[str, Any]:
        return {
            "property": f"properties/{self.credentials.required('property_id')}",
            "date_ranges": [{"start_date": first.isoformat(), "end_date": last.isoformat()}],
            "dimensions": [{"name": name} for name in dimensions],
            "metrics": [{"name": name} for name in metrics],
            # Without an order, two pages of a report may overlap.
            "order_bys": [{"dimension": {"dimension_name": name}} for name in dimensions],
        }

    def _ask(self, stream: Stream, request: "RunReportRequest") -> "RunReportResponse":
        """One page. Raises QuotaSpentError when the property's tokens are used up, else SourceError."""
        from google.api_core.exceptions import GoogleAPICallError, TooManyRequests
        from google.auth.exceptions import GoogleAuthError
        from requests import RequestException

        where = f"{self.name}.{stream.name}"
        try:
            return patiently(
                lambda: self.client.run_report(request, retry=None, timeout=TIMEOUT),
                is_transient=_is_transient,
                asked=_asked,
                sleep=self.sleep,
            )
        except TooManyRequests as error:
            raise QuotaSpentError(f"{where}: {error.message} The next load goes on from there.", None) from error
        except GoogleAPICallError as error:
            raise SourceError(
                f"{where}: {request.property} refused with {error.code}: {error.message} Give the service account of "
                f'connection "{self.credentials.name}" the role Viewer on the property.'
                if error.code in (401, 403)
                else f"{where}: {request.property} refused with {error.code}: {error.message}"
            ) from error
        except GoogleAuthError as error:
            raise SourceError(
                f'{where}: no token ({error}). Check keyfile_dict of connection "{self.credentials.name}".'
            ) from error
        except RequestException as error:
            raise SourceError(
                f"{where}: no answer ({type(error).__name__}). Check the network and api_endpoint, then rerun."
            ) from error

    @cached_property
    def client(self) -> "BetaAnalyticsDataClient":
        from google.analytics.data_v1beta import BetaAnalyticsDataClient
        from google.analytics.data_v1beta.services.beta_analytics_data.transports import BetaAnalyticsDataRestTransport
        from google.oauth2.service_account import Credentials as ServiceAccount

        key = self.credentials.required("keyfile_dict")
        endpoint = urlsplit(self.endpoint)

        class Key(ServiceAccount):
            def _is_regional_access_boundary_lookup_required(self) -> bool:
                """Google's own question to Google; without this it would carry a stand-in's token there."""
                return str(endpoint.netloc).endswith(".googleapis.com")

        transport = BetaAnalyticsDataRestTransport(
            host=endpoint.netloc,
            url_scheme=endpoint.scheme,
            credentials=Key.from_service_account_info(json.loads(key) if isinstance(key, str) else key, scopes=[SCOPE]),
        )
        return BetaAnalyticsDataClient(transport=transport)


def _is_transient(error: BaseException) -> bool:
    """Outages and crowding pass within the minute; spent tokens come back within the hour or the day."""
    from google.api_core import exceptions
    from requests import RequestException

    if isinstance(error, exceptions.TooManyRequests):
        return "tokens" not in error.message
    return isinstance(error, exceptions.ServerError | RequestException)


def _asked(error: BaseException) -> float | None:
    response = getattr(error, "response", None)
    return retry_after(response.headers) if response is not None else None
