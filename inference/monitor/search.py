"""Search: actors by name, articles by the words of their titles and texts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ...data.schema import Span
from . import tables
from .story_sums import ANY

MOST_WORDS = 8
"""Words of a query that are looked for."""
_WORD = re.compile(r"\w+")
_MARK = re.compile("[\u0300-\u036f]")
"""Accents that are characters of their own."""
_SHOWN = 220
"""Characters of an article that are shown."""
_READ = 50_000
"""Characters of an article that are looked through for a place to show."""


@dataclass(frozen=True)
class Hit:
    """An article that was found.

    Attributes:
        id: Its number.
        title: Headline, or its own id.
        source: Publisher, or empty.
        published: Day, if known.
        text: A part of it with some of the words.
        marks: Where they stand in the part.
    """

    id: int
    title: str
    source: str
    published: date | None
    text: str
    marks: tuple[Span, ...]


def words_of(query: str) -> list[str]:
    """The words of a query; the first ``MOST_WORDS`` must all stand in an article."""
    return list(dict.fromkeys(_WORD.findall(_fold(query))))


def _fold(text: str) -> str:
    """A text in small letters, each one character, as the databases have them."""
    # The small letter of İ is an i with a mark of its own, which no word would go on after.
    return _MARK.sub("", unicodedata.normalize("NFC", text).casefold())


def search_actors(connection: Connection, model: str, query: str, limit: int = 30) -> list[tuple[str, list[str]]]:
    """Actors whose name holds the query, with the issues they have a series on."""
    row = tables.series.c
    wanted = " ".join(_fold(query).split())
    rows = connection.execute(sa.select(row.actor, row.issue).where(row.model == model, row.object == ANY))
    found: dict[str, list[str]] = {}
    for actor, issue in rows:
        # Not every database knows all capital letters.
        if wanted and wanted in _fold(actor):
            found.setdefault(actor, []).append(issue)
    # Names that begin with it come first.
    names = sorted(found, key=lambda actor: (not _fold(actor).startswith(wanted), actor))
    return [(actor, sorted(found[actor])) for actor in names[:limit]]


def search_articles(connection: Connection, query: str, before: int | None = None, limit: int = 20) -> list[Hit]:
    """Articles that hold all words of a query, those taken in last first.

    Args:
        connection: A connection.
        query: The words, in any form that English has of them.
        before: Only articles of a lesser number.
        limit: Most articles.
    """
    words = words_of(query)[:MOST_WORDS]
    if not words:
        return []
    one = tables.articles.c
    text = sa.func.substr(one.text, 1, _READ)
    select = sa.select(one.id, sa.func.coalesce(one.title, one.key), one.source, one.published, text)
    if connection.dialect.name == "sqlite":
        numbers = _sqlite_numbers(connection, words, before, limit)
        select = select.where(one.id.in_(numbers))
    else:
        vector = "to_tsvector('english', left(coalesce(title, '') || ' ' || text, 100000))"
        select = select.where(
            sa.text(f"{vector} @@ plainto_tsquery('english', :words)").bindparams(words=" ".join(words))
        )
        if before is not None:
            select = select.where(one.id < before)
    rows = connection.execute(select.order_by(one.id.desc()).limit(limit))
    return [
        Hit(number, title, source or "", published, *_part(body, words))
        for number, title, source, published, body in rows
    ]


def _sqlite_numbers(connection: Connection, words: Sequence[str], before: int | None, limit: int) -> list[int]:
    # In quotes a word is nothing but a word: it cannot be one of the search language's own.
    values = {"words": " ".join(f'"{word}"' for word in words), "limit": limit, "before": before or 2**63 - 1}
    query = "SELECT rowid FROM article_words WHERE article_words MATCH :words AND rowid < :before"
    return list(connection.execute(sa.text(f"{query} ORDER BY rowid DESC LIMIT :limit"), values).scalars())


def _part(text: str, words: Sequence[str]) -> tuple[str, tuple[Span, ...]]:
    """The part of a text around the first of the words, on one line, and where words stand in it."""
    # An ending may differ: what stands there was found by its stem.
    stems = "|".join(re.escape(word[: max(4, len(word) - 3)]) for word in words)
    pattern = re.compile(rf"\b(?:{stems})\w*", re.IGNORECASE)
    first = pattern.search(text)
    start = max(0, first.start() - _SHOWN // 3) if first else 0
    # Begins with a whole word.
    start = text.find(" ", start) + 1 if start else 0
    part = " ".join(text[start : start + _SHOWN].split())
    part = ("… " if start else "") + part + ("…" if start + _SHOWN < len(text) else "")
    return part, tuple(Span(*match.span()) for match in pattern.finditer(part))
