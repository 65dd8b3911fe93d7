"""From series that have changed to alerts: each shift is told once, while it is news, with the sentences that show it.

Series and their correction: watched are the series of an actor on an issue that have enough stories for a shift, and
among its objects those with enough that hold fewer than ``MOST_OF_ALL`` of these stories. A series of nearly all of
them shows the same shifts again and costs evidence; one of fewer may shift while the others hide it, as when an actor
turns against sanctions on one state and keeps those on another. All that are watched count in the correction for many
series. A shift that both show is told by the first that does.

Late articles change the past: the series is searched from its first story each time, and what is found again, a little
earlier or later, is the alert that is there. A shift that is no longer found stays, marked as withdrawn.

What is recorded and not told: shifts found more than ``RECENT_DAYS`` before now (history that was loaded, or late
articles on what is over), shifts that a model reads out of the days before it became the current one, and those that
another alert has told.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from . import tables
from .alerts import NOBODY, SHIFT, raise_alert, record_alert, repeated
from .models import confusion_of, current_model, news_since
from .series import Confusion, StorySide
from .shift_details import WatchedSeries, direction_of, shift_columns, shift_figures
from .shifts import FALSE_ALARMS, LEAST_AFTER, LEAST_BEFORE, Shift, find_shifts
from .store import Store
from .story_sums import ANY, read_sides

RECENT_DAYS = 30
"""So long a shift is news after the day it was found: a service that was down for weeks still tells of it."""
MOST_OF_ALL = 0.8
SLACK = timedelta(days=7)
"""By how much two shifts that are one may miss each other."""

_log = logging.getLogger(__name__)


class Checked(NamedTuple):
    """What a search for shifts did.

    Attributes:
        series: Series that had changed and were searched.
        watched: Series that are watched in all.
        raised: Numbers of the new alerts.
        moved: Numbers of those that late articles have changed.
        withdrawn: Numbers of those whose shift is no longer found.
    """

    series: int
    watched: int
    raised: list[int]
    moved: list[int]
    withdrawn: list[int]


@dataclass(frozen=True)
class _Search:
    watched: int
    confusion: Confusion
    false_alarms: float

    def find(self, sides: Sequence[StorySide]) -> list[Shift]:
        return find_shifts(sides, series=self.watched, confusion=self.confusion, false_alarms=self.false_alarms)


def check_series(store: Store, now: datetime, false_alarms: float = FALSE_ALARMS) -> Checked:
    """Searches the series of the current model that have changed, and raises an alert for each new shift.

    Each series is a transaction of its own, together with the mark that it was searched: cut off anywhere, the search
    goes on with the next series.

    Args:
        store: The database.
        now: The moment, UTC without a zone. Stories dated after the day that follows are left out.
        false_alarms: False alarms in a year that all series together may raise; none raises more than one.

    Raises:
        StancewireError: The database does not answer.
    """
    done = Checked(0, 0, [], [], [])
    with store.reading() as connection:
        model = current_model(connection)
        changed = _changed(connection, model) if model else []
        if model is None or not changed:
            return done
        watched = _watched(connection, model)
        confusion = confusion_of(connection, model)
    with store.writing() as connection:
        for series in changed:
            if series.id not in watched:
                _set_checked(connection, series)
    searched = [series for series in changed if series.id in watched]
    for series in searched:
        _check(store, series, _Search(len(watched), confusion, false_alarms), now, done)
    return done._replace(series=len(searched), watched=len(watched))


def _changed(connection: Connection, model: str) -> list[WatchedSeries]:
    """The series to be searched; of an actor on an issue that of all objects first."""
    one = tables.series.c
    query = sa.select(one.id, one.issue, one.actor, one.object, one.model, one.version)
    query = query.where(one.model == model, one.version != one.checked).order_by(one.issue, one.actor, one.object)
    return [WatchedSeries(**row) for row in connection.execute(query).mappings()]


def _watched(connection: Connection, model: str) -> set[int]:
    """Ids of the series that are watched (see the module's head)."""
    one = tables.series.c
    query = sa.select(one.id, one.issue, one.actor, one.object, sa.func.count()).select_from(tables.series)
    query = query.join(tables.series_stories, tables.series_stories.c.series == one.id).where(one.model == model)
    rows = connection.execute(query.group_by(one.id, one.issue, one.actor, one.object)).all()
    whole = {(issue, actor): stories for _, issue, actor, name, stories in rows if name == ANY}
    return {
        number
        for number, issue, actor, name, stories in rows
        if stories >= LEAST_BEFORE + LEAST_AFTER
        and (name == ANY or stories < MOST_OF_ALL * whole.get((issue, actor), 0))
    }


def _set_checked(connection: Connection, series: WatchedSeries) -> None:
    # The version that was read: what has come since then is searched next time.
    found = sa.update(tables.series).where(tables.series.c.id == series.id)
    connection.execute(found.values(checked=series.version))


def _check(store: Store, series: WatchedSeries, search: _Search, now: datetime, done: Checked) -> None:
    """Searches one series; adds the numbers of alerts to `done`."""
    last = now.date() + timedelta(days=1)
    # Outside of the transaction that writes: others are not to wait for the search.
    with store.reading() as connection:
        sides = [side for side in read_sides(connection, [series.id])[series.id] if side.day <= last]
    shifts = search.find(sides)
    with store.writing() as connection:
        one = tables.alerts.c
        known = connection.execute(sa.select(tables.alerts).where(one.series == series.id, one.kind == SHIFT)).all()
        pairs = _pairs(shifts, known)
        for number, shift in enumerate(shifts):
            if number in pairs:
                row = known[pairs[number]]
                if _move(connection, row, shift, series, sides):
                    done.moved.append(row.id)
            else:
                raised = _tell(connection, shift, series, sides, search.watched, now)
                done.raised.extend([raised] if raised else [])
        for place, row in enumerate(known):
            if place not in pairs.values() and _withdraw(connection, row, search, sides, now):
                done.withdrawn.append(row.id)
        _set_checked(connection, series)


# -- which alert a shift is -------------------------------------------------------------------------------------------


def _pairs(shifts: Sequence[Shift], known: Sequence[Any]) -> dict[int, int]:
    """Which known alert each shift is, the nearest first: one of this direction whose time overlaps with its own."""
    near = sorted(
        (abs((shift.began - row.began).days) + abs((shift.found - row.found).days), number, place)
        for number, shift in enumerate(shifts)
        for place, row in enumerate(known)
        if row.details["direction"] == direction_of(shift) and _overlap(shift, row)
    )
    pairs: dict[int, int] = {}
    for _, number, place in near:
        if number not in pairs and place not in pairs.values():
            pairs[number] = place
    return pairs


def _overlap(shift: Shift, row: Any) -> bool:
    return shift.began - SLACK <= row.found and row.began <= shift.found + SLACK


def _tell(
    connection: Connection, shift: Shift, series: WatchedSeries, sides: Sequence[StorySide], watched: int, now: datetime
) -> int | None:
    """Raises the alert of a new shift, or records it where it is not to be told; gives the number if it is."""
    values = shift_columns(connection, shift, series, sides)
    values["details"] = {**values["details"], "watched": watched}
    direction = direction_of(shift)
    why = _why_not(connection, shift, series, now)
    if why is None:
        raised = raise_alert(connection, SHIFT, series.subject, now=now, direction=direction, **values)
        if raised is not None:
            _log.info("alert %d: %s", raised, values["title"])
            return raised
        why = f"repeats alert {repeated(connection, SHIFT, series.subject, direction, now)}"
    record_alert(connection, why, now, direction, kind=SHIFT, subject=series.subject, **values)
    return None


def _why_not(connection: Connection, shift: Shift, series: WatchedSeries, now: datetime) -> str | None:
    if shift.found < now.date() - timedelta(days=RECENT_DAYS):
        return f"found on {shift.found}, more than {RECENT_DAYS} days ago"
    switched = news_since(connection, series.model)
    if switched is not None and shift.found <= switched:
        return f"found on {shift.found}, before {series.model} was the current model"
    told = _told_elsewhere(connection, shift, series)
    return f"told by alert {told}" if told is not None else None


def _told_elsewhere(connection: Connection, shift: Shift, series: WatchedSeries) -> int | None:
    """The alert that told of this shift: of all objects where this is of one, or the reverse, or of another model."""
    one, other = tables.alerts.c, tables.series.c
    query = sa.select(one.id, one.began, one.found, one.details).join(tables.series, other.id == one.series)
    query = query.where(
        other.issue == series.issue,
        other.actor == series.actor,
        one.series != series.id,
        sa.or_(other.object == series.object, other.object == ANY, sa.literal(series.object == ANY)),
        one.acknowledged_by.is_distinct_from(NOBODY),
    )
    for row in connection.execute(query.order_by(one.id)):
        is_same = row.details["direction"] == direction_of(shift) and "withdrawn" not in row.details
        if is_same and _overlap(shift, row):
            return row.id
    return None


def _move(connection: Connection, row: Any, shift: Shift, series: WatchedSeries, sides: Sequence[StorySide]) -> bool:
    """Brings a known alert up to date; False if nothing has changed."""
    figures = shift_figures(shift)
    if "withdrawn" not in row.details and all(row.details[key] == value for key, value in figures.items()):
        return False
    values = shift_columns(connection, shift, series, sides)
    kept = {key: value for key, value in row.details.items() if key != "withdrawn"}
    values["details"] = kept | values["details"]
    connection.execute(sa.update(tables.alerts).where(tables.alerts.c.id == row.id).values(values))
    return True


def _withdraw(connection: Connection, row: Any, search: _Search, sides: Sequence[StorySide], now: datetime) -> bool:
    """Marks an alert whose shift is no longer found, not even with the correction of the day on which it was."""
    if "withdrawn" in row.details or _pairs(replace(search, watched=row.details["watched"]).find(sides), [row]):
        return False
    details = {**row.details, "withdrawn": now.isoformat()}
    connection.execute(sa.update(tables.alerts).where(tables.alerts.c.id == row.id).values(details=details))
    _log.info("alert %d: withdrawn, its shift is no longer found", row.id)
    return True
