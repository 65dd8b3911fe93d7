"""The pages that show: overview, series, article, search."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from fastapi.responses import RedirectResponse
from pydantic import AfterValidator
from sqlalchemy.engine import Connection, RowMapping

from ....data.issues import load_issues
from ....data.schema import STANCES
from .. import queries, search
from ..series import Point, bin_start, next_bin
from ..story_sums import ANY, read_bins
from .overview import LEAST, WEEKS, confusion_counts, make_overview, series_points
from .plot import ShiftMark, bins_between, make_plot
from .render import link, render, signed
from .schemas import Period
from .site import Site, shown_model, site_of

SPANS = {"day": 92, "week": 104, "month": 60}
"""Bins that a plot has at most."""
STORIES = 10
"""Stories behind a point that are shown at a time."""
Label = Literal["support", "oppose", "neutral"]


def _usual(day: date) -> date:
    if not 1900 <= day.year <= 2200:
        raise ValueError("a day between 1900 and 2200 is wanted")
    return day


def _offered(weeks: int) -> int:
    if weeks not in WEEKS:
        raise ValueError(f"one of {', '.join(map(str, WEEKS))} is wanted")
    return weeks


def _place_of_story(text: str) -> str:
    """Day and id of a story, as `2025-03-01~id`."""
    date.fromisoformat(text[:10])
    return text[:43]


Weeks = Annotated[int, AfterValidator(_offered)]
Name = Annotated[str, Query(max_length=300)]
Day = Annotated[date, AfterValidator(_usual)]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
Here = Annotated[Site, Depends(site_of)]

router = APIRouter(include_in_schema=False)


@router.get("/")
def overview(request: Request, site: Here, issue: Name = "", actor: Name = "", weeks: Weeks = 26):
    """Actors by issues."""
    known = [one.id for one in load_issues()]
    with site.store.reading() as connection:
        try:
            model = shown_model(connection, None)
        except HTTPException:
            return render(request, "empty.html")
        table = make_overview(connection, model, site.now(), known, issue or None, actor, weeks)
    values = {
        "table": table,
        "known": known,
        "issue": issue,
        "actor": actor,
        "weeks": weeks,
        "choices": WEEKS,
        "least": LEAST,
    }
    return render(request, "overview.html", **values)


@router.get("/series")
def series(
    request: Request,
    site: Here,
    actor: Name,
    issue: Name,
    object: Name = ANY,
    period: Period = "week",
    model: Name = "",
    until: Day | None = None,
    bin: Day | None = None,
    label: Label | None = None,
    after: Annotated[str, AfterValidator(_place_of_story)] | None = None,
):
    """How one actor stands on one issue, and the sentences behind it."""
    with site.store.reading() as connection:
        name = shown_model(connection, model or None)
        one = queries.find_series(connection, name, issue, actor, object)
        if one is None:
            about = f" about {object}" if object else ""
            raise HTTPException(404, f"there is no series of {actor} on {issue}{about} by {name}")
        starts, points = read_points(connection, one, site.today(), period, until)
        chosen = _chosen_bin(points, bin, period)
        last_seen = (date.fromisoformat(after[:10]), after[11:]) if after else None
        stories = (
            queries.read_stories(connection, one, chosen, _last_day(chosen, period), label, last_seen, STORIES + 1)
            if chosen
            else []
        )
        shifts = queries.shifts_of(connection, one.id)
        others = queries.models_with(connection, issue, actor, object)
        objects = queries.objects_of(connection, name, issue, actor)
    marks = _shift_marks(shifts)
    about = {"actor": actor, "issue": issue, "object": object, "period": period, "model": model, "until": until}
    return render(
        request,
        "series.html",
        series=one,
        points=points,
        starts=starts,
        plots=[make_plot(points, starts, period, marks, width, LEAST) for width in (920, 360) if starts],
        rows=_rows(points),
        chosen=chosen,
        shown=next((point for point in points if point.start == chosen), None),
        stories=stories[:STORIES],
        more=f"{stories[STORIES - 1].day}~{stories[STORIES - 1].id}" if len(stories) > STORIES else None,
        label=label,
        labels=STANCES,
        shifts=[mark for mark in marks if starts and starts[0] <= mark.began < next_bin(starts[-1], period)],
        about=about,
        models=others,
        objects=objects,
        periods=tuple(SPANS),
        earlier=starts[len(starts) // 2] - timedelta(days=1) if len(starts) == SPANS[period] else None,
        least=LEAST,
        # The last bin is shown whole.
        last_day=_last_day(starts[-1], period) if until and starts else None,
    )


def read_points(
    connection: Connection, one: queries.Series, today: date, period: str, until: date | None, is_whole: bool = False
) -> tuple[list[date], tuple[Point, ...]]:
    """The bins of a series up to a day, or up to its last story, and their points, those without a story too.

    As many as a plot has (see ``SPANS``), or from the first story on.
    """
    last = queries.last_bin(connection, one.id, period, until or today)
    if last is None:
        return [], ()
    first = date.min if is_whole else bin_start(last, period)
    for _ in range(0 if is_whole else SPANS[period] - 1):
        first = bin_start(first - timedelta(days=1), period)
    bins = read_bins(connection, [one.id], period, first, last)[one.id]
    counts = confusion_counts(connection, one.model)
    points = series_points(tuple(bins.items()), period, counts)
    # A series that is younger begins with its first story.
    if is_whole or queries.last_bin(connection, one.id, period, first - timedelta(days=1)) is None:
        first = min(bins)
    return bins_between(first, last, period), points


def _chosen_bin(points: Sequence[Point], wanted: date | None, period: str) -> date | None:
    """The bin whose sentences are shown: the one asked for, else the last one."""
    if wanted is not None:
        return bin_start(wanted, period)
    return points[-1].start if points else None


def _last_day(start: date, period: str) -> date:
    return next_bin(start, period) - timedelta(days=1)


def _rows(points: Sequence[Point]) -> list[tuple[Point, int]]:
    """Rows of the table, the newest first: a point and 1, or the first point of a gap and how many bins it has."""
    rows: list[tuple[Point, int]] = []
    for point in points:
        if point.net is None and rows and rows[-1][0].net is None:
            rows[-1] = rows[-1][0], rows[-1][1] + 1
        else:
            rows.append((point, 1))
    return rows[::-1]


def _shift_marks(alerts: Sequence[RowMapping]) -> list[ShiftMark]:
    marks = []
    for row in alerts:
        more = row["details"]
        if "withdrawn" not in more:
            way = "▲" if more["direction"] == "support" else "▼"
            label = f"{way} {signed(more['after'] - more['before'])}"
            marks.append(ShiftMark(row["began"], label, row["id"], more["direction"], row["acknowledged"] is None))
    return marks


@router.get("/articles")
def article_by_key(site: Here, key: Annotated[str, Query(max_length=2000)]):
    """The page of an article by the id of its own."""
    with site.store.reading() as connection:
        number = queries.find_article(connection, key)
    if number is None:
        raise HTTPException(404, f"there is no article {key}")
    return RedirectResponse(link(f"/articles/{number}"))


@router.get("/articles/{number}")
def article(request: Request, site: Here, number: Number, model: Name = ""):
    """An article, its sentences marked."""
    with site.store.reading() as connection:
        row = queries.read_article(connection, number)
        if row is None:
            raise HTTPException(404, f"there is no article {number}")
        models = queries.scorers_of(connection, number)
        name = model or _best_model(connection, models)
        positions = queries.positions_of(connection, number, name) if name else []
        copies, first = queries.copies_of(connection, row["story"], number)
        days = queries.days_of_story(connection, row["story"], name)
    parts = _parts(row["text"], positions)
    values = {"article": row, "parts": parts, "model": name, "models": models, "copies": copies, "first": first}
    stances = [position for position in positions if position["kind"] == "stance"]
    return render(request, "article.html", stances=stances, days=days, **values)


def _best_model(connection: Connection, models: Sequence[str]) -> str:
    current = shown_model(connection, None)
    return current if current in models or not models else models[-1]


def _parts(text: str, positions: Sequence[RowMapping]) -> list[dict[str, Any]]:
    """A text in parts: each sentence that has positions, and what is between."""
    by_sentence: dict[tuple[int, int], list[RowMapping]] = {}
    for position in positions:
        by_sentence.setdefault((position["start"], position["end"]), []).append(position)
    parts: list[dict[str, Any]] = []
    done = 0
    for (start, end), found in sorted(by_sentence.items()):
        if start < done:
            continue
        if start > done:
            parts.append({"text": text[done:start], "stances": [], "sentiments": []})
        stances = [one for one in found if one["kind"] == "stance"]
        sentiments = [one for one in found if one["kind"] == "sentiment" and one["label"] != "neutral"]
        parts.append({"text": text[start:end], "stances": stances, "sentiments": sentiments})
        done = end
    if done < len(text):
        parts.append({"text": text[done:], "stances": [], "sentiments": []})
    return parts


@router.get("/search")
def find(
    request: Request,
    site: Here,
    q: Annotated[str, Query(max_length=300)] = "",
    before: Annotated[int, Query(ge=1, le=2**63 - 1)] | None = None,
):
    """Actors and articles by words."""
    actors: list[tuple[str, list[str]]] = []
    hits: list[search.Hit] = []
    with site.store.reading() as connection:
        if q.strip():
            actors = search.search_actors(connection, shown_model(connection, None), q) if before is None else []
            hits = search.search_articles(connection, q, before, STORIES + 1)
    more = hits[STORIES - 1].id if len(hits) > STORIES else None
    values = {"q": q, "words": search.words_of(q), "most_words": search.MOST_WORDS}
    return render(request, "search.html", actors=actors, hits=hits[:STORIES], more=more, before=before, **values)
