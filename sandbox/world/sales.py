"""The rest of Salesforce: businesses among the households, what they ordered for guests, prospects, and consents.

All of it is made up. A tenth of the households shop for a business: an Account, whose Contact they are. Now and then
one of its baskets was the outcome of an Opportunity (catering). Some of the businesses were a Lead before, which was
converted into the Contact; other Leads are strangers who never became customers. A third of the Contacts have an
Individual, which is where Salesforce keeps what a person consents to, and below it consents by way of contact.
"""

from collections.abc import Sequence

import duckdb

from sandbox.world import ids

BUSINESSES, INDIVIDUALS, STRANGERS = 0.1, 1 / 3, 0.12
"""Shares of the households: with an Account; with an Individual; beside whose number a stranger became a Lead."""
NEVER = "TIMESTAMP '9999-01-01'"


def _of_primary(share: float, purpose: str, prefix: str) -> str:
    """SQL: the id of a record some primary contacts have; `household_id` and `duplicate` must be in scope."""
    held = f"duplicate = '' AND dice('{purpose}', household_id) < {share}"
    return f"CASE WHEN {held} THEN {ids.record_id_sql(prefix, 'household_id')} END"


ACCOUNT_OF = _of_primary(BUSINESSES, "account", ids.ACCOUNT)
INDIVIDUAL_OF = _of_primary(INDIVIDUALS, "individual", ids.INDIVIDUAL)
INDUSTRY = {
    "Cafe": "Food & Beverage",
    "Day Care": "Education",
    "Dental Practice": "Healthcare",
    "Guest House": "Hospitality",
    "Law Office": "Consulting",
    "Fitness Club": "Recreation",
    "Community Center": "Not For Profit",
    "Flower Shop": "Retail",
}
FIRST_NAMES = ("Ada", "Ben", "Carla", "Dmitri", "Elena", "Frank", "Grace", "Hugo", "Ines", "Jamal", "Karin", "Leo")
LAST_NAMES = (
    "Abbott",
    "Baum",
    "Castro",
    "Dunn",
    "Ekström",
    "Flores",
    "Gupta",
    "Hahn",
    "Ito",
    "Jansen",
    "Kowal",
    "Lund",
)
POINTS = ("Email", "Phone", "MailingAddress", "Web")
SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Trade Show")


def build(world: duckdb.DuckDBPyConnection) -> None:
    """Make `account`, `opportunity`, `crm_lead`, `individual` and `consent` from `contact`, `truth` and `basket`."""
    world.execute(
        """
        CREATE TEMP TABLE person AS
        SELECT DISTINCT ON (household_id) household_id, contact.*
        FROM contact JOIN truth ON contact_id = Id
        WHERE duplicate = ''
        ORDER BY household_id, SystemModstamp
        """
    )
    _accounts(world)
    _opportunities(world)
    _leads(world)
    _individuals(world)
    _consents(world)


def _accounts(world: duckdb.DuckDBPyConnection) -> None:
    kind = _one_of(tuple(INDUSTRY), "business", "household_id")
    industry = _one_of(tuple(INDUSTRY.values()), "business", "household_id")
    world.execute(
        f"""
        CREATE TABLE account AS
        SELECT AccountId AS Id, LastName || ' ' || {kind} AS Name, 'Customer - Direct' AS Type, {industry} AS Industry,
            MobilePhone AS Phone, MailingStreet AS BillingStreet, MailingCity AS BillingCity,
            MailingState AS BillingState, MailingPostalCode AS BillingPostalCode, MailingCountry AS BillingCountry,
            2 + floor(40 * dice('employees', household_id) ** 2) AS NumberOfEmployees,
            CreatedDate AS LastModifiedDate, CreatedDate, CreatedDate AS SystemModstamp, false AS IsDeleted
        FROM person
        WHERE AccountId IS NOT NULL
        ORDER BY SystemModstamp, Id
        """
    )


