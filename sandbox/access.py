"""How to reach the stand-ins, in the shape of Airflow connections: production differs in these values only."""

from pathlib import Path
from typing import Any

from sandbox.keys import keys
from sandbox.stubs import stubs

PROPERTY_ID = "312345678"
PAGE_ID = "104612345678901"
LIST_ID = "a1b2c3d4e5"
FOLDER_ID = 7
AD_ACCOUNT_ID = "203040506070809"
ADS_CUSTOMER_ID = "1234567890"
MEMBER_ID = "510001234"
CATEGORY_ID = 82564
BUSINESS_UNIT_ID = "0Uv5f000000CohorteA"


def connections(base_url: str, folder: Path) -> dict[str, dict[str, Any]]:
    """Airflow connection id -> connection (conn_type, host, login, password, extra), for a sandbox at `base_url`.

    `folder` is the sandbox's `--dir`; its keys are made when it has none yet.
    """
    held = keys(folder)
    base_url = base_url.rstrip("/")
    service_account = {
        "type": "service_account",
        "project_id": "cohorte-sandbox",
        "private_key_id": held.google_key_id,
        "private_key": held.private_key,
        "client_email": held.google_client_email,
        "client_id": "100000000000000000001",
        "token_uri": f"{base_url}/google/token",
    }
    written = {f"{stub.PLATFORM}_default": stub.connection(base_url, folder) for stub in stubs()}
    return written | {
        "salesforce_default": {
            "conn_type": "salesforce",
            "host": f"{base_url}/salesforce",
            "login": held.salesforce_username,
            "password": held.salesforce_password,
            "extra": {
                "consumer_key": held.salesforce_consumer_key,
                "consumer_secret": held.salesforce_consumer_secret,
                "private_key": held.private_key,
                "instance_url": f"{base_url}/salesforce",
                "version": "60.0",
            },
        },
        "google_analytics_default": {
            "conn_type": "google_cloud_platform",
            "host": base_url,
            "extra": {
                "keyfile_dict": service_account,
                "property_id": PROPERTY_ID,
                "api_endpoint": base_url,
            },
        },
        "meta_default": {
            "conn_type": "facebook_social",
            "host": f"{base_url}/meta",
            "extra": {
                "access_token": held.meta_token,
                "app_id": held.meta_app_id,
                "ad_account_id": AD_ACCOUNT_ID,
                "app_secret": held.meta_app_secret,
                "page_id": PAGE_ID,
            },
        },
        "hubspot_default": {"conn_type": "http", "host": f"{base_url}/hubspot", "password": held.hubspot_token},
        "mailchimp_default": {
            "conn_type": "http",
            "host": f"{base_url}/mailchimp",
            "password": held.mailchimp_key,
            "extra": {"list_id": LIST_ID},
        },
        "brevo_default": {
            "conn_type": "http",
            "host": f"{base_url}/brevo",
            "password": held.brevo_key,
            "extra": {"folder_id": FOLDER_ID, "notify_url": "https://hooks.example.com/brevo"},
        },
        "marketing_cloud_default": {
            "conn_type": "http",
            "host": f"{base_url}/marketing_cloud",
            "login": held.marketing_cloud_client_id,
            "password": held.marketing_cloud_client_secret,
            "extra": {"account_id": MEMBER_ID, "category_id": CATEGORY_ID},
        },
        "meta_custom_audiences_default": {
            "conn_type": "http",
            "host": f"{base_url}/meta_custom_audiences",
            "password": held.meta_token,
            "extra": {"ad_account_id": AD_ACCOUNT_ID, "app_secret": held.meta_app_secret},
        },
        "google_data_manager_default": {
            "conn_type": "google_cloud_platform",
            "host": f"{base_url}/google_data_manager",
            "extra": {
                "keyfile_dict": service_account,
                "account_id": ADS_CUSTOMER_ID,
                "customer_match_terms": "ACCEPTED",
                "consent": "CONSENT_GRANTED",
            },
        },
        "account_engagement_default": {
            "conn_type": "salesforce",
            "host": f"{base_url}/account_engagement",
            "login": held.salesforce_username,
            "extra": {
                "consumer_key": held.salesforce_consumer_key,
                "consumer_secret": held.salesforce_consumer_secret,
                "private_key": held.private_key,
                "instance_url": f"{base_url}/salesforce",
                "business_unit_id": BUSINESS_UNIT_ID,
            },
        },
    }
