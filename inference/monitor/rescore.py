"""A change in the model is not a change in the world: a new model reads the history before its series are shown.

Until then the old one is current and keeps its series. What the new one has to read is whole stories, as the day of a
story is that of its first article: a reprint alone would look like news. They are

- the stories with an article published in the last days (by default a year), or that came in then without a date;
- of each series of the current model that may have a shift at all, the last ``LOOK_BACK`` stories: they say where the
  series stands, and a thin one has them from longer ago than a year.

So a search for shifts in the new series goes on from where it would in the old ones. What is older is not lost: it is
there as the old model read it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Event

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ...data.errors import StancewireError
from ...data.schema import ARTICLE_FIELDS, Article, Position
from ..scorer import Scorer
from ..workers import BatchScorer
from . import tables
from .models import begin, current_model, measure, model_name, models_to_score, switch
from .shifts import LEAST_AFTER, LEAST_BEFORE
from .store import Store, article_digest

DAYS = 365
BATCH = 64
"""Articles that are scored and kept together: what a kill may cost."""
LOOK_BACK = 200

_log = logging.getLogger(__name__)


def catch_up(
    store: Store, scorer: Scorer, now: datetime, days: int = DAYS, batch: int = BATCH, stop: Event | None = None
) -> int:
    """Lets a model read what it needs of the history, then makes it the current one.

    Every batch is kept when it is done; after a break the same call goes on behind it. Articles that come in meanwhile
    are read too, before the switch. Nothing happens if the model is the current one.

    Args:
        store: The database.
        scorer: The model.
        now: The moment, UTC without a zone.
        days: Age of the articles that are read whatever they say.
        batch: Articles that are scored together.
        stop: Set from elsewhere, it ends the work after the batch at hand, without the switch.

    Returns:
        Articles that were scored.

    Raises:
        StancewireError: The database does not answer, or articles in it cannot be read back.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    name = model_name(scorer.model.config)
    if not begin_rescoring(store, scorer):
        return 0
    score, done, before = BatchScorer(scorer), 0, list[int]()
    console = Console(stderr=True)
    columns = BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        while missing := _switch_or_missing(store, name, now, days):
            if missing == before and not _renew_digests(store, missing):
                raise StancewireError(f"{len(missing)} articles cannot be read back from the database by {name}")
            before = missing
            _log.info("%s reads %d articles of the history", name, len(missing))
            task = progress.add_task("rescore", total=len(missing))
            for first in range(0, len(missing), batch):
                if stop is not None and stop.is_set():
                    return done
                ids = missing[first : first + batch]
                done += _score(store, score, name, ids)
                progress.advance(task, len(ids))
    return done


def _renew_digests(store: Store, ids: Sequence[int]) -> int:
    """Takes articles for what the database holds of them, where that is not what it was told; gives how many.

    Otherwise one that does not read back as it was written would keep every new model from taking over.
    """
    done, one = 0, tables.articles.c
    for article in ids:
        with store.writing() as connection:
            digest = article_digest(*read_articles(connection, [article]))
            renewed = sa.update(tables.articles).where(one.id == article, one.digest != digest)
            done += connection.execute(renewed.values(digest=digest)).rowcount
    _log.warning("%d articles did not read back as they were taken in; they are read as they are now", done)
    return done


def begin_rescoring(store: Store, scorer: Scorer) -> bool:
    """Makes the model known as the one that is rescoring; False if it is the current one."""
    name = model_name(scorer.model.config)
    with store.reading() as connection:
        current, known = current_model(connection), models_to_score(connection)
    if name in known:
        return name != current
    measured = measure(scorer)
    with store.writing() as connection:
        begin(connection, name, measured)
    return True


def _switch_or_missing(store: Store, name: str, now: datetime, days: int) -> list[int]:
    """The articles that the model has yet to read; if there are none, it becomes the current one."""
    with store.reading() as connection:
        missing = _missing(connection, name, now, days)
    if missing:
        return missing
    with store.writing() as connection:
        # Now that nobody else writes: an article may have come in since.
        missing = _missing(connection, name, now, days)
        if not missing and current_model(connection) != name:
            old = switch(connection, name, now)
            _log.info("%s is the current model now, in place of %s", name, old or "none")
    return missing


def _missing(connection: Connection, name: str, now: datetime, days: int) -> list[int]:
    """Ids of the articles that a model needs and has not scored (see the module's head)."""
    article, scored = tables.articles.c, tables.scored.c
    needed = _recent_stories(now - timedelta(days=days)).union(_looked_back_on(current_model(connection)))
    done = sa.select(scored.article).where(scored.article == article.id, scored.model == name)
    query = sa.select(article.id).where(article.story.in_(needed), ~done.exists()).order_by(article.id)
    return list(connection.execute(query).scalars())


def _recent_stories(since: datetime) -> sa.Select[tuple[str]]:
    article = tables.articles.c
    undated = sa.and_(article.published.is_(None), article.ingested >= since)
    return sa.select(article.story).where(sa.or_(article.published >= since.date(), undated))


def _looked_back_on(model: str | None) -> sa.Select[tuple[str]]:
    series, row = tables.series.c, tables.series_stories.c
    newest = sa.func.row_number().over(partition_by=row.series, order_by=[row.day.desc(), row.story.desc()])
    stories = sa.func.count().over(partition_by=row.series)
    places = (
        sa.select(row.story, newest.label("place"), stories.label("stories"))
        .join_from(tables.series_stories, tables.series, series.id == row.series)
        .where(series.model == model)
        .subquery()
    )
    least = LEAST_BEFORE + LEAST_AFTER
    return sa.select(places.c.story).where(places.c.place <= LOOK_BACK, places.c.stories >= least)


def _score(store: Store, score: BatchScorer, name: str, ids: Sequence[int]) -> int:
    """Scores articles and keeps what the model says of them; gives how many it has scored."""
    with store.reading() as connection:
        articles = read_articles(connection, ids)
    found: list[tuple[Article, Sequence[Position]]] = []
    for article, result in zip(articles, score.score(articles), strict=True):
        if isinstance(result, str):
            # An article that trips the new model up must not keep it from the others for good.
            _log.warning("%s: %s; %s has no position of it", article.id, result, name)
        found.append((article, [] if isinstance(result, str) else result))
    # An article that was corrected meanwhile is left for the next round: this is what was said of the old text.
    return store.ingest(found, name, corrects=False).new


def read_articles(connection: Connection, ids: Sequence[int]) -> list[Article]:
    """Articles of the database, as they were taken in.

    Args:
        connection: A connection.
        ids: Their numbers in the database.

    Returns:
        Those that are there, by number.
    """
    article = tables.articles.c
    columns = [article["key" if name == "id" else name].label(name) for name in ARTICLE_FIELDS]
    query = sa.select(*columns).where(article.id.in_(ids)).order_by(article.id)
    return [
        Article(**{**row, "published": row["published"] and row["published"].isoformat()})
        for row in connection.execute(query).mappings()
    ]
