"""Rows of erased people are recognised in whatever shape a platform sends them."""

import pyarrow as pa

from cohorte.privacy.arrivals import Erased
from cohorte.privacy.keyed import hashed

KEY = "k" * 64


def erased(**known: str) -> Erased:
    return Erased(KEY, frozenset(hashed(KEY, kind, value) for kind, value in known.items()))


def batch(**columns: list) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(columns)


def test_by_address_in_any_spelling_under_the_platforms_own_name() -> None:
    people = erased(email="ann@example.com")
    read = batch(Id=["1", "2", "3"], Email=["ANN@example.com ", "bob@example.com", None])
    left = people.without(read, "raw.salesforce__contact", str.lower)
    assert left.column("Id").to_pylist() == ["2", "3"] and people.rows == 1


def test_by_id_where_the_table_says_what_an_id_is() -> None:
    people = erased(contact="003A", order="801B")
    assert people.without(batch(id=["003A", "003B"]), "raw.salesforce__contact").num_rows == 1
    assert people.without(batch(id=["801B"], bill_to_contact_id=["003X"]), "raw.salesforce__order").num_rows == 0
    assert people.without(batch(id=["9"], order_id=["801B"]), "raw.salesforce__order_item").num_rows == 0
    assert people.without(batch(id=["003A"]), "raw.salesforce__product2").num_rows == 1
    assert people.rows == 3
    brought_back = erased(return_order="0roR")
    assert brought_back.without(batch(id=["0roR"]), "raw.salesforce__return_order").num_rows == 0
    assert brought_back.without(batch(return_order_id=["0roR"]), "raw.salesforce__return_order_line_item").num_rows == 0


def test_a_source_nobody_has_mapped_is_known_by_its_column_names() -> None:
    assert erased(email="ann@example.com").without(batch(email=["ann@example.com"]), "raw.shops__visitor").num_rows == 0


def test_not_by_phone_which_may_be_somebody_elses_now() -> None:
    people = erased(phone="+15135550101")
    assert people.without(batch(id=["1"], mobile_phone=["5135550101"]), "raw.salesforce__contact").num_rows == 1


def test_numbers_and_empty_batches_do_no_harm() -> None:
    people = erased(loyalty="17")
    assert people.without(batch(loyalty_id=pa.array([17, 18])), "raw.shops__card").num_rows == 1
    empty = pa.RecordBatch.from_pylist([], pa.schema([("email", pa.string())]))
    assert people.without(empty, "raw.shops__visitor").num_rows == 0


def test_a_record_that_could_not_be_read_names_them() -> None:
    people = erased(email="ann@example.com")
    assert people.names('{"Email": "Ann@Example.com", "x": ') and not people.names('{"Email": "bob@example.com"}')
