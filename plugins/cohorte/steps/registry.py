"""The model registry: MLflow keeps runs, versions and who is champion."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from cohorte import postgres
from cohorte.settings import Settings

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

CHAMPION = "champion"
FILE = "model.joblib"


@dataclass(frozen=True)
class Registered:
    """One version of a model, as an object to use."""

    name: str
    version: str
    model: Any


def register(
    name: str, model: Any, *, parameters: Mapping[str, Any], metrics: Mapping[str, float], settings: Settings
) -> str:
    """Stores a trained model as the next version; returns the version. Nobody uses it until it is promoted."""
    import joblib
    import mlflow

    client = _client(settings)
    experiment = client.get_experiment_by_name(name)
    experiment_id = (
        experiment.experiment_id if experiment else client.create_experiment(name, _artifacts(settings, name))
    )
    with TemporaryDirectory() as folder, mlflow.start_run(experiment_id=experiment_id) as run:
        mlflow.log_params({key: str(value)[:500] for key, value in parameters.items()})
        mlflow.log_metrics({key: float(value) for key, value in metrics.items()})
        path = Path(folder) / FILE
        joblib.dump(model, path)
        mlflow.log_artifact(str(path), "model")
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    source = f"{run.info.artifact_uri}/model"
    return str(client.create_model_version(name, source=source, run_id=run.info.run_id).version)


def promote(name: str, version: str, *, settings: Settings) -> None:
    """Makes a version the champion."""
    _client(settings).set_registered_model_alias(name, CHAMPION, version)


def champion(name: str, *, settings: Settings) -> Registered | None:
    """The promoted version, None while there is none."""
    import joblib
    import mlflow

    client = _client(settings)
    try:
        version = client.get_model_version_by_alias(name, CHAMPION)
    except mlflow.MlflowException:
        return None
    folder = mlflow.artifacts.download_artifacts(version.source)
    return Registered(name, str(version.version), joblib.load(Path(folder) / FILE))


def _client(settings: Settings) -> "MlflowClient":
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow

    mlflow.set_tracking_uri(settings.mlflow_uri or postgres.sqlalchemy_url(settings, "mlflow"))
    return mlflow.MlflowClient()


def _artifacts(settings: Settings, name: str) -> str | None:
    """Where a local registry puts files; a tracking server decides for itself."""
    return None if settings.mlflow_uri else (settings.home.resolve() / "mlflow" / name).as_uri()
