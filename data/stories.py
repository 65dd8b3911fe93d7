"""Which articles are copies of one story: reprints, trimmed copies and light rewrites get a common id.

Each article is the set of its content words. A reprint keeps nearly all of them and a light rewrite most, where two
newsrooms that report one event share few beside its names; runs of words, which find copied sentences, miss rewrites
and take a recurring opening and closing for a copy (`stancewire data stories` measures it). MinHash signatures estimate
how much two sets share, and locality-sensitive hashing finds the few earlier articles worth comparing (A. Broder, "On
the resemblance and containment of documents", 1997; J. Leskovec, A. Rajaraman and J. Ullman, *Mining of Massive
Datasets*, chapter 3).
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
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
    """

    digest: bytes
    size: int
    signature: bytes


def story_key(text: str) -> StoryKey:
    """What the index needs to know of a text; made apart from the index, as by another process."""
    words = " ".join(text.lower().split())
    found = set(_WORD.findall(words))
    digest = blake2b(words.encode(), digest_size=8).digest()
    if len(found) < _FEWEST:
        return StoryKey(digest, len(found), b"")
    signature = np.array(sketch(found, _PERMUTATIONS).digest(), dtype=np.uint32)
    return StoryKey(digest, len(found), signature.tobytes())


_TABLES = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE texts (digest BLOB PRIMARY KEY, story TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE articles (id INTEGER PRIMARY KEY, story TEXT NOT NULL, size INTEGER NOT NULL, signature BLOB NOT NULL);
CREATE TABLE bands (hash INTEGER NOT NULL, article INTEGER NOT NULL, PRIMARY KEY (hash, article)) WITHOUT ROWID;
"""


class StoryIndex:
    """Gives each text the id of its story, and remembers the texts it has seen.

    The same texts in the same order get the same ids in every run; a text seen before gets the id it had.

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
        """The same from keys that were made before.

        Raises:
            StancewireError: The index cannot be written.
        """
        try:
            with self._base:
                return [assign_story(key, self) for key in keys]
        except sqlite3.Error as error:
            raise StancewireError(f"{self._path}: the index of stories cannot be written ({error})") from error

    def story_of(self, digest: bytes) -> str | None:
        """The story of a text seen before (see :class:`StoryMemory`)."""
        row = self._base.execute("SELECT story FROM texts WHERE digest = ?", (digest,)).fetchone()
        return row[0] if row else None

    def near(self, bands: Sequence[int]) -> list[tuple[str, int, bytes]]:
        """Articles that share a band (see :class:`StoryMemory`)."""
        marks = ", ".join("?" * len(bands))
        return self._base.execute(
            "SELECT story, size, signature FROM articles WHERE id IN"
            f" (SELECT article FROM bands WHERE hash IN ({marks})) ORDER BY id",
            [*bands],
        ).fetchall()

    def remember(self, key: StoryKey, story: str, bands: Sequence[int]) -> None:
        """Keeps a text, and its bands where it has any (see :class:`StoryMemory`)."""
        self._base.execute("INSERT INTO texts VALUES (?, ?)", (key.digest, story))
        if bands:
            row = self._base.execute(
                "INSERT INTO articles (story, size, signature) VALUES (?, ?, ?)", (story, key.size, key.signature)
            )
            self._base.executemany("INSERT INTO bands VALUES (?, ?)", ((band, row.lastrowid) for band in bands))


class StoryMemory(Protocol):
    """What is known of the texts seen so far."""

    def story_of(self, digest: bytes) -> str | None:
        """The story of the text with this digest, if it was seen."""
        ...

    def near(self, bands: Sequence[int]) -> Sequence[tuple[str, int, bytes]]:
        """Story, size and signature of the articles that share a band, in the order in which they came."""
        ...

    def remember(self, key: StoryKey, story: str, bands: Sequence[int]) -> None:
        """Keeps a text; without bands it is only known again word for word."""
        ...


def assign_story(key: StoryKey, memory: StoryMemory) -> str:
    """The story of a text: that of the most similar article, or a new one, named by the text's digest."""
    known = memory.story_of(key.digest)
    if known is not None:
        return known
    story, likeness, bands = f"s{key.digest.hex()}", 0.0, list[int]()
    if key.signature:
        signature = np.frombuffer(key.signature, dtype=np.uint32)
        bands = _bands(signature)
        for other, size, blob in memory.near(bands):
            jaccard = float(np.mean(np.frombuffer(blob, dtype=np.uint32) == signature))
            if is_one_story(jaccard, key.size, size) and jaccard > likeness:
                story, likeness = other, jaccard
    memory.remember(key, story, bands if likeness < ALIKE else [])
    return story


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
