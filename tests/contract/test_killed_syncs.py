"""kill -9 at ten random moments of a sync, for every destination: the next run makes it good, and nobody notices."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cohorte.credentials import Credentials
from cohorte.lake import Lake
from tests.contract import killed
from tests.contract.endpoint import Endpoint, answering
from tests.contract.test_activate_platforms import PLATFORMS, Stage, impatient
from tests.unit.activation.world import World, from_nothing, new_home

__all__ = ["impatient"]

TIMES = 10
EARLY, LATE = slice(3), slice(3, TIMES)
LONG = pytest.mark.long("the other seven moments at which a sync is killed")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, prepared_home: Path) -> Iterator[Lake]:
    with new_home(tmp_path_factory.mktemp("home"), prepared_home) as home, Lake.open(home) as opened:
        yield opened


class OwnStage(Stage):
    """A webhook, in the place of a platform."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.platform = "webhook"
        self.endpoint = endpoint
        self.credentials = Credentials(name="webhook_default", host=endpoint.url, password="secret")

    @property
    def members(self) -> set[str]:
        return self.endpoint.members


@pytest.fixture(params=[*PLATFORMS, "webhook"])
def stage(request: pytest.FixtureRequest, impatient: None) -> Iterator[Stage]:
    if request.param == "webhook":
        with answering() as endpoint:
            yield OwnStage(endpoint)
    else:
        yield Stage(request.param, request.getfixturevalue("sandbox"))


def an_hour_later(world: World, hour: int) -> None:
    """One leaves for good, one arrives, one has another name."""
    world.leave(hour)
    world.customers(100 + hour)
    world.enter(100 + hour)
    world.contact("c00050", "person50@example.com", f"Renamed{hour}")


@pytest.mark.parametrize("of_ten", [pytest.param(EARLY, id="three"), pytest.param(LATE, id="seven", marks=LONG)])
def test_a_sync_killed_at_ten_moments_converges(lake: Lake, stage: Stage, tmp_path: Path, of_ten: slice) -> None:
    world, tally = from_nothing(lake), tmp_path / "steps"
    world.many(60)
    stage.sync(world)

    def run(die_at: int | None) -> int:
        return killed.run(lake.settings, stage.spec(), stage.credentials, die_at, tally)

    an_hour_later(world, 0)
    assert run(None) == 0
    assert stage.members == stage.wanted(world)

    steps = range(1, int(tally.read_text()) + 1)
    moments = random.Random(stage.platform).sample(steps, TIMES)[of_ten]
    for hour, moment in enumerate(moments, start=1):
        an_hour_later(world, hour)
        assert run(moment) == -9, f"it ended before step {moment}"
        made_good: Any = stage.sync(world)
        assert (made_good.state, made_good.pending, made_good.rejected) == ("done", 0, 0), moment
        assert stage.members == stage.wanted(world), moment
    assert stage.sync(world).planned == 0

    # Nobody was taken out and put back, nor put in after they had left.
    accepted = "select customer_id, operation from activation.delivery where state = 'accepted'"
    there = "select customer_id from segments.membership"
    assert lake.rows(f"select * from ({accepted}) where operation = 'remove' and customer_id in ({there})") == []
