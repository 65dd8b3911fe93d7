"""Markup from elsewhere to entries and texts, in a process of its own.

What others' servers send may be hostile: markup of one megabyte can hold a parser for hours. Parsers therefore work in
a process of their own, which is ended when it takes too long.
"""

from __future__ import annotations

import io
import logging
import re
import signal
from collections.abc import Callable, Mapping
from datetime import date
from hashlib import blake2b
from html import escape
from multiprocessing import TimeoutError as ParseTimeoutError
from multiprocessing import get_context
from multiprocessing.pool import Pool
from typing import Any, NamedTuple, TypeVar

import feedparser

from ...data.formats import SAMPLE_BYTES, Columns, Record, Source, UnreadableError
from ...data.readers import MAX_CHARS, READERS
from .fetch import one_line

PARSE_SECONDS = 30.0
_TAG = re.compile(r"<[a-z/!]", re.IGNORECASE)
_WHOLE_TAG = re.compile(r"<[^<>]*>")

_Result = TypeVar("_Result")


class Entry(NamedTuple):
    """One entry of a feed.

    Attributes:
        link: Address of its page, or empty.
        title: As plain text.
        published: Day in UTC, if it has one.
        updated: Day in UTC on which it was last changed, if it says so.
        markup: Its own text as HTML.
        is_content: Whether that is meant to be the content, and not a summary.
        stamp: What changes when the entry does: when it was updated, or else a hash of its words.
    """

    link: str
    title: str
    published: date | None
    updated: date | None
    markup: str
    is_content: bool
    stamp: str


class Feed(NamedTuple):
    """A parsed feed; ``flaw`` is what is wrong with its XML."""

    is_feed: bool
    entries: list[Entry]
    flaw: str


class TooSlowError(UnreadableError):
    """What could not be read in time."""


class Apart:
    """Runs functions in a process of its own, which is ended when one takes longer than ``PARSE_SECONDS``."""

    def __init__(self) -> None:
        self._pool: Pool | None = None

    def __enter__(self) -> Apart:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        if self._pool is not None:
            self._pool.terminate()
            self._pool.join()
            self._pool = None

    def run(self, function: Callable[..., _Result], *values: object) -> _Result:
        """What the function returns.

        Raises:
            TooSlowError: It took too long.
            UnreadableError: It cannot read what it was given.
        """
        if self._pool is None:
            # Spawned, as a process with threads cannot be forked safely.
            self._pool = get_context("spawn").Pool(1, _prepare)
        try:
            return self._pool.apply_async(function, values).get(PARSE_SECONDS)
        except ParseTimeoutError:
            self._end()
            raise TooSlowError(f"cannot be read within {PARSE_SECONDS:g} s") from None


def _prepare() -> None:
    """Leaves Ctrl-C to the process that waits, and keeps what libraries log of bad markup out of its output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable()


def parse_feed(body: bytes, content_type: str, url: str) -> Feed:
    """Parses a feed.

    Neither DTDs nor entities from elsewhere are loaded (feedparser strips them), and entities that expand without end
    are stopped (by expat).

    Raises:
        UnreadableError: The parser fails on it.
    """
    headers = {"content-type": content_type, "content-location": url}
    try:
        # Markup is reduced to text later on: to clean it up first costs as much as parsing.
        parsed: Any = feedparser.parse(
            io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
        flaw = parsed.get("bozo_exception")
        if isinstance(flaw, feedparser.ThingsNobodyCaresAboutButMe):
            flaw = None
        entries = [_entry(one) for one in parsed.entries]
        return Feed(bool(parsed.get("version")), entries, one_line(str(flaw or ""), 120))
    except Exception as exc:  # whatever a hostile feed provokes in the parser must not end the monitor
        raise UnreadableError(f"the feed cannot be read: {one_line(str(exc) or type(exc).__name__)}") from None


def _entry(one: Any) -> Entry:
    contents = max((_markup(part) for part in one.get("content") or ()), key=len, default="")
    summary = _markup({"value": one.get("summary"), "type": (one.get("summary_detail") or {}).get("type")})
    # As of a plain dict: the parser's own gives when it was published where nothing was updated.
    updated = one_line(dict.get(one, "updated") or "")
    return Entry(
        link=(one.get("link") or "").strip(),
        title=_title(one),
        published=_day(one.get("published_parsed")),
        updated=_day(dict.get(one, "updated_parsed")),
        markup=contents or summary,
        is_content=bool(contents),
        stamp=updated or _digest(one.get("title"), contents or summary),
    )


def _digest(title: str | None, markup: str) -> str:
    # Without tags: the address of a picture may be another at each reading.
    words = _WHOLE_TAG.sub(" ", f"{title or ''} {markup}").split()
    return blake2b(" ".join(words).encode("utf-8", "replace"), digest_size=16).hexdigest()


def _markup(part: Mapping[str, Any]) -> str:
    value = part.get("value") or ""
    return escape(value) if part.get("type") == "text/plain" else value


def _day(parsed: Any) -> date | None:
    try:
        return date(*parsed[:3]) if parsed else None
    except ValueError:  # the year 0, or 20,000
        return None


def _title(one: Any) -> str:
    import lxml.html

    title = one_line(one.get("title") or "", 500)
    if (one.get("title_detail") or {}).get("type") == "text/plain" and not _TAG.search(title):
        return title
    return one_line(lxml.html.document_fromstring(f"<p>{title}").text_content(), 500)


def extract(page: bytes) -> dict[str, Any]:
    """The main text of a page, and what the page says of itself, by field of the article.

    Raises:
        UnreadableError: There is none.
    """
    raw: Any = io.BytesIO(page)
    source = Source("page", io.BufferedReader(raw, SAMPLE_BYTES), Columns(), MAX_CHARS)
    record = next(iter(READERS["html"](source)))
    assert isinstance(record, Record)
    return dict(record.values)
