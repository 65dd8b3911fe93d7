"""Which articles are copies of one story: reprints, trimmed copies and light rewrites get a common id.

Each article is the set of its content words. A reprint keeps nearly all of them and a light rewrite most, where two
newsrooms that report one event share few beside its names; runs of words, which find copied sentences, miss rewrites
and take a recurring opening and closing for a copy (`stancewire data stories` measures it). MinHash signatures estimate
how much two sets share, and locality-sensitive hashing finds the few earlier articles worth comparing (A. Broder, "On
the resemblance and containment of documents", 1997; J. Leskovec, A. Rajaraman and J. Ullman, *Mining of Massive
Datasets*, chapter 3).

What is said again in nearly the same words a season later is news once more: a story takes in only what comes within
30 days of one of its articles. What has no date is held to none.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from rensa import RMinHash  # type: ignore[attr-defined]

from .duplicates import SEED, sketch
from .errors import StancewireError

RESEMBLANCE = 0.42
"""Jaccard similarity from which two articles are one story."""
CONTAINMENT = 0.6
"""Share of the shorter article's words, found in the longer one, from which they are one story: a trimmed copy."""
LONGEST = 3.0
"""How much longer the longer one may be for that: a long speech has half the words of anything."""
ALIKE = 0.9
"""Jaccard similarity from which an article adds nothing to its story: the index need not remember it."""
WINDOW = 30
"""Days from one of a story's articles to the next within which a copy is still the same story."""

_BANDS, _ROWS = 64, 3
"""With them a pair that shares 0.3 of its words is compared in 82 of 100 cases, one that shares 0.4 in 98."""
_PERMUTATIONS = _BANDS * _ROWS
_FEWEST = 12
"""Texts of fewer words are one story only where their words are the same."""
_FORMAT = 1
_WORD = re.compile(r"\w{4,}|\d+")

_MIX = np.random.default_rng(SEED).integers(1, 2**63, size=(_BANDS, _ROWS), dtype=np.uint64) | np.uint64(1)


class StoryKey(NamedTuple):
    """What the index knows of a text.

    Attributes:
        digest: Hash of its words.
        size: How many different content words it has.
        signature: MinHash signature of these, 32-bit integers; empty where they are too few.
        day: When it was published, if that is known.
    """

    digest: bytes
    size: int
    signature: bytes
    day: date | None = None


def story_key(text: str, published: str | None = None) -> StoryKey:
    """What the index needs to know of a text; made apart from the index, as by another process.

    Args:
        text: Text of an article, without its headline.
        published: When it was published, as an ISO date.
    """
    day = date.fromisoformat(published) if published else None
    words = " ".join(text.lower().split())
    found = set(_WORD.findall(words))
    digest = blake2b(words.encode(), digest_size=8).digest()
    if len(found) < _FEWEST:
        return StoryKey(digest, len(found), b"", day)
    signature = np.array(sketch(found, _PERMUTATIONS).digest(), dtype=np.uint32)
    return StoryKey(digest, len(found), signature.tobytes(), day)


