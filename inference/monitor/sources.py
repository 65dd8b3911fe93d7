"""Where articles come from: when each source is asked again, how it fared, and a record of each time it was asked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ...data.errors import StancewireError
from ...data.readers import find_files
from . import tables
from .feed_memory import EntryState
from .store import Ingested, Store

LONGEST_WAIT = timedelta(hours=6)
"""How long a source that fails is left alone at most; each failure doubles the wait."""
OVERDUE = timedelta(days=1)
"""A source that is so late is watched by nobody: it is no longer in the settings."""
SILENT = timedelta(hours=1)
"""So long at least nothing was asked before it is said that the service does not run."""


@dataclass(frozen=True)
class Source:
    """A source as it was last left.

    Attributes:
        url: Address of a feed, or a path.
        etag: What the server gave to ask by next time.
        modified: The same, as a date.
        due: When it is to be asked; UTC.
        succeeded: When it last answered; UTC.
        failures: How often it has failed since.
        error: The last failure, in one line.
        asked: When it was last asked, whether it answered or not; UTC.
    """

    url: str
    etag: str | None = None
    modified: str | None = None
    due: datetime | None = None
    succeeded: datetime | None = None
    failures: int = 0
    error: str | None = None
    asked: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether it is to be asked now. A due time beyond any wait was set by a clock that has jumped since."""
        return self.due is None or not now < self.due <= now + 2 * LONGEST_WAIT

    def after_success(self, now: datetime, interval: timedelta) -> Source:
        """The source once it has answered."""
        return replace(self, due=now + interval, succeeded=now, failures=0, error=None, asked=now)

    def after_failure(self, now: datetime, interval: timedelta, error: str) -> Source:
        """The source once it has failed."""
        wait = min(interval * 2 ** min(self.failures, 10), max(interval, LONGEST_WAIT))
        return replace(self, due=now + wait, failures=self.failures + 1, error=error, asked=now)


def read_sources(store: Store, urls: Sequence[str] | None = None) -> list[Source]:
    """The sources as they were left; those never asked are there too.

    Args:
        store: The database.
        urls: Which, in this order; None gives all that were ever asked.
    """
    with store.reading() as connection:
        known = {row.url: Source(**row._mapping) for row in connection.execute(sa.select(tables.sources))}
    return [*known.values()] if urls is None else [known.get(url, Source(url)) for url in urls]


def silent_since(sources: Iterable[Source], now: datetime) -> datetime | None:
    """When a source was last asked, if that is longer ago than three times what lies between; None otherwise.

    The service does not run then. Sources that only `stancewire monitor ingest` has asked are not looked at.
    """
    watched = [(one.asked, one.due) for one in sources if one.asked and one.due]
    if not watched:
        return None
    asked, due = max(watched)
    return asked if now - asked > max(3 * (due - asked), SILENT) else None


def forget_source(connection: Connection, url: str) -> None:
    """Forgets how a source was left; what was taken in from it is kept."""
    connection.execute(sa.delete(tables.sources).where(tables.sources.c.url == url))


def write_source(connection: Connection, source: Source) -> None:
    """Keeps how a source was left."""
    forget_source(connection, source.url)
    connection.execute(sa.insert(tables.sources).values(vars(source)))


class Stamp(NamedTuple):
    """What changes when a file does: the time of its change in nanoseconds, and its size in bytes."""

    mtime: int
    size: int


def stamp_of(file: Path) -> Stamp:
    """The stamp of a file; zeros if it has gone."""
    try:
        found = file.stat()
    except OSError:
        return Stamp(0, 0)
    return Stamp(found.st_mtime_ns, found.st_size)


def changed_files(store: Store, source: str, today: date) -> dict[Path, Stamp]:
    """The files of a path that are new or have changed since they were taken in, each as it is now.

    A folder may be empty: what comes into it comes later.

    Args:
        store: The database.
        source: The path, as it stands in the settings.
        today: The day: a file with a date that lay ahead, and does no longer, is there again.

    Raises:
        StancewireError: There is no such file or folder.
    """
    try:
        files = [file for file in find_files([source]) if isinstance(file, Path)]
    except StancewireError:
        if not Path(source).is_dir():
            raise
        return {}
    one = tables.taken_files.c
    query = sa.select(one.path, one.mtime, one.size, one.again).where(one.source == source)
    with store.reading() as connection:
        taken = {row.path: row for row in connection.execute(query)}
    stamps = {file: stamp_of(file) for file in files}
    return {file: stamp for file, stamp in stamps.items() if not _is_taken(taken.get(_path(file)), stamp, today)}


def _is_taken(row: Any, stamp: Stamp, today: date) -> bool:
    return row is not None and (row.mtime, row.size) == stamp and (row.again is None or today < row.again)


def write_taken(connection: Connection, source: str, files: Mapping[Path, Stamp], again: date | None) -> None:
    """Remembers the files of a source that were taken in.

    Args:
        connection: A transaction that writes.
        source: The path, as it stands in the settings.
        files: The files, each as it was before it was read.
        again: The day on which a date in them will be believed that lies ahead now, if there is one.
    """
    one = tables.taken_files.c
    rows = [{"path": _path(file), **stamp._asdict()} for file, stamp in files.items()]
    if rows:
        gone = sa.delete(tables.taken_files).where(one.source == source, one.path == sa.bindparam("old"))
        connection.execute(gone, [{"old": row["path"]} for row in rows])
        connection.execute(sa.insert(tables.taken_files), [row | {"source": source, "again": again} for row in rows])


def _path(file: Path) -> str:
    # A name need not be text; what stands here need only be the same each time.
    return os.fsencode(file.absolute()).decode("utf-8", "backslashreplace")


def read_entries(store: Store, source: str) -> dict[str, EntryState]:
    """What is remembered of a feed's entries, by the id of their article."""
    one = tables.feed_entries.c
    query = sa.select(one.key, one.stamp, one.failed, one.again).where(one.source == source)
    with store.reading() as connection:
        return {key: EntryState(*rest) for key, *rest in connection.execute(query)}


def write_entries(connection: Connection, source: str, entries: Mapping[str, EntryState]) -> None:
    """Remembers the entries of a feed, and forgets those that have left it."""
    connection.execute(sa.delete(tables.feed_entries).where(tables.feed_entries.c.source == source))
    rows = [{"source": source, "key": key, **state._asdict()} for key, state in entries.items()]
    if rows:
        connection.execute(sa.insert(tables.feed_entries), rows)


@dataclass(frozen=True)
class Run:
    """One time that a source was asked.

    Attributes:
        source: Which.
        model: Name and version of the model.
        started: UTC.
        finished: UTC.
        counts: What became of its articles.
        skipped: What could not be taken in, one line each.
        error: Why it was broken off, if it was.
    """

    source: str
    model: str
    started: datetime
    finished: datetime
    counts: Ingested
    skipped: Sequence[str] = ()
    error: str | None = None


MOST_SKIPPED = 100
"""Lines of a run that are kept; all are logged."""


def write_run(connection: Connection, run: Run) -> None:
    """Keeps the record of a run."""
    values = vars(run) | run.counts._asdict() | {"skipped": list(run.skipped[:MOST_SKIPPED])}
    del values["counts"]
    connection.execute(sa.insert(tables.runs).values(values))
