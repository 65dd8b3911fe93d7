"""Fitting of the TF-IDF baseline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from ..data.corpus import IGNORED
from ..data.issues import Issue
from ..models.baseline import TextFeatures, describe_slot, save_baseline
from .dataset import Split
from .recipe import Recipe


def fit_baseline(recipe: Recipe, split: Split, issues: Sequence[Issue], folder: Path) -> None:
    """Fits one logistic regression for each issue and one for sentiment, and writes them into a folder."""
    rows = [(example, slot) for example in split.train for slot in range(len(example.window.actors))]
    texts = [describe_slot(example.window, slot) for example, slot in rows]
    features = TextFeatures.fit(texts, recipe.baseline.max_features)
    matrix = features.transform(texts)
    stance = {}
    for column, issue in enumerate(issues):
        labels = np.array([example.stances[slot][column] for example, slot in rows])
        stance[issue.id] = _fit(matrix, labels, recipe)
    sentiments = np.array([example.sentiments[slot] for example, slot in rows])
    known = (sentiments != IGNORED).any()
    save_baseline(folder, features, stance, _fit(matrix, sentiments, recipe) if known else None)


def _fit(matrix, labels: np.ndarray, recipe: Recipe) -> LogisticRegression:
    kept = labels != IGNORED
    classifier = LogisticRegression(C=recipe.baseline.c, max_iter=400, random_state=recipe.seed)
    return classifier.fit(matrix[kept], labels[kept])
