"""The model registry: MLflow keeps runs, versions and who is champion."""

import json
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

CHAMPION, CHALLENGER = "champion", "challenger"
FILE, CARD, REFERENCE = "model.joblib", "card.html", "reference.json"


class UnreadableModelError(RuntimeError):
    """A stored model that this version of the code cannot load."""


@dataclass(frozen=True)
class Registered:
    """One version of a model, as an object to use."""

    name: str
    version: str
    model: Any
    parameters: Mapping[str, str]
    reference: Mapping[str, Any]
    """What the customers and the scores looked like, for drift (`models_ml.drift.Reference`)."""


def register(
    name: str,
    model: Any,
    *,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, float],
    card: str,
    reference: Mapping[str, Any],
    settings: Settings,
) -> str:
    """Stores a trained model and its card (HTML) as the next version, the challenger; returns the version.

    Nobody uses it until it is promoted.
    """
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
        mlflow.log_text(card, f"model/{CARD}")
        mlflow.log_dict(dict(reference), f"model/{REFERENCE}")
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    source = f"{run.info.artifact_uri}/model"
    version = str(client.create_model_version(name, source=source, run_id=run.info.run_id).version)
    client.set_registered_model_alias(name, CHALLENGER, version)
    return version


def promote(name: str, version: str, *, settings: Settings) -> None:
    """Makes a version the champion."""
    _client(settings).set_registered_model_alias(name, CHAMPION, version)


def champion(name: str, *, settings: Settings) -> Registered | None:
    """The promoted version, None while there is none. Raises UnreadableModelError as `load` does."""
    version = champion_version(name, settings=settings)
    return load(name, version, settings=settings) if version else None


def load(name: str, version: str, *, settings: Settings) -> Registered:
    """One version. Raises ValueError when there is none, UnreadableModelError when it was stored by a version of the
    code whose classes are no longer there."""
    import joblib
    import mlflow

    client = _client(settings)
    try:
        found = client.get_model_version(name, version)
    except mlflow.MlflowException as error:
        raise ValueError(f"model {name} has no version {version}: {error}") from error
    folder = Path(mlflow.artifacts.download_artifacts(found.source))
    reference = folder / REFERENCE
    try:
        return Registered(
            name,
            str(found.version),
            joblib.load(folder / FILE),
            client.get_run(str(found.run_id)).data.params,
            json.loads(reference.read_text()) if reference.exists() else {},
        )
    except (ImportError, AttributeError) as error:
        raise UnreadableModelError(
            f"model {name} version {version} cannot be read by this version of the code ({error}). "
            f"Train a new one: cohorte run train {name}"
        ) from error


def champion_version(name: str, *, settings: Settings) -> str | None:
    """Its number alone, without loading it."""
    import mlflow

    try:
        return str(_client(settings).get_model_version_by_alias(name, CHAMPION).version)
    except mlflow.MlflowException:
        return None


def card(name: str, *, version: str | None = None, settings: Settings) -> str:
    """The model card (HTML) of a version, by default of the champion. Raises ValueError when there is none."""
    import mlflow

    client = _client(settings)
    try:
        found = (
            client.get_model_version(name, version) if version else client.get_model_version_by_alias(name, CHAMPION)
        )
    except mlflow.MlflowException as error:
        raise ValueError(f"model {name} has no {f'version {version}' if version else 'champion'}: {error}") from error
    return Path(mlflow.artifacts.download_artifacts(f"{found.source}/{CARD}")).read_text()


def _client(settings: Settings) -> "MlflowClient":
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow

    mlflow.set_tracking_uri(settings.mlflow_uri or postgres.sqlalchemy_url(settings, "mlflow"))
    return mlflow.MlflowClient()


def _artifacts(settings: Settings, name: str) -> str | None:
    """Where a local registry puts files; a tracking server decides for itself."""
    return None if settings.mlflow_uri else (settings.home.resolve() / "mlflow" / name).as_uri()
