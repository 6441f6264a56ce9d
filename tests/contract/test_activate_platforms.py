"""Whole syncs against the stand-ins: what is on the platform afterwards, at what price, on good days and bad."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from cohorte.activation.spec import SyncSpec
from cohorte.credentials import Credentials
from cohorte.destinations.google_data_manager import GoogleDataManager
from cohorte.lake import Lake
from cohorte.steps.activate import SyncResult, activate
from tests.unit.activation.world import World, from_nothing, new_home, sync_spec

PLATFORMS = (
    *("hubspot", "mailchimp", "brevo", "marketing_cloud", "account_engagement"),
    *("meta_custom_audiences", "google_data_manager"),
)
FIELD = {
    "hubspot": "firstname",
    "mailchimp": "FNAME",
    "brevo": "FIRSTNAME",
    "marketing_cloud": "first_name",
    "meta_custom_audiences": "FN",
    "account_engagement": "firstName",
}
HASHING = ("meta_custom_audiences", "google_data_manager")

IMPORT = 3
"""Brevo, Google and Account Engagement: send it, see it queued, see it done."""
UPSERT = 4
"""Marketing Cloud: send it, see nothing yet, see it pending, see it done."""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, prepared_home: Path) -> Iterator[Lake]:
    with new_home(tmp_path_factory.mktemp("home"), prepared_home) as home, Lake.open(home) as opened:
        yield opened


@pytest.fixture
def world(lake: Lake) -> World:
    return from_nothing(lake)


class Stage:
    """One platform's stand-in, and syncs to it."""

    def __init__(self, platform: str, sandbox: Any) -> None:
        self.platform = platform
        self.url = sandbox.url
        self.credentials = Credentials.from_mapping(f"{platform}_default", sandbox.connections[f"{platform}_default"])

    def spec(self, **changes: Any) -> SyncSpec:
        name = FIELD.get(self.platform)
        return sync_spec(
            destination=self.platform,
            connection=f"{self.platform}_default",
            fields={name: "pii.dim_contact.given_name"} if name else {},
            **changes,
        )

    def sync(self, world: World, **changes: Any) -> SyncResult:
        result = activate(self.spec(**changes), lake=world.lake, credentials=self.credentials)
        assert result.planned == result.added + result.updated + result.removed + result.rejected + result.pending
        return result

    @property
    def members(self) -> set[str]:
        state = httpx.get(f"{self.url}/_control/state/{self.platform}").json()
        return set(next(iter(state.values()))["VIPs"])

    def wanted(self, world: World) -> set[str]:
        """What the platform should hold: e-mails, or their hashes."""
        query = "select lower(email) from segments.membership join pii.dim_contact using (customer_id)"
        emails = {email for (email,) in world.lake.rows(query)}
        if self.platform in HASHING:
            return {hashlib.sha256(email.encode()).hexdigest() for email in emails}
        return emails

    def token(self) -> str:
        """What calls prove themselves with."""
        if self.platform == "marketing_cloud":
            return marketing_cloud_token(self.credentials)
        if self.platform == "account_engagement":
            org = self.credentials.extra
            form = {"grant_type": "client_credentials", "client_id": org["consumer_key"]}
            form["client_secret"] = org["consumer_secret"]
            token = httpx.post(f"{org['instance_url']}/services/oauth2/token", data=form).json()["access_token"]
            return str(token)
        if self.platform != "google_data_manager":
            return self.credentials.password
        with closing(GoogleDataManager(self.credentials)) as google:
            return google.token()

    def plant(self, **fault: Any) -> None:
        httpx.post(f"{self.url}/_control/faults", json={"platform": self.platform} | fault).raise_for_status()


