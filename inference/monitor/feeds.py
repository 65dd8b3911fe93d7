"""RSS and Atom feeds to articles: new entries, each with the full text of its page.

What others' servers send may be hostile: a few megabytes of markup can hold a parser for many minutes. Parsers
therefore work in a process of their own, which is ended when it takes too long.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from ...data.errors import StancewireError
from ...data.formats import Record, UnreadableError
from ...data.readers import RecordChecker
from ...data.schema import Article, Rejected
from .dates import date_problem
from .feed_memory import CHANGES, NEXT_TRY, UNDATED, EntryState, FeedState
from .feed_parsing import Apart, Entry, Feed, TooSlowError, extract, parse_feed
from .fetch import Fetcher, FetchError, Response, one_line

MAX_NEW = 200
"""Entries that one reading works on; the next one goes on with the rest."""
MAX_SECONDS = 300.0
"""For so long one reading begins with another entry, so that a slow host holds up no other source."""
MAX_FAILURES = 3
"""Pages in a row that are tried in vain before the rest of a reading's pages is left for the next."""
MAX_LINK = 2000
"""Bytes."""
FULL_CHARS = 1500
"""A feed's own text of this length is taken for the full text, unless it breaks off."""
_TAIL = 150
_TRACKING = re.compile(r"utm_", re.IGNORECASE)
_PAGES = ("text/html", "application/xhtml+xml", "")


class FeedResult(NamedTuple):
    """One reading of a feed.

    Attributes:
        articles: The new ones.
        state: For the next reading. It is the old one where something is left that the next reading may still get.
        skipped: Entries that were worked on and gave no article, one line each.
        remarks: What else was not as it should be, one line each: a date not believed, a page not had.
    """

    articles: list[Article]
    state: FeedState
    skipped: list[str]
    remarks: list[str]


