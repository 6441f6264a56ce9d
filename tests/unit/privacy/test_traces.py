"""What counts as a trace of somebody, the same in Python and in DuckDB; PostgreSQL has its part in test_erase.py."""

import hashlib
import re

import duckdb
import pytest

from cohorte.privacy.traces import pattern

KNOWN = {
    "email": {"ann.lee+x@example.com"},
    "phone": {"(513) 555-0101"},
    "contact": {"0035F00000001cyQAA"},
    "loyalty": {"L17"},
}
FOUND = [
    "to: Ann.Lee+X@example.com.",
    '{"mail":"ann.lee+x@example.com"}',
    "/v3/contacts/ann.lee+x%40example.com?x=1",
    "salesforce:0035F00000001cyQAA",
    "+1 513-555-0101",
    "+15135550101",
    "5135550101",
    "(513) 555 0101",
    "tel 1.513.555.0101",
    "line\nann.lee+x@example.com\nline",
]
NOT_FOUND = [
    "maryann.lee+x@example.com",
    "mary.ann.lee+x@example.com",
    "ann.lee@example.com",
    "annxlee+x@example.com",
    "00035F00000001cyQAA",
    "0035F00000001cyQAAB",
    "95135550101234",
    "0.5135550101",
    "L17",
    "",
]


@pytest.mark.parametrize("text", FOUND)
def test_found(text: str) -> None:
    assert re.search(pattern(KNOWN), text)
    assert re.search(pattern(KNOWN).encode(), b"\x00\x80" + text.encode() + b"\x00")
    assert duckdb.execute("select regexp_matches(?, ?)", [text, pattern(KNOWN)]).fetchone() == (True,)


@pytest.mark.parametrize("text", NOT_FOUND)
def test_not_found(text: str) -> None:
    assert not re.search(pattern(KNOWN), text)
    assert duckdb.execute("select regexp_matches(?, ?)", [text, pattern(KNOWN)]).fetchone() == (False,)


def test_what_a_run_was_started_with_is_a_trace_everywhere_but_where_runs_are_told_of() -> None:
    digest = hashlib.sha256(b"ann.lee+x@example.com").hexdigest()
    for pseudonym in (f"'{digest}'", "customer_id: c_16b57ff939767af7"):
        known = KNOWN | {"customer": {"c_16b57ff939767af7"}}
        assert re.search(pattern(known), pseudonym)
        assert not re.search(pattern(known, pseudonyms=False), pseudonym)
    assert re.search(pattern(KNOWN, pseudonyms=False), "ann.lee+x@example.com")


def test_nobody_leaves_no_trace() -> None:
    assert not re.search(pattern({}), "anything at all, even a and b")
