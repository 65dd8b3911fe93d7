"""The pages of alerts, and the forms by which someone with the token takes note of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse
from sqlalchemy.engine import Connection

from ....data.errors import StancewireError
from .. import alerts
from .access import COOKIE
from .pages import SPANS, Here, Number
from .render import render

SHOWN = 200
SNOOZES = (1, 7, 30)
"""Days that an alert's subject can be snoozed for on its page."""
_SIGNED_IN = 90 * 24 * 3600
"""Seconds that a browser stays signed in."""
State = Literal["open", "snoozed", "acknowledged", "recorded", "all"]
Kind = Literal["shift", "drift", "health"]

router = APIRouter(include_in_schema=False)


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form; a field that is there twice counts once."""
    body = (await request.body()).decode("utf-8", "replace")
    try:
        return {name: values[0].strip() for name, values in parse_qs(body, max_num_fields=20).items()}
    except ValueError as error:
        raise HTTPException(422, "no form of these pages has so many fields") from error


Fields = Annotated[dict[str, str], Depends(_form)]


def find_alert(connection: Connection, number: int, now: datetime) -> alerts.Alert:
    """An alert.

    Raises:
        HTTPException: There is none of this number.
    """
    try:
        return alerts.read_alert(connection, number, now)
    except StancewireError as error:
        raise HTTPException(404, f"there is no alert {number}") from error


def acknowledge_alert(connection: Connection, number: int, now: datetime, by: str | None, note: str | None) -> None:
    """Takes note of an alert.

    Raises:
        HTTPException: There is none of this number, or it cannot be acknowledged, or not by this name.
    """
    find_alert(connection, number, now)
    try:
        alerts.acknowledge(connection, number, now, by, note)
    except StancewireError as error:
        raise HTTPException(422, str(error)) from error


@router.get("/alerts")
def inbox(request: Request, site: Here, state: State = "open", kind: Kind | None = None):
    """The inbox."""
    now = site.now()
    with site.store.reading() as connection:
        found = alerts.read_alerts(connection, now, None if state == "all" else state, kind, SHOWN + 1)
    values = {"found": found[:SHOWN], "is_more": len(found) > SHOWN, "state": state, "kind": kind}
    return render(request, "alerts.html", states=(*alerts.STATES, "all"), **values)


@router.get("/alerts/{number}")
def alert(request: Request, site: Here, number: Number):
    """One alert with its evidence."""
    with site.store.reading() as connection:
        one = find_alert(connection, number, site.now())
    # What began longer ago than a plot has weeks is in one that ends later on.
    until = one.found + timedelta(weeks=SPANS["week"] // 2) if one.found else None
    is_past = until is not None and until < site.today()
    return render(request, "alert.html", alert=one, snoozes=SNOOZES, until=until if is_past else None)


@router.post("/alerts/{number}/acknowledge")
def acknowledge(request: Request, site: Here, number: Number, fields: Fields):
    """Takes note of an alert."""
    site.access.check_browser(request)
    with site.store.writing() as connection:
        by, note = fields.get("by", "")[:200], fields.get("note", "")[:2000]
        acknowledge_alert(connection, number, site.now(), _kept(by), _kept(note))
    return RedirectResponse(f"/alerts/{number}", 303)


@router.post("/alerts/{number}/snooze")
def snooze(request: Request, site: Here, number: Number, fields: Fields):
    """Keeps the alerts on a subject back for some days; none ends that."""
    site.access.check_browser(request)
    days = fields.get("days", "")
    if days not in {"0", *map(str, SNOOZES)}:
        raise HTTPException(422, f"days: one of 0, {', '.join(map(str, SNOOZES))}")
    now = site.now()
    with site.store.writing() as connection:
        subject = find_alert(connection, number, now).subject
        if days == "0":
            alerts.unsnooze(connection, subject)
        else:
            alerts.snooze(connection, subject, now + timedelta(days=int(days)), now)
    return RedirectResponse(f"/alerts/{number}", 303)


@router.post("/token")
def sign_in(request: Request, site: Here, fields: Fields):
    """Takes the token and gives the browser a cookie."""
    site.access.check_origin(request)
    if not site.access.is_token(fields.get("token", "")):
        raise HTTPException(403, "this is not the token" if site.access.token else "writing is off: there is no token")
    answer = RedirectResponse("/alerts", 303)
    is_safe = site.access.is_safe(request)
    answer.set_cookie(COOKIE, site.access.cookie, max_age=_SIGNED_IN, httponly=True, samesite="strict", secure=is_safe)
    return answer


@router.post("/token/forget")
def sign_out(request: Request, site: Here):
    """Takes the cookie back."""
    site.access.check_origin(request)
    answer = RedirectResponse("/alerts", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def _kept(text: str) -> str:
    """A text without what a database does not take."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
