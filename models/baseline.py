"""The baseline: TF-IDF and logistic regression over text in which the actor in question and the others are masked."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from ..data.errors import StancewireError
from ..data.schema import SENTIMENTS
from ..data.windows import OTHER_TOKEN, SLOT_TOKENS, Window
from .base import CLASSES, ModelConfig, WindowScores, softmax

VOCABULARY, WEIGHTS = "vocabulary.json", "model.safetensors"
_SLOT = re.compile("|".join(re.escape(token) for token in (*SLOT_TOKENS, OTHER_TOKEN)))
_TOKEN = r"(?u)\b\w+\b"


def describe_slot(window: Window, slot: int) -> tuple[str, str]:
    """Sentence and context with the slot's actor as ``zzme`` and everybody else as ``zzother``."""
    me = SLOT_TOKENS[slot]

    def masked(text: str) -> str:
        return _SLOT.sub(lambda match: " zzme " if match[0] == me else " zzother ", text)

    place = "zzhere" if window.in_target[slot] else "zzaway"
    return f"{place} {masked(window.target)}", f"{masked(window.before)} {masked(window.after)}"


class TextFeatures:
    """Two TF-IDF vocabularies, of the sentence (one to three words) and of its context (one word).

    Stop words stay: *not*, *no* and *against* turn a stance round.
    """

    def __init__(self, sentence: TfidfVectorizer, context: TfidfVectorizer) -> None:
        self.sentence, self.context = sentence, context

    @classmethod
    def fit(cls, texts: Sequence[tuple[str, str]], max_features: int) -> TextFeatures:
        """Learns the vocabularies from ``(sentence, context)`` pairs."""
        sentence = TfidfVectorizer(
            ngram_range=(1, 3), max_features=max_features, sublinear_tf=True, min_df=2, token_pattern=_TOKEN
        )
        context = TfidfVectorizer(max_features=max_features // 4, sublinear_tf=True, min_df=2, token_pattern=_TOKEN)
        return cls(sentence.fit([text for text, _ in texts]), context.fit([text for _, text in texts]))

    def transform(self, texts: Sequence[tuple[str, str]]) -> csr_matrix:
        """Features, shape (texts, n-grams)."""
        parts = [
            self.sentence.transform([text for text, _ in texts]),
            self.context.transform([text for _, text in texts]),
        ]
        return csr_matrix(hstack(parts))


class BaselineModel:
    """One logistic regression for each issue and one for sentiment, loaded from JSON and safetensors."""

    def __init__(self, folder: Path, config: ModelConfig, threads: int | None = None) -> None:
        del threads
        self.config = config
        vocabularies = json.loads((folder / VOCABULARY).read_text(encoding="utf-8"))
        arrays = load_file(str(folder / WEIGHTS))
        self._features = TextFeatures(
            _vectorizer(vocabularies["sentence"], arrays["sentence.idf"], (1, 3)),
            _vectorizer(vocabularies["context"], arrays["context.idf"], (1, 1)),
        )
        self._stance = [_classifier(arrays, issue.id, len(CLASSES)) for issue in config.issues]
        self._sentiment = _classifier(arrays, "sentiment", len(SENTIMENTS)) if "sentiment.coef" in arrays else None

    def predict(self, windows: Sequence[Window]) -> list[WindowScores]:
        """Scores windows, one result each, in order."""
        texts = [describe_slot(window, slot) for window in windows for slot in range(len(window.actors))]
        if not texts:
            return []
        stance, sentiment = self._logits(texts)
        stance = softmax(stance, self.config.temperature)
        if sentiment is not None:
            sentiment = softmax(sentiment, self.config.sentiment_temperature)
        results, row = [], 0
        for window in windows:
            rows = slice(row, row + len(window.actors))
            results.append(WindowScores(stance[rows], None if sentiment is None else sentiment[rows]))
            row = rows.stop
        return results

    def logits(self, windows: Sequence[Window]) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Raw stance and sentiment logits of each window, for calibration."""
        stance, sentiment = [], []
        for window in windows:
            one, other = self._logits([describe_slot(window, slot) for slot in range(len(window.actors))])
            stance.append(one)
            sentiment.append(np.zeros((len(one), len(SENTIMENTS))) if other is None else other)
        return stance, sentiment

    def _logits(self, texts: Sequence[tuple[str, str]]) -> tuple[np.ndarray, np.ndarray | None]:
        features = self._features.transform(texts)
        stance = np.stack([_spread(one, features, len(CLASSES)) for one in self._stance], axis=1)
        sentiment = None if self._sentiment is None else _spread(self._sentiment, features, len(SENTIMENTS))
        return stance, sentiment


def save_baseline(
    folder: Path, features: TextFeatures, stance: dict[str, LogisticRegression], sentiment: LogisticRegression | None
) -> None:
    """Writes fitted features and classifiers (one for each issue id) into a folder."""
    vocabularies = {
        "sentence": list(features.sentence.get_feature_names_out()),
        "context": list(features.context.get_feature_names_out()),
    }
    (folder / VOCABULARY).write_text(json.dumps(vocabularies, ensure_ascii=False), encoding="utf-8")
    arrays = {"sentence.idf": features.sentence.idf_, "context.idf": features.context.idf_}
    classifiers = stance | ({"sentiment": sentiment} if sentiment is not None else {})
    for name, classifier in classifiers.items():
        arrays[f"{name}.coef"] = classifier.coef_.astype(np.float32)
        arrays[f"{name}.intercept"] = np.asarray(classifier.intercept_, dtype=np.float32)
        arrays[f"{name}.classes"] = np.asarray(classifier.classes_, dtype=np.int64)
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, str(folder / WEIGHTS))


def _vectorizer(terms: Sequence[str], idf: np.ndarray, ngrams: tuple[int, int]) -> TfidfVectorizer:
    vectorizer = TfidfVectorizer(
        ngram_range=ngrams,
        sublinear_tf=True,
        token_pattern=_TOKEN,
        vocabulary={term: i for i, term in enumerate(terms)},
    )
    vectorizer.idf_ = idf
    return vectorizer


def _classifier(arrays: dict[str, np.ndarray], name: str, n_classes: int) -> LogisticRegression:
    classifier = LogisticRegression()
    classes = arrays[f"{name}.classes"]
    if classes.max() >= n_classes:
        raise StancewireError(
            f"{name}: class {classes.max()} of {n_classes}; the model folder is broken, train it anew"
        )
    classifier.coef_, classifier.intercept_ = arrays[f"{name}.coef"], arrays[f"{name}.intercept"]
    classifier.classes_ = classes
    return classifier


def _spread(classifier: LogisticRegression, features: csr_matrix, n_classes: int) -> np.ndarray:
    """Log probabilities over all classes; one that was never seen in training gets next to none."""
    known = np.asarray(classifier.predict_log_proba(features))
    logits = np.full((len(known), n_classes), -20.0, dtype=np.float32)
    logits[:, np.asarray(classifier.classes_)] = known
    return logits
