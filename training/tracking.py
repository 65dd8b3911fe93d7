"""MLflow tracking of a training run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
from transformers import TrainerCallback

from .recipe import Recipe

EXPERIMENT = "stancewire"


@contextmanager
def tracked_run(recipe: Recipe) -> Iterator[str]:
    """Opens an MLflow run with the recipe as its parameters; yields its id."""
    mlflow.set_tracking_uri(os.environ.get("MLFLOW_TRACKING_URI") or recipe.tracking)
    mlflow.set_experiment(EXPERIMENT)
    with mlflow.start_run(run_name=f"{recipe.name}-{recipe.version}") as run:
        mlflow.log_params(dict(_flatten(recipe.model_dump())))
        yield run.info.run_id


def log_figures(figures: dict[str, float]) -> None:
    """Logs the final figures of the open run."""
    mlflow.log_metrics(figures)


def log_model_folder(folder: Path) -> None:
    """Logs a model folder as an artifact of the open run."""
    mlflow.log_artifacts(str(folder), artifact_path="model")


class MlflowCallback(TrainerCallback):
    """Logs the trainer's losses and validation figures by step."""

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        numbers = {
            re.sub(r"[^\w./ -]", "_", k): float(v) for k, v in (logs or {}).items() if isinstance(v, (int, float))
        }
        mlflow.log_metrics(numbers, step=state.global_step)


def _flatten(record: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
