"""What the alert of a shift says: its figures, and the sentences that show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from . import tables
from .message import plain
from .series import StorySide
from .shifts import Shift
from .story_sums import ANY

SENTENCES = 3
"""Sentences before a shift, and after it."""
_LONGEST = 1000
"""Characters of a sentence."""
_AT_A_TIME = 100
"""Rows that are read at once."""
_SIDES = {"support": "support", "oppose": "opposition"}


@dataclass(frozen=True)
class WatchedSeries:
    """A series, at the version that is searched."""

    id: int
    issue: str
    actor: str
    object: str
    model: str
    version: int

    @property
    def subject(self) -> str:
        """What its alerts are about; the same whichever model reads it."""
        about = f"{self.actor} on {self.issue.replace('_', ' ')}"
        return f"{about}: {self.object}" if self.object != ANY else about


def direction_of(shift: Shift) -> str:
    """The side that has gained."""
    return "support" if shift.after > shift.before else "oppose"


def shift_columns(
    connection: Connection, shift: Shift, series: WatchedSeries, sides: Sequence[StorySide]
) -> dict[str, Any]:
    """What the alert of a shift says: its title, its dates and its details.

    Args:
        connection: A connection.
        shift: The shift.
        series: Its series.
        sides: The stories of the series.

    Returns:
        Columns of the table of alerts. The details: issue, actor, object and model; the figures of the shift (see
        :class:`.shifts.Shift`); ``sentences_before`` and ``sentences_after``, of the side that has gone and of the one
        that has come where there are any: text, article, article_id, title, source, url, published, label, confidence.
    """
    direction = direction_of(shift)
    before = [side for side in sides if side.day < shift.began][-shift.stories_before :]
    after = [side for side in sides if shift.began <= side.day <= shift.found]
    came, went = ("support", "oppose") if direction == "support" else ("oppose", "support")
    about = {"issue": series.issue, "actor": series.actor, "object": series.object, "model": series.model}
    evidence = {
        "sentences_before": _sentences(connection, series, before, went),
        "sentences_after": _sentences(connection, series, after, came),
    }
    return {
        "title": plain(f"{series.subject}: towards {_SIDES[direction]} since {shift.began}"),
        "series": series.id,
        "began": shift.began,
        "found": shift.found,
        "details": about | shift_figures(shift) | evidence,
    }


def shift_figures(shift: Shift) -> dict[str, Any]:
    """The figures of a shift for JSON."""
    return {
        "began": shift.began.isoformat(),
        "found": shift.found.isoformat(),
        "before": round(shift.before, 4),
        "after": round(shift.after, 4),
        "low": round(shift.low, 4),
        "high": round(shift.high, 4),
        "stories_before": shift.stories_before,
        "stories_after": shift.stories_after,
        "evidence": round(shift.evidence, 4),
    }


def _sentences(
    connection: Connection, series: WatchedSeries, sides: Sequence[StorySide], wanted: str
) -> list[dict[str, Any]]:
    """Sentences of stories, one of each: those with the wanted label first, and of these the surest first."""
    if not sides:
        return []
    row, stories = tables.positions.c, {side.story for side in sides}
    query = sa.select(row.id, row.story, row.object).where(
        row.kind == "stance",
        row.issue == series.issue,
        row.actor == series.actor,
        row.model == series.model,
        row.published.between(min(side.day for side in sides), max(side.day for side in sides)),
    )
    order = (row.label != wanted, row.label != "neutral", row.confidence.desc(), row.published, row.id)
    best: dict[str, int] = {}
    # The database puts them in order, and few are read: a great series has a hundred thousand.
    with connection.execute(query.order_by(*order).execution_options(yield_per=_AT_A_TIME)) as rows:
        for number, story, objects in rows:
            if story in stories and series.object in (ANY, *objects):
                best.setdefault(story, number)
            if len(best) == SENTENCES:
                break
    return [_sentence(connection, number) for number in best.values()]


def _sentence(connection: Connection, position: int) -> dict[str, Any]:
    row, one = tables.positions.c, tables.articles.c
    query = sa.select(row.start, row.end, row.label, row.confidence, one.id, one.key, one.title, one.source, one.url)
    query = query.add_columns(one.text, one.published).join_from(tables.positions, tables.articles)
    found = connection.execute(query.where(row.id == position)).one()
    return {
        "text": found.text[found.start : min(found.end, found.start + _LONGEST)],
        "article": found.key,
        "article_id": found.id,
        "title": found.title,
        "source": found.source,
        "url": found.url,
        "published": found.published.isoformat(),
        "label": found.label,
        "confidence": round(found.confidence, 4),
    }
