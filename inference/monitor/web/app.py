"""The web application: pages, JSON API, health; strict about what comes in and what a page may load."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from prometheus_client import CollectorRegistry
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ....data.errors import StancewireError
from ..dates import utc_now
from ..store import Store
from . import api, export, health, inbox, pages
from .access import Access, origin_of
from .render import HERE, render
from .scoring import Scoring
from .site import Site

MOST_BYTES = 1 << 20
"""Length of a request's body."""
_HEADERS = {
    b"content-security-policy": b"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self';"
    b" connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    # Others are not told what is read here; our own forms tell where they stand.
    b"referrer-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
}

_log = logging.getLogger(__name__)


def create_app(
    store: Store,
    token: str | None = None,
    model: str | None = None,
    public_url: str | None = None,
    is_local: bool = False,
    now: Callable[[], datetime] = utc_now,
) -> FastAPI:
    """The application.

    Args:
        store: The database.
        token: Who shows it may write; without one nobody may.
        model: The model that scores texts; None is the one that ships.
        public_url: The address of its pages for those who reach it through a proxy.
        is_local: Whether it listens to this machine alone; then no other name of it is believed.
        now: The clock.

    Raises:
        StancewireError: The public address is none.
    """
    public = origin_of(public_url) if public_url else None
    # A browser always names the server that it asks; other programs may not.
    names = {"", "localhost", urlsplit(public or "").hostname or ""}
    app = FastAPI(
        title="stancewire",
        version="1",
        description="Who stands where: positions, series and alerts.",
        openapi_url="/api/v1/openapi.json",
        # Their pages would load scripts from elsewhere; /api is ours.
        docs_url=None,
        redoc_url=None,
    )
    site = Site(store, Access(token, public), Scoring(model), now)
    app.state.site = site
    app.state.registry = CollectorRegistry()
    app.state.registry.register(health.MonitorCollector(site))
    for part in (pages, inbox, export, api, health):
        app.include_router(part.router)
    app.add_api_route("/api", _api_page, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StancewireError, _down)
    app.add_exception_handler(Exception, _broken)
    app.add_middleware(_Guard, names=names if is_local else None)
    app.add_middleware(health.CountRequests, registry=app.state.registry)
    return app


def _api_page(request: Request) -> Response:
    schema = request.app.openapi()
    calls = [call for path in schema["paths"].values() for call in path.values()]
    bodies = {call["operationId"]: _body_fields(schema, call) for call in calls}
    return render(request, "api.html", schema=schema, bodies=bodies)


def _body_fields(schema: dict[str, Any], call: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields of a call's body, in the form of its parameters."""
    if "requestBody" not in call:
        return []
    name = call["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    body = schema["components"]["schemas"][name]
    needed = body.get("required", ())
    fields = body["properties"].items()
    return [{"name": field, "in": "body", "required": field in needed, "schema": kind} for field, kind in fields]


def _problem(request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """One clear line: a page for people, JSON for programs."""
    if request.url.path.startswith("/api/"):
        answer: Response = JSONResponse({"detail": detail}, status)
    else:
        answer = render(request, "problem.html", status, code=status, detail=detail)
    answer.headers.update(headers or {})
    return answer


def _refused(request: Request, error: Any) -> Response:
    detail = "there is no such page" if error.detail == "Not Found" else str(error.detail)
    return _problem(request, error.status_code, detail, error.headers)


def _invalid(request: Request, error: Any) -> Response:
    said = [f"{'.'.join(map(str, one['loc'][1:])) or 'body'}: {one['msg'].lower()}" for one in error.errors()]
    return _problem(request, 422, "; ".join(said[:5]))


def _down(request: Request, error: Exception) -> Response:
    _log.error("%s: %s", request.url.path, error)
    what = "the model cannot be loaded" if request.url.path.endswith("/score") else "the database does not answer"
    return _problem(request, 503, f"{what}; try again in a moment", {"Retry-After": "10"})


def _broken(request: Request, error: Exception) -> Response:
    # What went wrong stands in the log: the server writes the traceback there.
    answer = _problem(request, 500, "this is a fault of stancewire's own; it stands in the log")
    # This answer is made outside of the guard.
    answer.headers.update({name.decode(): value.decode() for name, value in _HEADERS.items()})
    return answer


class _Guard:
    """Sends long or unreadable requests back, and adds the headers that keep a page from loading anything of others.

    Args:
        app: The application within.
        names: Names of the server; None where any may be its own.
    """

    def __init__(self, app: ASGIApp, names: Collection[str] | None) -> None:
        self._app, self._names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                added = [(name, value) for name, value in _HEADERS.items() if name not in present]
                if not scope["path"].startswith("/static/"):
                    added.append((b"cache-control", b"no-cache"))
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        wrong = _what_is_wrong(scope, self._names)
        if wrong is not None:
            status, detail = wrong
            await JSONResponse({"detail": detail}, status)(scope, receive, send_with_headers)
        else:
            # A form sends the fields too that were left empty: they are not given.
            fields = scope.get("query_string", b"").split(b"&")
            scope["query_string"] = b"&".join(field for field in fields if field.partition(b"=")[2])
            await self._app(scope, receive, send_with_headers)


def _what_is_wrong(scope: Scope, names: Collection[str] | None) -> tuple[int, str] | None:
    headers = dict(scope["headers"])
    if names is not None and not _is_own_name(headers.get(b"host", b"").decode("latin-1"), names):
        wanted = "let the proxy pass on Host, and start `stancewire serve` with --public-url"
        return 400, f"that is no name of this server; {wanted}"
    length = headers.get(b"content-length", b"0")
    if b"transfer-encoding" in headers:
        return 411, "send the body with its Content-Length"
    if not length.isdigit() or int(length) > MOST_BYTES:
        return 413, f"the body is longer than {MOST_BYTES:,} bytes"
    # No text of ours holds a NUL, and not every database takes one.
    if b"%00" in scope.get("query_string", b"") or "\0" in scope["path"]:
        return 400, "the address holds a NUL character"
    return None


def _is_own_name(host: str, names: Collection[str]) -> bool:
    """Whether a server is asked for by a name of its own, or by its number.

    Whoever has a domain can let its name lead to this machine, and a page of theirs would read here what none but its
    users may ("DNS rebinding").
    """
    name = host.rpartition(":")[0] if re.search(r":\d*$", host) else host
    try:
        return name.lower() in names or bool(ip_address(name.strip("[]")))
    except ValueError:
        return False
