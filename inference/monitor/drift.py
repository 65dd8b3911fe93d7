"""Whether the monitor's input is still of the kind that it was: each week once, in a channel of its own.

An article belongs to the week of its date; how many have none is counted among those that came in during the week. Of
each story one article is looked at, drawn by its hash: copies are not news.

How accurate the model is on a week is estimated without labels by the difference of confidences (D. Guillory et al.,
"Predicting with confidence on unseen distributions", ICCV 2021): its accuracy on the labelled test set that ships, and
by how much its mean confidence differs from that there. S. Garg et al. ("Leveraging unlabeled data to predict
out-of-distribution performance", ICLR 2022) count the rows above a threshold instead; on parts of that test set, with
few rows, theirs misses by more.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ...data.schema import STANCES
from . import tables
from .drift_compare import LEAST_REFERENCE, REFERENCE, Read, Week, count_words
from .drift_figures import LEAST_EARLIER, Figure, drift_figures
from .models import confidence_of, confusion_of, current_model
from .series import bin_start
from .store import Store

SAMPLE = 300
"""Stories of a week that are looked at."""
SUBJECT = "input"
_WEEK, _GRACE = timedelta(days=7), timedelta(days=1)
_DRAWS = 500


@dataclass(frozen=True)
class Accuracy:
    """Share of the stances that are right, as estimated without labels, with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class DriftCheck:
    """A week's input, compared with that of the weeks before.

    Attributes:
        model: Name and version of the model that read it.
        start: The Monday.
        end: The Sunday.
        articles: Articles published in it.
        figures: What was compared.
        accuracy: Of the model on the week; None where it has no stance, or the model was not measured.
        usual_accuracy: The same on the weeks that it is compared with.
    """

    model: str
    start: date
    end: date
    articles: int
    figures: tuple[Figure, ...]
    accuracy: Accuracy | None
    usual_accuracy: Accuracy | None

    @property
    def moved(self) -> tuple[Figure, ...]:
        """The figures that lie outside of what is usual."""
        return tuple(figure for figure in self.figures if figure.moved)

    @property
    def direction(self) -> str:
        """What has moved: two checks that say the same are one alert."""
        return ", ".join(figure.name for figure in self.moved)

    @property
    def title(self) -> str:
        """What there is to tell, on one line."""
        return f"articles of the week of {self.start} differ from those before: {self.direction}"

    def details(self) -> dict[str, Any]:
        """All figures, for JSON; ``lines`` are those that have moved, in words."""
        record = asdict(self) | {"start": self.start.isoformat(), "end": self.end.isoformat()}
        return record | {"figures": [asdict(one) for one in self.figures], "lines": [_line(one) for one in self.moved]}


def check_drift(store: Store, now: datetime) -> DriftCheck | None:
    """Compares the last whole week with those before, and keeps the result (see :func:`measure_drift`)."""
    check = measure_drift(store, now)
    if check is not None:
        with store.writing() as connection:
            write_check(connection, check, now)
    return check


def measure_drift(store: Store, now: datetime) -> DriftCheck | None:
    """Compares the last whole week with those before.

    Args:
        store: The database.
        now: The moment, UTC without a zone. A week is looked at from its second day after on, as articles come late.

    Returns:
        The check; None if there is one of this week and model already, or too little to compare.
    """
    with store.reading() as connection:
        model, start = current_model(connection), _last_week(now)
        if model is None or _is_checked(connection, model, start) or not _has_earlier(connection, start):
            return None
        found = _checks(connection, model, start, 1)
    return found[0] if found else None


def recent_checks(store: Store, now: datetime, weeks: int) -> list[DriftCheck]:
    """The last whole weeks, each compared with those before it as the database is now; the newest last."""
    with store.reading() as connection:
        model = current_model(connection)
        return _checks(connection, model, _last_week(now), weeks) if model else []


def write_check(connection: Connection, check: DriftCheck, now: datetime) -> None:
    """Keeps a check, in a transaction that writes."""
    figures = {name: value for name, value in check.details().items() if name not in ("model", "start", "end")}
    values = {"model": check.model, "start": check.start, "end": check.end, "checked": now, "figures": figures}
    connection.execute(sa.insert(tables.drift_checks).values(values))


def _last_week(now: datetime) -> date:
    return bin_start(now.date() - _GRACE, "week") - _WEEK


def _is_checked(connection: Connection, model: str, start: date) -> bool:
    one = tables.drift_checks.c
    return connection.execute(sa.select(one.id).where(one.model == model, one.start == start)).first() is not None


def _has_earlier(connection: Connection, start: date) -> bool:
    """Whether the weeks before a week are enough to compare it with; otherwise no text of theirs need be read."""
    article = tables.articles.c
    first, end = start - _WEEK * 2 * REFERENCE, start - _WEEK * (LEAST_REFERENCE + LEAST_EARLIER - 1)
    published = sa.and_(article.published >= first, article.published < end)
    midnight = time()
    came = sa.and_(
        article.ingested >= datetime.combine(first, midnight), article.ingested < datetime.combine(end, midnight)
    )
    return any(
        connection.execute(sa.select(article.id).where(one).limit(1)).first() is not None for one in (published, came)
    )


