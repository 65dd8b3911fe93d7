"""The time, and which dates an article can have."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

OLDEST = date(1971, 1, 1)
"""An earlier date is that of a clock that was never set."""
AHEAD = timedelta(days=2)
"""How far a date may lie ahead: time zones, and tomorrow's paper."""


def utc_now() -> datetime:
    """The time, UTC, without a zone as the database has it."""
    return datetime.now(UTC).replace(tzinfo=None)


def date_problem(day: date | None, today: date) -> str:
    """Why an article that comes today cannot be of this day; empty if it can.

    Args:
        day: When it says that it was published, if it does.
        today: The day, UTC.
    """
    if day is None:
        return ""
    if day < OLDEST:
        return f"{day}, where clocks begin"
    return f"{day}, which lies ahead" if today < believed_from(day) else ""


def believed_from(day: date) -> date:
    """The first day on which an article can be of this day."""
    return day - AHEAD
