"""SetFit as a peer: the same encoder and data, the way that library fine-tunes for classification of single texts.

L. Tunstall et al., "Efficient Few-Shot Learning Without Prompts", 2022.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression

from ..data.candidates import open_issues
from ..data.corpus import IGNORED, NO_STANCE, Example
from ..data.errors import MissingExtraError
from ..data.issues import Issue
from ..data.schema import SENTIMENTS
from ..data.windows import Window
from ..models.base import CLASSES, ModelConfig, WindowScores
from ..models.baseline import describe_question
from .fit_encoder import resolve_base
from .recipe import Recipe

_PAIRS_BATCH = 16
_STEPS = 1500
"""Contrastive steps: some 48,000 texts, well past where SetFit's curves flatten."""
_CONTRASTED = 1000
"""Cells of each class that the contrastive stage pairs; all cells fit the classifier. SetFit lists every pair there is,
so that more would not fit into memory."""


class _Cell(NamedTuple):
    window: int
    question: int
    issue: int


class SetFitPeer:
    """A sentence encoder tuned by contrast, and a logistic regression on what it gives for each actor and issue.

    Args:
        config: Names the issues; thresholds and temperature are set by calibration.
        body: The sentence encoder.
        head: The classifier.
    """

    def __init__(self, config: ModelConfig, body: Any, head: LogisticRegression) -> None:
        self.config, self.body, self.head = config, body, head

    def predict(self, windows: Sequence[Window]) -> list[WindowScores]:
        """Scores windows, one result each, in order; sentiment is even."""
        return self.config.scores(*self.logits(windows))

    def logits(self, windows: Sequence[Window]) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Log-probabilities of the stances, and zeros for sentiment, which this peer does not do."""
        issues = self.config.issues
        cells = [cell for index, window in enumerate(windows) for cell in _open_cells(index, window, issues)]
        stances = []
        for window in windows:
            sure = np.full((len(window.questions), len(issues), len(CLASSES)), -20.0)
            sure[..., NO_STANCE] = 0.0
            stances.append(sure)
        if cells:
            texts = [_describe(windows[cell.window], cell, issues) for cell in cells]
            answers = self.head.predict_log_proba(self.body.encode(texts, batch_size=64, show_progress_bar=False))
            for cell, answer in zip(cells, answers, strict=True):
                stances[cell.window][cell.question, cell.issue, self.head.classes_] = np.maximum(answer, -20.0)
        return stances, [np.zeros((len(window.questions), len(SENTIMENTS))) for window in windows]


def fit_setfit(recipe: Recipe, examples: Sequence[Example], config: ModelConfig) -> SetFitPeer:
    """Fine-tunes the recipe's base encoder by SetFit on the stances of the examples.

    Raises:
        MissingExtraError: SetFit is not installed.
    """
    try:
        # By name: type checkers need not have the peers installed.
        setfit: Any = import_module("setfit")
        sentence_transformers: Any = import_module("sentence_transformers")
        datasets: Any = import_module("datasets")
    except ImportError as error:
        raise MissingExtraError("comparing with SetFit", "peers") from error

    texts, labels = _labelled_texts(examples, config.issues)
    body = sentence_transformers.SentenceTransformer(resolve_base(recipe.encoder.base), device="cpu")
    head = LogisticRegression(C=1.0, max_iter=400, class_weight=None, random_state=recipe.seed)
    model = setfit.SetFitModel(model_body=body, model_head=head, labels=list(range(len(CLASSES))))
    chosen = _balanced(labels, recipe.seed)
    arguments = setfit.TrainingArguments(
        batch_size=_PAIRS_BATCH,
        num_epochs=1,
        max_steps=_STEPS,
        seed=recipe.seed,
        report_to="none",
        save_strategy="no",
        show_progress_bar=False,
    )
    data = datasets.Dataset.from_dict({"text": [texts[k] for k in chosen], "label": [labels[k] for k in chosen]})
    setfit.Trainer(model=model, args=arguments, train_dataset=data).train_embeddings(
        list(data["text"]), list(data["label"]), args=arguments
    )
    head.fit(body.encode(texts, batch_size=64, show_progress_bar=False), labels)
    return SetFitPeer(config, body, head)


def _labelled_texts(examples: Sequence[Example], issues: Sequence[Issue]) -> tuple[list[str], list[int]]:
    texts, labels = [], []
    for index, example in enumerate(examples):
        for cell in _open_cells(index, example.window, issues):
            label = example.stances[cell.question][cell.issue]
            if label != IGNORED:
                texts.append(_describe(example.window, cell, issues))
                labels.append(label)
    return texts, labels


def _balanced(labels: Sequence[int], seed: int) -> list[int]:
    """At most ``_CONTRASTED`` cells of each class."""
    draw = random.Random(seed)
    chosen = []
    for cls in range(len(CLASSES)):
        cells = [k for k, label in enumerate(labels) if label == cls]
        chosen += draw.sample(cells, min(len(cells), _CONTRASTED))
    return chosen


def _open_cells(index: int, window: Window, issues: Sequence[Issue]) -> list[_Cell]:
    opened = open_issues(window, issues)
    return [
        _Cell(index, number, column)
        for number, question in enumerate(window.questions)
        for column, is_open in enumerate(opened[question.sentence])
        if is_open
    ]


def _describe(window: Window, cell: _Cell, issues: Sequence[Issue]) -> str:
    parts = describe_question(window, window.questions[cell.question])
    text = f"{parts['sentence']} | {parts['context']}".replace("zzme", "ACTOR").replace("zzother", "somebody")
    return f"{issues[cell.issue].id.replace('_', ' ')}: {text.removeprefix('zzhere ').removeprefix('zzaway ')}"
