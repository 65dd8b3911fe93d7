"""How sure the figures of an evaluation are, and how far the confidence of its rows can be trusted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from ..data.corpus import LabelledArticle
from ..data.schema import Position
from .evaluation import Counts, Evaluation, evaluate


class Interval(NamedTuple):
    """A percentile interval of a figure."""

    low: float
    high: float


class OperatingPoint(NamedTuple):
    """What is left when rows below a confidence are dropped.

    Attributes:
        min_confidence: The least confidence of the rows kept.
        coverage: Share of the rows kept.
        precision: Share of the kept rows whose label is right.
        recall: Share of the gold annotations that a kept row gets right.
    """

    min_confidence: float
    coverage: float
    precision: float
    recall: float


def bootstrap_intervals(
    gold: Sequence[LabelledArticle],
    positions: Iterable[Position],
    samples: int = 2000,
    level: float = 0.95,
    seed: int = 13,
) -> dict[str, Interval]:
    """Percentile bootstrap over articles (B. Efron and R. Tibshirani, "An Introduction to the Bootstrap", 1993).

    Args:
        gold: Gold articles; whole articles are drawn, as the sentences of one are not independent.
        positions: The rows held against them.
        samples: Number of resamples.
        level: Share of the resamples inside an interval.
        seed: Seed of the draws.

    Returns:
        Intervals of the F1 of ``detection`` and ``label`` and of each issue, of ``stance_accuracy``, and of
        ``false_per_100``: rows in 100 sentences of the articles without gold.
    """
    parts = evaluate_each(gold, positions)
    issues = sorted({issue for part in parts for issue in part.issues})
    table = np.array([_counts(part, issues) for part in parts], dtype=float)
    draws = np.random.default_rng(seed).multinomial(len(parts), np.full(len(parts), 1 / len(parts)), size=samples)
    sums = draws @ table
    series = {name: f1_of_counts(sums[:, 3 * k : 3 * k + 3]) for k, name in enumerate(["detection", "label", *issues])}
    right, found, false, sentences = sums[:, -4:].T
    series["stance_accuracy"] = right / np.maximum(found, 1)
    series["false_per_100"] = 100 * false / np.maximum(sentences, 1)
    tail = 100 * (1 - level) / 2
    return {name: Interval(*np.percentile(values, [tail, 100 - tail])) for name, values in series.items()}


def operating_points(
    result: Evaluation, at: Sequence[float] = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
) -> list[OperatingPoint]:
    """Precision, recall and coverage at several least confidences."""
    wanted = result.label.tp + result.label.fn
    points = []
    for least in at:
        kept = [right for confidence, right in result.reported if confidence >= least]
        points.append(
            OperatingPoint(
                least,
                len(kept) / max(1, len(result.reported)),
                sum(kept) / max(1, len(kept)),
                sum(kept) / max(1, wanted),
            )
        )
    return points


def _counts(part: Evaluation, issues: Sequence[str]) -> list[int]:
    blocks: list[Counts] = [part.detection, part.label, *(part.issues.get(issue, Counts()) for issue in issues)]
    right = sum(n for (wanted, label), n in part.confusion.items() if wanted == label)
    return [
        *(n for counts in blocks for n in (counts.tp, counts.fp, counts.fn)),
        right,
        sum(part.confusion.values()),
        part.empty_rows,
        part.empty_sentences,
    ]


def evaluate_each(gold: Sequence[LabelledArticle], positions: Iterable[Position]) -> list[Evaluation]:
    """An evaluation of each article for itself."""
    rows: dict[str, list[Position]] = defaultdict(list)
    for position in positions:
        rows[position.article_id].append(position)
    return [evaluate([one], rows[one.article.id]) for one in gold]


def f1_of_counts(counts: np.ndarray) -> np.ndarray:
    """F1 of rows of true positives, false positives and false negatives, shape (rows, 3)."""
    tp, fp, fn = counts.T
    return 2 * tp / np.maximum(2 * tp + fp + fn, 1)
