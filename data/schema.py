"""The records that flow through stancewire: articles in, positions out.

Every offset is a character offset (Python string index) into ``Article.text`` exactly as it was given.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

from .dates import iso_date

POSITION_SCHEMA_VERSION = 1
"""Raised when a column of the position table is added, renamed, retyped or moved."""

STANCES = ("support", "oppose", "neutral")
SENTIMENTS = ("positive", "neutral", "negative")


@dataclass(frozen=True, slots=True)
class Article:
    """One article to score.

    Attributes:
        id: Stable identifier, unique within a batch.
        text: The body, exactly as given.
        title: Headline, if known.
        published: ISO 8601 date (``YYYY-MM-DD``), if known. Dates in other forms become one; what is no date, None.
        source: Publisher, if known.
        url: Address, if known.
        speaker: Who *I* and *we* are in a speech or statement, if known.
    """

    id: str
    text: str
    title: str | None = None
    published: str | None = None
    source: str | None = None
    url: str | None = None
    speaker: str | None = None

    def __post_init__(self) -> None:
        # Offices and rulers go by the date, and tables have one form of it, whoever makes the article.
        object.__setattr__(self, "published", iso_date(self.published))


ARTICLE_FIELDS = tuple(field.name for field in fields(Article))


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that could not be scored: where it stands and why, in words that say how to mend it."""

    where: str
    reason: str


class Span(NamedTuple):
    """Half-open character range ``[start, end)`` of a text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Position:
    """One row of the position table; the field order is the column order.

    Attributes:
        article_id: The article's id.
        sentence: Index of the sentence in the article, from 0.
        start: First character of the sentence in the article's text.
        end: One past the last character of the sentence.
        text: The sentence.
        kind: ``stance`` or ``sentiment``.
        actor: Canonical actor name.
        issue: Issue id; empty for sentiment.
        label: ``support``, ``oppose``, ``neutral``; for sentiment ``positive``, ``neutral``, ``negative``.
        confidence: Calibrated probability of the label, 0 to 1.
        object: Whom or where the issue concerns.
        published: ISO date or empty.
        model: Name and version of the model.
    """

    article_id: str
    sentence: int
    start: int
    end: int
    text: str
    kind: str
    actor: str
    issue: str
    label: str
    confidence: float
    object: list[str]
    published: str
    model: str


POSITION_COLUMNS = tuple(field.name for field in fields(Position))


@dataclass(frozen=True, slots=True)
class ArticleRow:
    """One row of the article table: what became of one record of the input; the field order is the column order.

    Attributes:
        article_id: The article's id; where there was no article, the place in the input.
        status: ``scored`` or ``skipped``.
        reason: Why it was skipped; empty if it was scored.
        story_id: Common to all copies of a story; empty if it was skipped.
        positions: How many rows of the position table are its own.
        title: Headline, or empty.
        published: ISO date, or empty.
        source: Publisher, or empty.
        url: Address, or empty.
    """

    article_id: str
    status: str
    reason: str
    story_id: str
    positions: int
    title: str
    published: str
    source: str
    url: str


ARTICLE_COLUMNS = tuple(field.name for field in fields(ArticleRow))


@dataclass(frozen=True, slots=True)
class Mention:
    """One mention of one or more actors in an article.

    Attributes:
        start: First character in the article's text.
        end: One past the last character.
        actors: Canonical names; more than one for *both sides*.
        kind: ``name``, ``title``, ``demonym``, ``metonym``, ``pronoun``, ``description``, ``first_person``, ``group``;
            ``speaker`` is an empty mention at the start of a sentence that only implies whose words it gives.
    """

    start: int
    end: int
    actors: tuple[str, ...]
    kind: str
