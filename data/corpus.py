"""Labelled articles: reading them, and turning labels into what a model learns from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from .actors import ActorResolver
from .errors import StancewireError
from .hub import is_hub_name, load_rows
from .issues import Issue
from .names import alternatives, normalise_name, same_actor
from .schema import SENTIMENTS, STANCES, Article, Span
from .windows import Window, group_by_sentence, make_windows

NO_STANCE = 0
STANCE_CLASSES = ("none", *STANCES)
IGNORED = -100
"""Label of a cell that is not learnt from: an optional annotation, an actor whose sentiment nobody labelled."""
_SHIPPED = frozenset({"corpus", "frozen"})


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
    """An article with its sentences and annotations.

    Attributes:
        article: The article.
        sentences: Its sentences.
        stances: Who takes which side, sentence by sentence.
        sentiments: How actors are presented, for those that somebody rated.
        contrast: Name of the contrast set that it belongs to, whose texts are alike on purpose; empty for most.
    """

    article: Article
    sentences: tuple[Span, ...]
    stances: tuple[Stance, ...]
    sentiments: tuple[Sentiment, ...] = ()
    contrast: str = ""


@dataclass
class Example:
    """A window with a label for each of its questions.

    Attributes:
        group: Id of the passage: examples of one passage never straddle a split.
        window: What the model reads.
        stances: For each question and issue an index into ``STANCE_CLASSES``, or ``IGNORED``.
        sentiments: For each question an index into ``SENTIMENTS``, or ``IGNORED``.
        unreached: Stances whose actor is not asked about in their sentence.
        origin: Name of the data it came from, a slice for figures.
    """

    group: str
    window: Window
    stances: list[list[int]]
    sentiments: list[int]
    unreached: list[Stance] = field(default_factory=list)
    origin: str = ""


def corpus_folder() -> Path:
    """Where the corpus that ships with the package lies."""
    return Path(str(files("stancewire.data") / "corpus"))


def read_labelled(path: str | Path, refused: list[str] | None = None) -> list[LabelledArticle]:
    """Reads labelled articles.

    Args:
        path: A JSON Lines file, a JSON list, or a folder of such files; ``corpus`` is the one that ships and ``frozen``
            the test set that ships; or the Hub name of a data set of such records.
        refused: For a check, which is to say all that is wrong: gets a line for each record that is not of the
            documented form, in place of an error for the first; labels that are of that form and cannot be are given
            then too, with :func:`label_problems`.

    Raises:
        StancewireError: A file is missing or a record is not of the documented form.
    """
    if str(path) not in _SHIPPED and is_hub_name(str(path)):
        rows = load_rows(str(path), "the fields of a labelled article")
        records = ((f"{path} row {number}", row) for number, row in enumerate(rows))
    else:
        source = Path(str(files("stancewire.data") / str(path))) if str(path) in _SHIPPED else Path(path)
        if source.is_dir():
            names = sorted(p for p in source.iterdir() if p.suffix in (".jsonl", ".json"))
            if not names:
                raise StancewireError(f"{source}: holds no .jsonl or .json file; name a folder of labelled articles")
            return [labelled for name in names for labelled in read_labelled(name, refused)]
        records = read_records(source)
    if refused is None:
        return [parse_labelled(record, where) for where, record in records]
    found = []
    for where, record in records:
        try:
            found.append(_parse(record, where))
        except StancewireError as error:
            refused.append(str(error))
    return found


def read_gold(path: str | Path) -> list[LabelledArticle]:
    """Reads labelled articles to measure on, as :func:`read_labelled` does.

    Raises:
        StancewireError: There is none, or a file is missing or broken.
    """
    gold = read_labelled(path)
    if not gold:
        raise StancewireError(f"{path}: holds no labelled article to measure on; name another file")
    return gold


def read_records(source: Path) -> Iterator[tuple[str, Any]]:
    """The records of a JSON Lines file or JSON list, each with where it stands.

    Raises:
        StancewireError: It cannot be read or is broken.
    """
    try:
        # Some editors and spreadsheets begin a file with a byte order mark.
        text = source.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise StancewireError(f"{source}: cannot be read ({error.strerror}); check the path") from error
    except UnicodeDecodeError as error:
        raise StancewireError(f"{source}: is no UTF-8 text (byte {error.start}); save it as UTF-8") from error
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


def parse_labelled(record: Any, where: str) -> LabelledArticle:
    """Makes a labelled article from a record; ``where`` names it in errors.

    Raises:
        StancewireError: A field is missing or holds something else than the documented form allows.
    """
    labelled = _parse(record, where)
    for problem in label_problems(labelled):
        raise StancewireError(f"{where}: {problem}; stancewire data check lists all that is wrong")
    return labelled


def label_problems(one: LabelledArticle) -> Iterator[str]:
    """Labels that cannot be: of a sentence that is not there, or with a label that does not exist."""
    labels = [
        *((f"stance of {s.actor}", "stance", s.sentence, s.stance, STANCES) for s in one.stances),
        *((f"sentiment toward {s.actor}", "sentiment", s.sentence, s.sentiment, SENTIMENTS) for s in one.sentiments),
    ]
    for what, kind, sentence, label, known in labels:
        if not 0 <= sentence < len(one.sentences):
            yield f"{what}: there is no sentence {sentence}"
        if label not in known:
            yield f"{what}: unknown {kind} {label!r}; known are {', '.join(known)}"


def _parse(record: Any, where: str) -> LabelledArticle:
    try:
        given = {name: _get(record, name, str, optional=True) for name in ("title", "source", "url", "speaker")}
        published = _get(record, "published", str, optional=True)
        article = Article(str(_get(record, "id", (str, int))), _get(record, "text", str), published=published, **given)
        if published and article.published is None:
            raise ValueError(f"'published' is no date YYYY-MM-DD but {published!r}")
        sentences = tuple(Span(_get(s, "start", int), _get(s, "end", int)) for s in _get(record, "sentences", list))
        stances = tuple(
            Stance(
                _get(s, "sentence", int),
                _get(s, "actor", str),
                _get(s, "issue", str),
                _get(s, "stance", str),
                tuple(_names(s)),
                bool(s.get("optional")),
            )
            for s in _get(record, "stances", list)
        )
        sentiments = tuple(
            Sentiment(_get(s, "sentence", int), _get(s, "actor", str), _get(s, "sentiment", str))
            for s in _get(record, "sentiments", list, optional=True) or ()
        )
        contrast = _get(record, "contrast", str, optional=True) or ""
    except ValueError as error:
        raise StancewireError(f"{where}: not a labelled article, {error}; see the data card") from error
    return LabelledArticle(article, sentences, stances, sentiments, contrast)


_WORDS = {str: "text", int: "a whole number", list: "a list", (str, int): "text"}


def _get(record: Any, name: str, kind: type | tuple[type, ...], optional: bool = False) -> Any:
    """A field of a record, of a kind; text that must be there is not empty either."""
    if not isinstance(record, dict):
        raise ValueError(f"{str(record)[:40]!r} stands where an object with {name!r} should")
    value = record.get(name)
    if value is None and optional:
        return None
    if value is None or (value == "" and not optional):
        raise ValueError(f"{name!r} is missing or empty")
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"{name!r} is not {_WORDS[kind]} but {str(value)[:40]!r}")
    return value


def _names(stance: dict[str, Any]) -> list[str]:
    names = _get(stance, "object", list)
    if not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"'object' is not a list of names but {str(names)[:40]!r}")
    return names


def make_examples(
    labelled: Iterable[LabelledArticle], issues: Sequence[Issue], resolver: ActorResolver
) -> Iterator[Example]:
    """Turns labelled articles into examples, one for each window."""
    for one in labelled:
        mentions = group_by_sentence(one.sentences, resolver.resolve(one.article, one.sentences))
        for window in make_windows(one.article.text, one.sentences, mentions):
            yield _label(one, window, issues)


def _label(one: LabelledArticle, window: Window, issues: Sequence[Issue]) -> Example:
    columns = {issue.id: column for column, issue in enumerate(issues)}
    example = Example(
        one.article.id,
        window,
        [[NO_STANCE] * len(issues) for _ in window.questions],
        [IGNORED] * len(window.questions),
    )
    for stance in one.stances:
        if stance.sentence not in window.asked:
            continue
        question = find_question(stance.actor, stance.sentence, window)
        if question is None:
            example.unreached.append(stance)
        elif stance.issue in columns:
            label = IGNORED if stance.optional else STANCE_CLASSES.index(stance.stance)
            example.stances[question][columns[stance.issue]] = label
    for sentiment in one.sentiments:
        question = find_question(sentiment.actor, sentiment.sentence, window)
        if question is not None:
            example.sentiments[question] = SENTIMENTS.index(sentiment.sentiment)
    return example


def find_question(actor: str, sentence: int, window: Window) -> int | None:
    """Index of the question about an annotated actor in a sentence, or None."""
    wanted = alternatives(actor)
    names = [
        (index, normalise_name(window.actors[question.slot]))
        for index, question in enumerate(window.questions)
        if question.sentence == sentence
    ]
    exact = [index for index, name in names if name in wanted]
    close = [index for index, name in names if same_actor(name, wanted)]
    return (exact or close or [None])[0]
