"""The baseline: TF-IDF and logistic regression over text in which the actor in question and the others are masked.

scikit-learn fits it; what it learnt is a vocabulary and a matrix, and scoring needs no more than those.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from ..data.errors import StancewireError
from ..data.schema import SENTIMENTS
from ..data.windows import OTHER_TOKEN, SLOT_TOKENS, Question, Window
from .base import CLASSES, ModelConfig, WindowScores

VOCABULARY, WEIGHTS = "vocabulary.json", "lexical.safetensors"
TOKEN_PATTERN = r"(?u)\b\w+\b"
NGRAMS = {"sentence": 3, "context": 1}
"""Longest n-gram of each of the two vocabularies. Stop words stay: *not* and *against* turn a stance round."""

_SLOT = re.compile("|".join(re.escape(token) for token in (*SLOT_TOKENS, OTHER_TOKEN)))
_TOKEN = re.compile(TOKEN_PATTERN)


def describe_question(window: Window, question: Question) -> dict[str, str]:
    """Sentence and context with the actor asked about as ``zzme`` and everybody else as ``zzother``."""
    me = SLOT_TOKENS[question.slot]

    def masked(text: str) -> str:
        return _SLOT.sub(lambda match: " zzme " if match[0] == me else " zzother ", text)

    place = question.sentence - window.first
    near = window.around(question.sentence)
    return {
        "sentence": masked(window.texts[place]),
        "context": masked(" ".join((*window.texts[near.start : place], *window.texts[place + 1 : near.stop]))),
    }


class BaselineModel:
    """Linear scores for each issue and for sentiment, loaded from JSON and safetensors."""

    def __init__(self, folder: Path, config: ModelConfig, threads: int | None = None) -> None:
        del threads
        self.config = config
        terms = json.loads((folder / VOCABULARY).read_text(encoding="utf-8"))
        self._terms = {name: {term: row for row, term in enumerate(terms[name])} for name in NGRAMS}
        arrays = load_file(str(folder / WEIGHTS))
        self._idf = {name: arrays[f"{name}.idf"] for name in NGRAMS}
        self._weights = {name: arrays[f"{name}.weights"].astype(np.float32) for name in NGRAMS}
        self._intercept = arrays["intercept"]
        self._n_issues = len(config.issues)
        if len(self._intercept) != self._n_issues * len(CLASSES) + len(SENTIMENTS):
            raise StancewireError(f"{folder}: the weights do not fit the issues; train the model anew")

    def predict(self, windows: Sequence[Window]) -> list[WindowScores]:
        """Scores windows, one result each, in order."""
        return self.config.scores(*self.logits(windows))

    def logits(self, windows: Sequence[Window]) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Raw stance logits (questions, issues, classes) and sentiment logits (questions, 3) of each window."""
        stance, sentiment = [], []
        cut = self._n_issues * len(CLASSES)
        for window in windows:
            rows = [self._linear(describe_question(window, question)) for question in window.questions]
            scores = np.stack(rows) if rows else np.zeros((0, len(self._intercept)), np.float32)
            stance.append(scores[:, :cut].reshape(-1, self._n_issues, len(CLASSES)))
            sentiment.append(scores[:, cut:])
        return stance, sentiment

    def _linear(self, texts: dict[str, str]) -> np.ndarray:
        total = self._intercept.copy()
        for name, text in texts.items():
            counts = Counter(_known(text, NGRAMS[name], self._terms[name]))
            if counts:
                rows = np.fromiter(counts, dtype=np.int64)
                # Sublinear term frequency, as in Manning, Raghavan and Schütze (2008), section 6.4.1.
                values = np.array([1 + math.log(n) for n in counts.values()], np.float32) * self._idf[name][rows]
                total += values @ self._weights[name][rows] / np.linalg.norm(values)
        return total


def save_baseline(
    folder: Path, terms: dict[str, list[str]], idf: dict[str, np.ndarray], weights: np.ndarray, intercept: np.ndarray
) -> None:
    """Writes what scikit-learn learnt.

    Args:
        folder: Where the files go.
        terms: N-grams of each vocabulary, in column order.
        idf: Inverse document frequencies of each vocabulary.
        weights: Shape (n-grams of the sentence and then of the context, issues × classes and then sentiments).
        intercept: One for each column of the weights.
    """
    (folder / VOCABULARY).write_text(json.dumps(terms, ensure_ascii=False), encoding="utf-8")
    cut = len(terms["sentence"])
    arrays = {
        "sentence.idf": idf["sentence"].astype(np.float32),
        "context.idf": idf["context"].astype(np.float32),
        "sentence.weights": np.ascontiguousarray(weights[:cut], dtype=np.float16),
        "context.weights": np.ascontiguousarray(weights[cut:], dtype=np.float16),
        "intercept": intercept.astype(np.float32),
    }
    save_file(arrays, str(folder / WEIGHTS))


def _known(text: str, longest: int, terms: dict[str, int]) -> Iterator[int]:
    """Rows of the n-grams of a text that are in a vocabulary."""
    tokens = _TOKEN.findall(text.lower())
    for size in range(1, longest + 1):
        for start in range(len(tokens) - size + 1):
            row = terms.get(" ".join(tokens[start : start + size]))
            if row is not None:
                yield row
