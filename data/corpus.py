"""Labelled articles: reading them, and turning labels into what a model learns from."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from .actors import ActorResolver
from .errors import StancewireError
from .issues import Issue
from .names import alternatives, normalise_name, same_actor
from .schema import SENTIMENTS, STANCES, Article, Span
from .windows import Window, group_by_sentence, make_window

NO_STANCE = 0
STANCE_CLASSES = ("none", *STANCES)
IGNORED = -100
"""Label of a cell that is not learnt from: an optional annotation, an actor whose sentiment nobody labelled."""


@dataclass(frozen=True)
class Stance:
    """One annotation ``(sentence, actor, issue, stance, object)``."""

    sentence: int
    actor: str
    issue: str
    stance: str
    object: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class Sentiment:
    """How one sentence presents one actor."""

    sentence: int
    actor: str
    sentiment: str


@dataclass(frozen=True)
class LabelledArticle:
    """An article with its sentences and annotations."""

    article: Article
    sentences: tuple[Span, ...]
    stances: tuple[Stance, ...]
    sentiments: tuple[Sentiment, ...] = ()


@dataclass
class Example:
    """A window with a label for each of its slots.

    Attributes:
        group: Id of the passage: examples of one passage never straddle a split.
        window: What the model reads.
        stances: For each slot and issue an index into ``STANCE_CLASSES``, or ``IGNORED``.
        sentiments: For each slot an index into ``SENTIMENTS``, or ``IGNORED``.
        unreached: Stances of the sentence whose actor has no slot in the window.
    """

    group: str
    window: Window
    stances: list[list[int]]
    sentiments: list[int]
    unreached: list[Stance] = field(default_factory=list)


def corpus_folder() -> Path:
    """Where the corpus that ships with the package lies."""
    return Path(str(files("stancewire.data") / "corpus"))


def read_labelled(path: str | Path) -> list[LabelledArticle]:
    """Reads labelled articles.

    Args:
        path: A JSON Lines file, a JSON list, or a folder of such files; ``corpus`` is the one that ships.

    Raises:
        StancewireError: A file is missing or a record is not of the documented form.
    """
    source = corpus_folder() if str(path) == "corpus" else Path(path)
    if source.is_dir():
        names = sorted(p for p in source.iterdir() if p.suffix in (".jsonl", ".json"))
        if not names:
            raise StancewireError(f"{source}: holds no .jsonl or .json file; name a folder of labelled articles")
        return [labelled for name in names for labelled in read_labelled(name)]
    return [parse_labelled(record, where) for where, record in _records(source)]


def _records(source: Path) -> Iterator[tuple[str, Any]]:
    try:
        text = source.read_text(encoding="utf-8")
    except OSError as error:
        raise StancewireError(f"{source}: cannot be read ({error.strerror}); check the path") from error
    try:
        if text.lstrip().startswith("["):
            yield from ((f"{source}[{index}]", record) for index, record in enumerate(json.loads(text)))
            return
    except json.JSONDecodeError as error:
        raise StancewireError(f"{source}:{error.lineno}: broken JSON ({error.msg})") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield f"{source}:{number}", json.loads(line)
        except json.JSONDecodeError as error:
            raise StancewireError(f"{source}:{number}: broken JSON ({error.msg}); one record a line") from error


def parse_labelled(record: dict[str, Any], where: str) -> LabelledArticle:
    """Makes a labelled article from a record; ``where`` names it in errors.

    Raises:
        StancewireError: A field is missing or holds something else than the documented form allows.
    """
    try:
        article = Article(
            str(record["id"]),
            record["text"],
            record.get("title"),
            record.get("published"),
            record.get("source"),
            record.get("url"),
            record.get("speaker"),
        )
        sentences = tuple(Span(s["start"], s["end"]) for s in record["sentences"])
        stances = tuple(
            Stance(s["sentence"], s["actor"], s["issue"], s["stance"], tuple(s["object"]), bool(s.get("optional")))
            for s in record["stances"]
        )
        sentiments = tuple(Sentiment(s["sentence"], s["actor"], s["sentiment"]) for s in record.get("sentiments", []))
    except (KeyError, TypeError) as error:
        raise StancewireError(
            f"{where}: not a labelled article, {error} is missing or malformed; see the data card"
        ) from error
    return LabelledArticle(article, sentences, stances, sentiments)


def make_examples(
    labelled: Iterable[LabelledArticle], issues: Sequence[Issue], resolver: ActorResolver
) -> Iterator[Example]:
    """Turns labelled articles into one example for each sentence that mentions an actor or sees one near."""
    for one in labelled:
        mentions = group_by_sentence(one.sentences, resolver.resolve(one.article, one.sentences))
        stances, sentiments = defaultdict(list), defaultdict(list)
        for stance in one.stances:
            stances[stance.sentence].append(stance)
        for sentiment in one.sentiments:
            sentiments[sentiment.sentence].append(sentiment)
        for index in range(len(one.sentences)):
            window = make_window(one.article.text, one.sentences, mentions, index)
            if window.actors:
                yield _label(one.article.id, window, stances[index], sentiments[index], issues)


def _label(
    group: str, window: Window, stances: list[Stance], sentiments: list[Sentiment], issues: Sequence[Issue]
) -> Example:
    columns = {issue.id: column for column, issue in enumerate(issues)}
    example = Example(
        group,
        window,
        [[NO_STANCE] * len(issues) for _ in window.actors],
        [IGNORED] * len(window.actors),
    )
    for stance in stances:
        slot = slot_of(stance.actor, window)
        if slot is None:
            example.unreached.append(stance)
        elif stance.issue in columns:
            label = IGNORED if stance.optional else STANCE_CLASSES.index(stance.stance)
            example.stances[slot][columns[stance.issue]] = label
    for sentiment in sentiments:
        slot = slot_of(sentiment.actor, window)
        if slot is not None and window.in_target[slot]:
            example.sentiments[slot] = SENTIMENTS.index(sentiment.sentiment)
    return example


def slot_of(actor: str, window: Window) -> int | None:
    """The slot of an annotated actor in a window, or None."""
    wanted = alternatives(actor)
    names = [normalise_name(name) for name in window.actors]
    exact = [slot for slot, name in enumerate(names) if name in wanted]
    close = [slot for slot, name in enumerate(names) if same_actor(name, wanted)]
    return (exact or close or [None])[0]
