"""Syncs to an endpoint of one's own: rows go out as text, and those it does not take are looked at one by one."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cohorte.activation.parcel import parcels
from cohorte.activation.plan import make_plan
from cohorte.activation.spec import SyncSpec
from cohorte.activation.wave import Item, waves
from cohorte.credentials import Credentials
from cohorte.destinations.base import Audience, Batch, Receipt, Written
from cohorte.destinations.webhook import Webhook
from cohorte.lake import Lake
from cohorte.steps.activate import ANY, SyncResult, activate
from tests.contract.endpoint import Endpoint, answering
from tests.unit.activation.world import World, from_nothing, new_home, sync_spec

AUDIENCE = Audience("VIPs", "VIPs")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, prepared_home: Path) -> Iterator[Lake]:
    with new_home(tmp_path_factory.mktemp("home"), prepared_home) as home, Lake.open(home) as opened:
        yield opened


@pytest.fixture
def world(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("cohorte.activation.engine.Engine._backoff", lambda self, failures: 0.0)
    monkeypatch.setattr("cohorte.activation.budget._budgets", {})
    return from_nothing(lake)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with answering() as here:
        yield here


def credentials(endpoint: Endpoint, batch: int = 10) -> Credentials:
    return Credentials(name="mine", host=endpoint.url, password="secret", extra={"batch": batch})


def run(world: World, endpoint: Endpoint, destination: Webhook | None = None, **declared: Any) -> SyncResult:
    sync = sync_spec(connection="mine", **declared)
    result = activate(sync, lake=world.lake, credentials=credentials(endpoint), destination=destination, approved=ANY)
    assert result.planned == result.added + result.updated + result.removed + result.rejected + result.pending
    return result


def numbers(operations: list[dict[str, Any]]) -> set[int]:
    return {int(operation["key"].removeprefix("person").removesuffix("@example.com")) for operation in operations}


def told(operations: list[dict[str, Any]], number: int, **answer: Any) -> tuple[int, dict[str, str], Any]:
    """An answer about one of the operations."""
    row = next(operation["id"] for operation in operations if operation["key"] == f"person{number}@example.com")
    return 200, {}, {"results": [{"id": row} | answer]}


def test_a_refused_row_amid_others_is_the_only_one_refused(world: World, endpoint: Endpoint) -> None:
    world.many(55)

    def refuses_23(operations: list[dict[str, Any]]) -> Any:
        if 23 in numbers(operations):
            return told(operations, 23, status="rejected", reason="person23@example.com has no shop")

    endpoint.judge = refuses_23
    result = run(world, endpoint)
    assert (result.added, result.rejected, result.api_calls) == (54, 1, 6)
    assert world.lake.rows("select customer_id, reason from activation.rejected") == [("c00023", "<…> has no shop")]
    states = "select state, count(*) from activation.delivery group by 1 order by 1"
    assert world.lake.rows(states) == [("accepted", 54), ("rejected", 1)]
    assert world.lake.value("select count(*) from activation.acknowledged where customer_id = 'c00023'") == 0
    assert world.lake.value("select count(*) from activation.intent") == 0
    assert run(world, endpoint).api_calls == 0


def test_only_the_row_that_is_asked_for_again_is_sent_again(world: World, endpoint: Endpoint) -> None:
    world.many(30)

    def later(operations: list[dict[str, Any]]) -> Any:
        if 7 in numbers(operations) and len(operations) > 1:
            return told(operations, 7, status="retry", seconds=0)

    endpoint.judge = later
    result = run(world, endpoint)
    assert (result.added, result.pending, result.api_calls) == (30, 0, 4)
    again = [operation["id"] for operation in endpoint.operations if operation["key"] == "person7@example.com"]
    assert len(again) == 2 and len(set(again)) == 1


def test_a_refused_batch_is_halved_until_the_bad_row_stands_alone(world: World, endpoint: Endpoint) -> None:
    world.many(40)
    endpoint.judge = lambda operations: (400, {}, {"message": "malformed"}) if 17 in numbers(operations) else None
    result = run(world, endpoint)
    assert (result.added, result.rejected, result.pending) == (39, 1, 0)
    assert world.lake.value("select customer_id from activation.rejected") == "c00017"


def test_when_every_row_is_refused_the_run_stops_instead_of_asking_for_each(world: World, endpoint: Endpoint) -> None:
    world.many(300)
    endpoint.judge = lambda operations: (
        (200, {}, {"results": [{"id": o["id"], "status": "rejected", "reason": "no such field"} for o in operations]})
    )
    result = run(world, endpoint)
    assert result.state == "failed" and "no such field" in (result.reason or "")
    assert result.api_calls < 20


def test_what_was_not_sent_when_somebody_interrupts_is_not_believed_to_be_there(
    world: World, endpoint: Endpoint
) -> None:
    class Interrupted(Webhook):
        def send_written(self, batch: Written) -> Any:
            if self.api_calls == 2:
                raise KeyboardInterrupt
            return super().send_written(batch)

    world.many(50)
    one_by_one = replace(credentials(endpoint), extra={"batch": 10, "concurrent": 1})
    destination = Interrupted(one_by_one)
    with pytest.raises(KeyboardInterrupt):
        run(world, endpoint, destination)
    destination.close()
    assert world.lake.value("select count(*) from activation.acknowledged") == len(endpoint.operations) == 20
    assert run(world, endpoint).added == 30
    assert len(endpoint.members) == 50


def test_leaving_and_arriving_share_a_call(world: World, endpoint: Endpoint) -> None:
    world.many(50)
    run(world, endpoint)
    world.leave(1, 2, 3)
    world.customers(100, 101)
    world.enter(100, 101)
    result = run(world, endpoint)
    assert (result.added, result.removed, result.api_calls) == (2, 3, 1)
    assert len(endpoint.members) == 49
    last = json.loads(endpoint.received[-1][1])["operations"]
    assert [o["operation"] for o in last] == ["add", "add", "remove", "remove", "remove"]


AWKWARD = ("plain", 'quo"ted', "back\\slash", "new\nline", "Zoë 東京", ":null", None)


def awkward(world: World) -> SyncSpec:
    """Customers with names that a careless writer of JSON gets wrong, and one who leaves."""
    world.many(len(AWKWARD) + 1)
    for number, name in enumerate(AWKWARD):
        world.contact(f"c{number:05}", f"per'son{number}@example.com", name)
    world.lake.execute(
        "update pii.dim_contact set birth_date = '1980-02-29', city = 'Ulm' where customer_id = 'c00000'"
    )
    return sync_spec(
        fields={
            "first/name~1": "pii.dim_contact.given_name",
            "city": {"column": "pii.dim_contact.city", "null": "clear"},
            'the "birth" day': "pii.dim_contact.birth_date",
            "score": "segments.membership.score",
        },
        on_leave="clear",
    )


def test_both_ways_of_sending_say_the_same(world: World, endpoint: Endpoint) -> None:
    sync = awkward(world)
    webhook = Webhook(credentials(endpoint))
    (stage,) = webhook.stages
    run(world, endpoint, fields={f.name: {"column": f"{f.table}.{f.column}", "null": f.null} for f in sync.fields})
    endpoint.received.clear()
    world.leave(3, 7)
    world.lake.execute("update pii.dim_contact set postal_code = '1', street = 'x', city = null where city = 'Ulm'")
    world.lake.execute("update segments.membership set score = 0.25")
    make_plan(sync, key_form="lower_trim", lake=world.lake)
    (rows,) = waves(world.lake, (1, 2), webhook.stages, sync=sync, run_id="a run")
    (parcel,) = parcels(rows, 10)
    assert {row["operation"] for row in rows.to_pylist()} == {"update", "remove"}

    webhook.send_written(parcel.written(stage, AUDIENCE))
    webhook.send(Batch(stage.name, AUDIENCE, [Item.of(row).sent for row in rows.to_pylist()]))
    webhook.close()
    (headers, text), (other_headers, other_text) = endpoint.received
    assert json.loads(text) == json.loads(other_text)
    assert headers["Idempotency-Key"] == other_headers["Idempotency-Key"]

    sent = {operation["key"]: operation["fields"] for operation in json.loads(text)["operations"]}
    assert sent["per'son0@example.com"] == {
        "first/name~1": "plain",
        "city": None,
        'the "birth" day': "1980-02-29",
        "score": 0.25,
    }
    names = [fields.get("first/name~1") for key, fields in sorted(sent.items()) if key.startswith("per'son")]
    assert names == [None if number == 3 else name for number, name in enumerate(AWKWARD)]
    assert sent["per'son6@example.com"] == {"city": None, "score": 0.25}  # a null that is left out
    assert sent["person7@example.com"] == dict.fromkeys(("first/name~1", "city", 'the "birth" day', "score"))


def test_a_destination_answers_for_rows_and_for_text_alike(endpoint: Endpoint) -> None:
    webhook = Webhook(credentials(endpoint))
    refused: Any = (
        200,
        {},
        {"results": [{"id": "1", "status": "rejected", "reason": "no"}, {"id": "2", "status": "ok"}]},
    )
    endpoint.answers.append(refused)
    assert webhook.send_written(Written("operations", AUDIENCE, b'{"id":"1"},{"id":"2"}', "x")) == {
        "1": Receipt("rejected", "no")
    }
    webhook.close()
