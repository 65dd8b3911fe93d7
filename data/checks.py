"""What is wrong with labelled articles: offsets, labels, actors that the resolver does not find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from .actors import ActorResolver
from .corpus import LabelledArticle, make_examples
from .issues import Issue, issue_ids
from .schema import SENTIMENTS, STANCES


@dataclass
class CorpusReport:
    """What a check found.

    Attributes:
        errors: Lines that say what is wrong and where; the labels cannot be trusted before they are mended.
        articles: Number of articles.
        sentences: Number of sentences.
        labels: How often each issue and stance is annotated, and each sentiment.
        actors: How often each actor holds a position.
        unreached: Annotations whose actor the resolver does not find in the sentence or near it.
        asked: Annotations that the resolver was asked for.
    """

    errors: list[str] = field(default_factory=list)
    articles: int = 0
    sentences: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    actors: Counter[str] = field(default_factory=Counter)
    unreached: list[str] = field(default_factory=list)
    asked: int = 0


def check_corpus(articles: Iterable[LabelledArticle], issues: Sequence[Issue], resolver: ActorResolver) -> CorpusReport:
    """Checks labelled articles.

    Args:
        articles: The articles.
        issues: The issues that annotations may name.
        resolver: Finds the actors.
    """
    report = CorpusReport()
    seen: set[str] = set()
    for one in articles:
        if one.article.id in seen:
            report.errors.append(f"{one.article.id}: id stands twice")
        seen.add(one.article.id)
        problems = [*_offset_errors(one), *_label_errors(one, issue_ids(issues))]
        report.errors += [f"{one.article.id}: {problem}" for problem in problems]
        _count(report, one)
        if not problems:
            _resolve(report, one, issues, resolver)
    return report


def _offset_errors(one: LabelledArticle) -> Iterator[str]:
    end = 0
    for index, span in enumerate(one.sentences):
        if not 0 <= span.start < span.end <= len(one.article.text):
            yield f"sentence {index}: offsets {span.start}-{span.end} lie outside the text"
        elif span.start < end:
            yield f"sentence {index}: overlaps the one before"
        elif one.article.text[span.start : span.end].strip() != one.article.text[span.start : span.end]:
            yield f"sentence {index}: starts or ends with white space"
        if one.article.text[end : span.start].strip():
            yield f"sentence {index}: text before it belongs to no sentence"
        end = max(end, span.end)
    if one.article.text[end:].strip():
        yield "text after the last sentence belongs to no sentence"


def _label_errors(one: LabelledArticle, issues: Sequence[str]) -> Iterator[str]:
    seen = set()
    for stance in one.stances:
        if not 0 <= stance.sentence < len(one.sentences):
            yield f"stance of {stance.actor}: there is no sentence {stance.sentence}"
        if stance.issue not in issues:
            yield f"stance of {stance.actor}: unknown issue {stance.issue!r}; known are {', '.join(issues)}"
        if stance.stance not in STANCES:
            yield f"stance of {stance.actor}: unknown stance {stance.stance!r}; known are {', '.join(STANCES)}"
        key = (stance.sentence, stance.actor, stance.issue, stance.object)
        if key in seen and not stance.optional:
            yield f"sentence {stance.sentence}: {stance.actor} has two stances on {stance.issue} with the same object"
        seen.add(key)
    for sentiment in one.sentiments:
        if not 0 <= sentiment.sentence < len(one.sentences):
            yield f"sentiment toward {sentiment.actor}: there is no sentence {sentiment.sentence}"
        if sentiment.sentiment not in SENTIMENTS:
            known = ", ".join(SENTIMENTS)
            yield f"sentiment toward {sentiment.actor}: unknown {sentiment.sentiment!r}; known are {known}"


def _count(report: CorpusReport, one: LabelledArticle) -> None:
    report.articles += 1
    report.sentences += len(one.sentences)
    report.labels.update(f"{stance.issue} {stance.stance}" for stance in one.stances)
    report.labels.update(f"sentiment {sentiment.sentiment}" for sentiment in one.sentiments)
    report.actors.update(stance.actor for stance in one.stances)


def _resolve(report: CorpusReport, one: LabelledArticle, issues: Sequence[Issue], resolver: ActorResolver) -> None:
    report.asked += sum(not stance.optional for stance in one.stances)
    for example in make_examples([one], issues, resolver):
        for stance in example.unreached:
            if not stance.optional:
                report.unreached.append(f"{one.article.id} sentence {stance.sentence}: {stance.actor}")
