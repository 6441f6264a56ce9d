"""Who the households are: names, addresses, edits over time, and the duplicates a CRM collects.

All of it is made up (Faker, seeded by household, so that a household is the same person in any cut of the world)
except the demographics, which are the real ones of the 801 households that have them. Birth dates lie inside the
real age band on the day the sandbox's clock starts.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from faker import Faker

from sandbox.world.ids import CONTACT, record_id

CLOCK_START = datetime(2017, 11, 30, 23, 59, 59)
EDITS_FROM, EDITS_UNTIL = datetime(2017, 1, 1), datetime(2018, 4, 1)
EDITS_A_DAY = 0.002
DUPLICATE_OFFSET = 1_000_000
"""A duplicate's number is its household's plus this; copies of households have numbers up to there themselves."""
COPY_DUPLICATE_OFFSET = 1_000_000_000
REAL_HOUSEHOLDS = 2_500

CITIES = (  # city, state, first three digits of its ZIP codes, area code: all real
    ("Cincinnati", "OH", "452", "513"),
    ("Dayton", "OH", "454", "937"),
    ("Columbus", "OH", "432", "614"),
    ("Toledo", "OH", "436", "419"),
    ("Louisville", "KY", "402", "502"),
    ("Lexington", "KY", "405", "859"),
    ("Indianapolis", "IN", "462", "317"),
    ("Fort Wayne", "IN", "468", "260"),
    ("Evansville", "IN", "477", "812"),
    ("Nashville", "TN", "372", "615"),
    ("Knoxville", "TN", "379", "865"),
    ("Charleston", "WV", "253", "304"),
)
AGE_BANDS = {
    "19-24": (19, 24),
    "25-34": (25, 34),
    "35-44": (35, 44),
    "45-54": (45, 54),
    "55-64": (55, 64),
    "65+": (65, 88),
}
NICKNAMES = {
    "Alexander": "Alex", "Alexandra": "Alex", "Amanda": "Mandy", "Andrew": "Andy", "Anthony": "Tony", "Barbara": "Barb",
    "Benjamin": "Ben", "Catherine": "Cathy", "Charles": "Charlie", "Christina": "Tina", "Christine": "Chris",
    "Christopher": "Chris", "Cynthia": "Cindy", "Daniel": "Dan", "David": "Dave", "Deborah": "Debbie", "Donald": "Don",
    "Edward": "Ed", "Elizabeth": "Liz", "Gregory": "Greg", "Jacob": "Jake", "James": "Jim", "Jeffrey": "Jeff",
    "Jennifer": "Jen", "Jessica": "Jess", "Jonathan": "Jon", "Joseph": "Joe", "Joshua": "Josh", "Katherine": "Kate",
    "Kathleen": "Kathy", "Kenneth": "Ken", "Kimberly": "Kim", "Margaret": "Peggy", "Matthew": "Matt", "Michael": "Mike",
    "Nicholas": "Nick", "Pamela": "Pam", "Patricia": "Pat", "Rebecca": "Becky", "Richard": "Rick", "Robert": "Bob",
    "Ronald": "Ron", "Samantha": "Sam", "Samuel": "Sam", "Stephanie": "Steph", "Stephen": "Steve", "Steven": "Steve",
    "Susan": "Sue", "Theresa": "Terry", "Thomas": "Tom", "Timothy": "Tim", "Victoria": "Vicky", "William": "Bill",
}  # fmt: skip
STREET_WORDS = {
    "Street": "St",
    "Avenue": "Ave",
    "Road": "Rd",
    "Drive": "Dr",
    "Lane": "Ln",
    "Court": "Ct",
    "Suite": "Ste",
}
DUPLICATE_KINDS = ("email", "phone", "fuzzy")


@dataclass(frozen=True)
class Household:
    """What the purchases say of a household; the rest of it is imagined."""

    household_id: int
    first_basket: datetime
    last_basket: datetime
    first_campaign: datetime | None = None
    demographics: dict[str, Any] = field(default_factory=dict)

    @property
    def duplicate_number(self) -> int:
        is_copy = self.household_id > REAL_HOUSEHOLDS
        return self.household_id + (COPY_DUPLICATE_OFFSET if is_copy else DUPLICATE_OFFSET)


@dataclass(frozen=True)
class Contact:
    """One version of a Salesforce contact; field for field the columns of `contact` in `sandbox.world.crm`."""

    Id: str
    FirstName: str
    LastName: str
    Email: str | None
    MobilePhone: str | None
    Birthdate: date | None
    MailingStreet: str
    MailingCity: str
    MailingState: str
    MailingPostalCode: str
    MailingCountry: str
    HasOptedOutOfEmail: bool
    CreatedDate: datetime
    LastModifiedDate: datetime
    SystemModstamp: datetime
    IsDeleted: bool
    Loyalty_Id__c: str | None
    Age_Band__c: str | None
    Income_Band__c: str | None
    Home_Ownership__c: str | None
    Marital_Status__c: str | None
    Household_Size__c: str | None
    Household_Composition__c: str | None
    Kids_Count__c: str | None


@dataclass(frozen=True)
class Person:
    """A household's contact or duplicate, with all its versions, oldest first."""

    household_id: int
    duplicate: str
    """'' for the primary contact, else what the duplicate shares with it: one of `DUPLICATE_KINDS`."""
    versions: tuple[Contact, ...]


