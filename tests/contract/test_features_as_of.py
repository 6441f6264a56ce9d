"""Yesterday's features, computed again tomorrow: on a real lake, after edits, a merge and a deletion nobody knew of."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from cohorte import sources
from cohorte.credentials import Credentials
from cohorte.lake import Lake
from cohorte.landing import catalog
from cohorte.steps.build import FROM_GATE_TO_GATE, build
from cohorte.steps.land import land
from sandbox.server import Running, running

YESTERDAY, LONG_AGO = date(2017, 11, 30), date(2017, 10, 31)
LANDED = ("salesforce", "google_analytics", "mailchimp", "meta")
OF_TODAY = ("is_mailable",)
"""What is not of the date: docs/adr/0021."""
EDIT = {
    "Age_Band__c": "65+",
    "Income_Band__c": "250K+",
    "MailingCity": "Anchorage",
    "Birthdate": "1940-01-01",
    "Email": "moved@example.com",
}
NEWEST = """
    (select max(_load_id) || '+' from {0}) as _load_id,
    (select max(_loaded_at) + interval 1 minute from {0}) as _loaded_at
"""
LOOKS = """
    insert into raw.google_analytics__user_day
    select distinct on (custom_user_crm_contact_id, item_category)
        * replace ('20171201' as date, 500 as items_viewed, {newest})
    from raw.google_analytics__user_day
"""
"""Of today, at every category that anybody has looked at."""
WORDS = """
    insert into raw.meta__comment
    select distinct on (from_id)
        * replace ('planted' || id as id, 'More wine!' as message, '2017-12-01 09:00:00Z' as created_time, {newest})
    from raw.meta__comment
"""
"""Of today, from everybody who has said any."""
Rows = list[tuple[Any, ...]]


@dataclass
class Past:
    """Two days of a small shop."""

    lake: Lake
    sandbox: Running

    def land(self, *names: str) -> None:
        for name in names:
            credentials = Credentials.from_mapping(f"{name}_default", self.sandbox.connections[f"{name}_default"])
            land(sources.get(name, credentials), lake=self.lake)

    def build(self, as_of: tuple[date, ...] = ()) -> None:
        for layers in FROM_GATE_TO_GATE:
            build(*layers, settings=self.lake.settings, as_of=as_of if "features" in layers else ())

    def control(self, path: str, body: dict[str, Any]) -> None:
        httpx.post(f"{self.sandbox.url}/_control/{path}", json=body).raise_for_status()

    def known(self, day: date) -> Rows:
        return self.lake.rows(
            f"select * exclude ({', '.join(OF_TODAY)}) from features.customer where as_of_date = ? order by all", [day]
        )

    def features(self, customer_id: str, day: date) -> dict[str, Any]:
        found = self.lake.arrow(
            "select * from features.customer where customer_id = ? and as_of_date = ?", [customer_id, day]
        )
        return found.to_pylist()[0] if found.num_rows else {}


@pytest.fixture(scope="module")
def past(lake: Lake, tmp_path_factory: pytest.TempPathFactory, sandbox_world: Path) -> Iterator[Past]:
    folder = tmp_path_factory.mktemp("sandbox") / "past"
    shutil.copytree(sandbox_world, folder)
    with running(folder, households=40) as sandbox:
        lake.settings = lake.settings.model_copy(update={"clock": f"{sandbox.url}/_control/clock"})
        catalog.create_tables(lake)
        past = Past(lake, sandbox)
        past.land(*LANDED)
        past.build()
        yield past


def someone(past: Past, *, but: tuple[str, ...] = ()) -> tuple[str, str]:
    """A customer with one contact, who buys, is written to and comes to the shop's pages; and the contact."""
    customer_id, contact_id = past.lake.rows(
        """
        select customer_id, any_value(replace(record_id, 'salesforce:', ''))
        from intermediate.int_identity__customer
        semi join (from features.customer_latest where frequency > 3 and web_sessions_90d > 0) using (customer_id)
        where not list_contains(?::varchar[], customer_id)
        group by customer_id having count(*) = 1 order by customer_id limit 1
        """,
        [list(but)],
    )[0]
    return str(customer_id), str(contact_id)


