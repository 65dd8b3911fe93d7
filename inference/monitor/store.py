"""The monitor's database: takes articles in with their positions, once each, and answers what the rest asks of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from datetime import date, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from ...data.errors import StancewireError
from ...data.schema import Article, Position
from ...data.stories import WINDOW, StoryKey, assign_story, story_id, story_key
from . import tables
from .dates import utc_now
from .story_sums import sum_up

DEFAULT_URL = "sqlite:///stancewire.db"
_WRITERS = 7231
"""Key of the lock that writers to PostgreSQL hold, one at a time: a story is the first of its articles."""
_WAIT_MS = 60_000


class Ingested(NamedTuple):
    """What an ingest did.

    Attributes:
        new: Articles that were not there.
        corrected: Articles that were there with another text or other data; the new ones hold.
        known: Articles that were there as they are.
    """

    new: int
    corrected: int
    known: int

    def plus(self, more: Ingested) -> Ingested:
        """Both together."""
        return Ingested(*(a + b for a, b in zip(self, more, strict=True)))


class Store:
    """The database.

    Args:
        url: SQLAlchemy's URL of an SQLite file or a PostgreSQL database.

    Attributes:
        url: The same.
        name: The URL without its password, for people to see.

    Raises:
        StancewireError: It cannot be reached, or was made by a newer stancewire.
    """

    def __init__(self, url: str = DEFAULT_URL) -> None:
        self.url = url
        self.name = _parse(url).difference_update_query(["password"]).render_as_string()
        with self._one_line():
            self.engine = _engine(url)
        self._migrate()

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        newest = ScriptDirectory.from_config(config).get_current_head()
        # Who only reads neither waits for a writer nor needs the right to write.
        with self.reading() as connection:
            if MigrationContext.configure(connection).get_current_revision() == newest:
                return
        try:
            with self.writing() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except CommandError as error:
            raise StancewireError(
                f"database {self.name}: was made by a newer stancewire; upgrade this one to open it"
            ) from error

    def close(self) -> None:
        """Closes all connections."""
        self.engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is the only one that writes; it is kept whole or not at all.

        Raises:
            StancewireError: The database does not take it.
        """
        with self._one_line(), self.engine.execution_options(writes=True).begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_WAIT_MS}")
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITERS)))
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that only reads and keeps nobody from writing.

        Raises:
            StancewireError: The database does not answer.
        """
        with self._one_line(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def _one_line(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, ImportError) as error:
            raise StancewireError(f"database {self.name}: {_said(error)}") from error

    def missing(self, articles: Sequence[Article], model: str) -> list[Article]:
        """The articles that this model has not scored as they are now."""
        known = self._digests([article.id for article in articles], model)
        return [article for article in articles if known.get(article.id) != article_digest(article)]

    def has(self, key: str) -> bool:
        """Whether an article is there, whichever model has scored it."""
        one = tables.articles.c
        with self.reading() as connection:
            return connection.execute(sa.select(one.id).where(one.key == key)).first() is not None

    def ingest(
        self, scored: Sequence[tuple[Article, Sequence[Position]]], model: str, corrects: bool = True
    ) -> Ingested:
        """Takes scored articles in, all or none.

        An article that is there already changes nothing; one that is there with another text is corrected, and what
        any model said of the old text goes with it.

        Args:
            scored: Articles with their positions.
            model: Name and version of the model.
            corrects: Whether an article that is there with another text is replaced; it is left alone otherwise.

        Raises:
            StancewireError: The database does not take them.
        """
        touched: dict[str, set[str]] = defaultdict(set)
        with self.writing() as connection:
            done = [_ingest(connection, *one, model, touched, corrects) for one in scored]
            for one, stories in touched.items():
                sum_up(connection, stories, one)
        return Ingested(done.count("new"), done.count("corrected"), done.count("known"))

    def _digests(self, keys: Sequence[str], model: str) -> dict[str, bytes]:
        query = (
            sa.select(tables.articles.c.key, tables.articles.c.digest)
            .join(tables.scored, tables.scored.c.article == tables.articles.c.id)
            .where(tables.scored.c.model == model, tables.articles.c.key.in_(keys))
        )
        with self.reading() as connection:
            return {row.key: bytes(row.digest) for row in connection.execute(query)}

    def counts(self) -> dict[str, int]:
        """Rows of each table."""
        with self.reading() as connection:
            return {
                name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for name, table in tables.metadata.tables.items()
            }


class _StoryMemory:
    """What the index of stories remembers, in the database (see :class:`stancewire.data.stories.StoryMemory`)."""

    def __init__(self, connection: Connection, published: date | None) -> None:
        self._connection, self._published = connection, published

    def story_of(self, digest: bytes) -> str | None:
        one = tables.story_texts.c
        query = sa.select(one.story).where(one.digest == digest, self._is_open(one.story))
        return self._connection.execute(query).scalar_one_or_none()

    def near(self, bands: Sequence[int]) -> list[tuple[str, int, bytes]]:
        found = sa.select(tables.story_bands.c.signature).where(tables.story_bands.c.hash.in_(bands))
        one = tables.story_signatures.c
        query = sa.select(one.story, one.size, one.signature).where(one.id.in_(found), self._is_open(one.story))
        rows = self._connection.execute(query.order_by(one.id))
        return [(story, size, bytes(signature)) for story, size, signature in rows]

    def _is_open(self, story: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        if self._published is None:
            return sa.true()
        one, window = tables.articles.c, timedelta(days=WINDOW)
        near = one.published.between(self._published - window, self._published + window)
        dated = sa.exists().where(one.story == story, one.published.is_not(None))
        return sa.or_(sa.exists().where(one.story == story, near), ~dated)

    def new_story(self, digest: bytes) -> str:
        return story_id(digest, self._published, self._is_there)

    def _is_there(self, story: str) -> bool:
        query = sa.select(tables.stories.c.id).where(tables.stories.c.id == story)
        return self._connection.execute(query).first() is not None

    def remember(self, key: StoryKey, story: str, bands: Sequence[int]) -> None:
        if not self._is_there(story):
            self._connection.execute(sa.insert(tables.stories).values(id=story, first_published=self._published))
        # Words that were said before belong to the last story that they are of.
        self._connection.execute(sa.delete(tables.story_texts).where(tables.story_texts.c.digest == key.digest))
        self._connection.execute(sa.insert(tables.story_texts).values(digest=key.digest, story=story))
        if bands:
            values = {"story": story, "size": key.size, "signature": key.signature}
            row = self._connection.execute(
                sa.insert(tables.story_signatures).values(values).returning(tables.story_signatures.c.id)
            ).scalar_one()
            self._connection.execute(
                sa.insert(tables.story_bands), [{"hash": band, "signature": row} for band in bands]
            )


def _ingest(
    connection: Connection,
    article: Article,
    positions: Sequence[Position],
    model: str,
    touched: dict[str, set[str]],
    corrects: bool,
) -> str:
    """Takes one article in; adds to `touched`, by model, the stories whose positions change."""
    one, digest, published = tables.articles.c, article_digest(article), _date(article.published)
    row = connection.execute(sa.select(one.id, one.digest, one.story).where(one.key == article.id)).first()
    if row is not None and bytes(row.digest) == digest:
        done = sa.select(tables.scored).where(tables.scored.c.article == row.id, tables.scored.c.model == model)
        if connection.execute(done).first() is not None:
            return "known"
        touched[model].add(row.story)
        _add_positions(connection, row.id, row.story, published, positions, model)
        return "new"
    if row is not None and not corrects:
        return "known"
    story = assign_story(story_key(article.text), _StoryMemory(connection, published))
    values = {
        "key": article.id,
        "digest": digest,
        "story": story,
        "published": published,
        "source": article.source,
        "url": article.url,
        "title": article.title,
        "speaker": article.speaker,
        "text": article.text,
        "ingested": utc_now(),
    }
    if row is None:
        number = connection.execute(sa.insert(tables.articles).values(values).returning(one.id)).scalar_one()
    else:
        number = row.id
        scored = sa.select(tables.scored.c.model).where(tables.scored.c.article == number)
        for scorer in connection.execute(scored).scalars():
            touched[scorer].add(row.story)
        connection.execute(sa.delete(tables.positions).where(tables.positions.c.article == number))
        connection.execute(sa.delete(tables.scored).where(tables.scored.c.article == number))
        connection.execute(sa.update(tables.articles).where(one.id == number).values(values))
    touched[model].add(story)
    _add_positions(connection, number, story, published, positions, model)
    return "new" if row is None else "corrected"


def _add_positions(
    connection: Connection,
    article: int,
    story: str,
    published: date | None,
    positions: Sequence[Position],
    model: str,
) -> None:
    connection.execute(sa.insert(tables.scored).values(article=article, model=model))
    if positions:
        about: Mapping[str, Any] = {"article": article, "model": model, "story": story, "published": published}
        connection.execute(sa.insert(tables.positions), [position_row(position) | about for position in positions])


def position_row(position: Position) -> dict[str, Any]:
    """A position as a row of the table, without what its article gives."""
    names = ("sentence", "start", "end", "kind", "actor", "issue", "label", "confidence", "object")
    return {name: getattr(position, name) for name in names}


def article_digest(article: Article) -> bytes:
    """A hash of all that an article says."""
    return blake2b(repr(astuple(article)).encode(), digest_size=16).digest()


def _date(published: str | None) -> date | None:
    return date.fromisoformat(published) if published else None


def _parse(url: str) -> sa.URL:
    try:
        return sa.make_url(url)
    except (ArgumentError, ValueError) as error:
        # What is mistyped may hold a password all the same.
        said = "" if "@" in url else f" {url!r}"
        raise StancewireError(
            f"database{said}: not a database's URL; write sqlite:///stancewire.db or postgresql+psycopg://USER@HOST/NAME"
        ) from error


def _engine(url: str) -> Engine:
    engine = sa.create_engine(url, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that only reads at first could not begin to write while another does.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare_sqlite(connection: Any, record: Any) -> None:
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {_WAIT_MS}",
        "journal_mode = WAL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _said(error: Exception) -> str:
    """The first line of what a database says, without the statement."""
    return " ".join(str(getattr(error, "orig", None) or error).split())[:300]
