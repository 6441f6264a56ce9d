"""Public facts of places: told when they are certain, and left out when not."""

import pandas as pd
import pytest

from cohorte.geography import find_cities


def look_up(*places: tuple[str | None, str | None, str | None]) -> pd.DataFrame:
    return find_cities(pd.DataFrame(list(places), columns=["city", "state", "country"]))


@pytest.mark.parametrize(
    "place", [("Dayton", "OH", "US"), (" dayton ", "Ohio", "United States"), ("DAYTON", "ohio", "USA")]
)
def test_a_city_is_found_however_it_is_written(place: tuple[str, str, str]) -> None:
    (found,) = look_up(place).to_dict("records")
    assert found["time_zone"] == "America/New_York"
    assert 100_000 < found["population"] < 200_000
    assert (found["city"], found["state"], found["country"]) == place


def test_cities_of_one_name_are_told_apart_by_state() -> None:
    found = look_up(("Columbus", "OH", "US"), ("Columbus", "GA", "US")).set_index("state")["population"]
    assert found["OH"] > 2 * found["GA"]


@pytest.mark.parametrize(
    "place",
    [
        ("Nowhere", "OH", "US"),
        ("Dayton", None, "US"),
        ("Dayton", "XX", "US"),
        (None, None, None),
        ("Dayton", "OH", "?"),
    ],
)
def test_what_is_not_certain_is_left_out(place: tuple[str | None, str | None, str | None]) -> None:
    assert look_up(place).empty


def test_two_cities_of_one_name_in_a_country_are_nobodys() -> None:
    assert look_up(("San Fernando", None, "AR"), ("Paris", None, "FR"))["city"].tolist() == ["Paris"]


def test_nothing_in_gives_nothing_with_its_types() -> None:
    assert look_up().dtypes["population"] == "int64"
