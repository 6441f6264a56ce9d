"""Calls that mirroring an audience takes, and what is there afterwards, on each platform's stand-in and on a webhook.

python benchmarks/bench_destinations.py [members] [platform …]

Mirrors the members (100,000), then changes one in a hundred: half leave, as many are new. Prints the calls made and
the fewest that the platform's documented batches allow (of an asynchronous one with two looks at each import, the
first of which finds it still queued), whether the platform holds who it should, and rows a second within its limits.
"""

import sys
import tempfile
import time
from math import ceil
from pathlib import Path

from cohorte import postgres
from cohorte.lake import Lake
from cohorte.settings import Settings
from sandbox.server import running
from tests.contract.endpoint import answering
from tests.contract.test_activate_platforms import PLATFORMS, Stage
from tests.contract.test_killed_syncs import OwnStage
from tests.unit.activation.world import World, from_nothing, new_home

MEMBERS = 100_000
OPENING = 2
"""Calls that find no audience of that name, and make one; a webhook has none to find."""
LOOKS = {"brevo": 2, "google_data_manager": 2, "account_engagement": 2, "marketing_cloud": 3}


def main() -> None:
    members = int(sys.argv[1]) if len(sys.argv) > 1 else MEMBERS
    with (
        tempfile.TemporaryDirectory() as name,
        new_home(Path(name) / "home", empty_lake(Path(name) / "prepared")) as settings,
        Lake.open(settings) as lake,
        running(Path(name) / "sandbox", households=40) as sandbox,
        answering() as endpoint,
    ):
        for platform in sys.argv[2:] or (*PLATFORMS, "webhook"):
            stage = OwnStage(endpoint) if platform == "webhook" else Stage(platform, sandbox)
            measure(stage, from_nothing(lake), members)


def empty_lake(home: Path) -> Path:
    settings = Settings(home=home)
    postgres.create_databases(settings)
    with Lake.open(settings) as lake:
        lake.prepare()
    postgres.stop(settings)
    return home


def measure(stage: Stage, world: World, members: int) -> None:
    world.many(members)
    told(stage, world, "all of them", members, 0)
    half = members // 200
    world.leave(*range(half))
    world.customers(*range(members, members + half))
    world.enter(*range(members, members + half))
    told(stage, world, "1 % changed", half, half)


def told(stage: Stage, world: World, what: str, puts: int, removals: int) -> None:
    started = time.monotonic()
    result = stage.sync(world)
    seconds = time.monotonic() - started
    least = fewest(stage.platform, puts, removals) + (0 if removals or stage.platform == "webhook" else OPENING)
    token = stage.platform == "marketing_cloud"
    holds = "as wanted" if stage.members == stage.wanted(world) else "NOT AS WANTED"
    print(
        f"{stage.platform:<22} {what}  {result.api_calls:>6,} calls, at least {least + token:>6,}  "
        f"({result.api_calls / (least + token) - 1:+.1%})  {holds}  {(puts + removals) / seconds:>7,.0f} rows/s",
        flush=True,
    )


def fewest(platform: str, puts: int, removals: int) -> int:
    """Calls by the platform's documented batches; see the docstrings of cohorte.destinations."""
    calls = {
        "hubspot": ceil(puts / 100) + ceil((puts + removals) / 50_000),
        "mailchimp": ceil(puts / 500) + max(ceil(puts / 500), ceil(removals / 500)),
        "brevo": ceil(puts / 5_000) * 3 + ceil(removals / 150),
        "marketing_cloud": ceil((puts + removals) / 2_000) * 4,
        "meta_custom_audiences": ceil(puts / 10_000) + ceil(removals / 10_000),
        "webhook": max(ceil(puts / 500), ceil(removals / 500)),
    }
    imports = (ceil(puts / 10_000) + ceil(removals / 10_000)) * (1 + LOOKS.get(platform, 0))
    return calls.get(platform, imports)


if __name__ == "__main__":
    main()
