"""The Graph API stand-in, through Meta's own SDK and through plain HTTP."""

import csv
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
import pytest
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.leadgenform import LeadgenForm
from facebook_business.adobjects.page import Page
from facebook_business.adobjects.pagepost import PagePost
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

from sandbox.server import Running


@pytest.fixture(scope="module")
def api(shared_sandbox: Running) -> FacebookAdsApi:
    connection = shared_sandbox.connections["meta_default"]
    extra = connection["extra"]
    session = FacebookSession(extra["app_id"], extra["app_secret"], extra["access_token"])
    session.GRAPH = connection["host"]
    return FacebookAdsApi(session)


@pytest.fixture(scope="module")
def page(api: FacebookAdsApi, shared_sandbox: Running) -> Page:
    return Page(shared_sandbox.connections["meta_default"]["extra"]["page_id"], api=api)


@pytest.fixture
def graph(http: Callable[..., httpx.Client], shared_sandbox: Running) -> httpx.Client:
    connection = shared_sandbox.connections["meta_default"]
    return http(connection["host"], headers={"Authorization": f"Bearer {connection['extra']['access_token']}"})


def answers(lead: Any) -> dict[str, str]:
    return {item["name"]: item["values"][0] for item in lead["field_data"]}


def test_leads_and_comments_link_through_the_hidden_field(page: Page, api: FacebookAdsApi) -> None:
    leads = [
        lead
        for form in page.get_lead_gen_forms()
        for lead in LeadgenForm(form["id"], api=api).get_leads(params={"limit": 3})
    ]
    assert len({lead["id"] for lead in leads}) == len(leads) > 3
    fields = {"email", "full_name", "phone_number", "favourite_category", "meta_user_id"}
    assert all(answers(lead).keys() == fields and "@" in answers(lead)["email"] for lead in leads)
    comments = [
        comment
        for post in page.get_published_posts(params={"limit": 100})
        for comment in PagePost(post["id"], api=api).get_comments(
            fields=["id", "message", "created_time", "from{id,name}"]
        )
    ]
    assert len({comment["id"] for comment in comments}) == len(comments) > 10
    assert {comment["from"]["id"] for comment in comments} & {answers(lead)["meta_user_id"] for lead in leads}


def test_most_comments_show_an_interest_and_some_none(shared_sandbox: Running) -> None:
    truth = list(csv.DictReader((shared_sandbox.folder / "truth_interest.csv").open()))
    shown = [row["interest"] for row in truth if row["kind"] == "comment"]
    assert "" in shown and len(set(shown)) > 4


def test_cursors_walk_the_whole_edge(graph: httpx.Client, page: Page) -> None:
    seen, after = [], ""
    while True:
        query = {"limit": 7, "fields": "id,created_time"} | ({"after": after} if after else {})
        answer = graph.get(f"/v23.0/{page['id']}/published_posts", params=query).raise_for_status().json()
        seen += answer["data"]
        after = answer["paging"]["cursors"]["after"]
        if "next" not in answer["paging"]:
            break
        assert (
            graph.get(answer["paging"]["next"]).json()
            == graph.get(f"/v23.0/{page['id']}/published_posts", params=query | {"after": after}).json()
        )
    assert len({post["id"] for post in seen}) == len(seen) > 50
    assert [post["created_time"] for post in seen] == sorted((p["created_time"] for p in seen), reverse=True)
    assert all(post.keys() == {"id", "created_time"} for post in seen)
    assert max(post["created_time"] for post in seen) <= "2017-11-30T23:59:59+0000"
    assert len(graph.get(f"/{page['id']}/published_posts").json()["data"]) == 25


