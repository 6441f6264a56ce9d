"""What SOAP's Retrieve knows of the e-mail world: objects, their properties, their rows.

https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/sentevent.html (and openevent, clickevent,
bounceevent, unsubevent, subscriber)
https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/retrieving_the_subscriberstatusevent.html
https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/subscriberstatus.html

As with Marketing Cloud Connect, a subscriber's key is the id of the CRM contact. Simplified: who bounces hard is held
at once, which takes three bounces in truth, and the bounce is always hard. A complaint is told by a status event alone.
"""

from dataclasses import dataclass
from datetime import datetime

_EVENT = {
    "SendID": "mailing_id::varchar",
    "SubscriberKey": "contact_id",
    "EventDate": "happened_at",
    "BatchID": "'1'",
}
_EVENTS = """(
    SELECT mail_event.*, contact_id FROM mail_event JOIN subscriber USING (platform, subscriber_id)
    WHERE platform = 'marketing_cloud' AND kind = '{kind}' AND happened_at <= $now)"""
_SUBSCRIBERS = "(FROM subscriber WHERE platform = 'marketing_cloud' AND subscribed_at <= $now)"
_CHANGES = "(FROM subscriber WHERE platform = 'marketing_cloud' AND left_at <= $now)"
_HAS_LEFT = "left_at <= $now"


@dataclass(frozen=True)
class Object:
    """A kind of record: where its rows come from, and what each property is there."""

    rows: str
    properties: dict[str, str]
    dates: tuple[str, ...]
    is_extension: bool = False
    """Its rows come as `ObjectExtension`, with names and values instead of elements."""


def _event(kind: str, event_type: str, **more: str) -> Object:
    rows = _EVENTS.format(kind=kind)
    return Object(rows, _EVENT | {"EventType": f"'{event_type}'"} | more, ("EventDate",))


OBJECTS = {
    "SentEvent": _event("sent", "Sent"),
    "OpenEvent": _event("open", "Open"),
    "ClickEvent": _event("click", "Click", URL="url", URLID="'1'"),
    "BounceEvent": _event(
        "bounce",
        "HardBounce",
        BounceCategory="'Hard bounce - User Unknown'",
        BounceType="'immediate'",
        SMTPCode="'550'",
        SMTPReason="'5.1.1 user unknown'",
    ),
    "UnsubEvent": _event("unsubscribe", "Unsubscribe", IsMasterUnsubscribed="'true'"),
    "Subscriber": Object(
        _SUBSCRIBERS,
        {
            "ID": "subscriber_id::varchar",
            "SubscriberKey": "contact_id",
            "EmailAddress": "email",
            "EmailTypePreference": "'HTML'",
            "Status": f"CASE WHEN {_HAS_LEFT} THEN if(left_why = 'bounce', 'Held', 'Unsubscribed') ELSE 'Active' END",
            "CreatedDate": "subscribed_at",
            "UnsubscribedDate": f"CASE WHEN {_HAS_LEFT} AND left_why <> 'bounce' THEN left_at END",
        },
        ("CreatedDate", "UnsubscribedDate"),
    ),
    "SubscriberStatusEvent": Object(
        _CHANGES,
        {
            "SubscriberID": "subscriber_id::varchar",
            "SubscriberKey": "contact_id",
            "CurrentStatus": "if(left_why = 'bounce', 'Held', 'Unsub')",
            "PreviousStatus": "'Normal'",
            "ReasonUnsub": "CASE WHEN left_why = 'complaint' THEN 'Spam complaint from example.com' END",
            "CreatedDate": "left_at",
        },
        ("CreatedDate",),
        is_extension=True,
    ),
}


def select(kind: str, properties: list[str], condition: str) -> str:
    """The query for some properties of an object, in order; it takes `$now` and the condition's parameters."""
    known = OBJECTS[kind]
    columns = ", ".join(f'{expression} AS "{name}"' for name, expression in known.properties.items())
    wanted = ", ".join(f'"{name}"' for name in properties)
    ordered = ", ".join(f'"{name}"' for name in known.properties)
    return f"SELECT {wanted} FROM (SELECT {columns} FROM {known.rows}) WHERE {condition} ORDER BY {ordered}"


def server_time(moment: datetime) -> str:
    """Marketing Cloud's own clock: UTC-6 all year, and no word of it."""
    from datetime import timedelta

    return (moment - timedelta(hours=6)).isoformat(timespec="milliseconds")
