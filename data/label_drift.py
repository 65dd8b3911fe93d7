"""Whether new labels are of the kind that the old ones are: labels, actors and words, before both go into one model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
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


class Drift(NamedTuple):
    """How far apart old and new labels are in one respect.

    Attributes:
        what: The respect.
        distance: Jensen-Shannon distance of the two, base 2: 0 the same, 1 nothing in common (J. Lin, 1991).
        p: p-value of a chi-squared test that both are drawn from one distribution.
        most: What differs most, with its share in the old and in the new.
    """

    what: str
    distance: float
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
    """

    first: tuple[str, int]
    second: tuple[str, int]
    actor: str
    issue: str
    stances: tuple[str, str]


def measure_drift(old: Sequence[LabelledArticle], new: Sequence[LabelledArticle]) -> list[Drift]:
    """Compares what is labelled, who holds it, and the words of the text.

    Raises:
        MissingExtraError: SciPy is not installed.
        StancewireError: One of the two is empty.
    """
    if not old or not new:
        raise StancewireError("nothing to compare: one of the two holds no labelled article")
    return [
        _drift("labels of the sentences", _labels(old), _labels(new)),
        _drift("holders of the stances", *_frequent(_actors(old), _actors(new))),
        _drift("words of the text", *_frequent(_words(old), _words(new))),
    ]


def find_conflicts(articles: Sequence[LabelledArticle]) -> list[Conflict]:
    """Near-copies of a sentence whose firm labels contradict each other."""
    stances: dict[Hashable, dict[tuple[str, str], str]] = {}
    texts = []
    for one in articles:
        for index, span in enumerate(one.sentences):
            key = (one.article.id, index)
            found = [s for s in one.stances if s.sentence == index and not s.optional]
            if found:
                stances[key] = {(normalise_name(s.actor), s.issue): s.stance for s in found}
                texts.append((key, one.article.text[span.start : span.end]))
    return [
        Conflict(pair.first, pair.second, *cell, (stance, stances[pair.second][cell]))  # type: ignore[arg-type]
        for pair in find_near_duplicates(texts, CONFLICT)
        for cell, stance in stances[pair.first].items()
        if stances[pair.second].get(cell, stance) != stance
    ]


def _labels(articles: Iterable[LabelledArticle]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for one in articles:
        firm = [s for s in one.stances if not s.optional]
        counts.update(f"{s.issue}: {s.stance}" for s in firm)
        counts["none"] += len(one.sentences) - len({s.sentence for s in firm})
    return counts


def _actors(articles: Iterable[LabelledArticle]) -> Counter[str]:
    return Counter(normalise_name(s.actor) for one in articles for s in one.stances if not s.optional)


def _words(articles: Iterable[LabelledArticle]) -> Counter[str]:
    return Counter(word for one in articles for word in _WORD.findall(one.article.text.lower()))


def _frequent(old: Counter[str], new: Counter[str]) -> tuple[Counter[str], Counter[str]]:
    """The most frequent entries of both, the rest pooled: a chi-squared test needs counts to count."""
    kept = {name for name, _ in (old + new).most_common(_FREQUENT)}
    pooled = []
    for counts in (old, new):
        some = Counter({name: n for name, n in counts.items() if name in kept})
        some["all others"] = sum(counts.values()) - sum(some.values())
        pooled.append(some)
    return pooled[0], pooled[1]


def _drift(what: str, old: Counter[str], new: Counter[str]) -> Drift:
    try:
        from scipy.spatial.distance import jensenshannon
        from scipy.stats import chi2_contingency
    except ImportError as error:
        raise MissingExtraError("measuring drift", "training") from error

    names = [name for name in sorted(old.keys() | new.keys()) if old[name] + new[name]]
    table = np.array([[old[name] for name in names], [new[name] for name in names]], dtype=float)
    if len(names) < 2 or not table.sum(1).all():
        return Drift(what, 0.0, 1.0, ())
    shares = table / table.sum(1, keepdims=True)
    order = np.argsort(-np.abs(shares[1] - shares[0]), kind="stable")[:3]
    return Drift(
        what,
        float(jensenshannon(*shares, base=2)),
        float(chi2_contingency(table).pvalue),
        tuple((names[k], float(shares[0, k]), float(shares[1, k])) for k in order),
    )
