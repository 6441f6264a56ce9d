"""A plan that looks only at who has changed says the same as one that looks at everybody."""

import pytest

from cohorte.activation.difference import Statements
from cohorte.activation.plan import Plan, make_plan
from cohorte.activation.wave import least_calls
from cohorte.steps import activate
from tests.unit.activation.test_activate import emails, run
from tests.unit.activation.world import InMemory, Platform, World, sync_spec


def plan(world: World, **changes: object) -> Plan:
    return make_plan(sync_spec(**changes), key_form="lower_trim", lake=world.lake)


@pytest.fixture
def settled(world: World, platform: Platform) -> World:
    """Twenty members, all sent."""
    world.many(20)
    run(world, platform)
    return world


def test_after_a_run_only_who_has_changed_is_compared(settled: World) -> None:
    assert not plan(settled).is_of_everybody
    settled.leave(3)
    settled.contact("c00004", "person4@example.com", "Renamed")
    settled.consent("c00005", False)
    found = plan(settled)
    assert not found.is_of_everybody
    assert (found.adds, found.updates, found.removals) == (0, 1, {"left": 1, "opted out": 1})


def test_the_calls_foretold_are_the_calls_made(settled: World, platform: Platform) -> None:
    settled.leave(3)
    settled.consent("c00005", False)  # opt-outs are sent before, in a call of their own
    settled.customers(*range(40, 65))
    settled.enter(*range(40, 65))
    plan(settled)
    foretold = least_calls(settled.lake, InMemory.stages)
    assert foretold == run(settled, platform).api_calls == 3 + 1 + 2


def test_a_preview_shows_customers_and_sends_nothing(settled: World, platform: Platform) -> None:
    calls = platform.calls
    settled.leave(3)
    found = activate.preview(sync_spec(), lake=settled.lake, destination=InMemory(platform))
    assert found.rows.to_pylist() == [
        {"operation": "remove", "reason": "left", "customers": 1, "such_as": ["c00003"]},
    ]
    assert (found.held, found.least_calls) == (None, 1)
    assert platform.calls == calls


def test_who_shares_a_key_with_somebody_changed_is_compared_too(settled: World) -> None:
    settled.contact("c00099", "PERSON7@example.com")
    settled.consent("c00099", False)
    found = plan(settled)
    assert not found.is_of_everybody
    assert found.removals == {"opted out": 1}


def test_who_shared_a_key_with_somebody_who_gave_it_up_is_compared_too(world: World, platform: Platform) -> None:
    world.customers(1, 2)
    world.contact("c00003", "person1@example.com")
    world.consent("c00003", False)
    world.enter(1, 2)
    assert run(world, platform).added == 1
    world.contact("c00003", "person3@example.com")
    found = plan(world)
    assert (found.is_of_everybody, found.adds, found.left_out) == (False, 1, {})


def test_two_customers_of_one_key_are_planned_once(settled: World, platform: Platform) -> None:
    settled.contact("c00030", "person8@example.com", "Given30")
    settled.consent("c00030", True)
    settled.enter(30)
    settled.contact("c00008", "person8@example.com", "Renamed")
    for is_of_everybody in (False, True):
        found = plan(settled)
        assert (found.is_of_everybody, found.total, found.updates) == (is_of_everybody, 1, 1)
        assert settled.lake.rows("select operation, key from sync_plan") == [("update", "person8@example.com")]
        settled.lake.execute("update activation.sync_run set compared_at = timestamp '2020-01-01'")


def test_a_customer_whose_email_somebody_else_takes_over(settled: World, platform: Platform) -> None:
    settled.contact("c00030", "person8@example.com", "Given8")
    settled.consent("c00030", True)
    settled.enter(30)
    settled.leave(8)
    assert run(settled, platform).removed == 0
    assert "person8@example.com" in platform.members
    assert plan(settled).total == 0


