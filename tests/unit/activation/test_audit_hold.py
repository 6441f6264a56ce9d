"""A segment whose audit found a breach nobody has waived reaches nobody new; opt-outs still go out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cohorte.lake import Lake
from cohorte.steps.activate import ANY, activate
from tests.unit.activation.world import InMemory, Platform, World, from_nothing, new_home, sync_spec


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, prepared_home: Path) -> Iterator[Lake]:
    with new_home(tmp_path_factory.mktemp("home"), prepared_home) as home, Lake.open(home) as opened:
        yield opened


@pytest.fixture
def world(lake: Lake) -> World:
    lake.execute("delete from ml.audit_result")
    return from_nothing(lake)


def breach(lake: Lake, segment: str, *, version: str | None = None) -> None:
    lake.execute(
        """insert into ml.audit_result
        values (?, ?, 'age_band', '19-24', 'selection_ratio', 0.3, 0.8, true, false, now())""",
        [segment, version],
    )


def test_a_breach_holds_the_sync_and_lets_opt_outs_go(world: World) -> None:
    world.customers(1, 2, 3)
    world.enter(1, 2)
    platform = InMemory(Platform())
    assert activate(sync_spec(), lake=world.lake, credentials=platform.credentials, destination=platform).added == 2

    breach(world.lake, "vips")
    world.enter(3)
    world.consent("c00001", False)
    held = activate(sync_spec(), lake=world.lake, credentials=platform.credentials, destination=platform)
    assert held.held and "vips by age_band" in (held.reason or "") and "waivers.yml" in (held.reason or "")
    assert (held.added, held.removed) == (0, 1)
    approved = activate(
        sync_spec(), lake=world.lake, credentials=platform.credentials, destination=platform, approved=ANY
    )
    assert approved.added == 1


def test_breaches_of_others_and_of_models_hold_nothing(world: World) -> None:
    world.customers(1)
    world.enter(1)
    breach(world.lake, "somebody_else")
    breach(world.lake, "vips", version="3")
    platform = InMemory(Platform())
    assert activate(sync_spec(), lake=world.lake, credentials=platform.credentials, destination=platform).added == 1
