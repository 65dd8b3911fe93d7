"""From a recipe to a model folder: data, fit, calibration, card, tracking."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..data.errors import StancewireError
from ..data.issues import Issue, load_issues
from ..models.base import CONFIG, ModelConfig, load_model
from .calibrate import calibrate
from .card import write_card
from .dataset import Split, build_split
from .recipe import Recipe

METRICS = "metrics.json"


@dataclass(frozen=True)
class TrainingResult:
    """Where the model lies, the MLflow run that made it, and its held-out figures."""

    folder: Path
    run_id: str
    figures: dict[str, float]


def train(recipe: Recipe, force: bool = False) -> TrainingResult:
    """Trains the model of a recipe.

    Args:
        recipe: The recipe.
        force: Replace an existing model in the output folder.

    Raises:
        StancewireError: The data or the base encoder is missing, or the output folder is taken.
    """
    from .tracking import log_figures, log_model_folder, tracked_run

    folder = _prepare_output(Path(recipe.output), force)
    issues = load_issues(recipe.issues)
    split = build_split(recipe, issues)
    data = split.summary()
    with tracked_run(recipe) as run_id:
        config = ModelConfig(recipe.model, recipe.name, recipe.version, issues, {issue.id: 0.5 for issue in issues})
        figures = _fit(recipe, split, issues, folder, config)
        # The folder must load before it is calibrated, and is written again with what calibration found.
        config.write(folder)
        model = load_model(folder)
        figures |= calibrate(model, split.calibration, split.validation)
        (folder / METRICS).write_text(json.dumps(figures | data, indent=2) + "\n", encoding="utf-8")
        write_card(folder, model.config, recipe, data, figures)
        model.config.write(folder)
        log_figures(figures | {key: float(value) for key, value in data.items()})
        log_model_folder(folder)
    return TrainingResult(folder, run_id, figures)


def _fit(recipe: Recipe, split: Split, issues: Sequence[Issue], folder: Path, config: ModelConfig) -> dict[str, float]:
    """Fits what the recipe asks for into the folder and notes its options in the configuration."""
    if recipe.model == "baseline":
        from .fit_baseline import fit_baseline

        fit_baseline(recipe, split, issues, folder)
        return {}
    from .fit_encoder import fit_encoder
    from .tracking import MlflowCallback

    return fit_encoder(recipe, split, config, folder, [MlflowCallback()])


def _prepare_output(folder: Path, force: bool) -> Path:
    if (folder / CONFIG).exists():
        if not force:
            raise StancewireError(f"{folder}: holds a model already; set output to another folder, or pass --force")
        shutil.rmtree(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StancewireError(
            f"{folder}: cannot be made ({error.strerror}); set output to a folder you can write to"
        ) from error
    return folder
