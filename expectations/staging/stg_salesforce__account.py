"""Accounts: the businesses among the customers."""

from typing import Any

TABLE = "pii.stg_salesforce__account"
KEY = ("account_id",)


def expectations() -> list[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToNotBeNull(column="account_id"),
        gxe.ExpectColumnValuesToBeUnique(column="account_id"),
        gxe.ExpectColumnValuesToNotBeNull(column="account_name", mostly=0.99),
        gxe.ExpectColumnValuesToBeBetween(column="employees", min_value=0, max_value=5_000_000),
        gxe.ExpectColumnValuesToNotBeNull(column="modified_at"),
    ]
