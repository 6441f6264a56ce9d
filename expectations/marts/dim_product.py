"""Products: what order lines and interests are named by."""

from typing import Any

TABLE = "marts.dim_product"
KEY = ("product_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    from expectations.past import ExpectColumnLikeLastAccepted

    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToBeUnique(column="product_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="product_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="department", mostly=0.9),
        gxe.ExpectColumnValuesToNotBeNull(column="brand", mostly=0.9),
        ExpectColumnLikeLastAccepted(column="department"),
    ]
