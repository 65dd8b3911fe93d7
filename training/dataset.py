"""Examples of a recipe, split by passage."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..data.actors import ActorResolver
from ..data.candidates import open_issues
from ..data.corpus import IGNORED, STANCE_CLASSES, Example, make_examples, read_labelled
from ..data.issues import Issue
from ..data.newsmtsc import read_newsmtsc
from ..data.semeval import read_tweets
from ..data.standoff import read_standoff
from .recipe import Recipe


@dataclass(frozen=True)
class Split:
    """Examples to learn from and examples held out; no passage has examples in both.

    Attributes:
        train: To learn from.
        validation: Held out.
        calibration: Those of the held out on which temperatures and thresholds are set.
    """

    train: list[Example]
    validation: list[Example]
    calibration: list[Example]

    def summary(self) -> dict[str, int]:
        """Counts for the record of a run."""
        stances = Counter(
            STANCE_CLASSES[label] for example in self.train for row in example.stances for label in row if label > 0
        )
        return {
            "train_windows": len(self.train),
            "validation_windows": len(self.validation),
            **{f"train_{name}": count for name, count in sorted(stances.items())},
            "train_unreached": sum(len(example.unreached) for example in self.train),
        }


def build_split(recipe: Recipe, issues: Sequence[Issue]) -> Split:
    """Reads the recipe's data and splits it, grouped by passage.

    Raises:
        StancewireError: A data file is missing or malformed.
    """
    resolver = ActorResolver()
    examples: list[Example] = []
    calibrating: set[str] = set()
    for path in recipe.data.train:
        found = list(make_examples(read_labelled(path), issues, resolver))
        if path in (recipe.data.calibration or recipe.data.train):
            calibrating |= {example.group for example in found}
        examples += found
    for apart in recipe.data.standoff:
        examples += make_examples(read_standoff(apart.labels, apart.text), issues, resolver)
    for example in examples:
        _close(example, issues)
    for path in recipe.data.tweets:
        # A tweet is about its target whether it names it or not.
        examples += read_tweets(path, "train", issues)
    for path in recipe.data.sentiment:
        examples += read_newsmtsc(path, resolver, issues)
    kept = [example for example in examples if _teaches(example)]
    groups = sorted({example.group for example in kept})
    random.Random(recipe.seed).shuffle(groups)
    held_out = set(groups[: round(len(groups) * recipe.data.validation_share)])
    validation = [example for example in kept if example.group in held_out]
    return Split(
        train=[example for example in kept if example.group not in held_out],
        validation=validation,
        calibration=[example for example in validation if example.group in calibrating] or validation,
    )


def _close(example: Example, issues: Sequence[Issue]) -> None:
    """Ignores the cells of issues without a cue near the sentence: the model is never asked about them."""
    opened = open_issues(example.window, issues)
    example.stances = [
        [label if is_open else IGNORED for label, is_open in zip(row, opened[question.sentence], strict=True)]
        for question, row in zip(example.window.questions, example.stances, strict=True)
    ]


def _teaches(example: Example) -> bool:
    cells = [label for row in example.stances for label in row] + example.sentiments
    return any(label != IGNORED for label in cells)


def asks_stance(example: Example) -> bool:
    """Whether any cell of the example's stances is learnt from, be it that there is none."""
    return any(label != IGNORED for row in example.stances for label in row)
