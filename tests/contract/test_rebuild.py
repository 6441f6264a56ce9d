"""Thirty days of late, edited and deleted rows: built as they came, and anew from all of them, the same row for row."""

import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from cohorte.credentials import Credentials
from cohorte.lake import Lake
from cohorte.landing import catalog
from cohorte.steps.build import FROM_GATE_TO_GATE, build
from cohorte.steps.land import land
from sandbox.server import running

FIRST, DAYS = date(2017, 11, 30), 30
BUILT_AFTER = {0, 1, 2, 3, 6, 9, 12, 16, 20, 25, 30}
"""Days on which there is a build: of what one of them brought, and of what several have."""
PAST = [date(2017, 9, 30), date(2017, 12, 10)]
OF_THE_BUILDS = {"intermediate.int_identity__history", "intermediate.int_identity__model"}
"""Tables that tell of the builds themselves, and are kept over a rebuild: docs/adr/0018, 0021."""

Rows = list[dict[str, Any]]
SALESFORCE, EVENT, SUBSCRIBER = ("id", "system_modstamp"), ("event_id", "happened_at"), ("subscriber_id", "changed_at")
MAILING_LIST, TRACKING, META = ("id", "changed_date"), ("id", "event_date"), ("id", "created_time")
DELETED_OR_BACK = {"is_deleted": "not coalesce(is_deleted, false)"}
ANOTHER = {"id": "id || '{number}'", "created_date": "{now}"}
NOW, LATE, SAME = "{now}", "{before} - interval 3 day", "{before}"
"""When a version was made: now; before the newest one, so that it changes nothing; in the same moment: it does."""

CHANGES: list[tuple[int, str, tuple[str, str], str, dict[str, str]]] = [
    (15, "salesforce__contact", SALESFORCE, NOW, {"mailing_city": "'Anchorage'", "email": "'moved.' || email"}),
    (20, "salesforce__contact", SALESFORCE, LATE, {"mailing_city": "'Boise'", "has_opted_out_of_email": "true"}),
    (30, "salesforce__contact", SALESFORCE, SAME, {"last_name": "last_name || 'son'", "mobile_phone": "null"}),
    (150, "salesforce__contact", SALESFORCE, NOW, DELETED_OR_BACK),
    (
        200,
        "salesforce__order",
        SALESFORCE,
        NOW,
        {"bill_to_contact_id": "(select min(id) from raw.salesforce__contact)"},
    ),
    (300, "salesforce__order", SALESFORCE, LATE, {"store_c": "'late'", "total_amount": "0"}),
    (300, "salesforce__order", SALESFORCE, NOW, DELETED_OR_BACK),
    (500, "salesforce__order", SALESFORCE, NOW, ANOTHER | {"ordered_at_c": "{now} - interval 40 day"}),
    (1500, "salesforce__order_item", SALESFORCE, NOW, {"total_price": "total_price + 1"}),
    (1500, "salesforce__order_item", SALESFORCE, LATE, {"total_price": "0.5"}),
    (1500, "salesforce__order_item", SALESFORCE, NOW, DELETED_OR_BACK),
    (1500, "salesforce__order_item", SALESFORCE, NOW, ANOTHER),
    (900, "salesforce__product2", SALESFORCE, NOW, {"family": "'PRODUCE'"}),
    (2000, "salesforce__product2", SALESFORCE, NOW, DELETED_OR_BACK),
    (40, "salesforce__return_order", SALESFORCE, NOW, DELETED_OR_BACK),
    (40, "salesforce__return_order", SALESFORCE, NOW, {"status": "'Canceled'"}),
    (40, "salesforce__return_order_line_item", SALESFORCE, NOW, DELETED_OR_BACK),
    (40, "salesforce__return_order_line_item", SALESFORCE, NOW, ANOTHER),
    (60, "salesforce__campaign_member", SALESFORCE, NOW, DELETED_OR_BACK),
    (
        60,
        "salesforce__campaign_member",
        SALESFORCE,
        NOW,
        {"has_responded": "true", "first_responded_date": "{now}::date"},
    ),
    (8, "salesforce__lead", SALESFORCE, NOW, {"has_opted_out_of_email": "true", "email": "upper(email)"}),
    (30, "salesforce__lead", SALESFORCE, NOW, DELETED_OR_BACK),
    (8, "salesforce__individual", SALESFORCE, NOW, {"has_opted_out_solicit": "not has_opted_out_solicit"}),
    (8, "salesforce__contact_point_type_consent", SALESFORCE, NOW, {"privacy_consent_status": "'OptOut'"}),
    *((100, f"{name}__email_event", EVENT, SAME, {"url": "'again'"}) for name in ("hubspot", "mailchimp", "brevo")),
    *(
        change
        for name, status, no in (
            ("hubspot", "status", "'opted_out'"),
            ("mailchimp", "status", "'unsubscribed'"),
            ("brevo", "status", "'blocklisted'"),
            ("account_engagement", "opted_out", "'true'"),
        )
        for change in (
            (100, f"{name}__email_event", EVENT, LATE, {"event_id": "event_id || '{number}'"}),
            (15, f"{name}__subscriber", SUBSCRIBER, NOW, {status: no}),
            (20, f"{name}__subscriber", SUBSCRIBER, LATE, {status: "'as it was'"}),
            (30, f"{name}__subscriber", SUBSCRIBER, NOW, {"email_address": "'Moved.' || email_address || ' '"}),
        )
    ),
    (30, "account_engagement__email_event", EVENT, SAME, {"email_address": "null"}),
    (30, "account_engagement__subscriber", SUBSCRIBER, NOW, {"email_address": "null"}),
    (20, "marketing_cloud__subscriber", MAILING_LIST, NOW, {"status": "'Unsubscribed'"}),
    (20, "marketing_cloud__subscriber", MAILING_LIST, NOW, {"email_address": "'new.' || email_address"}),
    (60, "marketing_cloud__email_event", TRACKING, LATE, {"id": "id || '{number}'"}),
    (30, "meta__lead", META, NOW, {"id": "id || '{number}'"}),
    (30, "meta__comment", META, LATE, {"id": "id || '{number}'", "message": "'I love red wine'"}),
]
"""One record in how many, of which table, by its key and time of change, gets a version made when, and what is new."""


