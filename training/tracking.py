"""MLflow tracking of a training run: what went in, what came out, and what it looks like."""

from __future__ import annotations

import hashlib
import re
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
from mlflow.data.dataset_source_registry import resolve_dataset_source
from mlflow.data.meta_dataset import MetaDataset
from transformers import TrainerCallback

from ..data.corpus import corpus_folder
from ..models.locate import connect_mlflow
from .diagnosis import Diagnosis
from .plots import plots
from .recipe import Recipe
from .registry import EXPERIMENT, mlflow_errors


@contextmanager
def tracked_run(recipe: Recipe, nested: bool = False) -> Iterator[str]:
    """Opens an MLflow run with the recipe as its parameters and its data as its inputs; yields its id."""
    connect_mlflow(recipe.tracking)
    with mlflow_errors():
        mlflow.set_experiment(EXPERIMENT)
    with mlflow.start_run(run_name=f"{recipe.name}-{recipe.version}", nested=nested) as run:
        mlflow.log_params(dict(_flatten(recipe.model_dump())))
        if commit := _git_commit():
            mlflow.set_tag("mlflow.source.git.commit", commit)
        for path in data_paths(recipe):
            mlflow.log_input(_dataset(path), context="training")
        yield run.info.run_id


def log_figures(figures: dict[str, float]) -> None:
    """Logs the final figures of the open run."""
    mlflow.log_metrics(figures)


def log_diagnosis(diagnosis: Diagnosis) -> None:
    """Logs the figures and plots of the held-out passages to the open run."""
    mlflow.log_metrics({_metric_name(name): value for name, value in diagnosis.figures.items()})
    for name, figure in plots(diagnosis).items():
        mlflow.log_figure(figure, name)


def _dataset(path: Path) -> MetaDataset:
    with warnings.catch_warnings():
        # MLflow finds the same kind of source twice in its list, and warns that it cannot choose.
        warnings.filterwarnings("ignore", message="The specified dataset source can be interpreted in multiple ways")
        return MetaDataset(resolve_dataset_source(str(path)), name=path.stem[:50], digest=digest_of(path))


def data_paths(recipe: Recipe) -> list[Path]:
    """The files and folders on this disk that a recipe learns from."""
    apart = [part for one in recipe.data.standoff for part in (one.labels, one.text)]
    names = [*recipe.data.train, *apart, *recipe.data.tweets, *recipe.data.sentiment, *recipe.data.unlabelled]
    paths = dict.fromkeys(corpus_folder() if name == "corpus" else Path(name) for name in names)
    return [path for path in paths if path.exists()]


def digest_of(path: Path) -> str:
    """A fingerprint of a file, or of the files in a folder: 16 hexadecimal digits of their SHA-256."""
    digest = hashlib.sha256()
    for part in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
        digest.update(part.read_bytes())
    return digest.hexdigest()[:16]


class MlflowCallback(TrainerCallback):
    """Logs the trainer's losses and validation figures by step."""

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        numbers = {_metric_name(k): float(v) for k, v in (logs or {}).items() if isinstance(v, (int, float))}
        mlflow.log_metrics(numbers, step=state.global_step)


def _metric_name(name: str) -> str:
    return re.sub(r"[^\w./ -]", "_", name)


def _git_commit() -> str | None:
    """The commit of the checkout that the run is started in, if it is one."""
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return found.stdout.strip() or None


def _flatten(record: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            # Groups of a behaviour suite are plain English, and an apostrophe is no part of a name for MLflow.
            yield _metric_name(f"{prefix}{key}"), value
