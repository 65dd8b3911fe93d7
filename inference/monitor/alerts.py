"""The inbox: what the monitor has to tell, each thing once, until somebody has seen it.

All functions take the moment as ``now``, in UTC and without a zone, as the database has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ...data.errors import StancewireError
from . import tables

SHIFT, DRIFT, HEALTH = KINDS = ("shift", "drift", "health")
STATES = ("open", "snoozed", "acknowledged", "recorded")
COOL_DOWN = {SHIFT: timedelta(days=14), DRIFT: timedelta(days=1), HEALTH: timedelta(days=1)}
"""For so long after an alert none is raised that says the same of the same subject."""
NOBODY = "stancewire"
"""Who has acknowledged an alert that was recorded and told to nobody."""


@dataclass(frozen=True)
class Alert:
    """An alert.

    Attributes:
        id: Its number.
        kind: One of ``KINDS``.
        subject: What it is about.
        title: What it says, on one line.
        details: The rest of it, by kind (of a shift: see :mod:`.shift_alerts`). All have ``direction``, and
            ``delivered_to`` once a target took it; ``lines`` are told with the title, ``withdrawn`` says since when it
            no longer holds.
        series: Id of the series of a shift.
        began: When a shift began.
        found: Day of the story that showed it.
        raised: When it was raised.
        delivered: When it had gone out to all targets.
        acknowledged: When somebody took note of it.
        acknowledged_by: Who did.
        note: What they had to say of it.
        snoozed: Until when its subject is snoozed, if it is.
    """

    id: int
    kind: str
    subject: str
    title: str
    details: dict[str, Any]
    series: int | None
    began: date | None
    found: date | None
    raised: datetime
    delivered: datetime | None
    acknowledged: datetime | None
    acknowledged_by: str | None
    note: str | None
    snoozed: datetime | None

    @property
    def state(self) -> str:
        """One of ``STATES``; ``recorded`` is what was told to nobody, for the reason in the note."""
        if self.acknowledged is not None:
            return "recorded" if self.acknowledged_by == NOBODY else "acknowledged"
        return "open" if self.snoozed is None else "snoozed"

    def to_record(self) -> dict[str, Any]:
        """The alert for JSON."""
        record = asdict(self) | {"state": self.state}
        return {key: value.isoformat() if isinstance(value, date) else value for key, value in record.items()}


def raise_alert(
    connection: Connection,
    kind: str,
    subject: str,
    title: str,
    details: Mapping[str, Any],
    now: datetime,
    direction: str = "",
    **shift: Any,
) -> int | None:
    """Raises an alert, unless it would repeat another (see :func:`repeated`) or its subject is snoozed.

    A shift is raised even then, as it is found only once; it is delivered when the snooze is over.

    Args:
        connection: A transaction that writes.
        kind: One of ``KINDS``.
        subject: What it is about.
        title: What it says, on one line.
        details: The rest; ``lines``, where there are any, are told with the title.
        now: The moment.
        direction: Which way, where two alerts on one subject may say opposite things.
        **shift: ``series``, ``began`` and ``found`` of a shift.

    Returns:
        Its number; None if none was raised.
    """
    if kind != SHIFT and snoozed_until(connection, subject, now) is not None:
        return None
    if repeated(connection, kind, subject, direction, now) is not None:
        return None
    about = {"kind": kind, "subject": subject, "title": title, "raised": now} | shift
    return _add(connection, about | {"details": {**details, "direction": direction}})


def record_alert(
    connection: Connection, why: str, now: datetime, direction: str, details: Mapping[str, Any], **about: Any
) -> int:
    """Keeps what is told to nobody, with the reason; the arguments are those of :func:`raise_alert`."""
    told = {"acknowledged": now, "acknowledged_by": NOBODY, "note": why}
    return _add(connection, about | told | {"raised": now, "details": {**details, "direction": direction}})


def _add(connection: Connection, values: dict[str, Any]) -> int:
    return connection.execute(sa.insert(tables.alerts).values(values).returning(tables.alerts.c.id)).scalar_one()


def repeated(connection: Connection, kind: str, subject: str, direction: str, now: datetime) -> int | None:
    """The alert that another one on this subject and in this direction would only repeat.

    That is one which is open, unless one in another direction came after it, or one younger than the cool-down.
    """
    one = tables.alerts.c
    query = sa.select(one.id, one.raised, one.acknowledged, one.acknowledged_by, one.details)
    query = query.where(one.subject == subject, one.kind == kind).order_by(one.raised.desc(), one.id.desc())
    turned = False
    for row in connection.execute(query):
        if row.acknowledged_by == NOBODY:
            continue
        if row.details["direction"] != direction:
            turned = True
            continue
        is_open = row.acknowledged is None and "withdrawn" not in row.details and not turned
        # One from a time when the clock was wrong, still to come, keeps nothing back.
        if is_open or timedelta(0) <= now - row.raised < COOL_DOWN[kind]:
            return row.id
    return None


def read_alerts(
    connection: Connection,
    now: datetime,
    state: str | None = "open",
    kind: str | None = None,
    limit: int | None = None,
    before: int | None = None,
) -> list[Alert]:
    """Alerts, the newest first.

    Args:
        connection: A connection.
        now: The moment.
        state: One of ``STATES``; None is all.
        kind: One of ``KINDS``; None is all.
        limit: The most of them.
        before: Only those that come after the alert of this number, which are older.
    """
    one = tables.alerts.c
    wanted = {
        "open": sa.and_(one.acknowledged.is_(None), tables.snoozes.c.until.is_(None)),
        "snoozed": sa.and_(one.acknowledged.is_(None), tables.snoozes.c.until.is_not(None)),
        "acknowledged": sa.and_(one.acknowledged.is_not(None), one.acknowledged_by.is_distinct_from(NOBODY)),
        "recorded": one.acknowledged_by == NOBODY,
        None: sa.true(),
    }[state]
    query = _select(now).where(wanted).order_by(one.raised.desc(), one.id.desc()).limit(limit)
    if kind is not None:
        query = query.where(one.kind == kind)
    if before is not None:
        other = tables.alerts.alias().c
        raised = sa.select(other.raised).where(other.id == before).scalar_subquery()
        query = query.where(sa.or_(one.raised < raised, sa.and_(one.raised == raised, one.id < before)))
    return [Alert(**row) for row in connection.execute(query).mappings()]


def read_alert(connection: Connection, number: int, now: datetime) -> Alert:
    """One alert.

    Raises:
        StancewireError: There is none of this number.
    """
    row = connection.execute(_select(now).where(tables.alerts.c.id == number)).mappings().first()
    if row is None:
        raise StancewireError(f"alert {number}: there is none; `stancewire monitor alerts --all` lists them")
    return Alert(**row)


def _select(now: datetime) -> sa.Select[Any]:
    snooze = tables.snoozes.c
    held = sa.and_(snooze.subject == tables.alerts.c.subject, snooze.until > now)
    joined = tables.alerts.outerjoin(tables.snoozes, held)
    return sa.select(tables.alerts, snooze.until.label("snoozed")).select_from(joined)


def acknowledge(
    connection: Connection, number: int, now: datetime, by: str | None = None, note: str | None = None
) -> Alert:
    """Takes note of an alert; nothing more is sent of it.

    A second time changes who and the note, where these are given, but not when. What was recorded, and told to nobody,
    stays so.

    Args:
        connection: A transaction that writes.
        number: The alert's.
        now: The moment.
        by: Who does.
        note: What they have to say of it.

    Raises:
        StancewireError: There is no such alert, it was recorded, or ``by`` is ``NOBODY``.
    """
    alert = read_alert(connection, number, now)
    if alert.state == "recorded":
        raise StancewireError(f"alert {number}: it was recorded and told to nobody; there is nothing to acknowledge")
    if by is not None and by.strip() == NOBODY:
        raise StancewireError(f"by {NOBODY!r}: so is marked what nobody was told; give the name of somebody")
    values = {"acknowledged": alert.acknowledged or now}
    values |= {key: value for key, value in {"acknowledged_by": by, "note": note}.items() if value}
    connection.execute(sa.update(tables.alerts).where(tables.alerts.c.id == number).values(values))
    return read_alert(connection, number, now)


def snooze(connection: Connection, subject: str, until: datetime, now: datetime) -> None:
    """Keeps the alerts on a subject back until then.

    Raises:
        StancewireError: That is no time to come, or there never was an alert on the subject.
    """
    if until <= now:
        raise StancewireError(f"snooze until {until:%Y-%m-%d %H:%M}: that is over; name a later time")
    if connection.execute(sa.select(tables.alerts.c.id).where(tables.alerts.c.subject == subject)).first() is None:
        raise StancewireError(f"{subject!r}: no alert has this subject; `stancewire monitor alerts --all` lists them")
    unsnooze(connection, subject)
    connection.execute(sa.insert(tables.snoozes).values(subject=subject, until=until))


def unsnooze(connection: Connection, subject: str) -> bool:
    """Ends the snooze of a subject; False if there was none."""
    return connection.execute(sa.delete(tables.snoozes).where(tables.snoozes.c.subject == subject)).rowcount > 0


def snoozed_until(connection: Connection, subject: str, now: datetime) -> datetime | None:
    """When the snooze of a subject ends; None if it has none."""
    one = tables.snoozes.c
    return connection.execute(sa.select(one.until).where(one.subject == subject, one.until > now)).scalar()
