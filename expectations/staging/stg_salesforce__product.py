"""Products of the CRM."""

from typing import Any

TABLE = "staging.stg_salesforce__product"
KEY = ("product_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToBeUnique(column="product_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="department", mostly=0.9),
        gxe.ExpectColumnValuesToNotBeNull(column="is_deleted"),
    ]
