"""The page on Facebook: lead forms, posts, and what people write. Simulated, with interests taken from purchases.

A household speaks of what it really buys more of than others do. Some of those who comment have also filled in a
form: its hidden field `meta_user_id` equals the comments' `from.id`, which is how the two can be linked to a contact.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
from faker import Faker

from sandbox.world.interests import ANSWERS, CONTRASTS, INTERESTS, NEUTRAL, SENTENCES, Interest

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 5_000
"""Households that speak at once."""
REACTIONS = ("LIKE", "LOVE", "WOW", "HAHA", "SAD", "ANGRY")
FIRST_DAY, DAYS = datetime(2017, 1, 2), 456
LEADS, STRANGERS = 0.24, 0.12
"""Shares of the households that fill in a form, and of people beside them who are no customers."""
COMMENTERS = {True: 0.65, False: 0.2}
"""Share that comments, of those who fill in a form and of the others."""
FORMS = (("Tasting club sign-up", 0), ("Newsletter and weekly ad", 30), ("Holiday giveaway", 270))
"""Name, and the day of the year it was put online."""


@dataclass(frozen=True)
class Speaker:
    """Someone on Facebook; `interests` are theirs, strongest first."""

    name: str
    email: str
    phone: str
    user_id: str
    interests: tuple[Interest, ...]
    since: datetime


Speaking = tuple[Speaker, random.Random, bool, bool]


def build(world: duckdb.DuckDBPyConnection, *, seed: int) -> None:
    """Make `page_post`, `page_comment`, `page_reaction`, `lead_form`, `lead`; `interest` is the truth, not served."""
    world.execute("CREATE TABLE lead_form (id VARCHAR, name VARCHAR, created TIMESTAMP)")
    world.execute(
        "CREATE TABLE lead (id VARCHAR, form_id VARCHAR, created TIMESTAMP, field_data VARCHAR, interest VARCHAR)"
    )
    world.execute("CREATE TABLE page_post (id VARCHAR, message VARCHAR, created TIMESTAMP)")
    world.execute(
        "CREATE TABLE page_comment (id VARCHAR, post_id VARCHAR, message VARCHAR, created TIMESTAMP, "
        "from_id VARCHAR, from_name VARCHAR, interest VARCHAR)"
    )
    forms = [
        (f"3{10**14 + at}", name, FIRST_DAY + timedelta(days=day, hours=9)) for at, (name, day) in enumerate(FORMS)
    ]
    posts = list(_posts(seed))
    _insert(world, "lead_form", forms)
    _insert(world, "page_post", posts)
    world.execute("CREATE TEMP TABLE made_lead AS FROM lead")
    world.execute("CREATE TEMP TABLE made_comment AS FROM page_comment")
    for speakers in _speakers(world, seed):
        leads: list[tuple[Any, ...]] = []
        comments: list[tuple[Any, ...]] = []
        for speaker, dice, is_lead, is_commenter in speakers:
            if is_lead:
                leads += [(None, *_lead(speaker, dice, forms)) for _ in range(1 + (dice.random() < 0.3))]
            if is_commenter:
                comments += [
                    (None, *_comment(speaker, dice, posts)) for _ in range(1 + round(dice.expovariate(1 / 1.6)))
                ]
        _insert(world, "made_lead", leads)
        _insert(world, "made_comment", comments)
    # Numbered in time order, as the platform does; then by content, so that a tie does not depend on the cut.
    world.execute(
        f"INSERT INTO lead SELECT * REPLACE ('4' || ({10**14} - 1 + row_number() OVER (ORDER BY created, field_data)) "
        "AS id) FROM made_lead ORDER BY id"
    )
    world.execute(
        f"INSERT INTO page_comment SELECT * REPLACE (split_part(post_id, '_', 2) || '_' || ({5 * 10**14} - 1 "
        "+ row_number() OVER (ORDER BY created, message, from_id)) AS id) FROM made_comment ORDER BY id"
    )
    # Most who write about a post react to it, too; some take that back after a week.
    world.execute(
        f"""
        CREATE TABLE page_reaction AS
        SELECT post_id, from_id AS id, any_value(from_name) AS name, min(created) AS created,
            CASE WHEN dice('takes-back', post_id || from_id) < 0.1 THEN min(created) + INTERVAL 7 DAYS END AS removed,
            {list(REACTIONS)}[1 + floor({len(REACTIONS)} * dice('reacts', post_id || from_id) ** 3)::INTEGER] AS type
        FROM page_comment
        WHERE dice('reacts-at-all', post_id || from_id) < 0.7
        GROUP BY post_id, from_id
        ORDER BY created, id
        """
    )


def _insert(world: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[Any, ...]]) -> None:
    import pyarrow as pa

    if rows:
        names = [column[0] for column in world.execute(f"FROM {table} LIMIT 0").description]
        made = pa.table([pa.array(values) for values in zip(*rows, strict=True)], names)
        world.register("made", made)
        world.execute(f"INSERT INTO {table} FROM made")
        world.unregister("made")


def _posts(seed: int) -> Any:
    """Two posts a week, each on one interest."""
    from sandbox.access import PAGE_ID

    dice = random.Random(f"{seed}-posts")
    for at in range(DAYS * 2 // 7):
        interest = dice.choice(INTERESTS)
        moment = FIRST_DAY + timedelta(days=at * 3.5, hours=dice.randrange(8, 18), minutes=dice.randrange(60))
        first, second = dice.sample(interest.things, 2)
        message = dice.choice(
            ("This week: {0}!", "Have you tried {0} yet?", "All about {0} and {1}.", "{0}, fresh in.")
        )
        yield f"{PAGE_ID}_{6 * 10**14 + at}", message.format(first, second).capitalize(), moment.replace(microsecond=0)


def _speakers(world: duckdb.DuckDBPyConnection, seed: int) -> Iterator[Iterator[Speaking]]:
    """Who writes, BATCH households at a time."""
    faker = Faker("en_US")
    for batch in _liked(world).to_batches(BATCH):
        yield _speaking(batch.to_pylist(), faker, seed)


def _speaking(households: list[dict[str, Any]], faker: Faker, seed: int) -> Iterator[Speaking]:
    """(speaker, their dice, fills in forms, comments)"""
    for household_id, first, last, email, phone, since, lifts in (row.values() for row in households):
        dice = random.Random(f"{seed}-{household_id}-social")
        is_lead = dice.random() < LEADS
        is_commenter = dice.random() < COMMENTERS[is_lead]
        user_id = str(10**15 + dice.randrange(9 * 10**14))
        yield (
            Speaker(f"{first} {last}", email or "", phone or "", user_id, _ranked(lifts, dice), since),
            dice,
            is_lead,
            is_commenter,
        )
        dice = random.Random(f"{seed}-{household_id}-stranger")
        if dice.random() < STRANGERS:
            faker.seed_instance(f"{seed}-{household_id}-stranger")
            name = faker.name()
            email = f"{name.lower().replace(' ', '').replace('.', '')}{dice.randrange(100)}@example.net"
            user_id = str(10**15 + dice.randrange(9 * 10**14))
            interests = tuple(dice.sample(INTERESTS, 2))
            stranger = Speaker(name, email, f"+1212555{dice.randrange(10_000):04d}", user_id, interests, FIRST_DAY)
            yield stranger, dice, dice.random() < 0.25, dice.random() < 0.5


def _liked(world: duckdb.DuckDBPyConnection) -> "pa.Table":
    """Households with their primary contact, and for each interest how much more of it than usual they buy."""
    flags = ", ".join(f"avg(({item.bought})::INTEGER) AS {item.name}" for item in INTERESTS)
    lifts = ", ".join(f"coalesce(household.{item.name} / nullif(usual.{item.name}, 0), 0)" for item in INTERESTS)
    lines = "FROM source_transactions LEFT JOIN products USING (product_id)"
    return world.execute(
        f"""
        WITH usual AS (SELECT {flags} {lines}),
        household AS (SELECT household_id, {flags} {lines.replace("source_", "")} GROUP BY household_id)
        SELECT household_id, FirstName, LastName, Email, MobilePhone, CreatedDate, [{lifts}] AS lifts
        FROM household CROSS JOIN usual
        JOIN truth USING (household_id)
        JOIN (SELECT DISTINCT ON (Id) * FROM contact ORDER BY Id, SystemModstamp) AS contact ON Id = contact_id
        WHERE duplicate = ''
        ORDER BY household_id
        """
    ).to_arrow_table()


def _ranked(lifts: list[float], dice: random.Random) -> tuple[Interest, ...]:
    """Two interests, drawn in proportion to the square of the lift: mostly what is bought, not only."""
    pool = list(INTERESTS)
    weights = [lift**2 + 0.05 for lift in lifts]
    first = dice.choices(pool, weights)[0]
    at = pool.index(first)
    del pool[at], weights[at]
    return first, dice.choices(pool, weights)[0]


def _lead(speaker: Speaker, dice: random.Random, forms: list[tuple[str, str, datetime]]) -> tuple[Any, ...]:
    moment = _moment(speaker, dice)
    form_id = dice.choice([form for form, _, online in forms if online <= moment] or [forms[0][0]])
    email = speaker.email.strip().lower()
    if not email or dice.random() < 0.1:
        email = f"{speaker.name.split()[0].lower()}.{speaker.user_id[-6:]}@example.com"
    elif dice.random() < 0.2:
        email = email.title() if dice.random() < 0.5 else f"{email} "
    interest = speaker.interests[0]
    first, second = dice.sample(interest.things, 2)
    answers = {
        "email": email,
        "full_name": speaker.name,
        "phone_number": speaker.phone if dice.random() < 0.8 else "",
        "favourite_category": dice.choice(ANSWERS).format(first, second),
        "meta_user_id": speaker.user_id,
    }
    field_data = json.dumps([{"name": name, "values": [value]} for name, value in answers.items()])
    return form_id, moment, field_data, interest.name


def _comment(speaker: Speaker, dice: random.Random, posts: list[tuple[str, str, datetime]]) -> tuple[Any, ...]:
    moment = _moment(speaker, dice)
    recent = [post for post in posts if post[2] <= moment][-4:] or posts[:1]
    post_id, _, posted = dice.choice(recent)
    moment = max(moment, posted + timedelta(minutes=dice.randrange(3, 2_000)))
    message, interest = _said(speaker, dice)
    return post_id, message, moment, speaker.user_id, speaker.name, interest


def _said(speaker: Speaker, dice: random.Random) -> tuple[str, str]:
    """A comment, and the interest it shows (or '')."""
    if dice.random() < 0.2:
        return dice.choice(NEUTRAL), ""
    interest, other = speaker.interests if dice.random() < 0.75 else speaker.interests[::-1]
    if dice.random() < 0.2:
        return dice.choice(interest.remarks), interest.name
    first, second = dice.sample(interest.things, 2)
    if dice.random() < 0.08:
        said = dice.choice(CONTRASTS).format(first, dice.choice(other.things))
    else:
        said = dice.choice(SENTENCES).format(first, second)
    said = said[0].upper() + said[1:]
    return (f"{said} {dice.choice(interest.remarks)}" if dice.random() < 0.1 else said), interest.name


def _moment(speaker: Speaker, dice: random.Random) -> datetime:
    """Some time since they are customers, in waking hours."""
    start = max(speaker.since, FIRST_DAY)
    day = start + timedelta(days=dice.random() * max(1, (FIRST_DAY - start).days + DAYS))
    return day.replace(hour=dice.choice((7, 8, 12, 12, 13, 17, 18, 19, 20, 20, 21, 22)), microsecond=0)
