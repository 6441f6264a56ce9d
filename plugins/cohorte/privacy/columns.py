"""Which columns of the lake say whom a row is about.

Erasing, exporting and the filter at landing go by this map alone. A column is known by its name wherever it occurs
(NAMES), or in one table (COLUMNS), where a name like `id` says nothing by itself. A table that is about nobody says
so in NOBODY, with the reason: tests/contract/test_privacy_map.py fails for a table that is in neither.
"""

from collections.abc import Iterable

Kinds = tuple[str, ...]

NAMES: dict[str, Kinds] = {
    "customer_id": ("customer",),
    "other_customer_id": ("customer",),
    "record_id": ("record",),
    "email": ("email",),
    "email_address": ("email",),
    "phone": ("phone",),
    "phone_e164": ("phone",),
    "phone_number": ("phone",),
    "mobile_phone": ("phone",),
    "contact_id": ("contact",),
    "bill_to_contact_id": ("contact",),
    "converted_contact_id": ("contact",),
    "custom_user_crm_contact_id": ("contact",),
    "individual_id": ("individual",),
    "loyalty_id": ("loyalty",),
    "loyalty_id_c": ("loyalty",),
    "meta_user_id": ("meta_user",),
    "order_id": ("order",),
    "return_order_id": ("return_order",),
    "subscriber_key": ("contact", "email"),
    "destination_key": ("destination_key",),
}
"""Column -> the kinds of identifier it holds."""

COLUMNS: dict[str, dict[str, Kinds]] = {
    "raw.salesforce__contact": {"id": ("contact",)},
    "raw.salesforce__lead": {"id": ("lead",)},
    "raw.salesforce__individual": {"id": ("individual",)},
    "raw.salesforce__contact_point_type_consent": {"party_id": ("individual",)},
    "raw.salesforce__order": {"id": ("order",)},
    "raw.salesforce__return_order": {"id": ("return_order",)},
    "raw.meta__lead": {"id": ("meta_lead",)},
    "raw.meta__comment": {"from_id": ("meta_user",)},
    "raw.meta__reaction": {"id": ("meta_user",)},
    "pii.stg_salesforce__lead": {"lead_id": ("lead",)},
    "pii.stg_meta__lead": {"lead_id": ("meta_lead",)},
    "pii.int_identity__record": {"identifier": ("loyalty",), "crm_id": ("contact",)},
    "pii.int_identity__normal": {"identifier": ("loyalty",), "crm_id": ("contact",)},
    "intermediate.int_identity__link": {"a": ("record",), "b": ("record",)},
    "pii.activation_key": {"key": ("email", "phone", "customer")},
    "activation.suppression": {"identifier": ("customer", "destination_key")},
}
"""Table -> its columns that no name gives away."""

TEXTS: dict[str, tuple[str, ...]] = {
    "ops.quarantine": ("record",),
    "ops.gate_result": ("observed", "unexpected_sample"),
    "ops.load_event": ("event",),
}
"""Table -> columns with text of any kind, in which a person may be named."""

BLANKED = frozenset({"ops.gate_result", "ops.load_event"})
"""Tables of TEXTS whose rows are about a run: they stay, and their text is struck out."""

NOBODY: dict[str, str] = {
    "activation.alert": "a sync whose state changed",
    "activation.audience": "a list on a platform",
    "activation.sync_run": "a run, counted",
    "intermediate.int_geography__city": "a town",
    "intermediate.int_identity__model": "what tells people apart, and values that several share",
    "intermediate.int_psychographics__meaning": "what words tell, by their hash; whose they are is said elsewhere",
    "marts.dim_campaign": "a campaign",
    "marts.dim_product": "a product",
    "marts.fct_ad_insight": "an advertisement, counted",
    "ml.audit_result": "groups of people, counted",
    "ml.drift_result": "a feature of a model",
    "ml.model_version": "a model",
    "ops.bookmark": "how far a source was read",
    "ops.built": "a model of the dbt project",
    "ops.erasure": "an erasure; its subject is a keyed hash",
    "ops.freshness": "a stream",
    "ops.gate_accepted": "a table, counted",
    "ops.load": "a load, counted",
    "ops.published": "a snapshot of the lake",
    "ops.run": "a run",
    "pii.int_psychographics__text": "what was said, not by whom; a view, which forgets with int_psychographics__said",
    "pii.stg_salesforce__account": "a business",
    "raw.google_analytics__report": "a report's cost",
    "raw.meta__ad_insight": "an advertisement, counted",
    "raw.salesforce__account": "a business",
    "raw.salesforce__campaign": "a campaign",
    "raw.salesforce__product2": "a product",
    "segments.definition": "a segment",
    "staging.stg_google_analytics__report": "a report's cost",
    "staging.stg_meta__ad_insight": "an advertisement, counted",
    "staging.stg_salesforce__campaign": "a campaign",
    "staging.stg_salesforce__product": "a product",
}
"""Table -> what a row of it is, when that is no person."""

ARRIVING = frozenset(
    {"email", "contact", "lead", "individual", "loyalty", "meta_lead", "meta_user", "order", "return_order"}
)
"""Kinds by which an erased person is known again at landing. Not by phone: the number may be somebody else's now."""


def identifying(table: str, names: Iterable[str]) -> dict[str, Kinds]:
    """The columns of `schema.table`, among `names`, that say whom a row is about; none for a table about nobody."""
    if table in NOBODY:
        return {}
    known = NAMES | COLUMNS.get(table, {})
    return {name: known[name] for name in names if name in known}
