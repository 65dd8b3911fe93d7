"""Whether the service is well: ``/health`` for people and load balancers, ``/metrics`` for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ....data.errors import StancewireError
from .. import queries
from . import schemas
from .pages import Here
from .site import Site

router = APIRouter()


@router.head("/health", include_in_schema=False, response_model=None)
@router.get("/health", tags=["health"], response_model=schemas.Health, responses={503: {"model": schemas.Down}})
def health(site: Here) -> schemas.Health | JSONResponse:
    """200 while the database answers, 503 when it does not."""
    try:
        _check_file(site)
        with site.store.reading() as connection:
            run, ingested = queries.last_run(connection), queries.last_ingested(connection)
            failing = queries.failing_sources(connection)
    except StancewireError:
        return JSONResponse(schemas.Down().model_dump(), 503)
    age = (site.now() - ingested).total_seconds() / 3600 if ingested else None
    return schemas.Health(
        last_run=schemas.LastRun(**{name: run[name] for name in schemas.LastRun.model_fields}) if run else None,
        newest_article=ingested,
        newest_article_hours=round(age, 2) if age is not None else None,
        failing_sources=failing,
    )


def _check_file(site: Site) -> None:
    # An SQLite file that was taken away is still there for whoever has it open.
    url = sa.make_url(site.store.url)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        raise StancewireError(f"database {site.store.name}: the file is gone")


@router.get("/metrics", include_in_schema=False)
def metrics(request: Request) -> Response:
    """Counters of requests, and how the monitor does."""
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)


class MonitorCollector(Collector):
    """Reads the state of the monitor when it is asked for.

    Args:
        site: The site.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    def describe(self) -> Iterable[Metric]:
        """Nothing: what there is needs the database."""
        return []

    def collect(self) -> Iterable[Metric]:
        """The gauges; where the database is gone only that."""
        site = self._site
        try:
            _check_file(site)
            with site.store.reading() as connection:
                run, ingested = queries.last_run(connection), queries.last_ingested(connection)
                failing = queries.failing_sources(connection)
                still_open = queries.count_open_alerts(connection, site.now())
        except StancewireError:
            yield GaugeMetricFamily("stancewire_database_up", "Whether the database answers.", 0)
            return
        yield GaugeMetricFamily("stancewire_database_up", "Whether the database answers.", 1)
        yield GaugeMetricFamily("stancewire_failing_sources", "Sources that did not answer last time.", failing)
        by_kind = GaugeMetricFamily("stancewire_open_alerts", "Alerts that nobody took note of.", labels=["kind"])
        for kind, number in still_open.items():
            by_kind.add_metric([kind], number)
        yield by_kind
        ages = (
            ("stancewire_newest_article_age_seconds", "Since the newest article was taken in.", ingested),
            ("stancewire_last_run_age_seconds", "Since a source was last asked.", run["finished"] if run else None),
        )
        for name, text, when in ages:
            if when is not None:
                yield GaugeMetricFamily(name, text, (site.now() - when).total_seconds())


class CountRequests:
    """Counts requests and measures how long they take, by route.

    Args:
        app: The application within.
        registry: Where the figures are kept.
    """

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._requests = Counter(
            "stancewire_http_requests_total", "Requests.", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram("stancewire_http_request_seconds", "Time of a request.", ["route"], registry=registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note_status)
        finally:
            # The route and not the address: what people ask for must not become names of series.
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST") else "other"
            self._requests.labels(method, route, str(status)).inc()
            self._seconds.labels(route).observe(time.perf_counter() - began)
