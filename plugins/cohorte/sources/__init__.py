"""Where data comes from: one module a platform. A source yields Arrow and knows no lake, no Airflow, no settings."""

from importlib import import_module

from cohorte.credentials import Credentials
from cohorte.sources.base import Source

NAMES = (
    "salesforce",
    "google_analytics",
    "meta",
    "hubspot",
    "mailchimp",
    "brevo",
    "marketing_cloud",
    "account_engagement",
)
"""Each is a module of this package with a class of the same name in CamelCase."""


def kind(name: str) -> type[Source]:
    """The class behind a name of `NAMES`. Raises ValueError when there is none."""
    if name not in NAMES:
        raise ValueError(f"source {name!r} is not one of {', '.join(NAMES)}")
    module = import_module(f"cohorte.sources.{name}")
    found: type[Source] = getattr(module, name.title().replace("_", ""))
    return found


def get(name: str, credentials: Credentials) -> Source:
    """The source `name`, ready to read. Raises ValueError for a name not in NAMES."""
    return kind(name)(credentials)
