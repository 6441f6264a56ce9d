"""The Account Engagement stand-in, where it is stricter than our own callers need."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from cohorte.credentials import Credentials
from cohorte.salesforce_oauth import SalesforceAuth
from sandbox.server import Running

PROSPECTS, ACTIVITIES = "/api/v5/objects/prospects", "/api/v5/objects/visitor-activities"
MEMBERSHIPS = "/api/v5/objects/list-memberships"


def connect(server: Running) -> httpx.Client:
    credentials = Credentials.from_mapping("x", server.connections["account_engagement_default"])
    headers = {"Pardot-Business-Unit-Id": credentials.required("business_unit_id")}
    auth = SalesforceAuth(credentials, RuntimeError)
    return httpx.Client(base_url=credentials.host, headers=headers, auth=auth, timeout=30)


def refusal(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, 13),
        ({"fields": "id,shoeSize"}, 180),
        ({"fields": "id", "limit": "1001"}, 23),
        ({"fields": "id", "orderBy": "shoeSize"}, 19),
        ({"fields": "id", "nextPageMark": "x"}, 5),
        ({"fields": "id", "firstName": "Ann"}, 5),
        ({"fields": "id", "createdAtGreaterThan": "1"}, 5),
        ({"fields": "id", "createdAtAfter": "2017-01-01T00:00:00"}, 7),
        ({"fields": "id", "nextPageToken": "x"}, 211),
        ({"fields": "id", "nextPageToken": "x", "limit": "5"}, 5),
    ],
)
def test_queries_are_closed(shared_sandbox: Running, asked: dict[str, str], code: int) -> None:
    with connect(shared_sandbox) as client:
        assert refusal(client.get(PROSPECTS, params=asked)) == (400, code)


def test_no_more_than_three_fields_are_filtered(shared_sandbox: Running) -> None:
    asked = {"fields": "id", "id": "1", "type": "6", "prospectId": "1", "createdAtAfter": "2017-01-01T00:00:00+00:00"}
    with connect(shared_sandbox) as client:
        assert refusal(client.get(ACTIVITIES, params=asked)) == (400, 209)


def test_every_call_proves_who_is_calling(shared_sandbox: Running) -> None:
    host = shared_sandbox.connections["account_engagement_default"]["host"]
    url = f"{host}{PROSPECTS}?fields=id"
    assert refusal(httpx.get(url, headers={"Authorization": "Bearer wrong"})) == (401, 184)
    with connect(shared_sandbox) as client:
        assert refusal(client.get(url, headers={"Pardot-Business-Unit-Id": "0Uv"})) == (403, 201)
        del client.headers["Pardot-Business-Unit-Id"]
        assert refusal(client.get(url)) == (400, 181)


def test_pages_follow_their_tokens(shared_sandbox: Running) -> None:
    with connect(shared_sandbox) as client:
        whole = client.get(ACTIVITIES, params={"fields": "id", "type": 6, "limit": 1000}).json()["values"]
        page = client.get(ACTIVITIES, params={"fields": "id", "type": 6, "limit": 7, "orderBy": "id DESC"}).json()
        found = page["values"]
        while page["nextPageUrl"]:
            page = client.get(page["nextPageUrl"]).json()
            found += page["values"]
    assert len(found) > 14
    assert found == whole[::-1]


def test_related_fields_come_in_objects_of_their_own(shared_sandbox: Running) -> None:
    fields = "id,type,createdAt,prospect.email,listEmail.name,details"
    with connect(shared_sandbox) as client:
        clicks = client.get(ACTIVITIES, params={"fields": fields, "type": 1}).json()["values"]
    assert clicks[0]["details"].startswith("https://")
    assert "@" in clicks[0]["prospect"]["email"] and clicks[0]["listEmail"]["name"].endswith("letter")
    assert clicks[0]["createdAt"].endswith("+00:00")


def test_memberships_go_by_their_own_id(sandbox: Running) -> None:
    with connect(sandbox) as client:
        made = client.post("/api/v5/objects/lists?fields=id", json={"name": "VIPs"}).raise_for_status().json()
        body = {"matchEmail": "Ann@example.com", "prospect": {"firstName": "Ann"}, "fields": ["id", "email"]}
        ann = client.post(f"{PROSPECTS}/do/upsertLatestByEmail", json=body).raise_for_status().json()
        assert ann["email"] == "ann@example.com"
        pair = {"listId": made["id"], "prospectId": ann["id"]}
        membership = client.post(f"{MEMBERSHIPS}?fields=id", json=pair).raise_for_status().json()
        assert refusal(client.post(f"{MEMBERSHIPS}?fields=id", json=pair)) == (400, 58)
        assert refusal(client.post(f"{MEMBERSHIPS}?fields=id", json=pair | {"listId": 999})) == (400, 55)
        asked: dict[str, Any] = {"fields": "id,prospectId", "listId": made["id"]}
        (found,) = client.get(MEMBERSHIPS, params=asked).json()["values"]
        assert found == {"id": membership["id"], "prospectId": ann["id"]}
        assert client.delete(f"{MEMBERSHIPS}/{membership['id']}").status_code == 204
        assert refusal(client.delete(f"{MEMBERSHIPS}/{membership['id']}")) == (404, 109)


@pytest.mark.parametrize(
    ("options", "text", "code"),
    [
        ({}, "matchEmail,shoeSize\na@example.com,43\n", 130),
        ({}, "matchEmail,firstName\na@example.com\n", 159),
        ({}, "matchEmail\n", 159),
        ({}, "email\na@example.com\n", 197),
        ({"state": "Ready"}, "matchEmail\na@example.com\n", 180),
        ({"fields": [{"field": "email"}]}, "matchEmail\na@example.com\n", 227),
    ],
)
def test_imports_are_closed(shared_sandbox: Running, options: dict[str, Any], text: str, code: int) -> None:
    import json

    given = {"operation": "Upsert", "object": "Prospect", "status": "Ready"} | options
    with connect(shared_sandbox) as client:
        files = {"file": ("p.csv", text.encode(), "text/csv")}
        answer = client.post("/api/v5/imports?fields=id", data={"input": json.dumps(given)}, files=files)
    assert refusal(answer) == (400, code)


def test_six_calls_at_once_are_one_too_many(sandbox: Running) -> None:
    slow = {"platform": "account_engagement", "kind": "slow", "seconds": 0.5, "times": 6}
    with connect(sandbox) as client, ThreadPoolExecutor(6) as pool:
        client.get(f"{PROSPECTS}?fields=id&limit=1").raise_for_status()
        httpx.post(f"{sandbox.url}/_control/faults", json=slow).raise_for_status()
        found = [answer.json() for answer in pool.map(client.get, [f"{PROSPECTS}?fields=id&limit=1"] * 6)]
    assert 66 in [answer.get("code") for answer in found]
