"""The forms in which keys are compared, and text as SQL: what a statement of a plan is made of."""

_BARE = r"regexp_replace(lower({0}), '\s', '', 'g')"


def _google(email: str) -> str:
    """Gmail takes no notice of dots, nor of what follows a plus.

    https://developers.google.com/data-manager/api/devguides/concepts/formatting
    """
    name = f"replace(split_part(split_part({email}, '@', 1), '+', 1), '.', '')"
    is_gmail = f"ends_with({email}, '@gmail.com') or ends_with({email}, '@googlemail.com')"
    return f"if({is_gmail}, {name} || '@' || split_part({email}, '@', 2), {email})"


NORMAL_FORMS = {
    # trim() decodes every value it is given; most need none of it
    "lower_trim": "lower(if(contains({0}, ' '), trim({0}), {0}))",
    "google_email": f"if(regexp_matches({{0}}, '\\s'), {_google(_BARE)}, {_google('lower({0})')})",
    "as_is": "{0}::varchar",
}
WELL_FORMED = {"email": r"[^@\s]+@[^@\s]+\.[^@\s]+", "phone": r"\+[1-9][0-9]{6,14}", "customer_id": r".+"}


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
