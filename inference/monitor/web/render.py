"""Templates: whatever an article holds is text on the page, and stays where it is written."""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse

from ....data.issues import load_issues
from ....data.schema import Span
from ...report import Piece, mark_pieces, plain
from .. import alerts

HERE = Path(__file__).parent


def signed(value: float) -> str:
    """A net stance, with a true minus."""
    # No zero has a sign.
    return f"{round(value, 2) + 0.0:+.2f}".replace("-", "−") if abs(value) >= 0.005 else "0.00"


def day(value: date | str | None) -> str:
    """A day in words."""
    if isinstance(value, str):
        value = date.fromisoformat(value[:10])
    return f"{value.day} {value:%b %Y}" if value else "no date"


def moment(value: datetime | None) -> str:
    """A time, UTC."""
    return f"{value.day} {value:%b %Y, %H:%M} UTC" if value else "never"


def words(name: str) -> str:
    """An id in words."""
    return name.replace("_", " ")


def count(number: int, one: str, more: str = "") -> str:
    """A number of things."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def link(path: str, **values: Any) -> str:
    """An address of our own, without the values that are not set."""
    given = {name: value for name, value in values.items() if value not in (None, "")}
    return quote(path) + (f"?{urlencode(given)}" if given else "")


def web_link(url: str | None) -> str:
    """An address that a page may link to, or nothing: a link that runs code is none."""
    return url if url and re.match(r"https?://[^\s]+$", url, re.IGNORECASE) else ""


def cue_pieces(text: str, issue: str) -> list[Piece]:
    """A sentence, the words of the issue marked."""
    found = next((one for one in load_issues() if one.id == issue), None)
    return mark_pieces(text, found.find_cues(text) if found else [])


def span_pieces(text: str, spans: tuple[Span, ...]) -> list[Piece]:
    """A text, parts of it marked."""
    return mark_pieces(text, spans)


@cache
def _environment() -> jinja2.Environment:
    page = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=plain,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page.filters.update(signed=signed, day=day, moment=moment, web_link=web_link, words=words)
    page.globals.update(link=link, count=count, cue_pieces=cue_pieces, span_pieces=span_pieces, static=_static)
    return page


@cache
def _static(name: str) -> str:
    """Address of a file of ours, another one when it has changed."""
    digest = hashlib.blake2b((HERE / "static" / name).read_bytes(), digest_size=6).hexdigest()
    return f"/static/{name}?v={digest}"


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page."""
    site = request.app.state.site
    values = {
        "path": request.url.path,
        "can_write": site.access.is_signed_in(request),
        "takes_token": site.access.token is not None,
        "kinds": alerts.KINDS,
        **values,
    }
    return HTMLResponse(_environment().get_template(template).render(values), status)
