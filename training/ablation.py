"""The variants of an ablation: the recipe with one part left out at a time, and peers on the same data."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..data.errors import StancewireError
from ..data.issues import load_issues
from ..models.base import ModelConfig, StanceModel, load_model
from .calibrate import calibrate
from .dataset import build_split
from .recipe import Recipe, load_recipe
from .train import is_trained, train

SETFIT = "setfit"


@dataclass(frozen=True)
class AblationPlan:
    """What is compared.

    Attributes:
        recipe: The recipe that every variant starts from.
        output: Folder of the variants' models.
        gold: Labelled articles on which all are measured.
        variants: Names, with the overrides of the recipe that make each, or ``setfit``.
    """

    recipe: str
    output: str
    gold: str
    variants: dict[str, dict[str, Any] | str]

    def model(self, name: str) -> StanceModel:
        """Trains a variant, or loads it where an earlier call has trained it; SetFit is always fitted anew.

        Raises:
            StancewireError: Something that the recipe names is missing or broken.
        """
        overrides = self.variants[name]
        if overrides == SETFIT:
            return _setfit(load_recipe(self.recipe))
        if not isinstance(overrides, dict):
            raise StancewireError(f"variant {name!r}: give overrides of the recipe, or {SETFIT}")
        folder = Path(self.output) / re.sub(r"\W+", "-", name.lower()).strip("-")
        # JSON is YAML, and one line whatever it holds.
        settings = [f"{key}={json.dumps(value)}" for key, value in overrides.items()]
        recipe = load_recipe(self.recipe, [*settings, f"output={folder}"])
        if not is_trained(recipe):
            train(recipe)
        return load_model(folder)


def read_plan(path: str | Path) -> AblationPlan:
    """Reads a plan from YAML.

    Raises:
        StancewireError: It is missing, broken or lacks a key.
    """
    try:
        return AblationPlan(**yaml.safe_load(Path(path).read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, TypeError) as error:
        message = " ".join(str(error).split()).replace("AblationPlan.__init__() ", "")
        raise StancewireError(f"plan {path}: needs recipe, output, gold and variants ({message})") from error


def _setfit(recipe: Recipe) -> StanceModel:
    from .setfit_peer import fit_setfit

    issues = load_issues(recipe.issues)
    split = build_split(recipe, issues)
    config = ModelConfig(SETFIT, SETFIT, "0", issues, {issue.id: 0.5 for issue in issues})
    model = fit_setfit(recipe, split.train, config)
    calibrate(model, split.calibration, split.validation)
    return model
