"""The Analytics stand-in, through Google's own client and through plain HTTP."""

import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlparse

import httpx
import pytest
from google.analytics.data_v1beta import BetaAnalyticsDataClient
from google.analytics.data_v1beta.services.beta_analytics_data.transports import BetaAnalyticsDataRestTransport
from google.analytics.data_v1beta.types import (
    DateRange,
    Dimension,
    Filter,
    FilterExpression,
    Metric,
    OrderBy,
    RunReportRequest,
)
from google.api_core.exceptions import BadRequest, Forbidden, TooManyRequests
from google.auth.exceptions import RefreshError
from google.oauth2 import service_account

from sandbox.google import api
from sandbox.google.discovery import SHA256, document_path
from sandbox.server import Running

SCOPES = ["https://www.googleapis.com/auth/analytics.readonly"]
DIMENSIONS = ["date", "hour", "deviceCategory", "city", "itemCategory", "customUser:crm_contact_id"]
METRICS = ["sessions", "itemsViewed", "itemsAddedToCart"]


def client_of(server: Running, **changes: Any) -> BetaAnalyticsDataClient:
    extra = server.connections["google_analytics_default"]["extra"]
    credentials = service_account.Credentials.from_service_account_info(extra["keyfile_dict"] | changes, scopes=SCOPES)
    host = urlparse(extra["api_endpoint"]).netloc
    transport = BetaAnalyticsDataRestTransport(host=host, credentials=credentials, url_scheme="http")
    return BetaAnalyticsDataClient(transport=transport)


def request_of(server: Running, **changes: Any) -> RunReportRequest:
    extra = server.connections["google_analytics_default"]["extra"]
    asked: dict[str, Any] = {
        "property": f"properties/{extra['property_id']}",
        "date_ranges": [DateRange(start_date="2017-11-01", end_date="2017-11-30")],
        "dimensions": [Dimension(name=name) for name in DIMENSIONS],
        "metrics": [Metric(name=name) for name in METRICS],
    }
    return RunReportRequest(asked | changes)


def rows_of(response: Any) -> list[tuple[str, ...]]:
    return [tuple(cell.value for cell in (*row.dimension_values, *row.metric_values)) for row in response.rows]


@pytest.fixture(scope="module")
def client(shared_sandbox: Running) -> BetaAnalyticsDataClient:
    return client_of(shared_sandbox)


def test_the_contract_is_the_one_we_know() -> None:
    assert hashlib.sha256(document_path().read_bytes()).hexdigest() == SHA256


def test_pages_make_up_the_whole_report(client: BetaAnalyticsDataClient, shared_sandbox: Running) -> None:
    whole = client.run_report(request_of(shared_sandbox, return_property_quota=True))
    assert whole.row_count == len(whole.rows) > 100
    assert whole.property_quota.tokens_per_day.remaining > 0
    assert whole.metadata.time_zone == "Etc/UTC" and not whole.metadata.data_loss_from_other_row
    paged = [
        row
        for offset in range(0, whole.row_count, 70)
        for row in rows_of(client.run_report(request_of(shared_sandbox, limit=70, offset=offset)))
    ]
    assert paged == rows_of(whole)
    assert all("20171101" <= row[0] <= "20171130" and 0 <= int(row[1]) <= 23 for row in paged)


def test_visitors_are_contacts_or_unknown(client: BetaAnalyticsDataClient, shared_sandbox: Running) -> None:
    response = client.run_report(
        request_of(shared_sandbox, dimensions=[Dimension(name="customUser:crm_contact_id")], metrics=METRIC_SESSIONS)
    )
    visitors = {row[0] for row in rows_of(response)}
    truth = (shared_sandbox.folder / "truth.csv").read_text()
    assert visitors - {"(not set)"}
    assert all(f"{visitor}," in truth for visitor in visitors - {"(not set)"})


METRIC_SESSIONS = [Metric(name="sessions")]


def test_sessions_are_counted_once_across_categories(client: BetaAnalyticsDataClient, shared_sandbox: Running) -> None:
    total = client.run_report(request_of(shared_sandbox, dimensions=[], metrics=METRIC_SESSIONS))
    by_category = client.run_report(
        request_of(shared_sandbox, dimensions=[Dimension(name="itemCategory")], metrics=METRIC_SESSIONS)
    )
    assert 0 < int(rows_of(total)[0][0]) < sum(int(row[1]) for row in rows_of(by_category))


