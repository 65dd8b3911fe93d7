"""What the pages and the API ask of the database: only what an index finds, however many positions there are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from . import tables
from .story_sums import ANY

MOST_SENTENCES = 60
"""Sentences of a story that are looked at: the thousandth copy says what the first ones say."""


@dataclass(frozen=True)
class Series:
    """A series.

    Attributes:
        id: Its number.
        model: Name and version of the model.
        issue: Issue id.
        actor: Canonical actor name.
        object: Whom or where the issue concerns; empty for all objects together.
        version: Counts its changes.
    """

    id: int
    model: str
    issue: str
    actor: str
    object: str
    version: int


@dataclass(frozen=True)
class Covered:
    """How much a series has in a span of time."""

    series: int
    issue: str
    actor: str
    stories: int
    articles: int


@dataclass(frozen=True)
class Sentence:
    """A position with the sentence that it is of and the article that this stands in."""

    label: str
    confidence: float
    objects: tuple[str, ...]
    text: str
    article: int
    title: str
    source: str
    url: str
    published: date | None


@dataclass(frozen=True)
class Story:
    """What stands behind a point: one story, its surest sentence of each label.

    Attributes:
        id: The story.
        day: When it first appeared.
        articles: How many of its articles have a position in the series.
        sentences: The surest first.
    """

    id: str
    day: date
    articles: int
    sentences: tuple[Sentence, ...]


def is_known(connection: Connection, model: str) -> bool:
    """Whether there is a model of this name."""
    return connection.execute(sa.select(tables.models.c.name).where(tables.models.c.name == model)).first() is not None


def newest_day(connection: Connection, today: date) -> date | None:
    """The last day, up to today, on which an article was published."""
    published = tables.articles.c.published
    return connection.execute(sa.select(sa.func.max(published)).where(published <= today)).scalar_one()


def covered_series(connection: Connection, model: str, since: date, until: date) -> list[Covered]:
    """The series of all objects that have a story in the weeks that begin from one day to another."""
    series, row = tables.series.c, tables.series_bins.c
    query = (
        sa.select(series.id, series.issue, series.actor, sa.func.sum(row.stories), sa.func.sum(row.articles))
        .join_from(tables.series, tables.series_bins, row.series == series.id)
        .where(series.model == model, series.object == ANY)
        .where(row.period == "week", row.start.between(since, until), row.stories > 0)
        .group_by(series.id, series.issue, series.actor)
    )
    return [Covered(*found) for found in connection.execute(query)]


def find_series(connection: Connection, model: str, issue: str, actor: str, object: str = ANY) -> Series | None:
    """The series of an actor on an issue, if there is one."""
    row = tables.series.c
    about = (row.model == model, row.issue == issue, row.actor == actor, row.object == object)
    return _series(connection.execute(sa.select(*_SERIES).where(*about)).first())


def read_series(connection: Connection, number: int) -> Series | None:
    """The series of a number."""
    return _series(connection.execute(sa.select(*_SERIES).where(tables.series.c.id == number)).first())


_SERIES = [tables.series.c[name] for name in Series.__dataclass_fields__]


def _series(row: sa.Row[Any] | None) -> Series | None:
    return None if row is None else Series(*row)


def list_series(
    connection: Connection, model: str, issue: str | None, actor: str | None, object: str | None, after: int, limit: int
) -> list[Series]:
    """Series by number.

    Args:
        connection: A connection.
        model: Name and version of the model.
        issue: Only this issue.
        actor: Only this actor.
        object: Only this object; empty for the series of all objects, None for those of each object too.
        after: Only those of a greater number.
        limit: Most series.
    """
    row = tables.series.c
    query = sa.select(*_SERIES).where(row.model == model, row.id > after)
    if object is not None:
        query = query.where(row.object == object)
    if issue is not None:
        query = query.where(row.issue == issue)
    if actor is not None:
        query = query.where(row.actor == actor)
    return [Series(*found) for found in connection.execute(query.order_by(row.id).limit(limit))]


def models_with(connection: Connection, issue: str, actor: str, object: str) -> list[str]:
    """The models that have a series of an actor on an issue, the newest first."""
    names = connection.execute(sa.select(tables.models.c.name).order_by(tables.models.c.added.desc())).scalars()
    return [name for name in names.all() if find_series(connection, name, issue, actor, object)]


def objects_of(connection: Connection, model: str, issue: str, actor: str) -> list[str]:
    """The objects of which an actor has a series on an issue, by name."""
    row = tables.series.c
    about = (row.model == model, row.issue == issue, row.actor == actor, row.object != ANY)
    return list(connection.execute(sa.select(row.object).where(*about).order_by(row.object)).scalars())


def last_bin(connection: Connection, series: int, period: str, today: date) -> date | None:
    """First day of the last bin with a story, up to today."""
    row = tables.series_bins.c
    here = (row.series == series, row.period == period, row.start <= today, row.stories > 0)
    return connection.execute(sa.select(sa.func.max(row.start)).where(*here)).scalar_one()


def read_stories(
    connection: Connection,
    series: Series,
    since: date,
    until: date,
    label: str | None = None,
    after: tuple[date, str] | None = None,
    limit: int = 12,
) -> list[Story]:
    """The stories behind the points of a series, the newest first.

    Args:
        connection: A connection.
        series: The series.
        since: First day.
        until: Last day.
        label: Only stories with a position of this label.
        after: Day and id of the last story that was given before.
        limit: Most stories.
    """
    row = tables.series_stories.c
    query = sa.select(row.story, row.day, row.articles).where(row.series == series.id, row.day.between(since, until))
    if label is not None:
        query = query.where(row[label] > 0)
    if after is not None:
        day, story = after
        query = query.where(row.day <= day, sa.or_(row.day < day, row.story > story))
    found = connection.execute(query.order_by(row.day.desc(), row.story).limit(limit)).all()
    return [Story(story, day, articles, _sentences(connection, series, story, label)) for story, day, articles in found]


def _sentences(connection: Connection, series: Series, story: str, label: str | None) -> tuple[Sentence, ...]:
    row, one = tables.positions.c, tables.articles.c
    query = (
        sa.select(
            row.label,
            row.confidence,
            row.object,
            sa.func.substr(one.text, row.start + 1, row.end - row.start),
            *(one.id, one.title, one.source, one.url, one.published, one.key),
        )
        .join_from(tables.positions, tables.articles, row.article == one.id)
        .where(row.story == story, row.model == series.model, row.kind == "stance")
        # So written a planner that counts no rows cannot take the index of the series, which is the long way round.
        .where(sa.func.coalesce(row.issue, "") == series.issue, sa.func.coalesce(row.actor, "") == series.actor)
    )
    if label is not None:
        query = query.where(row.label == label)
    if series.object != ANY:
        query = query.where(holds_object(series.object))
    best: dict[str, Sentence] = {}
    # Not in order: the first that the index finds will do, and a great storm need not be sorted.
    found = connection.execute(query.limit(MOST_SENTENCES))
    for side, sure, objects, text, number, title, source, url, published, key in found:
        if side not in best or (sure, -number) > (best[side].confidence, -best[side].article):
            about = (title or key, source or "", url or "", published)
            best[side] = Sentence(side, sure, tuple(objects), text, number, *about)
    return tuple(sorted(best.values(), key=lambda sentence: -sentence.confidence))


def holds_object(name: str) -> sa.ColumnElement[bool]:
    """Whether a position has an object of this name."""
    # In JSON a name is written in one way only, with its quotes. (LIKE would take small letters for capital ones.)
    written = sa.cast(tables.positions.c.object, sa.Text)
    return sa.func.replace(written, json.dumps(name), "") != written


def read_article(connection: Connection, number: int) -> RowMapping | None:
    """A row of the table of articles."""
    query = sa.select(tables.articles).where(tables.articles.c.id == number)
    return connection.execute(query).mappings().first()


def find_article(connection: Connection, key: str) -> int | None:
    """Number of the article with an id of its own."""
    return connection.execute(sa.select(tables.articles.c.id).where(tables.articles.c.key == key)).scalar()


def scorers_of(connection: Connection, article: int) -> list[str]:
    """The models that have scored an article."""
    row = tables.scored.c
    return list(connection.execute(sa.select(row.model).where(row.article == article).order_by(row.model)).scalars())


def positions_of(connection: Connection, article: int, model: str) -> Sequence[RowMapping]:
    """All positions of an article, as they stand in its text."""
    row = tables.positions.c
    query = sa.select(tables.positions).where(row.article == article, row.model == model)
    order = (row.start, row.kind.desc(), row.actor, row.issue)
    return connection.execute(query.order_by(*order)).mappings().all()


def copies_of(connection: Connection, story: str, article: int, limit: int = 20) -> tuple[int, Sequence[RowMapping]]:
    """How many other articles of a story there are, and the first of them."""
    one = tables.articles.c
    others = (one.story == story, one.id != article)
    number = connection.execute(sa.select(sa.func.count()).select_from(tables.articles).where(*others)).scalar_one()
    query = sa.select(one.id, one.title, one.key, one.source, one.published).where(*others)
    return number, connection.execute(query.order_by(one.published, one.id).limit(limit)).mappings().all()


def days_of_story(connection: Connection, story: str, model: str) -> dict[tuple[str, str], date]:
    """The day of a story in each series that it is in, by actor and issue."""
    series, row = tables.series.c, tables.series_stories.c
    query = sa.select(series.actor, series.issue, row.day).join_from(tables.series_stories, tables.series)
    # As in `_sentences`: the way is from the story to its series.
    here = (row.story == story, sa.func.coalesce(series.model, "") == model, series.object == ANY)
    return {(actor, issue): day for actor, issue, day in connection.execute(query.where(*here))}


def count_open_alerts(connection: Connection, now: datetime) -> dict[str, int]:
    """Open alerts of each kind."""
    row, until = tables.alerts.c, tables.snoozes.c.until
    snoozed = sa.select(tables.snoozes.c.subject).where(until > now)
    still_open = (row.acknowledged.is_(None), row.subject.not_in(snoozed))
    query = sa.select(row.kind, sa.func.count().label("number")).where(*still_open)
    return {found.kind: found.number for found in connection.execute(query.group_by(row.kind))}


def shifts_of(connection: Connection, series: int) -> Sequence[RowMapping]:
    """The shifts that were found in a series, the earliest first."""
    row = tables.alerts.c
    query = sa.select(tables.alerts).where(row.series == series, row.kind == "shift")
    return connection.execute(query.order_by(row.began, row.id)).mappings().all()


def last_run(connection: Connection) -> RowMapping | None:
    """The last time that a source was asked."""
    query = sa.select(tables.runs).order_by(tables.runs.c.id.desc()).limit(1)
    return connection.execute(query).mappings().first()


def last_ingested(connection: Connection) -> datetime | None:
    """When the newest article was taken in; UTC."""
    one = tables.articles.c
    return connection.execute(sa.select(one.ingested).order_by(one.id.desc()).limit(1)).scalar()


def failing_sources(connection: Connection) -> int:
    """Sources that did not answer when they were last asked."""
    failing = sa.select(sa.func.count()).select_from(tables.sources).where(tables.sources.c.failures > 0)
    return connection.execute(failing).scalar_one()
