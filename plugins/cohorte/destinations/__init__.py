"""Where data goes. One module a platform; each sends a batch and returns a receipt per row."""

from importlib import import_module

from cohorte.credentials import Credentials
from cohorte.destinations.base import Destination

_CLASSES = {
    "account_engagement": "AccountEngagement",
    "brevo": "Brevo",
    "google_data_manager": "GoogleDataManager",
    "hubspot": "HubSpot",
    "mailchimp": "Mailchimp",
    "marketing_cloud": "MarketingCloud",
    "meta_custom_audiences": "MetaCustomAudiences",
    "webhook": "Webhook",
}
NAMES = tuple(_CLASSES)


def kind(name: str) -> type[Destination]:
    """The class behind a name of `NAMES`. Raises ValueError when there is none."""
    if name not in _CLASSES:
        raise ValueError(f'destination "{name}" is not known. Known: {", ".join(NAMES)}.')
    found: type[Destination] = getattr(import_module(f"cohorte.destinations.{name}"), _CLASSES[name])
    return found


def get(name: str, credentials: Credentials) -> Destination:
    """A destination ready to send."""
    return kind(name)(credentials)