def _checks(connection: Connection, model: str, last: date, count: int) -> list[DriftCheck]:
    number = count + 2 * REFERENCE
    weeks = [_read_week(connection, model, last - _WEEK * back) for back in reversed(range(number))]
    checks = []
    for place, figures in enumerate(drift_figures(weeks, count), number - count):
        if figures:
            week, before = weeks[place], weeks[place - REFERENCE : place]
            now, usual = (_accuracy(connection, model, some) for some in ([week], before))
            end = week.start + _WEEK - timedelta(days=1)
            checks.append(DriftCheck(model, week.start, end, week.articles, tuple(figures), now, usual))
    return checks


# -- what a week is like ----------------------------------------------------------------------------------------------


def _read_week(connection: Connection, model: str, start: date) -> Week:
    article, scored = tables.articles.c, tables.scored.c
    inside = sa.and_(article.published >= start, article.published < start + _WEEK)
    copy = sa.func.row_number().over(partition_by=article.story, order_by=article.digest)
    stories = (
        sa.select(article.id, article.digest, copy.label("copy"))
        .join_from(tables.articles, tables.scored, scored.article == article.id)
        .where(inside, scored.model == model)
        .subquery()
    )
    query = (
        sa.select(article.id, article.source, article.text)
        .join_from(tables.articles, stories, stories.c.id == article.id)
        .where(stories.c.copy == 1)
        .order_by(stories.c.digest)
        .limit(SAMPLE)
    )
    rows = connection.execute(query).all()
    actors, labels, confidences = _read_positions(connection, model, [row.id for row in rows])
    reads = [
        Read(
            row.source or "",
            count_words(row.text),
            tuple(sorted(actors[row.id])),
            labels[row.id],
            tuple(confidences[row.id]),
        )
        for row in rows
    ]
    articles = connection.execute(sa.select(sa.func.count(article.id)).where(inside)).scalar_one()
    midnight = datetime.combine(start, time())
    came = sa.and_(article.ingested >= midnight, article.ingested < midnight + _WEEK)
    counts = sa.select(sa.func.count(article.id), sa.func.count(article.published)).where(came)
    arrived, dated = connection.execute(counts).one()
    return Week(start, reads, articles, arrived, arrived - dated)


def _read_positions(
    connection: Connection, model: str, articles: Sequence[int]
) -> tuple[Mapping[int, set[str]], Mapping[int, Counter[str]], Mapping[int, list[float]]]:
    """The actors of each article, its stances by issue and label, and their confidences."""
    row = tables.positions.c
    query = sa.select(row.article, row.actor, row.issue, row.label, row.confidence)
    actors, labels, confidences = defaultdict(set), defaultdict(Counter), defaultdict(list)
    for article, actor, issue, label, confidence in connection.execute(
        query.where(row.article.in_(articles), row.model == model)
    ):
        actors[article].add(actor)
        # Sentiment has no issue.
        if issue:
            labels[article][f"{issue}: {label}"] += 1
            confidences[article].append(confidence)
    return actors, labels, confidences


# -- accuracy without labels ------------------------------------------------------------------------------------------


def _accuracy(connection: Connection, model: str, weeks: Sequence[Week]) -> Accuracy | None:
    there = confidence_of(connection, model)
    sure = [read.confidences for week in weeks for read in week.reads if read.confidences]
    if there is None or not sure:
        return None
    counts = confusion_of(connection, model).counts
    right, wrong = np.trace(counts[: len(STANCES)]), counts.sum() - np.trace(counts[: len(STANCES)])
    sums, rows = np.array([(sum(one), len(one)) for one in sure], dtype=float).T
    draw = np.random.default_rng(13)
    # Stories are drawn anew, as the stances of one are alike; and the accuracy on the test set, as far as it is known.
    dealt = draw.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), _DRAWS)
    drawn = draw.beta(right + 0.5, wrong + 0.5, _DRAWS) + (dealt @ sums) / (dealt @ rows) - there
    low, high = np.clip(np.percentile(drawn, [2.5, 97.5]), 0, 1)
    value = float(np.clip(right / (right + wrong) + sums.sum() / rows.sum() - there, 0, 1))
    return Accuracy(value, min(value, float(low)), max(value, float(high)))


def _line(figure: Figure) -> str:
    """A figure that has moved, in words."""
    usual = f"usually {figure.low:.3g} to {figure.high:.3g}" if figure.low else f"usually up to {figure.high:.3g}"
    most = "; ".join(f"{name} {before:.0%} before, {now:.0%} now" for name, before, now in figure.most)
    return f"{figure.name}: {figure.value:.3g}, {usual}{f' ({most})' if most else ''}"
