"""How an actor's stance on an issue develops: net stance by day, week or month, counted by story, with its interval.

What is counted is stories, each once, in the bin in which it first appeared. The model's labels are wrong at a known
rate, so a bin's shares are adjusted to it: the shares of true sides that, seen through the model's confusion, give the
labels that were seen (adjusted counts: G. Forman, "Quantifying counts and costs via classification", 2008; found here
by expectation maximisation as in M. Saerens, P. Latinne and C. Decaestecker, 2002, with a weak prior, as bins are
small).
The interval draws the stories anew (D. Rubin, "The Bayesian bootstrap", 1981) and the confusion from what is known of
it: it holds the luck of the sample and the doubt about the classifier.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from ...data.schema import STANCES

if TYPE_CHECKING:
    from ..evaluation import Evaluation

PERIODS = ("day", "week", "month")
DRAWS = 400
_STEPS = 30
_PRIOR_STORIES = 0.5
"""Weight of the prior, in stories."""
_UNSEEN = 2
_TRUE = (*STANCES, "none")
_SIGN = np.array([1.0, -1.0, 0.0])


@dataclass(frozen=True)
class Confusion:
    """What the model's labels mean, counted on articles that it has not seen.

    Attributes:
        counts: Rows by true side (support, oppose, neutral, none at all) and label given (support, oppose, neutral);
            shape (4, 3).
    """

    counts: np.ndarray

    @classmethod
    def perfect(cls) -> Confusion:
        """A model that is never wrong."""
        return cls(np.vstack([np.eye(3) * 1e6, np.zeros(3)]))

    @classmethod
    def measured(cls, evaluation: Evaluation) -> Confusion:
        """From the rows of an evaluation, the false ones among them."""
        counts = np.zeros((len(_TRUE), len(STANCES)))
        for (true, label), rows in evaluation.confusion.items():
            counts[_TRUE.index(true), STANCES.index(label)] += rows
        for error in evaluation.errors:
            if error.gold == "none":
                counts[_TRUE.index("none"), STANCES.index(error.label)] += 1
        return cls(counts)

    def matrix(self, draw: np.random.Generator | None = None) -> np.ndarray:
        """Probability of each label given the true side, shape (4, 3); with a generator one draw from what is known."""
        weights = self.counts + 0.5
        drawn = draw.standard_gamma(weights) if draw is not None else weights
        return drawn / drawn.sum(1, keepdims=True)

    def prior(self) -> np.ndarray:
        """The share of each true side among the rows, shape (4,)."""
        totals = self.counts.sum(1) + 0.5
        return totals / totals.sum()


@dataclass(frozen=True)
class StorySide:
    """What one story says of an actor on an issue.

    Attributes:
        story: Its id.
        day: When it first appeared.
        weights: Its rows by label (support, oppose, neutral), weighted by confidence and scaled to a sum of one.
        articles: How many of its articles have a row.
    """

    story: str
    day: date
    weights: tuple[float, float, float]
    articles: int


@dataclass(frozen=True)
class Point:
    """One bin of a series.

    Attributes:
        start: Its first day.
        net: Net stance, 1 all support, -1 all oppose; None where there is no story: a gap.
        low: Lower end of the 95 % interval.
        high: Upper end.
        shares: Adjusted shares of support, oppose and neutral.
        stories: Distinct stories.
        articles: Articles, copies too.
    """

    start: date
    net: float | None
    low: float
    high: float
    shares: tuple[float, float, float]
    stories: int
    articles: int


def story_sides(rows: Iterable[tuple[str, int, date, str, float]]) -> list[StorySide]:
    """Sums rows of one actor on one issue up by story.

    Args:
        rows: Story, article, day of publication, label and confidence of each; rows without a day belong to no bin.
    """
    labels: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(3))
    days: dict[str, date] = {}
    articles: dict[str, set[int]] = defaultdict(set)
    for story, article, day, label, confidence in rows:
        labels[story][STANCES.index(label)] += confidence
        days[story] = min(day, days.get(story, day))
        articles[story].add(article)
    return sorted(
        (
            StorySide(story, days[story], tuple(weights / weights.sum()), len(articles[story]))
            for story, weights in labels.items()
            if weights.sum() > 0
        ),
        key=lambda one: (one.day, one.story),
    )


def make_series(sides: Sequence[StorySide], period: str, confusion: Confusion, seed: int = 13) -> list[Point]:
    """The series of one actor on one issue, from the first bin to the last, those without a story too.

    Args:
        sides: Its stories.
        period: One of ``PERIODS``; weeks begin on Monday.
        confusion: What the model's labels mean.
        seed: Seed of the draws.
    """
    bins: dict[date, list[StorySide]] = defaultdict(list)
    for side in sides:
        bins[bin_start(side.day, period)].append(side)
    if not bins:
        return []
    points, start, last = [], min(bins), max(bins)
    while start <= last:
        points.append(_point(start, bins.get(start, []), confusion, seed))
        start = next_bin(start, period)
    return points


def bin_start(day: date, period: str) -> date:
    """First day of the bin that a day lies in."""
    if period == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period == "month" else day


def next_bin(start: date, period: str) -> date:
    """First day of the bin after."""
    if period == "month":
        return (start + timedelta(days=31)).replace(day=1)
    return start + timedelta(days=7 if period == "week" else 1)


def _point(start: date, sides: Sequence[StorySide], confusion: Confusion, seed: int) -> Point:
    if not sides:
        return Point(start, None, -1.0, 1.0, (0.0, 0.0, 0.0), 0, 0)
    weights = np.array([side.weights for side in sides])
    prior = confusion.prior()
    shares = _adjusted(weights.sum(0)[None], confusion.matrix()[None], prior)[0]
    # By the bin, so that a point does not change when others come.
    draw = np.random.default_rng([seed, start.toordinal()])
    matrices = np.stack([confusion.matrix(draw) for _ in range(DRAWS)])
    # A few stories that were not seen stand beside those that were: drawn anew, three of one side are not always three.
    unseen = np.eye(3)[draw.integers(3, size=(DRAWS, _UNSEEN))]
    everyone = np.concatenate([np.broadcast_to(weights, (DRAWS, *weights.shape)), unseen], axis=1)
    drawn = np.einsum("ds,dsl->dl", draw.dirichlet(np.ones(len(sides) + _UNSEEN), DRAWS), everyone) * len(sides)
    nets = _adjusted(drawn, matrices, prior) @ _SIGN
    low, high = np.percentile(nets, [2.5, 97.5])
    net = float(shares @ _SIGN)
    return Point(
        start,
        net,
        min(net, float(low)),
        max(net, float(high)),
        (float(shares[0]), float(shares[1]), float(shares[2])),
        len(sides),
        sum(side.articles for side in sides),
    )


def _adjusted(counts: np.ndarray, matrices: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Shares of the true sides.

    Args:
        counts: Stories by label, shape (draws, 3).
        matrices: Probability of each label given the true side, shape (draws, 4, 3).
        prior: Shares of the true sides among all rows, shape (4,).

    Returns:
        Shares of support, oppose and neutral among the stories that take a side at all, shape (draws, 3).
    """
    shares = np.broadcast_to(prior, (len(counts), len(_TRUE)))
    for _ in range(_STEPS):
        joint = shares[:, :, None] * matrices
        given = joint / np.maximum(joint.sum(1, keepdims=True), 1e-12)
        found = (given * counts[:, None, :]).sum(2) + _PRIOR_STORIES * prior
        shares = found / found.sum(1, keepdims=True)
    sided = shares[:, :3]
    return sided / sided.sum(1, keepdims=True)
