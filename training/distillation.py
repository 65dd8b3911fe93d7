"""Soft labels: what a teacher, usually a larger model, says of the windows that a student learns from.

G. Hinton, O. Vinyals and J. Dean, "Distilling the Knowledge in a Neural Network", 2015.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..data.candidates import open_issues
from ..data.corpus import IGNORED, Example
from ..data.errors import StancewireError
from ..data.issues import Issue, issue_ids
from ..models.base import load_model, softmax


class SoftLabels(NamedTuple):
    """Probabilities for one window; all zero for what is not asked.

    Attributes:
        stance: Shape (questions, issues, classes), 32-bit.
        sentiment: Shape (questions, 3), 32-bit.
    """

    stance: np.ndarray
    sentiment: np.ndarray


def soft_labels(
    teacher: str, examples: Sequence[Example], issues: Sequence[Issue], temperature: float
) -> list[SoftLabels]:
    """Asks a teacher. Where its answer is not the label it is left out: what it got wrong is not worth learning.

    Args:
        teacher: A model folder, of whatever type.
        examples: What to ask about.
        issues: The issues of the student, in the order of its outputs.
        temperature: Softmax temperature; above one it shows what the teacher thinks of the classes it did not choose.

    Raises:
        StancewireError: There is no such model, or it was trained for other issues.
    """
    model = load_model(teacher)
    if issue_ids(model.config.issues) != issue_ids(issues):
        raise StancewireError(
            f"teacher {teacher}: its issues are {', '.join(issue_ids(model.config.issues))}, not those of the recipe;"
            " train it with the same issues"
        )
    stances, sentiments = model.logits([example.window for example in examples])
    labels = []
    for example, stance, sentiment in zip(examples, stances, sentiments, strict=True):
        opened = open_issues(example.window, issues)
        asked = np.array([opened[question.sentence] for question in example.window.questions])
        # A tweet is asked about its target whether it names it or not.
        asked |= np.array(example.stances) != IGNORED
        labels.append(
            SoftLabels(
                _kept(softmax(stance, temperature), asked & _is_right(stance, example.stances)),
                _kept(softmax(sentiment, temperature), _is_right(sentiment, example.sentiments)),
            )
        )
    return labels


def _kept(probabilities: np.ndarray, where: np.ndarray) -> np.ndarray:
    return (probabilities * where[..., None]).astype(np.float32)


def _is_right(logits: np.ndarray, labels: list[list[int]] | list[int]) -> np.ndarray:
    """Where the teacher's best class is the label, or where there is none to hold it against."""
    gold = np.array(labels)
    return (gold == IGNORED) | (logits.argmax(-1) == gold)