class Population:
    """Makes people. The same seed and household give the same people, always."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.faker = Faker("en_US")

    def of(self, household: Household) -> Iterator[Person]:
        """The primary contact and, for one household in eight, a duplicate of it."""
        dice = self._dice("person", household)
        self.faker.seed_instance(f"{self.seed}-{household.household_id}")
        contact = self._primary(household, dice)
        yield Person(household.household_id, "", tuple(self._edited(contact, dice)))
        dice = self._dice("duplicate", household)
        if dice.random() < 1 / 8:
            kind = dice.choice(DUPLICATE_KINDS)
            if (kind == "email" and not contact.Email) or (kind == "phone" and not contact.MobilePhone):
                kind = "fuzzy"
            copy = self._duplicate(contact, household, kind, dice)
            yield Person(household.household_id, kind, tuple(self._edited(copy, dice)))

    def _dice(self, purpose: str, household: Household) -> random.Random:
        return random.Random(f"{self.seed}-{household.household_id}-{purpose}")

    def _primary(self, household: Household, dice: random.Random) -> Contact:
        first, last = self.faker.first_name(), self.faker.last_name()
        city, state, zip3, area = dice.choice(CITIES)
        known = household.demographics
        created = _created(household, dice)
        return Contact(
            Id=record_id(CONTACT, household.household_id),
            FirstName=first,
            LastName=last,
            Email=_email(first, last, household.household_id, dice) if dice.random() < 0.98 else None,
            MobilePhone=_own_phone(area, household, dice) if dice.random() < 0.92 else None,
            Birthdate=_birthdate(known.get("age"), dice),
            MailingStreet=self.faker.street_address().replace(" Apt.", "\nApt."),
            MailingCity=city,
            MailingState=state,
            MailingPostalCode=f"{zip3}{dice.randrange(1, 60):02d}",
            MailingCountry="US",
            HasOptedOutOfEmail=dice.random() < 0.03,
            CreatedDate=created,
            LastModifiedDate=created,
            SystemModstamp=created,
            IsDeleted=False,
            Loyalty_Id__c=f"L{household.household_id:06d}",
            Age_Band__c=known.get("age"),
            Income_Band__c=known.get("income"),
            Home_Ownership__c=known.get("home_ownership"),
            Marital_Status__c=known.get("marital_status"),
            Household_Size__c=known.get("household_size"),
            Household_Composition__c=known.get("household_comp"),
            Kids_Count__c=known.get("kids_count"),
        )

    def _duplicate(self, of: Contact, household: Household, kind: str, dice: random.Random) -> Contact:
        """The same person typed in again: misspelt, abbreviated, half of it missing."""
        first, last = _retyped_name(of.FirstName, of.LastName, dice)
        active = household.last_basket - household.first_basket
        created = max(of.CreatedDate, household.first_basket + active * dice.uniform(0, 0.4)).replace(microsecond=0)
        number = household.duplicate_number - DUPLICATE_OFFSET // 2
        email = _email(first, last, number, dice)
        phone: str | None = _phone(dice.choice(CITIES)[3], dice)
        if kind == "email" and of.Email:
            email, phone = dice.choice((of.Email.upper(), f" {of.Email}", f"{of.Email.title()} ")), None
        elif kind == "phone" and of.MobilePhone:
            phone = _reformatted(of.MobilePhone, dice)
        return replace(
            of,
            Id=record_id(CONTACT, household.duplicate_number),
            FirstName=first,
            LastName=last,
            Email=email,
            MobilePhone=phone,
            Birthdate=of.Birthdate if kind == "fuzzy" or dice.random() < 0.5 else None,
            MailingStreet=_retyped_street(of.MailingStreet, dice),
            HasOptedOutOfEmail=False,
            CreatedDate=created,
            LastModifiedDate=created,
            SystemModstamp=created,
            Loyalty_Id__c=None,
            Age_Band__c=None,
            Income_Band__c=None,
            Home_Ownership__c=None,
            Marital_Status__c=None,
            Household_Size__c=None,
            Household_Composition__c=None,
            Kids_Count__c=None,
        )

    def _edited(self, contact: Contact, dice: random.Random) -> Iterator[Contact]:
        """The contact's versions: about one edit in 500 days, of phone, street or e-mail consent."""
        yield contact
        moment = max(contact.CreatedDate, EDITS_FROM)
        while (moment := moment + timedelta(days=dice.expovariate(EDITS_A_DAY))) < EDITS_UNTIL:
            moment = moment.replace(microsecond=0)
            change = dice.choice(("phone", "street", "consent"))
            if change == "phone":
                area = next((c[3] for c in CITIES if c[0] == contact.MailingCity), CITIES[0][3])
                contact = replace(contact, MobilePhone=_phone(area, dice))
            elif change == "street":
                contact = replace(contact, MailingStreet=self.faker.street_address())
            else:
                contact = replace(contact, HasOptedOutOfEmail=not contact.HasOptedOutOfEmail)
            contact = replace(contact, LastModifiedDate=moment, SystemModstamp=moment)
            yield contact


