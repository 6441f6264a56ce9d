"""The stand-in for Marketing Cloud refuses what Marketing Cloud refuses."""

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import fromstring

import httpx
import pytest

from cohorte.sources.marketing_cloud_soap import API, ENVELOPE
from sandbox.server import Running


def form(server: Running, **changed: Any) -> dict[str, Any]:
    held = server.connections["marketing_cloud_default"]
    return {
        "grant_type": "client_credentials",
        "client_id": held["login"],
        "client_secret": held["password"],
        "account_id": held["extra"]["account_id"],
    } | changed


@pytest.fixture
def token(shared_sandbox: Running) -> dict[str, Any]:
    answer = httpx.post(f"{shared_sandbox.url}/marketing_cloud/v2/token", json=form(shared_sandbox))
    told: dict[str, Any] = answer.raise_for_status().json()
    return told


@pytest.fixture
def rest(token: dict[str, Any]) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    with httpx.Client(base_url=f"{token['rest_instance_url']}data/v1", headers=headers) as client:
        yield client


def soap(token: dict[str, Any], request: str) -> httpx.Response:
    url = f"{token['soap_instance_url']}Service.asmx"
    content = ENVELOPE.format(to=url, token=token["access_token"], request=request)
    return httpx.post(url, content=content, headers={"SOAPAction": "Retrieve", "Content-Type": "text/xml"})


def status(answer: httpx.Response) -> str:
    return fromstring(answer.content).findtext(f".//{API}OverallStatus", "")


@pytest.mark.parametrize(
    ("changed", "code", "error"),
    [
        ({"client_id": "x"}, 401, "invalid_client"),
        ({"client_secret": "x"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"account_id": "1"}, 400, "invalid_request"),
        ({"mid": "1"}, 400, "invalid_request"),
        ({"scope": "users_write"}, 400, "invalid_scope"),
    ],
)
def test_tokens(shared_sandbox: Running, changed: dict[str, str], code: int, error: str) -> None:
    answer = httpx.post(f"{shared_sandbox.url}/marketing_cloud/v2/token", json=form(shared_sandbox, **changed))
    assert (answer.status_code, answer.json()["error"]) == (code, error)


def test_a_token_says_where_to_go_and_for_how_long(token: dict[str, Any]) -> None:
    assert token["expires_in"] == 1079
    assert token["rest_instance_url"].endswith("/rest/") and token["soap_instance_url"].endswith("/soap/")


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ("<ObjectType>Nothing</ObjectType><Properties>ID</Properties>", "Nothing is not retrievable"),
        ("<ObjectType>SentEvent</ObjectType><Properties>Email</Properties>", "Email do not match with the fields"),
        ("<ObjectType>SentEvent</ObjectType>", "Properties are required"),
        (
            "<Options><BatchSize>2501</BatchSize></Options><ObjectType>SentEvent</ObjectType>"
            "<Properties>SendID</Properties>",
            "1 to 2500",
        ),
        (
            "<ObjectType>SentEvent</ObjectType><Properties>SendID</Properties><Filter><Property>SendID</Property>"
            "<SimpleOperator>equals</SimpleOperator><Value>1</Value></Filter>",
            "Unknown filter of type FilterPart",
        ),
        ("<ContinueRequest>0</ContinueRequest>", "ContinueRequest is not known"),
    ],
)
def test_a_wrong_retrieve_is_an_error_in_a_success(token: dict[str, Any], request_: str, said: str) -> None:
    answer = soap(token, request_)
    assert answer.status_code == 200
    assert status(answer).startswith("Error: ") and said in status(answer)


def test_a_page_is_given_once(token: dict[str, Any]) -> None:
    options = "<Options><BatchSize>1</BatchSize></Options>"
    first = soap(token, f"{options}<ObjectType>Subscriber</ObjectType><Properties>ID</Properties>")
    assert status(first) == "MoreDataAvailable"
    request_id = fromstring(first.content).findtext(f".//{API}RequestID", "")
    pages = [soap(token, f"<ContinueRequest>{request_id}</ContinueRequest>") for _ in range(2)]
    assert pages[0].content != pages[1].content


def test_a_wrong_token_is_a_fault(token: dict[str, Any]) -> None:
    answer = soap(token | {"access_token": "x"}, "<ObjectType>Subscriber</ObjectType><Properties>ID</Properties>")
    assert answer.status_code == 500
    assert b"q0:Security</faultcode><faultstring>Token Expired" in answer.content


def test_rest_wants_a_token(token: dict[str, Any]) -> None:
    answer = httpx.get(f"{token['rest_instance_url']}data/v1/customobjects", headers={"Authorization": "Bearer x"})
    assert (answer.status_code, answer.json()["message"]) == (401, "Not Authorized")


@pytest.mark.parametrize("parameters", [{}, {"search": "x"}, {"$search": "x", "$page": "0"}])
def test_a_search_is_required_and_closed(rest: httpx.Client, parameters: dict[str, str]) -> None:
    assert rest.get("/customobjects", params=parameters).status_code == 400


@pytest.mark.parametrize(
    "changed", [{"customerKey": "x"}, {"key": "x" * 37}, {"categoryId": 1}, {"fields": [{"name": "email"}]}]
)
def test_a_definition_is_whole_and_closed(rest: httpx.Client, changed: dict[str, Any]) -> None:
    body = {"name": "x", "key": "x", "categoryId": 82564, "fields": []} | changed
    assert rest.post("/customobjects", json=body).status_code == 400


def test_rows_of_no_data_extension_are_refused(rest: httpx.Client) -> None:
    answer = rest.put("/async/dataextensions/key:nothing/rows", json={"items": [{"email": "a@example.com"}]})
    assert answer.status_code == 400
    assert answer.json()["resultMessages"][0]["resultClass"] == "Error"


def test_an_unknown_request_is_a_message_in_a_success(rest: httpx.Client) -> None:
    for what in ("status", "results"):
        answer = rest.get(f"/async/0/{what}")
        assert answer.status_code == 200
        assert answer.json()["resultMessages"][0]["resultCode"] == "AsyncRequestStatusNotFound"


@pytest.mark.parametrize(("retry_after", "code"), [(5, 50100), (None, 50200)])
def test_the_two_kinds_of_too_many(sandbox: Running, retry_after: float | None, code: int) -> None:
    fault = {"platform": "marketing_cloud", "kind": "status", "status": 429, "retry_after": retry_after}
    httpx.post(f"{sandbox.url}/_control/faults", json=fault).raise_for_status()
    answer = httpx.post(f"{sandbox.url}/marketing_cloud/v2/token", json=form(sandbox))
    assert (answer.status_code, answer.json()["errorcode"]) == (429, code)
    assert answer.headers.get("retry-after") == (str(retry_after) if retry_after else None)
