"""How long the pages of `stancewire serve` take: a real server, asked for each kind of page with several questions."""

from __future__ import annotations

import random
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode, urlsplit

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ...data.errors import StancewireError
from . import tables
from .models import current_model
from .position_query import Wanted, read_positions
from .story_sums import ANY

_TEXTS = 400
"""Articles from which words to search for are taken."""
_WAIT_S = 120


@dataclass(frozen=True)
class PageTime:
    """How long one kind of page took.

    Attributes:
        page: What was asked for.
        seconds: Of each request, from its being sent to the last byte of the answer; of CSV to the first one.
    """

    page: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Half the requests took no longer."""
        return float(np.median(self.seconds))

    @property
    def high(self) -> float:
        """95 of 100 requests took no longer."""
        return float(np.percentile(self.seconds, 95))


def choose_pages(connection: Connection, requests: int, seed: int = 13) -> dict[str, list[str]]:
    """Addresses to ask for, by kind of page: of actors with most stories, with a middling number and with few.

    Args:
        connection: A connection to the database that is served.
        requests: How many addresses of each kind, at the most.
        seed: Seed of what is drawn.

    Raises:
        StancewireError: The database has no series.
    """
    model, draw = current_model(connection), random.Random(seed)
    ranked = _ranked_series(connection, model) if model else []
    if model is None or not ranked:
        raise StancewireError("the database has no series; fill it first")
    last = connection.execute(sa.select(sa.func.max(tables.articles.c.published))).scalar_one()
    middle = len(ranked) // 10
    frequent, middling, rare = ranked[:requests], ranked[middle : middle + requests], ranked[-requests:]
    days = [last - timedelta(days=30 * (1 + number)) for number in range(requests)]
    long_ago = [one | {"until": day} for one, day in zip(frequent, days, strict=False)]
    names = sorted({one["actor"] for one in ranked})
    parts = draw.sample(sorted({name[:2] for name in names}), min(requests, len({name[:2] for name in names})))
    pages = {"overview": ["/"] * requests, "overview, actors by name": _paths("/", [{"actor": part} for part in parts])}
    for name, chosen in (("frequent", frequent), ("middling", middling), ("rare", rare)):
        for period in ("day", "week", "month"):
            pages[f"series by {period}, {name}"] = _paths("/series", [one | {"period": period} for one in chosen])
    pages["series, long ago, one label"] = _paths("/series", [one | {"label": "oppose"} for one in long_ago])
    pages |= _alert_pages(connection, requests) | _article_pages(connection, requests, draw)
    pages["search, actors"] = _paths("/search", [{"q": name} for name in draw.sample(names, min(requests, len(names)))])
    listed = "/api/v1/positions"
    pages["positions, first page"] = _paths(listed, [one | {"limit": 1000} for one in frequent])
    pages["positions, far in"] = _paths(listed, _far_in(connection, model, long_ago))
    unsure = {"label": "neutral", "min_confidence": 0.99}
    pages["positions, few that fit"] = _paths(listed, [one | unsure for one in frequent])
    pages["positions of sentiment"] = _paths(
        listed, [{"actor": name, "kind": "sentiment"} for name in names[:requests]]
    )
    pages["positions of all actors, by label"] = _paths(listed, [unsure | {"since": day} for day in days])
    pages["CSV of positions, first byte"] = _paths("/export/positions.csv", frequent)
    pages["CSV of a series"] = _paths("/export/series.csv", frequent)
    pages["JSON, list of series"] = _paths("/api/v1/series", [{"actor": name} for name in names[:requests]])
    pages["JSON, a series"] = [f"/api/v1/series/{number}?period=week" for number in _numbers(connection, frequent)]
    return pages | {"health": ["/health"] * requests, "metrics": ["/metrics"] * requests}


def _paths(path: str, values: Sequence[Mapping[str, Any]]) -> list[str]:
    return [f"{path}?{urlencode(one)}" for one in values]


def _ranked_series(connection: Connection, model: str) -> list[dict[str, Any]]:
    """Actor and issue of the series of all objects, those with most stories first."""
    series, row = tables.series.c, tables.series_bins.c
    query = (
        sa.select(series.actor, series.issue)
        .join_from(tables.series, tables.series_bins, row.series == series.id)
        .where(series.model == model, series.object == ANY, row.period == "month")
        .group_by(series.actor, series.issue)
        .order_by(sa.func.sum(row.stories).desc(), series.actor, series.issue)
    )
    return [dict(found) for found in connection.execute(query).mappings()]


def _numbers(connection: Connection, chosen: Sequence[Mapping[str, Any]]) -> list[int]:
    row, model = tables.series.c, current_model(connection)
    query = sa.select(row.id).where(row.model == model, row.object == ANY)
    return [
        connection.execute(query.where(row.actor == one["actor"], row.issue == one["issue"])).scalar_one()
        for one in chosen
    ]


def _far_in(connection: Connection, model: str, places: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Pages of positions that begin at a day, as one that reads on from the first page would come to them."""
    found = []
    for one in places:
        wanted = Wanted(model, actor=one["actor"], issue=one["issue"], since=one["until"])
        cursor = read_positions(connection, wanted, None, 1)[1]
        found.append({"actor": one["actor"], "issue": one["issue"], "cursor": cursor, "limit": 1000})
    return found


