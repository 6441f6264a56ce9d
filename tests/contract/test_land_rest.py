"""An API nobody wrote a connector for: one entry, read page by page through good days and bad ones."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cohorte.credentials import Credentials
from cohorte.lake import Lake
from cohorte.sources.base import SourceError
from cohorte.sources.declared.rest import EndpointLand, RestApi
from cohorte.steps.land import LandResult, land

Answer = tuple[int, Any, dict[str, str]]
PAGE = 2
ENTRY = {
    "key": ["id"],
    "cursor": "changed",
    "endpoint": {
        "path": "stores",
        "params": {"changed_since": "{incremental.start_value}"},
        "data_selector": "stores",
        "paginator": {"type": "json_link", "next_url_path": "next"},
    },
}


class Api:
    """A small strict API: bearer tokens, pages of two, changed_since; and bad days on demand."""

    def __init__(self) -> None:
        self.stores: list[dict[str, Any]] = []
        self.token = "first"
        self.asked: list[str] = []
        self.bad_days: list[Callable[[str], Answer | None]] = []
        self.url = ""

    def answer(self, target: str, authorization: str) -> Answer:
        self.asked.append(target)
        for bad_day in self.bad_days:
            if (answer := bad_day(target)) is not None:
                return answer
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/token":
            return 200, {"access_token": self.token, "expires_in": 3600}, {}
        if authorization != f"Bearer {self.token}":
            return 401, {"message": f"not allowed: {authorization}"}, {}
        if parts.path != "/stores" or query.keys() - {"changed_since", "at"}:
            return 404, {"message": "no such thing"}, {}
        found = [store for store in self.stores if store.get("changed", "9") >= query.get("changed_since", "")]
        at = int(query.get("at", 0))
        more = f"{self.url}/stores?changed_since={query.get('changed_since', '')}&at={at + PAGE}"
        return 200, {"stores": found[at : at + PAGE], "next": more if at + PAGE < len(found) else None}, {}


@pytest.fixture
def api() -> Iterator[Api]:
    served = Api()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if length := int(self.headers.get("content-length") or 0):
                self.rfile.read(length)
            status, body, headers = served.answer(self.path, self.headers.get("authorization", ""))
            content = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"content-type": "application/json", "content-length": len(content), **headers}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}"
    yield served
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _clean(lake: Lake) -> Iterator[None]:
    yield
    lake.execute("drop table if exists raw.chain__store")
    for table in ("load", "quarantine", "bookmark"):
        lake.execute(f"delete from ops.{table} where source = 'chain'")


def bring(lake: Lake, api: Api, *, oauth: bool = False, **entry: Any) -> LandResult:
    extra = {"token_url": f"{api.url}/token"} if oauth else {}
    login, password = ("client", "its secret") if oauth else ("", api.token)
    connection = Credentials(name="chain_default", host=api.url, login=login, password=password, extra=extra)
    source = RestApi("chain", (RestApi.stream("store", EndpointLand(**(ENTRY | entry))),), connection, {})
    source.backoff = 0
    return land(source, lake=lake)


def store(number: int, changed: str = "2017-03-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    return {"id": number, "changed": changed, **more}


def test_pages_become_rows_and_nested_values_text(lake: Lake, api: Api) -> None:
    api.stores = [
        store(1, size=1.5, open=True, geo={"lat": 1}),
        store(2, size=2, tags=["a"]),
        store(3, code="007", size=None),
    ]
    assert bring(lake, api).rows == {"store": 3}
    assert lake.rows("select id, size, open, geo, tags, code from raw.chain__store order by id") == [
        (1, 1.5, True, '{"lat": 1}', None, None),
        (2, 2.0, None, None, '["a"]', None),
        (3, None, None, None, None, "007"),
    ]


def test_the_cursor_is_asked_for_and_nothing_lands_twice(lake: Lake, api: Api) -> None:
    api.stores = [store(1), store(2, "2017-03-02T00:00:00Z")]
    bring(lake, api)
    assert "changed_since=1970-01-01" in api.asked[0]
    api.stores += [store(3, "2017-03-02T00:00:00Z"), store(1, "2017-03-03T00:00:00Z", note="edited")]
    api.asked.clear()
    assert bring(lake, api).rows == {"store": 2}
    assert "changed_since=2017-03-02" in api.asked[0]
    assert lake.rows("select id, note from raw.chain__store order by changed, id") == [
        (1, None),
        (2, None),
        (3, None),
        (1, "edited"),
    ]


def test_a_number_of_another_make_is_kept_as_text(lake: Lake, api: Api) -> None:
    api.stores = [store(1, size=5)]
    bring(lake, api)
    api.stores = [store(2, "2017-03-02T00:00:00Z", size="large")]
    assert any("size comes as string" in event for event in bring(lake, api).events)
    assert lake.rows("select size, size_as_text from raw.chain__store order by id") == [(5, None), (None, "large")]


def test_an_outage_that_passes_is_waited_for(lake: Lake, api: Api) -> None:
    api.stores = [store(1), store(2), store(3)]
    failures = iter([(503, {}, {}), (429, {}, {"Retry-After": "0"}), (500, {}, {})])
    api.bad_days.append(lambda target: next(failures, None) if "at=2" in target else None)
    assert bring(lake, api).rows == {"store": 3}


def test_a_token_that_expires_in_mid_run_is_renewed(lake: Lake, api: Api) -> None:
    api.stores = [store(1), store(2), store(3)]

    def renew(target: str) -> None:
        if "at=2" in target and api.token == "first":
            api.token = "second"

    api.bad_days.append(renew)
    assert bring(lake, api, oauth=True).rows == {"store": 3}
    assert sum(asked.startswith("/token") for asked in api.asked) == 2


@pytest.mark.parametrize(
    ("bad_day", "says"),
    [
        (lambda target: (401, {"message": "who is first?"}, {}), r"chain.store: refused with 401.*chain_default"),
        (lambda target: (400, {"message": "changed_since is no date"}, {}), "refused with 400: .*is no date"),
        (lambda target: (503, {"message": "closed"}, {}), "refused with 503: .*closed"),
    ],
)
def test_a_refusal_has_the_api_s_words_and_no_secret(lake: Lake, api: Api, bad_day: Any, says: str) -> None:
    api.bad_days.append(bad_day)
    with pytest.raises(SourceError, match=says) as error:
        bring(lake, api)
    assert "first" not in str(error.value)
    assert not lake.value("select count(*) from ops.load where source = 'chain'")


def test_a_page_that_repeats_stops_the_load(lake: Lake, api: Api) -> None:
    again = (200, {"stores": [store(1)], "next": f"{api.url}/stores?at=2"}, {})
    api.bad_days.append(lambda target: again)
    with pytest.raises(SourceError, match=r"chain.store: the API repeats a page"):
        bring(lake, api)


def test_a_cursor_that_never_ends_stops_the_load(lake: Lake, api: Api) -> None:
    api.bad_days.append(lambda target: (200, {"stores": [], "next": f"{api.url}/stores?at={len(api.asked)}"}, {}))
    with pytest.raises(SourceError, match=r"chain.store: the API never ends"):
        bring(lake, api)
    assert len(api.asked) < 200


def test_something_that_is_no_record_is_put_aside(lake: Lake, api: Api) -> None:
    api.bad_days.append(lambda target: (200, {"stores": [store(1), "two", {"changed": "2017-03-01"}]}, {}))
    result = bring(lake, api)
    assert result.rows == {"store": 1}
    assert lake.rows("select reason, record from ops.quarantine where source = 'chain' order by reason") == [
        ("id: no key", '{"id": null, "changed": "2017-03-01"}'),
        ("no JSON object", "two"),
    ]


def test_a_full_endpoint_is_read_whole_each_time(lake: Lake, api: Api) -> None:
    api.stores = [store(1), store(2)]
    whole = {"mode": "full", "cursor": None, "endpoint": ENTRY["endpoint"] | {"params": {}}}
    assert bring(lake, api, **whole).rows == {"store": 2}
    assert bring(lake, api, **whole).rows == {"store": 2}
