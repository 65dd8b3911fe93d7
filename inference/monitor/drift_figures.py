"""Whether a week's articles differ from those of the weeks before by more than weeks usually differ.

Weeks of one world differ by more than articles drawn at random, for news comes in events. By how much is seen in the
weeks before, each held against its own reference in the same way: a figure has moved if the week lies outside of the
prediction interval of Student's t that these give; `tests/test_drift.py` counts how often that is wrong. What has moved
is told once: the next weeks find the change among the weeks before them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, sqrt

import numpy as np

from .drift_compare import MIXES, NAMES, REFERENCE, Compared, Week, WeekTables

FALSE_A_YEAR = 1.0
"""Weeks a year of an unchanged world in which a figure is taken to have moved, at most."""
LEAST_EARLIER = 6
_SHOWN = {"length": 1.0, "articles a day": 1 / 7}
"""What is compared as a logarithm, and by what it is multiplied to be shown."""


@dataclass(frozen=True)
class Figure:
    """One respect in which a week is compared with the weeks before it.

    Attributes:
        name: The respect.
        value: The week's; of a mix its distance from the reference.
        expected: What a week drawn from the reference would have.
        low: Lower end of what is usual.
        high: Upper end.
        moved: Whether the value lies outside.
        most: Of a mix what has changed most: its share in the reference and in the week.
    """

    name: str
    value: float
    expected: float
    low: float
    high: float
    moved: bool
    most: tuple[tuple[str, float, float], ...] = ()


def drift_figures(weeks: Sequence[Week], count: int = 1, seed: int = 13) -> list[list[Figure]]:
    """What the last of consecutive weeks are like, each against those before it.

    Args:
        weeks: The oldest first; a week needs twice ``REFERENCE`` before it, or what there is.
        count: How many of the last weeks.
        seed: Seed of the draws.

    Returns:
        Of each of them the figures for which there are enough weeks before it.
    """
    start = next((number for number, week in enumerate(weeks) if week.articles or week.arrived), len(weeks))
    wanted = range(len(weeks) - count, len(weeks))
    tables = WeekTables(weeks[start:], seed)
    first = max(start, wanted.start - REFERENCE)
    compared = {number: tables.compare(number - start) for number in range(first, len(weeks))}
    return [
        _figures([compared[one] for one in range(number - REFERENCE, number + 1) if one in compared])
        for number in wanted
    ]


def _figures(compared: Sequence[Mapping[str, Compared]]) -> list[Figure]:
    """The figures of the last of some weeks."""
    names = [name for name in NAMES if compared and name in compared[-1]]
    figures = (_figure(name, [one[name] for one in compared if name in one]) for name in names)
    return [one for one in figures if one is not None]


def _figure(name: str, compared: Sequence[Compared]) -> Figure | None:
    *before, now = compared
    scores = np.array([one.score for one in before])
    if len(scores) < LEAST_EARLIER:
        return None
    is_mix = name in MIXES
    # Weeks that happened to differ less than articles drawn at random do not make others differ less.
    spread = max(1.0, float(scores.std(ddof=1))) * sqrt(1 + 1 / len(scores))
    reach, middle = _quantile(len(scores) - 1, is_mix) * spread, float(scores.mean())
    low, high = (now.expected + (middle + side * reach) * now.error for side in (-1, 1))
    low = 0.0 if is_mix else low
    value, expected = now.value, now.expected
    moved = not low <= value <= high
    if name in _SHOWN:
        value, expected, low, high = (exp(one) * _SHOWN[name] for one in (value, expected, low, high))
    return Figure(name, value, expected, low, high, moved, now.most)


@cache
def _quantile(freedom: int, one_sided: bool) -> float:
    """How far out Student's t lies so rarely that all figures together are wrong ``FALSE_A_YEAR`` times a year."""
    rarely = FALSE_A_YEAR / 52 / len(NAMES)
    # Drawn, so that SciPy need not be there.
    drawn = np.random.default_rng(13).standard_t(freedom, 1_000_000)
    return float(np.quantile(drawn, 1 - rarely / (1 if one_sided else 2)))
