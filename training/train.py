"""From a recipe to a model folder: data, fit, calibration, card, tracking."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np

from ..data.errors import StancewireError
from ..data.issues import Issue, load_issues
from ..models.base import ModelConfig, load_model
from ..models.card import METRICS, RECIPE, write_card
from ..models.locate import CONFIG, connect_mlflow
from ..models.share import may_be_replaced
from .calibrate import calibrate
from .checkpoints import CHECKPOINTS
from .dataset import Split, build_split
from .diagnosis import diagnose
from .recipe import Recipe


@dataclass(frozen=True)
class TrainingResult:
    """Where the model lies, the MLflow run that made it, its held-out figures, and its address in MLflow."""

    folder: Path
    run_id: str
    figures: dict[str, float]
    address: str


def train_seeds(recipe: Recipe, force: bool = False, register: str | None = None) -> list[TrainingResult]:
    """Trains the model of a recipe once for each of its ``seeds``, each into a folder of its own.

    A seed whose folder holds the model of this very recipe is not trained again: what was killed goes on. The split is
    the same for all, so that their figures compare. The runs are children of one MLflow run, which has the mean and the
    standard deviation of their figures. The model with the best held-out label F1 is the one that is registered.

    Args:
        recipe: The recipe; its output folder gets one folder a seed.
        force: Replace existing models there.
        register: Registers the best as the next version under this name.

    Raises:
        StancewireError: As :func:`train` does.
    """
    from . import registry
    from .tracking import log_figures, tracked_run

    if register:
        connect_mlflow(recipe.tracking)
        registry.check_name(register)
    with tracked_run(recipe):
        results = [_train_seed(recipe, seed, force) for seed in dict.fromkeys(recipe.seeds)]
        for name in results[0].figures:
            values = np.array([result.figures.get(name, np.nan) for result in results])
            log_figures({f"{name}_mean": float(values.mean())})
            if len(values) > 1:
                log_figures({f"{name}_sd": float(values.std(ddof=1))})
    if register:
        best = max(results, key=lambda result: result.figures.get("validation_label_f1", 0.0))
        registry.register(best.address or registry.log_folder(best.folder), register)
    return results


def _train_seed(recipe: Recipe, seed: int, force: bool) -> TrainingResult:
    folder = Path(recipe.output) / f"seed-{seed}"
    one = recipe.model_copy(update={"seed": seed, "seeds": [], "output": str(folder)})
    if force or not is_trained(one):
        return train(one, force, nested=True)
    figures = {k: v for k, v in json.loads((folder / METRICS).read_text()).items() if isinstance(v, float)}
    return TrainingResult(folder, "", figures, "")


def train(recipe: Recipe, force: bool = False, register: str | None = None, nested: bool = False) -> TrainingResult:
    """Trains the model of a recipe.

    Args:
        recipe: The recipe.
        force: Replace an existing model in the output folder.
        register: Registers the model in MLflow as the next version under this name, the ``challenger``.
        nested: Whether the MLflow run is a child of the one that is open.

    Raises:
        StancewireError: The data or the base encoder is missing, the data is too little or has the gate's test set in
            it, or the output folder is taken.
    """
    from . import registry
    from .flavour import log_model
    from .tracking import log_diagnosis, log_figures, tracked_run

    folder = Path(recipe.output)
    issues = load_issues(recipe.issues)
    if register:
        connect_mlflow(recipe.tracking)
        registry.check_name(register)
    _check_names(recipe, issues)
    partial = _prepare_output(folder, recipe, force)
    try:
        split = build_split(recipe, issues)
    except StancewireError:
        with suppress(OSError):
            partial.rmdir()  # which removes it only if a killed run has left nothing there
        raise
    data = split.summary()
    with tracked_run(recipe, nested) as run_id:
        config = ModelConfig(recipe.model, recipe.name, recipe.version, issues, {issue.id: 0.5 for issue in issues})
        figures = _fit(recipe, split, issues, partial, config)
        # The folder must load before it is calibrated, and is written again with what calibration found.
        config.write(partial)
        model = load_model(partial)
        figures |= calibrate(model, split.calibration, split.validation, recipe.thresholds)
        diagnosis = diagnose(model, split.validation)
        if diagnosis:
            log_diagnosis(diagnosis)
        (partial / METRICS).write_text(json.dumps(figures | data, indent=2) + "\n", encoding="utf-8")
        (partial / RECIPE).write_text(_recipe_text(recipe), encoding="utf-8")
        write_card(partial, model.config)
        model.config.write(partial)
        shutil.rmtree(partial / CHECKPOINTS, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
        log_figures(figures | {key: float(value) for key, value in data.items()})
        address = log_model(folder).model_uri
    if register:
        registry.register(address, register)
    return TrainingResult(folder, run_id, figures, address)


def is_trained(recipe: Recipe) -> bool:
    """Whether the recipe's output folder holds the model of this very recipe.

    Raises:
        StancewireError: It holds the model of another one.
    """
    folder = Path(recipe.output)
    if not (folder / CONFIG).exists():
        return False
    note = folder / RECIPE
    if not note.exists() or note.read_text(encoding="utf-8") != _recipe_text(recipe):
        raise StancewireError(f"{folder}: holds a model of another recipe; remove it, or set output to another folder")
    return True


def _fit(recipe: Recipe, split: Split, issues: Sequence[Issue], folder: Path, config: ModelConfig) -> dict[str, float]:
    """Fits what the recipe asks for into the folder and notes its options in the configuration."""
    if recipe.model == "baseline":
        from .fit_baseline import fit_baseline

        fit_baseline(recipe, split, issues, folder)
        return {}
    from .fit_encoder import fit_encoder
    from .tracking import MlflowCallback

    return fit_encoder(recipe, split, config, folder, [MlflowCallback()])


def _check_names(recipe: Recipe, issues: Sequence[Issue]) -> None:
    """Refuses thresholds of unknown issues and a gate on unknown behaviour, before the hours and not after them."""
    known = [issue.id for issue in issues]
    if unknown := sorted(set(recipe.thresholds) - set(known)):
        raise StancewireError(f"recipe: thresholds names {', '.join(unknown)}; known issues are {', '.join(known)}")
    # By name, as this package depends on those of data and models alone.
    suite = import_module("stancewire.inference.checklist").load_suite() if recipe.gate.behaviour else ()
    groups = list(dict.fromkeys(template.group for template in suite))
    if unknown := sorted(set(recipe.gate.behaviour) - set(groups)):
        raise StancewireError(f"recipe: gate.behaviour names {', '.join(unknown)}; known are: {'; '.join(groups)}")


def _recipe_text(recipe: Recipe) -> str:
    return recipe.model_dump_json(indent=2, exclude={"output", "tracking"}) + "\n"


def _prepare_output(folder: Path, recipe: Recipe, force: bool) -> Path:
    """The folder beside the output in which the model grows: the output appears under its name when it is whole.

    What a killed run has left there stays, for its checkpoints.
    """
    if (folder / CONFIG).exists() and not force:
        raise StancewireError(f"{folder}: holds a model already; set output to another folder, or pass --force")
    if folder.exists() and not may_be_replaced(folder):
        raise StancewireError(f"{folder}: holds other files, or no whole model; set output to a new folder")
    if folder.resolve() == Path.cwd():
        raise StancewireError(f"{folder}: is the folder that you are in; set output to one in it")
    partial = folder.with_name(folder.name + ".partial")
    if recipe.model != "encoder":
        shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StancewireError(
            f"{folder}: cannot be made ({error.strerror}); set output to a folder you can write to"
        ) from error
    return partial
