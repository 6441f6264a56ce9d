"""A person erased: everywhere, for good, with proof; killed at any step; and when something was left behind."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cohorte.lake import Lake
from cohorte.privacy import certificate, history, holdings
from cohorte.privacy.case import Case
from cohorte.privacy.subject import Subject, address_of, find
from cohorte.sources.base import Window
from cohorte.steps import erase as step
from cohorte.steps import leave
from cohorte.steps.activate import activate, load_syncs
from cohorte.steps.erase import Erasure, TracesFoundError
from cohorte.steps.export import export
from cohorte.steps.leave import LeftBehindError
from cohorte.storage import open_storage
from sandbox.server import running
from tests.contract.conftest import HOUSEHOLDS
from tests.contract.town import PLATFORMS, Town

EVER = Window(None, datetime(2018, 1, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def town(lake: Lake, sandbox_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town") / "sandbox"
    shutil.copytree(sandbox_world, folder)
    with running(folder, households=HOUSEHOLDS) as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.setattr("cohorte.activation.engine.Engine._backoff", lambda self, failures: 0.0)
        patch.setattr("cohorte.activation.budget._budgets", {})
        patch.setattr("cohorte.destinations.brevo.Brevo.first_pause", 0.0)
        yield Town.build(lake, sandbox)


@dataclass(frozen=True)
class Gone:
    """Somebody who was erased, and what there was of them before."""

    email: str
    subject: Subject
    shown: dict[str, int]
    before: dict[str, int]
    after: dict[str, int]
    done: Erasure


@pytest.fixture(scope="module")
def gone(town: Town) -> Gone:
    _, email = next(town.people)
    subject, shown, before = find(town.lake, email=email), rows_shown(town, email), town.rows()
    done = town.erase(email=email)
    return Gone(email, subject, shown, before, town.rows(), done)


def rows_shown(town: Town, email: str) -> dict[str, int]:
    return {held.table: held.rows.num_rows for held in export(lake=town.lake, email=email).tables}


def test_nothing_is_left_anywhere_and_nobody_else_is_touched(town: Town, gone: Gone) -> None:
    tables = {"raw.salesforce__contact", "raw.salesforce__order_item", "pii.dim_contact", "activation.acknowledged"}
    assert tables <= gone.shown.keys()
    assert gone.done.was_known and gone.done.certificate["scan"]["findings"] == ()
    digest = hashlib.sha256(gone.email.encode()).hexdigest()
    assert not any(trace in town.state(platform) for platform in PLATFORMS for trace in (gone.email, digest))
    assert export(lake=town.lake, email=gone.email).tables == ()
    assert gone.after == {table: rows - gone.shown.get(table, 0) for table, rows in gone.before.items()}
    lost = (
        "select count(*) from raw.salesforce__return_order_line_item "
        "where return_order_id not in (select id from raw.salesforce__return_order)"
    )
    assert town.lake.value(lost) == 0
    deleted = gone.done.certificate["rows_deleted"]
    assert {table: gone.shown[table] for table in deleted} | {"activation.delivery": 2 * len(PLATFORMS)} == deleted


def test_the_certificate_says_what_was_done_and_names_nobody(town: Town, gone: Gone) -> None:
    written = json.loads(Path(gone.done.where).read_text())
    assert written["asked_by"] == "email" and written["subject"].startswith("keyed:")
    assert written["rows_deleted"]["raw.salesforce__contact"] >= 1
    assert written["history"]["files_rewritten"] > 0 and written["history"]["files_deleted"] > 0
    assert written["scan"]["parquet_files"] > 10 and written["scan"]["catalogue_tables"] > 50
    for name in PLATFORMS:
        note = written["platforms"][f"vips_{name}"]
        assert [(r["operation"], r["state"]) for r in note["receipts"]] == [("add", "accepted"), ("remove", "accepted")]
        assert (note["deleted_there"] == "yes") == (name != "meta_custom_audiences")
    text = json.dumps(written)
    assert sum(map(len, gone.subject.identifiers.values())) > 10
    assert not [value for values in gone.subject.identifiers.values() for value in values if value in text]
    query = "select subject, was_known, platforms from ops.erasure where erasure_id = ?"
    assert town.lake.rows(query, [gone.done.erasure_id]) == [(written["subject"], True, len(PLATFORMS))]
    assert list(open_storage(town.lake.settings).list("erasures/open/")) == []


def test_the_syncs_are_as_they_were_and_nobody_is_alarmed(town: Town, gone: Gone) -> None:
    assert town.lake.value("select count(*) from activation.alert where kind in ('held', 'recovered')") == 0
    for spec in load_syncs(town.manifest):
        result = activate(spec, lake=town.lake, credentials=town.credentials(spec.connection))
        assert (result.state, result.planned) == ("done", 0)


def test_suppressed_as_keyed_hashes_and_nothing_else(town: Town, gone: Gone) -> None:
    held = {identifier for (identifier,) in town.lake.rows("select identifier from activation.suppression")}
    assert held and all(identifier.startswith("keyed:") for identifier in held)


def test_who_arrives_again_stays_out(town: Town, gone: Gone) -> None:
    assert town.land("salesforce", window=EVER).kept_out > 0
    assert export(lake=town.lake, email=gone.email).tables == ()
    kinds = {kind: values for kind, values in gone.subject.identifiers.items() if kind != "destination_key"}
    assert holdings.held(town.lake, kinds) == {}


def test_who_arrives_under_another_id_stays_out(town: Town, gone: Gone) -> None:
    """A record of the CRM gets the old address, in another spelling."""
    other = town.lake.value("select max(id) from raw.salesforce__contact where coalesce(account_id, '') = ''")
    town.control("clock", {"advance_days": 0.01})
    town.control(f"contacts/{other}/edit", {"Email": f" {gone.email.upper()}"})
    assert town.land("salesforce").kept_out > 0
    query = "select count(*) from raw.salesforce__contact where email ilike ?"
    assert town.lake.value(query, [f"%{gone.email}%"]) == 0


def test_a_plan_knows_them_by_their_address_alone(town: Town, gone: Gone) -> None:
    """Whatever brings them back into the marts: no platform gets them. Erased again, they are gone again."""
    town.lake.execute("insert into pii.dim_contact values ('c_again', ?, 'Again', null)", [gone.email.title()])
    town.lake.execute("insert into marts.dim_consent values ('c_again', 'email', 'marketing', true)")
    town.lake.execute("insert into segments.membership values ('vips', 'c_again', now()::timestamp, 0.5, '', null)")
    spec = next(spec for spec in load_syncs(town.manifest) if spec.destination == "hubspot")
    result = activate(spec, lake=town.lake, credentials=town.credentials(spec.connection))
    assert result.left_out["suppressed"] == 1 and gone.email not in town.state("hubspot")
    town.erase(email=gone.email)
    assert town.lake.value("select count(*) from pii.dim_contact where customer_id = 'c_again'") == 0


class Killed(BaseException):
    """As abrupt as a kill: nothing catches it."""


STEPS: dict[str, tuple[Any, str, bool]] = {
    "before it is suppressed": (step, "suppress", False),
    "on the way off the platforms": (leave, "_forget", False),
    "once suppressed": (step, "suppress", True),
    "once off the platforms": (step, "leave_platforms", True),
    "before the deletion": (holdings, "delete", False),
    "in the deletion's transaction": (holdings, "delete", True),
    "before the past is purged": (step, "purge", False),
    "while it is purged": (history, "_in_catalogue", False),
    "once purged": (step, "purge", True),
    "after the scan": (step, "scan", True),
    "with the certificate, before its row": (certificate, "key_of", True),
    "once the certificate is written": (certificate, "write", True),
    "before the case is closed": (Case, "close", False),
}


@pytest.mark.long("an erasure killed at each of its thirteen steps")
def test_killed_at_every_step_it_ends_as_if_nothing_had_happened(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    _, email = next(town.people)
    shown = rows_shown(town, email)
    for when, (owner, name, after) in STEPS.items():
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, _killing(owner, name, after))
            with pytest.raises(Killed):
                town.erase(email=email)
        assert len(list(open_storage(town.lake.settings).list("erasures/open/"))) == 1, when
    done = town.erase(email=email)
    _ended(town, email, shown, done.certificate)


def test_killed_once_it_ends_the_same(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    _, email = next(town.people)
    shown = rows_shown(town, email)
    with monkeypatch.context() as patch:
        patch.setattr(step, "purge", _killing(step, "purge", False))
        with pytest.raises(Killed):
            town.erase(email=email)
    _ended(town, email, shown, town.erase(email=email).certificate)


def _ended(town: Town, email: str, shown: dict[str, int], written: dict[str, Any]) -> None:
    """The person is gone, and the certificate tells of everything, whichever run did it."""
    passing = {"activation.acknowledged", "pii.activation_key", "activation.delivery"}  # what leaving changes by itself
    deleted = written["rows_deleted"]
    assert {t: n for t, n in deleted.items() if t not in passing} == {
        t: n for t, n in shown.items() if t not in passing
    }
    assert written["platforms"].keys() == {f"vips_{name}" for name in PLATFORMS}
    assert all(note["state"] == "removed" and note["receipts"] for note in written["platforms"].values())
    assert not any(email in town.state(platform) for platform in PLATFORMS)
    assert list(open_storage(town.lake.settings).list("erasures/open/")) == []


def _killing(owner: Any, name: str, after: bool) -> Callable[..., Any]:
    real = getattr(owner, name)

    def killed(*args: Any, **options: Any) -> Any:
        if after:
            real(*args, **options)
        raise Killed

    return killed


def in_an_object(town: Town, email: str) -> Path:
    return Path(open_storage(town.lake.settings).put("reports/notes.txt", f"call {email} back".encode()))


def in_a_file_no_table_knows(town: Town, email: str) -> Path:
    path = Path(town.lake.settings.data_path) / "raw" / "stray.parquet"
    town.lake.execute(f"copy (select [{{'who': '{email.upper()}'}}] as nested) to '{path}' (format parquet)")
    return path


def in_a_model(town: Town, email: str) -> Path:
    folder = town.lake.settings.home / "mlflow"
    folder.mkdir(exist_ok=True)
    (folder / "model.joblib").write_bytes(b"\x80\x05" + email.encode() + b"\x00")
    return folder / "model.joblib"


def in_a_log_as_a_number(town: Town, email: str) -> Path:
    number = town.lake.value(
        "select any_value(mobile_phone) from raw.salesforce__contact where lower(trim(email)) = ?", [email]
    )
    digits = "".join(c for c in number if c.isdigit())
    folder = town.lake.settings.home / "logs"
    folder.mkdir(exist_ok=True)
    (folder / "task.log").write_text(f"tel:+1-{digits[:3]}-{digits[3:6]} {digits[6:]}\n")
    return folder / "task.log"


def test_traces_in_odd_places_are_found_and_named(town: Town) -> None:
    _, email = next(town.people)
    planted = [
        plant(town, email) for plant in (in_an_object, in_a_file_no_table_knows, in_a_model, in_a_log_as_a_number)
    ]
    town.lake.execute(f"comment on table pii.dim_contact is 'made for {email}'")
    with pytest.raises(TracesFoundError) as refused:
        town.erase(email=email)
    for place in (*(path.name for path in planted), "ducklake_tag"):
        assert place in str(refused.value)
    assert email not in str(refused.value).lower()
    case = next(iter(open_storage(town.lake.settings).list("erasures/open/")))
    town.lake.execute("comment on table pii.dim_contact is null")
    for path in planted:
        path.unlink()
    assert f"erasures/open/{town.erase(email=email).erasure_id}.json" == case


def test_evidence_and_bad_records_that_name_them_go(town: Town) -> None:
    _, email = next(town.people)
    town.lake.execute(
        "insert into ops.quarantine values ('files', 'people', '1', 'bad', ?, now()::timestamp), "
        "('files', 'people', '1', 'bad', 'somebody@else.example', now()::timestamp)",
        [json.dumps({"mail": email})],
    )
    town.lake.execute(
        "insert into ops.gate_result values ('g', 'pii.t', 'e', null, 'block', false, '1 row', 1, ?, now()::timestamp)",
        [f"{{'email': '{email}'}}"],
    )
    town.erase(email=email)
    assert town.lake.value("select count(*) from ops.quarantine where record like '%somebody@else%'") == 1
    assert town.lake.rows(
        "select unexpected_count, unexpected_sample from ops.gate_result where gate_run_id = 'g'"
    ) == [(1, "(erased)")]


def test_somebody_nobody_knows_is_suppressed_and_the_past_stays(town: Town) -> None:
    snapshots = town.lake.rows("select snapshot_id from ducklake_snapshots('lake')")
    done = town.erase(email="Nobody@Example.net")
    assert not done.was_known and done.certificate["suppressed"] == 1 and not done.certificate["rows_deleted"]
    assert set(snapshots) <= set(town.lake.rows("select snapshot_id from ducklake_snapshots('lake')"))
    assert town.erase(email="nobody@example.net").certificate["suppressed"] == 1


def test_what_somebody_else_has_too_stays_with_them(town: Town) -> None:
    contact_of = """
        select min(record_id) from intermediate.int_identity__customer
        where customer_id = ? and starts_with(record_id, 'salesforce:')
    """
    phone_of = f"select any_value(mobile_phone) from raw.salesforce__contact where 'salesforce:' || id = ({contact_of})"
    customer, email, phone = next(
        (*person, phone) for person in town.people if (phone := town.lake.value(phone_of, [person[0]]))
    )
    theirs = town.lake.value(contact_of, [next(town.people)[0]])
    town.lake.execute(
        "update raw.salesforce__contact set email = ?, mobile_phone = ? where 'salesforce:' || id = ?",
        [email, phone, theirs],
    )
    done = town.erase(customer_id=customer)
    assert done.certificate["left_to_others"] == {"email": 1, "phone": 1}
    held = town.lake.rows(
        "select email, mobile_phone from raw.salesforce__contact where 'salesforce:' || id = ?", [theirs]
    )
    assert (email, phone) in held
    town.erase(email=email)  # now it is theirs alone
    assert town.lake.value("select count(*) from raw.salesforce__contact where email = ?", [email]) == 0


def test_a_platform_that_is_down_keeps_the_lake_as_it_is(town: Town) -> None:
    _, email = next(town.people)
    held = len(export(lake=town.lake, email=email).tables)
    with town.down("hubspot"), pytest.raises(LeftBehindError, match=r"vips_hubspot .*503") as refused:
        town.erase(email=email)
    assert email not in str(refused.value)
    assert len(export(lake=town.lake, email=email).tables) >= held - 2
    assert email in town.state("hubspot") and email not in town.state("brevo")
    assert town.erase(email=email).certificate["platforms"]["vips_hubspot"]["deleted_there"] == "yes"


def test_a_sync_nobody_declares_any_more_is_cleaned_by_hand(town: Town) -> None:
    _, email = next(town.people)
    town.declare(*(name for name in PLATFORMS if name != "brevo"))
    try:
        with pytest.raises(LeftBehindError, match="--by-hand vips_brevo"):
            town.erase(email=email)
        done = town.erase(email=email, by_hand=["vips_brevo"])
    finally:
        town.declare(*PLATFORMS)
    assert done.certificate["platforms"]["vips_brevo"] == {"state": "cleaned by hand"}


def test_an_address_is_found_by_its_hash(town: Town) -> None:
    _, email = next(town.people)
    assert address_of(town.lake, hashlib.sha256(email.encode()).hexdigest()) == email
    assert address_of(town.lake, "0" * 64) is None


def test_a_lost_key_lets_nobody_land(town: Town, gone: Gone) -> None:
    storage = open_storage(town.lake.settings)
    key = storage.get("erasures/key")
    storage.delete("erasures/key")
    try:
        with pytest.raises(RuntimeError, match="Restore that object"):
            town.land("meta")
    finally:
        storage.put("erasures/key", key)


def test_the_export_is_written_for_the_person_alone(town: Town, tmp_path: Path) -> None:
    _, email = next(town.people)
    found = export(lake=town.lake, email=email)
    files = found.write(tmp_path / "to")
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    said = json.loads((tmp_path / "to" / "export.json").read_text())
    by_table = {table["table"]: table for table in said["tables"]}
    assert by_table["raw.salesforce__contact"]["source"] == "salesforce"
    assert by_table["pii.dim_contact"]["rows"][0]["email"] == email
    assert all(table["purpose"] and table["rows"] for table in said["tables"])
    assert (tmp_path / "to" / "pii.dim_contact.csv").read_text().startswith("customer_id,email")


@pytest.mark.parametrize("who", [{}, {"email": "a@b.example", "customer_id": "c_1"}, {"email": "no-address"}])
def test_it_must_be_clear_who_is_meant(town: Town, who: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"say who|no e-mail"):
        town.erase(**who)
