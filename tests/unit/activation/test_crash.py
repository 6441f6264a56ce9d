"""A run that dies anywhere: the next one ends in the state that is wanted, whatever happened in between."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cohorte.activation.plan import make_plan
from cohorte.destinations.base import Batch, Receipts, Throttled, Unavailable
from cohorte.lake import Lake
from cohorte.steps.activate import ANY, SyncResult, activate
from tests.unit.activation.world import InMemory, Platform, World, from_nothing, sync_spec


class Killed(BaseException):
    """The process is gone: nothing after this reaches the lake or the platform."""


@dataclass
class Mortal:
    """Dies at the n-th thing it does that anybody else could see: a commit, a call, the answer to a call."""

    at: int | None
    seen: int = 0

    def step(self) -> None:
        self.seen += 1
        if self.at is not None and self.seen >= self.at:
            raise Killed


class MortalLake(Lake):
    mortal: Mortal

    @contextmanager
    def transaction(self, why: str, **context: Any) -> Iterator[Any]:
        self.mortal.step()
        with super().transaction(why, **context) as lake:
            yield lake


class MortalDestination(InMemory):
    def __init__(self, platform: Platform, mortal: Mortal) -> None:
        super().__init__(platform)
        self.mortal = mortal

    def send(self, batch: Batch) -> Receipts:
        self.mortal.step()
        receipts = super().send(batch)
        self.mortal.step()
        return receipts


def run(world: World, platform: Platform, die_at: int | None = None) -> SyncResult | None:
    """One run, in a process of its own so to speak. None when it died."""
    mortal = Mortal(die_at)
    lake = MortalLake(world.lake.connection, world.lake.settings)
    lake.mortal = mortal
    destination = MortalDestination(platform, mortal)
    try:
        return activate(
            sync_spec(),
            lake=lake,
            credentials=destination.credentials,
            destination=destination,
            approved=ANY,
        )
    except Killed:
        return None


def wanted(world: World) -> set[str]:
    rows = world.lake.rows(
        """
        select distinct lower(email) from segments.membership join pii.dim_contact using (customer_id)
        where email is not null
            and customer_id in (select customer_id from marts.dim_consent where is_granted)
            and lower(email) not in (
                select lower(email) from pii.dim_contact join marts.dim_consent using (customer_id)
                where not is_granted and email is not null
            )
        """
    )
    return {email for (email,) in rows}


@pytest.mark.parametrize("die_at", range(1, 13))
def test_a_run_killed_anywhere_is_made_good_by_the_next(world: World, platform: Platform, die_at: int) -> None:
    world.many(30)
    run(world, platform)
    world.leave(1, 2, 3)
    world.customers(40, 41)
    world.enter(40, 41)
    world.contact("c00005", "person5@example.com", "Renamed")
    run(world, platform, die_at)
    assert run(world, platform) is not None
    assert platform.members == wanted(world)
    assert platform.profiles["person5@example.com"]["firstname"] == "Renamed"
    assert world.lake.value("select count(*) from activation.intent") == 0


def test_who_leaves_while_nobody_knows_whether_they_arrived_is_removed(world: World, platform: Platform) -> None:
    world.customers(1, 2)
    world.enter(1, 2)
    for die_at in range(1, 30):
        if run(world, platform, die_at) is None and platform.members:
            break
    assert platform.members and world.lake.value("select count(*) from activation.acknowledged") == 0
    world.leave(1)
    run(world, platform)
    assert platform.members == {"person2@example.com"}


def test_the_same_operation_keeps_its_id_when_it_is_sent_again(world: World, platform: Platform) -> None:
    world.customers(1)
    world.enter(1)
    for die_at in range(1, 30):
        if run(world, platform, die_at) is None and platform.members:
            break
    run(world, platform)
    ids = {row.id for batch in platform.batches for row in batch.rows}
    assert len(ids) == 1
    world.leave(1)
    run(world, platform)
    world.enter(1)
    run(world, platform)
    assert len({row.id for batch in platform.batches for row in batch.rows}) == 3


CUSTOMERS = st.integers(0, 5)
CHANGES = st.one_of(
    st.tuples(st.just("enter"), CUSTOMERS),
    st.tuples(st.just("leave"), CUSTOMERS),
    st.tuples(st.just("opt out"), CUSTOMERS),
    st.tuples(st.just("opt in"), CUSTOMERS),
    st.tuples(st.just("rename"), CUSTOMERS),
    st.tuples(st.just("take the e-mail of"), CUSTOMERS),
    st.tuples(st.just("lose the e-mail"), CUSTOMERS),
)
TROUBLE = st.sampled_from(["none", "throttle", "down", "lost answer", "die"])
EPISODES = st.lists(st.tuples(st.lists(CHANGES, max_size=4), TROUBLE, st.integers(1, 12)), min_size=1, max_size=4)


def change(world: World, what: str, n: int) -> None:
    customer, other = f"c{n:05}", (n + 1) % 6
    match what:
        case "enter":
            world.leave(n)
            world.enter(n)
        case "leave":
            world.leave(n)
        case "opt out" | "opt in":
            world.consent(customer, what == "opt in")
        case "rename":
            world.contact(customer, f"Person{n}@example.com", "Renamed")
        case "take the e-mail of":
            world.contact(customer, f"person{other}@example.com", "Sharing")
        case "lose the e-mail":
            world.contact(customer, None)


def make_trouble(platform: Platform, trouble: str, at: int) -> None:
    def throttle(_: Batch) -> None:
        raise Throttled("slow down", 0.0)

    def down(_: Batch) -> None:
        raise Unavailable("HTTP 503")

    platform.faults = [lambda _: None] * (at % 3)
    match trouble:
        case "throttle":
            platform.faults += [throttle] * 3
        case "down":
            platform.faults += [down] * 10
        case "lost answer":
            platform.lost_answers = [Unavailable("timeout")] * (1 + at % 6)


@settings(max_examples=3, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(episodes=EPISODES)
def test_any_sequence_of_changes_faults_and_crashes_ends_as_wanted(open_lake: Lake, episodes: Any) -> None:
    platform = Platform()
    world = from_nothing(open_lake)
    world.customers(*range(6))
    world.enter(0, 1, 2)
    for changes, trouble, at in episodes:
        for what, n in changes:
            change(world, what, n)
        make_trouble(platform, trouble, at)
        result = run(world, platform, at if trouble == "die" else None)
        if result:
            done = result.added + result.updated + result.removed + result.rejected + result.pending
            assert result.planned == done
        platform.faults, platform.lost_answers = [], []
    run(world, platform)
    assert platform.members == wanted(world)
    again = run(world, platform)
    assert again and (again.planned, again.api_calls) == (0, 0)
    open_lake.execute("delete from activation.sync_run")  # so that everybody is compared, not only who has changed
    assert make_plan(sync_spec(), key_form="lower_trim", lake=open_lake).total == 0