def _opportunities(world: duckdb.DuckDBPyConnection) -> None:
    """Opened three weeks before the basket, offered ten days before it; with it won, or lost to someone else."""
    world.execute(
        f"""
        CREATE TABLE opportunity AS
        SELECT Id, 'Catering ' || ordered_at::DATE AS Name, AccountId, ContactId, StageName, Amount, Probability,
            ordered_at::DATE AS CloseDate, 'New Customer' AS Type, LeadSource,
            starts_with(StageName, 'Closed') AS IsClosed, StageName = 'Closed Won' AS IsWon,
            moment AS LastModifiedDate, ordered_at - INTERVAL 21 DAY AS CreatedDate, moment AS SystemModstamp,
            false AS IsDeleted, lead(moment, 1, {NEVER}) OVER (PARTITION BY Id ORDER BY moment) AS valid_to
        FROM (
            SELECT {ids.record_id_sql(ids.OPPORTUNITY, "number")} AS Id, AccountId, person.Id AS ContactId, ordered_at,
                round(total * (3 + 9 * dice('catering', basket_id)), 2) AS Amount,
                {_one_of(SOURCES, "source", "basket_id")} AS LeadSource,
                CASE WHEN dice('won', basket_id) < 0.7 THEN 'won' ELSE 'lost' END AS outcome
            FROM basket JOIN person USING (household_id)
            WHERE AccountId IS NOT NULL AND dice('deal', basket_id) < 0.06
                AND ordered_at - INTERVAL 21 DAY >= person.CreatedDate
        )
        JOIN (VALUES ('any', 'Prospecting', 10.0, 21), ('any', 'Proposal/Price Quote', 75.0, 10),
                     ('won', 'Closed Won', 100.0, 0), ('lost', 'Closed Lost', 0.0, 0))
            AS stage (leads_to, StageName, Probability, days_before) ON leads_to IN ('any', outcome)
        CROSS JOIN LATERAL (SELECT ordered_at - to_days(days_before) AS moment)
        ORDER BY SystemModstamp, Id
        """
    )


def _leads(world: duckdb.DuckDBPyConnection) -> None:
    """Those who became a Contact, and strangers: some of these are worked on, given up, and thrown away."""
    first, last = _one_of(FIRST_NAMES, "first-name", "household_id"), _one_of(LAST_NAMES, "last-name", "household_id")
    world.execute(
        f"""
        CREATE TABLE crm_lead AS
        SELECT {ids.record_id_sql(ids.LEAD, "number")} AS Id, FirstName, LastName,
            LastName || ' ' || {_one_of(tuple(INDUSTRY), "business", "household_id")} AS Company, Email, Phone, City,
            State, 'US' AS Country, {_one_of(SOURCES, "source", "household_id")} AS LeadSource, Status,
            dice('no-email', number) < 0.04 AS HasOptedOutOfEmail, Status = 'Closed - Converted' AS IsConverted,
            CASE WHEN IsConverted THEN moment::DATE END AS ConvertedDate,
            CASE WHEN IsConverted THEN AccountId END AS ConvertedAccountId,
            CASE WHEN IsConverted THEN ContactId END AS ConvertedContactId, moment AS LastModifiedDate,
            created AS CreatedDate, moment AS SystemModstamp, is_thrown_away AS IsDeleted,
            lead(moment, 1, {NEVER}) OVER (PARTITION BY number ORDER BY moment) AS valid_to
        FROM (
            SELECT household_id, 2 * household_id AS number, FirstName, LastName, Email, MobilePhone AS Phone,
                MailingCity AS City, MailingState AS State, AccountId, Id AS ContactId, CreatedDate AS converted,
                CreatedDate - to_days((3 + 40 * dice('courted', household_id))::INTEGER) AS created, 'converted' AS fate
            FROM person
            WHERE AccountId IS NOT NULL AND dice('lead', household_id) < 0.6
            UNION ALL BY NAME
            SELECT household_id, 2 * household_id + 1 AS number, {first} AS FirstName, {last} AS LastName,
                lower(FirstName) || '.' || household_id || '@example.net' AS Email, MailingCity AS City,
                MailingState AS State,
                TIMESTAMP '2017-01-03' + to_seconds((450 * 86400 * dice('asks', household_id))::INTEGER) AS created,
                CASE WHEN dice('fate', household_id) < 0.4 THEN 'open'
                     WHEN dice('fate', household_id) < 0.8 THEN 'lost' ELSE 'thrown away' END AS fate
            FROM person
            WHERE dice('stranger', household_id) < {STRANGERS}
        )
        JOIN (VALUES ('Open - Not Contacted', 0, false, ['converted', 'open', 'lost', 'thrown away']),
                     ('Working - Contacted', 4, false, ['open', 'lost', 'thrown away']),
                     ('Closed - Not Converted', 45, false, ['lost', 'thrown away']),
                     ('Closed - Not Converted', 75, true, ['thrown away']),
                     ('Closed - Converted', 0, false, ['converted']))
            AS stage (Status, days, is_thrown_away, fates) ON list_contains(fates, fate)
        CROSS JOIN LATERAL (
            SELECT CASE WHEN Status = 'Closed - Converted' THEN converted ELSE created + to_days(days) END AS moment
        )
        ORDER BY SystemModstamp, Id
        """
    )


