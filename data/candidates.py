"""Which (sentence, actor, issue) are worth asking the model about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .issues import Issue
from .windows import Window


class Candidate(NamedTuple):
    """An actor and an issue of which a cue stands in the sentence or near it.

    Attributes:
        question: Index of the window's question that asks about the actor in the sentence.
        sentence: Index of the sentence.
        actor: The actor.
        issue: The issue.
    """

    question: int
    sentence: int
    actor: str
    issue: str


def open_issues(window: Window, issues: Sequence[Issue]) -> dict[int, list[bool]]:
    """For each sentence that is asked about, for each issue, whether a cue stands in the sentence or near it."""
    cued = [[issue.has_cue(sentence) for issue in issues] for sentence in window.plain]
    return {
        sentence: [any(column) for column in zip(*cued[window.around(sentence)], strict=True)]
        for sentence in window.asked
    }


def find_candidates(window: Window, issues: Sequence[Issue]) -> list[Candidate]:
    """Lists the candidates of a window: each of its questions with each issue that has a cue there."""
    opened = open_issues(window, issues)
    return [
        Candidate(index, question.sentence, window.actors[question.slot], issue.id)
        for index, question in enumerate(window.questions)
        for issue, is_open in zip(issues, opened[question.sentence], strict=True)
        if is_open
    ]
