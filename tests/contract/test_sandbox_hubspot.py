"""The HubSpot stand-in, through its SDK and through plain HTTP."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hubspot import HubSpot
from hubspot.crm.contacts import BatchInputSimplePublicObjectBatchInputUpsert, SimplePublicObjectBatchInputUpsert
from hubspot.crm.lists import ListCreateRequest, MembershipChangeRequest
from hubspot.crm.properties import PropertyCreate

from sandbox.server import Running

UPSERT = "/crm/v3/objects/contacts/batch/upsert"


@pytest.fixture
def portal(http: Callable[..., httpx.Client], sandbox: Running) -> httpx.Client:
    connection = sandbox.connections["hubspot_default"]
    return http(connection["host"], headers={"Authorization": f"Bearer {connection['password']}"})


def person(email: str, **properties: Any) -> dict[str, Any]:
    return {"id": email, "idProperty": "email", "properties": properties}


def upsert(portal: httpx.Client, *people: dict[str, Any]) -> httpx.Response:
    return portal.post(UPSERT, json={"inputs": list(people)})


def make_list(portal: httpx.Client, name: str = "Wine lovers") -> str:
    body = {"name": name, "objectTypeId": "0-1", "processingType": "MANUAL"}
    return str(portal.post("/crm/v3/lists", json=body).raise_for_status().json()["list"]["listId"])


def test_the_sdk_fills_a_list(sandbox: Running, http: Callable[..., httpx.Client]) -> None:
    connection = sandbox.connections["hubspot_default"]
    sdk = HubSpot(access_token=connection["password"], host=connection["host"])
    sdk.crm.properties.core_api.create(
        "contacts",
        PropertyCreate(
            name="cohorte_segment", label="Segment", type="string", field_type="text", group_name="contactinformation"
        ),
    )
    inputs = [
        SimplePublicObjectBatchInputUpsert(
            id=f"p{at}@example.com", id_property="email", properties={"cohorte_segment": "wine"}
        )
        for at in range(3)
    ]
    done = sdk.crm.contacts.batch_api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=inputs))
    ids = [result.id for result in done.results]
    made = sdk.crm.lists.lists_api.create(
        ListCreateRequest(name="Wine lovers", object_type_id="0-1", processing_type="MANUAL")
    )
    changed = sdk.crm.lists.memberships_api.add_and_remove(
        made.list.list_id, MembershipChangeRequest(record_ids_to_add=ids, record_ids_to_remove=[])
    )
    assert changed.records_ids_added == ids
    state = http(sandbox.url).get("/_control/state/hubspot").json()
    assert state == {"lists": {"Wine lovers": ["p0@example.com", "p1@example.com", "p2@example.com"]}}


def test_upsert_is_by_email_whatever_its_case(portal: httpx.Client) -> None:
    first = upsert(portal, person("Ada@Example.com", firstname="Ada")).json()["results"][0]
    again = upsert(portal, person("ada@example.com", lastname="Lovelace")).json()["results"][0]
    assert (first["new"], again["new"], again["id"]) == (True, False, first["id"])
    assert again["properties"]["firstname"] == "Ada" and again["properties"]["email"] == "ada@example.com"
    read = portal.post(
        "/crm/v3/objects/contacts/batch/read",
        json={
            "idProperty": "email",
            "properties": ["lastname"],
            "inputs": [{"id": "ada@example.com"}, {"id": "no@no.no"}],
        },
    )
    assert read.status_code == 207
    assert read.json()["results"][0]["properties"]["lastname"] == "Lovelace"
    assert read.json()["errors"][0]["context"] == {"ids": ["no@no.no"]}


def test_a_bad_row_fails_alone(portal: httpx.Client) -> None:
    answer = upsert(portal, person("good@example.com"), person("not an address"))
    body = answer.json()
    assert (answer.status_code, body["numErrors"]) == (207, 1)
    assert [result["properties"]["email"] for result in body["results"]] == ["good@example.com"]
    assert (
        body["errors"][0]["context"] == {"ids": ["not an address"]} and "INVALID_EMAIL" in body["errors"][0]["message"]
    )


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ([person("a@example.com", shoe_size="44")], "PROPERTY_DOESNT_EXIST"),
        ([person("a@example.com", hs_object_id="1")], "READ_ONLY_VALUE"),
        ([person("a@example.com", firstname=1)], "str is wanted"),
        ([person("a@example.com") | {"idproperty": "email"}], "Unrecognized field"),
        ([person("a@example.com") | {"idProperty": "phone"}], "non-unique"),
        ([{"id": "a@example.com", "idProperty": "email"}], "must not be `None`"),
        ([person("a@example.com"), person("A@example.com ")], "Duplicate IDs"),
        ([person(f"p{at}@example.com") for at in range(101)], "limit is 100"),
    ],
)
def test_a_wrong_batch_fails_whole(portal: httpx.Client, people: list[dict[str, Any]], said: str) -> None:
    answer = upsert(portal, *people)
    assert answer.status_code == 400
    assert said in answer.json()["message"] and answer.json()["category"] == "VALIDATION_ERROR"


def test_memberships_ignore_repeats_and_name_the_missing(portal: httpx.Client) -> None:
    ids = [row["id"] for row in upsert(portal, *(person(f"p{at}@example.com") for at in range(5))).json()["results"]]
    path = f"/crm/v3/lists/{make_list(portal)}/memberships"
    change = {"recordIdsToAdd": [*ids[:4], ids[0], "999999"], "recordIdsToRemove": []}
    first = portal.put(f"{path}/add-and-remove", json=change).json()
    assert first == {"recordIdsRemoved": [], "recordsIdsAdded": ids[:4], "recordIdsMissing": ["999999"]}
    change = {"recordIdsToAdd": [ids[0], ids[4]], "recordIdsToRemove": [ids[1]]}
    second = portal.put(f"{path}/add-and-remove", json=change).json()
    assert second == {"recordIdsRemoved": [ids[1]], "recordsIdsAdded": [ids[4]], "recordIdsMissing": []}
    page = portal.get(path, params={"limit": 3}).json()
    rest = portal.get(path, params={"limit": 3, "after": page["paging"]["next"]["after"]}).json()
    assert [row["recordId"] for row in page["results"] + rest["results"]] == [ids[0], *ids[2:]]
    assert page["total"] == 4 and "paging" not in rest
    assert portal.put(f"{path}/add-and-remove", json={"recordIdsToAdd": []}).status_code == 400
    assert portal.get(path, params={"limit": 251}).status_code == 400


def test_lists_are_found_by_name_and_named_once(portal: httpx.Client) -> None:
    number = make_list(portal, "Pets / cats")
    found = portal.get("/crm/v3/lists/object-type-id/0-1/name/Pets%20%2F%20cats").json()["list"]
    assert found["listId"] == number and found == portal.get(f"/crm/v3/lists/{number}").json()["list"]
    again = {"name": "Pets / cats", "objectTypeId": "0-1", "processingType": "MANUAL"}
    assert portal.post("/crm/v3/lists/", json=again).status_code == 400
    assert portal.get("/crm/v3/lists/77").status_code == 404
    assert portal.delete(f"/crm/v3/lists/{number}").status_code == 204


def test_properties_are_made_once_and_checked(portal: httpx.Client) -> None:
    body = {"name": "tier", "label": "Tier", "type": "enumeration", "fieldType": "select"}
    body |= {"groupName": "contactinformation"}
    path = "/crm/v3/properties/contacts"
    assert portal.post(path, json=body).status_code == 400
    options = [{"label": name, "value": name, "hidden": False} for name in ("gold", "silver")]
    assert portal.post(path, json=body | {"options": options}).status_code == 201
    assert portal.post(path, json=body | {"options": options}).status_code == 409
    assert portal.post(path, json=body | {"options": options, "name": "Tier 2"}).status_code == 400
    assert "tier" in {item["name"] for item in portal.get(path).json()["results"]}
    assert upsert(portal, person("a@example.com", tier="gold")).status_code == 200
    assert upsert(portal, person("a@example.com", tier="bronze")).status_code == 207


def test_the_portal_knows_who_opted_out(portal: httpx.Client, sandbox: Running) -> None:
    ids = [{"id": str(at)} for at in range(1, 6)]
    body = {"inputs": ids, "properties": ["hs_email_optout"]}
    read = portal.post("/crm/v3/objects/contacts/batch/read", json=body).json()["results"]
    assert [row["properties"]["hs_email_optout"] for row in read].count("true") == 2


def test_the_191st_request_in_ten_seconds_waits(portal: httpx.Client) -> None:
    answers = [portal.get("/crm/v3/properties/contacts/email") for _ in range(191)]
    assert {answer.status_code for answer in answers[:190]} == {200}
    assert (answers[190].status_code, answers[190].json()["policyName"]) == (429, "TEN_SECONDLY_ROLLING")
    assert answers[190].headers["X-HubSpot-RateLimit-Remaining"] == "0"


def test_a_token_is_wanted(portal: httpx.Client) -> None:
    answer = portal.get("/crm/v3/properties/contacts", headers={"Authorization": "Bearer stale"})
    assert (answer.status_code, answer.json()["category"]) == (401, "INVALID_AUTHENTICATION")


def test_five_searches_a_second_and_no_more(portal: httpx.Client) -> None:
    body = {"filterGroups": [], "limit": 1}
    answers = [portal.post("/crm/v3/objects/contacts/search", json=body) for _ in range(12)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused and {answer.status_code for answer in answers} == {200, 429}
    assert refused[0].json()["policyName"] == "SECONDLY"
    assert not any(name.lower().startswith("x-hubspot-ratelimit") for name in refused[0].headers)
