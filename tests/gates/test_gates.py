"""Every gate lets good rows pass, refuses bad ones, and says which."""

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules

import fixtures
import pytest

from cohorte.lake import Lake
from cohorte.settings import ROOT
from cohorte.steps.gate import GateFailedError, gate, suites

CONTACTS = """select 'k' || i as contact_id, 'Jones' as family_name, 'a' || i || '@example.com' as email,
    date '1980-01-01' as birth_date, timestamp '2017-11-01' as modified_at from range(20) as t(i)"""
ORDERS = """select 'o' || i as order_id, 'k' || (i % 20) as contact_id, timestamp '2017-11-01' as ordered_at,
    timestamp '2017-11-01' as created_at from range(50) as t(i)"""
LINES = """select 'l' || i as order_line_id, 'o' || (i % 50) as order_id, 'p' as product_id,
    2.0::decimal(12, 2) as sales_value, 0::decimal(12, 2) as coupon_discount, 1.0 as quantity from range(100) as t(i)"""
WEB = """select date '2017-11-01' as activity_date, 9 as hour, 'mobile' as device, 1 as sessions,
    'k' || i as contact_id from range(20) as t(i)"""
ACCOUNTS = """select 'a' || i as account_id, 'Hill Cafe' as account_name, 4 as employees,
    timestamp '2017-11-01' as modified_at from range(20) as t(i)"""
PROSPECTS = """select 'l' || i as lead_id, 'Hill' as family_name, 'a' || i || '@example.com' as email,
    i < 5 as is_converted, case when i < 5 then 'k' || i end as contact_id from range(20) as t(i)"""
DEALS = """select 'd' || i as opportunity_id, 'Prospecting' as stage, 120.0 as amount, 0.1 as probability,
    i > 10 as is_won, i > 5 as is_closed from range(20) as t(i)"""
INDIVIDUALS = """select 'i' || i as individual_id, false as has_opted_out_processing, i = 1 as has_opted_out_profiling,
    i < 5 as has_opted_out_solicit, false as has_opted_out_tracking, false as should_forget,
    timestamp '2017-11-01' as modified_at from range(20) as t(i)"""
TRAFFIC = """select date '2017-11-01' as activity_date, 'k' || i as contact_id, 'google' as source, 'cpc' as medium,
    2 as sessions, 1 as engaged_sessions from range(20) as t(i)"""
REPORTS = """select 'r' || i as report_id, timestamp '2017-11-01' as asked_at, date '2017-10-01' as first_day,
    date '2017-10-07' as last_day, null::double as sampled_share, 9 as tokens_left_of_day from range(20) as t(i)"""
FEATURES = """select 'c' || i as customer_id, 30 as age, 5 as recency_days, 3 as frequency, 20.0 as monetary,
    0.1 as discount_share, 0.5 as evening_share, ['pets'] as interests from range(20) as t(i)"""
MEMBERSHIP = """select 'vip' as segment, 'c' || i as customer_id, timestamp '2017-11-30' as entered_at,
    0.5 as score from range(20) as t(i)"""
CUSTOMERS = """select 'c' || i as customer_id, 1 as contact_records, timestamp '2017-01-01' as customer_since
    from range(20) as t(i)"""
PEOPLE = """select 'c' || i as customer_id, 'a' || i || '@example.com' as email, '+1202555' || (1000 + i) as phone_e164
    from range(20) as t(i)"""
CONSENTS = """select 'c' || i as customer_id, 'email' as channel, 'marketing' as purpose, true as is_granted,
    timestamp '2017-01-01' as decided_at from range(20) as t(i)"""
PRODUCTS = "select 'p' || i as product_id, 'GROCERY' as department from range(20) as t(i)"
CAMPAIGNS = """select 'm' || i as campaign_id, date '2017-03-01' as starts_on, date '2017-04-01' as ends_on
    from range(5) as t(i)"""
SALES = """select 'l' || i as order_line_id, 'c' || (i % 20) as customer_id, timestamp '2017-11-01' as ordered_at,
    2.0::decimal(12, 2) as sales_value, 'GROCERY' as department from range(100) as t(i)"""