def _created(household: Household, dice: random.Random) -> datetime:
    """A little before the first basket; before 2017 for those who were customers when the data begin."""
    if household.first_basket < datetime(2017, 2, 1):
        created = datetime(2016, 2, 1) + timedelta(seconds=dice.randrange(330 * 86_400))
    else:
        created = household.first_basket - timedelta(minutes=dice.randrange(10, 2_880))
    if household.first_campaign and household.first_campaign <= created:
        created = household.first_campaign - timedelta(minutes=dice.randrange(1_440, 43_200))
    return created.replace(microsecond=0)


def _birthdate(band: str | None, dice: random.Random) -> date | None:
    if band is None:
        return None
    youngest, oldest = AGE_BANDS[band]
    today = CLOCK_START.date()
    earliest = today.replace(year=today.year - oldest - 1) + timedelta(days=60)  # still in the band two months on
    latest = today.replace(year=today.year - youngest)
    return earliest + timedelta(days=dice.randrange((latest - earliest).days + 1))


def _email(first: str, last: str, number: int, dice: random.Random) -> str:
    # Multiplying by a number prime to the modulus permutes: no two households share a suffix.
    suffix = str(number * 48_271 % 1_000_003) + (f"-{number // 1_000_003}" if number > 1_000_003 else "")
    domain = dice.choice(("example.com", "example.org", "example.net"))
    local = dice.choice((f"{first}.{last}", f"{first[0]}{last}", f"{last}.{first}", f"{first}_{last[0]}"))
    return f"{re.sub('[^a-z._]', '', local.lower())}{suffix}@{domain}"


def _phone(area: str, dice: random.Random) -> str:
    return f"({area}) 555-{dice.randrange(10_000):04d}"


def _own_phone(area: str, household: Household, dice: random.Random) -> str:
    """A copy's number is its own: there are fewer 555 numbers than households in a large world."""
    if household.household_id <= REAL_HOUSEHOLDS:
        return _phone(area, dice)
    number = household.household_id * 48_271 % 3_000_017
    return f"({area}) {223 + number // 10_000}-{number % 10_000:04d}"


def _reformatted(phone: str, dice: random.Random) -> str:
    area, rest = phone[1:4], phone[6:]
    digits = rest.replace("-", "")
    return dice.choice((f"+1 {area} {rest}", f"{area}-{rest}", f"{area}.{rest}", f"1{area}{digits}", f"{area}{digits}"))


def _retyped_name(first: str, last: str, dice: random.Random) -> tuple[str, str]:
    if first in NICKNAMES and dice.random() < 0.6:
        return NICKNAMES[first], last if dice.random() < 0.6 else _misspelt(last, dice)
    return (_misspelt(first, dice), last) if dice.random() < 0.5 else (first, _misspelt(last, dice))


def _misspelt(word: str, dice: random.Random) -> str:
    """One typing error after the first letter: two letters swapped, one lost, or one struck twice."""
    if len(word) < 4:
        return word + word[-1]
    at = dice.randrange(1, len(word) - 1)
    error = dice.choice(("swap", "lose", "double"))
    if error == "swap" and word[at] != word[at + 1]:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + word[at + 1 :] if error == "lose" else word[:at] + word[at] + word[at:]


def _retyped_street(street: str, dice: random.Random) -> str:
    street = street.replace("\n", " ").replace("Apt. ", dice.choice(("Apt ", "#", "Unit ")))
    for word, short in STREET_WORDS.items():
        street = street.replace(word, short)
    return street


def contacts(people: Iterator[Person]) -> Iterator[tuple[Contact, datetime]]:
    """Every version with the moment the next one replaces it."""
    never = datetime(9999, 1, 1)
    for person in people:
        ends = [version.SystemModstamp for version in person.versions[1:]] + [never]
        yield from zip(person.versions, ends, strict=True)
