"""Fitting of the TF-IDF baseline with scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from ..data.corpus import IGNORED
from ..data.issues import Issue
from ..data.schema import SENTIMENTS
from ..models.base import CLASSES
from ..models.baseline import NGRAMS, TOKEN_PATTERN, describe_question, save_baseline
from .dataset import Split
from .recipe import BaselineRecipe, Recipe

_NEVER = -20.0
"""Intercept of a class that no label shows."""


def fit_baseline(recipe: Recipe, split: Split, issues: Sequence[Issue], folder: Path) -> None:
    """Fits one logistic regression for each issue and one for sentiment, and writes them into a folder."""
    rows = [(example, *row) for example in split.train for row in enumerate(example.window.questions)]
    texts = [describe_question(example.window, question) for example, _, question in rows]
    vectorizers = {name: make_vectorizer(name, texts, recipe.baseline) for name in NGRAMS}
    matrix = csr_matrix(hstack([v.transform([text[name] for text in texts]) for name, v in vectorizers.items()]))
    columns = [
        _linear(matrix, np.array([example.stances[index][column] for example, index, _ in rows]), len(CLASSES), recipe)
        for column in range(len(issues))
    ]
    sentiments = np.array([example.sentiments[index] for example, index, _ in rows])
    columns.append(_linear(matrix, sentiments, len(SENTIMENTS), recipe))
    save_baseline(
        folder,
        {name: vectorizer.get_feature_names_out().tolist() for name, vectorizer in vectorizers.items()},
        {name: vectorizer.idf_ for name, vectorizer in vectorizers.items()},
        np.concatenate([weights for weights, _ in columns], axis=1),
        np.concatenate([intercept for _, intercept in columns]),
    )


def make_vectorizer(name: str, texts: Sequence[dict[str, str]], options: BaselineRecipe) -> TfidfVectorizer:
    """The fitted vectorizer of one of the two texts of a question, ``sentence`` or ``context``."""
    most = options.max_features if name == "sentence" else options.max_features // 4
    vectorizer = TfidfVectorizer(
        ngram_range=(1, NGRAMS[name]), max_features=most, sublinear_tf=True, min_df=2, token_pattern=TOKEN_PATTERN
    )
    return vectorizer.fit([text[name] for text in texts])


def _linear(matrix: Any, labels: np.ndarray, n_classes: int, recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    """Weights (n-grams, classes) and intercepts (classes,) of one multinomial logistic regression."""
    weights, intercept = np.zeros((matrix.shape[1], n_classes)), np.full(n_classes, _NEVER)
    kept = labels != IGNORED
    seen = np.unique(labels[kept])
    if len(seen) < 2:
        # Nothing to tell apart: all classes alike where there is no label, the only one where there is one.
        intercept[seen if len(seen) else slice(None)] = 0.0
        return weights, intercept
    classifier = LogisticRegression(C=recipe.baseline.c, max_iter=400, random_state=recipe.seed)
    classifier.fit(matrix[kept], labels[kept])
    coefficients, offsets = np.asarray(classifier.coef_), np.asarray(classifier.intercept_)
    if len(seen) == 2:
        # Of two classes scikit-learn keeps the second's log odds only.
        coefficients, offsets = np.vstack([0 * coefficients, coefficients]), np.array([0.0, offsets[0]])
    weights[:, seen], intercept[seen] = coefficients.T, offsets
    return weights, intercept
