"""Marketing Cloud as a destination, over HTTP, against a stand-in that refuses what Marketing Cloud refuses."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cohorte.credentials import Credentials
from cohorte.destinations import marketing_cloud
from cohorte.destinations.base import AccessRefused, AudienceGone, Batch, Refused, Row, Throttled, Unavailable
from cohorte.destinations.marketing_cloud import MarketingCloud

FIRST = "first_name"


@pytest.fixture
def credentials(sandbox: Any) -> Credentials:
    return Credentials.from_mapping("marketing_cloud_default", sandbox.connections["marketing_cloud_default"])


@pytest.fixture
def cloud(credentials: Credentials, monkeypatch: pytest.MonkeyPatch) -> Iterator[MarketingCloud]:
    monkeypatch.setattr(MarketingCloud, "first_pause", 0.0)
    destination = MarketingCloud(credentials)
    yield destination
    destination.close()


def members(sandbox: Any, name: str) -> set[str]:
    return set(httpx.get(f"{sandbox.url}/_control/state/marketing_cloud").json()["extensions"][name])


def plant(sandbox: Any, **fault: Any) -> None:
    httpx.post(f"{sandbox.url}/_control/faults", json={"platform": "marketing_cloud"} | fault).raise_for_status()


def states(receipts: Any) -> list[str]:
    return [receipt.state for receipt in receipts]


def test_a_data_extension_is_made_filled_and_left(sandbox: Any, cloud: MarketingCloud) -> None:
    audience = cloud.open_audience("Letters")
    assert audience.is_new and not cloud.open_audience("Letters").is_new
    assert cloud.open_audience("Letter").is_new  # a search finds more than the name asked for
    rows = [Row("add", "ann@example.com", {FIRST: "Ann"}), Row("add", "bob@example.com")]
    assert states(cloud.send(Batch("rows", audience, rows))) == ["accepted", "accepted"]
    assert members(sandbox, "Letters") == {"ann@example.com", "bob@example.com"}
    for _ in range(2):
        assert states(cloud.send(Batch("rows", audience, [Row("remove", "ann@example.com")]))) == ["accepted"]
    assert members(sandbox, "Letters") == {"bob@example.com"}


def test_who_leaves_and_who_comes_go_in_one_call(sandbox: Any, cloud: MarketingCloud) -> None:
    audience = cloud.open_audience("Kept")
    cloud.send(Batch("rows", audience, [Row("add", "ann@example.com", {FIRST: "Ann"})]))
    cloud.send(Batch("rows", audience, [Row("remove", "ann@example.com", {FIRST: None}), Row("add", "bob@a.example")]))
    assert members(sandbox, "Kept") == {"bob@a.example"}


def test_bad_rows_are_told_from_good_ones_and_name_nobody(sandbox: Any, cloud: MarketingCloud) -> None:
    audience = cloud.open_audience("Mixed")
    rows = [Row("add", f"p{n}@example.com") for n in range(500)]
    rows[7], rows[321] = Row("add", "no@where"), Row("add", "long@example.com", {FIRST: "x" * 300})
    receipts = cloud.send(Batch("rows", audience, rows))
    refused = {at: receipt.reason for at, receipt in enumerate(receipts) if receipt.state == "rejected"}
    assert refused == {
        7: "DataExtensionValidation: email: *** is not a valid e-mail address",
        321: "DataExtensionValidation: first_name: longer than 254 characters",
    }
    assert len(members(sandbox, "Mixed")) == 498


def test_results_in_another_order_accuse_nobody(cloud: MarketingCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    audience = cloud.open_audience("Shuffled")
    results = cloud._results
    monkeypatch.setattr(cloud, "_results", lambda request, sent: results(request, sent)[::-1])
    rows = [Row("add", "no@where"), Row("add", "ann@example.com")]
    with pytest.raises(Refused, match="do not say which"):
        cloud.send(Batch("rows", audience, rows))
    assert states(cloud.send(Batch("rows", audience, rows[:1]))) == ["rejected"]


def test_a_token_that_expires_in_mid_run_is_renewed(sandbox: Any, cloud: MarketingCloud) -> None:
    audience = cloud.open_audience("Long run")
    for path in ("/rows", "/status", "/results"):
        plant(sandbox, kind="expire_token", path=path)
    receipts = cloud.send(Batch("rows", audience, [Row("add", "ann@example.com"), Row("add", "no@where")]))
    assert states(receipts) == ["accepted", "rejected"]


def test_one_token_does_for_a_run(sandbox: Any, cloud: MarketingCloud) -> None:
    plant(sandbox, kind="status", status=500, path="v2/token", skip=1, times=100)
    audience = cloud.open_audience("Thrifty")
    for n in range(5):
        cloud.send(Batch("rows", audience, [Row("add", f"p{n}@example.com")]))


def test_a_deleted_data_extension_is_noticed_even_when_one_of_its_name_is_there(
    sandbox: Any, cloud: MarketingCloud
) -> None:
    audience = cloud.open_audience("Short-lived")
    cloud._call("DELETE", f"/data/v1/customobjects/{audience.external_id}")
    assert cloud.open_audience("Short-lived").is_new
    with pytest.raises(AudienceGone, match="Short-lived"):
        cloud.send(Batch("rows", audience, [Row("add", "a@example.com")]))


def test_a_column_that_is_not_there_is_refused_as_a_whole(cloud: MarketingCloud) -> None:
    with pytest.raises(Refused, match="favourite"):
        cloud.send(Batch("rows", cloud.open_audience("Narrow"), [Row("add", "a@example.com", {"favourite": "tea"})]))


def test_a_call_above_the_safe_size_is_refused_before_it_is_sent(cloud: MarketingCloud) -> None:
    audience = cloud.open_audience("Large")
    calls = cloud.api_calls
    with pytest.raises(Refused, match="3500000"):
        cloud.send(Batch("rows", audience, [Row("add", "a@example.com", {FIRST: "x" * 3_500_000})]))
    assert cloud.api_calls == calls


def test_a_request_that_is_never_done_is_given_up(cloud: MarketingCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MarketingCloud, "patience", 0.0)
    monkeypatch.setattr(marketing_cloud, "UNDER_WAY", {"Pending", "Complete"})
    with pytest.raises(Unavailable, match="is not done after"):
        cloud.send(Batch("rows", cloud.open_audience("Endless"), [Row("add", "a@example.com")]))


@pytest.mark.parametrize(("retry_after", "seconds"), [(7, 7.0), (None, None)])
def test_too_many_calls_say_when_to_come_back_if_the_platform_does(
    sandbox: Any, cloud: MarketingCloud, retry_after: float | None, seconds: float | None
) -> None:
    audience = cloud.open_audience("Busy")
    plant(sandbox, kind="status", status=429, retry_after=retry_after)
    with pytest.raises(Throttled, match="429") as throttled:
        cloud.send(Batch("rows", audience, [Row("add", "a@example.com")]))
    assert throttled.value.seconds == seconds


def test_a_wrong_secret_is_refused_access(credentials: Credentials) -> None:
    wrong = MarketingCloud(
        Credentials(name="x", host=credentials.host, login=credentials.login, password="no", extra=credentials.extra)
    )
    with pytest.raises(AccessRefused, match="401"):
        wrong.open_audience("Nobody")
    wrong.close()


def test_columns_and_the_subscriber_key_are_as_declared(credentials: Credentials) -> None:
    extra = dict(credentials.extra) | {"columns": ["contact_id"], "subscriber_key": "contact_id"}
    made = MarketingCloud(
        Credentials(
            name="x", host=credentials.host, login=credentials.login, password=credentials.password, extra=extra
        )
    )
    made.open_audience("Connected")
    (shown,) = made._call("GET", "/data/v1/customobjects", params={"$search": "Connected"}).json()["items"]
    assert (shown["sendableCustomObjectField"], shown["fieldCount"]) == ("contact_id", 3)
    made.close()
