"""One person in any spelling is one hash, in Python and in SQL."""

import duckdb
import pytest

from cohorte.activation.forms import NORMAL_FORMS
from cohorte.privacy.keyed import SQL, hashed, normal

KEY = "k" * 64
SAME = [
    ("email", "Ann.Smith@Example.com", " ann.smith@example.com "),
    ("email", "j.doe@gmail.com", "JDoe+shop@Gmail.com"),
    ("email", "j.doe@googlemail.com", "jdoe@googlemail.com"),
    ("phone", "(513) 555-0101", "+1 513 555 0101"),
    ("phone", "5135550101", "1-513-555-0101"),
    ("contact", "0035F00000001cyQAA", " 0035F00000001cyQAA"),
]


@pytest.mark.parametrize(("kind", "one", "other"), SAME)
def test_spellings_of_the_same_are_one(kind: str, one: str, other: str) -> None:
    assert hashed(KEY, kind, one) == hashed(KEY, kind, other)


def test_what_differs_stays_apart() -> None:
    assert normal("email", "ann.smith@example.com") != normal("email", "annsmith@example.com")
    assert normal("phone", "+44 20 7946 0000") == "+442079460000"
    assert len({hashed(key, kind, "12345678") for key in (KEY, "x") for kind in ("contact", "phone", "email")}) == 6


@pytest.mark.parametrize(
    "email", ["Ann.Smith@Example.com", "J.Doe+shop@gmail.com", " a b@googlemail.com", "a+b@c.example"]
)
def test_sql_says_the_same(email: str) -> None:
    query = SQL.format(kind="email", value=NORMAL_FORMS["google_email"].format("$email"))
    with duckdb.connect() as connection:
        said = connection.execute(f"select {query}", {"erasure_key": KEY, "email": email}).fetchone()
    assert said == (hashed(KEY, "email", email),)
