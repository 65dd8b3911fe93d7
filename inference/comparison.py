"""Two models on one test set: how far apart they are, and whether that is more than chance."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..data.corpus import LabelledArticle
from ..data.schema import Position
from ..models.calibration import expected_calibration_error
from .checklist import Template, run_suite
from .evaluation import Evaluation, evaluate
from .scorer import CHUNK, Scorer
from .uncertainty import evaluate_each, f1_of_counts

SAMPLES = 2000
_THIN = 10
"""Gold stances below which a slice is left out of the table."""


class Difference(NamedTuple):
    """Label F1 of both models on a slice, and the interval of their difference.

    Attributes:
        slice: ``all``, or what the slice is of: ``issue: sanctions``, ``source: wire``, ``decade: 2010s``.
        gold: Gold stances in it.
        first: Label F1 of the first model.
        second: Label F1 of the second.
        low: Lower end of the 95 % interval of second minus first.
        high: Upper end.
        p: Two-sided bootstrap p-value of no difference.
    """

    slice: str
    gold: int
    first: float
    second: float
    low: float
    high: float
    p: float


class McNemar(NamedTuple):
    """Gold stances that one model alone gets right (Q. McNemar, 1947; exact binomial form).

    Attributes:
        first_only: Right in the first alone.
        second_only: Right in the second alone.
        p: Two-sided p-value that both are as good.
    """

    first_only: int
    second_only: int
    p: float


@dataclass(frozen=True)
class Side:
    """One of the two models.

    Attributes:
        name: What it was called by.
        model: Its own name and version.
        figures: Detection F1, label F1, stance accuracy, calibration error of the reported rows, and false rows in 100
            sentences of articles without gold.
        behaviour: Pass rate of each group of the behaviour suite.
        behaviour_rate: Pass rate of the whole suite.
        articles_per_second: Rate on the test set.
        megabytes: Size of the model folder.
    """

    name: str
    model: str
    figures: dict[str, float]
    behaviour: dict[str, float]
    behaviour_rate: float
    articles_per_second: float
    megabytes: float


@dataclass(frozen=True)
class Comparison:
    """Both sides, their differences by slice, and the test on single annotations."""

    first: Side
    second: Side
    articles: int
    differences: list[Difference]
    mcnemar: McNemar
    reliability: dict[str, list[tuple[float, bool]]] = field(repr=False)
    """Confidence of each reported row and whether it is right, by side (``first``, ``second``)."""

    def to_json(self) -> dict[str, Any]:
        """All but the single rows, as plain values."""
        return {
            "articles": self.articles,
            "first": asdict(self.first),
            "second": asdict(self.second),
            "differences": [one._asdict() for one in self.differences],
            "mcnemar": self.mcnemar._asdict(),
        }


def compare(
    first: tuple[str, Scorer, float],
    second: tuple[str, Scorer, float],
    gold: Sequence[LabelledArticle],
    templates: Sequence[Template],
    fillers: int = 5,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Scores the gold articles with both models by turns, so that a slow moment of the machine meets both.

    Args:
        first: Name, scorer and size in megabytes of one model.
        second: The same of the other.
        gold: The test set.
        templates: The behaviour suite.
        fillers: Fillings of each template.
        progress: Told how many articles are done, of how many.
    """
    scorers = (first[1], second[1])
    rows: tuple[list[Position], list[Position]] = ([], [])
    seconds = [0.0, 0.0]
    for start in range(0, len(gold), CHUNK):
        articles = [one.article for one in gold[start : start + CHUNK]]
        for side, scorer in enumerate(scorers):
            began = time.perf_counter()
            rows[side].extend(scorer.score(articles))
            seconds[side] += time.perf_counter() - began
        if progress:
            progress(start + len(articles), len(gold))
    results = (evaluate(gold, rows[0]), evaluate(gold, rows[1]))
    sides = [
        _side(given, result, templates, fillers, len(gold) / max(spent, 1e-9))
        for given, result, spent in zip((first, second), results, seconds, strict=True)
    ]
    return Comparison(
        sides[0],
        sides[1],
        len(gold),
        differences(gold, rows[0], rows[1]),
        mcnemar(gold, results[0], results[1]),
        {"first": results[0].reported, "second": results[1].reported},
    )


