"""A made-up world of two years, taken in week by week as if it were news: what the monitor shows once it has run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from importlib.resources import files
from itertools import groupby
from typing import NamedTuple

from ...data.readers import read_articles
from ...data.schema import Article
from ..scorer import Scorer
from .intake import Intake
from .series import bin_start
from .shift_alerts import check_series
from .store import Ingested, Store

MORNING = time(6)


class DemoWeek(NamedTuple):
    """A week of the demo.

    Attributes:
        now: When it was taken in: the Monday after.
        counts: What became of its articles.
        raised: Numbers of the alerts that it raised.
    """

    now: datetime
    counts: Ingested
    raised: list[int]


def demo_weeks() -> list[tuple[date, list[Article]]]:
    """The world's weeks that have news: the Monday of each, and its articles."""
    path = str(files("stancewire.data") / "demo" / "world.jsonl")
    articles = [record for record in read_articles([path]) if isinstance(record, Article)]
    weeks = groupby(articles, key=lambda one: bin_start(date.fromisoformat(one.published or ""), "week"))
    return [(monday, list(news)) for monday, news in weeks]


def live_through(weeks: Iterable[tuple[date, Sequence[Article]]], store: Store, scorer: Scorer) -> Iterator[DemoWeek]:
    """Takes in week after week, the clock on the Monday after; what was lived through before is passed over.

    Raises:
        StancewireError: The database does not take it.
    """
    intake = Intake(store, scorer)
    for monday, articles in weeks:
        now = datetime.combine(monday + timedelta(days=7), MORNING)
        counts = Ingested(0, 0, 0)
        for done in intake.articles(articles, now):
            counts = counts.plus(done)
        yield DemoWeek(now, counts, check_series(store, now).raised)
