"""Public facts about the cities our customers live in; one row per city that can be told for certain."""


def model(dbt, session):
    from cohorte.geography import find_cities

    dbt.config(materialized="table")
    contacts = dbt.ref("stg_salesforce__contact")
    places = contacts.filter("city is not null and not is_deleted").select("city, state, country").distinct()
    # A relation is written by this very connection: a data frame would be by another, outside the transaction.
    return session.from_df(find_cities(places.order("all").df()))
