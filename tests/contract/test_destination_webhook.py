"""The webhook, against an endpoint that does what its documentation promises."""

import hashlib
import hmac
import json
from collections.abc import Iterator

import pytest

from cohorte.credentials import Credentials
from cohorte.destinations.base import AccessRefused, Batch, Refused, Row, Throttled, Unavailable
from cohorte.destinations.webhook import Webhook
from tests.contract.endpoint import Endpoint, answering


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with answering() as here:
        yield here


@pytest.fixture
def webhook(endpoint: Endpoint) -> Iterator[Webhook]:
    destination = Webhook(Credentials(name="mine", host=endpoint.url, password="secret"))
    yield destination
    destination.close()


def batch(webhook: Webhook, *rows: Row) -> Batch:
    return Batch("operations", webhook.open_audience("VIPs"), rows)


def test_operations_arrive_signed(webhook: Webhook, endpoint: Endpoint) -> None:
    rows = [Row("add", "a@example.com", {"name": "Ann"}, id="1"), Row("remove", "b@example.com", id="2")]
    assert [r.state for r in webhook.send(batch(webhook, *rows))] == ["accepted", "accepted"]
    headers, body = endpoint.received[0]
    assert json.loads(body)["audience"] == "VIPs"
    assert endpoint.operations == [
        {"id": "1", "operation": "add", "key": "a@example.com", "fields": {"name": "Ann"}},
        {"id": "2", "operation": "remove", "key": "b@example.com", "fields": {}},
    ]
    expected = "sha256=" + hmac.new(b"secret", body, hashlib.sha256).hexdigest()
    assert headers["X-Cohorte-Signature"] == expected


def test_the_same_batch_has_the_same_idempotency_key(webhook: Webhook, endpoint: Endpoint) -> None:
    once, other = batch(webhook, Row("add", "a@example.com", id="1")), batch(webhook, Row("add", "b@b.example", id="2"))
    for sent in (once, once, other):
        webhook.send(sent)
    keys = [headers["Idempotency-Key"] for headers, _ in endpoint.received]
    assert keys[0] == keys[1] != keys[2]


def test_single_rows_may_be_refused_or_asked_for_again(webhook: Webhook, endpoint: Endpoint) -> None:
    results = [
        {"id": "1", "status": "rejected", "reason": "no such shop"},
        {"id": "2", "status": "retry", "seconds": 3},
    ]
    endpoint.answers.append((200, {}, {"results": results}))
    rows = [Row("add", f"{n}@example.com", id=str(n)) for n in (1, 2, 3)]
    refused, later, fine = webhook.send(batch(webhook, *rows))
    assert (refused.state, refused.reason) == ("rejected", "no such shop")
    assert (later.state, later.seconds) == ("retry", 3)
    assert fine.state == "accepted"


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (429, {"Retry-After": "7"}, Throttled),
        (503, {"Retry-After": "7"}, Throttled),
        (503, {}, Unavailable),
        (400, {}, Refused),
        (403, {}, AccessRefused),
    ],
)
def test_failures_are_told_apart(
    webhook: Webhook, endpoint: Endpoint, status: int, headers: dict[str, str], error: type[Exception]
) -> None:
    endpoint.answers.append((status, headers, {"message": "not now"}))
    with pytest.raises(error, match="not now") as told:
        webhook.send(batch(webhook, Row("add", "a@example.com", id="1")))
    if isinstance(told.value, Throttled):
        assert told.value.seconds == 7


def test_nobody_there_is_unavailable() -> None:
    nobody = Webhook(Credentials(name="mine", host="http://127.0.0.1:9/"))
    with pytest.raises(Unavailable):
        nobody.send(batch(nobody, Row("add", "a@example.com", id="1")))
    nobody.close()


def test_a_connection_without_a_url_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match='connection "mine"'):
        Webhook(Credentials(name="mine", host="example.com"))
