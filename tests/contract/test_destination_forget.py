"""People deleted for good by the platforms that can, asked for by address."""

import hashlib
from collections.abc import Callable
from contextlib import closing
from typing import Any

import httpx
import pytest

from cohorte import destinations
from cohorte.credentials import Credentials
from cohorte.destinations.base import Batch, Destination, DestinationError, Row, Unavailable
from sandbox.server import Running

ANN, BOB = "ann.o@example.com", "bob@example.com"
CAN = tuple(name for name in destinations.NAMES if destinations.kind(name).can_forget)


def platform(name: str, sandbox: Running) -> Destination:
    connection = sandbox.connections.get(f"{name}_default", {"host": "http://localhost/hook"})
    return destinations.get(name, Credentials.from_mapping(f"{name}_default", connection))


def fill(destination: Destination, *emails: str) -> list[Any]:
    audience = destination.open_audience("Letters")
    rows = [Row("add", email) for email in emails]
    receipts = [destination.send(Batch(stage.name, audience, rows)) for stage in destination.stages[:2]]
    return receipts[0]


@pytest.fixture(params=CAN)
def forgetting(request: pytest.FixtureRequest, sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("cohorte.destinations.brevo.Brevo.first_pause", 0.0)
    monkeypatch.setattr("cohorte.destinations.brevo.Brevo.stages", destinations.kind("brevo").stages[:1])
    with closing(platform(request.param, sandbox)) as destination:
        yield destination


def test_three_of_them_can() -> None:
    assert CAN == ("brevo", "hubspot", "mailchimp")


def test_who_is_forgotten_is_gone_and_others_stay(forgetting: Destination, sandbox: Running) -> None:
    fill(forgetting, ANN, BOB)
    for _ in range(2):  # again, and with somebody who was never there: nothing changes
        receipts = forgetting.forget([ANN, "stranger@example.com"])
        assert [receipt.state for receipt in receipts] == ["accepted", "accepted"]
    lists = next(iter(httpx.get(f"{sandbox.url}/_control/state/{forgetting.name}").json().values()))
    assert lists["Letters"] == [BOB]
    again = fill(forgetting, ANN)[0]
    assert again.state == ("accepted" if forgetting.name == "brevo" else "rejected")  # who keeps a blocklist


def test_no_address_is_logged(forgetting: Destination, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    forgetting.forget([ANN])
    assert "HTTP Request" in caplog.text
    assert not [form for form in (ANN, ANN.replace("@", "%40")) if form in caplog.text]


def test_a_platform_that_is_down_says_so(forgetting: Destination, sandbox: Running) -> None:
    fault = {"platform": forgetting.name, "kind": "status", "status": 503}
    httpx.post(f"{sandbox.url}/_control/faults", json=fault).raise_for_status()
    with pytest.raises(Unavailable):
        forgetting.forget([ANN])
    assert forgetting.forget([ANN])[0].state == "accepted"


def test_the_others_say_that_they_cannot(sandbox: Running) -> None:
    with closing(platform("meta_custom_audiences", sandbox)) as meta, pytest.raises(DestinationError, match="no way"):
        meta.forget([ANN])


def test_what_the_sandbox_sent_of_them_before_goes_too(sandbox: Running, http: Callable[..., httpx.Client]) -> None:
    """Somebody who signed up by themselves is no longer told of."""
    connection = sandbox.connections["mailchimp_default"]
    path = f"/3.0/lists/{connection['extra']['list_id']}/members?count=1000"
    direct = http(connection["host"], auth=("cohorte", connection["password"]))
    reader = direct.get(path).json()["members"][0]["email_address"]
    with closing(platform("mailchimp", sandbox)) as mailchimp:
        mailchimp.forget([reader])
    assert reader not in direct.get(path).text


@pytest.mark.parametrize(
    ("name", "method", "path", "body", "status"),
    [
        ("hubspot", "POST", "/crm/v3/objects/contacts/gdpr-delete", {"objectId": ANN, "idProperty": "phone"}, 400),
        ("hubspot", "POST", "/crm/v3/objects/contacts/gdpr-delete", {"objectId": "999999"}, 404),
        ("hubspot", "POST", "/crm/v3/objects/contacts/gdpr-delete", {"objectId": ANN, "email": ANN}, 400),
        ("brevo", "DELETE", f"/v3/contacts/{ANN}?identifierType=email", None, 400),
        ("brevo", "DELETE", f"/v3/contacts/{ANN}?force=true", None, 400),
        ("brevo", "DELETE", f"/v3/contacts/{ANN}", None, 404),
        ("mailchimp", "POST", f"/3.0/lists/a1b2c3d4e5/members/{ANN}/actions/delete-permanent", None, 404),
    ],
)
def test_the_stand_ins_are_strict(
    sandbox: Running, http: Callable[..., httpx.Client], name: str, method: str, path: str, body: Any, status: int
) -> None:
    connection = sandbox.connections[f"{name}_default"]
    headers = {"Authorization": f"Bearer {connection['password']}", "api-key": connection["password"]}
    auth = ("x", connection["password"]) if name == "mailchimp" else None
    answer = http(connection["host"], headers=headers, auth=auth).request(method, path, json=body)
    assert answer.status_code == status


def test_mailchimp_goes_by_the_md5_of_the_address(sandbox: Running) -> None:
    with closing(platform("mailchimp", sandbox)) as mailchimp:
        fill(mailchimp, ANN)
        assert mailchimp.forget([ANN.upper()])[0].state == "accepted"
    connection = sandbox.connections["mailchimp_default"]
    member = hashlib.md5(ANN.encode(), usedforsecurity=False).hexdigest()
    path = f"{connection['host']}/3.0/lists/{connection['extra']['list_id']}/members/{member}"
    assert httpx.get(path, auth=("x", connection["password"])).status_code == 404
