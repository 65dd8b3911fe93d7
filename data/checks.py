"""What is wrong with labelled articles: offsets, labels, actors, balance, near-duplicates and leaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from .actors import ActorResolver
from .corpus import LabelledArticle, label_problems, make_examples
from .duplicates import find_near_duplicates
from .issues import Issue, issue_ids
from .schema import STANCES


@dataclass
class CorpusReport:
    """What a check found.

    Attributes:
        errors: Lines that say what is wrong and where; the labels cannot be trusted before they are mended.
        warnings: Lines that say what a model may learn badly from: starved labels, one actor too often, copies.
        articles: Number of articles.
        sentences: Number of sentences.
        labels: How often each issue and stance is annotated, and each sentiment.
        actors: How often each actor holds a position.
        unreached: Annotations whose actor the resolver does not find in the sentence or near it.
        asked: Annotations that the resolver was asked for.
    """

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
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


def balance_warnings(report: CorpusReport, issues: Sequence[Issue], least: int, most_share: float) -> Iterator[str]:
    """Labels and actors out of balance.

    Args:
        report: A finished report.
        issues: The issues.
        least: Annotations that each issue and stance should have.
        most_share: Largest share of the stances that one actor should hold, 0 to 1.
    """
    for name in (f"{issue.id} {stance}" for issue in issues for stance in STANCES):
        if report.labels[name] < least:
            yield f"{name}: {report.labels[name]} annotations, fewer than {least}; write or label more of them"
    total = sum(report.actors.values())
    for actor, count in report.actors.most_common():
        if count <= most_share * total:
            break
        share = f"{count / total:.1%} of the stances, more than {most_share:.0%}"
        yield f"{actor}: holds {share}; let others take its sides"


def duplicate_warnings(articles: Sequence[LabelledArticle], against: Sequence[LabelledArticle] = ()) -> Iterator[str]:
    """Sentences that are near-copies of another article's, and those that leak from the data of an evaluation.

    The texts of a contrast set are alike on purpose.

    Args:
        articles: The articles to learn from.
        against: Articles that a model will be measured on.
    """
    held_out = {one.article.id for one in against}
    contrast = {one.article.id: one.contrast for one in articles if one.contrast}
    found = find_near_duplicates(_sentences((*against, *articles)))
    for (first, where), (second, index), similarity in found:  # type: ignore[misc]
        if first == second or (first in held_out and second in held_out):
            continue
        if first in contrast and contrast[first] == contrast.get(second):
            continue
        kind = "leak" if first in held_out else "near-duplicate"
        pair = f"{second} sentence {index} is {similarity:.0%} like {first} sentence {where}"
        yield f"{kind}: {pair}; rewrite or drop one"


def leaked_sentences(articles: Sequence[LabelledArticle], against: Sequence[LabelledArticle]) -> list[tuple[str, int]]:
    """The sentences of an evaluation of which a near-copy is learnt from: article id and index, in order.

    Args:
        articles: The articles to learn from.
        against: Those of the evaluation.
    """
    texts = [(("held out", key), text) for key, text in _sentences(against)]
    texts += [(("learnt", key), text) for key, text in _sentences(articles)]
    pairs = ((pair.first, pair.second) for pair in find_near_duplicates(texts))
    return sorted({one for (kind, one), (other, _) in pairs if kind != other})  # type: ignore[misc]


def _sentences(articles: Iterable[LabelledArticle]) -> Iterator[tuple[tuple[str, int], str]]:
    for one in articles:
        for index, span in enumerate(one.sentences):
            yield (one.article.id, index), one.article.text[span.start : span.end]


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
    yield from label_problems(one)
    seen = set()
    for stance in one.stances:
        if stance.issue not in issues:
            yield f"stance of {stance.actor}: unknown issue {stance.issue!r}; known are {', '.join(issues)}"
        key = (stance.sentence, stance.actor, stance.issue, stance.object)
        if key in seen and not stance.optional:
            yield f"sentence {stance.sentence}: {stance.actor} has two stances on {stance.issue} with the same object"
        seen.add(key)


def _count(report: CorpusReport, one: LabelledArticle) -> None:
    report.articles += 1
    report.sentences += len(one.sentences)
    report.labels.update(f"{stance.issue} {stance.stance}" for stance in one.stances)
    report.labels.update(f"sentiment {sentiment.sentiment}" for sentiment in one.sentiments)
    report.actors.update(stance.actor for stance in one.stances)


def _resolve(report: CorpusReport, one: LabelledArticle, issues: Sequence[Issue], resolver: ActorResolver) -> None:
    report.asked += sum(not stance.optional for stance in one.stances)
    examples = list(make_examples([one], issues, resolver))
    unreached = [stance for example in examples for stance in example.unreached]
    # Where nobody at all is named there is no window.
    read = {sentence for example in examples for sentence in example.window.asked}
    unreached += [stance for stance in one.stances if stance.sentence not in read]
    for stance in unreached:
        if not stance.optional:
            report.unreached.append(f"{one.article.id} sentence {stance.sentence}: {stance.actor}")
