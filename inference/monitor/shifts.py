"""When an actor's stance has moved: a change point in its stories, found as they come.

For each way to cut the stories so far in two, the evidence that the two parts have different shares of support, oppose
and neutral is their Bayes factor: how much likelier the stories are with shares of their own on either side of the cut
than with common ones, the shares unknown (Dirichlet-multinomial; cf. R. Adams and D. MacKay, "Bayesian online
changepoint detection", 2007). Few stories give little evidence by themselves, so that a thin series needs no rule of
its own; an alarm still needs some on either side and stories in more than one week: one week's news is one event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import log

import numpy as np
from scipy.special import gammaln

from .series import StorySide, bin_start

THRESHOLD = 3.2
"""Log Bayes factor at which an alarm is raised: one false alarm in a year and a weekly series, or fewer, by
``stancewire monitor scoreboard``."""
LEAST_BEFORE, LEAST_AFTER = 6, 4
"""Stories on either side of a shift."""
LEAST_SIZE = 0.4
"""Smallest change of net stance that is called a shift."""
LONGEST = 200
"""Stories that are looked back on."""
_PRIOR = np.array([0.5, 0.5, 0.5])
_SIGN = np.array([1.0, -1.0, 0.0])


@dataclass(frozen=True)
class Shift:
    """A shift of one series.

    Attributes:
        found: Day of the story that gave enough evidence.
        began: Day of the first story after the shift.
        before: Net stance before, as the labels have it.
        after: Net stance after.
        stories_before: Stories before.
        stories_after: Stories after, up to the day it was found.
        evidence: Log Bayes factor.
    """

    found: date
    began: date
    before: float
    after: float
    stories_before: int
    stories_after: int
    evidence: float


class ShiftDetector:
    """Watches one series.

    Args:
        threshold: Log Bayes factor of an alarm.
        series: Series that are watched together: with more of them each needs more evidence, so that the false alarms
            of all of them stay those of one.
    """

    def __init__(self, threshold: float = THRESHOLD, series: int = 1) -> None:
        self.threshold = threshold + log(series)
        self._days: list[date] = []
        self._weights: list[tuple[float, float, float]] = []

    def update(self, day: date, weights: tuple[float, float, float]) -> Shift | None:
        """Takes the next story.

        Args:
            day: When it appeared; not before the one before.
            weights: Its shares of support, oppose and neutral (see :class:`.series.StorySide`).

        Returns:
            The shift that it shows, if it does. What came before the shift is forgotten then.
        """
        self._days.append(day)
        self._weights.append(weights)
        if len(self._days) > LONGEST:
            del self._days[0], self._weights[0]
        cuts = self._cuts()
        if not cuts:
            return None
        sums = np.cumsum(np.array(self._weights), axis=0)
        before = sums[np.array(cuts) - 1]
        after = sums[-1] - before
        evidence = _log_marginal(before) + _log_marginal(after) - _log_marginal(sums[-1:])
        sizes = np.abs(_net(after) - _net(before))
        evidence = np.where(sizes >= LEAST_SIZE, evidence, -np.inf)
        best = int(np.argmax(evidence))
        cut = cuts[best]
        # The best cut of all must be good enough: another one would take stories from before the shift for its own.
        if evidence[best] < self.threshold or not self._is_enough(cut):
            return None
        shift = Shift(
            day,
            self._days[cut],
            float(_net(before)[best]),
            float(_net(after)[best]),
            cut,
            len(self._days) - cut,
            float(evidence[best]),
        )
        del self._days[:cut], self._weights[:cut]
        return shift

    def _cuts(self) -> list[int]:
        """The places where the stories may be cut, but for those between two of one day, which have no order."""
        return [cut for cut in range(LEAST_BEFORE, len(self._days)) if self._days[cut] != self._days[cut - 1]]

    def _is_enough(self, cut: int) -> bool:
        """Whether enough stories come after, in more than one week."""
        weeks = {bin_start(day, "week") for day in self._days[cut:]}
        return len(self._days) - cut >= LEAST_AFTER and len(weeks) > 1


def find_shifts(sides: Iterable[StorySide], threshold: float = THRESHOLD, series: int = 1) -> list[Shift]:
    """The shifts of a series, in the order in which they are found."""
    detector = ShiftDetector(threshold, series)
    return [shift for side in sides if (shift := detector.update(side.day, side.weights))]


def _log_marginal(counts: np.ndarray) -> np.ndarray:
    """Log probability of an order of labels with unknown shares; counts (cuts, 3)."""
    total = counts.sum(1) + _PRIOR.sum()
    return gammaln(_PRIOR.sum()) - gammaln(total) + (gammaln(counts + _PRIOR) - gammaln(_PRIOR)).sum(1)


def _net(counts: np.ndarray) -> np.ndarray:
    return counts @ _SIGN / np.maximum(counts.sum(1), 1e-9)


def nets(sides: Sequence[StorySide]) -> np.ndarray:
    """Net stance of each story, shape (stories,): what detectors of numbers are given."""
    return np.array([side.weights for side in sides]).reshape(-1, 3) @ _SIGN