def test_every_session_came_from_somewhere(client: BetaAnalyticsDataClient, shared_sandbox: Running) -> None:
    names = ("sessionSource", "sessionMedium", "sessionCampaignName")
    metrics = [Metric(name="sessions"), Metric(name="engagedSessions")]
    asked = request_of(shared_sandbox, dimensions=[Dimension(name=name) for name in names], metrics=metrics)
    rows = rows_of(client.run_report(asked))
    total = client.run_report(request_of(shared_sandbox, dimensions=[], metrics=METRIC_SESSIONS))
    assert sum(int(row[3]) for row in rows) == int(rows_of(total)[0][0])
    assert all(int(row[4]) <= int(row[3]) for row in rows)
    assert {("google", "organic"), ("newsletter", "email"), ("(direct)", "(none)")} <= {row[:2] for row in rows}


def test_tokens_are_taken_by_each_request_until_there_are_none(
    client: BetaAnalyticsDataClient, shared_sandbox: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request_of(shared_sandbox, dimensions=[], return_property_quota=True)
    first, second = (client.run_report(asked).property_quota.tokens_per_day for _ in range(2))
    assert first.consumed == second.consumed == first.remaining - second.remaining == 5
    monkeypatch.setattr(api, "TOKENS_A_PROJECT_HOUR", 5)
    with pytest.raises(TooManyRequests, match="tokens for a project per hour"):
        client.run_report(asked)


def test_filters_and_orders(client: BetaAnalyticsDataClient, shared_sandbox: Running) -> None:
    only = Filter(field_name="deviceCategory", string_filter=Filter.StringFilter(value="mobile", match_type="EXACT"))
    response = client.run_report(
        request_of(
            shared_sandbox,
            dimensions=[Dimension(name="deviceCategory"), Dimension(name="itemCategory")],
            dimension_filter=FilterExpression(filter=only),
            order_bys=[OrderBy(metric=OrderBy.MetricOrderBy(metric_name="itemsViewed"), desc=True)],
        )
    )
    rows = rows_of(response)
    assert {row[0] for row in rows} == {"mobile"}
    views = [int(row[3]) for row in rows]
    assert views == sorted(views, reverse=True)


def test_the_newest_two_days_still_move(sandbox: Running, http: Callable[..., httpx.Client]) -> None:
    client = client_of(sandbox)

    def views(first: str, last: str) -> int:
        ranges = [DateRange(start_date=first, end_date=last)]
        response = client.run_report(request_of(sandbox, dimensions=[], date_ranges=ranges))
        return int(rows_of(response)[0][1])

    settled, moving = views("2017-11-01", "2017-11-28"), views("2017-11-29", "2017-11-30")
    http(sandbox.url).post("/_control/clock", json={"advance_days": 2}).raise_for_status()
    assert views("2017-11-01", "2017-11-28") == settled
    assert 0.7 * views("2017-11-29", "2017-11-30") < moving < views("2017-11-29", "2017-11-30")


def test_refusals_are_googles(client: BetaAnalyticsDataClient, shared_sandbox: Running) -> None:
    with pytest.raises(BadRequest, match="not a valid dimension"):
        client.run_report(request_of(shared_sandbox, dimensions=[Dimension(name="shoeSize")]))
    with pytest.raises(BadRequest, match="limited to 9 dimensions"):
        client.run_report(request_of(shared_sandbox, dimensions=[Dimension(name="date")] * 10))
    with pytest.raises(Forbidden):
        client.run_report(request_of(shared_sandbox, property="properties/1"))
    with pytest.raises(RefreshError, match="invalid_grant"):
        client_of(shared_sandbox, client_email="someone@else.iam.gserviceaccount.com").run_report(
            request_of(shared_sandbox)
        )


def test_unknown_fields_are_refused_by_name(shared_sandbox: Running, http: Callable[..., httpx.Client]) -> None:
    import jwt

    extra = shared_sandbox.connections["google_analytics_default"]["extra"]
    key = extra["keyfile_dict"]
    claims = {"iss": key["client_email"], "aud": key["token_uri"], "scope": SCOPES[0], "iat": 0, "exp": 4_000_000_000}
    grant = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": jwt.encode(claims, key["private_key"], algorithm="RS256"),
    }
    plain = http(extra["api_endpoint"])
    token = plain.post("/google/token", data=grant).raise_for_status().json()
    assert token["expires_in"] == 3_599
    path = f"/v1beta/properties/{extra['property_id']}:runReport"
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    answer = plain.post(path, json={"dimension": [{"name": "date"}], "limit": True}, headers=headers)
    error = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (400, "INVALID_ARGUMENT")
    assert 'Unknown name "dimension": Cannot find field.' in error["message"]
    violations = error["details"][0]["fieldViolations"]
    assert [violation.get("field", "") for violation in violations] == ["", "limit"]
