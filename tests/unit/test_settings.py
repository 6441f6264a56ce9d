"""Settings: a cluster must name its services, and secrets do not show."""

import pytest
from pydantic import ValidationError

from cohorte.credentials import Credentials
from cohorte.settings import Settings


def test_a_cluster_names_its_services() -> None:
    with pytest.raises(ValidationError, match="COHORTE_CATALOG"):
        Settings(profile="cluster")


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COHORTE_PROFILE", "cluster")
    monkeypatch.setenv("COHORTE_CATALOG", "host=db dbname=lake")
    monkeypatch.setenv("COHORTE_LAKE_PATH", "s3://bucket/lake/")
    assert Settings().data_path == "s3://bucket/lake"


def test_credentials_keep_their_secrets() -> None:
    credentials = Credentials.from_mapping(
        "hubspot_default", {"host": "example.com", "password": "hush", "extra": '{"token": "hush"}'}
    )
    assert "hush" not in repr(credentials)
    assert credentials.required("token") == "hush"
    with pytest.raises(KeyError, match="hubspot_default"):
        credentials.required("list_id")