def read_feed(
    url: str,
    fetcher: Fetcher,
    state: FeedState,
    known: Callable[[str], bool],
    now: datetime | None = None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> FeedResult:
    """Reads a feed's new and changed entries, with the full text of their pages.

    A page that fails in passing leaves its entry to the next reading, for a few days (see :mod:`.feed_memory`).

    Args:
        url: The feed's address.
        fetcher: Gets the feed and the pages.
        state: Of the last reading.
        known: Whether an article of this id is had already.
        now: The present; by default as the clock says.
        is_stopped: Asked before each entry; if so, the reading is given up.

    Raises:
        FetchError: The feed cannot be had, or is none.
        StancewireError: The reading was stopped.
    """
    response = fetcher.get(url, state.etag, state.modified)
    if response.status == 304:
        return FeedResult([], state, [], [])
    moment = (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)
    with Apart() as apart:
        feed = _parsed(url, response, apart)
        reading = _Reading(url, fetcher, apart, moment, is_stopped)
        if feed.flaw:
            reading.remarks.append(f"{url}: broken: {feed.flaw}; {len(feed.entries)} entries could be read")
        reading.take(reading.choose(feed.entries, state.entries, known))
    said = state if reading.is_more else response
    after = FeedState(said.etag, said.modified, reading.states)
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


class _Task(NamedTuple):
    """An entry to work on: the id of its article, how it was left, and whether its article is had."""

    entry: Entry
    key: str
    before: EntryState | None
    is_known: bool


@dataclass
class _Reading:
    """The entries of one reading, on their way to articles."""

    url: str
    fetcher: Fetcher
    apart: Apart
    now: datetime
    is_stopped: Callable[[], bool]
    articles: list[Article] = field(default_factory=list)
    states: dict[str, EntryState] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    is_more: bool = False
    failures: int = 0

    def choose(
        self, entries: list[Entry], before: Mapping[str, EntryState], known: Callable[[str], bool]
    ) -> list[_Task]:
        """The entries to work on; those that have failed come last, as they may fail again and hold up the others."""
        tasks = dict[str, _Task]()
        for entry in entries:
            try:
                key = _key(entry)
            except UnreadableError as error:
                self._skip(entry, str(error))
                continue
            if key in self.states or key in tasks:
                continue
            state = before.get(key)
            if state is not None:
                self.states[key] = state
            if state is None or self._is_to_be_read(entry, state):
                tasks[key] = _Task(entry, key, state, known(key))
                if state is None and tasks[key].is_known:
                    self.states[key] = EntryState(tasks.pop(key).entry.stamp)
        return sorted(tasks.values(), key=lambda task: bool(task.before and task.before.failed))

    def _is_to_be_read(self, entry: Entry, state: EntryState) -> bool:
        if state.stamp == entry.stamp:
            return state.failed is not None and state.is_due(self.now)
        if state.stamp == UNDATED:
            return not date_problem(entry.published or entry.updated, self.now.date())
        if not state.is_due(self.now):
            self.is_more = True
            return False
        return True

    def take(self, tasks: list[_Task]) -> None:
        """Makes articles of the entries; one bad entry never loses the others.

        Raises:
            StancewireError: It is to stop.
        """
        check, began = RecordChecker(), time.monotonic()
        for number, task in enumerate(tasks):
            if self.is_stopped():
                raise StancewireError("stopped; the rest is read next time")
            if number == MAX_NEW or time.monotonic() - began > MAX_SECONDS:
                self.is_more = True
                reason = f"more than {MAX_NEW} new entries" if number == MAX_NEW else f"longer than {MAX_SECONDS:g} s"
                self.remarks.append(f"{self.url}: {reason}; the next reading goes on")
                return
            try:
                article = check(Record(task.key, self._values(task)))
            except (FetchError, UnreadableError) as error:
                self._failed(task, error)
                continue
            if isinstance(article, Rejected):
                self._failed(task, UnreadableError(article.reason))
                continue
            self.articles.append(article)
            self._had(task)

    def _had(self, task: _Task) -> None:
        """Remembers that an entry's article was had; one that came without its date is read again when that is due."""
        day = task.entry.published or task.entry.updated
        lies_ahead = day is not None and day > self.now.date() and bool(date_problem(day, self.now.date()))
        self.is_more = self.is_more or lies_ahead
        stamp = UNDATED if lies_ahead else task.entry.stamp
        self.states[task.key] = EntryState(stamp, again=self.now + CHANGES)

    def _failed(self, task: _Task, error: FetchError | UnreadableError) -> None:
        """Remembers that an entry's article cannot be had, and when it is tried again."""
        passing, before = isinstance(error, FetchError) and error.passing, task.before
        was_so = before is not None and before.failed is not None and before.stamp == task.entry.stamp
        is_last, again = self._is_last(task), self.now if passing else self.now + NEXT_TRY
        self.is_more = self.is_more or (passing and not is_last)
        self.states[task.key] = EntryState(
            task.entry.stamp,
            failed=before.failed if before and was_so and not is_last else self.now,
            again=None if is_last else again,
        )
        self._skip(task.entry, _reason(error) + ("; it is not asked for again" if is_last else ""))

    def _is_last(self, task: _Task) -> bool:
        before = task.before
        return before is not None and before.stamp == task.entry.stamp and before.is_over(self.now)

    def _skip(self, entry: Entry, reason: str) -> None:
        self.skipped.append(f"{self.url}: entry {one_line(entry.link or entry.title)!r}: {reason}")

    def _values(self, task: _Task) -> dict[str, Any]:
        """Fields of the article, by name."""
        entry, key = task.entry, task.key
        own = self._own_text(entry)
        values: Mapping[str, Any] = {"text": own}
        if not (entry.is_content and _is_full(own)):
            try:
                page = self._page(key)
            except (FetchError, UnreadableError) as error:
                # A teaser is better than nothing, and worse than a page that may still come or was had before.
                is_passing = isinstance(error, FetchError) and error.passing
                if not own or task.is_known or (is_passing and not self._is_last(task)):
                    raise
                self.remarks.append(f"{one_line(key)}: {_reason(error)}; the feed's own text is taken")
            else:
                # A page shorter than its feed is a teaser, or asks for consent.
                values = page if len(page["text"]) >= len(own) else page | {"text": own}
        return {
            "id": key,
            "text": values["text"],
            "title": entry.title or values.get("title"),
            # When it was last changed says least.
            "published": self._believed(key, entry.published or _day(values.get("published")) or entry.updated),
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
            kind = response.content_type.partition(";")[0].strip().lower()
            if kind not in _PAGES:
                raise UnreadableError(f"no web page but {one_line(kind)}")
            page = self.apart.run(extract, response.body)
        except (FetchError, TooSlowError) as error:
            self.failures += not isinstance(error, FetchError) or error.passing
            raise
        except UnreadableError:
            self.failures = 0
            raise
        self.failures = 0
        return page

    def _believed(self, key: str, published: date | None) -> str | None:
        problem = date_problem(published, self.now.date())
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
    size = len(entry.link.encode("utf-8", "replace"))
    if size > MAX_LINK:
        raise UnreadableError(f"its link has {size:,} bytes, the limit is {MAX_LINK:,}")
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
