"""What active learning saves: the queue's picks against random ones, replayed on data whose labels are known."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..data.actors import ActorResolver
from ..data.corpus import Example, make_examples, read_labelled
from ..data.issues import Issue, load_issues
from ..models.base import ModelConfig, StanceModel, load_model
from .calibrate import label_f1
from .dataset import Split, asks_stance, close_unasked
from .fit_baseline import fit_baseline
from .recipe import Recipe

_POOL = 1500
"""Windows drawn for each seed: enough that a choice is a choice, few enough for minutes."""


class Curves(NamedTuple):
    """Learning curves of both ways of choosing.

    Attributes:
        sizes: Labelled windows at each point.
        queue: Label F1, shape (seeds, points).
        random: The same for random picks.
    """

    sizes: list[int]
    queue: np.ndarray
    random: np.ndarray

    def saving(self) -> np.ndarray:
        """For each seed the share of the labels with which the queue gets where random ones end; one if it does not."""
        return np.array(
            [_reached(self.sizes, one, other[-1]) for one, other in zip(self.queue, self.random, strict=True)]
        )


def simulate(data: str, gold: str, start: int, step: int, rounds: int, seeds: Sequence[int]) -> Curves:
    """Replays labelling with the baseline, once for each seed and way of choosing.

    Args:
        data: Labelled data, whose labels are shown only once they are picked.
        gold: Labelled articles to score on.
        start: Windows labelled at the start, the same for both.
        step: Windows labelled in each round.
        rounds: Number of rounds.
        seeds: Seeds of the pool and of the start.

    Raises:
        StancewireError: The data cannot be read.
    """
    issues, resolver = load_issues(), ActorResolver()
    every, test = ([*_examples(path, issues, resolver)] for path in (data, gold))
    sizes = [start + step * k for k in range(rounds + 1)]
    queue, drawn = [], []
    for seed in seeds:
        draw = random.Random(seed)
        pool = draw.sample(every, min(len(every), max(_POOL, 2 * sizes[-1])))
        for curves, choose in ((queue, _by_queue), (drawn, _at_random)):
            labelled, left = pool[:start], pool[start:]
            points = []
            for size in sizes:
                model = _fit(labelled, issues, seed)
                points.append(_score(model, test))
                if size < sizes[-1]:
                    picked = choose(left, model, step, random.Random(f"{seed} {size}"))
                    labelled = [*labelled, *(left[k] for k in picked)]
                    left = [example for k, example in enumerate(left) if k not in picked]
            curves.append(points)
    return Curves(sizes, np.array(queue), np.array(drawn))


def _examples(path: str, issues: Sequence[Issue], resolver: ActorResolver) -> list[Example]:
    found = list(make_examples(read_labelled(path), issues, resolver))
    for example in found:
        close_unasked(example, issues)
    return [example for example in found if asks_stance(example)]


def _by_queue(left: Sequence[Example], model: StanceModel, step: int, draw: random.Random) -> set[int]:
    # By name: training does not depend on what scores.
    selection = import_module("stancewire.inference.selection")
    windows = [example.window for example in left]
    worth = [one.total for one in selection.judge_windows(windows, [model])]
    picked = set(selection.pick(windows, worth, step, [example.group for example in left], step))
    # Where the rest is too much alike, chance fills up: both ways get as many labels.
    rest = [k for k in range(len(left)) if k not in picked]
    return picked | set(draw.sample(rest, min(len(rest), step - len(picked))))


def _at_random(left: Sequence[Example], model: StanceModel, step: int, draw: random.Random) -> set[int]:
    return set(draw.sample(range(len(left)), min(len(left), step)))


def _fit(examples: list[Example], issues: Sequence[Issue], seed: int) -> StanceModel:
    with tempfile.TemporaryDirectory() as name:
        recipe = Recipe(name="simulation", model="baseline", seed=seed)
        fit_baseline(recipe, Split(examples, [], []), issues, Path(name))
        thresholds = {issue.id: 0.5 for issue in issues}
        ModelConfig("baseline", "simulation", "0", tuple(issues), thresholds).write(Path(name))
        return load_model(name)


def _score(model: StanceModel, test: Sequence[Example]) -> float:
    """Label F1 at the best thresholds: no labels are spent on setting them."""
    scores = model.predict([example.window for example in test])
    probabilities = np.concatenate([one.stance for one in scores])
    return label_f1(probabilities, np.concatenate([np.array(example.stances) for example in test]))


def _reached(sizes: Sequence[int], curve: np.ndarray, target: float) -> float:
    for place, value in enumerate(curve):
        if value >= target:
            if place == 0:
                return sizes[0] / sizes[-1]
            share = (target - curve[place - 1]) / (value - curve[place - 1])
            return (sizes[place - 1] + share * (sizes[place] - sizes[place - 1])) / sizes[-1]
    return 1.0
