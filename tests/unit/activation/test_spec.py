"""Syncs as declared in dbt's exposures."""

import json
from pathlib import Path
from typing import Any

import pytest

from cohorte.activation.spec import FieldMapping, SyncSpec
from cohorte.steps.activate import load_syncs

DECLARED = {
    "destination": "hubspot",
    "connection": "hubspot_default",
    "audience": "Coupon lovers",
    "segment": "coupon_lovers",
    "fields": {"firstname": {"column": "pii.dim_contact.given_name", "null": "clear"}},
}


@pytest.mark.parametrize("place", ["config", "exposure"])
def test_a_sync_is_read_from_an_exposures_meta(tmp_path: Path, place: str) -> None:
    meta = {"meta": {"sync": DECLARED}}
    exposure = {"name": "coupons", **(meta if place == "exposure" else {"config": meta})}
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"exposures": {"exposure.p.coupons": exposure, "exposure.p.other": {"name": "x"}}}))
    (sync,) = load_syncs(manifest)
    assert (sync.name, sync.segments, sync.mode) == ("coupons", ("coupon_lovers",), "mirror")
    assert sync.fields == (FieldMapping(name="firstname", table="pii.dim_contact", column="given_name", null="clear"),)


def test_no_manifest_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="Build once"):
        load_syncs(tmp_path / "manifest.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"segment": None}, "needs segment"),
        ({"mode": "mirorr"}, "it may be mirror, upsert, append"),
        ({"feilds": {}}, "does not know feilds"),
        ({"fields": {"firstname": "given_name"}}, "no schema.table.column"),
        ({"fields": {"firstname": "pii.dim_contact.name; drop table x"}}, "no schema.table.column"),
        ({"guard": {"max_removals": 1}}, "guard: .*max_removals"),
        ({"key": "loyalty_id"}, "it may be email, phone, customer_id"),
    ],
)
def test_a_wrong_declaration_names_the_sync_and_the_entry(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"sync coupons.*{message}"):
        SyncSpec.parse("coupons", DECLARED | change)
