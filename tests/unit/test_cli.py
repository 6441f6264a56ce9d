"""The command line, as a person types it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cohorte import destinations, sources
from cohorte.lake import Lake

COHORTE = str(Path(sys.executable).parent / "cohorte")


@pytest.fixture
def run(lake: Lake, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("COHORTE_HOME", str(lake.settings.home))
    monkeypatch.setenv("COHORTE_CLOCK", lake.settings.clock)

    def call(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([COHORTE, *arguments], capture_output=True, text=True, timeout=120)

    return call


def test_sql_answers_as_json(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("sql", "select 1 as one, 'é' as letter", "--format", "json")
    assert json.loads(answer.stdout) == [{"one": 1, "letter": "é"}]


def test_sql_answers_as_csv(run) -> None:  # type: ignore[no-untyped-def]
    assert run("sql", "select 1 as one, null as nothing", "--format", "csv").stdout == "one,nothing\n1,\n"


def test_sql_answers_as_a_table(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("sql", "select 42 as answer").stdout
    assert "answer" in answer
    assert "42" in answer
    assert "1 rows" in answer


def test_sql_refuses_to_write_in_one_line(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("sql", "drop table ops.run")
    assert answer.returncode == 1
    assert answer.stderr.startswith("cohorte: only one SELECT")
    assert len(answer.stderr.splitlines()) == 1


@pytest.fixture
def four_records(lake: Lake) -> Iterator[None]:
    """s:1 and s:2 are one customer; s:3 might have been, too; s:4 is like nobody."""
    tables = {
        "intermediate.int_identity__customer": """select * from (values
            ('s:1', 'c_1'), ('s:2', 'c_1'), ('s:3', 'c_2'), ('s:4', 'c_3')) as t(record_id, customer_id)""",
        "intermediate.int_identity__link": """select * from (values
            ('s:1', 's:2', 0.99, 'they share the email', null, null),
            ('s:2', 's:3', 0.96, 'they are alike', '{"street": 3.5}', 'the only link between groups')
        ) as t(a, b, probability, because, weights, cut)""",
    }
    for table, query in tables.items():
        lake.execute(f"create table {table} as {query}")
    yield
    for table in tables:
        lake.execute(f"drop table {table}")


def test_a_link_that_was_cut_is_told_with_its_reason(run, four_records: None) -> None:  # type: ignore[no-untyped-def]
    assert "they share the email" in run("why-linked", "s:1", "s:2").stdout
    for one, other in (("s:1", "s:3"), ("c_2", "c_1")):
        assert run("why-linked", one, other).stdout.splitlines() == [
            f"{one} and {other} are not linked: no way leads from one to the other",
            "s:2 and s:3: they are alike (0.9600). Not followed: the only link between groups",
        ]
    assert len(run("why-linked", "s:1", "s:4").stdout.splitlines()) == 1
    assert "neither a record nor a customer" in run("why-linked", "s:1", "s:9").stderr


def test_an_unknown_layer_is_named(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("run", "build", "attic")
    assert answer.returncode == 1
    assert "layer 'attic' is not one of staging" in answer.stderr


@pytest.mark.parametrize(
    ("kind", "names"),
    [("sources", sources.NAMES), ("destinations", destinations.NAMES)],
    ids=["sources", "destinations"],
)
def test_platforms_are_listed(run, kind: str, names: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    found = json.loads(run(kind, "list", "--format", "json").stdout)
    assert [entry["name"] for entry in found] == list(names)
    assert all(entry["auth"] and entry["contract"] for entry in found)


def test_a_sync_that_is_not_declared_is_named(run, lake: Lake) -> None:  # type: ignore[no-untyped-def]
    lake.settings.dbt_target.mkdir(parents=True, exist_ok=True)
    (lake.settings.dbt_target / "manifest.json").write_text('{"exposures": {}}')
    assert "no sync called 'nowhere'" in run("sync", "plan", "nowhere").stderr


def test_segments_say_that_none_are_built(run) -> None:  # type: ignore[no-untyped-def]
    answer = run("why", "c1", "young")
    assert answer.returncode == 1
    assert answer.stderr.splitlines() == ["cohorte: there are no segments yet. Build them: cohorte run build segments"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("restore", "young"), "say where to: --at TIME, or --release"),
        (("restore", "young", "--at", "2017-11-30", "--release"), "say where to: --at TIME, or --release"),
        (("diff", "--version", "1"), "--version is of segments that are named"),
    ],
)
def test_segments_commands_say_what_is_missing(run, words: tuple[str, ...], says: str) -> None:  # type: ignore[no-untyped-def]
    answer = run("segments", *words)
    assert answer.returncode == 1 and says in answer.stderr


def test_export_shows_what_is_held_and_says_who_is_meant(run, lake: Lake) -> None:  # type: ignore[no-untyped-def]
    lake.execute("insert into pii.activation_key values ('letters', 'c_1', 'k', 'ann@example.com', null)")
    answer = run("export", "--email", " Ann@Example.com")
    assert answer.returncode == 0, answer.stderr
    said = json.loads(answer.stdout)
    assert [table["table"] for table in said["tables"]] == ["pii.activation_key"]
    assert said["tables"][0]["rows"][0]["key"] == said["asked_for"] == "ann@example.com"
    unclear = run("export")
    assert unclear.returncode == 1 and unclear.stderr.startswith("cohorte: say who")