def test_yesterday_does_not_see_what_was_planted_today(past: Past) -> None:
    before = {day: past.known(day) for day in (YESTERDAY, LONG_AGO)}
    assert all(len(rows) > 30 for rows in before.values())
    edited, edited_contact = someone(past)
    one, one_contact = someone(past, but=(edited,))
    other, other_contact = someone(past, but=(edited, one))
    leaving, leaving_contact = someone(past, but=(edited, one, other))
    bought = {customer: past.features(customer, YESTERDAY)["frequency"] for customer in (one, other, leaving)}

    past.control("clock", {"now": "2017-12-01T08:00:00Z"})
    past.control(f"contacts/{edited_contact}/edit", EDIT)
    same = "select given_name, family_name, email, phone, birth_date::varchar from pii.stg_salesforce__contact"
    names = ("FirstName", "LastName", "Email", "MobilePhone", "Birthdate")
    (like,) = past.lake.rows(f"{same} where contact_id = ?", [one_contact])
    past.control(
        f"contacts/{other_contact}/edit", {name: value for name, value in zip(names, like, strict=True) if value}
    )
    past.control(f"contacts/{leaving_contact}/delete", {})
    past.control("clock", {"now": "2017-12-01T12:00:00Z"})
    past.land("salesforce")
    past.lake.execute(LOOKS.format(newest=NEWEST.format("raw.google_analytics__user_day")))
    past.lake.execute(WORDS.format(newest=NEWEST.format("raw.meta__comment")))
    past.build(as_of=(YESTERDAY, LONG_AGO))

    # Today has all of it …
    today = date(2017, 12, 1)
    assert past.features(edited, today)["age_band"] == EDIT["Age_Band__c"]
    assert past.features(edited, today)["city"] == EDIT["MailingCity"]
    assert not past.features(leaving, today)
    ((living, ended),) = past.lake.rows(
        "select customer_id, other_customer_id from marts.fct_identity_event where kind = 'merge'"
    )
    assert {living, ended} == {one, other}
    assert past.features(living, today)["frequency"] >= bought[one] + bought[other]
    assert not past.features(ended, today)
    other_interests = """
        select count(*) from features.customer as now inner join features.customer as before using (customer_id)
        where now.as_of_date = ? and before.as_of_date = ? and customer_id <> ? and now.interests <> before.interests
        and {}
    """
    for evidence in ("{} like 'browsed:%'", "{} like 'comment:planted%'"):
        told = evidence.format("array_to_string(now.interest_evidence_ids, ',')")
        assert past.lake.value(other_interests.format(told), [today, YESTERDAY, living]) > 0, evidence
    # … and the days before nothing, although they were computed after it.
    for day, rows in before.items():
        assert past.known(day) == rows, day
    assert past.features(leaving, YESTERDAY)["frequency"] == bought[leaving] > 0
    assert past.features(ended, YESTERDAY)["frequency"] == bought[ended] > 0


def test_nothing_is_known_of_days_to_come(past: Past) -> None:
    with pytest.raises(ValueError, match="as of 2030-01-01: today is 2017-1"):
        build("features", settings=past.lake.settings, as_of=[YESTERDAY, date(2030, 1, 1)])


def test_today_is_the_golden_record(past: Past) -> None:
    """The rules are those of marts.dim_customer: as of today, both say the same of the same customers."""
    columns = (
        "customer_id, age_band, income_band, home_ownership, marital_status, household_size, household_composition, "
        "kids_count, city"
    )
    for one, other in (
        ("marts.dim_customer", "features.customer_latest"),
        ("features.customer_latest", "marts.dim_customer"),
    ):
        assert past.lake.rows(f"select {columns} from {one} except select {columns} from {other}") == []
    assert past.lake.value("select count(*) from marts.dim_customer") > 30
