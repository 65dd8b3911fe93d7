"""How an actor's stance on an issue develops: net stance by day, week or month, counted by story, with its interval.

What is counted is stories, each once, in the bin in which it first appeared. The model's labels are wrong at a known
rate, so a bin's shares are adjusted to it: the shares of true sides that, seen through the model's confusion, give the
labels that were seen likeliest (adjusted counts: G. Forman, "Quantifying counts and costs via classification", 2008).

The interval is a Bayesian one: over all shares, the confusion drawn from what is known of it, it holds the luck of the
sample and the doubt about the classifier (K. Keith and B. O'Connor, "Uncertainty-aware generative models for inferring
document class prevalence", 2018). How many rows are false altogether, on an actor who takes no side, three labels
cannot tell: that share is drawn widely about the measured one, as it differs from actor to actor.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from ...data.schema import STANCES

if TYPE_CHECKING:
    from ..evaluation import Evaluation

PERIODS = ("day", "week", "month")
DRAWS = 50
"""Draws of the confusion. They are the same for all bins, so that a point does not change when others come."""
_STEPS = 24
"""Shares are looked for in steps of one in so many."""
_PRIOR_STORIES, _LEAST_PRIOR = 1.5, 0.2
"""Weight of the prior, in stories, and the least for a side. Below one a side: many actors are of one mind."""
_KNOWN_FROM = 10
"""The share of false rows in a series is known no better than from so many of its own rows."""
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

    def label_shares(self, sides: np.ndarray, draw: np.random.Generator | None = None) -> np.ndarray:
        """Share of each label where the true sides have given shares.

        Args:
            sides: Shares of support, oppose and neutral among the stories that take a side, shape (n, 3).
            draw: Draws the confusion, and the share of false rows, from what is known of them.

        Returns:
            Shape (n, 3).
        """
        false, matrix = self.prior()[3], self.matrix(draw)
        if draw is not None:
            false = draw.beta(_KNOWN_FROM * false, _KNOWN_FROM * (1 - false))
        return (1 - false) * sides @ matrix[:3] + false * matrix[3]


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
class BinSum:
    """What the stories of a bin say together.

    Attributes:
        weights: Those of its stories, summed up.
        stories: How many there are.
        articles: How many articles they have.
    """

    weights: tuple[float, float, float]
    stories: int
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
    return make_points(sum_sides(sides, period), period, confusion, seed)


def sum_sides(sides: Iterable[StorySide], period: str) -> dict[date, BinSum]:
    """Sums stories up by bin."""
    bins: dict[date, list[StorySide]] = defaultdict(list)
    for side in sides:
        bins[bin_start(side.day, period)].append(side)
    return {
        start: BinSum(
            tuple(np.array([side.weights for side in found]).sum(0).tolist()),
            len(found),
            sum(side.articles for side in found),
        )
        for start, found in bins.items()
    }


def make_points(sums: Mapping[date, BinSum], period: str, confusion: Confusion, seed: int = 13) -> list[Point]:
    """The series of which the bins are given, from the first to the last, those without a story too."""
    if not sums:
        return []
    starts = sorted(sums)
    weights = np.array([sums[start].weights for start in starts])
    nets, lows, highs, shares = net_stances(weights, confusion, seed)
    points, start = [], starts[0]
    while start <= starts[-1]:
        if start in sums:
            place = starts.index(start)
            support, oppose, neutral = shares[place].tolist()
            net, low, high = float(nets[place]), float(lows[place]), float(highs[place])
            found = sums[start]
            points.append(Point(start, net, low, high, (support, oppose, neutral), found.stories, found.articles))
        else:
            points.append(Point(start, None, -1.0, 1.0, (0.0, 0.0, 0.0), 0, 0))
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


def net_stances(
    sums: np.ndarray, confusion: Confusion, seed: int = 13
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Net stance, the ends of its 95 % interval, shape (bins,) each, and the adjusted shares, shape (bins, 3).

    Args:
        sums: Weights of the stories of each bin by label, shape (bins, 3).
        confusion: What the model's labels mean.
        seed: Seed of the draws.
    """
    draw = np.random.default_rng(seed)
    likelihoods = np.log(np.stack([confusion.label_shares(_SHARES, draw) for _ in range(DRAWS)]))
    sides = confusion.prior()[:3]
    prior = np.log(_SHARES) @ (np.maximum(_PRIOR_STORIES * sides / sides.sum(), _LEAST_PRIOR) - 1)
    nets = _SHARES @ _SIGN
    order = np.argsort(nets, kind="stable")
    low, high = np.empty(len(sums)), np.empty(len(sums))
    for place, one in enumerate(sums):
        found = likelihoods @ one + prior
        weights = np.exp(found - found.max()).sum(0)[order].cumsum()
        low[place], high[place] = nets[order[np.searchsorted(weights, np.array([0.025, 0.975]) * weights[-1])]]
    shares = adjusted_shares(sums, confusion)
    net = shares @ _SIGN
    return net, np.minimum(net, low), np.maximum(net, high), shares


def adjusted_shares(sums: np.ndarray, confusion: Confusion) -> np.ndarray:
    """Shares of support, oppose and neutral in each bin, from its stories' weights; both of shape (bins, 3)."""
    return _SHARES[(sums @ np.log(confusion.label_shares(_SHARES)).T).argmax(1)]


def _all_shares() -> np.ndarray:
    """Shares of the three sides in even steps, none of them quite zero, shape (n, 3)."""
    steps = range(_STEPS + 1)
    parts = np.array([(one, other, _STEPS - one - other) for one in steps for other in steps if one + other <= _STEPS])
    return (parts + 1 / 3) / (_STEPS + 1)


_SHARES = _all_shares()