_TABLES = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE texts (digest BLOB PRIMARY KEY, story TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE articles (id INTEGER PRIMARY KEY, story TEXT NOT NULL, size INTEGER NOT NULL, signature BLOB NOT NULL);
CREATE TABLE bands (hash INTEGER NOT NULL, article INTEGER NOT NULL, PRIMARY KEY (hash, article)) WITHOUT ROWID;
"""
# A table of its own, and made apart: indexes from before it hold stories without dates.
_DAYS = "CREATE TABLE IF NOT EXISTS days (story TEXT, day INTEGER, PRIMARY KEY (story, day)) WITHOUT ROWID"
_UNDATED = 0


class StoryIndex:
    """Gives each text the id of its story, and remembers the texts it has seen.

    The same texts in the same order get the same ids in every run; a text seen before gets the id it had, unless its
    day is another (see ``WINDOW``).

    Args:
        path: An SQLite file that keeps the index between runs, made if it is not there; None keeps it in memory.

    Raises:
        StancewireError: The file is no index of stories, or of another format.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self._path = path
        try:
            self._base = sqlite3.connect(path or ":memory:")
            self._prepare()
        except sqlite3.Error as error:
            raise StancewireError(
                f"{path}: cannot be used as an index of stories ({error}); name another file"
            ) from error

    def _prepare(self) -> None:
        wanted = {"format": str(_FORMAT), "hashing": str(RMinHash.ALGORITHM_VERSION)}
        if not self._base.execute("SELECT name FROM sqlite_master").fetchone():
            self._base.executescript(f"PRAGMA journal_mode = WAL; BEGIN; {_TABLES} COMMIT;")
            self._base.executemany("INSERT INTO about VALUES (?, ?)", wanted.items())
            self._base.commit()
        if dict(self._base.execute("SELECT key, value FROM about")) != wanted:
            raise StancewireError(f"{self._path}: an index of stories of another version; name a new file")
        self._base.execute(_DAYS)

    def __enter__(self) -> StoryIndex:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Keeps what was assigned and closes the file."""
        self._base.commit()
        self._base.close()

    def assign(self, texts: Iterable[str]) -> list[str]:
        """The story of each text, in order; what is assigned is kept in one step, or not at all.

        Args:
            texts: Texts of articles, without their headlines, which every newspaper writes anew.

        Raises:
            StancewireError: The index cannot be written.
        """
        return self.assign_keys(map(story_key, texts))

    def assign_keys(self, keys: Iterable[StoryKey]) -> list[str]:
        """The same from keys that were made before, which may hold the day.

        Raises:
            StancewireError: The index cannot be written.
        """
        try:
            with self._base:
                return [self._assign(key) for key in keys]
        except sqlite3.Error as error:
            raise StancewireError(f"{self._path}: the index of stories cannot be written ({error})") from error

    def _assign(self, key: StoryKey) -> str:
        story = assign_story(key, _IndexMemory(self._base, key.day))
        day = key.day.toordinal() if key.day else _UNDATED
        self._base.execute("INSERT OR IGNORE INTO days VALUES (?, ?)", (story, day))
        return story


class _IndexMemory:
    """What an index remembers that matters to a text of this day (see :class:`StoryMemory`)."""

    def __init__(self, base: sqlite3.Connection, day: date | None) -> None:
        self._base, self._day = base, day
        self._is_open, self._span = "1", list[int]()
        if day is not None:
            self._is_open = (
                "(EXISTS (SELECT 1 FROM days WHERE days.story = known.story AND day BETWEEN ? AND ?)"
                f" OR NOT EXISTS (SELECT 1 FROM days WHERE days.story = known.story AND day > {_UNDATED}))"
            )
            self._span = [max(_UNDATED + 1, day.toordinal() - WINDOW), day.toordinal() + WINDOW]

    def story_of(self, digest: bytes) -> str | None:
        query = f"SELECT story FROM texts AS known WHERE digest = ? AND {self._is_open}"
        row = self._base.execute(query, [digest, *self._span]).fetchone()
        return row[0] if row else None

    def near(self, bands: Sequence[int]) -> list[tuple[str, int, bytes]]:
        marks = ", ".join("?" * len(bands))
        return self._base.execute(
            "SELECT story, size, signature FROM articles AS known WHERE id IN"
            f" (SELECT article FROM bands WHERE hash IN ({marks})) AND {self._is_open} ORDER BY id",
            [*bands, *self._span],
        ).fetchall()

    def new_story(self, digest: bytes) -> str:
        taken = "SELECT 1 FROM days WHERE story = ?"
        return story_id(digest, self._day, lambda name: self._base.execute(taken, (name,)).fetchone() is not None)

    def remember(self, key: StoryKey, story: str, bands: Sequence[int]) -> None:
        self._base.execute("INSERT OR REPLACE INTO texts VALUES (?, ?)", (key.digest, story))
        if bands:
            row = self._base.execute(
                "INSERT INTO articles (story, size, signature) VALUES (?, ?, ?)", (story, key.size, key.signature)
            )
            self._base.executemany("INSERT INTO bands VALUES (?, ?)", ((band, row.lastrowid) for band in bands))


class StoryMemory(Protocol):
    """What is known of the texts seen so far, and is open to the one at hand.

    A story is open to a text that has no date; to one that has, if one of its articles is from within ``WINDOW`` days
    of it, or none has a date.
    """

    def story_of(self, digest: bytes) -> str | None:
        """The open story of the text with this digest, if it was seen; the last one, if there are several."""
        ...

    def near(self, bands: Sequence[int]) -> Sequence[tuple[str, int, bytes]]:
        """Story, size and signature of the articles of open stories that share a band, in the order of coming."""
        ...

    def new_story(self, digest: bytes) -> str:
        """The id of a story that begins with the text at hand (see :func:`story_id`)."""
        ...

    def remember(self, key: StoryKey, story: str, bands: Sequence[int]) -> None:
        """Keeps a text; without bands it is only known again word for word."""
        ...


def assign_story(key: StoryKey, memory: StoryMemory) -> str:
    """The story of a text: that of the most similar article, or a new one, named by the text's digest."""
    known = memory.story_of(key.digest)
    if known is not None:
        return known
    story, likeness, bands = "", 0.0, list[int]()
    if key.signature:
        signature = np.frombuffer(key.signature, dtype=np.uint32)
        bands = _bands(signature)
        for other, size, blob in memory.near(bands):
            jaccard = float(np.mean(np.frombuffer(blob, dtype=np.uint32) == signature))
            if is_one_story(jaccard, key.size, size) and jaccard > likeness:
                story, likeness = other, jaccard
    story = story or memory.new_story(key.digest)
    memory.remember(key, story, bands if likeness < ALIKE else [])
    return story


def story_id(digest: bytes, day: date | None, is_taken: Callable[[str], bool]) -> str:
    """The id of a new story: the digest of its first text, and the day where these words began an earlier story."""
    name = f"s{digest.hex()}"
    return f"{name}-{day:%Y%m%d}" if day is not None and is_taken(name) else name


def is_one_story(jaccard: float, size: int, other: int) -> bool:
    """Whether two articles are one story.

    Args:
        jaccard: Jaccard similarity of their content words.
        size: Words of the one.
        other: Words of the other.
    """
    shared = jaccard / (1 + jaccard) * (size + other)
    short, long = sorted((size, other))
    return jaccard >= RESEMBLANCE or (long <= LONGEST * short and shared >= CONTAINMENT * short)


def _bands(signature: np.ndarray) -> list[int]:
    """One 64-bit hash for each band of the signature, as SQLite stores integers."""
    mixed = (signature.reshape(_BANDS, _ROWS).astype(np.uint64) * _MIX).sum(1, dtype=np.uint64)
    return sorted({int(band) for band in mixed.view(np.int64)})