def _alert_pages(connection: Connection, requests: int) -> dict[str, list[str]]:
    row = tables.alerts.c.id
    numbers = connection.execute(sa.select(row).order_by(row.desc()).limit(requests)).scalars().all()
    states = ("open", "all", "recorded", "acknowledged")
    inbox = [f"/alerts?state={states[number % len(states)]}" for number in range(requests)]
    return {"inbox of alerts": inbox} | ({"an alert": [f"/alerts/{number}" for number in numbers]} if numbers else {})


def _article_pages(connection: Connection, requests: int, draw: random.Random) -> dict[str, list[str]]:
    """Articles by chance and those with most copies, and searches for words that many and that few articles hold."""
    one = tables.articles.c
    last = connection.execute(sa.select(sa.func.max(one.id))).scalar_one()
    words = Counter[str]()
    numbers = list[int]()
    for _ in range(_TEXTS):
        query = sa.select(one.id, one.text).where(one.id >= draw.randint(1, last)).order_by(one.id).limit(1)
        number, text = connection.execute(query).one()
        numbers.append(number)
        words.update(set(re.findall(r"[a-z]{4,}", text.lower())))
    common = [word for word, _ in words.most_common(requests)]
    rare = sorted(word for word, count in words.items() if count == 1)
    rare = draw.sample(rare, min(requests, len(rare)))
    copied = sa.select(sa.func.min(one.id)).group_by(one.story).order_by(sa.func.count().desc()).limit(requests)
    together = [f"{first} {second}" for first, second in zip(common, rare, strict=False)]
    return {
        "an article": [f"/articles/{number}" for number in numbers[:requests]],
        "an article of many copies": [f"/articles/{number}" for number in connection.execute(copied).scalars()],
        "search, common word": _paths("/search", [{"q": word} for word in common]),
        "search, two common words": _paths("/search", [{"q": " ".join(two)} for two in pairwise(common)]),
        "search, rare word": _paths("/search", [{"q": word} for word in rare]),
        "search, common and rare": _paths("/search", [{"q": words} for words in together]),
    }


def time_pages(address: str, pages: Mapping[str, Sequence[str]]) -> Iterator[PageTime]:
    """Asks for pages, one after the other, and tells of each kind how long its pages took.

    Args:
        address: Where the server listens, as ``http://127.0.0.1:8000``.
        pages: Paths by kind of page.

    Raises:
        StancewireError: An answer is none, or not what was asked for.
    """
    place = urlsplit(address)
    for page, paths in pages.items():
        connection = HTTPConnection(place.hostname or "", place.port, timeout=_WAIT_S)
        try:
            yield PageTime(page, tuple(_time(connection, path, 1 if ".csv" in path else None) for path in paths))
        except (OSError, HTTPException) as error:
            raise StancewireError(f"{address}: no answer for {page} ({error or type(error).__name__})") from error
        finally:
            connection.close()


def _time(connection: HTTPConnection, path: str, length: int | None) -> float:
    began = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read(length)
    took = time.perf_counter() - began
    if answer.status != 200:
        raise HTTPException(f"{path}: status {answer.status}")
    if length is not None:
        # What is left of it is not wanted.
        connection.close()
    return took


@contextmanager
def serving(database: str) -> Iterator[str]:
    """Runs `stancewire serve` in a process of its own, and stops it.

    Args:
        database: The URL of the database.

    Yields:
        Its address.

    Raises:
        StancewireError: It does not start.
    """
    command = [sys.executable, "-m", "stancewire.inference", "serve", "--port", "0", "--database", database]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            said = server.stderr.readline() if server.stderr else ""
            if not said.startswith("http://"):
                raise StancewireError(f"`stancewire serve` does not start: {said.strip()}")
            address = said.split()[0]
            _wait_for(address)
            yield address
        finally:
            server.terminate()


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + _WAIT_S
    while True:
        try:
            socket.create_connection((urlsplit(address).hostname, urlsplit(address).port)).close()
            return
        except ConnectionRefusedError as error:
            if time.monotonic() > deadline:
                raise StancewireError(f"{address}: `stancewire serve` does not listen") from error
            time.sleep(0.05)
