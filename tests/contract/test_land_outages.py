"""What platforms do on bad days, planted in their stand-ins: the read is whole, or it says why it is not."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from cohorte import sources
from cohorte.credentials import Credentials
from cohorte.lake import Lake
from cohorte.sources import (
    account_engagement,
    google_analytics,
    hubspot,
    mailchimp,
    marketing_cloud,
    meta,
    salesforce,
)
from cohorte.sources.base import QuotaSpentError, Source, SourceError, Window
from cohorte.steps.land import land
from sandbox.server import Running

PLATFORM = {name: name for name in sources.NAMES} | {"google_analytics": "google"}
STREAM = {name: sources.kind(name).streams[0].name for name in sources.NAMES} | {
    "salesforce": "campaign_member",
    "google_analytics": "user_day",
    "meta": "lead",
    "hubspot": "email_event",
    "mailchimp": "email_event",
    "marketing_cloud": "email_event",
    "account_engagement": "email_event",
}
PAGE = {name: sources.kind(name).streams[0].resource for name in sources.NAMES} | {
    "salesforce": "/results",
    "google_analytics": "runReport",
    "meta": "/leads",
    "hubspot": "/events",
    "mailchimp": "/email-activity",
    "brevo": "webhooks/export|processes",
    "marketing_cloud": "/Service",
    "account_engagement": "/visitor-activities",
}
YEAR = Window(datetime(2017, 1, 1, tzinfo=UTC), datetime(2017, 12, 1, tzinfo=UTC))


@pytest.fixture
def plant(shared_sandbox: Running) -> Iterator[Any]:
    """Plants a fault in the platform of a source."""

    def planted(name: str, kind: str, path: str = "", **options: Any) -> None:
        body = {"platform": PLATFORM[name], "kind": kind, "path": path or PAGE[name]} | options
        httpx.post(f"{shared_sandbox.url}/_control/faults", json=body).raise_for_status()

    yield planted
    httpx.delete(f"{shared_sandbox.url}/_control/faults").raise_for_status()


def connect(server: Running, name: str) -> tuple[Source, list[float]]:
    """A source that does not really wait, and the seconds it would have."""
    source = sources.get(name, Credentials.from_mapping(f"{name}_default", server.connections[f"{name}_default"]))
    waits: list[float] = []
    for patient in (source, getattr(source, "http", None)):
        if patient is not None:
            patient.sleep = waits.append  # type: ignore[attr-defined]
    return source, waits


def read(source: Source) -> list[tuple[Any, ...]]:
    stream = next(stream for stream in source.streams if stream.name == STREAM[source.name])
    rows = [tuple(row.values()) for batch in source.read(stream, YEAR) for row in batch.to_pylist()]
    assert len(rows) > 1
    return sorted(rows, key=repr)


@pytest.fixture(scope="module")
def whole(shared_sandbox: Running) -> dict[str, list[tuple[Any, ...]]]:
    """What a read on a good day brings."""
    return {name: read(connect(shared_sandbox, name)[0]) for name in sources.NAMES}


@pytest.mark.parametrize("name", sources.NAMES)
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 429},
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 503},
        {"kind": "reset"},
        {"kind": "lose_answer"},
        {"kind": "cut"},
        {"kind": "timeout"},
    ],
    ids=lambda fault: f"{fault['kind']}{fault.get('status', '')}",
)
def test_an_outage_that_passes_changes_nothing(
    shared_sandbox: Running,
    plant: Any,
    whole: dict[str, list[tuple[Any, ...]]],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    fault: dict[str, Any],
) -> None:
    source, waits = connect(shared_sandbox, name)
    if fault["kind"] == "timeout":
        monkeypatch.setattr(google_analytics, "TIMEOUT", 0.5)
        if name != "google_analytics":
            source.http.client.timeout = 0.5  # type: ignore[attr-defined]
    plant(name, times=2, **fault)
    assert read(source) == whole[name]
    assert len(waits) >= 2


@pytest.mark.parametrize("name", sources.NAMES)
def test_the_wait_is_the_one_asked_for(
    shared_sandbox: Running, plant: Any, whole: dict[str, list[tuple[Any, ...]]], name: str
) -> None:
    source, waits = connect(shared_sandbox, name)
    plant(name, "status", status=429, retry_after=17)
    assert read(source) == whole[name]
    assert 17 in waits


@pytest.mark.parametrize("name", ["salesforce", "google_analytics", "marketing_cloud", "account_engagement"])
def test_a_token_that_expires_on_the_way_is_renewed(
    shared_sandbox: Running, plant: Any, whole: dict[str, list[tuple[Any, ...]]], name: str
) -> None:
    plant(name, "expire_token")
    assert read(connect(shared_sandbox, name)[0]) == whole[name]


@pytest.mark.parametrize("path", ["oauth2/token", "describe", "jobs/query$", "jobs/query/[^/]+$"])
@pytest.mark.parametrize("kind", ["reset", "status", "lose_answer"])
def test_every_call_to_salesforce_is_patient(
    shared_sandbox: Running, plant: Any, whole: dict[str, list[tuple[Any, ...]]], path: str, kind: str
) -> None:
    plant("salesforce", kind, path, status=503)
    assert read(connect(shared_sandbox, "salesforce")[0]) == whole["salesforce"]


def test_metas_token_that_expired_needs_a_person(shared_sandbox: Running, plant: Any) -> None:
    plant("meta", "expire_token")
    with pytest.raises(SourceError, match=r"Session has expired.*meta_default"):
        read(connect(shared_sandbox, "meta")[0])


@pytest.mark.parametrize("name", ["salesforce", "google_analytics", "meta", "hubspot", "mailchimp"])
def test_a_page_that_repeats_is_never_taken_for_the_next(
    shared_sandbox: Running,
    plant: Any,
    whole: dict[str, list[tuple[Any, ...]]],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.setattr(salesforce, "BATCH", 10)
    monkeypatch.setattr(meta, "PAGE", 2)
    monkeypatch.setattr(google_analytics, "PAGE", 10)
    monkeypatch.setattr(mailchimp, "PAGE", 2)
    monkeypatch.setattr(hubspot, "PAGE", 100)
    monkeypatch.setattr(marketing_cloud, "PAGE", 20)
    monkeypatch.setattr(account_engagement, "PAGE", 2)
    assert read(connect(shared_sandbox, name)[0]) == whole[name]
    busiest_form = Counter(row[1] for row in whole["meta"]).most_common(1)[0][0]
    paths = {"meta": f"/{busiest_form}/leads", "mailchimp": "/000000000b/sent-to"}
    plant(name, "repeat_page", paths.get(name, ""))
    with pytest.raises(SourceError, match=f"{name}.{STREAM[name]}.*(repeat|changed)"):
        read(connect(shared_sandbox, name)[0])


def test_a_spent_quota_keeps_the_weeks_before_it(shared_sandbox: Running, plant: Any) -> None:
    source, _ = connect(shared_sandbox, "google_analytics")
    plant("google_analytics", "status", status=429, skip=2, times=100)
    batches = []
    with pytest.raises(QuotaSpentError) as spent:
        for batch in source.read(source.streams[0], YEAR):
            batches.append(batch)
    assert spent.value.complete_until == datetime(2017, 1, 15, tzinfo=UTC)
    days = sorted(row["date"] for batch in batches for row in batch.to_pylist())
    assert "20170101" <= days[0] < "20170108" <= days[-1] < "20170115"


@pytest.mark.parametrize("name", sources.NAMES)
def test_a_platform_that_stays_down_lands_nothing(shared_sandbox: Running, plant: Any, lake: Lake, name: str) -> None:
    loads = "select count(*) from ops.load where source = ?"
    plant(name, "status", status=503, times=1000)
    with pytest.raises(SourceError, match="503"):
        land(connect(shared_sandbox, name)[0], lake=lake)
    assert lake.value(loads, [name]) == 0
    httpx.delete(f"{shared_sandbox.url}/_control/faults")
    result = land(connect(shared_sandbox, name)[0], lake=lake)
    assert all(rows > 0 for rows in result.rows.values())
    assert lake.value(loads, [name]) == len(result.rows)
