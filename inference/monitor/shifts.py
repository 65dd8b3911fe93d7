"""When an actor's stance has moved: found day by day, with the direction, the size, when it began, and how surely.

A series stands at a level: shares of support, opposition and neutral, which the model's known confusion turns into
shares of labels. For each day on which it may have gone to another level, the stories since are held against the old
level and against the new one; the likelihood ratios are summed over the days and over the levels, none of which is
known (the Shiryaev-Roberts procedure: M. Pollak, "Average run lengths of an optimal method of detecting a change in
distribution", 1987). While nothing happens this sum grows by one a day on average, and no faster: a threshold is the
number of days that go by until a false alarm, in a thin series and in a dense one.

One week's news is one event: a day counts as the beginning of a shift only when enough stories have come since, some of
them in a later week, and they must speak for the shift without those of any one week. After an alarm both stay
possible, that the series has moved and that nothing has happened, each by its probability.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from math import log

import numpy as np

from .series import Confusion, StorySide, bin_start

THRESHOLD = 5.9
"""Evidence at which an alarm is raised, the logarithm of days: at most one false alarm in a year and series. Set by
simulation (`stancewire monitor scoreboard --detector stancewire --streams 250 --seed 101`)."""
FALSE_ALARMS = 12.0
"""False alarms in a year that all series together may raise: as soon as there are more series than these, each of them
needs more evidence (Bonferroni's correction of the rate)."""
LEAST_BEFORE, LEAST_AFTER = 6, 4
"""Stories on either side of a shift."""
_SHIFTS_A_DAY = 2 / 365.25
"""How often a series is taken to shift: the more often, the sooner an alarm is believed, and a way back told."""
_SUPPORT, _NEUTRAL = np.linspace(0.05, 0.95, 7), np.array([0.1, 0.5])
"""The levels: support among the stories that take a side, and neutral ones among all."""
_LEAST_SIZE = 0.4
"""Change of the net stance that is worth an alarm."""
_SAME_NEUTRAL = 0.7
"""Probability that a shift leaves the share of neutral stories as it is."""
_CONFUSIONS, _DRAWS, _PARTS = 50, 8, 12
"""Draws of the confusion, draws of a shift's size given one, and steps of the shares among which these choose."""
_SIGN = np.array([1.0, -1.0, 0.0])


@dataclass(frozen=True)
class Shift:
    """A shift of one series.

    Net stances are those of the stories and not of their labels: adjusted to the confusion.

    Attributes:
        found: Day of the stories that gave enough evidence.
        began: Day of the first story after the shift, the most probable one.
        before: Net stance before.
        after: Net stance after.
        low: Lower end of the 95 % interval of the size, which is ``after - before``.
        high: Upper end.
        stories_before: Stories before, since the last shift.
        stories_after: Stories after, up to the day it was found.
        evidence: Logarithm of the sum of likelihood ratios.
    """

    found: date
    began: date
    before: float
    after: float
    low: float
    high: float
    stories_before: int
    stories_after: int
    evidence: float


class ShiftDetector:
    """Watches one series.

    Args:
        threshold: Evidence of an alarm.
        series: Series that are watched together.
        confusion: What the model's labels mean; None takes them at their word.
        false_alarms: False alarms in a year that all of these series together may raise.
    """

    def __init__(
        self,
        threshold: float = THRESHOLD,
        series: int = 1,
        confusion: Confusion | None = None,
        false_alarms: float = FALSE_ALARMS,
    ) -> None:
        self.threshold = threshold + log(max(1.0, series / false_alarms))
        self._confusion = confusion or Confusion.perfect()
        shares, self._moves = _levels()
        self._labels = np.log(_label_shares(shares, self._confusion.matrix(), self._confusion))
        # By day since the last shift began: the day, stories up to it, their shares of labels summed up to it.
        self._days: list[date] = []
        self._stories = [0]
        self._counts = [np.zeros(3)]
        self._start_over(np.zeros(len(shares)))

    def update(self, sides: Sequence[StorySide]) -> Shift | None:
        """Takes the stories of the next day.

        Args:
            sides: All stories of one day, in any order; the day is later than the last one.

        Returns:
            The shift that they show, if they do.
        """
        day = sides[0].day
        counts = np.sum([side.weights for side in sorted(sides, key=lambda side: side.story)], axis=0)
        self._gaps.append((day - self._days[-1]).days if self._days else 1)
        self._days.append(day)
        self._stories.append(self._stories[-1] + len(sides))
        self._counts.append(self._counts[-1] + counts)
        likelihood = self._labels @ counts
        self._stayed += likelihood
        self._moved += likelihood
        self._sums.append(self._sums[-1] + likelihood)
        self._take_cuts()
        evidence = _log_sum(self._moved) - _log_sum(self._stayed) if self._first_cut < self._young else -np.inf
        return self._alarm(evidence) if evidence >= self.threshold else None

    def _start_over(self, levels: np.ndarray) -> None:
        """Looks for the next shift, given what is known of the level: log probabilities, shape (levels,)."""
        self._start = levels - _log_sum(levels)
        # By day since then: days since the one before, and log likelihood of each level up to it.
        self._gaps: list[int] = []
        self._sums = [np.zeros(len(levels))]
        # Days on which a shift may have begun: from the first with enough stories before it to the first too young.
        self._first_cut = self._young = 0
        # Log probabilities: no shift, by level; a shift on one of these days, by old and new level.
        self._stayed = self._start.copy()
        self._moved = np.full((len(levels), len(levels)), -np.inf)

    def _take_cuts(self) -> None:
        """Takes in the days that now have enough stories after them, of more than one week."""
        week, first = bin_start(self._days[-1], "week"), len(self._days) - len(self._gaps)
        while True:
            cut = self._young
            day, before = self._days[first + cut], self._stories[first + cut]
            if day >= week or self._stories[-1] - before < LEAST_AFTER:
                return
            if before >= LEAST_BEFORE:
                self._moved = np.logaddexp(self._moved, self._shifted(cut))
            else:
                self._first_cut += 1
            self._young += 1

    def _shifted(self, cut: int) -> np.ndarray:
        """Log probability of a shift on a day, by old and new level; shape (levels, levels)."""
        old, new = self._start + self._sums[cut], self._sums[-1] - self._sums[cut]
        return log(self._gaps[cut]) + old[:, None] + self._moves + new

    def _alarm(self, evidence: float) -> Shift | None:
        first = len(self._days) - len(self._gaps)
        likely = np.array([_log_sum(self._shifted(cut)) for cut in range(self._first_cut, len(self._gaps))])
        # The most probable day of all must be old enough: another one would take stories from before the shift.
        best = self._first_cut + int(np.argmax(likely))
        if best >= self._young or not self._is_more_than_a_week(best):
            return None
        cuts = np.arange(self._first_cut, self._young)
        likely = likely[: len(cuts)]
        best += first
        before, after, low, high = self._size(first + cuts, np.exp(likely - _log_sum(likely)))
        stories = self._stories[best], self._stories[-1] - self._stories[best]
        shift = Shift(self._days[-1], self._days[best], before, after, low, high, *stories, evidence)
        self._days = self._days[best:]
        self._stories = [number - stories[0] for number in self._stories[best:]]
        self._counts = [counts - self._counts[best] for counts in self._counts[best:]]
        moved = log(_SHIFTS_A_DAY) + np.logaddexp.reduce(self._moved, axis=0)
        self._start_over(np.logaddexp(self._stayed, moved))
        return shift

    def _is_more_than_a_week(self, cut: int) -> bool:
        """Whether the stories since a day speak for a shift without those of any one week."""
        old = self._start + self._sums[cut]
        first = len(self._days) - len(self._gaps)
        weeks = [bin_start(day, "week") for day in self._days[first + cut :]]
        likelihoods = np.diff(self._sums[cut:], axis=0)
        for week in set(weeks):
            rest = likelihoods[[one != week for one in weeks]].sum(0)
            if _log_sum(old[:, None] + self._moves + rest) <= _log_sum(old + rest):
                return False
        return True

    def _size(self, cuts: np.ndarray, probability: np.ndarray) -> tuple[float, float, float, float]:
        """Net stance before and after, and the interval of the size.

        Draws the day of the shift, the confusion and, given both, the shares before and after.
        """
        draw = np.random.default_rng(self._days[-1].toordinal())
        counts, shares = np.array(self._counts), _lattice(_PARTS)
        before = counts[draw.choice(cuts, (_CONFUSIONS, _DRAWS), p=probability)]
        matrices = np.stack([self._confusion.matrix(draw) for _ in range(_CONFUSIONS)])
        labels = np.log(_label_shares(shares, matrices, self._confusion))
        nets = []
        for part in (before, counts[-1] - before):
            likelihood = part @ labels.swapaxes(1, 2)
            # The largest of likelihoods with Gumbel noise is a draw by likelihood.
            nets.append((shares @ _SIGN)[np.argmax(likelihood + draw.gumbel(size=likelihood.shape), axis=-1)])
        low, high = np.percentile(nets[1] - nets[0], [2.5, 97.5])
        return float(nets[0].mean()), float(nets[1].mean()), float(low), float(high)


def find_shifts(
    sides: Iterable[StorySide],
    threshold: float = THRESHOLD,
    series: int = 1,
    confusion: Confusion | None = None,
    false_alarms: float = FALSE_ALARMS,
) -> list[Shift]:
    """The shifts of a series, in the order in which they are found; see :class:`ShiftDetector`.

    The same stories give the same shifts in whatever order they are given, so that a series to which late stories have
    come may be searched again.
    """
    detector = ShiftDetector(threshold, series, confusion, false_alarms)
    days = groupby(sorted(sides, key=lambda side: side.day), key=lambda side: side.day)
    return [shift for _, of_day in days if (shift := detector.update(list(of_day)))]


def _levels() -> tuple[np.ndarray, np.ndarray]:
    """Shares of support, oppose and neutral at each level, and log probability of the new level given the old one."""
    shares = np.array([(side * (1 - rest), (1 - side) * (1 - rest), rest) for rest in _NEUTRAL for side in _SUPPORT])
    net, neutral = shares @ _SIGN, shares[:, 2]
    allowed = np.abs(net[:, None] - net) >= _LEAST_SIZE
    same = allowed & (neutral[:, None] == neutral)
    moves = _SAME_NEUTRAL * same / same.sum(1, keepdims=True)
    moves = moves + (1 - _SAME_NEUTRAL) * allowed / allowed.sum(1, keepdims=True)
    return shares, np.log(moves, where=moves > 0, out=np.full_like(moves, -np.inf))


def _lattice(parts: int) -> np.ndarray:
    """All shares of support, oppose and neutral in steps of one in so many, shape (shares, 3)."""
    pairs = [(one, two) for one in range(parts + 1) for two in range(parts + 1 - one)]
    return np.array([(one, two, parts - one - two) for one, two in pairs]) / parts


def _label_shares(shares: np.ndarray, matrix: np.ndarray, confusion: Confusion) -> np.ndarray:
    """Shares of the labels where the true sides have these shares, shape (..., shares, 3).

    Stories without any stance are taken to be as frequent as where the confusion was measured.
    """
    none = confusion.prior()[3]
    return (1 - none) * shares @ matrix[..., :3, :] + none * matrix[..., 3:, :]


def _log_sum(values: np.ndarray) -> float:
    """Logarithm of the sum of exponentials."""
    most = float(values.max())
    return most + log(float(np.exp(values - most).sum()))
