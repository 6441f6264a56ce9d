"""Patience: what is tried again, how long is waited, and what a refusal says."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from cohorte.sources.base import SourceError
from cohorte.sources.http import Http
from cohorte.sources.patience import ATTEMPTS, LONGEST_WAIT

Answer = Callable[[httpx.Request], httpx.Response]


def platform(*answers: httpx.Response | Exception) -> tuple[Http, list[float]]:
    """A client of a platform that gives these answers in turn, and the seconds it waited."""
    left, waits = list(answers), []
    http = Http("shop", "http://shop", connection="shop_default", secrets=["s3cret"])

    def answer(request: httpx.Request) -> httpx.Response:
        given = left.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    http.client = httpx.Client(base_url="http://shop", transport=httpx.MockTransport(answer))
    http.sleep = waits.append
    return http, waits


FINE = httpx.Response(200, text="fine")


@pytest.mark.parametrize(
    "bad",
    [httpx.Response(status) for status in (408, 429, 500, 502, 503, 504)]
    + [httpx.ReadTimeout("slow"), httpx.ReadError("reset"), httpx.RemoteProtocolError("cut"), httpx.ConnectError("no")],
)
def test_what_passes_is_tried_again(bad: httpx.Response | Exception) -> None:
    http, waits = platform(bad, bad, FINE)
    assert http.get("/").text == "fine"
    assert len(waits) == 2


def test_it_waits_as_long_as_it_is_told() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    http, waits = platform(
        httpx.Response(429, headers={"Retry-After": "7"}), httpx.Response(503, headers={"Retry-After": date}), FINE
    )
    assert http.get("/").text == "fine"
    assert waits[0] == 7
    assert 30 < waits[1] <= 40


def test_it_does_not_wait_for_hours() -> None:
    http, waits = platform(httpx.Response(429, headers={"Retry-After": str(LONGEST_WAIT + 1)}))
    with pytest.raises(SourceError, match="429"):
        http.get("/")
    assert waits == []


def test_it_gives_up_in_the_end() -> None:
    http, waits = platform(*[httpx.ConnectError("nobody there")] * ATTEMPTS)
    with pytest.raises(SourceError, match=r'shop: no answer from shop .*nobody there.*"shop_default"'):
        http.get("/")
    assert len(waits) == ATTEMPTS - 1


def test_a_refusal_is_final_and_never_says_the_secret() -> None:
    http, waits = platform(httpx.Response(400, text="Malformed access token s3cret"))
    with pytest.raises(SourceError, match=r"shop: GET /things refused with 400: Malformed access token \*\*\*"):
        http.get("/things")
    assert waits == []