INTERACTIONS = """select 'i' || i as interaction_id, timestamp '2017-11-01' as happened_at, 'visit' as kind,
    'web' as channel from range(20) as t(i)"""
EVENTS = """select 'e' || i as identity_event_id, 'merge' as kind, 'c1' as customer_id, 'c2' as other_customer_id
    from range(5) as t(i)"""
GOOD = {
    "pii.stg_salesforce__contact": CONTACTS,
    "staging.stg_salesforce__order": ORDERS,
    "staging.stg_salesforce__order_item": LINES,
    "pii.stg_salesforce__account": ACCOUNTS,
    "pii.stg_salesforce__lead": PROSPECTS,
    "staging.stg_salesforce__opportunity": DEALS,
    "pii.stg_salesforce__individual": INDIVIDUALS,
    "staging.stg_google_analytics__user_day": WEB,
    "staging.stg_google_analytics__traffic_source": TRAFFIC,
    "staging.stg_google_analytics__report": REPORTS,
    "marts.dim_customer": CUSTOMERS,
    "pii.dim_contact": PEOPLE,
    "marts.dim_consent": CONSENTS,
    "marts.dim_product": PRODUCTS,
    "marts.dim_campaign": CAMPAIGNS,
    "marts.fct_order_line": SALES,
    "marts.fct_interaction": INTERACTIONS,
    "marts.fct_identity_event": EVENTS,
    "features.customer_latest": FEATURES,
    "segments.membership": MEMBERSHIP,
}
LAYERS = ("staging", "marts", "features", "segments")
# layer, table, the column made bad, its value for row 3, what the message must name
BAD = [
    ("staging", "pii.stg_salesforce__contact", "contact_id", "'k4'", "unique"),
    ("staging", "pii.stg_salesforce__contact", "email", "'not an address'", "e-mail"),
    ("staging", "staging.stg_salesforce__order", "contact_id", "'nobody'", "refers to a contact"),
    ("staging", "staging.stg_salesforce__order", "ordered_at", "null", "not_be_null"),
    ("staging", "staging.stg_salesforce__order_item", "sales_value", "-5", "between"),
    ("staging", "staging.stg_salesforce__order_item", "quantity", "1e9", "between"),
    ("staging", "pii.stg_salesforce__account", "employees", "-1", "between"),
    ("staging", "pii.stg_salesforce__lead", "contact_id", "null", "names its contact"),
    ("staging", "staging.stg_salesforce__opportunity", "is_won", "true", "won is closed"),
    ("staging", "staging.stg_salesforce__opportunity", "probability", "1.2", "between"),
    ("staging", "pii.stg_salesforce__individual", "has_opted_out_solicit", "null", "not_be_null"),
    ("staging", "staging.stg_google_analytics__user_day", "hour", "25", "between"),
    ("staging", "staging.stg_google_analytics__traffic_source", "engaged_sessions", "3", "engaged"),
    ("staging", "staging.stg_google_analytics__report", "sampled_share", "0.001", "between"),
    ("staging", "staging.stg_google_analytics__report", "last_day", "date '2017-09-01'", "ends after it begins"),
    ("marts", "marts.dim_customer", "customer_id", "'c4'", "unique"),
    ("marts", "marts.dim_customer", "customer_id", "'somebody'", "every customer of dim_contact"),
    ("marts", "pii.dim_contact", "email", "' A@Example.com'", "lower case"),
    ("marts", "pii.dim_contact", "phone_e164", "'202-555'", "E.164"),
    ("marts", "marts.dim_consent", "is_granted", "null", "not_be_null"),
    ("marts", "marts.dim_product", "product_id", "'p4'", "unique"),
    ("marts", "marts.dim_campaign", "ends_on", "date '2017-02-01'", "not before"),
    ("marts", "marts.fct_order_line", "customer_id", "'nobody'", "customer we know"),
    ("marts", "marts.fct_interaction", "kind", "'guess'", "in_set"),
    ("marts", "marts.fct_identity_event", "other_customer_id", "'c1'", "two different customers"),
    ("features", "features.customer_latest", "recency_days", "-1", "between"),
    ("features", "features.customer_latest", "customer_id", "'c4'", "unique"),
    ("segments", "segments.membership", "score", "1.5", "between"),
    ("segments", "segments.membership", "customer_id", "'nobody'", "customer we know"),
]
for _fixture in iter_modules(fixtures.__path__):
    _rows = import_module(f"fixtures.{_fixture.name}")
    GOOD[_rows.TABLE] = _rows.GOOD
    BAD += [(_rows.LAYER, _rows.TABLE, *bad) for bad in _rows.BAD]


