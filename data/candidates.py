"""Which (sentence, actor, issue) are worth asking the model about."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from .issues import Issue
from .schema import Article
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


def open_issues(window: Window, issues: Sequence[Issue], elsewhere: Collection[str] = ()) -> dict[int, list[bool]]:
    """For each sentence that is asked about, for each issue, whether a cue stands in the sentence or near it.

    A sentence that has a cue in another sense only is closed, and opens none near it.

    Args:
        window: The window.
        issues: The issues.
        elsewhere: Ids of those whose cues the article has mostly in another sense (:func:`find_elsewhere`): there a
            sentence is closed that has not got the cue in its own sense.
    """
    closed = [[is_closed(issue, sentence, issue.id in elsewhere) for issue in issues] for sentence in window.plain]
    cued = [
        [not is_closed and issue.has_cue(sentence) for issue, is_closed in zip(issues, row, strict=True)]
        for sentence, row in zip(window.plain, closed, strict=True)
    ]
    opened = {}
    for sentence in window.asked:
        near = [any(column) for column in zip(*cued[window.around(sentence)], strict=True)]
        own = closed[sentence - window.first]
        opened[sentence] = [is_near and not is_closed for is_near, is_closed in zip(near, own, strict=True)]
    return opened


def is_closed(issue: Issue, sentence: str, is_elsewhere: bool) -> bool:
    """Whether a sentence has a cue of the issue in another sense only, or none in an article of that other sense."""
    senses = issue.count_senses(sentence)
    return senses.all == senses.other and (is_elsewhere or senses.other > 0)


def find_elsewhere(article: Article, issues: Iterable[Issue]) -> frozenset[str]:
    """Ids of the issues of which an article has the cue in another sense at least half of the time.

    *Embassies* and *the Palestinians* are then in the news for the capital that somebody recognised.
    """
    return frozenset(issue.id for issue in issues if _is_mostly_other(issue, article))


def _is_mostly_other(issue: Issue, article: Article) -> bool:
    text, title = (issue.count_senses(part) for part in (article.text, article.title or ""))
    other = text.other + title.other
    return other > 0 and 2 * other >= text.all + title.all


def find_candidates(window: Window, issues: Sequence[Issue], elsewhere: Collection[str] = ()) -> list[Candidate]:
    """Lists the candidates of a window: each of its questions with each issue that is open in its sentence."""
    opened = open_issues(window, issues, elsewhere)
    return [
        Candidate(index, question.sentence, window.actors[question.slot], issue.id)
        for index, question in enumerate(window.questions)
        for issue, is_open in zip(issues, opened[question.sentence], strict=True)
        if is_open
    ]
