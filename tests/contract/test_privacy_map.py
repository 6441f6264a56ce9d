"""No table holds people without the map of cohorte.privacy.columns knowing how to find them there."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from cohorte import sources
from cohorte.lake import Lake
from cohorte.landing import catalog
from cohorte.privacy.columns import BLANKED, COLUMNS, NAMES, NOBODY, TEXTS, identifying
from cohorte.settings import ROOT

Tables = dict[str, list[str]]
PERSONAL = re.compile(r"mail|phone|mobile|contact|customer|user_id|subscriber|person_|_name$|street|birth|message|key$")
"""What the columns are called that tell who somebody is."""
NO_IDENTIFIER = {
    *("given_name", "family_name", "full_name", "first_name", "last_name", "from_name", "street", "birth_date"),
    *("billing_street", "mailing_street", "birthdate", "message", "email_event_id", "subscriber_id", "is_mailable"),
    *(
        "has_opted_out_of_email",
        "customer_since",
        "contact_records",
        "payload_hash",
        "mailing_id",
        "mailing_name",
    ),
    *("is_do_not_email", "is_email_hard_bounced", "mailing_city", "mailing_state", "mailing_postal_code"),
    *("mailing_country", "contact_point_type", "capture_contact_point_type", "column_name", "group_name"),
    *(
        "campaign_name",
        "session_campaign_name",
        "adset_name",
        "ad_name",
        "opportunity_name",
        "mobile_share",
        "stage_name",
        "email_recency_days",
    ),
}
"""Columns called so that lead nowhere by themselves: their rows are found by another column."""


@pytest.fixture(scope="module")
def tables(lake: Lake) -> Tables:
    """Every table there is or will be, with its columns: the platform's own, raw ones, and dbt's."""
    catalog.create_tables(lake)
    found = dict(
        lake.rows(
            "select schema_name || '.' || table_name, list(column_name) from duckdb_columns() "
            "where database_name = 'lake' and schema_name not in ('information_schema', 'pg_catalog') group by all"
        )
    )
    for path in sorted((ROOT / "dbt_project" / "models").rglob("*.yml")):
        for model in (yaml.safe_load(path.read_text()) or {}).get("models", ()):
            if not model["name"].startswith("seg_") and schema(path, model):
                found[f"{schema(path, model)}.{model['name']}"] = [
                    column["name"] for column in model.get("columns", ())
                ]
    return found


def schema(path: Path, model: Mapping[str, Any]) -> str:
    """Where dbt puts a model: what its SQL says, or its layer; nowhere, if it is a part of features not kept."""
    files = [path.parent / f"{model['name']}{ending}" for ending in (".sql", ".py")]
    source = next(file.read_text() for file in files if file.exists())
    said = re.search(r"config\([^)]*schema=['\"](\w+)", source)
    layer = path.relative_to(ROOT / "dbt_project" / "models").parts
    return said[1] if said else "" if "parts" in layer else layer[0]


def test_there_is_something_to_check(tables: Tables) -> None:
    assert len(tables) > 80
    assert {"raw.salesforce__contact", "pii.dim_contact", "pii.stg_salesforce__contact", "ops.erasure"} <= tables.keys()
    assert {"segments.history", "intermediate.int_features__baskets", "staging.stg_salesforce__order"} <= tables.keys()
    missing = {f"raw.{name}__{stream.name}" for name in sources.NAMES for stream in sources.kind(name).streams}
    assert missing - tables.keys() == set(), "add the stream's columns to ddl/raw/<source>.sql"


def test_every_table_is_about_somebody_or_says_that_it_is_not(tables: Tables) -> None:
    unknown = {
        table
        for table, columns in tables.items()
        if table not in NOBODY and table not in TEXTS and set(identifying(table, columns).values()) <= {("phone",)}
    }
    assert unknown == set(), "say in cohorte/privacy/columns.py how people are found there, or why there are none"


def test_a_table_about_nobody_has_nothing_of_a_person(tables: Tables) -> None:
    told = {table: {name for name in tables[table] if NAMES.get(name, ("phone",)) != ("phone",)} for table in NOBODY}
    assert {table: names for table, names in told.items() if names} == {}


def test_no_column_that_sounds_personal_is_unknown(tables: Tables) -> None:
    unknown = {
        f"{table}.{name}"
        for table, columns in tables.items()
        if table not in NOBODY
        for name in columns
        if PERSONAL.search(name) and name not in identifying(table, columns) and name not in NO_IDENTIFIER
    }
    assert unknown == set(), "add the column to cohorte/privacy/columns.py; here only if it leads to nobody"


def test_a_new_table_with_people_in_it_is_not_overlooked(tables: Tables) -> None:
    """The tests above, on tables that are not covered."""
    with pytest.raises(AssertionError):
        test_every_table_is_about_somebody_or_says_that_it_is_not(tables | {"raw.shops__visitor": ["who", "mail"]})
    with pytest.raises(AssertionError):
        test_no_column_that_sounds_personal_is_unknown(tables | {"marts.fct_call": ["order_id", "caller_phone_no"]})


def test_the_map_names_only_what_there_is(tables: Tables) -> None:
    assert {*COLUMNS, *NOBODY, *TEXTS, *BLANKED} - tables.keys() == set()
    for table, columns in (COLUMNS | TEXTS).items():
        assert set(columns) <= set(tables[table]), table
    there = {name for columns in tables.values() for name in columns}
    assert NAMES.keys() - there == set()