@pytest.fixture
def good(plant: Callable[[str, str], None], lake: Lake) -> None:
    for table, query in GOOD.items():
        plant(table, query)
    lake.execute("insert into ops.load values ('l', 'google_analytics', 'user_day', 20, 1, null, null, now())")


def test_every_mart_is_guarded() -> None:
    guarded = {suite.TABLE.split(".")[1] for suite in suites("marts")}
    assert {model.stem for model in (ROOT / "dbt_project" / "models" / "marts").glob("*.sql")} == guarded


def test_every_guarded_table_is_tried() -> None:
    guarded = {suite.TABLE for layer in LAYERS for suite in suites(layer)}
    assert guarded == set(GOOD)
    assert guarded == {table for _, table, *_ in BAD}


@pytest.mark.parametrize("layer", LAYERS)
def test_good_rows_pass(layer: str, good: None, lake: Lake) -> None:
    result = gate(layer, lake=lake)
    assert result.findings
    assert not result.blocking


@pytest.mark.parametrize(("layer", "table", "column", "value", "word"), BAD)
def test_bad_rows_are_refused_by_name(
    layer: str,
    table: str,
    column: str,
    value: str,
    word: str,
    good: None,
    plant: Callable[[str, str], None],
    lake: Lake,
) -> None:
    plant(
        table,
        f"select * exclude (i) replace (case when i = 3 then {value} else {column} end as {column}) "
        f"from (select *, row_number() over () - 1 as i from ({GOOD[table]}))",
    )
    with pytest.raises(GateFailedError) as refused:
        gate(layer, lake=lake)
    message = str(refused.value)
    assert table in message
    assert word in message
    assert refused.value.result.gate_run_id in message
    stored = lake.rows(
        "select gate, unexpected_sample from ops.gate_result where gate_run_id = ? and not is_passed",
        [refused.value.result.gate_run_id],
    )
    assert table in {name for name, _ in stored}


def test_personal_data_stays_out_of_the_evidence(good: None, plant: Callable[[str, str], None], lake: Lake) -> None:
    plant("pii.stg_salesforce__contact", CONTACTS.replace("'a' || i || '@example.com'", "'secret person'"))
    with pytest.raises(GateFailedError) as refused:
        gate("staging", lake=lake)
    assert "secret person" not in str(refused.value)
    assert not lake.rows("select 1 from ops.gate_result where unexpected_sample like '%secret person%'")


@pytest.mark.parametrize(
    ("layer", "table"),
    [("features", "features.customer_latest"), ("staging", "staging.stg_google_analytics__user_day")],
)
def test_an_empty_table_does_not_pass(
    layer: str, table: str, good: None, plant: Callable[[str, str], None], lake: Lake
) -> None:
    plant(table, f"from ({GOOD[table]}) limit 0")
    with pytest.raises(GateFailedError, match="row_count"):
        gate(layer, lake=lake)


def test_a_source_that_never_landed_is_waited_for(good: None, plant: Callable[[str, str], None], lake: Lake) -> None:
    plant("staging.stg_google_analytics__user_day", f"from ({WEB}) limit 0")
    lake.execute("delete from ops.load where source = 'google_analytics'")
    result = gate("staging", lake=lake)
    assert set(result.waiting) == {f"staging.stg_google_analytics__{name}" for name in ("traffic_source", "user_day")}
    looked_at = {finding.gate for finding in result.findings}
    assert looked_at == {suite.TABLE for suite in suites("staging")} - set(result.waiting)


def test_a_layer_without_gates_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError):
        suites("nowhere")
