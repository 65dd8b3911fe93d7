"""Encoder and baseline together: what one reads in the order of the words, the other knows of their combinations.

The two are joined by a logarithmic opinion pool (C. Genest and J. V. Zidek, "Combining Probability Distributions: A
Critique and an Annotated Bibliography", Statistical Science 1986): the weighted mean of their log probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..data.windows import Window
from .base import ModelConfig, WindowScores, softmax
from .baseline import BaselineModel
from .encoder import EncoderModel


class EnsembleModel:
    """The encoder and the baseline of one folder; ``options["baseline_weight"]`` is the share of the latter."""

    def __init__(self, folder: Path, config: ModelConfig, threads: int | None = None) -> None:
        self.config = config
        self._encoder = EncoderModel(folder, config, threads)
        self._baseline = BaselineModel(folder, config)
        self._weight = float(config.options["baseline_weight"])

    def predict(self, windows: Sequence[Window]) -> list[WindowScores]:
        """Scores windows, one result each, in order."""
        stance, sentiment = self.logits(windows)
        return [
            WindowScores(softmax(one, self.config.temperature), softmax(other, self.config.sentiment_temperature))
            for one, other in zip(stance, sentiment, strict=True)
        ]

    def logits(self, windows: Sequence[Window]) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Pooled log probabilities: stance (slots, issues, classes) and sentiment (slots, 3) of each window."""
        pairs = zip(self._encoder.logits(windows), self._baseline.logits(windows), strict=True)
        stance, sentiment = ([self._pool(a, b) for a, b in zip(*pair, strict=True)] for pair in pairs)
        return stance, sentiment

    def _pool(self, encoder: np.ndarray, baseline: np.ndarray) -> np.ndarray:
        return (1 - self._weight) * _log_softmax(encoder) + self._weight * _log_softmax(baseline)


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    return np.log(np.clip(softmax(logits, 1.0), 1e-6, 1.0))
