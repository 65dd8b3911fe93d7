"""A source is asked once: what it has is taken in, and what is to be remembered of it is kept."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import Connection

from ...data.errors import StancewireError
from ..scorer import Scorer
from .feed_memory import FeedState
from .fetch import Fetcher, one_line
from .intake import Intake, is_feed
from .models import model_name
from .sources import (
    Run,
    Source,
    Stamp,
    changed_files,
    read_entries,
    write_entries,
    write_run,
    write_taken,
)
from .store import Ingested, Store

_log = logging.getLogger(__name__)


class Asking:
    """One time that a source is asked.

    Args:
        source: The source as it was left.
        store: The database.
        scorer: The model.
        fetcher: Gets feeds and pages.
        now: The clock.
        is_stopped: Asked before each page; if so, the source is given up.
        every_file: Whether files are read again that were taken in and have not changed.

    Attributes:
        source: The source, with what its server said this time.
        counts: What became of its articles.
        undated: How many came without a date.
        skipped: What was not taken in as it is, one line each.
        error: Why it was broken off, in one line; None if it was not.
    """

    def __init__(
        self,
        source: Source,
        store: Store,
        scorer: Scorer,
        fetcher: Fetcher,
        now: Callable[[], datetime],
        is_stopped: Callable[[], bool] = lambda: False,
        every_file: bool = False,
    ) -> None:
        self.source, self.counts, self.error = source, Ingested(0, 0, 0), None
        self.undated, self.skipped = 0, list[str]()
        self._store, self._scorer, self._fetcher, self._now = store, scorer, fetcher, now
        self._is_stopped, self._every_file = is_stopped, every_file
        self._started = now()
        self._keep: Callable[[Connection], None] = lambda connection: None

    def batches(self) -> Iterator[Ingested]:
        """Takes in what the source has; nothing that fails is raised.

        Yields:
            What became of each batch.
        """
        self._started = self._now()
        try:
            intake = Intake(self._store, self._scorer)
            self.skipped = intake.skipped
            for done in self._feed(intake) if is_feed(self.source.url) else self._files(intake):
                self.counts, self.undated = self.counts.plus(done), intake.undated
                yield done
        except StancewireError as problem:
            # What the fetcher says begins with the address, which may be that of a page.
            self.error = one_line(str(problem).removeprefix(f"{self.source.url}: "))
        except Exception as problem:
            self.error = one_line(f"a fault of stancewire's own: {problem!r}")
            _log.debug("%s", self.source.url, exc_info=True)

    def _feed(self, intake: Intake) -> Iterator[Ingested]:
        url, entries = self.source.url, read_entries(self._store, self.source.url)
        before = FeedState(self.source.etag or "", self.source.modified or "", entries)
        batches, after = intake.feed(url, self._fetcher, self._started, before, self._is_stopped)
        yield from batches
        self.source = replace(self.source, etag=after.etag, modified=after.modified)
        if after.entries != entries:
            self._keep = lambda connection: write_entries(connection, url, after.entries)

    def _files(self, intake: Intake) -> Iterator[Ingested]:
        url = self.source.url
        if self._every_file:
            yield from intake.paths([url], self._started)
            return
        files: dict[Path, Stamp] = changed_files(self._store, url, self._started.date())
        yield from intake.paths([str(file) for file in files], self._started)
        self._keep = lambda connection: write_taken(connection, url, files, intake.again)

    def keep(self, connection: Connection) -> None:
        """Keeps a record of it, if there is anything to tell, and what is to be remembered for the next time.

        Args:
            connection: A transaction that writes.
        """
        if not self.error:
            self._keep(connection)
        if self.error or self.skipped or self.counts.new or self.counts.corrected:
            name = model_name(self._scorer.model.config)
            run = Run(self.source.url, name, self._started, self._now(), self.counts, self.skipped, self.error)
            write_run(connection, run)
