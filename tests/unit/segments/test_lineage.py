"""Which raw tables a feature descends from, by the project's own lineage."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cohorte.segments.lineage import raw_tables
from cohorte.settings import Settings
from cohorte.steps.build import run_dbt


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """With the manifest that dbt writes when it parses the project."""
    parsed = Settings(home=tmp_path_factory.mktemp("home"))
    run_dbt(["parse"], settings=parsed)
    yield parsed


def test_a_feature_of_orders_descends_from_orders_and_from_nothing_else_than_who_made_them(settings: Settings) -> None:
    tables = raw_tables(["orders_per_month"], settings=settings)
    assert tables is not None
    assert {"raw.salesforce__order", "raw.salesforce__order_item", "raw.salesforce__contact"} <= tables
    assert not any("google_analytics" in table or "mailchimp" in table for table in tables)


def test_features_of_the_web_and_of_interests_have_their_own_sources(settings: Settings) -> None:
    web = raw_tables(["main_device"], settings=settings) or frozenset()
    assert any("google_analytics" in table for table in web)
    together = raw_tables(["main_device", "letters_90d"], settings=settings) or frozenset()
    assert web < together and "raw.mailchimp__email_event" in together
    assert "raw.meta__comment" in (raw_tables(["interests"], settings=settings) or ())


@pytest.mark.parametrize("columns", [["no_such_feature"], ["orders_per_month", "score"]])
def test_what_is_no_feature_may_come_from_anywhere(settings: Settings, columns: list[str]) -> None:
    assert raw_tables(columns, settings=settings) is None


def test_without_a_manifest_nothing_is_told(tmp_path: Path) -> None:
    assert raw_tables(["orders_per_month"], settings=Settings(home=tmp_path)) is None
