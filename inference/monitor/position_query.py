"""Positions by actor, issue and day, page by page: each page is read from where the last one ended."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ...data.errors import StancewireError
from . import tables
from .queries import holds_object
from .story_sums import ANY

COLUMNS = tuple(
    "id article_id article sentence start end text kind actor issue label confidence object published model story"
    " title source url".split()
)
_MOST_SERIES = 20
"""Series that are looked into for one page; it may be short, or empty, and yet not the last."""
_MOST_ROWS = 5000
"""Rows of a series that are looked at for one page, where few of them may fit."""
_EARLIEST, _LATEST = date(1, 1, 1), date(9999, 12, 31)


@dataclass(frozen=True)
class Wanted:
    """Which positions.

    Attributes:
        model: Of this model.
        kind: ``stance`` or ``sentiment``; the latter of one actor only.
        actor: Of this actor; None for all.
        issue: On this issue; None for all.
        object: Of which this is one of the objects; None for all.
        label: Only this label.
        min_confidence: Only those as sure as this.
        since: Published on this day or later.
        until: Published on this day or earlier.
    """

    model: str
    kind: str = "stance"
    actor: str | None = None
    issue: str | None = None
    object: str | None = None
    label: str | None = None
    min_confidence: float = 0.0
    since: date | None = None
    until: date | None = None


def read_positions(
    connection: Connection, wanted: Wanted, cursor: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of positions, by issue, actor and day; those of articles without a day are in no series and not here.

    Args:
        connection: A connection.
        wanted: Which.
        cursor: Where the page before ended; None for the first.
        limit: Most rows.

    Returns:
        The rows, and where the next page begins; None if this was the last one.

    Raises:
        StancewireError: The cursor is none that was given out.
    """
    issue, actor, day, number = _parse(cursor) if cursor else ("", "", _EARLIEST, 0)
    rows: list[dict[str, Any]] = []
    places = _places(connection, wanted, issue, actor)
    for place in places[:_MOST_SERIES]:
        if place != (issue, actor):
            day, number = _EARLIEST, 0
        span = _span(wanted, place, day, number)
        is_narrow = wanted.label is not None or wanted.object is not None or wanted.min_confidence > 0
        end = _end(connection, span) if is_narrow else None
        rows += _rows(connection, wanted, span, end, limit - len(rows))
        if len(rows) == limit:
            last = rows[-1]
            return rows, _cursor(last["issue"], last["actor"], last["published"], last["id"])
        if end is not None:
            return rows, _cursor(*place, *end)
    left = places[_MOST_SERIES:]
    return rows, _cursor(*left[0], _EARLIEST, 0) if left else None


def _places(connection: Connection, wanted: Wanted, issue: str, actor: str) -> list[tuple[str, str]]:
    """The issues and actors that may have rows, in order, from one on."""
    if wanted.kind == "sentiment":
        return [("", wanted.actor or "")]
    row = tables.series.c
    query = sa.select(row.issue, row.actor).where(row.model == wanted.model, row.object == ANY)
    if wanted.issue is not None:
        query = query.where(row.issue == wanted.issue)
    if wanted.actor is not None:
        query = query.where(row.actor == wanted.actor)
    # Databases differ in how they order names.
    return sorted(place for place in map(tuple, connection.execute(query)) if place >= (issue, actor))


def _span(wanted: Wanted, place: tuple[str, str], day: date, number: int) -> list[sa.ColumnElement[bool]]:
    """What makes a row one of a series after a place in it, in the days that are wanted."""
    row = tables.positions.c
    return [
        *(row.kind == wanted.kind, row.issue == place[0], row.actor == place[1], row.model == wanted.model),
        row.published.between(max(day, wanted.since or _EARLIEST), wanted.until or _LATEST),
        sa.or_(row.published > day, row.id > number),
    ]


def _end(connection: Connection, span: Sequence[sa.ColumnElement[bool]]) -> tuple[date, int] | None:
    """Day and number of the last row to look at; None if that is the last one there is."""
    row = tables.positions.c
    query = sa.select(row.published, row.id).where(*span).order_by(row.published, row.id)
    found = connection.execute(query.offset(_MOST_ROWS).limit(1)).first()
    return None if found is None else (found.published, found.id)


def _rows(
    connection: Connection,
    wanted: Wanted,
    span: Sequence[sa.ColumnElement[bool]],
    end: tuple[date, int] | None,
    limit: int,
) -> list[dict[str, Any]]:
    row, one = tables.positions.c, tables.articles.c
    query = (
        sa.select(
            *(row[name] for name in ("id", "article", "sentence", "start", "end", "kind", "actor", "issue", "label")),
            *(row[name] for name in ("confidence", "object", "published", "model", "story")),
            one.key.label("article_id"),
            sa.func.substr(one.text, row.start + 1, row.end - row.start).label("text"),
            *(one.title, one.source, one.url),
        )
        .join_from(tables.positions, tables.articles, row.article == one.id)
        .where(*span)
        .order_by(row.published, row.id)
        .limit(limit)
    )
    if end is not None:
        day, number = end
        query = query.where(row.published <= day, sa.or_(row.published < day, row.id <= number))
    if wanted.label is not None:
        query = query.where(row.label == wanted.label)
    if wanted.object is not None:
        query = query.where(holds_object(wanted.object))
    if wanted.min_confidence:
        query = query.where(row.confidence >= wanted.min_confidence)
    return [{name: found[name] for name in COLUMNS} for found in connection.execute(query).mappings()]


def _cursor(issue: str, actor: str, day: date, number: int) -> str:
    text = json.dumps([issue, actor, day.isoformat(), number], ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _parse(cursor: str) -> tuple[str, str, date, int]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        issue, actor, day, number = json.loads(text)
        if not (isinstance(issue, str) and isinstance(actor, str) and isinstance(number, int)):
            raise ValueError(cursor)
        return issue, actor, date.fromisoformat(day), min(max(number, 0), 2**63 - 1)
    except (ValueError, TypeError, RecursionError) as error:
        raise StancewireError("cursor: not one that was given out; begin without one") from error
