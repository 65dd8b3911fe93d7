"""Temperatures and thresholds, fitted on the held-out passages of a recipe.

Temperature scaling: C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On Calibration of Modern Neural Networks", ICML 2017.
Confidence of what is reported: J. Platt, "Probabilistic Outputs for Support Vector Machines", 1999.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression

from ..data.corpus import IGNORED, NO_STANCE, Example
from ..models.base import ModelConfig, StanceModel, softmax
from ..models.calibration import expected_calibration_error

LEAST_STANCES = 30
"""Held-out stances on an issue below which a threshold would fit noise."""
CONFIDENCES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Points of the curve of precision over coverage."""
_LEAST_TO_FIT = 20
"""Right and wrong rows that a fit of the confidence needs of each."""
_GRID = np.round(np.arange(0.2, 0.81, 0.02), 2)


def calibrate(
    model: StanceModel,
    examples: Sequence[Example],
    held_out: Sequence[Example],
    chosen: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Sets the temperatures and thresholds of a model's configuration.

    Args:
        model: A model with raw ``logits``; its configuration is changed.
        examples: Held-out examples for the stances.
        held_out: All held-out examples, these among them: for sentiment, and for the threshold of an issue on which
            fewer than ``LEAST_STANCES`` of the others take a side.
        chosen: Thresholds by issue that stand already; only the others are fitted.

    Returns:
        Held-out label F1 for each issue and over all, negative log-likelihood and expected calibration error; nothing
        where no stance is asked.
    """
    config = model.config
    stances, sentiment = model.logits([example.window for example in held_out])
    every, every_gold = np.concatenate(stances), np.concatenate([np.array(example.stances) for example in held_out])
    fitted_on = {id(example) for example in examples}
    mask = np.concatenate([np.full(len(example.stances), id(example) in fitted_on) for example in held_out])
    logits, gold = every[mask], every_gold[mask]
    asked = gold != IGNORED
    sentiment = np.concatenate(sentiment)
    sentiment_gold = np.concatenate([np.array(example.sentiments) for example in held_out])
    known = sentiment_gold != IGNORED
    if known.any():
        config.sentiment_temperature = _temperature(sentiment[known], sentiment_gold[known])
    if not asked.any():
        return {}
    config.temperature = _temperature(logits[asked], gold[asked])
    probabilities = softmax(logits, config.temperature)
    every_probabilities = softmax(every, config.temperature)
    figures, pooled = {}, np.zeros(3)
    for column, issue in enumerate(config.issues):
        seen, labels = probabilities[:, column], gold[:, column]
        if chosen and issue.id in chosen:
            config.thresholds[issue.id] = chosen[issue.id]
            counts = _counts(seen, labels, chosen[issue.id])
        elif (labels > NO_STANCE).sum() < LEAST_STANCES:
            config.thresholds[issue.id], _ = _best_threshold(every_probabilities[:, column], every_gold[:, column])
            counts = _counts(seen, labels, config.thresholds[issue.id])
        else:
            config.thresholds[issue.id], counts = _best_threshold(seen, labels)
        figures[f"validation_label_f1_{issue.id}"] = _f1(counts)
        pooled += counts
    figures |= _fit_confidence(config, probabilities, gold)
    figures["validation_label_f1"] = _f1(pooled)
    figures["validation_nll"] = _nll(logits[asked], gold[asked], config.temperature)
    answers = probabilities[asked]
    figures["validation_ece"] = expected_calibration_error(answers.max(-1), answers.argmax(-1) == gold[asked])
    return figures


def _fit_confidence(config: ModelConfig, probabilities: np.ndarray, gold: np.ndarray) -> dict[str, float]:
    """Sets the confidence of the rows that would be reported; gives their calibration error with it."""
    given = config.report(probabilities)
    reported = (given != NO_STANCE) & (gold != IGNORED)
    right = given[reported] == gold[reported]
    if min(right.sum(), (~right).sum()) < _LEAST_TO_FIT:
        config.confidence = (1.0, 0.0)
        return {}
    sure = np.clip(probabilities[reported][:, 1:].max(-1), 1e-6, 1 - 1e-6)
    fitted = LogisticRegression().fit(np.log(sure / (1 - sure))[:, None], right)
    # A slope below zero would call the surest rows the least sure.
    config.confidence = (round(max(0.0, float(fitted.coef_[0, 0])), 4), round(float(fitted.intercept_[0]), 4))
    confidence = np.array([config.confidence_of(float(p)) for p in sure])
    figures = {"validation_confidence_ece": expected_calibration_error(confidence, right)}
    for least in CONFIDENCES:
        kept = confidence >= least
        if kept.any():
            figures[f"validation_coverage_at_{least}"] = float(kept.mean())
            figures[f"validation_precision_at_{least}"] = float(right[kept].mean())
    return figures


def label_f1(probabilities: np.ndarray, gold: np.ndarray) -> float:
    """Label F1 at the best threshold of each issue, macro over the issues.

    Args:
        probabilities: Shape (cells, issues, classes).
        gold: Shape (cells, issues), class indices or ``IGNORED``.
    """
    columns = range(gold.shape[1])
    return float(np.mean([_f1(_best_threshold(probabilities[:, column], gold[:, column])[1]) for column in columns]))


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
    sides = probabilities[:, NO_STANCE + 1 :]
    reported = (sides.max(-1) >= threshold) & asked
    label = sides.argmax(-1) + NO_STANCE + 1
    right = reported & (label == gold)
    wanted = asked & (gold > NO_STANCE)
    return np.array([right.sum(), (reported & ~right).sum(), (wanted & ~right).sum()], dtype=float)


def _f1(counts: np.ndarray) -> float:
    tp, fp, fn = counts
    return float(2 * tp / (2 * tp + fp + fn)) if tp else 0.0
