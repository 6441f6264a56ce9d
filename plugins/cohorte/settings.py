"""The one place that reads the environment.

Two profiles: `local` (everything under `var/`, embedded PostgreSQL) and `cluster` (any PostgreSQL, any
S3 endpoint). Both run the same code; they differ in what `catalog` and `lake_path` point at.
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    """Every knob, as `COHORTE_<NAME>` in the environment."""

    model_config = SettingsConfigDict(env_prefix="COHORTE_", frozen=True)

    home: Path = ROOT / "var"
    """Everything the platform writes locally."""
    profile: Literal["local", "cluster"] = "local"
    catalog: str = ""
    """`cluster`: libpq connection string of DuckLake's catalogue, e.g. `host=db user=lake dbname=lake`."""
    lake_path: str = ""
    """Where Parquet goes. Default `<home>/lake`; `s3://bucket/prefix` in a cluster."""
    s3_endpoint: str = ""
    """`host:port` of an S3-compatible server; empty for AWS."""
    s3_region: str = "us-east-1"
    s3_key_id: str = ""
    s3_secret: SecretStr = SecretStr("")
    s3_use_ssl: bool = True
    clock: str = "system"
    """What `today` means: `system`, an ISO timestamp (replays), or a URL that answers `{"now": …}` (sandbox)."""
    memory_limit: str = "8GB"
    """DuckDB's memory limit, per process."""
    threads: int = 2
    airflow_port: int = 8080
    """Where `make up` serves Airflow."""
    unattended: bool = False
    """Nobody looks at Airflow's UI: a sync that is held fails at once, instead of waiting for an answer there."""
    sources: str = ""
    """The sources this installation uses, by comma; all there are when empty. The others' extracts are skipped."""
    sandbox_households: int | None = None
    """Keep the sandbox's world to so many households; all 2,469 when not set."""
    sandbox_scale: int = 1
    """So many copies of each of the sandbox's households, to test under load: 40 are 100,000 customers."""
    mlflow_uri: str = ""
    """MLflow tracking server. Default: the `mlflow` database of the embedded PostgreSQL."""

    @model_validator(mode="after")
    def _cluster_names_its_services(self) -> "Settings":
        if self.profile == "cluster" and not (self.catalog and self.lake_path):
            raise ValueError(
                "profile 'cluster' needs COHORTE_CATALOG (a PostgreSQL connection string) "
                "and COHORTE_LAKE_PATH (e.g. s3://bucket/lake)"
            )
        return self

    @property
    def data_path(self) -> str:
        return (self.lake_path or str(self.home.resolve() / "lake")).rstrip("/")

    @property
    def dbt_project(self) -> Path:
        return ROOT / "dbt_project"

    @property
    def dbt_target(self) -> Path:
        """Compiled SQL, manifest and logs; per home, so that two homes never share a target folder."""
        return self.home.resolve() / "dbt"


@lru_cache
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()


def run_context() -> dict[str, str]:
    """Who is running: Airflow's DAG, task and run when there are any; stamped on every commit to the lake."""
    prefix = "AIRFLOW_CTX_"
    names = ("DAG_ID", "TASK_ID", "DAG_RUN_ID")
    return {name.lower(): os.environ[prefix + name] for name in names if prefix + name in os.environ}
