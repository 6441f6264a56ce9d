"""Segments as dbt builds them, and what can be asked of them afterwards."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cohorte.lake import Lake
from cohorte.segments import definitions, rules
from cohorte.segments.diff import Diff, diff
from cohorte.segments.markdown import render
from cohorte.segments.restore import release, restore
from cohorte.segments.why import Why, why
from cohorte.settings import Settings
from cohorte.steps.activate import activate, load_syncs
from tests.contract import segments_story
from tests.contract.segments_story import META, SECOND_DAY, SELECTS, THIRD_DAY, Story, files
from tests.unit.activation.world import InMemory, Platform


@pytest.fixture(scope="module")
def story(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    project = tmp_path_factory.mktemp("company") / "dbt_project"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Settings, "dbt_project", property(lambda self: project))
        yield segments_story.tell(lake, project)


def ask(story: Story, customer: str, segment: str, at: str | None = None) -> Why:
    return why(customer, segment, settings=story.settings(SECOND_DAY), at=at)


def compare(story: Story, *segments: str, **against: Any) -> Diff:
    settings = story.settings(SECOND_DAY)
    syncs = load_syncs(settings.dbt_target / "manifest.json")
    return diff(list(segments), settings=settings, syncs=syncs, stages=lambda sync: InMemory.stages, **against)


def test_membership_is_what_the_rules_leave(story: Story) -> None:
    found = story.lake.rows("select segment, customer_id, left_out from segments.candidate order by all")
    offers = {(segment, customer): left_out for segment, customer, left_out in found if segment.endswith("offer")}
    assert {key for key, left_out in offers.items() if left_out is None} == {
        ("first_offer", "c2"),
        ("first_offer", "c3"),
        *(("second_offer", customer) for customer in ("c1", "c4", "c5")),
    }
    assert offers["first_offer", "c4"] == "over the limit of 2"
    assert offers["second_offer", "c2"] == "outranked by first_offer"
    assert ("loyal", "c1", "excluded by young") in found
    assert story.members("loyal") == {"c3", "c5"}
    assert story.members("young") == {"c1"}
    assert story.members("likely") == story.members("cluster_pantry") == {"c1"}
    assert story.members("fresh_idea") == set() and story.members("sure_thing") == {"c1"}
    by_table = set(story.lake.rows("select segment, customer_id from segments.membership"))
    assert by_table == {(segment, customer) for segment, customer, left_out in found if left_out is None}


def test_a_holdout_is_the_same_in_dbt_and_here(story: Story) -> None:
    held = story.lake.rows("select customer_id from segments.membership where holdout = 'spring'")
    places = {customer: rules.holdout_place("spring", customer) for customer in story.members("second_offer")}
    assert {customer for (customer,) in held} == {customer for customer, place in places.items() if place < 0.5}
    assert 0 < len(held) < 3, "choose customers of both kinds"
    assert not story.lake.rows(
        "select 1 from segments.membership where holdout is not null and segment <> 'second_offer'"
    )


def test_only_what_changed_is_written(story: Story) -> None:
    feed = f"ducklake_table_changes('lake', 'segments', 'membership', 1, {story.lake.snapshot()})"
    changes = story.lake.rows(
        f"""select segment, customer_id, change_type from {feed}
        where snapshot_id > (select min(snapshot_id) from {feed})"""
    )
    assert set(changes) == {("young", "c2", "delete"), ("loyal", "c4", "delete"), ("loyal", "c5", "insert")}


def test_every_version_of_a_definition_is_kept(story: Story) -> None:
    found = story.lake.rows(
        """select segment, version, is_current, valid_from::date::varchar, valid_to::date::varchar, members
        from segments.definition where segment in ('young', 'loyal') order by all"""
    )
    assert found == [
        ("loyal", 1, True, "2017-11-30", None, 2),
        ("young", 1, False, "2017-11-30", "2017-12-01", 2),
        ("young", 2, True, "2017-12-01", None, 1),
    ]
    assert "said in other words" in story.lake.value("select sql from segments.definition where segment = 'loyal'")
    assert not story.lake.rows(
        "select segment from segments.definition where is_current group by 1 having count(*) > 1"
    )


def test_why_names_values_run_and_load(story: Story) -> None:
    found = ask(story, "c5", "loyal")
    assert found.is_member and str(found.since) == "2017-12-01 12:00:00" and not found.is_stale
    assert [(p.text, p.is_met, p.values) for p in found.predicates] == [
        ("orders_per_month > 2", True, {"orders_per_month": 4.0})
    ]
    assert [(p.of, p.text, p.is_met) for p in found.rules] == [("exclusions", "not in young", True)]
    (flip,) = found.flips
    assert flip.what == "entered" and flip.loads == ("salesforce 20171201T110000 (2 rows: order)",)
    assert (flip.run or "").startswith("dbt ")
    (difference,) = found.differences
    assert difference.before and difference.before.values == {"orders_per_month": 1.0}
    assert difference.after and difference.after.values == {"orders_per_month": 4.0}


def test_why_names_only_loads_that_hold_the_customers_rows(story: Story) -> None:
    left, entered = ask(story, "c4", "loyal").flips
    assert (left.what, left.loads) == ("left", ("salesforce 20171201T113000 (1 row: order)",))
    assert (entered.what, entered.loads) == ("entered", ())  # the first load has nothing of c4
    (redefined, _) = ask(story, "c2", "young").flips
    assert (redefined.what, redefined.loads) == ("left", ())


def test_why_goes_back_to_the_definition_of_then(story: Story) -> None:
    now, then = ask(story, "c2", "young"), ask(story, "c2", "young", at="2017-11-30")
    assert (now.is_member, now.version, now.predicates[0].text) == (False, 2, "age BETWEEN 18 AND 25")
    assert (then.is_member, then.version, then.predicates[0].text) == (True, 1, "age BETWEEN 18 AND 35")
    assert [flip.what for flip in now.flips] == ["left", "entered"]
    assert [flip.what for flip in then.flips] == ["entered"]
    assert {(d.before or d.after).text for d in now.differences if d.before is None or d.after is None} == {  # type: ignore[union-attr]
        "age BETWEEN 18 AND 25",
        "age BETWEEN 18 AND 35",
    }


def test_why_names_the_rule_that_left_somebody_out(story: Story) -> None:
    (excluded,) = ask(story, "c1", "loyal").rules
    assert (excluded.of, excluded.text, excluded.is_met) == ("exclusions", "not in young", False)
    (outranked,) = ask(story, "c2", "second_offer").rules
    assert (outranked.of, outranked.text, outranked.is_met) == ("priority offers", "not in first_offer", False)
    limited = ask(story, "c4", "first_offer").rules[-1]
    assert (limited.of, limited.is_met, limited.values) == ("limit", False, {"place": 3})
    assert "experiment spring" in (ask(story, "c4", "second_offer").holdout or "")


def test_why_says_what_the_model_said(story: Story) -> None:
    (score,) = ask(story, "c1", "likely").scores
    assert (score.model, score.version, score.label, score.reasons) == (
        *("coupon_propensity", "3", "high"),
        ["coupon baskets is 4"],
    )
    (missed,) = [p for p in ask(story, "c2", "likely").predicates if not p.is_met]
    assert missed.values == {"label": "low"}
    assert ask(story, "c1", "cluster_pantry").is_member


def test_why_knows_customers_by_email(story: Story) -> None:
    assert ask(story, " C1@Example.com", "young").customer_id == "c1"


@pytest.mark.parametrize(
    ("customer", "segment", "at", "says"),
    [
        ("c9", "young", None, "no customer c9"),
        ("c0", "young", None, "customer c0 is customer c1 since 2017-11-01: they were merged"),
        ("nobody@example.com", "young", None, "no customer has that e-mail address"),
        ("shared@example.com", "young", None, "several customers have that e-mail address: c5, c6"),
        ("c1", "yuong", None, "no segment called 'yuong'; there is young"),
        ("c1", "young", "2017-11-29", "no segments were built by 2017-11-29.*the first: 2017-11-30"),
        ("c1", "young", "yesterday", "'yesterday' is no time; write 2017-11-30"),
    ],
)
def test_why_names_what_it_does_not_know(story: Story, customer: str, segment: str, at: str | None, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        ask(story, customer, segment, at)


def test_an_older_version_is_compared_on_the_same_snapshot(story: Story) -> None:
    found = compare(story, "young", "loyal", version=1)
    by_name = {change.segment: change for change in found.changes}
    young = by_name["young"]
    assert (young.before, young.after, young.entrants, young.leavers, young.overlap) == (2, 1, 0, 1, 0.5)
    assert by_name["loyal"].is_none
    (cost,) = found.costs
    assert (cost.before.adds, cost.after.adds, cost.calls_after) == (2, 1, 2)
    text = render(found)
    assert "| young | 2 | 1 | +0 | −1 | 1 | 50% |  |" in text
    assert "| young | age_band 19-35 | 100.0% | 50.0% |" in text
    assert "young_to_webhook (webhook)" in text


def test_nothing_changes_against_what_is_in_force(story: Story) -> None:
    assert "No segment changes" in render(compare(story))


def test_a_revision_of_git_is_compared(story: Story) -> None:
    def git(*words: str) -> None:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        subprocess.run(["git", *identity, *words], cwd=story.project, check=True, capture_output=True)

    git("init")
    git("add", ".")
    git("commit", "-m", "as it is")
    kept = (story.folder / "seg_loyal.sql").read_text()
    try:
        (story.folder / "seg_loyal.sql").write_text(kept.replace("> 2", "> 3"))
        found = compare(story, revision="HEAD")
        assert [(c.segment, c.leavers) for c in found.changes if not c.is_none] == [("loyal", 1)]
        assert found.costs == []
        with pytest.raises(ValueError, match="nowhere"):
            compare(story, revision="nowhere")
    finally:
        (story.folder / "seg_loyal.sql").write_text(kept)


@pytest.mark.parametrize(
    ("name", "meta", "says"),
    [
        ("young", {"exclusions": ["loyal"]}, "segments wait for each other: seg_loyal, seg_young"),
        ("young", {"holdouts": {"experiment": "x", "share": 0.1}}, "seg_young: holdouts is not known"),
        ("second_offer", {"priority": {"list": "offers", "rank": 1}}, "have rank 1 in the list offers"),
    ],
)
def test_rules_that_make_no_sense_do_not_compile(story: Story, name: str, meta: dict[str, Any], says: str) -> None:
    wrong = files(SELECTS, META | {name: META[name] | meta})
    with pytest.raises(RuntimeError, match=says):
        definitions.compiled(
            {"_segments.yml": (story.folder / "_segments.yml").read_text(), **wrong},
            settings=story.settings(SECOND_DAY),
            side="wrong",
        )


def test_yesterdays_audience_comes_back_by_the_ordinary_path(story: Story, tmp_path: Path) -> None:
    settings, platform = story.settings(THIRD_DAY), Platform()
    (sync,) = load_syncs(settings.dbt_target / "manifest.json")

    def send() -> None:
        destination = InMemory(platform)
        activate(sync, lake=story.lake, credentials=destination.credentials, destination=destination)

    send()
    assert platform.members == {"c1"}

    found = restore("young", "2017-11-30", settings=settings)
    assert (found.members, found.entering, found.leaving, found.gone, found.is_new) == (2, 1, 0, 0, True)
    snapshot = story.lake.snapshot()
    assert not restore("young", "2017-11-30", settings=settings).is_new
    assert story.lake.snapshot() == snapshot
    story.lake.execute(
        "insert into segments.pin values ('second_offer', 'c3', null, 'x', timestamp '2017-11-30', 1, now()::timestamp)"
    )
    story.build(THIRD_DAY)
    assert story.members("young") == {"c1", "c2"}
    assert story.members("second_offer") == {"c3"}
    assert story.members("first_offer") == {"c2", "c4"}, "a restored segment goes before all others of its list"
    send()
    assert platform.members == {"c1", "c2"}
    (restored,) = why("c2", "young", settings=settings).rules
    assert restored.of == "restored" and restored.is_met

    assert release("young", settings=settings) == 2
    assert why("c2", "young", settings=settings).is_stale
    with pytest.raises(ValueError, match="young is not restored"):
        release("young", settings=settings)
    with pytest.raises(ValueError, match="no segment called 'nowhere' is declared"):
        restore("nowhere", "2017-11-30", settings=settings)
