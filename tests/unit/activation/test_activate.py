"""A sync, as its owner sees it: who is on the platform afterwards, and what it cost."""

from typing import Any

import pytest

from cohorte.destinations.base import AccessRefused, Throttled, Unavailable
from cohorte.steps.activate import ANY, SyncResult, activate
from tests.unit.activation.world import InMemory, Platform, World, sync_spec


def run(world: World, platform: Platform, *, approved: int = 0, **changes: Any) -> SyncResult:
    destination = InMemory(platform)
    result = activate(
        sync_spec(**changes),
        lake=world.lake,
        credentials=destination.credentials,
        destination=destination,
        approved=approved,
    )
    assert result.planned == result.added + result.updated + result.removed + result.rejected + result.pending
    return result


def emails(*numbers: int) -> set[str]:
    return {f"person{n}@example.com" for n in numbers}


def test_members_arrive_and_a_second_run_costs_nothing(world: World, platform: Platform) -> None:
    world.customers(1, 2, 3)
    world.enter(1, 2)
    first = run(world, platform)
    assert platform.members == emails(1, 2)
    assert (first.state, first.added, first.api_calls) == ("done", 2, 2)

    second = run(world, platform)
    assert (second.added, second.removed, second.unchanged, second.api_calls) == (0, 0, 2, 0)


def test_mirror_follows_entries_leaves_and_changed_fields(world: World, platform: Platform) -> None:
    world.customers(1, 2, 3, 4)
    world.enter(1, 2, 3)
    run(world, platform)
    world.leave(1)
    world.enter(4)
    world.contact("c00002", "person2@example.com", "Renamed")
    result = run(world, platform)
    assert platform.members == emails(2, 3, 4)
    assert platform.profiles["person2@example.com"] == {"firstname": "Renamed"}
    assert (result.added, result.updated, result.removed, result.unchanged) == (1, 1, 1, 1)


def test_mirror_leaves_alone_what_others_put_there(world: World, platform: Platform) -> None:
    platform.members.add("by-hand@example.com")
    world.customers(1, 2)
    world.enter(1, 2)
    run(world, platform)
    world.leave(1)
    run(world, platform)
    assert platform.members == {"by-hand@example.com"} | emails(2)


def test_a_changed_email_is_a_removal_and_an_addition(world: World, platform: Platform) -> None:
    world.customers(1, 2, 3)
    world.enter(1, 2, 3)
    run(world, platform)
    world.contact("c00001", "New@Example.com ", "Given1")
    run(world, platform)
    assert platform.members == {"new@example.com"} | emails(2, 3)


def test_who_cannot_be_sent_is_left_out_with_the_reason(world: World, platform: Platform) -> None:
    world.customers(1, 2, 3, 4, 5)
    world.contact("c00002", None)
    world.contact("c00003", "not an address")
    world.consent("c00004", False)
    world.consent("c00005", None)
    world.contact("c00006", "PERSON1@example.com")
    world.consent("c00006", True)
    world.enter(1, 2, 3, 4, 5, 6)
    result = run(world, platform)
    assert platform.members == emails(1)
    assert result.left_out == {
        "no email": 1,
        "malformed email": 1,
        "opted out": 1,
        "no consent": 1,
        "same email as another customer": 1,
    }


def test_one_refusal_counts_for_everybody_with_that_email(world: World, platform: Platform) -> None:
    world.customers(1)
    world.contact("c00009", "person1@example.com")
    world.consent("c00009", False)
    world.enter(1)
    assert run(world, platform).left_out == {"opted out": 1}
    assert platform.members == set()


def test_removals_above_the_guard_are_held_until_approved(world: World, platform: Platform) -> None:
    world.customers(1, 2, 3, 4)
    world.enter(1, 2, 3, 4)
    run(world, platform)
    world.leave(1, 2, 3)
    held = run(world, platform)
    assert held.held and held.removed == 0 and "3 of 4" in (held.reason or "")
    assert platform.members == emails(1, 2, 3, 4)
    assert held.waiting == 3
    assert run(world, platform, approved=ANY).removed == 3
    assert platform.members == emails(4)


def test_what_has_grown_since_it_was_approved_is_held_again(world: World, platform: Platform) -> None:
    world.customers(1, 2, 3, 4, 5, 6)
    world.enter(1, 2, 3, 4, 5)
    run(world, platform)
    world.leave(1, 2, 3)
    held = run(world, platform)
    world.enter(6)
    again = run(world, platform, approved=held.waiting)
    assert (held.waiting, again.waiting, again.held) == (3, 4, True)
    assert platform.members == emails(1, 2, 3, 4, 5)
    done = run(world, platform, approved=again.waiting)
    assert not done.held and platform.members == emails(4, 5, 6)


def test_opt_outs_and_suppressions_go_out_although_held(world: World, platform: Platform) -> None:
    world.customers(1, 2, 3, 4)
    world.enter(1, 2, 3, 4)
    run(world, platform)
    world.leave(1, 2, 3)
    world.consent("c00001", False)
    world.lake.execute("insert into activation.suppression values ('c00004', 'asked to be erased', now()::timestamp)")
    held = run(world, platform, guard={"max_removal_share": 0.1})
    assert held.held and held.removed == 2
    assert platform.members == emails(2, 3)


