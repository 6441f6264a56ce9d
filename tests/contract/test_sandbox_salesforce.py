"""The Salesforce stand-in, through plain HTTP and through simple-salesforce."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from requests import Response, Session
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce

from sandbox.server import Running

DATA = "/services/data/v60.0"
CUSTOM = "Loyalty_Id__c"


class Org:
    """What an extractor does, in ten lines."""

    def __init__(self, http: Callable[..., httpx.Client], server: Running) -> None:
        self.server = server
        self.connection = server.connections["salesforce_default"]
        self.client = http(self.connection["host"])
        extra = self.connection["extra"]
        form = {"grant_type": "client_credentials", "client_id": extra["consumer_key"]}
        token = self.client.post(
            "/services/oauth2/token", data=form | {"client_secret": extra["consumer_secret"]}
        ).raise_for_status()
        self.client.headers["Authorization"] = f"Bearer {token.json()['access_token']}"

    def job(self, soql: str, **options: Any) -> str:
        body = {"operation": "query", "query": soql} | options
        job = self.client.post(f"{DATA}/jobs/query", json=body).raise_for_status().json()
        assert job["state"] == "UploadComplete"
        for _ in range(2_000):
            state = self.client.get(f"{DATA}/jobs/query/{job['id']}").json()["state"]
            if state not in ("UploadComplete", "InProgress"):
                assert state == "JobComplete"
                return str(job["id"])
        raise AssertionError("the job did not end")

    def rows(self, soql: str, **options: Any) -> list[dict[str, str]]:
        answer = self.client.get(f"{DATA}/jobs/query/{self.job(soql, **options)}/results")
        found = list(csv.DictReader(io.StringIO(answer.text, newline="")))
        assert len(found) == int(answer.headers["Sforce-NumberOfRecords"])
        assert answer.headers["Sforce-Locator"] == "null"
        return found

    def control(self, path: str, body: dict[str, Any] | None = None) -> Any:
        url = f"{self.server.url}/_control/{path}"
        return (self.client.get(url) if body is None else self.client.post(url, json=body)).raise_for_status().json()


@pytest.fixture
def org(http: Callable[..., httpx.Client], shared_sandbox: Running) -> Org:
    return Org(http, shared_sandbox)


@pytest.fixture
def own_org(http: Callable[..., httpx.Client], sandbox: Running) -> Org:
    return Org(http, sandbox)


def test_orders_add_up_to_the_real_baskets(org: Org) -> None:
    import duckdb

    from sandbox.world.source import data_folder

    contacts = {row["Id"] for row in org.rows("SELECT Id FROM Contact")}
    orders = org.rows("SELECT Id, OrderNumber, BillToContactId, TotalAmount FROM Order")
    lines = org.rows("SELECT OrderId, Product2Id, TotalPrice FROM OrderItem")
    products = {row["Id"] for row in org.rows("SELECT Id FROM Product2")}
    real = duckdb.connect().execute(
        f"SELECT basket_id::VARCHAR, sum(sales_value), count(*) FROM '{data_folder()}/transactions.parquet' "
        "WHERE transaction_timestamp <= '2017-11-30 23:59:59' GROUP BY ALL"
    )
    baskets = {basket: (round(total, 2), lines) for basket, total, lines in real.fetchall()}
    assert len(orders) > 1_000
    assert {order["BillToContactId"] for order in orders} <= contacts
    assert {line["Product2Id"] for line in lines} <= products
    per_order: dict[str, list[float]] = {}
    for line in lines:
        per_order.setdefault(line["OrderId"], []).append(float(line["TotalPrice"]))
    for order in orders:
        total, count = baskets[order["OrderNumber"]]
        assert float(order["TotalAmount"]) == pytest.approx(total)
        assert (round(sum(per_order[order["Id"]]), 2), len(per_order[order["Id"]])) == (pytest.approx(total), count)


def test_results_come_in_sets_that_neither_overlap_nor_miss(org: Org) -> None:
    job = org.job("SELECT Id FROM OrderItem")
    seen: list[str] = []
    locator, sets = "", 0
    while locator != "null":
        query = {"maxRecords": 7_000} | ({"locator": locator} if locator else {})
        answer = org.client.get(f"{DATA}/jobs/query/{job}/results", params=query)
        lines = answer.text.splitlines()
        assert lines[0] == '"Id"'
        assert len(lines) - 1 == int(answer.headers["Sforce-NumberOfRecords"]) <= 7_000
        seen += lines[1:]
        locator, sets = answer.headers["Sforce-Locator"], sets + 1
    assert sets > 2
    assert len(seen) == len(set(seen)) == org.client.get(f"{DATA}/jobs/query/{job}").json()["numberRecordsProcessed"]
    assert org.client.get(f"{DATA}/jobs/query/{job}/results", params={"locator": "bm9uZQ"}).status_code == 400


def test_delimiter_and_line_ending_are_as_asked(org: Org) -> None:
    soql = "SELECT Id, MailingStreet FROM Contact"
    job = org.job(soql, columnDelimiter="PIPE", lineEnding="CRLF")
    text = org.client.get(f"{DATA}/jobs/query/{job}/results").content.decode()
    assert text.startswith('"Id"|"MailingStreet"\r\n')
    assert [row["MailingStreet"] for row in csv.DictReader(io.StringIO(text, newline=""), delimiter="|")] == [
        row["MailingStreet"] for row in org.rows(soql)
    ]


def test_the_future_does_not_exist_yet(own_org: Org) -> None:
    before = own_org.rows("SELECT Id, SystemModstamp FROM Order")
    assert max(row["SystemModstamp"] for row in before) <= "2017-11-30T23:59:59.000Z"
    assert own_org.control("clock", {"advance_days": 3})["now"] == "2017-12-03T23:59:59Z"
    newer = own_org.rows("SELECT Id, SystemModstamp FROM Order WHERE SystemModstamp > 2017-11-30T23:59:59Z")
    assert newer
    assert {row["Id"] for row in newer}.isdisjoint(row["Id"] for row in before)
    assert len(own_org.rows("SELECT Id FROM Order")) == len(before) + len(newer)


def test_edits_move_the_stamp_and_replace_the_version(own_org: Org) -> None:
    soql = "SELECT Id, MobilePhone, MailingStreet, HasOptedOutOfEmail, SystemModstamp FROM Contact"
    before = {row["Id"]: row for row in own_org.rows(soql)}
    own_org.control("clock", {"advance_days": 100})
    after = own_org.rows(soql)
    assert len({row["Id"] for row in after}) == len(after)
    changed = [row for row in after if row["Id"] in before and row != before[row["Id"]]]
    assert changed
    assert all(row["SystemModstamp"] > "2017-11-30T23:59:59.000Z" for row in changed)
    since = own_org.rows(f"{soql} WHERE SystemModstamp >= 2017-12-01T00:00:00+00:00")
    assert {row["Id"] for row in changed} <= {row["Id"] for row in since}


def test_planted_deletes_show_in_query_all_only(own_org: Org) -> None:
    contact = own_org.rows("SELECT Id FROM Contact LIMIT 1")[0]["Id"]
    own_org.control("clock", {"advance_days": 1})
    own_org.control(f"contacts/{contact}/delete", {})
    assert contact not in {row["Id"] for row in own_org.rows("SELECT Id FROM Contact")}
    soql = f"SELECT Id, IsDeleted, SystemModstamp FROM Contact WHERE Id = '{contact}'"
    gone = own_org.rows(soql, operation="queryAll")
    assert gone == [{"Id": contact, "IsDeleted": "true", "SystemModstamp": "2017-12-01T23:59:59.000Z"}]


def test_planted_edits_survive_a_restart(own_org: Org, http: Callable[..., httpx.Client], tmp_path: Path) -> None:
    from sandbox.server import running

    contact = own_org.rows("SELECT Id FROM Contact LIMIT 1")[0]["Id"]
    own_org.control("clock", {"now": "2017-12-24T12:00:00Z"})
    own_org.control(f"contacts/{contact}/edit", {"Email": "new@example.com"})
    with running(own_org.server.folder, households=40) as again:
        org = Org(http, again)
        assert org.control("clock")["now"] == "2017-12-24T12:00:00Z"
        assert org.rows(f"SELECT Email FROM Contact WHERE Id = '{contact}'") == [{"Email": "new@example.com"}]


def test_the_clock_never_goes_back(own_org: Org) -> None:
    url = f"{own_org.server.url}/_control/clock"
    assert own_org.client.post(url, json={"now": "2017-01-01T00:00:00Z"}).status_code == 409
    assert own_org.client.post(url, json={"now": "not a time"}).status_code == 400
    assert own_org.control("clock")["now"] == "2017-11-30T23:59:59Z"


def test_members_respond_as_coupons_are_redeemed(org: Org) -> None:
    fields = "CampaignId, ContactId, Status, HasResponded, Redemptions__c, CreatedDate, SystemModstamp"
    members = org.rows(f"SELECT {fields} FROM CampaignMember")
    responded = [row for row in members if row["Status"] == "Responded"]
    assert responded
    for row in members:
        assert (row["HasResponded"] == "true") == (float(row["Redemptions__c"]) > 0) == (row in responded)
        assert row["SystemModstamp"] >= row["CreatedDate"]


def test_duplicates_share_what_the_truth_file_says(org: Org) -> None:
    truth = list(csv.DictReader((org.server.folder / "truth.csv").open()))
    fields = f"Id, FirstName, LastName, Email, MobilePhone, {CUSTOM}"
    contacts = {row["Id"]: row for row in org.rows(f"SELECT {fields} FROM Contact")}
    primary = {row["household_id"]: contacts[row["contact_id"]] for row in truth if not row["duplicate"]}
    copies = [row for row in truth if row["duplicate"] and row["contact_id"] in contacts]
    assert copies
    for row in copies:
        copy, original = contacts[row["contact_id"]], primary[row["household_id"]]
        assert copy[CUSTOM] == "" and original[CUSTOM] == f"L{int(row['household_id']):06d}"
        same_email = copy["Email"].strip().lower() == original["Email"]
        assert same_email == (row["duplicate"] == "email")
    billed = {row["BillToContactId"] for row in org.rows("SELECT BillToContactId FROM Order")}
    assert billed & {row["contact_id"] for row in copies}


def test_birth_dates_lie_inside_the_real_age_band(org: Org) -> None:
    today = date(2017, 11, 30)
    people = [row for row in org.rows("SELECT Birthdate, Age_Band__c FROM Contact") if row["Age_Band__c"]]
    assert people
    for row in people:
        born = date.fromisoformat(row["Birthdate"])
        age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        youngest, _, oldest = row["Age_Band__c"].replace("65+", "65-120").partition("-")
        assert int(youngest) <= age <= int(oldest)


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Id, Shoe_Size__c FROM Contact", "INVALID_FIELD"),
        ("SELECT Id FROM Case", "INVALID_TYPE"),
        ("SELECT Id FROM Contact WHERE SystemModstamp > '2017-01-01T00:00:00Z'", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE SystemModstamp > 2017-01-01", "INVALID_FIELD"),
        ("SELECT Id FROM Contact GROUP BY Id", "MALFORMED_QUERY"),
        ("SELECT Id Contact", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact;", "MALFORMED_QUERY"),
        ("SELECT Id, id FROM Contact", "MALFORMED_QUERY"),
    ],
)
def test_bad_queries_are_refused_with_their_code(org: Org, soql: str, code: str) -> None:
    answer = org.client.post(f"{DATA}/jobs/query", json={"operation": "query", "query": soql})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


def test_jobs_keep_to_their_version_and_states(org: Org) -> None:
    job = org.job("SELECT Id FROM Campaign")
    assert org.client.get(f"/services/data/v61.0/jobs/query/{job}").status_code == 409
    abort = org.client.patch(f"{DATA}/jobs/query/{job}", json={"state": "Aborted"})
    assert (abort.status_code, abort.json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")
    assert org.client.delete(f"{DATA}/jobs/query/{job}").status_code == 204
    assert org.client.get(f"{DATA}/jobs/query/{job}").status_code == 404
    unknown = org.client.post(
        f"{DATA}/jobs/query", json={"operation": "query", "query": "SELECT Id FROM Order", "x": 1}
    )
    assert unknown.status_code == 400


def test_a_session_is_wanted(org: Org) -> None:
    answer = org.client.get(f"{DATA}/limits", headers={"Authorization": "Bearer stale"})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")


def test_jwt_bearer_wants_our_signature(org: Org) -> None:
    extra = org.connection["extra"]
    claims = {"iss": extra["consumer_key"], "sub": org.connection["login"], "aud": "https://login.salesforce.com"}
    claims |= {"exp": datetime.now(UTC) + timedelta(minutes=3)}
    grant = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}
    signed = grant | {"assertion": jwt.encode(claims, extra["private_key"], algorithm="RS256")}
    assert org.client.post("/services/oauth2/token", data=signed).json()["token_type"] == "Bearer"
    forged = grant | {"assertion": signed["assertion"][:-8] + "AAAAAAAA"}
    answer = org.client.post("/services/oauth2/token", data=forged)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


class Plain(HTTPAdapter):
    """simple-salesforce builds https addresses; the sandbox speaks http."""

    def send(self, request: Any, *args: Any, **options: Any) -> Response:
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, *args, **options)


def test_simple_salesforce_reads_a_query_job(org: Org) -> None:
    session = Session()
    session.mount("https://", Plain())
    token = org.client.headers["Authorization"].removeprefix("Bearer ")
    sdk = Salesforce(instance_url=org.connection["host"], session_id=token, session=session, version="60.0")
    assert any(field["name"] == CUSTOM for field in sdk.Contact.describe()["fields"])
    pages = list(sdk.bulk2.Contact.query("SELECT Id, Name FROM Campaign", max_records=10, wait=0.01))
    assert sum(len(page.splitlines()) - 1 for page in pages) == len(org.rows("SELECT Id FROM Campaign"))


def test_businesses_prospects_and_consents_refer_to_who_is_there(org: Org) -> None:
    contacts = {row["Id"]: row for row in org.rows("SELECT Id, AccountId, IndividualId, CreatedDate FROM Contact")}
    accounts = {row["Id"] for row in org.rows("SELECT Id FROM Account WHERE NumberOfEmployees > 1")}
    people = org.rows("SELECT Id, HasOptedOutSolicit, HasOptedOutProcessing, ShouldForget FROM Individual")
    assert accounts == {row["AccountId"] for row in contacts.values()} - {""}
    assert {row["Id"] for row in people} == {row["IndividualId"] for row in contacts.values()} - {""}
    assert 0 < len(accounts) < len(people) < len(contacts)
    deals = org.rows("SELECT AccountId, ContactId, StageName, IsClosed, IsWon, Probability FROM Opportunity")
    assert {row["AccountId"] for row in deals} <= accounts
    assert all(contacts[row["ContactId"]]["AccountId"] == row["AccountId"] for row in deals)
    assert {row["StageName"] for row in deals if row["IsWon"] == "true"} == {"Closed Won"}
    leads = org.rows("SELECT Id, IsConverted, ConvertedDate, ConvertedContactId, ConvertedAccountId FROM Lead")
    converted = [row for row in leads if row["IsConverted"] == "true"]
    assert 0 < len(converted) < len(leads)
    for row in converted:
        contact = contacts[row["ConvertedContactId"]]
        assert (contact["AccountId"], contact["CreatedDate"][:10]) == (row["ConvertedAccountId"], row["ConvertedDate"])
    assert all(row["ConvertedContactId"] == "" for row in leads if row["IsConverted"] == "false")
    assert org.rows("SELECT Id FROM Lead WHERE IsDeleted = true") == []
    assert org.rows("SELECT Id FROM Lead WHERE IsDeleted = true", operation="queryAll")


def test_what_becomes_of_deals_and_leads_shows_in_time(own_org: Org) -> None:
    open_deals = "SELECT Id FROM Opportunity WHERE IsClosed = false"
    before = {row["Id"] for row in own_org.rows(open_deals)}
    own_org.control("clock", {"advance_days": 31})
    after = {row["Id"]: row for row in own_org.rows("SELECT Id, IsClosed, SystemModstamp FROM Opportunity")}
    assert before
    assert all(after[deal]["IsClosed"] == "true" for deal in before)


def test_what_comes_back_was_bought_before_by_the_one_who_brings_it(org: Org) -> None:
    lines = {row["Id"]: row for row in org.rows("SELECT Id, OrderId, Product2Id, Quantity, TotalPrice FROM OrderItem")}
    orders = {row["Id"]: row for row in org.rows("SELECT Id, BillToContactId, Ordered_At__c FROM Order")}
    returns = {
        row["Id"]: row
        for row in org.rows("SELECT Id, OrderId, ContactId, Status, Returned_At__c, CreatedDate FROM ReturnOrder")
    }
    returned = org.rows(
        "SELECT ReturnOrderId, OrderItemId, Product2Id, QuantityReturned, TotalPrice FROM ReturnOrderLineItem"
    )
    assert {row["ReturnOrderId"] for row in returned} == returns.keys() != set()
    for row in returned:
        bought, brought = lines[row["OrderItemId"]], returns[row["ReturnOrderId"]]
        assert (bought["OrderId"], bought["Product2Id"]) == (brought["OrderId"], row["Product2Id"])
        assert 0 < float(row["QuantityReturned"]) <= float(bought["Quantity"])
        assert 0 <= float(row["TotalPrice"]) <= float(bought["TotalPrice"])
    for brought in returns.values():
        order = orders[brought["OrderId"]]
        assert order["BillToContactId"] == brought["ContactId"]
        assert order["Ordered_At__c"] < brought["Returned_At__c"] <= brought["CreatedDate"]
    assert {row["Status"] for row in returns.values()} <= {"Submitted", "Closed", "Canceled"}


def test_a_return_changes_as_it_is_handled(own_org: Org) -> None:
    query = "SELECT Id, Status, SystemModstamp FROM ReturnOrder"
    own_org.control("clock", {"advance_days": 30})
    before = {row["Id"]: row for row in own_org.rows(query)}
    own_org.control("clock", {"advance_days": 3})
    after = {row["Id"]: row for row in own_org.rows(query)}
    changed = [key for key, row in before.items() if after[key] != row]
    assert all(before[key]["Status"] == "Submitted" for key in changed)
    assert all(after[key]["SystemModstamp"] > before[key]["SystemModstamp"] for key in changed)
