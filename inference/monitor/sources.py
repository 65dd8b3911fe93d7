"""Where articles come from: when each source is asked again, how it fared, and a record of each time it was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ...data.errors import StancewireError
from ...data.readers import find_files
from . import tables
from .store import Ingested, Store

LONGEST_WAIT = timedelta(hours=6)
"""How long a source that fails is left alone at most; each failure doubles the wait."""


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
    """

    url: str
    etag: str | None = None
    modified: str | None = None
    due: datetime | None = None
    succeeded: datetime | None = None
    failures: int = 0
    error: str | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether it is to be asked now. A due time beyond any wait was set by a clock that has jumped since."""
        return self.due is None or not now < self.due <= now + 2 * LONGEST_WAIT

    def after_success(self, now: datetime, interval: timedelta) -> Source:
        """The source once it has answered."""
        return replace(self, due=now + interval, succeeded=now, failures=0, error=None)

    def after_failure(self, now: datetime, interval: timedelta, error: str) -> Source:
        """The source once it has failed."""
        wait = min(interval * 2 ** min(self.failures, 10), max(interval, LONGEST_WAIT))
        return replace(self, due=now + wait, failures=self.failures + 1, error=error)


def read_sources(store: Store, urls: Sequence[str] | None = None) -> list[Source]:
    """The sources as they were left; those never asked are there too.

    Args:
        store: The database.
        urls: Which, in this order; None gives all that were ever asked.
    """
    with store.reading() as connection:
        known = {row.url: Source(**row._mapping) for row in connection.execute(sa.select(tables.sources))}
    return [*known.values()] if urls is None else [known.get(url, Source(url)) for url in urls]


def write_source(connection: Connection, source: Source) -> None:
    """Keeps how a source was left."""
    connection.execute(sa.delete(tables.sources).where(tables.sources.c.url == source.url))
    connection.execute(sa.insert(tables.sources).values(vars(source)))


Stamp = tuple[int, int]
"""When a file was changed, in nanoseconds, and its size in bytes."""


class WatchedFiles:
    """Which files have changed since they were taken in, so that a folder is not read anew each time."""

    def __init__(self) -> None:
        self._taken: dict[Path, Stamp] = {}

    def changed(self, name: str) -> dict[Path, Stamp]:
        """The files of a path that are new or have changed, each with its time and size.

        A folder may be empty: what comes into it comes later.

        Raises:
            StancewireError: There is no such file or folder.
        """
        try:
            files = [file for file in find_files([name]) if isinstance(file, Path)]
        except StancewireError:
            if not Path(name).is_dir():
                raise
            files = []
        stamps = {file: _stamp(file) for file in files}
        return {file: stamp for file, stamp in stamps.items() if self._taken.get(file) != stamp}

    def taken(self, files: Mapping[Path, Stamp]) -> None:
        """Remembers files that were taken in, as they were then."""
        self._taken.update(files)


def _stamp(file: Path) -> Stamp:
    try:
        found = file.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


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
