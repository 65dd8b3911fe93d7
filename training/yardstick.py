"""Public data sets, trained on and scored by the same code as our own: how this model compares with published ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from ..data.actors import ActorResolver
from ..data.corpus import IGNORED, NO_STANCE, Example, read_records
from ..data.errors import StancewireError
from ..data.issues import issue_ids
from ..data.newsmtsc import POLARITY, read_newsmtsc, target_actors
from ..data.schema import SENTIMENTS
from ..data.semeval import CLASSES, read_tweets
from ..models.base import StanceModel, load_model
from .recipe import Recipe
from .train import is_trained, train


@dataclass(frozen=True)
class Spread:
    """A figure over several seeds."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return mean(self.values)

    @property
    def deviation(self) -> float:
        """Sample standard deviation over the seeds, 0 for a single one."""
        return stdev(self.values) if len(self.values) > 1 else 0.0


def run_yardstick(
    recipe: Recipe, seeds: Sequence[int], report: Callable[[int, Mapping[str, float]], None] = lambda *_: None
) -> dict[str, Spread]:
    """Trains the recipe once for each seed and scores its held-out files.

    A model that an earlier call has trained is not trained again.

    Args:
        recipe: A recipe with a ``yardstick`` section.
        seeds: The seeds.
        report: Called with each seed and its figures.

    Raises:
        StancewireError: The recipe has no such section, or a file is missing.
    """
    if recipe.yardstick is None:
        raise StancewireError(f"recipe {recipe.name}: has no yardstick section; see configs/yardsticks")
    found: dict[str, list[float]] = {}
    for seed in seeds:
        one = recipe.model_copy(update={"seed": seed, "output": str(Path(recipe.output) / f"seed-{seed}")})
        if not is_trained(one):
            train(one)
        figures = evaluate_yardstick(load_model(one.output), recipe)
        report(seed, figures)
        for name, value in figures.items():
            found.setdefault(name, []).append(value)
    return {name: Spread(tuple(values)) for name, values in found.items()}


def evaluate_yardstick(model: StanceModel, recipe: Recipe) -> dict[str, float]:
    """The data set's own figures for each held-out file of a recipe."""
    assert recipe.yardstick is not None
    figures: dict[str, float] = {}
    for name, path in recipe.yardstick.held_out.items():
        if recipe.yardstick.kind == "newsmtsc":
            figures |= {f"{name} {key}": value for key, value in newsmtsc_figures(model, path).items()}
        else:
            figures |= {f"{name} {key}": value for key, value in semeval_figures(model, path, name).items()}
    return figures


def newsmtsc_figures(model: StanceModel, path: str) -> dict[str, float]:
    """Macro-F1 and accuracy over the targets of a file.

    Raises:
        StancewireError: It cannot be read, is not of that form or has no labels.
    """
    gold, guesses = [], []
    for where, record, guess in _newsmtsc_answers(model, path):
        for target, sentiment in zip(record["targets"], guess, strict=True):
            if "polarity" not in target:
                raise StancewireError(f"{where}: a target without polarity; predict on it with --predict")
            gold.append(float(target["polarity"]))
            guesses.append(POLARITY[sentiment])
    right = np.array(gold) == np.array(guesses)
    return {"macro-F1": float(f1_score(gold, guesses, average="macro")), "accuracy": float(right.mean())}


def predict_newsmtsc(model: StanceModel, path: str) -> list[str]:
    """The file's records again, as JSON lines, with the predicted polarity of each target (2, 4 or 6).

    Raises:
        StancewireError: It cannot be read or is not of that form.
    """
    lines = []
    for _, record, guess in _newsmtsc_answers(model, path):
        pairs = zip(record["targets"], guess, strict=True)
        targets = [target | {"polarity": POLARITY[sentiment]} for target, sentiment in pairs]
        lines.append(json.dumps(record | {"targets": targets}, ensure_ascii=False))
    return lines


def _newsmtsc_answers(model: StanceModel, path: str) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
    """Each record of a file, where it stands, and the sentiment toward each of its targets."""
    records = list(read_records(Path(path)))
    examples = list(read_newsmtsc(path, ActorResolver(), model.config.issues))
    scores = model.predict([example.window for example in examples])
    for (where, record), example, one in zip(records, examples, scores, strict=True):
        if one.sentiment is None:
            raise StancewireError(f"{model.config.full_name}: has no sentiment; train an encoder")
        actors = [example.window.actors[question.slot] for question in example.window.questions]
        found = dict(zip(actors, one.sentiment.argmax(-1), strict=True))
        # Neutral, the most frequent, for a target past the last slot of a sentence.
        names = [SENTIMENTS[found[actor]] if actor in found else "neutral" for actor in target_actors(record)]
        yield where, record, names


def semeval_figures(model: StanceModel, path: str, part: str) -> dict[str, float]:
    """Mean of the F1 of *favor* and that of *against*: of each target, their mean, and pooled over the targets.

    Raises:
        StancewireError: A file is missing or malformed, or has no labels.
    """
    examples, columns, guesses = _tweet_answers(model, path, part)
    gold = np.array([example.stances[0][column] for example, column in zip(examples, columns, strict=True)])
    if (gold == IGNORED).any():
        raise StancewireError(f"{path}: part {part!r} has tweets without labels; predict on it with --predict")
    targets = issue_ids(model.config.issues)
    each = {target: _favor_against(gold[columns == k], guesses[columns == k]) for k, target in enumerate(targets)}
    return each | {"mean over targets": mean(each.values()), "pooled": _favor_against(gold, guesses)}


def predict_tweets(model: StanceModel, path: str, part: str) -> dict[str, list[str]]:
    """For each target the label number of each tweet of a part, as the files of labels hold them.

    Raises:
        StancewireError: A file is missing or malformed.
    """
    _, columns, guesses = _tweet_answers(model, path, part)
    numbers = {cls: str(number) for number, cls in enumerate(CLASSES)}
    targets = issue_ids(model.config.issues)
    return {target: [numbers[int(guess)] for guess in guesses[columns == k]] for k, target in enumerate(targets)}


def _tweet_answers(model: StanceModel, path: str, part: str) -> tuple[list[Example], np.ndarray, np.ndarray]:
    """The tweets, the index of the target of each, and its class: the likelier side where it is likely enough."""
    targets = issue_ids(model.config.issues)
    examples = list(read_tweets(path, part, model.config.issues))
    columns = np.array([targets.index(example.group.split(" ")[0]) for example in examples])
    scores = model.predict([example.window for example in examples])
    thresholds = np.array([model.config.thresholds[target] for target in targets])
    rows = np.stack([one.stance[0, column] for one, column in zip(scores, columns, strict=True)])
    sides = np.array(CLASSES[1:])
    best = sides[rows[:, sides].argmax(-1)]
    return examples, columns, np.where(rows[:, sides].max(-1) >= thresholds[columns], best, NO_STANCE)


def _favor_against(gold: np.ndarray, guesses: np.ndarray) -> float:
    return float(f1_score(gold, guesses, labels=list(CLASSES[1:]), average="macro", zero_division=0.0))  # type: ignore[arg-type]
