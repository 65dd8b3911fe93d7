"""The report: who stands where, since when, how sure, and the sentence behind it, as one HTML page without network."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from ..data.errors import MissingExtraError
from ..data.issues import Issue
from ..data.schema import Article, ArticleRow, Position, Span
from .aggregate import LEAST, SIGN, Cell

SHOWN = 4
"""Sentences of each label in a cell that are shown where nothing else is said, the surest first."""

# Characters that would turn the writing of the whole page round, or that no page may hold.
_STRAY = re.compile("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f-\x9f]|[\ud800-\udfff]")

RowKey = tuple[str, int, str, str]
"""Article, sentence, actor and issue of a row."""


@dataclass(frozen=True)
class Piece:
    """A stretch of a sentence, marked or not."""

    text: str
    is_marked: bool


def plain(value: Any) -> Any:
    """Any text that a template writes, without characters that reach beyond it, each replaced by one: offsets stay."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return _STRAY.sub("\ufffd", value)
    return value


def row_key(row: Position) -> RowKey:
    """What tells a stance from the others of a table."""
    return row.article_id, row.sentence, row.actor, row.issue


def make_report(
    rows: Sequence[Position],
    cells: Sequence[Cell],
    sentiment: Sequence[Cell],
    issues: Sequence[Issue],
    articles: Mapping[str, Article | ArticleRow],
    marks: Mapping[RowKey, Sequence[Span]],
    most: int = SHOWN,
) -> str:
    """The report as HTML.

    Args:
        rows: Rows of a position table.
        cells: What :func:`stancewire.inference.aggregate.aggregate` makes of their stances.
        sentiment: What it makes of their sentiment.
        issues: Issues, whose cues are marked in the sentences that ``marks`` leaves out.
        articles: The articles, or their rows of the article table, by id, for titles, sources and addresses.
        marks: The words that decided a position, as offsets into its sentence.
        most: Sentences of each label in a cell that are shown.

    Raises:
        MissingExtraError: Jinja is not installed.
    """
    try:
        import jinja2
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"a report ({error.name} is missing)", "report") from error
    templates = Path(__file__).parent / "templates"
    script = (templates / "report.js").read_text(encoding="utf-8")
    page = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=plain,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    known = {issue.id: issue for issue in issues}
    names = list(dict.fromkeys([*known, *sorted(cell.issue for cell in cells)]))
    by_place = {(cell.actor, cell.issue): (number, cell) for number, cell in enumerate(cells)}
    return page.get_template("report.html").render(
        actors=list(dict.fromkeys(cell.actor for cell in cells)),
        issues=[name for name in names if any(cell.issue == name for cell in cells)],
        cells=by_place,
        shifts=sorted((c for c in cells if c.shift), key=lambda c: -abs(c.shift.value)),  # type: ignore[union-attr]
        evidence={
            number: _evidence(shown_rows(cell, most), known, articles, marks) for number, cell in by_place.values()
        },
        sparks={number: _spark(cell) for number, cell in by_place.values()},
        sentences={number: len({row.text for row in cell.rows}) for number, cell in by_place.values()},
        sentiment=[cell for cell in sentiment if cell.net],
        thin=sum(cell.net is None for cell in sentiment),
        least=LEAST,
        n_articles=len({row.article_id for row in rows}),
        n_rows=sum(len(cell.rows) for cell in cells),
        dates=(min(dates), max(dates)) if (dates := [row.published for row in rows if row.published]) else None,
        models=sorted({row.model for row in rows}),
        script=script,
        # Nothing but this very script may run, whatever an article holds.
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def shown_rows(cell: Cell, most: int = SHOWN) -> list[Position]:
    """The rows of a cell that the report shows: the surest of each label, each sentence once."""
    found: list[Position] = []
    taken: Counter[str] = Counter()
    seen: set[str] = set()
    for row in cell.rows:
        if taken[row.label] < most and row.text not in seen:
            found.append(row)
            taken[row.label] += 1
            seen.add(row.text)
    return sorted(found, key=lambda row: (-SIGN[row.label], -row.confidence))


def _evidence(
    rows: Iterable[Position],
    issues: Mapping[str, Issue],
    articles: Mapping[str, Article | ArticleRow],
    marks: Mapping[RowKey, Sequence[Span]],
) -> list[dict[str, Any]]:
    shown = []
    for row in rows:
        cues = issues[row.issue].find_cues(plain(row.text)) if row.issue in issues else []
        spans = marks.get(row_key(row), cues)
        article = articles.get(row.article_id)
        url = (article.url if article else None) or ""
        shown.append(
            {
                "row": row,
                "pieces": mark_pieces(row.text, spans),
                "title": (article.title if article else None) or row.article_id,
                "source": (article.source if article else None) or "",
                # A link that runs code is none.
                "url": url if url.startswith(("https://", "http://")) else "",
            }
        )
    return shown


def mark_pieces(text: str, spans: Iterable[Span]) -> list[Piece]:
    """Cuts a text into marked and unmarked stretches."""
    marked = set(chain.from_iterable(range(*span) for span in spans))
    pieces: list[Piece] = []
    for place, character in enumerate(text):
        if pieces and pieces[-1].is_marked == (place in marked):
            pieces[-1] = Piece(pieces[-1].text + character, pieces[-1].is_marked)
        else:
            pieces.append(Piece(character, place in marked))
    return pieces


def _spark(cell: Cell) -> list[dict[str, Any]]:
    """Points of the trend on a canvas of 100 by 40: x by place, y by net stance, size by stories."""
    most = max((stories for _, stories, _ in cell.trend), default=1)
    step = 100 / max(1, len(cell.trend))
    return [
        {
            "x": round(step * (place + 0.5), 1),
            "y": round(20 - 15 * net, 1),
            "size": round(0.9 + 1.1 * (stories / most) ** 0.5, 1),
            # A single story is shown, and not as an average.
            "few": stories < LEAST,
            "title": f"{period}: {net:+.2f}, {stories} {'story' if stories == 1 else 'stories'}",
        }
        for place, (period, stories, net) in enumerate(cell.trend)
    ]
