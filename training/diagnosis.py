"""What a model does on the held-out passages, beyond one number: by class, by slice, and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..data.corpus import IGNORED, NO_STANCE, STANCE_CLASSES, Example
from ..models.base import StanceModel


@dataclass(frozen=True)
class Diagnosis:
    """Figures of the held-out passages at the model's own thresholds.

    Attributes:
        figures: Precision, recall and F1 of each class of each issue, and label F1 of each slice (data file).
        confusion: Counts, shape (classes, classes): gold by row, given by column, classes as in ``STANCE_CLASSES``.
        confidence: Confidence of each reported row, 0 to 1.
        right: Whether its label is right.
    """

    figures: dict[str, float]
    confusion: np.ndarray
    confidence: np.ndarray
    right: np.ndarray


def diagnose(model: StanceModel, examples: Sequence[Example]) -> Diagnosis | None:
    """Scores held-out examples with a calibrated model; None where no stance is asked.

    Args:
        model: The model, its thresholds set.
        examples: Held-out examples.
    """
    if not examples:
        return None
    config = model.config
    scores = model.predict([example.window for example in examples])
    probabilities = np.concatenate([one.stance for one in scores])
    gold = np.concatenate([np.array(example.stances) for example in examples])
    origin = np.concatenate([np.full(len(example.stances), example.origin, dtype=object) for example in examples])
    asked = gold != IGNORED
    if not asked.any():
        return None
    given = config.report(probabilities)
    figures: dict[str, float] = {}
    for column, issue in enumerate(config.issues):
        cells = asked[:, column]
        for index, name in enumerate(STANCE_CLASSES[1:], start=1):
            values = _scores(gold[cells, column] == index, given[cells, column] == index)
            for figure, value in zip(("precision", "recall", "f1"), values, strict=True):
                figures[f"validation_{figure}_{issue.id}_{name}"] = value
    for name in sorted({str(one) for one in origin} - {""}):
        cells = asked & (origin == name)[:, None]
        figures[f"validation_label_f1_on_{name}"] = _label_f1(gold[cells], given[cells])
    confusion = np.zeros((len(STANCE_CLASSES), len(STANCE_CLASSES)), dtype=int)
    np.add.at(confusion, (gold[asked], given[asked]), 1)
    reported = asked & (given != NO_STANCE)
    sure = np.take_along_axis(probabilities, given[..., None], -1)[..., 0][reported]
    confidence = np.array([config.confidence_of(float(p)) for p in sure])
    return Diagnosis(figures, confusion, confidence, (given == gold)[reported])


def _scores(gold: np.ndarray, given: np.ndarray) -> tuple[float, float, float]:
    hits = float((gold & given).sum())
    precision, recall = hits / max(1, given.sum()), hits / max(1, gold.sum())
    return precision, recall, 2 * hits / max(1, gold.sum() + given.sum())


def _label_f1(gold: np.ndarray, given: np.ndarray) -> float:
    hits = float(((gold == given) & (gold != NO_STANCE)).sum())
    return 2 * hits / max(1, (gold != NO_STANCE).sum() + (given != NO_STANCE).sum())
