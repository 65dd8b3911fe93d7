"""Whether new labels are of the kind that the old ones are: labels, actors and words, before both go into one model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from .corpus import LabelledArticle
from .duplicates import find_near_duplicates
from .errors import MissingExtraError, StancewireError
from .names import normalise_name

CONFLICT = 0.8
"""Likeness of two sentences (Jaccard of their shingles) at which their labels should be the same."""
_WORD = re.compile(r"[^\W\d_]{3,}")
_FREQUENT = 200
_PERMUTATIONS = 300


class Drift(NamedTuple):
    """How far apart old and new labels are in one respect.

    Attributes:
        what: The respect.
        distance: Jensen-Shannon distance of the two, base 2: 0 the same, 1 nothing in common (J. Lin, 1991).
        expected: The mean distance when the same articles are dealt out at random: few articles are never quite alike.
        p: Share of such deals that are at least as far apart (a permutation test; whole articles are dealt, as what
            stands in one is not independent).
        most: What differs most, with its share in the old and in the new.
    """

    what: str
    distance: float
    expected: float
    p: float
    most: tuple[tuple[str, float, float], ...]


class Conflict(NamedTuple):
    """Two near-copies of a sentence that give one actor different stances.

    Attributes:
        first: Article id and sentence index of one.
        second: The same of the other.
        actor: The actor, normalised.
        issue: The issue.
        stances: Its stance in either.
        is_new: Whether one of the two is among the new articles.
    """

    first: tuple[str, int]
    second: tuple[str, int]
    actor: str
    issue: str
    stances: tuple[str, str]
    is_new: bool


def measure_drift(old: Sequence[LabelledArticle], new: Sequence[LabelledArticle], seed: int = 13) -> list[Drift]:
    """Compares what is labelled, who holds it, and the words of the text.

    Args:
        old: The labels so far.
        new: The new ones.
        seed: Seed of the permutations.

    Raises:
        MissingExtraError: SciPy is not installed.
        StancewireError: One of the two is empty.
    """
    if not old or not new:
        raise StancewireError("nothing to compare: one of the two holds no labelled article")
    respects: dict[str, Callable[[LabelledArticle], Counter[str]]] = {
        "labels of the sentences": _labels,
        "holders of the stances": _actors,
        "words of the text": _words,
    }
    is_new = np.repeat([False, True], [len(old), len(new)])
    return [
        _drift(what, [count(one) for one in (*old, *new)], is_new, np.random.default_rng(seed))
        for what, count in respects.items()
    ]


def find_conflicts(old: Sequence[LabelledArticle], new: Sequence[LabelledArticle]) -> list[Conflict]:
    """Near-copies of a sentence whose firm labels contradict each other, within the old, the new, or across."""
    places: list[tuple[str, int, bool]] = []
    stances: list[dict[tuple[str, str], str]] = []
    texts: list[str] = []
    for articles, is_new in ((old, False), (new, True)):
        for one in articles:
            for index, span in enumerate(one.sentences):
                found = [s for s in one.stances if s.sentence == index and not s.optional]
                if found:
                    places.append((one.article.id, index, is_new))
                    stances.append({(normalise_name(s.actor), s.issue): s.stance for s in found})
                    texts.append(one.article.text[span.start : span.end])
    conflicts = []
    for pair in find_near_duplicates(enumerate(texts), CONFLICT):
        first, second = int(str(pair.first)), int(str(pair.second))
        for cell, stance in stances[first].items():
            other = stances[second].get(cell, stance)
            if other != stance:
                both = (places[first][:2], places[second][:2])
                conflicts.append(Conflict(*both, *cell, (stance, other), places[first][2] or places[second][2]))
    return conflicts


def _labels(one: LabelledArticle) -> Counter[str]:
    firm = [s for s in one.stances if not s.optional]
    counts = Counter(f"{s.issue}: {s.stance}" for s in firm)
    counts["none"] = len(one.sentences) - len({s.sentence for s in firm})
    return counts


def _actors(one: LabelledArticle) -> Counter[str]:
    return Counter(normalise_name(s.actor) for s in one.stances if not s.optional)


def _words(one: LabelledArticle) -> Counter[str]:
    return Counter(_WORD.findall(one.article.text.lower()))


def _drift(what: str, counts: Sequence[Counter[str]], is_new: np.ndarray, draw: np.random.Generator) -> Drift:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    names = [name for name, _ in total.most_common(_FREQUENT)]
    table = np.array([[one[name] for name in names] + [sum(one.values())] for one in counts], dtype=float)
    # The last column: all others, pooled.
    table[:, -1] -= table[:, :-1].sum(1)
    shares = _shares(table, is_new)
    if shares is None:
        return Drift(what, 0.0, 0.0, 1.0, ())
    distance = _distance(shares)
    dealt = [_shares(table, draw.permutation(is_new)) for _ in range(_PERMUTATIONS)]
    distances = np.array([_distance(one) for one in dealt if one is not None])
    order = np.argsort(-np.abs(shares[1] - shares[0]), kind="stable")[:3]
    labels = [*names, "all others"]
    return Drift(
        what,
        distance,
        float(distances.mean()),
        float(((distances >= distance).sum() + 1) / (len(distances) + 1)),
        tuple((labels[k], float(shares[0, k]), float(shares[1, k])) for k in order),
    )


def _shares(table: np.ndarray, is_new: np.ndarray) -> np.ndarray | None:
    """Shares of each entry in the old and the new articles, shape (2, entries); None where one side has nothing."""
    sums = np.array([table[~is_new].sum(0), table[is_new].sum(0)])
    totals = sums.sum(1, keepdims=True)
    return sums / totals if totals.all() else None


def _distance(shares: np.ndarray) -> float:
    try:
        from scipy.spatial.distance import jensenshannon
    except ImportError as error:
        raise MissingExtraError("measuring drift", "training") from error

    return float(jensenshannon(*shares, base=2))
