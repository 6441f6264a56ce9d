"""Data Docs: a page a layer, that needs nothing from elsewhere."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from fixtures import GOOD

from cohorte.gates import pages
from cohorte.lake import Lake
from cohorte.steps.gate import GateFailedError, gate, suites


class Loads(HTMLParser):
    """Whatever a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attributes if name in ("src", "href", "srcset", "data")]
        assert tag != "script"


def test_each_expectation_is_on_the_page_and_nothing_is_loaded(good: None, lake: Lake) -> None:
    result = gate("marts", lake=lake)
    page = (pages.folder(lake) / "marts.html").read_text()
    assert 'Gate of marts: <span class="passed">' in page
    for suite in suites("marts"):
        assert f'id="{suite.TABLE}"' in page
    assert page.count('<td class="passed">') == len(result.findings)
    loads = Loads()
    loads.feed(page)
    assert all(re.fullmatch(r"[a-z]+\.html", link) for link in loads.found)
    assert "http" not in page and "url(" not in page and "@import" not in page


def test_what_blocks_is_said_without_the_rows(good: None, plant: Callable[[str, str], None], lake: Lake) -> None:
    table = "marts.fct_order_line"
    plant(table, f"select * replace (-1 as quantity) from ({GOOD[table]})")
    with pytest.raises(GateFailedError) as failed:
        gate("marts", lake=lake, tables=[table])
    page = (pages.folder(lake) / "marts.html").read_text()
    assert 'Gate of marts: <span class="blocked">' in page
    samples = [finding.sample for finding in failed.value.result.blocking if finding.sample]
    assert samples and not any(sample in page for sample in samples)
