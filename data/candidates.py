"""Which (sentence, actor, issue) are worth asking the model about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .issues import Issue
from .windows import Window


class Candidate(NamedTuple):
    """An actor of a window and an issue of which a cue stands in it."""

    sentence: int
    actor: str
    issue: str


def open_issues(window: Window, issues: Sequence[Issue]) -> list[bool]:
    """For each issue whether one of its cues stands in the window."""
    return [issue.has_cue(window.plain) for issue in issues]


def find_candidates(window: Window, issues: Sequence[Issue]) -> list[Candidate]:
    """Lists the candidates of a window: each of its actors with each issue that has a cue there."""
    opened = open_issues(window, issues)
    return [
        Candidate(window.sentence, actor, issue.id)
        for actor in window.actors
        for issue, is_open in zip(issues, opened, strict=True)
        if is_open
    ]
