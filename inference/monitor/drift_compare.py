"""A week's articles held against those of the weeks before it, in standard errors.

Mixes (sources, words, actors, labels) are compared by the Jensen-Shannon distance, base 2 (J. Lin, "Divergence measures
based on the Shannon entropy", 1991), all else by its mean. A distance is never zero, and the larger the fewer articles
there are; so what is expected, and its standard error, comes from weeks of as many articles that are drawn from the
reference itself (B. Efron and R. Tibshirani, "An Introduction to the Bootstrap", 1993).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from math import log, sqrt
from typing import NamedTuple

import numpy as np

REFERENCE = 12
"""Weeks before a week that it is compared with."""
LEAST_REFERENCE = 4
MIXES = ("sources", "words", "actors", "labels")
NAMES = (*MIXES, "unseen words", "length", "no actor", "confidence", "undated", "articles a day")
"""All that is compared; ``length`` and ``articles a day`` as logarithms."""
_DRAWS = 100
_COLUMNS = 500
"""Entries of a mix that are told apart, the most frequent ones; the others are pooled."""
_WORD = re.compile(r"[^\W\d_]{3,}")


class Read(NamedTuple):
    """What one article is like.

    Attributes:
        source: Publisher.
        words: How often each of its words occurs.
        actors: The actors that are named.
        labels: Its stances by issue and label.
        confidences: Their confidences.
    """

    source: str
    words: Counter[str]
    actors: tuple[str, ...]
    labels: Counter[str]
    confidences: tuple[float, ...]


class Week(NamedTuple):
    """The articles of a week.

    Attributes:
        start: Its Monday.
        reads: Those that are looked at, one a story.
        articles: How many were published in it.
        arrived: How many came in during it.
        undated: How many of these have no date.
    """

    start: date
    reads: Sequence[Read]
    articles: int
    arrived: int
    undated: int


class Compared(NamedTuple):
    """One figure of a week.

    Attributes:
        value: The week's; of a mix its distance from the reference.
        expected: What is expected of it.
        error: Standard error of that.
        most: Of a mix what has changed most: its share in the reference and in the week.
    """

    value: float
    expected: float
    error: float
    most: tuple[tuple[str, float, float], ...] = ()

    @property
    def score(self) -> float:
        """How many standard errors the value is from what is expected."""
        return (self.value - self.expected) / self.error


class _Mix(NamedTuple):
    table: np.ndarray
    columns: Sequence[str]


class _Ratio(NamedTuple):
    """Two sums over articles; `least` is what a single article may change in the ratio of a week that is this one."""

    top: np.ndarray
    bottom: np.ndarray
    least: float = 0.0


def count_words(text: str) -> Counter[str]:
    """How often each word of three letters or more occurs."""
    return Counter(_WORD.findall(text.lower()))


class WeekTables:
    """Consecutive weeks, their articles as tables.

    Args:
        weeks: The weeks, the oldest first.
        seed: Seed of the draws.
    """

    def __init__(self, weeks: Sequence[Week], seed: int) -> None:
        self._weeks, self._seed = weeks, seed
        reads = [read for week in weeks for read in week.reads]
        # The articles of week n are the rows from the n-th of these on.
        self._first = np.cumsum([0, *(len(week.reads) for week in weeks)])
        self._mixes = {
            "sources": _mix({read.source: 1} for read in reads),
            "words": _mix(read.words for read in reads),
            "actors": _mix(dict.fromkeys(read.actors, 1) for read in reads),
            "labels": _mix(read.labels for read in reads),
        }
        one = np.ones(len(reads))
        sure = [sum(read.confidences) for read in reads], [len(read.confidences) for read in reads]
        self._ratios = {
            "length": _Ratio(np.array([log(1 + sum(read.words.values())) for read in reads]), one),
            "no actor": _Ratio(np.array([not read.actors for read in reads], dtype=float), one, 1.0),
            "confidence": _Ratio(*np.array(sure, dtype=float)),
        }
        known = {word: number for number, word in enumerate({word for read in reads for word in read.words})}
        # One entry for each word of each article.
        self._word = np.array([known[word] for read in reads for word in read.words], dtype=int)
        self._count = np.array([count for read in reads for count in read.words.values()], dtype=float)
        self._row = np.repeat(np.arange(len(reads)), [len(read.words) for read in reads])

    def compare(self, number: int) -> dict[str, Compared]:
        """The figures of a week, by name, those for which there is enough."""
        before = range(max(0, number - REFERENCE), number)
        found = {"articles a day": self._volume(number, before), "undated": self._undated(number, before)}
        reference = slice(self._first[before.start], self._first[number])
        now = slice(self._first[number], self._first[number + 1])
        articles, size = now.stop - now.start, reference.stop - reference.start
        if articles and sum(len(self._weeks[one].reads) > 0 for one in before) >= LEAST_REFERENCE:
            draw = np.random.default_rng([self._seed, self._weeks[number].start.toordinal()])
            dealt = draw.multinomial(articles, np.full(size, 1 / size), _DRAWS).astype(np.float32)
            found |= {name: _compare_mix(mix, now, reference, dealt) for name, mix in self._mixes.items()}
            ratios = self._ratios | {"unseen words": self._unseen(reference)}
            found |= {name: _compare_ratio(ratio, now, reference, dealt) for name, ratio in ratios.items()}
        return {name: one for name, one in found.items() if one is not None}

    def _volume(self, number: int, before: range) -> Compared | None:
        if len(before) < LEAST_REFERENCE:
            return None
        usual = float(np.mean([self._weeks[one].articles for one in before]))
        return Compared(log(self._weeks[number].articles + 0.5), log(usual + 0.5), 1 / sqrt(usual + 0.5))

    def _undated(self, number: int, before: range) -> Compared | None:
        week, weeks = self._weeks[number], [self._weeks[one] for one in before if self._weeks[one].arrived]
        if not week.arrived or len(weeks) < LEAST_REFERENCE:
            return None
        usual = sum(one.undated for one in weeks) / sum(one.arrived for one in weeks)
        error = sqrt(usual * (1 - usual) / week.arrived + 1 / week.arrived**2)
        return Compared(week.undated / week.arrived, usual, error)

    def _unseen(self, reference: slice) -> _Ratio:
        """Words that no other article of the reference has."""
        inside = (self._row >= reference.start) & (self._row < reference.stop)
        articles = np.bincount(self._word[inside], minlength=int(self._word.max(initial=0)) + 1)
        others = articles[self._word] - inside
        top = np.bincount(self._row, self._count * (others == 0), int(self._first[-1]))
        return _Ratio(top, np.bincount(self._row, self._count, int(self._first[-1])))


def _mix(counts: Iterable[Mapping[str, int]]) -> _Mix:
    counts = list(counts)
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    columns = [name for name, _ in total.most_common(_COLUMNS)]
    place = {name: number for number, name in enumerate(columns)}
    table = np.zeros((len(counts), len(columns) + 1), dtype=np.float32)
    for row, one in enumerate(counts):
        for name, count in one.items():
            table[row, place.get(name, -1)] += count
    return _Mix(table, [*columns, "all others"])


def _compare_mix(mix: _Mix, now: slice, reference: slice, dealt: np.ndarray) -> Compared | None:
    rows = mix.table[reference]
    drawn = dealt @ rows
    drawn = drawn[drawn.any(1)]
    here, there = mix.table[now].sum(0), rows.sum(0)
    if not here.any() or not len(drawn):
        return None
    distances = _distances(drawn, there)
    mean = float(distances.mean())
    # No less than what one article of a kind never seen would add.
    one = 1 / int(mix.table[now].any(1).sum())
    odd = float(_distances(np.array([[1 - one, one]]), np.array([1.0, 0.0]))[0])
    error = sqrt(float(distances.var()) + (sqrt(mean**2 + odd**2) - mean) ** 2)
    shares = there / there.sum(), here / here.sum()
    order = np.argsort(-np.abs(shares[1] - shares[0]), kind="stable")[:3]
    most = tuple((mix.columns[k], float(shares[0][k]), float(shares[1][k])) for k in map(int, order))
    return Compared(float(_distances(here[None], there)[0]), mean, error, most)


def _compare_ratio(ratio: _Ratio, now: slice, reference: slice, dealt: np.ndarray) -> Compared | None:
    tops, bottoms = dealt @ ratio.top[reference], dealt @ ratio.bottom[reference]
    kept = bottoms > 0
    if not ratio.bottom[now].any() or not kept.any():
        return None
    drawn = tops[kept] / bottoms[kept]
    error = sqrt(float(drawn.var()) + (ratio.least / (now.stop - now.start)) ** 2)
    return Compared(float(ratio.top[now].sum() / ratio.bottom[now].sum()), float(drawn.mean()), max(error, 1e-6))


def _distances(counts: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Jensen-Shannon distance of each row of counts, shape (rows, entries), from one reference, shape (entries,)."""
    here, there = counts / counts.sum(1, keepdims=True), reference / reference.sum()
    middle = (here + there) / 2
    divergence = (_relative(here, middle) + _relative(np.broadcast_to(there, here.shape), middle)) / 2
    return np.sqrt(np.maximum(divergence, 0.0))


def _relative(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Relative entropy of each row in bits."""
    return (p * np.log2(np.where(p > 0, p, 1) / np.where(p > 0, q, 1))).sum(1)
