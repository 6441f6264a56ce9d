"""Salesforce record ids: 15 case-sensitive characters, plus three that make them safe where case is lost.

https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/field_types.htm (ID field)
"""

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
INSTANCE = "5F"

CONTACT, PRODUCT, ORDER, ORDER_ITEM = "003", "01t", "801", "802"
ACCOUNT, LEAD, OPPORTUNITY, INDIVIDUAL = "001", "00Q", "006", "0PK"
CONSENT, RETURN_ORDER, RETURN_LINE = "0ZY", "0ro", "1rl"
"""A guess: ids are opaque, and no page names the prefixes of ContactPointTypeConsent, ReturnOrder and its lines."""
CAMPAIGN, CAMPAIGN_MEMBER, JOB, USER, ORGANIZATION = "701", "00v", "750", "005", "00D"


def checksum(fifteen: str) -> str:
    """The three last characters: for each group of five, which of them are capitals, as one base-32 digit."""
    groups = (fifteen[start : start + 5] for start in (0, 5, 10))
    return "".join(CHECKSUM[sum(1 << place for place, char in enumerate(group) if char.isupper())] for group in groups)


def record_id(prefix: str, number: int) -> str:
    """The 18-character id of a record. `number` is up to ten base-36 digits."""
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
    fifteen = prefix + INSTANCE + digits.rjust(10, "0")
    return fifteen + checksum(fifteen)


def record_id_sql(prefix: str, number: str) -> str:
    """The same, as a SQL expression over the expression `number`."""
    return f"'{prefix}{INSTANCE}' || lower(to_base({number}, 36, 10)) || '{record_id(prefix, 0)[-3:]}'"
