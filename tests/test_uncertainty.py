"""Bootstrap intervals, calibration error and operating points."""

from __future__ import annotations

import numpy as np
import pytest

from stancewire.data.corpus import LabelledArticle, Stance
from stancewire.data.schema import Article, Position, Span
from stancewire.inference.evaluation import evaluate
from stancewire.inference.uncertainty import bootstrap_intervals, operating_points
from stancewire.models.calibration import expected_calibration_error


def article(number: int) -> LabelledArticle:
    stances = (Stance(0, "Chile", "sanctions", "support"),)
    return LabelledArticle(Article(f"a{number}", "Chile imposed sanctions."), (Span(0, 24),), stances)


def row(number: int, label: str, confidence: float = 0.9) -> Position:
    return Position(f"a{number}", 0, 0, 24, "", "stance", "Chile", "sanctions", label, confidence, [], "", "m")


def test_a_perfect_score_leaves_no_doubt() -> None:
    intervals = bootstrap_intervals([article(n) for n in range(9)], [row(n, "support") for n in range(9)])
    assert intervals["label"] == intervals["sanctions"] == intervals["stance_accuracy"] == (1, 1)


def test_intervals_hold_the_figure_and_shrink_with_more_articles() -> None:
    widths = []
    for size in (20, 320):
        gold = [article(n) for n in range(size)]
        rows = [row(n, "support" if n % 4 else "oppose") for n in range(size)]
        low, high = bootstrap_intervals(gold, rows)["label"]
        assert low < evaluate(gold, rows).label.f1 < high
        widths.append(high - low)
    # The normal approximation for a share of 0.75 says 0.38 and 0.095.
    assert widths == pytest.approx([0.38, 0.095], rel=0.2)


def test_the_same_seed_gives_the_same_intervals() -> None:
    gold, rows = [article(n) for n in range(7)], [row(n, "support") for n in range(3)]
    assert bootstrap_intervals(gold, rows, samples=50) == bootstrap_intervals(gold, rows, samples=50)


def test_operating_points_trade_recall_for_precision() -> None:
    gold = [article(n) for n in range(4)]
    rows = [row(0, "support", 0.95), row(1, "support", 0.65), row(2, "oppose", 0.55)]
    low, high = operating_points(evaluate(gold, rows), at=(0.5, 0.6))
    assert (low.coverage, low.precision, low.recall) == (1, pytest.approx(2 / 3), 0.5)
    assert (high.coverage, high.precision, high.recall) == (pytest.approx(2 / 3), 1, 0.5)


def test_calibration_error_is_zero_where_confidence_is_accuracy() -> None:
    sure = np.array([1.0, 1.0])
    assert expected_calibration_error(sure, np.array([1, 1])) == pytest.approx(0)
    assert expected_calibration_error(sure, np.array([0, 0])) == pytest.approx(1)
    assert expected_calibration_error(np.full(4, 0.75), np.array([1, 1, 1, 0])) == pytest.approx(0)
