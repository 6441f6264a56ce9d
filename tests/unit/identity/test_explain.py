"""Why two records are one person."""

import pandas as pd

from cohorte.identity import explain, link

COLUMNS = {"name": "full_name", "mail": "email", "tel": "phone"}
RECORDS = pd.DataFrame(
    [
        ("1", "Anna Berg", "anna@example.com", None),
        ("2", "A. Berg", "ANNA@example.com ", "+1 202 555 0143"),
        ("3", "Anna Berg", None, "(202) 555-0143"),
        ("4", "Carl Dahl", None, None),
    ],
    columns=["record_id", "name", "mail", "tel"],
)


def test_the_way_from_one_record_to_another() -> None:
    links = link(RECORDS, columns=COLUMNS).links
    assert [(step.a, step.b, step.because) for step in explain(links, "1", "3")] == [
        ("1", "2", "they share the email"),
        ("2", "3", "they share the phone"),
    ]
    assert explain(links, "1", "4") == []
