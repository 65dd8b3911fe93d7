"""The series in the database: what each story says of an actor on an issue, kept beside the positions it is made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from . import tables
from .series import PERIODS, BinSum, StorySide, bin_start, story_sides

ANY = ""
"""The object of the series that holds all objects."""
_SUMMED: tuple[str, ...] = ("support", "oppose", "neutral", "stories", "articles")
_SeriesKey = tuple[str, str, str]


def sum_up(connection: Connection, stories: Iterable[str], model: str) -> None:
    """Makes the rows of stories in all series anew from their positions.

    Args:
        connection: A transaction that writes.
        stories: Ids of the stories whose positions have changed.
        model: The model whose positions have.
    """
    series, row = tables.series.c, tables.series_stories.c
    # Not `series.in_(…)`: SQLite would try each of the model's series.
    of_model = sa.exists().where(series.id == row.series, series.model == model)
    for story in sorted(set(stories)):
        here = sa.and_(row.story == story, of_model)
        before = connection.execute(sa.select(tables.series_stories).where(here)).all()
        touched = {old.series for old in before}
        connection.execute(sa.delete(tables.series_stories).where(here))
        sums = _sums(connection, story, model)
        ids = _series_ids(connection, sums, model)
        now = [side_values(side) | {"series": ids[key]} for key, side in sums.items()]
        if now:
            connection.execute(sa.insert(tables.series_stories), now)
        add_to_bins(connection, [(dict(old._mapping), -1) for old in before] + [(new, 1) for new in now])
        touched.update(ids.values())
        changed = sa.update(tables.series).where(series.id.in_(touched))
        connection.execute(changed.values(version=series.version + 1))


def add_to_bins(connection: Connection, changes: Iterable[tuple[dict[str, Any], int]]) -> None:
    """Takes stories into the bins of their series (sign 1) or out of them (-1)."""
    sums: dict[tuple[int, str, date], list[float]] = defaultdict(lambda: [0.0] * 5)
    for one, sign in changes:
        values = [one["support"], one["oppose"], one["neutral"], 1, one["articles"]]
        for period in PERIODS:
            held = sums[one["series"], period, bin_start(one["day"], period)]
            held[:] = [old + sign * value for old, value in zip(held, values, strict=True)]
    rows: list[dict[str, Any]] = [
        dict[str, Any](zip(("series", "period", "start"), key, strict=True)) | dict(zip(_SUMMED, values, strict=True))
        for key, values in sorted(sums.items())
        if any(values)
    ]
    if not rows:
        return
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(tables.series_bins)
    held = tables.series_bins.c
    added = {name: held[name] + insert.excluded[name] for name in _SUMMED}
    connection.execute(insert.on_conflict_do_update(index_elements=["series", "period", "start"], set_=added), rows)


def _sums(connection: Connection, story: str, model: str) -> dict[_SeriesKey, StorySide]:
    row = tables.positions.c
    query = sa.select(row.issue, row.actor, row.object, row.article, row.published, row.label, row.confidence).where(
        row.story == story, row.model == model, row.kind == "stance", row.published.is_not(None)
    )
    rows: dict[_SeriesKey, list[tuple[str, int, date, str, float]]] = defaultdict(list)
    for issue, actor, objects, *rest in connection.execute(query):
        for name in (ANY, *objects):
            rows[issue, actor, name].append((story, *rest))
    return {key: side for key, found in rows.items() for side in story_sides(found)}


def _series_ids(connection: Connection, keys: Iterable[_SeriesKey], model: str) -> dict[_SeriesKey, int]:
    """Ids of series, which are made where they are not there."""
    series = tables.series.c
    ids: dict[_SeriesKey, int] = {}
    for key in keys:
        issue, actor, name = key
        about = {"model": model, "issue": issue, "actor": actor, "object": name}
        found = connection.execute(sa.select(series.id).filter_by(**about).select_from(tables.series)).scalar()
        if found is None:
            values = about | {"version": 0, "checked": 0}
            found = connection.execute(sa.insert(tables.series).values(values).returning(series.id)).scalar_one()
        ids[key] = found
    return ids


def side_values(side: StorySide) -> dict[str, Any]:
    """A story of a series as a row of the table, without the series."""
    support, oppose, neutral = side.weights
    values = {"story": side.story, "day": side.day, "articles": side.articles}
    return values | {"support": support, "oppose": oppose, "neutral": neutral}


def read_sides(connection: Connection, series: Sequence[int], since: date | None = None) -> dict[int, list[StorySide]]:
    """The stories of series, in order.

    Args:
        connection: A connection.
        series: Ids of the series.
        since: Leaves out stories before this day.
    """
    row = tables.series_stories.c
    query = sa.select(row.series, row.story, row.day, row.support, row.oppose, row.neutral, row.articles)
    query = query.where(row.series.in_(series)).order_by(row.series, row.day, row.story)
    if since is not None:
        query = query.where(row.day >= since)
    sides: dict[int, list[StorySide]] = {one: [] for one in series}
    for one, story, day, support, oppose, neutral, articles in connection.execute(query):
        sides[one].append(StorySide(story, day, (support, oppose, neutral), articles))
    return sides


def read_bins(
    connection: Connection, series: Sequence[int], period: str, since: date, until: date
) -> dict[int, dict[date, BinSum]]:
    """The bins of series that hold a story.

    Args:
        connection: A connection.
        series: Ids of the series.
        period: One of :data:`.series.PERIODS`.
        since: Leaves out bins that begin before this day.
        until: Leaves out bins that begin after this day.
    """
    row = tables.series_bins.c
    sums = row.support, row.oppose, row.neutral, row.stories, row.articles
    query = sa.select(row.series, row.start, *sums).where(
        row.series.in_(series), row.period == period, row.start.between(since, until), row.stories > 0
    )
    bins: dict[int, dict[date, BinSum]] = {one: {} for one in series}
    for found in connection.execute(query.order_by(row.start)):
        one, start, support, oppose, neutral, stories, articles = tuple(found)
        # What was taken out again leaves a trace of a rounding error.
        weights = max(support, 0.0), max(oppose, 0.0), max(neutral, 0.0)
        bins[one][start] = BinSum(weights, stories, articles)
    return bins
