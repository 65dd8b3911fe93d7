"""Articles and position tables into the database: what is not there yet is scored, in batches that are kept whole."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import groupby, islice
from pathlib import Path

from ...data.errors import StancewireError
from ...data.readers import find_files, read_articles
from ...data.schema import Article, ArticleRow, Position, Rejected
from ...data.writers import article_table_of, is_position_table, read_article_rows, read_positions
from ..scorer import Scorer
from ..workers import BatchScorer
from .dates import date_problem
from .feeds import FeedState, read_feed
from .fetch import Fetcher
from .models import CURRENT, add_model, measure, models_to_score
from .store import Ingested, Store

BATCH = 32
"""Articles that are scored and kept together: what a kill may cost."""

_UNREAD = FeedState()

_log = logging.getLogger(__name__)


class Intake:
    """Takes articles into a database with what a model says of them.

    Args:
        store: The database.
        scorer: The model; the first one is measured and becomes the one whose series are shown.

    Raises:
        StancewireError: The database is read with another model.
    """

    def __init__(self, store: Store, scorer: Scorer) -> None:
        self.store = store
        self.model = scorer.model.config.full_name
        self.skipped: list[str] = []
        self._scorer = BatchScorer(scorer)
        begin_with(store, scorer)

    def articles(self, records: Iterable[Article | Rejected], now: datetime) -> Iterator[Ingested]:
        """Takes articles in.

        Args:
            records: Articles; rejected records are listed in ``skipped``, as is what cannot be scored.
            now: The time, UTC: dates that lie ahead of it are not believed.

        Yields:
            What became of each batch.

        Raises:
            StancewireError: The database does not take a batch; those before it are kept.
        """
        left = iter(records)
        while batch := list(islice(left, BATCH)):
            for record in batch:
                if isinstance(record, Rejected):
                    self._skip(f"{record.where}: {record.reason}")
            articles = [self._dated(record, now.date()) for record in batch if isinstance(record, Article)]
            yield self._take(articles)

    def _take(self, articles: Sequence[Article]) -> Ingested:
        missing = self.store.missing(articles, self.model)
        scored: list[tuple[Article, Sequence[Position]]] = []
        for article, result in zip(missing, self._scorer.score(missing), strict=True):
            if isinstance(result, str):
                self._skip(f"{article.id}: {result}")
            else:
                scored.append((article, result))
        done = self.store.ingest(scored, self.model)
        return done._replace(known=done.known + len(articles) - len(missing))

    def table(self, path: str | Path, now: datetime) -> Iterator[Ingested]:
        """Takes a position table in, with the article table beside it.

        Such a table has no text but the sentences of its rows; they are kept at their places, so that a later article
        with the whole text replaces it.

        Args:
            path: The table.
            now: The time, UTC.

        Yields:
            What became of each batch.

        Raises:
            StancewireError: It is no such table, or another model wrote it.
        """
        beside = article_table_of(path)
        about = {row.article_id: row for row in read_article_rows(beside)} if beside.is_file() else {}
        groups = groupby(read_positions(path), key=lambda position: position.article_id)
        articles = ((key, list(rows)) for key, rows in groups)
        while batch := list(islice(articles, BATCH)):
            scored = []
            for key, rows in batch:
                if rows[0].model != self.model:
                    raise StancewireError(
                        f"{path}: scored by {rows[0].model}, and the database is read with {self.model};"
                        " score the articles anew"
                    )
                scored.append((self._dated(_article_of(key, rows, about.get(key)), now.date()), rows))
            missing = {article.id for article in self.store.missing([one for one, _ in scored], self.model)}
            done = self.store.ingest([one for one in scored if one[0].id in missing], self.model)
            yield done._replace(known=done.known + len(scored) - len(missing))

    def paths(self, paths: Sequence[str], now: datetime) -> Iterator[Ingested]:
        """Takes files, folders and position tables in, told apart by what they hold.

        Raises:
            StancewireError: There is nothing to read, or the database does not take it.
        """
        files = find_files(paths)
        tables = [file for file in files if isinstance(file, Path) and is_position_table(file)]
        beside = {article_table_of(table) for table in tables}
        for table in tables:
            yield from self.table(table, now)
        rest = [str(file) for file in files if file not in tables and file not in beside]
        if rest:
            # A file's id must not depend on what else is read this time.
            yield from self.articles(read_articles(rest, path_ids=True), now)

    def feed(
        self, url: str, fetcher: Fetcher, now: datetime, state: FeedState = _UNREAD
    ) -> tuple[Iterator[Ingested], FeedState]:
        """Takes the new entries of a feed in.

        Args:
            url: Its address.
            fetcher: Gets the feed and the pages.
            now: The time, UTC.
            state: What its server said at the last reading.

        Returns:
            What became of each batch, and what the server said now: to be kept once all batches are.

        Raises:
            StancewireError: The feed cannot be had.
        """
        found = read_feed(url, fetcher, state, self.store.has, now.replace(tzinfo=UTC))
        for line in (*found.skipped, *found.remarks):
            self._skip(line)
        return self.articles(found.articles, now), found.state

    def _dated(self, article: Article, today: date) -> Article:
        """The article without its date where that cannot be."""
        problem = date_problem(date.fromisoformat(article.published), today) if article.published else ""
        if not problem:
            return article
        self._skip(f"{article.id}: its date is {problem}: kept without one, in no series")
        return replace(article, published=None)

    def _skip(self, line: str) -> None:
        self.skipped.append(line)
        _log.warning("%s", line)


def is_feed(source: str) -> bool:
    """Whether a source is the address of a feed; a path otherwise."""
    return source.lower().startswith(("http://", "https://"))


def begin_with(store: Store, scorer: Scorer) -> None:
    """Makes the first model the one that the database is read with.

    Raises:
        StancewireError: It is read with another one.
    """
    name = scorer.model.config.full_name
    with store.reading() as connection:
        known = models_to_score(connection)
    if not known:
        measured = measure(scorer)
        with store.writing() as connection:
            known = models_to_score(connection)
            if not known:
                add_model(connection, name, measured.confusion, CURRENT, measured.confidence)
                known = [name]
    if name not in known:
        raise StancewireError(
            f"the database is read with {known[0]} and not with {name}; `stancewire monitor rescore` changes that"
        )


def _article_of(key: str, rows: Sequence[Position], about: ArticleRow | None) -> Article:
    """An article as its rows know it: the sentences at their places, nothing between them."""
    text = ""
    for row in sorted(rows, key=lambda row: row.start):
        if row.start >= len(text):
            text = text.ljust(row.start) + row.text
    given = {name: getattr(about, name) or None for name in ("title", "source", "url")} if about else {}
    return Article(key, text, published=rows[0].published or None, **given)
