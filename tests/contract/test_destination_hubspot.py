"""HubSpot as a destination, over HTTP, against a stand-in that refuses what HubSpot refuses."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cohorte.credentials import Credentials
from cohorte.destinations.base import AccessRefused, AudienceGone, Batch, Receipt, Refused, Row
from cohorte.destinations.hubspot import HubSpot


@pytest.fixture
def credentials(sandbox: Any) -> Credentials:
    return Credentials.from_mapping("hubspot_default", sandbox.connections["hubspot_default"])


@pytest.fixture
def hubspot(credentials: Credentials) -> Iterator[HubSpot]:
    destination = HubSpot(credentials)
    yield destination
    destination.close()


def members(sandbox: Any, name: str) -> set[str]:
    return set(httpx.get(f"{sandbox.url}/_control/state/hubspot").json()["lists"][name])


def send(hubspot: HubSpot, name: str, *rows: Row) -> list[Receipt]:
    """The rows through both stages, as the engine sends them."""
    audience = hubspot.open_audience(name)
    contacts, memberships = hubspot.stages
    final = {row.key: row for row in rows}
    receipts = {}
    for stage in (contacts, memberships):
        going = [row for row in final.values() if row.operation in stage.operations]
        for row, receipt in zip(going, hubspot.send(Batch(stage.name, audience, going)), strict=True):
            receipts[row.key] = receipt
            final[row.key] = Row(row.operation, row.key, row.fields, receipt.external_id or row.external_id)
            if receipt.state != "accepted":
                del final[row.key]
    return [receipts[row.key] for row in rows]


def test_a_list_is_made_filled_and_emptied(sandbox: Any, hubspot: HubSpot) -> None:
    ann, bob = "ann@new.example.com", "bob@new.example.com"
    first = send(hubspot, "Fill and empty", Row("add", ann, {"firstname": "Ann"}), Row("add", bob, {}))
    assert [receipt.state for receipt in first] == ["accepted", "accepted"]
    assert members(sandbox, "Fill and empty") == {ann, bob}
    send(hubspot, "Fill and empty", Row("remove", ann, external_id=first[0].external_id), Row("add", bob))
    assert members(sandbox, "Fill and empty") == {bob}


def test_a_removal_finds_its_contact_by_email_when_the_id_is_not_known(sandbox: Any, hubspot: HubSpot) -> None:
    send(hubspot, "By e-mail", Row("add", "eve@new.example.com"), Row("add", "fay@new.example.com"))
    audience = hubspot.open_audience("By e-mail")
    gone = Row("remove", "never-there@new.example.com")
    receipts = hubspot.send(Batch("memberships", audience, [Row("remove", "eve@new.example.com"), gone]))
    assert [receipt.state for receipt in receipts] == ["accepted", "accepted"]
    assert members(sandbox, "By e-mail") == {"fay@new.example.com"}


def test_a_bad_row_is_refused_alone_in_hubspots_words(hubspot: HubSpot) -> None:
    rows = [Row("add", "good@new.example.com"), Row("add", "bad@nowhere")]
    good, bad = hubspot.send(Batch("contacts", hubspot.open_audience("Bad row"), rows))
    assert good.state == "accepted"
    assert bad.state == "rejected" and "EMAIL" in (bad.reason or "")


def test_an_unknown_property_refuses_the_batch(hubspot: HubSpot) -> None:
    batch = Batch("contacts", hubspot.open_audience("Misspelt"), [Row("add", "a@new.example.com", {"frstname": "A"})])
    with pytest.raises(Refused, match="frstname"):
        hubspot.send(batch)


def test_null_clears_and_values_are_text(sandbox: Any, hubspot: HubSpot, credentials: Credentials) -> None:
    key = "texts@new.example.com"
    send(hubspot, "Texts", Row("add", key, {"firstname": "A", "lastname": "B"}))
    send(hubspot, "Texts", Row("update", key, {"firstname": None}))
    body = {"idProperty": "email", "inputs": [{"id": key}], "properties": ["firstname", "lastname"]}
    answer = httpx.post(
        f"{credentials.host}/crm/v3/objects/contacts/batch/read",
        json=body | {"propertiesWithHistory": []},
        headers={"Authorization": f"Bearer {credentials.password}"},
    )
    stored = answer.json()["results"][0]["properties"]
    assert (stored["firstname"] or "", stored["lastname"]) == ("", "B")


def test_who_leaves_is_cleared_and_a_stranger_is_not_made_a_contact(
    sandbox: Any, hubspot: HubSpot, credentials: Credentials
) -> None:
    here, gone = "leaves@new.example.com", "gone@new.example.com"
    send(hubspot, "Leavers", Row("add", here, {"firstname": "A", "lastname": "B"}))
    rows = [Row("remove", here, {"firstname": None}, id="1"), Row("remove", gone, {"firstname": None}, id="2")]
    receipts = hubspot.send(Batch("contacts", hubspot.open_audience("Leavers"), rows))
    assert [receipt.state for receipt in receipts] == ["accepted", "accepted"]
    body = {"idProperty": "email", "inputs": [{"id": here}, {"id": gone}], "properties": ["firstname", "lastname"]}
    answer = httpx.post(
        f"{credentials.host}/crm/v3/objects/contacts/batch/read",
        json=body | {"propertiesWithHistory": []},
        headers={"Authorization": f"Bearer {credentials.password}"},
    )
    (stored,) = answer.json()["results"]
    assert (stored["properties"]["firstname"] or "", stored["properties"]["lastname"]) == ("", "B")


def test_a_deleted_list_is_noticed(sandbox: Any, hubspot: HubSpot, credentials: Credentials) -> None:
    audience = hubspot.open_audience("Short-lived")
    headers = {"Authorization": f"Bearer {credentials.password}"}
    httpx.delete(f"{credentials.host}/crm/v3/lists/{audience.external_id}", headers=headers).raise_for_status()
    with pytest.raises(AudienceGone, match="Short-lived"):
        hubspot.send(Batch("memberships", audience, [Row("add", "a@new.example.com", external_id="1")]))


def test_a_wrong_token_is_refused_access(credentials: Credentials) -> None:
    wrong = HubSpot(Credentials(name="hubspot_default", host=credentials.host, password="wrong"))
    with pytest.raises(AccessRefused, match="401"):
        wrong.open_audience("Nobody")
    wrong.close()
