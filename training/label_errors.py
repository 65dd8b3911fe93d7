"""Labels that are likely wrong: those to which models that never saw them give little probability.

Confident learning: C. Northcutt, L. Jiang and I. Chuang, "Confident Learning: Estimating Uncertainty in Dataset
Labels", JAIR 2021; cleanlab's implementation, over out-of-sample probabilities of the TF-IDF baseline.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.sparse import hstack
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

from ..data.corpus import IGNORED, STANCE_CLASSES, Example
from ..data.errors import MissingExtraError, StancewireError
from ..data.issues import Issue
from ..models.baseline import NGRAMS, describe_question
from .fit_baseline import make_vectorizer
from .recipe import BaselineRecipe

FOLDS = 5


class LabelError(NamedTuple):
    """One label that is likely wrong.

    Attributes:
        passage: Id of the passage.
        sentence: Index of the sentence.
        actor: The actor.
        issue: The issue.
        label: The label that stands there.
        suggested: The label that the models find most probable.
        probability: What they give the label that stands there.
    """

    passage: str
    sentence: int
    actor: str
    issue: str
    label: str
    suggested: str
    probability: float


def find_label_errors(examples: Sequence[Example], issues: Sequence[Issue]) -> list[LabelError]:
    """Ranks the labels that are likely wrong, the likeliest first.

    Each passage is judged by models that were fitted on the other four fifths of the passages.

    Raises:
        MissingExtraError: The package that finds them is not installed, or there are too few passages.
    """
    if len({example.group for example in examples}) < FOLDS:
        raise StancewireError(f"label errors need at least {FOLDS} passages, to judge each by models that never saw it")
    return sorted(
        (error for column, issue in enumerate(issues) for error in _of_issue(examples, column, issue.id)),
        key=lambda error: error.probability,
    )


def _of_issue(examples: Sequence[Example], column: int, issue: str) -> Iterator[LabelError]:
    try:
        from cleanlab.filter import find_label_issues
    except ImportError as error:
        raise MissingExtraError("looking for label errors", "corpus") from error

    rows = [
        (example, index, question)
        for example in examples
        for index, question in enumerate(example.window.questions)
        if example.stances[index][column] != IGNORED
    ]
    labels = np.array([example.stances[index][column] for example, index, _ in rows])
    classes, indices = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        return
    options = BaselineRecipe()
    texts = [describe_question(example.window, question) for example, _, question in rows]
    matrix = hstack([make_vectorizer(name, texts, options).transform([t[name] for t in texts]) for name in NGRAMS])
    probabilities = np.asarray(
        cross_val_predict(
            LogisticRegression(C=options.c, max_iter=200),
            matrix.tocsr(),
            indices,
            groups=[example.group for example, _, _ in rows],
            cv=GroupKFold(FOLDS),
            method="predict_proba",
        )
    )
    for row in find_label_issues(indices, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1):
        example, _, question = rows[row]
        suggested = int(probabilities[row].argmax())
        yield LabelError(
            example.group,
            question.sentence,
            example.window.actors[question.slot],
            issue,
            STANCE_CLASSES[labels[row]],
            STANCE_CLASSES[classes[suggested]],
            float(probabilities[row][indices[row]]),
        )
