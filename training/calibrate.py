"""Temperatures and thresholds, fitted on the held-out passages of a recipe.

Temperature scaling: C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On Calibration of Modern Neural Networks", ICML 2017.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize_scalar

from ..data.corpus import IGNORED, NO_STANCE, Example
from ..models.base import StanceModel, softmax

_GRID = np.round(np.arange(0.2, 0.81, 0.02), 2)


def calibrate(model: StanceModel, examples: Sequence[Example]) -> dict[str, float]:
    """Sets the temperatures and thresholds of a model's configuration.

    Args:
        model: A model with raw ``logits``; its configuration is changed.
        examples: Held-out examples.

    Returns:
        Held-out label F1 for each issue and over all, negative log-likelihood and expected calibration error.
    """
    stance_logits, sentiment_logits = model.logits([example.window for example in examples])
    logits = np.concatenate(stance_logits)
    gold = np.concatenate([np.array(example.stances) for example in examples])
    sentiment = np.concatenate(sentiment_logits)
    sentiment_gold = np.concatenate([np.array(example.sentiments) for example in examples])
    config = model.config
    config.temperature = _temperature(logits[gold != IGNORED], gold[gold != IGNORED])
    known = sentiment_gold != IGNORED
    if known.any():
        config.sentiment_temperature = _temperature(sentiment[known], sentiment_gold[known])
    probabilities = softmax(logits, config.temperature)
    figures, pooled = {}, np.zeros(3)
    for column, issue in enumerate(config.issues):
        threshold, counts = _best_threshold(probabilities[:, column], gold[:, column])
        config.thresholds[issue.id] = threshold
        figures[f"validation_label_f1_{issue.id}"] = _f1(counts)
        pooled += counts
    asked = gold != IGNORED
    figures["validation_label_f1"] = _f1(pooled)
    figures["validation_nll"] = _nll(logits[asked], gold[asked], config.temperature)
    figures["validation_ece"] = expected_calibration_error(probabilities[asked], gold[asked])
    return figures


def label_f1(probabilities: np.ndarray, gold: np.ndarray) -> float:
    """Label F1 at the best threshold of each issue, macro over the issues.

    Args:
        probabilities: Shape (cells, issues, classes).
        gold: Shape (cells, issues), class indices or ``IGNORED``.
    """
    columns = range(gold.shape[1])
    return float(np.mean([_f1(_best_threshold(probabilities[:, column], gold[:, column])[1]) for column in columns]))


def expected_calibration_error(probabilities: np.ndarray, gold: np.ndarray, bins: int = 10) -> float:
    """Mean gap between confidence and accuracy over equal-width bins (Naeini et al. 2015), weighted by size.

    Args:
        probabilities: Shape (cells, classes).
        gold: Shape (cells,), class indices.
        bins: Number of bins.
    """
    confidence, right = probabilities.max(-1), probabilities.argmax(-1) == gold
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(confidence[which == b].mean() - right[which == b].mean()) * (which == b).mean()
        for b in range(bins)
        if (which == b).any()
    ]
    return float(sum(gaps))


def _temperature(logits: np.ndarray, gold: np.ndarray) -> float:
    best = minimize_scalar(lambda t: _nll(logits, gold, t), bounds=(0.3, 5.0), method="bounded")
    return round(float(best.x), 3)  # type: ignore[attr-defined]


def _nll(logits: np.ndarray, gold: np.ndarray, temperature: float) -> float:
    chosen = softmax(logits, temperature)[np.arange(len(gold)), gold]
    return float(-np.log(np.clip(chosen, 1e-9, 1)).mean())


def _best_threshold(probabilities: np.ndarray, gold: np.ndarray) -> tuple[float, np.ndarray]:
    scored = [(_counts(probabilities, gold, t), t) for t in _GRID]
    counts, threshold = max(scored, key=lambda item: (_f1(item[0]), -abs(item[1] - 0.5)))
    return float(threshold), counts


def _counts(probabilities: np.ndarray, gold: np.ndarray, threshold: float) -> np.ndarray:
    """True positives, false positives and false negatives of the labels at a threshold."""
    asked = gold != IGNORED
    reported = (1 - probabilities[:, NO_STANCE] >= threshold) & asked
    label = probabilities[:, 1:].argmax(-1) + 1
    right = reported & (label == gold)
    wanted = asked & (gold > NO_STANCE)
    return np.array([right.sum(), (reported & ~right).sum(), (wanted & ~right).sum()], dtype=float)


def _f1(counts: np.ndarray) -> float:
    tp, fp, fn = counts
    return float(2 * tp / (2 * tp + fp + fn)) if tp else 0.0