@pytest.mark.parametrize(
    "statement",
    [
        "create or replace table pii.dim_contact as from pii.dim_contact where customer_id <> 'c00001'",
        "create or replace table marts.dim_consent as from marts.dim_consent where customer_id <> 'c00001'",
    ],
)
def test_a_table_made_anew_is_compared_in_full(settled: World, platform: Platform, statement: str) -> None:
    settled.lake.execute(statement)
    found = plan(settled)
    assert found.is_of_everybody and sum(found.removals.values()) == 1
    run(settled, platform)
    assert platform.members == emails(*range(20)) - emails(1)


def test_a_view_is_compared_in_full(world: World, platform: Platform) -> None:
    world.many(5)
    world.lake.execute(
        "create or replace view features.newest as select customer_id, orders_per_month from features.customer_latest"
    )
    fields = {"orders": "features.newest.orders_per_month"}
    run(world, platform, fields=fields)
    world.lake.execute("insert into features.customer_latest values ('c00002', 4.5)")
    assert plan(world, fields=fields).is_of_everybody
    run(world, platform, fields=fields)
    assert platform.profiles["person2@example.com"] == {"orders": 4.5}


@pytest.mark.parametrize(
    "damage",
    [
        "delete from activation.acknowledged where customer_id = 'c00002'",
        "update activation.sync_run set state = 'failed'",
        "update activation.sync_run set pending = 1",
        "update activation.sync_run set compared_at = timestamp '2020-01-01'",
    ],
)
def test_a_ledger_that_is_not_whole_or_old_is_compared_in_full(settled: World, damage: str) -> None:
    settled.lake.execute(damage)
    assert plan(settled).is_of_everybody


def test_a_changed_declaration_updates_everybody(settled: World) -> None:
    found = plan(settled, fields={"name": "pii.dim_contact.given_name"})
    assert (found.is_of_everybody, found.updates) == (True, 20)


def test_several_segments_make_one_audience(world: World, platform: Platform) -> None:
    world.customers(1, 2, 3)
    world.enter(1, 2)
    world.segment = "others"
    world.enter(2, 3)
    result = run(world, platform, segment=["vips", "others"])
    assert (result.added, platform.members) == (3, emails(1, 2, 3))
    world.leave(2)
    assert run(world, platform, segment=["vips", "others"]).planned == 0


def test_null_policies(world: World, platform: Platform) -> None:
    world.customers(1)
    world.enter(1)
    world.contact("c00001", "person1@example.com", None)
    run(world, platform)
    assert platform.profiles["person1@example.com"] == {}
    clear = {"firstname": {"column": "pii.dim_contact.given_name", "null": "clear"}}
    run(world, platform, fields=clear)
    assert platform.profiles["person1@example.com"] == {"firstname": None}


def test_clearing_is_refused_where_it_could_make_a_person_anew(world: World) -> None:
    with pytest.raises(ValueError, match="brevo cannot clear"):
        activate.plan(sync_spec(destination="brevo", on_leave="clear"), lake=world.lake)


def test_a_first_plan_is_what_comparing_one_by_one_would_find(world: World) -> None:
    world.many(20)
    world.contact("c00003", "PERSON4@example.com ", "Given3")
    world.contact("c00005", "no address", "Given5")
    world.contact("c00006", None)
    world.consent("c00007", False)
    world.hold_out(8, 4)
    world.lake.execute("insert into activation.suppression values ('c00009', 'asked', now()::timestamp)")
    found = []
    for is_first in (True, False):
        statements = Statements(sync_spec(), "lower_trim", is_first=is_first)
        for statement in (*statements.before(), *statements.all()):
            world.lake.connection.execute(statement, {"sync": sync_spec().name} if "$sync" in statement else {})
        rows = [world.lake.rows(f"from {table} order by all") for table in ("sync_plan", "sync_difference")]
        found.append(rows)
    assert found[0] == found[1]
    reasons = {row[-1] for row in found[0][1]}
    assert {"malformed email", "no email", "opted out", "holdout", "suppressed"} <= reasons