class World:
    """What is landed of a sandbox, and what becomes of it: each change lands in a load of its own."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.loads = 0

    def pass_day(self, day: date) -> None:
        for share, table, (key, changed_at), made_at, new in CHANGES:
            stamps = self._load(table)
            said = {"now": f"timestamptz '{day} 10:00:00+00'", "before": changed_at, "number": self.loads}
            replaced = {changed_at: made_at} | new
            columns = ", ".join(f"{value.format(**said)} as {column}" for column, value in replaced.items())
            self.lake.execute(
                f"""insert into raw.{table} by name select * replace ({columns}, {stamps}) from (
                    select * from raw.{table}
                    qualify row_number() over (partition by {key} order by {changed_at} desc, _load_id desc) = 1
                )
                where hash({key} || '{self.loads}') % {share} = 0"""
            )
        for table in ("google_analytics__user_day", "google_analytics__traffic_source"):
            self._restate(table, day)

    def _restate(self, table: str, day: date) -> None:
        """The days of the day before again, moved by one: other counts, and not all of the rows."""
        stamps = self._load(table)
        moved = "strftime(strptime(date, '%Y%m%d') + interval 1 day, '%Y%m%d') as date, sessions + 1 as sessions"
        self.lake.execute(
            f"""insert into raw.{table} by name select * replace ({moved}, {stamps}) from (
                select * from raw.{table} where date >= strftime(date '{day}' - 4, '%Y%m%d')
                qualify rank() over (partition by date order by _load_id desc) = 1
            )
            where hash(date || custom_user_crm_contact_id) % 3 > 0"""
        )

    def _load(self, table: str) -> str:
        """Begins a load, later than all before; the stamps of its rows."""
        self.loads += 1
        source, _, stream = table.partition("__")
        load = f"3{self.loads:07}"
        self.lake.execute("insert into ops.load values (?, ?, ?, 1, 1, null, null, now())", [load, source, stream])
        return f"'{load}' as _load_id, now() + interval {self.loads} second as _loaded_at"


@pytest.fixture
def world(lake: Lake, tmp_path: Path, sandbox_world: Path) -> World:
    shutil.copytree(sandbox_world, tmp_path / "world")
    with running(tmp_path / "world", households=40) as sandbox:
        catalog.create_tables(lake)
        for name in catalog.names(lake.settings):
            known_as = catalog.connection(name, lake.settings)
            credentials = Credentials.from_mapping(known_as, sandbox.connections[known_as])
            land(catalog.open_source(name, credentials, lake.settings), lake=lake)
    return World(lake)


@pytest.mark.long("thirty days, built eleven times as they came, and anew")
def test_built_as_it_came_is_as_built_anew(world: World) -> None:
    day = FIRST
    build_all(world.lake, day)
    for number in range(1, DAYS + 1):
        day += timedelta(days=1)
        world.pass_day(day)
        if number in BUILT_AFTER:
            build_all(world.lake, day)
    build_all(world.lake, day, as_of=PAST)
    as_it_came = tables(world.lake)
    build_all(world.lake, day, as_of=PAST, full_refresh=True)
    anew = tables(world.lake)
    assert len(as_it_came) > 50 and as_it_came.keys() == anew.keys()
    assert sum(bool(rows) for rows in as_it_came.values()) > 50
    assert {name: differing(as_it_came[name], anew[name]) for name in anew if as_it_came[name] != anew[name]} == {}
    assert {kind for (kind,) in world.lake.rows("select kind from marts.fct_identity_event")} >= {"merge", "split"}


def build_all(lake: Lake, day: date, *, as_of: list[date] | None = None, full_refresh: bool = False) -> None:
    lake.settings = lake.settings.model_copy(update={"clock": f"{day}T23:00:00"})
    for layers in FROM_GATE_TO_GATE:
        dates = (as_of or []) if "features" in layers else []
        build(*layers, settings=lake.settings, as_of=dates, full_refresh=full_refresh)


def tables(lake: Lake) -> dict[str, Rows]:
    """Every table and view of the layers, without the columns by which builds follow each other (`_version`, ...)."""
    found = {}
    for (name,) in lake.rows(
        "select distinct table_schema || '.' || table_name from information_schema.tables "
        "where table_catalog = 'lake' and table_schema in ('staging', 'pii', 'intermediate', 'marts', 'features')"
    ):
        if name not in OF_THE_BUILDS:
            columns = [f'"{column}"' for (column, *_) in lake.rows(f"describe {name}") if not column.startswith("_")]
            found[name] = lake.arrow(f"select {', '.join(columns)} from {name} order by all").to_pylist()
    return found


def differing(as_it_came: Rows, anew: Rows) -> str:
    """How many rows only one of them has, and the first of each."""
    mine, theirs = (
        [row for row in rows if row not in others] for rows, others in ((as_it_came, anew), (anew, as_it_came))
    )
    return f"as it came {len(mine)}, e.g. {mine[:1]}; anew {len(theirs)}, e.g. {theirs[:1]}"
