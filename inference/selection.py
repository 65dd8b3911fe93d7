"""Active learning: which stretches of unlabelled text to label next.

A window is worth a label where the model is unsure (entropy), where several models disagree (Jensen-Shannon divergence,
as in query by committee), or where it may hold a rare label. After B. Settles, "Active Learning Literature Survey",
2009. The pick is then greedy under a cap on likeness, so that a batch is not fifty wordings of one story.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..data.candidates import open_issues
from ..data.errors import StancewireError
from ..data.issues import Issue, issue_ids
from ..data.windows import Window
from ..models.base import StanceModel

MOST_ALIKE = 0.4
"""Largest share of words (Jaccard) that a window may have in common with one that was picked before it."""
_CELLS = 3
"""A window is judged by its most telling questions: with the mean over all, long windows would hide them."""
_WORD = re.compile(r"[^\W\d_]{4,}")


class Worth(NamedTuple):
    """What a label of a window would be worth, each part 0 to 1.

    Attributes:
        uncertainty: Mean entropy of the answers that are least sure, over that of a blind guess.
        disagreement: Largest divergence of the models' answers to one question; 0 for a single model.
        rarity: How rare the rarest label is that the models see there, among all that they see.
    """

    uncertainty: float
    disagreement: float
    rarity: float

    @property
    def total(self) -> float:
        """The sum: no part is weighed, as none has been shown to deserve it."""
        return self.uncertainty + self.disagreement + self.rarity


def judge_windows(windows: Sequence[Window], models: Sequence[StanceModel]) -> list[Worth]:
    """What a label of each window would be worth.

    Args:
        windows: The windows.
        models: One model or several with the same issues.

    Raises:
        StancewireError: Their issues differ.
    """
    issues = models[0].config.issues
    for model in models[1:]:
        if issue_ids(model.config.issues) != issue_ids(issues):
            raise StancewireError(
                f"{models[0].config.full_name} and {model.config.full_name} know other issues, or in another order;"
                " pick with models of the same issues"
            )
    per_model = [model.predict(windows) for model in models]
    labels: Counter[tuple[int, int]] = Counter()
    cells: list[np.ndarray] = []
    seen: list[set[tuple[int, int]]] = []
    for place, window in enumerate(windows):
        asked = np.array(_asked(window, issues), dtype=bool)
        answers = np.array([scores[place].stance for scores in per_model])
        cells.append(answers[:, asked])
        columns, best = np.nonzero(asked)[1], cells[-1].mean(0).argmax(-1)
        found = {(int(column), int(label)) for column, label in zip(columns, best, strict=True) if label}
        seen.append(found)
        labels.update(found)
    return [
        Worth(_uncertainty(one), _disagreement(one), _rarity(found, labels))
        for one, found in zip(cells, seen, strict=True)
    ]


def pick(windows: Sequence[Window], worth: Sequence[float], number: int, groups: Sequence[str], most: int) -> list[int]:
    """Indices of the windows to label, the most worthy first.

    Args:
        windows: The windows.
        worth: What each is worth.
        number: How many to pick; fewer come back where the others are too much alike.
        groups: The article of each window.
        most: Most windows of one article.
    """
    words = [frozenset(_WORD.findall(" ".join(window.plain).lower())) for window in windows]
    chosen: list[int] = []
    taken: Counter[str] = Counter()
    for index in sorted(range(len(windows)), key=lambda k: -worth[k]):
        if len(chosen) == number:
            break
        if taken[groups[index]] >= most or any(_alike(words[index], words[other]) for other in chosen):
            continue
        chosen.append(index)
        taken[groups[index]] += 1
    return chosen


def _asked(window: Window, issues: Sequence[Issue]) -> list[list[bool]]:
    opened = open_issues(window, issues)
    return [list(opened[question.sentence]) for question in window.questions]


def _uncertainty(answers: np.ndarray) -> float:
    """Answers are of shape (models, cells, classes)."""
    if not answers.shape[1]:
        return 0.0
    entropies = np.sort(_entropy(answers.mean(0)))[::-1]
    return float(entropies[:_CELLS].mean() / math.log(answers.shape[-1]))


def _disagreement(answers: np.ndarray) -> float:
    if len(answers) < 2 or not answers.shape[1]:
        return 0.0
    divergence = _entropy(answers.mean(0)) - _entropy(answers).mean(0)
    return float(divergence.max() / math.log(len(answers)))


def _rarity(found: set[tuple[int, int]], labels: Counter[tuple[int, int]]) -> float:
    most = max(labels.values(), default=0)
    rarest = min((labels[label] for label in found), default=most)
    return 1 - rarest / most if most else 0.0


def _entropy(probabilities: np.ndarray) -> np.ndarray:
    kept = np.clip(probabilities, 1e-12, 1)
    return -(kept * np.log(kept)).sum(-1)


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) > MOST_ALIKE * len(one | other)
