"""The JSON API under ``/api/v1``."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Security
from fastapi.security import HTTPBearer

from ....data.errors import StancewireError
from ....data.schema import SENTIMENTS, STANCES, Article
from .. import alerts, queries
from ..position_query import Wanted, read_positions
from ..series import Point
from ..story_sums import ANY
from . import schemas
from .inbox import Kind, State, acknowledge_alert, find_alert
from .pages import Day, Here, Name, Number, read_points
from .schemas import Period
from .site import Site, shown_model


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": schemas.Problem} for status in statuses}


router = APIRouter(prefix="/api/v1", responses=_problems(400, 422, 503))
_MISSES, _WRITES = _problems(404), _problems(401, 403, 404, 411, 413)


def _may_write(request: Request, site: Here, _: Annotated[object, Security(HTTPBearer(auto_error=False))]) -> None:
    site.access.check_program(request)


@router.post("/score", tags=["score"], responses=_problems(411, 413))
def score(site: Here, given: schemas.TextToScore) -> schemas.Scored:
    """Who stands where in a text. Nothing is kept of it."""
    article = Article(
        "text",
        given.text,
        title=given.title,
        published=given.published.isoformat() if given.published else None,
        speaker=given.speaker,
    )
    model, positions = site.scoring.score(article)
    return schemas.Scored.model_validate({"model": model, "positions": [asdict(one) for one in positions]})


def wanted_positions(
    site: Here,
    actor: Name | None = None,
    issue: Name | None = None,
    object: Name | None = None,
    kind: schemas.PositionKind = "stance",
    label: schemas.Label | None = None,
    min_confidence: Annotated[float, Query(ge=0, le=1)] = 0.0,
    since: Day | None = None,
    until: Day | None = None,
    model: Name | None = None,
) -> Wanted:
    """The filters of positions.

    Raises:
        HTTPException: Filters exclude each other, sentiment is asked for without an actor, or the model is not known.
    """
    if kind == "sentiment" and not actor:
        raise HTTPException(422, "actor: sentiment is given of one actor at a time; name one")
    if kind == "sentiment" and (issue or object):
        raise HTTPException(422, "issue, object: sentiment is on none; leave them out")
    labels = STANCES if kind == "stance" else SENTIMENTS
    if label is not None and label not in labels:
        raise HTTPException(422, f"label: of {kind} one of {', '.join(labels)}")
    with site.store.reading() as connection:
        name = shown_model(connection, model)
    return Wanted(name, kind, actor, issue, object, label, min_confidence, since, until)


@router.get("/positions", tags=["read"], responses=_MISSES)
def positions(
    site: Here,
    wanted: Annotated[Wanted, Depends(wanted_positions)],
    cursor: Annotated[str, Query(max_length=2000)] | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> schemas.Positions:
    """Positions of dated articles by issue, actor and day; a page may be short and yet not the last: go by `next`."""
    with site.store.reading() as connection:
        try:
            rows, following = read_positions(connection, wanted, cursor, limit)
        except StancewireError as error:
            raise HTTPException(422, str(error)) from error
    return schemas.Positions.model_validate({"positions": rows, "next": following})


@router.get("/series", tags=["read"], responses=_MISSES)
def list_series(
    site: Here,
    actor: Name | None = None,
    issue: Name | None = None,
    object: Name = ANY,
    model: Name | None = None,
    after: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> schemas.SeriesList:
    """The series there are, by number; those of all objects together, of one `object`, or with `*` both."""
    with site.store.reading() as connection:
        name = shown_model(connection, model)
        found = queries.list_series(connection, name, issue, actor, None if object == "*" else object, after, limit)
    following = found[-1].id if len(found) == limit else None
    return schemas.SeriesList.model_validate({"series": [asdict(one) for one in found], "next": following})


@router.get("/series/{number}", tags=["read"], responses=_MISSES)
def series(site: Here, number: Number, period: Period = "week", until: Day | None = None) -> schemas.SeriesPoints:
    """A series: its points up to a day, or up to its last story; 92 days, 104 weeks or 60 months at a time."""
    with site.store.reading() as connection:
        one = queries.read_series(connection, number)
        if one is None:
            raise HTTPException(404, f"there is no series {number}")
        starts, points = read_points(connection, one, site.today(), period, until)
        before = starts[0] - timedelta(days=1) if starts else date.min
        earlier = queries.last_bin(connection, one.id, period, before)
    about = {"series": asdict(one), "period": period, "earlier": earlier}
    return schemas.SeriesPoints.model_validate(about | {"points": [point_record(point) for point in points]})


def point_record(point: Point) -> dict[str, object]:
    """A point with its shares by name."""
    record = asdict(point)
    support, oppose, neutral = record.pop("shares")
    return record | {"support": support, "oppose": oppose, "neutral": neutral}


@router.get("/alerts", tags=["alerts"])
def list_alerts(
    site: Here,
    state: State = "open",
    kind: Kind | None = None,
    before: Annotated[int, Query(ge=1, le=2**63 - 1)] | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> schemas.Alerts:
    """Alerts, the newest first; `before` is the number of one, and gives those that come after it."""
    with site.store.reading() as connection:
        found = alerts.read_alerts(connection, site.now(), None if state == "all" else state, kind, limit, before)
    following = found[-1].id if len(found) == limit else None
    return schemas.Alerts.model_validate({"alerts": [one.to_record() for one in found], "next": following})


@router.get("/alerts/{number}", tags=["alerts"], responses=_MISSES)
def alert(site: Here, number: Number) -> schemas.AlertEntry:
    """One alert with its evidence."""
    return _alert(site, number)


@router.post("/alerts/{number}/acknowledge", tags=["alerts"], responses=_WRITES, dependencies=[Depends(_may_write)])
def acknowledge(site: Here, number: Number, given: schemas.Acknowledgement) -> schemas.AlertEntry:
    """Takes note of an alert; nothing more is sent of it."""
    now = site.now()
    with site.store.writing() as connection:
        acknowledge_alert(connection, number, now, given.by, given.note)
    return _alert(site, number)


@router.post("/alerts/{number}/snooze", tags=["alerts"], responses=_WRITES, dependencies=[Depends(_may_write)])
def snooze(site: Here, number: Number, given: schemas.Snooze) -> schemas.AlertEntry:
    """Keeps the alerts on the subject of an alert back for some days."""
    now = site.now()
    with site.store.writing() as connection:
        subject = find_alert(connection, number, now).subject
        if given.days:
            alerts.snooze(connection, subject, now + timedelta(days=given.days), now)
        else:
            alerts.unsnooze(connection, subject)
    return _alert(site, number)


def _alert(site: Site, number: int) -> schemas.AlertEntry:
    with site.store.reading() as connection:
        return schemas.AlertEntry.model_validate(find_alert(connection, number, site.now()).to_record())
