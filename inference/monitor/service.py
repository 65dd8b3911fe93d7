"""The monitor's service: asks its sources in turn, takes in what is new, searches for shifts and tells of them.

Nothing that fails ends it: a source, the database or a target of alerts that does not answer is logged in one line and
asked again later.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread

from ...data.errors import StancewireError
from ..scorer import Scorer
from .alerts import DRIFT, HEALTH, acknowledge, raise_alert, read_alerts
from .dates import utc_now
from .drift import SUBJECT, measure_drift, write_check
from .feeds import FeedState
from .fetch import Fetcher
from .intake import Intake, is_feed
from .models import current_model
from .notify import deliver
from .rescore import begin_rescoring, catch_up
from .settings import MonitorSettings
from .shift_alerts import check_series
from .sources import Run, Source, Stamp, WatchedFiles, read_sources, write_run, write_source
from .store import Ingested, Store

FAILURES = 5
"""Failures in a row at which a source is the subject of an alert."""
_SHORTEST_WAIT, _LONGEST_WAIT = 1.0, 60.0

_log = logging.getLogger(__name__)


class Service:
    """Watches sources.

    Args:
        settings: What to watch.
        store: The database.
        scorer: The model.
        stop: Set from elsewhere, it ends the service after the batch at hand.
        now: The clock.
    """

    def __init__(
        self,
        settings: MonitorSettings,
        store: Store,
        scorer: Scorer,
        stop: Event | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.settings, self.store, self.scorer, self.now = settings, store, scorer, now
        self.stop = stop or Event()
        self._interval = timedelta(minutes=settings.interval_minutes)
        self._fetcher = Fetcher(
            allow_private=settings.allow_private, delay=settings.host_delay_seconds, sleep=self._pause
        )
        self._files = WatchedFiles()
        self._catching_up: Thread | None = None

    def run(self) -> None:
        """Goes on until it is told to stop."""
        _log.info("watching %d sources with %s", len(self.settings.sources), self.scorer.model.config.full_name)
        while not self.stop.is_set():
            self.round()
            self.stop.wait(self._wait())
        self.finish()
        _log.info("stopped")

    def finish(self) -> None:
        """Waits for a model that reads the history."""
        if self._catching_up:
            self._catching_up.join()

    def round(self) -> None:
        """Asks each source that is due, then searches for shifts, and delivers alerts."""
        with self._surviving("model"):
            self._follow_model()
        with self._surviving("sources"):
            for source in read_sources(self.store, self.settings.sources):
                if self.stop.is_set():
                    return
                if source.is_due(self.now()):
                    with self._surviving(source.url):
                        self._ask(source)
        with self._surviving("shifts"):
            check_series(self.store, self.now())
        with self._surviving("drift"):
            self._check_drift()
        with self._surviving("alerts"):
            deliver(self.store, self.settings.notify, self.now(), self.settings.page)

    def _pause(self, seconds: float) -> None:
        """Waits between two requests, unless the service is to stop."""
        if self.stop.wait(seconds):
            raise StancewireError("stopped; the rest is read next time")

    def _follow_model(self) -> None:
        """Lets a model that is new to the database read the history, beside the work at hand.

        From its beginning on the new model reads what comes in too; until the switch the old one's series are shown.
        """
        name = self.scorer.model.config.full_name
        with self.store.reading() as connection:
            current = current_model(connection)
        if current in (None, name) or (self._catching_up and self._catching_up.is_alive()):
            return
        begin_rescoring(self.store, self.scorer)
        self._catching_up = Thread(target=self._catch_up, daemon=True)
        self._catching_up.start()

    def _catch_up(self) -> None:
        with self._surviving("rescoring"):
            catch_up(self.store, self.scorer, self.now(), self.settings.history_days, stop=self.stop)

    def _check_drift(self) -> None:
        check = measure_drift(self.store, self.now())
        if check is None:
            return
        with self.store.writing() as connection:
            write_check(connection, check, self.now())
            if check.moved:
                raise_alert(connection, DRIFT, SUBJECT, check.title, check.details(), self.now(), check.direction)

    @contextmanager
    def _surviving(self, what: str) -> Iterator[None]:
        try:
            yield
        except StancewireError as error:
            _log.error("%s: %s", what, error)
        except Exception:
            _log.exception("%s: a fault of stancewire's own; goes on with the next round", what)

    def _wait(self) -> float:
        """Seconds until the next source is due; a database that is gone is asked again in a minute."""
        now = self.now()
        try:
            due = [source.due for source in read_sources(self.store, self.settings.sources)]
        except StancewireError:
            return _LONGEST_WAIT
        waits = [(one - now).total_seconds() if one else 0.0 for one in due]
        return min(max(min(waits), _SHORTEST_WAIT), _LONGEST_WAIT)

    def _ask(self, source: Source) -> None:
        """Takes in what a source has, and keeps how it fared."""
        intake, started, error = Intake(self.store, self.scorer), self.now(), None
        counts, after, changed = Ingested(0, 0, 0), source, dict[Path, Stamp]()
        try:
            if is_feed(source.url):
                state = FeedState(source.etag or "", source.modified or "")
                batches, state = intake.feed(source.url, self._fetcher, started, state)
                after = replace(source, etag=state.etag, modified=state.modified)
            else:
                changed = self._files.changed(source.url)
                batches = intake.paths([str(path) for path in changed], started)
            for done in batches:
                counts = counts.plus(done)
                if self.stop.is_set():
                    return
            self._files.taken(changed)
            after = after.after_success(self.now(), self._interval)
        except StancewireError as problem:
            if self.stop.is_set():
                return
            # What the fetcher says begins with the address, which may be that of a page.
            error = str(problem).removeprefix(f"{source.url}: ")
            _log.error("%s: %s", source.url, error)
            after = source.after_failure(self.now(), self._interval, error)
        self._record(source, after, Run(source.url, intake.model, started, self.now(), counts, intake.skipped, error))

    def _record(self, before: Source, source: Source, run: Run) -> None:
        with self.store.writing() as connection:
            write_source(connection, source)
            if run.error or run.skipped or run.counts.new or run.counts.corrected:
                write_run(connection, run)
            if source.failures == FAILURES:
                title = f"{source.url} has failed {FAILURES} times in a row: {source.error}"
                raise_alert(connection, HEALTH, source.url, title, {}, run.finished)
            elif before.failures >= FAILURES and not source.failures:
                for alert in read_alerts(connection, run.finished, kind=HEALTH):
                    if alert.subject == source.url:
                        acknowledge(connection, alert.id, run.finished, "the service", "answers again")
        new, corrected, known = run.counts
        if new or corrected:
            _log.info("%s: %d new, %d corrected, %d known", source.url, new, corrected, known)
