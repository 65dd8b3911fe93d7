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
from ..data.errors import StancewireError
from ..data.issues import Issue, load_issues
from ..models.base import ModelConfig, StanceModel, load_model
from .calibrate import label_f1
from .dataset import Split, asks_stance, close_unasked
from .fit_baseline import fit_baseline
from .recipe import Recipe

_POOL = 1500
"""Windows drawn for each seed: enough that a choice is a choice, few enough for minutes."""
_MOST = 3
"""Most windows of one article in a pick: what `stancewire queue pick` takes unless told otherwise."""


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

    def gain(self) -> np.ndarray:
        """For each seed by how much label F1 of the queue is above that of random picks, mean over the rounds."""
        return (self.queue - self.random)[:, 1:].mean(1)

    def saving(self) -> float | None:
        """Share of the labels that the queue spares to get to the last but one point of random picks.

        Read off the mean curves, as single ones are rough: the first crossing of a rough curve flatters it. Below zero
        where the queue needs more labels; None where it does not get there.
        """
        mean, target = self.queue.mean(0), self.random.mean(0)[-2]
        if mean.max() < target:
            return None
        reached = float(np.interp(target, np.maximum.accumulate(mean), self.sizes))
        return 1 - reached / self.sizes[-2]


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
        StancewireError: The data cannot be read or is too small.
    """
    issues, resolver = load_issues(), ActorResolver()
    every, test = ([*_examples(path, issues, resolver)] for path in (data, gold))
    sizes = [start + step * k for k in range(rounds + 1)]
    if len(every) < 2 * sizes[-1]:
        raise StancewireError(
            f"{data}: holds {len(every)} windows, too few to choose {sizes[-1]} from; take fewer rounds or smaller"
            " steps"
        )
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
    picked = set(selection.pick(windows, worth, step, [example.group for example in left], _MOST))
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
