"""Thresholds, temperatures and confidence, fitted on a model whose errors are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="calibration needs the training extra")

from builders import masked_window

from stancewire.data.corpus import Example
from stancewire.data.issues import load_issues
from stancewire.data.windows import Window
from stancewire.models.base import ModelConfig
from stancewire.models.calibration import expected_calibration_error
from stancewire.training.calibrate import calibrate

ISSUES = load_issues()


class Overconfident:
    """Reports *support* with log-odds drawn at random and is right half as often as it says."""

    def __init__(self, n: int) -> None:
        draw = np.random.default_rng(5)
        self.config = ModelConfig("encoder", "m", "1", ISSUES, {issue.id: 0.5 for issue in ISSUES})
        self.sure = draw.uniform(0.55, 0.99, (n, len(ISSUES)))
        self.gold = np.where(draw.uniform(size=self.sure.shape) < self.sure / 2, 1, 2)

    def logits(self, windows: Sequence[Window]) -> tuple[list[np.ndarray], list[np.ndarray]]:
        rows = []
        for sure in self.sure:
            one = np.stack([np.log([1e-4, p, 1 - p, 1e-4]) for p in sure])
            rows.append(one[None])
        return rows, [np.zeros((1, 3)) for _ in windows]

    def examples(self) -> list[Example]:
        window = masked_window("[A0] x", actors=("Chile",))
        return [Example(str(n), window, [list(map(int, labels))], [1]) for n, labels in enumerate(self.gold)]


def test_confidence_becomes_the_share_that_is_right() -> None:
    model = Overconfident(600)
    examples = model.examples()
    figures = calibrate(model, examples, examples)  # type: ignore[arg-type]
    assert figures["validation_confidence_ece"] < 0.03
    assert figures["validation_coverage_at_0.2"] == 1.0
    assert figures["validation_precision_at_0.4"] > figures["validation_precision_at_0.2"]
    right = (model.gold == 1).ravel()
    assert expected_calibration_error(model.sure.ravel(), right) > 0.2
    assert model.config.confidence_of(0.6) < model.config.confidence_of(0.95)


def test_too_few_rows_leave_the_confidence_alone() -> None:
    model = Overconfident(3)
    examples = model.examples()
    assert "validation_confidence_ece" not in calibrate(model, examples, examples)  # type: ignore[arg-type]
    assert model.config.confidence == (1.0, 0.0)
