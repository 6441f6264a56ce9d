"""What the doctor says of every connection: all well, and what to do when it is not."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from cohorte import destinations, health, sources
from cohorte.credentials import Credentials
from cohorte.settings import Settings
from cohorte.sources import meta
from cohorte.steps.examine import Examined, examine_destinations, examine_sources
from sandbox.server import Running


def lookup(server: Running, **changed: Any) -> Callable[[str], Credentials]:
    """The sandbox's connections, some of their values replaced."""

    def found(name: str) -> Credentials:
        if name not in server.connections:
            raise RuntimeError(f'connection "{name}" is not defined')
        connection = server.connections[name]
        extra = connection.get("extra", {}) | changed.get("extra", {})
        return Credentials.from_mapping(name, connection | changed | {"extra": extra})

    return found


def of(name: str, server: Running, as_source: bool | None = None, **changed: Any) -> list[Examined]:
    if name in sources.NAMES if as_source is None else as_source:
        return list(examine_sources([name], Settings(), lookup(server, **changed)))
    return list(examine_destinations([(name, f"{name}_default")], lookup(server, **changed)))


@pytest.mark.parametrize(
    ("name", "is_source"),
    [*((n, True) for n in sources.NAMES), *((n, False) for n in destinations.NAMES if n != "webhook")],
)
def test_a_good_connection_is_well_and_costs_little(shared_sandbox: Running, name: str, is_source: bool) -> None:
    httpx.post(f"{shared_sandbox.url}/_control/stats/reset").raise_for_status()
    found = of(name, shared_sandbox, as_source=is_source)
    assert {item.finding.state for item in found} == {"ok"}
    assert {"token", "clock"} <= {item.finding.what for item in found}
    assert not any(item.finding.next_move for item in found)
    calls = httpx.get(f"{shared_sandbox.url}/_control/stats").json()
    assert 0 < sum(calls.values()) <= 4


@pytest.mark.parametrize(
    "name", ["salesforce", "google_analytics", "hubspot", "account_engagement", "meta_custom_audiences"]
)
def test_quotas_are_told(shared_sandbox: Running, name: str) -> None:
    quotas = [item.finding.said for item in of(name, shared_sandbox) if item.finding.what == "quota"]
    assert quotas
    assert all(" left" in said for said in quotas)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("salesforce", {"extra": {"consumer_secret": "not-the-secret"}}),
        ("google_analytics", {"extra": {"property_id": "1"}}),
        ("meta", {"extra": {"access_token": "not-the-secret", "app_secret": ""}}),
        ("hubspot", {"password": "not-the-secret"}),
        ("mailchimp", {"password": "not-the-secret"}),
        ("account_engagement", {"extra": {"consumer_secret": "not-the-secret"}}),
        ("brevo", {"password": "not-the-secret"}),
        ("marketing_cloud", {"password": "not-the-secret"}),
        ("meta_custom_audiences", {"password": "not-the-secret", "extra": {"app_secret": ""}}),
    ],
)
def test_a_connection_that_would_fail_says_what_to_do(
    shared_sandbox: Running, name: str, changed: dict[str, Any]
) -> None:
    (item,) = of(name, shared_sandbox, **changed)
    assert (item.finding.state, item.connection) == ("failure", f"{name}_default")
    assert item.finding.next_move
    assert "not-the-secret" not in item.finding.said


def test_a_connection_that_is_not_there_is_a_finding(shared_sandbox: Running) -> None:
    (item,) = examine_destinations([("brevo", "nowhere")], lookup(shared_sandbox))
    assert (item.finding.state, item.finding.said) == ("failure", 'connection "nowhere" is not defined')


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, shared_sandbox: Running) -> Iterator[dict[str, Any]]:
    """What Meta tells of its token, to be changed."""
    answer: dict[str, Any] = {}
    get = meta.Http.get

    def changed(http: meta.Http, url: str, **options: Any) -> httpx.Response:
        response = get(http, url, **options)
        body = response.json()
        body["data"] |= answer
        return httpx.Response(200, json=body, headers={"Date": response.headers["Date"]}, request=response.request)

    monkeypatch.setattr(meta.Http, "get", changed)
    yield answer


def test_a_token_that_expires_soon_is_warned_of(shared_sandbox: Running, told: dict[str, Any]) -> None:
    told["expires_at"] = int((datetime.now(UTC) + timedelta(days=9, hours=1)).timestamp())
    token = next(item.finding for item in of("meta", shared_sandbox) if item.finding.what == "token")
    assert token.state == "warning"
    assert token.said.endswith("in 9 days")
    told["expires_at"] = int((datetime.now(UTC) + timedelta(days=60)).timestamp())
    assert next(item.finding for item in of("meta", shared_sandbox)).state == "ok"


def test_a_token_without_a_scope_is_a_failure(shared_sandbox: Running, told: dict[str, Any]) -> None:
    told["scopes"] = ["pages_read_engagement", "pages_read_user_content", "pages_manage_ads"]
    scopes = next(item.finding for item in of("meta", shared_sandbox) if item.finding.what == "scopes")
    assert (scopes.state, scopes.said) == ("failure", "lacks ads_read, leads_retrieval")


def test_a_clock_that_is_off_and_a_quota_that_is_low_are_told() -> None:
    late = (datetime.now(UTC) - timedelta(minutes=10)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert health.clock(late).state == "failure"
    assert "ahead of the platform" in health.clock(late).said
    assert [health.quota(left, 100, "calls").state for left in (0, 5, 50)] == ["failure", "warning", "ok"]
