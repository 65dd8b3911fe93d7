"""RSS and Atom feeds to articles: new entries, each with the full text of its page.

What others' servers send may be hostile: a few megabytes of markup can hold a parser for many minutes. Parsers
therefore work in a process of their own, which is ended when it takes too long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from ...data.formats import Record, UnreadableError
from ...data.readers import RecordChecker
from ...data.schema import Article, Rejected
from .dates import date_problem
from .feed_parsing import Apart, Entry, Feed, extract, parse_feed
from .fetch import Fetcher, FetchError, Response, one_line

MAX_NEW = 200
"""New entries that one reading works on; the next one goes on with the rest."""
MAX_FAILURES = 3
"""Pages in a row that are tried in vain before the rest of a reading's pages is left for the next."""
MAX_LINK = 2000
FULL_CHARS = 1500
"""A feed's own text of this length is taken for the full text, unless it breaks off."""
_TAIL = 150
_TRACKING = re.compile(r"utm_", re.IGNORECASE)
_PAGES = ("text/html", "application/xhtml+xml", "")


@dataclass(frozen=True)
class FeedState:
    """What a source said at the last reading, to be sent along at the next; for the caller to keep."""

    etag: str = ""
    modified: str = ""


class FeedResult(NamedTuple):
    """One reading of a feed.

    Attributes:
        articles: The new ones.
        state: For the next reading. It is the old one where something is left that the next reading may still get.
        skipped: Entries that gave no article, one line each.
        remarks: What else was not as it should be, one line each: a date not believed, a page not had.
    """

    articles: list[Article]
    state: FeedState
    skipped: list[str]
    remarks: list[str]


def read_feed(
    url: str, fetcher: Fetcher, state: FeedState, known: Callable[[str], bool], now: datetime | None = None
) -> FeedResult:
    """Reads a feed's new entries, with the full text of their pages.

    Args:
        url: The feed's address.
        fetcher: Gets the feed and the pages.
        state: Of the last reading.
        known: Whether an article of this id is had already.
        now: The present; by default as the clock says.

    Raises:
        FetchError: The feed cannot be had, or is none.
    """
    response = fetcher.get(url, state.etag, state.modified)
    if response.status == 304:
        return FeedResult([], state, [], [])
    today = (now or datetime.now(UTC)).astimezone(UTC).date()
    with Apart() as apart:
        feed = _parsed(url, response, apart)
        reading = _Reading(url, fetcher, apart, today)
        if feed.flaw:
            reading.remarks.append(f"{url}: broken: {feed.flaw}; {len(feed.entries)} entries could be read")
        reading.take(feed.entries, known)
    after = state if reading.is_more else FeedState(response.etag, response.modified)
    return FeedResult(reading.articles, after, reading.skipped, reading.remarks)


def article_id(link: str) -> str:
    """The link as an article's id: without fragment and without the parameters that only track who sent the reader.

    Other parameters stay as they are: any of them may be what tells two articles apart.
    """
    parts = urlsplit(link)
    query = "&".join(part for part in parts.query.split("&") if not _TRACKING.match(part))
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path, query, ""))


def _parsed(url: str, response: Response, apart: Apart) -> Feed:
    try:
        feed = apart.run(parse_feed, response.body, response.content_type, response.url)
    except UnreadableError as error:
        raise FetchError(url, str(error)) from error
    if not feed.is_feed:
        raise FetchError(url, "no RSS or Atom feed; a site names the address of its feed in the head of its pages")
    if feed.flaw and not feed.entries:
        raise FetchError(url, f"broken: {feed.flaw}", passing=True)
    return feed


@dataclass
class _Reading:
    """The entries of one reading, on their way to articles."""

    url: str
    fetcher: Fetcher
    apart: Apart
    today: date
    articles: list[Article] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    is_more: bool = False
    failures: int = 0

    def take(self, entries: list[Entry], known: Callable[[str], bool]) -> None:
        """Makes articles of the entries that are not known; one bad entry never loses the others."""
        check, seen = RecordChecker(), set[str]()
        for entry in entries:
            try:
                key = _key(entry)
                if key in seen or known(key):
                    continue
                if len(seen) == MAX_NEW:
                    self.is_more = True
                    self.remarks.append(f"{self.url}: more than {MAX_NEW} new entries; the next reading goes on")
                    return
                seen.add(key)
                article = check(Record(key, self._values(key, entry)))
            except (FetchError, UnreadableError) as error:
                self.is_more = self.is_more or (isinstance(error, FetchError) and error.passing)
                self._skip(entry, _reason(error))
                continue
            if isinstance(article, Rejected):
                self._skip(entry, article.reason)
            else:
                self.articles.append(article)

    def _skip(self, entry: Entry, reason: str) -> None:
        self.skipped.append(f"{self.url}: entry {one_line(entry.link or entry.title)!r}: {reason}")

    def _values(self, key: str, entry: Entry) -> dict[str, Any]:
        """Fields of the article, by name."""
        own = self._own_text(entry)
        values: Mapping[str, Any] = {"text": own}
        if not (entry.is_content and _is_full(own)):
            try:
                page = self._page(key)
            except (FetchError, UnreadableError) as error:
                if not own:
                    raise
                self.remarks.append(f"{one_line(key)}: {_reason(error)}; the feed's own text is taken")
            else:
                # A page shorter than its feed is a teaser, or asks for consent.
                values = page if len(page["text"]) >= len(own) else page | {"text": own}
        return {
            "id": key,
            "text": values["text"],
            "title": entry.title or values.get("title"),
            "published": self._believed(key, entry.published or _day(values.get("published"))),
            "source": urlsplit(key).netloc.removeprefix("www."),
            "url": key,
        }

    def _own_text(self, entry: Entry) -> str:
        if not entry.markup:
            return ""
        page = f"<html><body><article>{entry.markup}</article></body></html>"
        try:
            return str(self.apart.run(extract, page.encode("utf-8", "replace"))["text"]).strip()
        except UnreadableError:
            return ""

    def _page(self, link: str) -> dict[str, Any]:
        if self.failures >= MAX_FAILURES:
            raise FetchError(link, f"not asked for, as {MAX_FAILURES} pages in a row could not be had", passing=True)
        try:
            response = self.fetcher.get(link)
        except FetchError as error:
            self.failures += error.passing
            raise
        self.failures = 0
        kind = response.content_type.partition(";")[0].strip().lower()
        if kind not in _PAGES:
            raise UnreadableError(f"no web page but {one_line(kind)}")
        return self.apart.run(extract, response.body)

    def _believed(self, key: str, published: date | None) -> str | None:
        problem = date_problem(published, self.today)
        if problem:
            self.remarks.append(f"{one_line(key)}: its date is {problem}: kept without one, in no series")
        return None if problem or published is None else published.isoformat()


def _key(entry: Entry) -> str:
    """The article's id.

    Raises:
        UnreadableError: The entry has no link to a web page.
    """
    if not entry.link:
        raise UnreadableError("it has no link")
    if len(entry.link) > MAX_LINK:
        raise UnreadableError(f"its link has {len(entry.link):,} characters, the limit is {MAX_LINK:,}")
    try:
        key = article_id(entry.link)
    except ValueError:
        key = ""
    if not key.startswith(("http://", "https://")) or not key.isprintable():
        raise UnreadableError("its link is no http:// or https:// address")
    return key


def _reason(error: FetchError | UnreadableError) -> str:
    return error.reason if isinstance(error, FetchError) else str(error)


def _is_full(text: str) -> bool:
    tail = text[-_TAIL:]
    return len(text) >= FULL_CHARS and "…" not in tail and "..." not in tail


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
