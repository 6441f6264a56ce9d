"""What a whole run writes into its logs: no address of anybody, and nothing that opens a door."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from whole_runs import Home, Undisturbed

pytestmark = pytest.mark.slow

ADDRESS = re.compile(r"[A-Za-z0-9._%+'-]+(?:@|%40)[A-Za-z0-9.-]+")


def logs(home: Home) -> Iterator[Path]:
    """Airflow's, the demo's and dbt's; not those of the stand-ins, which are the platforms' own."""
    for folder in (home.path / "logs", home.path / "dbt" / "logs"):
        yield from (path for path in folder.rglob("*") if path.is_file())


def addresses(home: Home) -> set[str]:
    """Of everybody in the sandbox's world."""
    with duckdb.connect(str(home.path / "sandbox" / "world" / "world.duckdb"), read_only=True) as world:
        columns = world.execute(
            "select table_name, column_name from duckdb_columns() where lower(column_name) = 'email'"
        ).fetchall()
        queries = [f'select lower(trim("{column}")) from "{table}"' for table, column in columns]
        return {email for (email,) in world.execute(" union ".join(queries)).fetchall() if email and "@" in email}


def secrets(home: Home) -> dict[str, str]:
    """By name: the stand-ins' keys, and what Airflow signs its tokens with."""
    keys = json.loads((home.path / "sandbox" / "world" / "keys.json").read_text())
    public = {"google_client_email", "meta_app_id", "salesforce_username"}
    found = {name: value for name, value in keys.items() if name not in public}
    found["private_key"] = found["private_key"].splitlines()[1]  # in a log its lines may be broken otherwise
    return found | {"jwt_secret": (home.path / "airflow" / "jwt_secret").read_text()}


def test_no_log_holds_an_address_or_a_secret(undisturbed: Undisturbed) -> None:
    home = undisturbed.home
    written, people, doors = list(logs(home)), addresses(home), secrets(home)
    assert sum(path.stat().st_size for path in written) > 100_000
    assert len(people) > 150 and len(doors) > 10
    for path in written:
        text = path.read_text(errors="replace")
        named = {found.lower().replace("%40", "@").strip("'") for found in ADDRESS.findall(text)} & people
        assert not named, f"{path} names {len(named)} people"
        assert not [name for name, value in doors.items() if value in text], path


def test_what_is_looked_for_would_be_found(undisturbed: Undisturbed) -> None:
    """The search above, on a log that has what it should not have."""
    somebody = min(addresses(undisturbed.home))
    text = f"GET /v3/contacts/{somebody.replace('@', '%40').upper()} for '{somebody}'"
    assert {found.lower().replace("%40", "@").strip("'") for found in ADDRESS.findall(text)} >= {somebody}
