"""When an actor's stance has moved: a change of the mean in its stories, found as they come.

For each way to cut the stories so far in two, the evidence for a shift there is the generalised likelihood ratio of two
means against one (M. Basseville and I. Nikiforov, *Detection of Abrupt Changes*, 1993): how far the net stances of the
two parts are apart, measured by what the stories of each part differ among themselves. Few stories give little
evidence, so that a thin series needs no rule of its own; an alarm still needs some on either side, and stories of more
than one week after the shift: one week's news is one event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import log

import numpy as np

from .series import StorySide, bin_start

THRESHOLD = 5.7
"""Evidence at which an alarm is raised: about one false alarm in a year and a series of five stories a week
(`stancewire monitor scoreboard`)."""
LEAST_BEFORE, LEAST_AFTER = 6, 4
"""Stories on either side of a shift."""
LONGEST = 200
"""Stories that are looked back on."""
_USUAL_VARIANCE, _USUAL_STORIES = 0.5, 10.0
"""Variance of the net stance among the stories of a series, and how many stories of it are taken for seen: three that
happen to agree do not show that all do."""
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
        evidence: Log likelihood ratio.
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
        threshold: Evidence of an alarm.
        series: Series that are watched together: with more of them each needs more evidence, so that the false alarms
            of all of them stay those of one.
    """

    def __init__(self, threshold: float = THRESHOLD, series: int = 1) -> None:
        self.threshold = threshold + log(series)
        self._days: list[date] = []
        self._nets: list[float] = []

    def update(self, day: date, weights: tuple[float, float, float]) -> Shift | None:
        """Takes the next story.

        Args:
            day: When it appeared; not before the one before.
            weights: Its shares of support, oppose and neutral (see :class:`.series.StorySide`).

        Returns:
            The shift that it shows, if it does. What came before the shift is forgotten then.
        """
        self._days.append(day)
        self._nets.append(float(np.array(weights) @ _SIGN))
        if len(self._days) > LONGEST:
            del self._days[0], self._nets[0]
        cuts = self._cuts()
        if not len(cuts):
            return None
        evidence, before, after = _evidence(np.array(self._nets), cuts)
        best = int(np.argmax(evidence))
        cut = int(cuts[best])
        # The best cut of all must be good enough: another one would take stories from before the shift for its own.
        if evidence[best] < self.threshold or not self._is_enough(cut):
            return None
        shift = Shift(
            day,
            self._days[cut],
            float(before[best]),
            float(after[best]),
            cut,
            len(self._days) - cut,
            float(evidence[best]),
        )
        del self._days[:cut], self._nets[:cut]
        return shift

    def _cuts(self) -> np.ndarray:
        """The places where the stories may be cut, but for those between two of one day, which have no order."""
        days = self._days
        return np.array([cut for cut in range(LEAST_BEFORE, len(days)) if days[cut] != days[cut - 1]], dtype=int)

    def _is_enough(self, cut: int) -> bool:
        """Whether enough stories come after, in more than one week."""
        return len(self._days) - cut >= LEAST_AFTER and self._days[cut] < bin_start(self._days[-1], "week")


def _evidence(nets: np.ndarray, cuts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log likelihood ratio of each cut, and the net stance before and after it; all shape (cuts,)."""
    total, sums, squares = len(nets), np.cumsum(nets)[cuts - 1], float(nets @ nets)
    before, after = sums / cuts, (nets.sum() - sums) / (total - cuts)
    within = squares - cuts * before**2 - (total - cuts) * after**2
    variance = (within + _USUAL_STORIES * _USUAL_VARIANCE) / (total + _USUAL_STORIES)
    return cuts * (total - cuts) / total * (after - before) ** 2 / (2 * variance), before, after


def find_shifts(sides: Iterable[StorySide], threshold: float = THRESHOLD, series: int = 1) -> list[Shift]:
    """The shifts of a series, in the order in which they are found."""
    detector = ShiftDetector(threshold, series)
    return [shift for side in sides if (shift := detector.update(side.day, side.weights))]


def nets(sides: Sequence[StorySide]) -> np.ndarray:
    """Net stance of each story, shape (stories,): what detectors of numbers are given."""
    return np.array([side.weights for side in sides]).reshape(-1, 3) @ _SIGN
