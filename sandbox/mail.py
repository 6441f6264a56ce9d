"""The newsletters as the sandbox's clock shows them: what is sent, what became of it, who is still with us."""

from datetime import datetime
from typing import Any

from sandbox.context import Sandbox
from sandbox.forgotten import forgotten

EPOCH = datetime(2000, 1, 1)


def mailings(sandbox: Sandbox, platform: str, since: datetime = EPOCH, before: datetime | None = None) -> list[Any]:
    """Dicts (mailing_id, name, subject, sent_at, recipients), oldest first."""
    return _dicts(
        sandbox,
        "SELECT mailing_id, name, subject, sent_at, (SELECT count(*) FROM mail_event AS e WHERE kind = 'sent' "
        "AND e.platform = m.platform AND e.mailing_id = m.mailing_id) AS recipients FROM mailing AS m "
        "WHERE platform = ? AND sent_at <= ? AND sent_at >= ? AND sent_at < ? ORDER BY sent_at",
        [platform, sandbox.now(), since, before or datetime.max],
    )


def events(
    sandbox: Sandbox,
    platform: str,
    *,
    kinds: tuple[str, ...],
    mailing_id: int | None = None,
    since: datetime = EPOCH,
    before: datetime | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[Any]:
    """Dicts (event_id, mailing_id, subscriber_id, email, kind, happened_at, url), oldest first."""
    marks, gone = ", ".join("?" for _ in kinds), _forgotten(sandbox, platform)
    return _dicts(
        sandbox,
        f"SELECT * EXCLUDE (platform) FROM mail_event WHERE platform = ? AND kind IN ({marks}) AND happened_at <= ? "
        "AND happened_at >= ? AND happened_at < ? AND (? IS NULL OR mailing_id = ?) "
        "AND NOT list_contains(?::VARCHAR[], email) ORDER BY event_id LIMIT ? OFFSET ?",
        [platform, *kinds, sandbox.now(), since, before or datetime.max, mailing_id, mailing_id, gone, limit, offset],
    )


def subscribers(sandbox: Sandbox, platform: str) -> list[Any]:
    """Dicts (subscriber_id, contact_id, email, first_name, last_name, subscribed_at, left_at, left_why, changed_at).

    Ordered by `changed_at`; who has not left yet has neither `left_at` nor `left_why`.
    """
    found = _dicts(
        sandbox,
        "SELECT subscriber_id, contact_id, email, first_name, last_name, subscribed_at, "
        "CASE WHEN gone THEN left_at END AS left_at, CASE WHEN gone THEN left_why END AS left_why, "
        "CASE WHEN gone THEN left_at ELSE subscribed_at END AS changed_at "
        "FROM (SELECT *, coalesce(left_at <= ?, false) AS gone FROM subscriber WHERE platform = ?) "
        "WHERE subscribed_at <= ? ORDER BY changed_at, subscriber_id",
        [sandbox.now(), platform, sandbox.now()],
    )
    gone = _forgotten(sandbox, platform)
    return [item for item in found if item["email"] not in gone]


def _forgotten(sandbox: Sandbox, platform: str) -> list[str]:
    with sandbox.state.transaction() as db:
        return sorted(forgotten(db, platform))


def _dicts(sandbox: Sandbox, query: str, values: list[Any]) -> list[dict[str, Any]]:
    found = sandbox.world.cursor().execute(query, values)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