def test_since_and_filtering_cut_by_time(graph: httpx.Client, page: Page) -> None:
    start = int(datetime.fromisoformat("2017-06-01T00:00:00+00:00").timestamp())
    forms = graph.get(f"/{page['id']}/leadgen_forms").json()["data"]
    filtering = f'[{{"field":"time_created","operator":"GREATER_THAN","value":{start}}}]'
    for form in forms:
        every = graph.get(f"/{form['id']}/leads", params={"limit": 100}).json()["data"]
        newer = graph.get(f"/{form['id']}/leads", params={"limit": 100, "filtering": filtering}).json()["data"]
        assert newer == [lead for lead in every if lead["created_time"] > "2017-06-01T00:00:00+0000"]
    posts = graph.get(f"/{page['id']}/published_posts", params={"since": start, "limit": 100}).json()["data"]
    assert min(post["created_time"] for post in posts) >= "2017-06-01T00:00:00+0000"


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("{page}/published_posts", {"access_token": "stale"}, 190),
        ("{page}/published_posts", {"fields": "id,shoe_size"}, 100),
        ("{page}/published_posts", {"limit": "-1"}, 100),
        ("{page}/published_posts", {"after": "made-up"}, 100),
        ("{page}/published_posts", {"appsecret_proof": "wrong"}, 100),
        ("{page}/photos", {}, 2500),
        ("123/comments", {}, 100),
        ("v3.0/{page}/published_posts", {}, 2500),
    ],
)
def test_refusals_carry_their_code(
    graph: httpx.Client, page: Page, path: str, query: dict[str, str], code: int
) -> None:
    answer = graph.get("/" + path.format(page=page["id"]), params=query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_a_token_is_wanted_and_can_be_looked_at(
    graph: httpx.Client, api: FacebookAdsApi, shared_sandbox: Running
) -> None:
    assert graph.get("/me", headers={"Authorization": ""}).json()["error"]["code"] == 104
    extra = shared_sandbox.connections["meta_default"]["extra"]
    app = {"access_token": f"{extra['app_id']}|{extra['app_secret']}"}
    good = graph.get("/debug_token", params=app | {"input_token": extra["access_token"]}).json()["data"]
    assert good["is_valid"] and "leads_retrieval" in good["scopes"]
    assert not graph.get("/debug_token", params=app | {"input_token": "other"}).json()["data"]["is_valid"]
    with pytest.raises(FacebookRequestError) as refused:
        list(PagePost("1", api=api).get_comments())
    assert refused.value.api_error_code() == 100


def test_reactions_are_counted_without_being_listed_and_some_are_taken_back(page: Page, api: FacebookAdsApi) -> None:
    posts = page.get_published_posts(fields=["id", "reactions.limit(0).summary(total_count)"], params={"limit": 100})
    counts = {post["id"]: post["reactions"]["summary"]["total_count"] for post in posts}
    for post_id, count in counts.items():
        reactions = list(PagePost(post_id, api=api).get_reactions(params={"limit": 2}))
        assert len(reactions) == len({reaction["id"] for reaction in reactions}) == count
    assert sum(counts.values()) > 10


def test_the_sdk_waits_for_a_report_and_reads_it(api: FacebookAdsApi, shared_sandbox: Running) -> None:
    account = AdAccount(f"act_{shared_sandbox.connections['meta_default']['extra']['ad_account_id']}", api=api)
    asked = {"level": "ad", "time_increment": 1, "time_range": {"since": "2017-10-01", "until": "2017-10-07"}}
    run = account.get_insights_async(fields=["ad_id", "impressions", "spend", "actions"], params=asked)
    states = [run.api_get()["async_status"] for _ in range(2)]
    assert states == ["Job Running", "Job Completed"]
    rows = list(run.get_insights(params={"limit": 5}))
    assert len({(row["ad_id"], row["date_start"]) for row in rows}) == len(rows) == 8 * 7
    assert all(float(row["spend"]) > 0 for row in rows)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"level": "campaign"}, "level=ad"),
        ({"colour": "red"}, "Invalid parameter: colour"),
        ({"fields": "ad_id,happiness"}, "happiness is not valid"),
        ({"time_range": "last week"}, "time_range"),
        ({"time_range": '{"since": "2001-01-01", "until": "2001-02-01"}'}, "37 months"),
    ],
)
def test_a_report_is_asked_for_as_documented(
    graph: httpx.Client, shared_sandbox: Running, changed: dict[str, str], says: str
) -> None:
    account = shared_sandbox.connections["meta_default"]["extra"]["ad_account_id"]
    asked = {"level": "ad", "time_increment": "1", "time_range": '{"since": "2017-10-01", "until": "2017-10-07"}'}
    answer = graph.post(f"/v26.0/act_{account}/insights", data=asked | changed)
    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"]


def test_a_report_that_is_not_made_yet_cannot_be_read(graph: httpx.Client, shared_sandbox: Running) -> None:
    account = shared_sandbox.connections["meta_default"]["extra"]["ad_account_id"]
    asked = {"level": "ad", "time_increment": "1", "time_range": '{"since": "2017-10-01", "until": "2017-10-07"}'}
    run = graph.post(f"/v26.0/act_{account}/insights", data=asked).json()["report_run_id"]
    assert graph.get(f"/v26.0/{run}/insights").json()["error"]["code"] == 2601
