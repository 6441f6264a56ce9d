"""Salesforce landed: what some orgs do not have, and what becomes of prospects and consents."""

from datetime import datetime

import httpx
import pytest

from cohorte import sources
from cohorte.credentials import Credentials
from cohorte.lake import Lake
from cohorte.sources.base import Source, Window
from cohorte.steps.land import land
from sandbox.salesforce.schema import OBJECTS
from sandbox.server import Running

SALES = ["account", "lead", "opportunity", "individual"]


@pytest.fixture
def salesforce(sandbox: Running, lake: Lake) -> Source:
    """The source, over a lake it never landed anything in."""
    for stream in sources.kind("salesforce").streams:
        lake.execute(f'drop table if exists raw."salesforce__{stream.name}"')
    lake.execute("delete from ops.load where source = 'salesforce'")
    connection = sandbox.connections["salesforce_default"]
    return sources.get("salesforce", Credentials.from_mapping("salesforce_default", connection))


@pytest.fixture
def lake(lake: Lake, sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Living in the sandbox's time."""
    here = lake.settings.model_copy(update={"clock": f"{sandbox.url}/_control/clock"})
    monkeypatch.setattr(lake, "settings", here)
    return lake


def test_an_object_the_org_never_switched_on_stays_empty(
    salesforce: Source, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    switched_on = OBJECTS["individual"]
    monkeypatch.delitem(OBJECTS, "individual")
    for _ in range(2):
        result = land(salesforce, lake=lake, streams=["individual", "campaign"])
        assert (result.rows["individual"], result.events) == (0, ())
    assert not [found for found in salesforce.examine() if found.state != "ok"]
    monkeypatch.setitem(OBJECTS, "individual", switched_on)
    del salesforce.objects  # type: ignore[attr-defined]
    past = Window(datetime(2016, 1, 1), datetime(2018, 1, 1))
    assert land(salesforce, past, lake=lake, streams=["individual"]).rows["individual"] > 0


def test_versions_of_prospects_and_deals_arrive_as_they_change(
    salesforce: Source, lake: Lake, sandbox: Running
) -> None:
    first = land(salesforce, lake=lake, streams=SALES).rows
    assert all(first.values())
    httpx.post(f"{sandbox.url}/_control/clock", json={"advance_days": 120}).raise_for_status()
    second = land(salesforce, lake=lake, streams=SALES).rows
    assert second["opportunity"] > 0 < second["lead"]
    assert lake.value("select count(*) > count(distinct id) from raw.salesforce__opportunity")
    assert lake.value("select bool_or(is_deleted) from raw.salesforce__lead")