def test_an_empty_segment_removes_nobody(world: World, platform: Platform) -> None:
    world.customers(1, 2)
    world.enter(1, 2)
    run(world, platform)
    world.leave(1, 2)
    held = run(world, platform, guard={"max_removal_share": 1.0})
    assert held.held and "empty" in (held.reason or "")
    assert platform.members == emails(1, 2)


def test_a_suppressed_person_stays_out(world: World, platform: Platform) -> None:
    world.customers(1)
    world.enter(1)
    run(world, platform)
    key = world.lake.value("select destination_key from activation.acknowledged")
    world.lake.execute("insert into activation.suppression values (?, 'erased', now()::timestamp)", [key])
    run(world, platform)
    assert platform.members == set()
    world.contact("c00077", "Person1@example.com")
    world.consent("c00077", True)
    world.enter(77)
    assert run(world, platform).left_out == {"suppressed": 2}
    assert platform.members == set()


def test_a_refused_row_keeps_the_platforms_words_and_waits_for_a_change(world: World, platform: Platform) -> None:
    world.customers(1, 2)
    world.enter(1, 2)
    platform.refuses["person1@example.com"] = "person1@example.com was permanently deleted"
    first = run(world, platform)
    assert (first.added, first.rejected) == (1, 1)
    assert world.lake.value("select reason from activation.rejected") == "<…> was permanently deleted"

    again = run(world, platform)
    assert (again.rejected, again.api_calls, again.left_out) == (0, 0, {"as before": 1})

    platform.refuses.clear()
    world.contact("c00001", "person1@example.com", "Another name")
    assert run(world, platform).added == 1
    assert world.lake.value("select count(*) from activation.rejected") == 0


def test_a_refused_batch_is_halved_until_the_bad_row_stands_alone(world: World, platform: Platform) -> None:
    world.many(10)
    platform.refuses_batches_with.add("person7@example.com")
    result = run(world, platform)
    assert (result.added, result.rejected) == (9, 1)
    assert platform.members == emails(0, 1, 2, 3, 4, 5, 6, 8, 9)


def test_when_every_row_is_refused_the_run_stops_instead_of_asking_for_each(world: World, platform: Platform) -> None:
    world.many(100)
    platform.refuses = {f"person{n}@example.com": 'property "frstname" does not exist' for n in range(100)}
    result = run(world, platform)
    assert result.state == "failed" and "frstname" in (result.reason or "")
    assert platform.calls < 20


def test_a_throttle_spends_no_attempt(world: World, platform: Platform) -> None:
    def throttle(_: object) -> None:
        raise Throttled("slow down", 0.0)

    world.customers(1)
    world.enter(1)
    platform.faults = [throttle] * 20
    assert run(world, platform).added == 1


def test_a_lost_answer_is_sent_again(world: World, platform: Platform) -> None:
    world.customers(1)
    world.enter(1)
    platform.lost_answers = [Unavailable("timeout")]
    assert run(world, platform).added == 1
    assert platform.members == emails(1)


def test_refused_access_stops_the_run_and_says_which_connection(world: World, platform: Platform) -> None:
    def refuse(_: object) -> None:
        raise AccessRefused("HTTP 401: token expired")

    world.many(50)
    platform.faults = [lambda _: None, refuse]
    result = run(world, platform)
    assert result.state == "failed" and 'Check connection "in_memory_default"' in (result.reason or "")
    assert result.pending == 50 and platform.calls == 2
    assert run(world, platform).added == 50


@pytest.mark.parametrize("mode", ["upsert", "append"])
def test_only_a_mirror_removes_leavers(world: World, platform: Platform, mode: str) -> None:
    world.customers(1, 2)
    world.enter(1, 2)
    run(world, platform, mode=mode)
    world.leave(1)
    world.contact("c00002", "person2@example.com", "Renamed")
    result = run(world, platform, mode=mode)
    assert platform.members == emails(1, 2)
    assert result.updated == (1 if mode == "upsert" else 0)
    world.consent("c00001", False)
    run(world, platform, mode=mode)
    assert platform.members == emails(2)


def test_a_lost_ledger_is_built_again_and_deletes_nothing(world: World, platform: Platform) -> None:
    world.customers(1, 2, 3)
    world.enter(1, 2)
    run(world, platform)
    for table in ("acknowledged", "intent", "delivery", "sync_run", "audience"):
        world.lake.execute(f"delete from activation.{table}")
    world.enter(3)
    world.leave(1)
    result = run(world, platform)
    assert (result.added, result.removed) == (2, 0)
    assert platform.members == emails(1, 2, 3)


def test_no_personal_data_in_the_ledger(world: World, platform: Platform) -> None:
    world.customers(1, 2)
    world.enter(1, 2)
    platform.refuses["person2@example.com"] = "Given2 <person2@example.com> is not welcome"
    run(world, platform)
    for table in ("sync_run", "intent", "delivery", "acknowledged", "rejected", "audience"):
        text = str(world.lake.rows(f"select * from activation.{table}"))
        assert "person" not in text and "Given" not in text, table


def test_erasing_a_person_is_one_delete(world: World, platform: Platform) -> None:
    world.customers(1, 2)
    world.enter(1, 2)
    run(world, platform)
    world.lake.execute("delete from pii.activation_key where customer_id = 'c00001'")
    assert world.lake.rows("select key from pii.activation_key") == [("person2@example.com",)]