def marketing_cloud_token(credentials: Credentials) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": credentials.login,
        "client_secret": credentials.password,
    }
    return str(httpx.post(f"{credentials.host}/v2/token", json=form).raise_for_status().json()["access_token"])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses, and a rate budget of its own."""
    monkeypatch.setattr("cohorte.activation.engine.Engine._backoff", lambda self, failures: 0.0)
    monkeypatch.setattr("cohorte.activation.budget._budgets", {})
    monkeypatch.setattr("cohorte.destinations.brevo.Brevo.first_pause", 0.0)
    monkeypatch.setattr("cohorte.destinations.marketing_cloud.MarketingCloud.first_pause", 0.0)
    monkeypatch.setattr("cohorte.destinations.google_data_manager.GoogleDataManager.first_pause", 0.0)
    monkeypatch.setattr("cohorte.destinations.account_engagement.AccountEngagement.first_pause", 0.0)


@pytest.fixture(params=PLATFORMS)
def stage(request: pytest.FixtureRequest, sandbox: Any, impatient: None) -> Stage:
    return Stage(request.param, sandbox)


@pytest.fixture
def gmail(sandbox: Any, impatient: None) -> Stage:
    return Stage("google_data_manager", sandbox)


def test_a_mirror_at_the_least_possible_number_of_calls(world: World, stage: Stage) -> None:
    world.many(1000)
    first = stage.sync(world)
    assert stage.members == stage.wanted(world)
    lookup = 2  # by name, then create
    token = 1
    cost = {
        "hubspot": 10 + 1,
        "mailchimp": 2 + 2,
        "brevo": IMPORT,
        "marketing_cloud": token + UPSERT,
        "meta_custom_audiences": 1,
    }
    assert first.api_calls == lookup + cost.get(stage.platform, IMPORT)

    assert stage.sync(world).api_calls == 0

    world.leave(*range(10))
    world.customers(*range(1000, 1010))
    world.enter(*range(1000, 1010))
    third = stage.sync(world)
    assert (third.added, third.removed, third.unchanged) == (10, 10, 990)
    cost = {"hubspot": 2, "mailchimp": 2, "brevo": IMPORT + 1, "marketing_cloud": token + UPSERT}
    cost["meta_custom_audiences"] = 2
    assert third.api_calls == cost.get(stage.platform, IMPORT + IMPORT)
    assert stage.members == stage.wanted(world)


def test_a_bad_day_costs_calls_and_nothing_else(world: World, stage: Stage) -> None:
    """Refused for a while, broken, cut off before, in and after the answer: one after the other, in one run."""
    world.many(300)
    stage.plant(kind="status", status=429, retry_after=0.01, times=3, skip=2)
    stage.plant(kind="status", status=500)
    for kind in ("reset", "lose_answer", "cut"):
        stage.plant(kind=kind)
    result = stage.sync(world)
    assert httpx.get(f"{stage.url}/_control/faults").json()["planted"] == []
    assert (result.state, result.added, result.pending) == ("done", 300, 0)
    assert stage.members == stage.wanted(world)


def test_a_platform_that_stays_down_leaves_the_rest_to_the_next_run(world: World, stage: Stage) -> None:
    world.many(300)
    stage.plant(kind="status", status=503, times=1000, skip=2)
    down = stage.sync(world)
    assert down.state == "failed" and "503" in (down.reason or "") and down.pending == 300
    assert down.api_calls < 60
    httpx.delete(f"{stage.url}/_control/faults").raise_for_status()
    assert stage.sync(world).state == "done"
    assert stage.members == stage.wanted(world)


def test_refused_credentials_in_mid_run_stop_it(world: World, stage: Stage) -> None:
    world.many(300)
    stage.plant(kind="status", status=401, times=1000, skip=2)
    refused = stage.sync(world)
    assert refused.state == "failed" and f'"{stage.platform}_default"' in (refused.reason or "")
    httpx.delete(f"{stage.url}/_control/faults").raise_for_status()
    stage.sync(world)
    assert stage.members == stage.wanted(world)


def test_malformed_rows_are_kept_with_the_platforms_words(world: World, stage: Stage) -> None:
    world.many(5)
    world.contact("c00002", "broken@nowhere.x", "Broken")
    result = stage.sync(world)
    assert (result.added, result.rejected) == (4, 1)
    reason = world.lake.value("select reason from activation.rejected")
    assert reason and "broken" not in reason.lower()
    assert stage.sync(world).api_calls == 0


def test_an_audience_deleted_on_the_platform_is_filled_again(world: World, stage: Stage) -> None:
    world.many(20)
    stage.sync(world)
    audience = world.lake.value("select external_id from activation.audience")
    path, auth = {
        "hubspot": (f"/crm/v3/lists/{audience}", None),
        "brevo": (f"/v3/contacts/lists/{audience}", None),
        "mailchimp": (f"/3.0/lists/a1b2c3d4e5/segments/{audience}", ("x", stage.credentials.password)),
        "marketing_cloud": (f"/rest/data/v1/customobjects/{audience}", None),
        "meta_custom_audiences": (f"/v26.0/{audience}", None),
        "google_data_manager": (f"/v1/accountTypes/GOOGLE_ADS/accounts/1234567890/userLists/{audience}", None),
        "account_engagement": (f"/api/v5/objects/lists/{audience}", None),
    }[stage.platform]
    password = stage.token()
    headers = {} if auth else {"Authorization": f"Bearer {password}", "api-key": password}
    headers["Pardot-Business-Unit-Id"] = str(stage.credentials.extra.get("business_unit_id", ""))
    httpx.delete(f"{stage.credentials.host}{path}", auth=auth, headers=headers).raise_for_status()
    world.leave(1)
    assert stage.sync(world).state == "done"
    assert stage.members == stage.wanted(world)


def test_logs_hold_no_personal_data(world: World, stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    world.many(20)
    stage.plant(kind="status", status=500, times=1, skip=1)
    stage.sync(world)
    assert caplog.records
    google, salesforce = "ya29.", "!AQ"  # what their access tokens have in them
    secret = stage.credentials.password or (salesforce if stage.platform == "account_engagement" else google)
    assert "person" not in caplog.text and secret not in caplog.text


def test_two_spellings_of_a_gmail_address_are_one_person_at_google(world: World, gmail: Stage) -> None:
    world.many(3)
    world.contact("c00000", "j.doe@gmail.com")
    world.contact("c00001", "JDoe+shop@gmail.com")
    result = gmail.sync(world)
    assert (result.added, result.left_out) == (2, {"same email as another customer": 1})
    world.leave(0)
    assert gmail.sync(world).planned == 0  # the other one still wants to be there
    world.leave(1)
    assert gmail.sync(world).removed == 1
    assert gmail.members == gmail.wanted(world)


def test_a_suppressed_gmail_address_stays_out_of_google_under_another_id(world: World, gmail: Stage) -> None:
    world.many(2)
    world.contact("c00001", "j.doe@gmail.com")
    world.lake.execute(
        "insert into activation.suppression values (sha256('email:j.doe@gmail.com')[:32], 'erased', now()::timestamp)"
    )
    result = gmail.sync(world)
    assert (result.added, result.left_out) == (1, {"suppressed": 1})


def test_what_google_refuses_without_names_is_found_by_halving(world: World, gmail: Stage) -> None:
    world.many(4)
    failed = {"reason": "PROCESSING_ERROR_REASON_INVALID_FORMAT", "recordCount": "1"}
    for counts in ([failed], [], [failed], [failed]):  # all four; the first two; the last two; the third
        httpx.post(f"{gmail.url}/_control/google_data_manager/errors", json={"errorCounts": counts}).raise_for_status()
    result = gmail.sync(world)
    assert (result.added, result.rejected, result.pending) == (3, 1, 0)
    assert "INVALID_FORMAT" in world.lake.value("select reason from activation.rejected")


@pytest.mark.parametrize("platform", ["google_data_manager", "meta_custom_audiences", "account_engagement"])
def test_a_quota_that_is_spent_leaves_the_rest_to_a_later_run(
    world: World, sandbox: Any, impatient: None, platform: str
) -> None:
    stage = Stage(platform, sandbox)
    world.many(10)
    stage.sync(world)
    world.leave(1)
    httpx.post(f"{stage.url}/_control/{platform}/quota", json={"left": 0}).raise_for_status()
    spent = stage.sync(world)
    assert (spent.state, spent.pending) == ("failed", 1) and "come back in" in (spent.reason or "")
    assert spent.api_calls <= 3  # it does not knock at a door that is closed
    httpx.post(f"{stage.url}/_control/{platform}/quota", json={"left": 100}).raise_for_status()
    assert stage.sync(world).removed == 1


@pytest.mark.parametrize(("platform", "calls"), [("hubspot", 2), ("mailchimp", 2), ("marketing_cloud", 1 + UPSERT)])
def test_who_leaves_is_cleared_and_removed(
    world: World, sandbox: Any, impatient: None, platform: str, calls: int
) -> None:
    stage = Stage(platform, sandbox)
    world.many(3)
    stage.sync(world, on_leave="clear")
    world.leave(1)
    result = stage.sync(world, on_leave="clear")
    assert (result.removed, result.api_calls) == (1, calls)
    assert stage.members == stage.wanted(world)
