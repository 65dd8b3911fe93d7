"""Does the answer follow the text or the name? Swapping two actors in a sentence must swap the answer.

An invariance test in the sense of M. T. Ribeiro et al., "Beyond Accuracy: Behavioral Testing of NLP Models with
CheckList", ACL 2020, run through the whole pipeline: the resolver has to find the swapped names as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from ..data.corpus import LabelledArticle
from ..data.gazetteer import STATE_TYPES
from ..data.schema import Article, Mention, Position, Span
from ..data.windows import AFTER, BEFORE, group_by_sentence
from .scorer import Scorer

_NAMING = frozenset({"name", "title", "metonym", "demonym"})
Answer = frozenset[tuple[str, str, str]]
"""The (actor, issue, label) of one sentence."""


@dataclass(frozen=True)
class SwapResult:
    """Counts of the swap test.

    Attributes:
        asked: Sentences with two swapped states.
        swapped: Those whose answer swapped with the names.
        telling: Those in which the two states got different answers, so that a swap shows.
        telling_swapped: Those of them whose answer swapped.
        failures: Both texts of the others.
    """

    asked: int
    swapped: int
    telling: int
    telling_swapped: int
    failures: tuple[tuple[str, str], ...]


def swap_actors(scorer: Scorer, articles: Sequence[LabelledArticle]) -> SwapResult:
    """Swaps two states in each sentence that names two, with its context, and compares the answers.

    Args:
        scorer: The scorer under test.
        articles: Articles with sentences; their labels are not used.
    """
    asked = swapped = telling = telling_swapped = 0
    failures = []
    for one in articles:
        for first, second, plain, crossed, span in _pairs(scorer, one):
            before = _answer(scorer, plain, span[0], (first, second))
            after = _answer(scorer, crossed, span[1], (first, second))
            names = {first: second, second: first}
            expected = frozenset((names[actor], issue, label) for actor, issue, label in before)
            differs = before != expected
            asked, telling = asked + 1, telling + differs
            swapped, telling_swapped = swapped + (after == expected), telling_swapped + (differs and after == expected)
            if after != expected:
                failures.append((plain.text, crossed.text))
    return SwapResult(asked, swapped, telling, telling_swapped, tuple(failures))


def _pairs(scorer: Scorer, one: LabelledArticle) -> Iterator[tuple[str, str, Article, Article, tuple[Span, Span]]]:
    """Each sentence with its context, its first two states by name, and the same with the two names exchanged."""
    gazetteer = scorer.resolver.gazetteer
    mentions = group_by_sentence(one.sentences, scorer.resolver.resolve(one.article, one.sentences))
    for index in range(len(one.sentences)):
        named = [m.actors[0] for m in mentions[index] if m.kind in _NAMING and len(m.actors) == 1]
        states = [a for a in dict.fromkeys(named) if gazetteer.type_of(a) in STATE_TYPES]
        for first, second in list(combinations(states, 2))[:1]:
            plain, span = _render(scorer, one, mentions, index, {first: first, second: second})
            crossed, other = _render(scorer, one, mentions, index, {first: second, second: first})
            yield first, second, plain, crossed, (span, other)


def _render(
    scorer: Scorer, one: LabelledArticle, mentions: Sequence[Sequence[Mention]], index: int, names: dict[str, str]
) -> tuple[Article, Span]:
    """The sentence and its context with every mention of the two states written as plain name or adjective."""
    pieces: list[str] = []
    span = Span(0, 0)
    for k in range(max(0, index - BEFORE), min(len(one.sentences), index + 1 + AFTER)):
        start = sum(map(len, pieces))
        done = one.sentences[k].start
        for mention in mentions[k]:
            if mention.kind in _NAMING and mention.actors[0] in names:
                actor = names[mention.actors[0]]
                form = scorer.resolver.gazetteer.actors[actor].adjective if mention.kind == "demonym" else actor
                pieces += [one.article.text[done : mention.start], form or actor]
                done = mention.end
        pieces += [one.article.text[done : one.sentences[k].end], "\n"]
        if k == index:
            span = Span(start, sum(map(len, pieces)) - 1)
    return Article("swap", "".join(pieces), published=one.article.published), span


def _answer(scorer: Scorer, article: Article, span: Span, actors: tuple[str, str]) -> Answer:
    rows: list[Position] = scorer.score(article)
    return frozenset(
        (row.actor, row.issue, row.label)
        for row in rows
        if row.kind == "stance" and row.actor in actors and row.start < span.end and span.start < row.end
    )
