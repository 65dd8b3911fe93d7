"""The monitor's service: asks its sources in turn, takes in what is new, searches for shifts and tells of them.

Nothing that fails ends it: a source, the database or a target of alerts that does not answer is logged in one line and
asked again later.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event, Thread

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ...data.errors import StancewireError
from ..scorer import Scorer
from . import tables
from .alerts import DRIFT, HEALTH, acknowledge, raise_alert, read_alerts
from .asking import Asking
from .dates import utc_now
from .drift import SUBJECT, measure_drift, write_check
from .fetch import Fetcher
from .models import PAST, current_model, model_name
from .notify import deliver
from .rescore import begin_rescoring, catch_up
from .settings import MonitorSettings
from .shift_alerts import check_series
from .sources import OVERDUE, Source, forget_source, read_sources, write_source
from .store import Store

FAILURES = 5
"""Failures in a row at which a source is the subject of an alert."""
_SHORTEST_WAIT, _LONGEST_WAIT = 1.0, 60.0

_log = logging.getLogger(__name__)


class PastModelError(StancewireError):
    """The database is read with another model by now: this service would only undo that."""


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
        self._catching_up: Thread | None = None
        self._had_trouble = False

    def run(self) -> None:
        """Goes on until it is told to stop.

        Raises:
            PastModelError: Another model has taken the place of this one.
        """
        _log.info("watching %d sources with %s", len(self.settings.sources), model_name(self.scorer.model.config))
        while not self.stop.is_set():
            self.round()
            self.stop.wait(self._wait())
        self.finish()
        _log.info("stopped")

    def finish(self) -> None:
        """Waits for a model that reads the history."""
        if self._catching_up:
            self._catching_up.join()

    def round(self, every: bool = False) -> None:
        """Asks each source that is due, then searches for shifts, and delivers alerts.

        Args:
            every: Whether sources are asked before they are due, too, unless they failed the last time.

        Raises:
            PastModelError: Another model has taken the place of this one.
        """
        self._had_trouble = False
        with self._surviving("model"):
            self._follow_model()
        with self._surviving("sources"):
            self._forget_unwatched()
            for source in read_sources(self.store, self.settings.sources):
                if self.stop.is_set():
                    return
                if source.is_due(self.now()) or (every and not source.failures):
                    with self._surviving(source.url):
                        self._ask(source)
        with self._surviving("shifts"):
            check_series(self.store, self.now(), self.settings.false_alarms)
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
        name = model_name(self.scorer.model.config)
        state = sa.select(tables.models.c.state).where(tables.models.c.name == name)
        with self.store.reading() as connection:
            current, is_past = current_model(connection), connection.execute(state).scalar() == PAST
        if is_past:
            raise PastModelError(
                f"{name} is a past model of the database, which is read with {current}; name that one in the settings,"
                f" or bring the past one back with `stancewire monitor rescore`"
            )
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
        except PastModelError:
            raise
        except StancewireError as error:
            self._had_trouble = True
            _log.error("%s: %s", what, error)
        except Exception:
            self._had_trouble = True
            _log.exception("%s: a fault of stancewire's own; goes on with the next round", what)

    def _wait(self) -> float:
        """Seconds until the next source is due; after trouble a minute, as it may be that nothing can be kept."""
        if self._had_trouble:
            return _LONGEST_WAIT
        now = self.now()
        try:
            due = [source.due for source in read_sources(self.store, self.settings.sources)]
        except StancewireError:
            return _LONGEST_WAIT
        waits = [(one - now).total_seconds() if one else 0.0 for one in due]
        return min(max(min(waits), _SHORTEST_WAIT), _LONGEST_WAIT)

    def _ask(self, source: Source) -> None:
        """Takes in what a source has, and keeps how it fared."""
        asking = Asking(source, self.store, self.scorer, self._fetcher, self.now, self.stop.is_set)
        for _ in asking.batches():
            if self.stop.is_set():
                return
        if asking.error is None:
            self._record(source, asking.source.after_success(self.now(), self._interval), asking)
        elif not self.stop.is_set():
            _log.error("%s: %s", source.url, asking.error)
            self._record(source, source.after_failure(self.now(), self._interval, asking.error), asking)

    def _record(self, before: Source, source: Source, asking: Asking) -> None:
        with self.store.writing() as connection:
            asking.keep(connection)
            write_source(connection, source)
            if source.failures >= FAILURES:
                # One that would repeat another is not raised.
                title = f"{source.url} has failed {source.failures} times in a row: {source.error}"
                raise_alert(connection, HEALTH, source.url, title, {}, self.now())
            elif before.failures >= FAILURES:
                self._close_alert(connection, source.url, "answers again")
        new, corrected, known = asking.counts
        if new or corrected:
            _log.info("%s: %d new, %d corrected, %d known", source.url, new, corrected, known)
        if asking.undated:
            _log.info("%s: %d without a date, in no series", source.url, asking.undated)

    def _close_alert(self, connection: Connection, url: str, note: str) -> None:
        for alert in read_alerts(connection, self.now(), None, HEALTH):
            if alert.subject == url and alert.state in ("open", "snoozed"):
                acknowledge(connection, alert.id, self.now(), "the service", note)

    def _forget_unwatched(self) -> None:
        """Forgets sources that nobody asks any more: they would count as failing for ever."""
        for source in read_sources(self.store):
            if source.url not in self.settings.sources and source.due and source.due < self.now() - OVERDUE:
                with self.store.writing() as connection:
                    forget_source(connection, source.url)
                    self._close_alert(connection, source.url, "is watched no longer")
