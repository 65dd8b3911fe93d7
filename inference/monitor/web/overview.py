"""The overview: the most covered actors, and where they stand on each issue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

import numpy as np
from sqlalchemy.engine import Connection

from .. import queries
from ..alerts import SHIFT, read_alerts
from ..models import confusion_of
from ..series import BinSum, Confusion, Point, adjusted_shares, bin_start, make_points, net_stances
from ..story_sums import ANY, read_bins
from .plot import Spark, make_spark

WEEKS = (13, 26, 52)
MOST_ACTORS = 40
LEAST = 3
"""Stories below which a point is a remark and no average."""
Counts = tuple[tuple[float, ...], ...]
"""A confusion's counts, as a key."""


@dataclass(frozen=True)
class Cell:
    """One actor on one issue.

    Attributes:
        actor: The actor.
        issue: The issue.
        net: Net stance over the weeks that are shown.
        low: Lower end of its 95 % interval.
        high: Upper end.
        stories: Distinct stories.
        articles: Articles, copies too.
        spark: The net stance week by week.
        alert: Number of an open alert of a shift; None without one.
        direction: Which way that went, ``support`` or ``oppose``.
        object: The object that alone it concerns; empty for all together.
    """

    actor: str
    issue: str
    net: float
    low: float
    high: float
    stories: int
    articles: int
    spark: Spark
    alert: int | None
    direction: str
    object: str

    @property
    def leaning(self) -> str:
        """``support`` or ``oppose`` where the interval leaves out zero, else ``neutral``."""
        return "support" if self.low > 0 else "oppose" if self.high < 0 else "neutral"


@dataclass(frozen=True)
class Overview:
    """The overview.

    Attributes:
        model: The model whose series are shown.
        since: First day of the first week.
        until: Last day of the last one.
        issues: Ids of the issues, in order.
        actors: The actors that are shown, those with most stories first, each with its cells by issue.
        left_out: How many other actors there are.
    """

    model: str
    since: date
    until: date
    issues: tuple[str, ...]
    actors: Mapping[str, Mapping[str, Cell]]
    left_out: int


def make_overview(
    connection: Connection,
    model: str,
    now: datetime,
    issues: Sequence[str],
    issue: str | None = None,
    actor: str = "",
    weeks: int = 26,
) -> Overview:
    """Makes the overview of the weeks up to that of the newest article.

    Args:
        connection: A connection.
        model: Name and version of the model.
        now: The time; UTC.
        issues: Issues in the order in which they are shown.
        issue: Only this issue.
        actor: Only actors whose name holds this.
        weeks: How many weeks are shown.
    """
    newest = queries.newest_day(connection, now.date()) or now.date()
    last = bin_start(newest, "week")
    since = last - timedelta(weeks=weeks - 1)
    wanted = actor.casefold().strip()
    covered = [
        one
        for one in queries.covered_series(connection, model, since, last)
        if issue in (None, one.issue) and wanted in one.actor.casefold()
    ]
    stories = Counter[str]()
    for one in covered:
        stories[one.actor] += one.stories
    names = sorted(stories, key=lambda name: (-stories[name], name))
    shown = [one for one in covered if one.actor in set(names[:MOST_ACTORS])]
    cells = _cells(connection, model, shown, since, weeks, _open_shifts(connection, now))
    by_actor: dict[str, dict[str, Cell]] = {name: {} for name in names[:MOST_ACTORS]}
    for cell in cells:
        by_actor[cell.actor][cell.issue] = cell
    # An issue of a model that was trained on others is shown too.
    order = tuple(dict.fromkeys([*issues, *sorted({one.issue for one in covered})]))
    columns = tuple(name for name in order if issue in (None, name))
    return Overview(model, since, last + timedelta(days=6), columns, by_actor, len(names) - len(by_actor))


def _cells(
    connection: Connection,
    model: str,
    shown: Sequence[queries.Covered],
    since: date,
    weeks: int,
    shifts: Mapping[tuple[str, str], tuple[int, str, str]],
) -> list[Cell]:
    if not shown:
        return []
    counts = confusion_counts(connection, model)
    until = since + timedelta(weeks=weeks - 1)
    bins = read_bins(connection, [one.series for one in shown], "week", since, until)
    totals = tuple(_total(bins[one.series]) for one in shown)
    sparks = _sparks([bins[one.series] for one in shown], counts, since, weeks)
    return [
        Cell(
            *(one.actor, one.issue, *figures, one.stories, one.articles, spark),
            *shifts.get((one.actor, one.issue), (None, "", ANY)),
        )
        for one, figures, spark in zip(shown, _intervals(totals, since, counts), sparks, strict=True)
    ]


def _total(bins: Mapping[date, BinSum]) -> tuple[float, ...]:
    return tuple(sum(one.weights[label] for one in bins.values()) for label in range(3))


@lru_cache(maxsize=64)
def _intervals(
    totals: tuple[tuple[float, ...], ...], since: date, counts: Counts
) -> tuple[tuple[float, float, float], ...]:
    """Net stance and its interval for sums of stories. What was worked out once holds as long as the sums do."""
    net, low, high, _ = net_stances(np.array(totals), Confusion(np.array(counts)))
    return tuple(zip(net.tolist(), low.tolist(), high.tolist(), strict=True))


def _sparks(bins: Sequence[Mapping[date, BinSum]], counts: Counts, since: date, weeks: int) -> list[Spark]:
    sums = np.array([one.weights for each in bins for one in each.values()])
    shares = adjusted_shares(sums, Confusion(np.array(counts)))
    nets = iter((shares[:, 0] - shares[:, 1]).tolist())
    return [
        make_spark({(start - since).days // 7: (next(nets), one.stories < LEAST) for start, one in each.items()}, weeks)
        for each in bins
    ]


def _open_shifts(connection: Connection, now: datetime) -> dict[tuple[str, str], tuple[int, str, str]]:
    """The newest open alert of a shift of an actor on an issue, its direction and its object."""
    alerts = read_alerts(connection, now, "open", SHIFT)
    # What moves the cell itself goes before what moves one object of it.
    alerts.sort(key=lambda one: one.details["object"] != ANY)
    return {
        (one.details["actor"], one.details["issue"]): (one.id, one.details["direction"], one.details["object"])
        for one in reversed(alerts)
        if "withdrawn" not in one.details
    }


def confusion_counts(connection: Connection, model: str) -> Counts:
    """What the labels of a model mean, as a key of what was worked out with it."""
    return tuple(tuple(row) for row in confusion_of(connection, model).counts.tolist())


@lru_cache(maxsize=512)
def series_points(bins: tuple[tuple[date, BinSum], ...], period: str, counts: Counts) -> tuple[Point, ...]:
    """The points of a series. What was worked out once holds as long as the sums do."""
    return tuple(make_points(dict(bins), period, Confusion(np.array(counts))))