def differences(
    gold: Sequence[LabelledArticle], first: Sequence[Position], second: Sequence[Position], seed: int = 13
) -> list[Difference]:
    """Paired bootstrap over articles of the difference in label F1, over all and by slice.

    B. Efron and R. Tibshirani, "An Introduction to the Bootstrap", 1993; both models are read on the same resamples.

    Args:
        gold: The test set; whole articles are drawn, as the sentences of one are not independent.
        first: Rows of one model.
        second: Rows of the other.
        seed: Seed of the draws.
    """
    parts = [evaluate_each(gold, rows) for rows in (first, second)]
    draws = np.random.default_rng(seed).multinomial(len(gold), np.full(len(gold), 1 / len(gold)), size=SAMPLES)
    found = []
    for name, chosen, counts in _slices(gold):
        tables = [np.array([counts(one) for one in part], dtype=float) * chosen[:, None] for part in parts]
        wanted = int(tables[0][:, 0].sum() + tables[0][:, 2].sum())
        if name != "all" and wanted < _THIN:
            continue
        gaps = f1_of_counts(draws @ tables[1]) - f1_of_counts(draws @ tables[0])
        low, high = np.percentile(gaps, [2.5, 97.5])
        tail = min((gaps <= 0).sum(), (gaps >= 0).sum()) + 1
        found.append(
            Difference(
                name,
                wanted,
                float(f1_of_counts(tables[0].sum(0, keepdims=True))[0]),
                float(f1_of_counts(tables[1].sum(0, keepdims=True))[0]),
                float(low),
                float(high),
                min(1.0, 2 * float(tail) / (SAMPLES + 1)),
            )
        )
    return found


def mcnemar(gold: Sequence[LabelledArticle], first: Evaluation, second: Evaluation) -> McNemar:
    """Exact McNemar test on the gold stances; rows that are false alarms do not count."""
    wrong = [Counter(error[:4] for error in result.errors if error.gold != "none") for result in (first, second)]
    second_only, first_only = (sum((wrong[0] - wrong[1]).values()), sum((wrong[1] - wrong[0]).values()))
    n, k = first_only + second_only, min(first_only, second_only)
    # In logarithms: the binomial coefficients of a large test set are beyond a float.
    tail = sum(math.exp(_log_choose(n, i) - n * math.log(2)) for i in range(k + 1))
    return McNemar(first_only, second_only, min(1.0, 2 * tail) if n else 1.0)


def side_rows(first: Side, second: Side) -> list[tuple[str, float, float]]:
    """Figures of both sides in the order in which they are shown."""
    rows = [(name.replace("_", " "), first.figures[name], second.figures[name]) for name in first.figures]
    return [
        *rows,
        ("behaviour suite", first.behaviour_rate, second.behaviour_rate),
        ("articles a second", first.articles_per_second, second.articles_per_second),
        ("megabytes", first.megabytes, second.megabytes),
    ]


def _side(
    given: tuple[str, Scorer, float], result: Evaluation, templates: Sequence[Template], fillers: int, rate: float
) -> Side:
    name, scorer, megabytes = given
    figures = result.figures()
    # None where every article has a stance: there is nothing to count then.
    empty = figures["false_per_100_sentences_of_empty_articles"]
    confidence, right = np.array(result.reported, dtype=float).reshape(-1, 2).T
    groups = run_suite(scorer, templates, fillers)
    return Side(
        name,
        scorer.model.config.full_name,
        {
            "detection_f1": figures["detection"]["F"],
            "label_f1": figures["label"]["F"],
            "stance_accuracy": figures["stance_accuracy"],
            "calibration_error": expected_calibration_error(confidence, right),
            **({"false_per_100": empty} if empty is not None else {}),
        },
        {group: one.rate for group, one in groups.items()},
        sum(one.passed for one in groups.values()) / max(1, sum(one.asked for one in groups.values())),
        rate,
        megabytes,
    )


def _slices(
    gold: Sequence[LabelledArticle],
) -> Iterator[tuple[str, np.ndarray, Callable[[Evaluation], tuple[int, int, int]]]]:
    """Name of each slice, which articles it has, and what counts in one of them."""

    def label(one: Evaluation) -> tuple[int, int, int]:
        return one.label.tp, one.label.fp, one.label.fn

    def of_issue(issue: str) -> Callable[[Evaluation], tuple[int, int, int]]:
        def counts(one: Evaluation) -> tuple[int, int, int]:
            found = one.issues[issue]
            return found.tp, found.fp, found.fn

        return counts

    everything = np.ones(len(gold))
    yield "all", everything, label
    for issue in sorted({stance.issue for one in gold for stance in one.stances}):
        yield f"issue: {issue}", everything, of_issue(issue)
    kinds: Mapping[str, list[str]] = {
        "source": [one.article.source or "" for one in gold],
        "decade": [f"{one.article.published[:3]}0s" if one.article.published else "" for one in gold],
    }
    for kind, values in kinds.items():
        for value in sorted(set(values) - {""}):
            yield f"{kind}: {value}", np.array([float(one == value) for one in values]), label


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