def _individuals(world: duckdb.DuckDBPyConnection) -> None:
    """As they came with their Contact; one in seven changed their mind about something since."""
    world.execute(
        f"""
        CREATE TABLE individual AS
        SELECT IndividualId AS Id, FirstName, LastName, Birthdate AS BirthDate,
            is_changed AND dice('processing', household_id) < 0.15 AS HasOptedOutProcessing,
            is_changed AND dice('profiling', household_id) < 0.5 AS HasOptedOutProfiling,
            is_changed AND dice('solicit', household_id) < 0.6 AS HasOptedOutSolicit,
            is_changed AND dice('tracking', household_id) < 0.4 AS HasOptedOutTracking,
            is_changed AND dice('geo', household_id) < 0.3 AS HasOptedOutGeoTracking,
            is_changed AND dice('forget', household_id) < 0.07 AS ShouldForget,
            is_changed AND dice('export', household_id) < 0.1 AS SendIndividualData, false AS CanStorePiiElsewhere,
            moment AS LastModifiedDate, CreatedDate, moment AS SystemModstamp, false AS IsDeleted,
            lead(moment, 1, {NEVER}) OVER (PARTITION BY IndividualId ORDER BY moment) AS valid_to
        FROM (
            SELECT *, false AS is_changed, CreatedDate AS moment FROM person
            UNION ALL
            SELECT *, true, CreatedDate + to_hours((24 + 12000 * dice('second-thoughts', household_id))::INTEGER)
            FROM person
            WHERE dice('changes-mind', household_id) < 0.15
        )
        WHERE IndividualId IS NOT NULL
        ORDER BY SystemModstamp, Id
        """
    )


def _consents(world: duckdb.DuckDBPyConnection) -> None:
    """What people said of one way to reach them: most agreed when they came, some took it back in the app."""
    number = f"household_id * {len(POINTS)} + place"
    world.execute(
        f"""
        CREATE TABLE consent AS
        SELECT {ids.record_id_sql(ids.CONSENT, number)} AS Id, point || ' consent' AS Name, IndividualId AS PartyId,
            point AS ContactPointType, 'Web' AS CaptureContactPointType,
            CASE WHEN is_changed THEN 'Preference center' ELSE 'Sign-up form' END AS CaptureSource,
            CASE WHEN is_changed THEN 'OptOut' ELSE 'OptIn' END AS PrivacyConsentStatus, NULL AS DataUsePurposeId,
            moment AS CaptureDate, moment AS EffectiveFrom, NULL::TIMESTAMP AS EffectiveTo,
            moment AS LastModifiedDate, CreatedDate, moment AS SystemModstamp, false AS IsDeleted,
            lead(moment, 1, {NEVER}) OVER (PARTITION BY IndividualId, point ORDER BY moment) AS valid_to
        FROM (
            SELECT *, false AS is_changed, CreatedDate AS moment FROM person
            UNION ALL
            SELECT *, true, CreatedDate + to_hours((24 + 12000 * dice('takes-back', household_id))::INTEGER) FROM person
        )
        CROSS JOIN (SELECT unnest({list(POINTS)}) AS point, unnest(range({len(POINTS)})) AS place)
        WHERE IndividualId IS NOT NULL AND dice('agrees', {number}) < 0.8
            AND (NOT is_changed OR dice('takes-back', {number}) < 0.12)
        ORDER BY SystemModstamp, Id
        """
    )


def _one_of(values: Sequence[str], purpose: str, key: str) -> str:
    """SQL: one of the values, by the dice of a key."""
    listed = ", ".join(f"'{value}'" for value in values)
    return f"[{listed}][1 + floor({len(values)} * dice('{purpose}', {key}))::INTEGER]"
