"""CSV of positions and of series, sent as it is read, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import StreamingResponse

from .. import queries
from ..position_query import COLUMNS, Wanted, read_positions
from ..story_sums import ANY
from .api import point_record, wanted_positions
from .pages import Day, Here, Name, read_points
from .schemas import Period
from .site import Site, shown_model

_PAGE = 1000
_POINT = ("start", "net", "low", "high", "support", "oppose", "neutral", "stories", "articles")
# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

router = APIRouter(include_in_schema=False)


@router.get("/export/positions.csv")
def positions(site: Here, wanted: Annotated[Wanted, Depends(wanted_positions)]) -> StreamingResponse:
    """All positions of a query."""
    return _csv("positions.csv", COLUMNS, _positions(site, wanted))


def _positions(site: Site, wanted: Wanted) -> Iterator[Sequence[Any]]:
    # A connection for each page: whoever reads slowly holds none meanwhile.
    cursor = None
    while True:
        with site.store.reading() as connection:
            rows, cursor = read_positions(connection, wanted, cursor, _PAGE)
        yield from (list(row.values()) for row in rows)
        if cursor is None:
            return


@router.get("/export/series.csv")
def series(
    site: Here,
    actor: Name,
    issue: Name,
    object: Name = ANY,
    period: Period = "week",
    model: Name | None = None,
    until: Day | None = None,
) -> StreamingResponse:
    """The points of a series, from its first story on."""
    with site.store.reading() as connection:
        one = queries.find_series(connection, shown_model(connection, model or None), issue, actor, object)
        if one is None:
            raise HTTPException(404, f"there is no series of {actor} on {issue}")
        points = map(point_record, read_points(connection, one, site.today(), period, until, is_whole=True)[1])
    about = (one.model, one.actor, one.issue, one.object, period)
    rows = [[*about, *(point[name] for name in _POINT)] for point in points]
    return _csv("series.csv", ("model", "actor", "issue", "object", "period", *_POINT), rows)


def _csv(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingResponse:
    return StreamingResponse(
        _lines(columns, rows),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _lines(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    text = io.StringIO(newline="")
    # By this mark a spreadsheet knows the letters for UTF-8.
    text.write("\ufeff")
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        if text.tell() > 1 << 16:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _cell(value: Any) -> Any:
    """A cell; text that looks like a formula gets an apostrophe, by which a spreadsheet knows it for text."""
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return round(value, 6) if isinstance(value, float) else value
