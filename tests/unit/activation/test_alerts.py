"""One alert a change of state, and none while it lasts."""

import pytest

from cohorte.activation.alerts import FEW, RunState, changes, is_rejecting
from cohorte.destinations.base import AccessRefused, Batch
from cohorte.steps.activate import SyncResult, activate
from tests.unit.activation.world import InMemory, Platform, World, sync_spec


def run(state: str = "done", acknowledged: int = 100, *, rejecting: bool = False) -> RunState:
    return RunState(state, acknowledged, rejecting, "words")


@pytest.mark.parametrize(
    ("before", "now", "kinds"),
    [
        (None, run(), []),
        (None, run("failed"), ["failing"]),
        (run("failed"), run("failed"), []),
        (run("failed"), run(), ["recovered"]),
        (run("held"), run("failed"), ["failing"]),
        (run(), run("held"), ["held"]),
        (run(), run(rejecting=True), ["rejecting"]),
        (run(rejecting=True), run(rejecting=True), []),
        (run(rejecting=True), run(), ["accepting"]),
        (run(acknowledged=100), run(acknowledged=131), ["size jump"]),
        (run(acknowledged=100), run(acknowledged=130), []),
        (run(acknowledged=100), run(acknowledged=69), ["size jump"]),
        (run(acknowledged=FEW - 1), run(acknowledged=5000), []),
        (run("failed", 100), run("done", 10, rejecting=True), ["recovered", "rejecting", "size jump"]),
    ],
)
def test_what_changed_is_told(before: RunState | None, now: RunState, kinds: list[str]) -> None:
    assert [alert.kind for alert in changes(before, now)] == kinds


@pytest.mark.parametrize(("rejected", "acknowledged", "told"), [(19, 0, False), (20, 379, True), (20, 380, False)])
def test_single_bad_rows_are_no_alert(rejected: int, acknowledged: int, told: bool) -> None:
    assert is_rejecting(rejected, acknowledged) is told


def send(world: World, platform: Platform) -> SyncResult:
    destination = InMemory(platform)
    return activate(sync_spec(), lake=world.lake, credentials=destination.credentials, destination=destination)


def refuse_access(batch: Batch) -> None:
    raise AccessRefused("token expired")


def test_a_platform_that_fails_and_comes_back_is_told_twice(world: World, platform: Platform) -> None:
    world.many(60)
    platform.faults = [refuse_access]
    (failing,) = send(world, platform).alerts
    assert failing.startswith("failing: ") and "token expired" in failing
    platform.faults = [refuse_access]
    assert send(world, platform).alerts == ()
    assert [alert.partition(":")[0] for alert in send(world, platform).alerts] == ["recovered"]
    assert send(world, platform).alerts == ()
    kept = world.lake.rows("select kind from activation.alert where sync = 'vips_to_memory' order by sync_run_id")
    assert kept == [("failing",), ("recovered",)]


def test_refusals_are_told_once_and_when_they_end(world: World, platform: Platform) -> None:
    world.many(300)
    refused = range(0, 300, 12)
    platform.refuses = {f"person{n}@example.com": "invalid" for n in refused}
    assert [alert.partition(":")[0] for alert in send(world, platform).alerts] == ["rejecting"]
    assert send(world, platform).alerts == ()
    platform.refuses = {}
    for n in refused:
        world.contact(f"c{n:05}", f"person{n}@example.com", "Corrected")
    assert [alert.partition(":")[0] for alert in send(world, platform).alerts] == ["accepting"]
