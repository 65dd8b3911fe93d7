"""Articles to positions: the whole way, one article after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..data.actors import ActorResolver
from ..data.candidates import find_candidates, find_elsewhere
from ..data.errors import StancewireError
from ..data.issues import Issue
from ..data.objects import ObjectFinder
from ..data.schema import ARTICLE_FIELDS, POSITION_COLUMNS, SENTIMENTS, Article, Mention, Position, Span
from ..data.sentences import split_sentences
from ..data.windows import Window, group_by_sentence, make_windows
from ..models.base import CLASSES, StanceModel, WindowScores, load_model
from ..models.locate import find_model
from ..models.share import push_to_hub, save_copy

if TYPE_CHECKING:
    import pandas as pd

GivenArticle = Article | str | Mapping[str, Any]
"""What an article is given as: an article, its text alone, or a record of its fields."""
CHUNK = 16
"""Articles whose windows go through the model together: enough to fill its batches, few enough to stay small."""


class Reading(NamedTuple):
    """An article taken apart.

    Attributes:
        article: The article.
        sentences: Its sentences.
        mentions: The mentions of each.
        windows: Its windows.
        elsewhere: Ids of the issues of which it has the cues in another sense.
    """

    article: Article
    sentences: list[Span]
    mentions: list[list[Mention]]
    windows: list[Window]
    elsewhere: frozenset[str]


class Scorer:
    """Scores articles with a model.

    Args:
        model: A loaded model.
        resolver: Finds the actors; None is the default with the gazetteer that ships.

    Example:
        >>> scorer = Scorer.from_pretrained()
        >>> rows = scorer.score([Article("a1", "Japan imposed new sanctions on Russia on Friday.")])
        >>> [(row.actor, row.issue, row.label) for row in rows if row.kind == "stance"]
        [('Japan', 'sanctions', 'support')]
    """

    def __init__(self, model: StanceModel, resolver: ActorResolver | None = None) -> None:
        self.model = model
        self.resolver = resolver or ActorResolver()
        self.folder: Path | None = None
        """Where the model was loaded from, if it was."""

    @classmethod
    def from_pretrained(cls, name: str | Path | None = None, threads: int | None = None) -> Scorer:
        """Loads a scorer.

        Args:
            name: A model folder, an MLflow address (``models:/stancewire@champion``), a Hub name, or None for the model
                that ships with the package.
            threads: Threads of the encoder; None leaves it to ONNX Runtime.

        Raises:
            StancewireError: There is no such model, or its folder is broken.
        """
        folder = find_model(name)
        scorer = cls(load_model(folder, threads))
        scorer.folder = folder
        return scorer

    def save_pretrained(self, folder: str | Path) -> Path:
        """Copies the model's folder, for :meth:`from_pretrained` to load.

        Raises:
            StancewireError: The scorer was not loaded from a folder, or the new one cannot be written.
        """
        return save_copy(self._own_folder(), folder)

    def push_to_hub(self, repository: str, private: bool = False, message: str | None = None) -> str:
        """Uploads the model's folder to the Hugging Face Hub; gives the address of the commit.

        Args:
            repository: ``organisation/name``; made if it is not there.
            private: Whether a repository that is made is private.
            message: Message of the commit.

        Raises:
            StancewireError: The scorer was not loaded from a folder, or the Hub refuses.
        """
        return push_to_hub(self._own_folder(), repository, private, message)

    def _own_folder(self) -> Path:
        if self.folder is None:
            raise StancewireError("this scorer was made from a model in memory; load one with Scorer.from_pretrained")
        return self.folder

    def score(self, articles: GivenArticle | Iterable[GivenArticle]) -> list[Position]:
        """Scores articles.

        Args:
            articles: One article or several. A plain string is an article without further data; a mapping has the
                article's fields by name, of which ``text`` alone must be there. Without ``id`` the number is the id.

        Returns:
            Positions, by article in the order given, then by sentence.

        Raises:
            StancewireError: What is given is no article or has no text.
        """
        if isinstance(articles, (Article, str, Mapping)):
            return list(self.stream([articles]))  # type: ignore[list-item]
        if not isinstance(articles, Iterable):
            raise StancewireError(_no_article(articles))
        return list(self.stream(articles))

    def score_frame(self, frame: pd.DataFrame, text_column: str = "text") -> pd.DataFrame:
        """Scores a frame of articles.

        Args:
            frame: One article a row; of the columns ``id``, ``title``, ``published``, ``source``, ``url`` and
                ``speaker`` those that are there are used. Without ``id`` the index is the id.
            text_column: Column of the text.

        Returns:
            The position table, its columns ``POSITION_COLUMNS``.

        Raises:
            StancewireError: The frame has no such text column.
        """
        import pandas as pd

        positions = [position for found in self.score_rows(frame, text_column) for position in found]
        return pd.DataFrame(
            [[getattr(p, c) for c in POSITION_COLUMNS] for p in positions], columns=list(POSITION_COLUMNS)
        )

    def score_rows(self, frame: pd.DataFrame, text_column: str = "text") -> Iterator[list[Position]]:
        """Scores a frame of articles row by row: the positions of each, in the order of the frame.

        Raises:
            StancewireError: The frame has no such text column, or a row has no text.
        """
        if text_column not in frame.columns:
            raise StancewireError(
                f"no column {text_column!r} in the frame; it has {', '.join(map(str, frame.columns))}"
            )
        articles = [
            _article_of(index, record, text_column, f"row {index!r} of the frame")
            for index, record in zip(frame.index, frame.to_dict("records"), strict=True)
        ]
        return self._by_article(articles)

    def stream(self, articles: Iterable[GivenArticle]) -> Iterator[Position]:
        """Scores articles as they come, holding only a few at a time; each is given as :meth:`score` takes it."""
        for found in self._by_article(_given(number, one) for number, one in enumerate(articles)):
            yield from found

    def _by_article(self, articles: Iterable[Article]) -> Iterator[list[Position]]:
        left = iter(articles)
        size = 1
        while chunk := list(islice(left, size)):
            # The first article goes alone, so that its rows are there at once.
            size = CHUNK
            yield from self.score_each(chunk)

    def score_each(self, articles: Sequence[Article]) -> list[list[Position]]:
        """Scores articles together; the positions of each, in the order given."""
        reads = [self.read(article) for article in articles]
        scores = iter(self.model.predict([window for read in reads for window in read.windows]))
        found = []
        for read in reads:
            finder = cache(partial(ObjectFinder, read.article.text, read.sentences, read.mentions))
            found.append(
                [row for window in read.windows for row in self._positions(read, window, next(scores), finder)]
            )
        return found

    def names_an_issue(self, article: Article) -> bool:
        """Whether a word stands in the article without which it is on none of the issues."""
        return any(issue.may_be_subject_of(article.text) for issue in self.model.config.issues)

    def read(self, article: Article) -> Reading:
        """Takes an article apart, as the model will see it."""
        sentences = split_sentences(article.text)
        mentions = group_by_sentence(sentences, self.resolver.resolve(article, sentences))
        windows = make_windows(article.text, sentences, mentions)
        return Reading(article, sentences, mentions, windows, find_elsewhere(article, self.model.config.issues))

    def _positions(
        self, read: Reading, window: Window, scores: WindowScores, finder: Callable[[Issue], ObjectFinder]
    ) -> Iterator[Position]:
        stances = self._stances(read, window, scores, finder)
        sentiments = self._sentiments(read, window, scores)
        # Both come by sentence: stances first, then the sentiments of the sentence.
        yield from merge(stances, sentiments, key=lambda position: position.sentence)

    def _stances(
        self, read: Reading, window: Window, scores: WindowScores, finder: Callable[[Issue], ObjectFinder]
    ) -> Iterator[Position]:
        config = self.model.config
        columns = {issue.id: column for column, issue in enumerate(config.issues)}
        reported = config.report(scores.stance)
        for question, sentence, actor, issue in find_candidates(window, config.issues, read.elsewhere):
            cell = question, columns[issue]
            if label := int(reported[cell]):
                objects = finder(config.issues[columns[issue]]).find(sentence, actor)
                sure = config.confidence_of(float(scores.stance[cell][label]))
                yield _position(self.model, read, sentence, "stance", actor, issue, CLASSES[label], sure, objects)

    def _sentiments(self, read: Reading, window: Window, scores: WindowScores) -> Iterator[Position]:
        if scores.sentiment is None:
            return
        for question, probabilities in zip(window.questions, scores.sentiment, strict=True):
            actor, best = window.actors[question.slot], int(np.argmax(probabilities))
            label, sure = SENTIMENTS[best], probabilities[best]
            yield _position(self.model, read, question.sentence, "sentiment", actor, "", label, sure, [])


def _position(
    model: StanceModel,
    read: Reading,
    sentence: int,
    kind: str,
    actor: str,
    issue: str,
    label: str,
    confidence: float,
    objects: list[str],
) -> Position:
    start, end = read.sentences[sentence]
    return Position(
        article_id=read.article.id,
        sentence=sentence,
        start=start,
        end=end,
        text=read.article.text[start:end],
        kind=kind,
        actor=actor,
        issue=issue,
        label=label,
        confidence=round(float(confidence), 4),
        object=objects,
        published=read.article.published or "",
        model=model.config.full_name,
    )


def _given(number: int, one: GivenArticle) -> Article:
    if isinstance(one, Mapping):
        return _article_of(number, one, "text", f"record {number}")
    if isinstance(one, str):
        return Article(str(number), one)
    if not isinstance(one, Article):
        raise StancewireError(_no_article(one))
    return one


def _no_article(given: object) -> str:
    return f"a {type(given).__name__} is no article; give a text, an Article, or a mapping with the text under 'text'"


def _article_of(index: Any, record: Mapping[Any, Any], text_column: str, where: str) -> Article:
    text = record.get(text_column)
    if not isinstance(text, str):
        raise StancewireError(f"{where} has no text in {text_column!r}; drop or fill it first")
    values = {name: _plain(record.get(name)) for name in ARTICLE_FIELDS if name not in ("id", "text")}
    return Article(_plain(record.get("id")) or str(index), text, **values)


def _plain(value: Any) -> str | None:
    """A cell of a record as text; what is missing as None."""
    try:
        # Missing values are not equal to themselves; of pandas' own not even that is known.
        missing = value is None or bool(value != value)
    except TypeError:
        missing = True
    return None if missing else str(value) or None
