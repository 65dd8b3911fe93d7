"""Articles and position tables into the database: what is not there yet is scored, in batches that are kept whole."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path

from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from ...data.errors import StancewireError
from ...data.readers import Input, find_files, read_articles
from ...data.schema import Article, Position, Rejected
from ...data.writers import article_table_of, is_position_table
from ..scorer import Scorer
from ..workers import BatchScorer
from .dates import believed_from, date_problem
from .feed_memory import FeedState
from .feeds import read_feed
from .fetch import Fetcher, one_line
from .models import CURRENT, add_model, measure, model_name, models_to_score
from .position_tables import read_table
from .sources import stamp_of
from .store import Ingested, Store

BATCH = 32
"""Articles that are scored and kept together: what a kill may cost."""

LONGEST_ID = 2000
"""Bytes: PostgreSQL's index holds little more."""
_LONGEST_LINE = 1000
_UNREAD = FeedState()
_Scored = tuple[Article, Sequence[Position]]

_log = logging.getLogger(__name__)


class Intake:
    """Takes articles into a database with what a model says of them.

    Args:
        store: The database.
        scorer: The model; the first one is measured and becomes the one whose series are shown.

    Attributes:
        skipped: What was not taken in as it is, one line each.
        undated: Articles that were taken in without a date, and are in no series.
        again: The day on which a date will be believed that lay ahead; None if none did.

    Raises:
        StancewireError: The database is read with another model.
    """

    def __init__(self, store: Store, scorer: Scorer) -> None:
        self.store = store
        self.model = model_name(scorer.model.config)
        self._written_by = scorer.model.config.full_name
        self.skipped: list[str] = []
        self.undated = 0
        self.again: date | None = None
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
            articles = [record for record in batch if isinstance(record, Article) and self._has_room(record)]
            yield self._take([self._dated(article, now.date()) for article in articles])

    def _take(self, articles: Sequence[Article]) -> Ingested:
        missing = self.store.missing(articles, self.model)
        scored: list[_Scored] = []
        for article, result in zip(missing, self._scorer.score(missing), strict=True):
            if isinstance(result, str):
                self._skip(f"{article.id}: {result}")
            else:
                scored.append((article, result))
        done = self._keep(scored, corrects=True)
        return done._replace(known=done.known + len(articles) - len(missing))

    def _keep(self, scored: Sequence[_Scored], corrects: bool) -> Ingested:
        """Has the database take them in; one that it never will does not keep the others out."""
        try:
            done = self.store.ingest(scored, self.model, corrects)
            self.undated += min(done.new + done.corrected, sum(article.published is None for article, _ in scored))
            return done
        except StancewireError as error:
            if not _is_of_a_value(error.__cause__):
                raise
            if len(scored) == 1:
                self._skip(f"{scored[0][0].id}: {error}")
                return Ingested(0, 0, 0)
        counts = Ingested(0, 0, 0)
        for one in scored:
            counts = counts.plus(self._keep([one], corrects))
        return counts

    def table(self, path: str | Path, now: datetime) -> Iterator[Ingested]:
        """Takes a position table in, with the article table beside it.

        It adds articles and changes none: it does not hold their whole text, which replaces what it gives, whichever
        comes first. A table that cannot be taken in whole is listed in ``skipped``.

        Args:
            path: The table.
            now: The time, UTC.

        Yields:
            What became of each batch.

        Raises:
            StancewireError: The database does not take a batch; those before it are kept.
        """
        try:
            articles = read_table(path, self._written_by)
        except StancewireError as error:
            self._skip(str(error))
            return
        while batch := list(islice(articles, BATCH)):
            scored = [(self._dated(article, now.date()), rows) for article, rows in batch if self._has_room(article)]
            missing = {article.id for article in self.store.missing([one for one, _ in scored], self.model)}
            done = self._keep([one for one in scored if one[0].id in missing], corrects=False)
            yield done._replace(known=done.known + len(scored) - len(missing))

    def paths(self, paths: Sequence[str], now: datetime) -> Iterator[Ingested]:
        """Takes files, folders and position tables in, told apart by what they hold.

        They are read in the order in which they were last changed: of several articles with one id the last holds.

        Raises:
            StancewireError: There is nothing to read, or the database does not take it.
        """
        files = sorted(find_files(paths), key=_changed)
        tables = [file for file in files if isinstance(file, Path) and is_position_table(file)]
        beside = {article_table_of(table) for table in tables}
        for table in tables:
            yield from self.table(table, now)
        rest = [str(file) for file in files if file not in tables and file not in beside]
        if rest:
            # A file's id must not depend on what else is read this time.
            yield from self.articles(read_articles(rest, path_ids=True, last_holds=True), now)

    def feed(
        self,
        url: str,
        fetcher: Fetcher,
        now: datetime,
        state: FeedState = _UNREAD,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> tuple[Iterator[Ingested], FeedState]:
        """Takes the new and the changed entries of a feed in.

        Args:
            url: Its address.
            fetcher: Gets the feed and the pages.
            now: The time, UTC.
            state: What its server said at the last reading, and its entries.
            is_stopped: Asked before each entry; if so, the reading is given up.

        Returns:
            What became of each batch, and the state now: to be kept once all batches are.

        Raises:
            StancewireError: The feed cannot be had, or its reading was given up.
        """
        found = read_feed(url, fetcher, state, self.store.has, now.replace(tzinfo=UTC), is_stopped)
        for line in (*found.skipped, *found.remarks):
            self._skip(line)
        return self.articles(found.articles, now), found.state

    def _dated(self, article: Article, today: date) -> Article:
        """The article without its date where that cannot be."""
        day = date.fromisoformat(article.published) if article.published else None
        problem = date_problem(day, today)
        if not problem:
            return article
        if day is not None and day > today:
            # Perhaps it is the clock that is wrong.
            self.again = min(self.again or date.max, believed_from(day))
        self._skip(f"{article.id}: its date is {problem}: kept without one, in no series")
        return replace(article, published=None)

    def _has_room(self, article: Article) -> bool:
        """Whether the database can hold the article's id."""
        try:
            size = len(article.id.encode())
        except UnicodeEncodeError:
            self._skip(f"{article.id}: the name of the file is no text; rename it")
            return False
        if size > LONGEST_ID:
            self._skip(f"{article.id[:100]}…: its id has {size:,} bytes, the limit is {LONGEST_ID:,}")
        return size <= LONGEST_ID

    def _skip(self, line: str) -> None:
        self.skipped.append(one_line(line, _LONGEST_LINE))
        _log.warning("%s", self.skipped[-1])


def is_feed(source: str) -> bool:
    """Whether a source is the address of a feed; a path otherwise."""
    return source.lower().startswith(("http://", "https://"))


def begin_with(store: Store, scorer: Scorer) -> None:
    """Makes the first model the one that the database is read with.

    Raises:
        StancewireError: It is read with another one.
    """
    name = model_name(scorer.model.config)
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


def _changed(file: Input) -> tuple[int, str]:
    """Sorts files by when they were last changed, then by name; standard input comes last."""
    return (stamp_of(file).mtime, str(file)) if isinstance(file, Path) else (2**63, file)


def _is_of_a_value(error: BaseException | None) -> bool:
    """Whether a database has refused what it was given, and would again."""
    if isinstance(error, OperationalError):  # of many kinds: this one is that a limit is exceeded
        return str(getattr(error.orig, "sqlstate", "")).startswith("54")
    return isinstance(error, DataError | IntegrityError)
