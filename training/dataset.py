"""Examples of a recipe, split by passage: at random or by time, copies of a story always on one side."""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..data.actors import ActorResolver
from ..data.candidates import find_candidates, open_issues
from ..data.checks import leaked_sentences
from ..data.corpus import IGNORED, STANCE_CLASSES, Example, LabelledArticle, make_examples, read_labelled
from ..data.duplicates import find_near_duplicates
from ..data.errors import StancewireError
from ..data.issues import Issue
from ..data.newsmtsc import read_newsmtsc
from ..data.readers import read_articles
from ..data.schema import Article, Rejected
from ..data.semeval import read_tweets
from ..data.sentences import split_sentences
from ..data.standoff import read_standoff
from ..data.windows import group_by_sentence, make_windows
from .recipe import Recipe

logger = logging.getLogger(__name__)

LEAKS = 0.01
"""Share of the sentences of the gate's test set of which near-copies may be learnt from: a phrase of the agencies, no
article."""


@dataclass(frozen=True)
class Split:
    """Examples to learn from and examples held out; no passage has examples in both.

    Attributes:
        train: To learn from.
        validation: Held out.
        calibration: Those of the held out on which temperatures and thresholds are set.
        unlabelled: Without labels, for a teacher to answer.
    """

    train: list[Example]
    validation: list[Example]
    calibration: list[Example]
    unlabelled: list[Example] = field(default_factory=list)

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
            "unlabelled_windows": len(self.unlabelled),
        }


def build_split(recipe: Recipe, issues: Sequence[Issue]) -> Split:
    """Reads the recipe's data and splits it, grouped by passage, near-copies of one text being one passage.

    Raises:
        StancewireError: A data file is missing or malformed, there is too little to learn from or to hold out, or the
            gate's test set is among what is learnt from.
    """
    resolver = ActorResolver()
    examples: list[Example] = []
    articles: list[LabelledArticle] = []
    calibrating: set[str] = set()
    for path in recipe.data.train:
        found = _read(read_labelled(path), path, issues, resolver, articles)
        if path in (recipe.data.calibration or recipe.data.train):
            calibrating |= {example.group for example in found}
        examples += found
    for apart in recipe.data.standoff:
        examples += _read(read_standoff(apart.labels, apart.text), apart.labels, issues, resolver, articles)
    _refuse_test_set(articles, recipe.gate.test)
    for example in examples:
        close_unasked(example, issues)
    for path in recipe.data.tweets:
        # A tweet is about its target whether it names it or not.
        examples += read_tweets(path, "train", issues)
    for path in recipe.data.sentiment:
        examples += read_newsmtsc(path, resolver, issues)
    kept = [example for example in examples if _teaches(example)]
    held_out = _held_out({example.group for example in kept}, [one.article for one in articles], recipe)
    train = [example for example in kept if example.group not in held_out]
    validation = [example for example in kept if example.group in held_out]
    _refuse_too_little(train, validation)
    return Split(
        train=train,
        validation=validation,
        calibration=[example for example in validation if example.group in calibrating] or validation,
        unlabelled=list(_read_unlabelled(recipe.data.unlabelled, issues, resolver)),
    )


def _read(
    labelled: Iterable[LabelledArticle],
    path: str,
    issues: Sequence[Issue],
    resolver: ActorResolver,
    articles: list[LabelledArticle],
) -> list[Example]:
    kept = list(labelled)
    articles += kept
    found = list(make_examples(kept, issues, resolver))
    for example in found:
        example.origin = Path(path).stem
    return found


def _refuse_test_set(articles: Sequence[LabelledArticle], test: str) -> None:
    """Who has read the test set is not measured by it: a few sentences alike are told, more are refused."""
    held_out = read_labelled(test)
    leaks = leaked_sentences(articles, held_out)
    if not leaks:
        return
    count = sum(len(one.sentences) for one in held_out)
    said = f"{len(leaks)} of the {count} sentences of the gate's test set {test} are learnt from, such as {leaks[0][0]}"
    cure = f"take them out (stancewire data check DATA --against {test}), or set gate.test to other articles"
    if len(leaks) > LEAKS * count:
        raise StancewireError(f"{said}; {cure}")
    logger.warning("%s; %s", said, cure)


def _refuse_too_little(train: Sequence[Example], validation: Sequence[Example]) -> None:
    passages = [len({example.group for example in part}) for part in (train, validation)]
    stances = [sum(asks_stance(example) for example in part) for part in (train, validation)]
    if not all(passages) or bool(stances[0]) != bool(stances[1]):
        raise StancewireError(
            f"too little to learn from: {passages[0]} passages to train on, {stances[0]} of their windows asked for a"
            f" side; {passages[1]} held out, {stances[1]} asked; label more, or raise data.validation_share"
        )


def _read_unlabelled(paths: Sequence[str], issues: Sequence[Issue], resolver: ActorResolver) -> Iterator[Example]:
    """The windows of articles without labels in which there is a stance to ask for."""
    for article in read_articles(paths) if paths else ():
        if isinstance(article, Rejected):
            raise StancewireError(f"{article.where}: {article.reason}; data.unlabelled must be readable throughout")
        sentences = split_sentences(article.text)
        mentions = group_by_sentence(sentences, resolver.resolve(article, sentences))
        for window in make_windows(article.text, sentences, mentions):
            if find_candidates(window, issues):
                cells = [[IGNORED] * len(issues) for _ in window.questions]
                yield Example(article.id, window, cells, [IGNORED] * len(window.questions), origin="unlabelled")


def _held_out(groups: set[str], articles: Sequence[Article], recipe: Recipe) -> set[str]:
    """The passages held out: drawn at random, or the latest ones; with each its near-copies."""
    stories: dict[str, list[str]] = {}
    leader = _copies(articles)
    for group in sorted(groups):
        # Tasks of the queue are stretches of one article, `article#sentence`: they stay together.
        stories.setdefault(leader.get(group, group).partition("#")[0], []).append(group)
    order = sorted(stories)
    if recipe.data.split == "time":
        dates = {article.id: article.published or "" for article in articles}
        latest = {story: max(dates.get(group, "") for group in stories[story]) for story in order}
        order = sorted((story for story in order if latest[story]), key=lambda s: (latest[s], s), reverse=True)
        if not order:
            raise StancewireError("data.split=time: no article has a date; give them `published`, or split at random")
    else:
        random.Random(recipe.data.seed).shuffle(order)
    wanted = round(sum(len(stories[story]) for story in order) * recipe.data.validation_share)
    chosen = set[str]()
    for story in order:
        if len(chosen) >= wanted:
            break
        chosen |= set(stories[story])
    return chosen


def _copies(articles: Sequence[Article]) -> dict[str, str]:
    """For each article that is a near-copy of others the one that stands for all of them."""
    leader: dict[str, str] = {}

    def first(name: str) -> str:
        while name in leader:
            name = leader[name]
        return name

    for pair in find_near_duplicates((place, article.text) for place, article in enumerate(articles)):
        one, other = sorted(first(articles[int(str(place))].id) for place in (pair.first, pair.second))
        if one != other:
            leader[other] = one
    return {name: first(name) for name in leader}


def close_unasked(example: Example, issues: Sequence[Issue]) -> None:
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
