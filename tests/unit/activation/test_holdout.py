"""Held out: a member of the segment whom no sync sends, written down when the others are sent."""

from cohorte.steps.activate import ANY
from tests.unit.activation.test_activate import emails, run
from tests.unit.activation.world import Platform, World


def held_out(world: World) -> list[tuple[str, str, str, str]]:
    return world.lake.rows("select sync, segment, experiment, customer_id from activation.holdout order by all")


def test_who_is_held_out_is_not_sent_and_written_down_once(world: World, platform: Platform) -> None:
    world.customers(1, 2, 3)
    world.enter(1, 2, 3)
    world.hold_out(3)
    first = run(world, platform)
    assert platform.members == emails(1, 2)
    assert (first.added, first.left_out) == (2, {"holdout": 1})
    assert held_out(world) == [("vips_to_memory", "vips", "spring", "c00003")]
    run_id = world.lake.value("select sync_run_id from activation.sync_run")
    assert world.lake.value("select sync_run_id from activation.holdout") == run_id

    world.customers(4)
    world.enter(4)
    world.hold_out(4)
    assert run(world, platform).planned == 0
    assert [row[-1] for row in held_out(world)] == ["c00003", "c00004"]


def test_who_was_sent_before_is_removed_like_a_leaver(world: World, platform: Platform) -> None:
    world.customers(1, 2, 3)
    world.enter(1, 2, 3)
    run(world, platform)
    world.hold_out(1)
    result = run(world, platform)
    assert (result.removed, result.unchanged, result.left_out) == (1, 2, {"holdout": 1})
    assert platform.members == emails(2, 3)
    reasons = world.lake.rows("select reason from activation.delivery where operation = 'remove'")
    assert reasons == [("holdout",)]


def test_a_guard_that_holds_the_run_writes_nobody_down(world: World, platform: Platform) -> None:
    world.customers(1, 2, 3)
    world.enter(1, 2, 3)
    run(world, platform)
    world.hold_out(1, 2)
    assert run(world, platform).held
    assert platform.members == emails(1, 2, 3)
    assert held_out(world) == []
    run(world, platform, approved=ANY)
    assert platform.members == emails(3)
    assert len(held_out(world)) == 2


def test_only_who_would_have_been_sent_counts_for_the_experiment(world: World, platform: Platform) -> None:
    world.customers(1, 2, 3, 4, 5)
    world.contact("c00002", "not an address")
    world.consent("c00003", False)
    world.lake.execute("insert into activation.suppression values ('c00004', 'asked to be erased', now()::timestamp)")
    world.enter(1, 2, 3, 4, 5)
    world.hold_out(1, 2, 3, 4)
    result = run(world, platform)
    assert result.left_out == {"holdout": 1, "malformed email": 1, "opted out": 1, "suppressed": 1}
    assert [row[-1] for row in held_out(world)] == ["c00001"]


def test_one_inbox_is_held_out_for_everybody_who_shares_it(world: World, platform: Platform) -> None:
    world.customers(1, 2)
    world.contact("c00003", "PERSON1@example.com")
    world.consent("c00003", True)
    world.enter(1, 2, 3)
    run(world, platform)
    assert platform.members == emails(1, 2)
    world.hold_out(3)
    result = run(world, platform)
    assert platform.members == emails(2)
    assert result.left_out["holdout"] == 2
    assert [row[-1] for row in held_out(world)] == ["c00003"]


def test_held_out_of_one_of_several_segments_is_held_out(world: World, platform: Platform) -> None:
    world.customers(1, 2)
    world.enter(1, 2)
    world.segment = "others"
    world.enter(1)
    world.hold_out(1)
    result = run(world, platform, segment=["vips", "others"])
    assert (platform.members, result.left_out) == (emails(2), {"holdout": 1})


def test_a_holdout_that_ends_sends_them(world: World, platform: Platform) -> None:
    world.customers(1, 2)
    world.enter(1, 2)
    world.hold_out(1)
    run(world, platform)
    world.lake.execute("update segments.membership set holdout = null")
    assert run(world, platform).added == 1
    assert platform.members == emails(1, 2)
