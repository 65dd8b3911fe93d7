"""Position tables back to articles, for a database to take in: a table whole, or none of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from ...data.dates import iso_date
from ...data.errors import StancewireError
from ...data.readers import MAX_CHARS
from ...data.schema import SENTIMENTS, STANCES, Article, ArticleRow, Position
from ...data.writers import article_table_of, read_article_rows, read_positions

_LABELS = {"stance": STANCES, "sentiment": SENTIMENTS}


def read_table(path: str | Path, model: str) -> Iterator[tuple[Article, list[Position]]]:
    """Reads a position table, with the article table beside it.

    Such a table has no text but the sentences of its rows; they stand at their places, with blanks between them.

    Args:
        path: The table.
        model: Name and version of the model that the database is read with, as tables have it.

    Returns:
        The articles with their positions.

    Raises:
        StancewireError: It is no such table, another model wrote it, or one of its rows cannot be taken in.
    """
    _check(path, model)
    beside = article_table_of(path)
    about = {row.article_id: row for row in read_article_rows(beside)} if beside.is_file() else {}
    groups = groupby(read_positions(path), key=lambda position: position.article_id)
    rows_of = ((key, list(rows)) for key, rows in groups)
    return ((_article_of(key, rows, about.get(key)), rows) for key, rows in rows_of)


def _check(path: str | Path, model: str) -> None:
    """Reads the whole table, as half an article would pass for a whole one later on."""
    ended, answers, article = set[str](), set[tuple[int, str, str, str]](), None
    for number, row in enumerate(read_positions(path), 1):
        problem = _problem(row, model)
        if not problem and row.article_id != article:
            ended.add(article or "")
            article, answers = row.article_id, set()
            if article in ended:
                problem = f"the rows of {article!r} do not stand together; sort the table by article_id"
        answer = row.sentence, row.kind, row.actor, row.issue
        if not problem and answer in answers:
            problem = "it says the same twice"
        if problem:
            raise StancewireError(f"{path}, row {number}: {problem}; nothing of the table is taken in")
        answers.add(answer)


def _problem(row: Position, model: str) -> str:
    """Why a row cannot be taken in; empty if it can."""
    texts = [row.article_id, row.text, row.kind, row.actor, row.issue, row.label, row.model]
    texts += row.object if isinstance(row.object, list) else [row.object]
    if not row.article_id or not all(isinstance(text, str) for text in texts):
        return "a text is missing"
    if row.model != model:
        return f"scored by {row.model}, and the database is read with {model}; score the articles anew"
    if row.label not in _LABELS.get(row.kind, ()):
        return f"{row.label!r} is no label of a {row.kind}"
    if not (0 <= row.start <= row.end <= MAX_CHARS and 0 <= row.sentence <= MAX_CHARS and 0 <= row.confidence <= 1):
        return "a number is out of range"
    if row.published and iso_date(row.published) is None:
        return f"published is {row.published!r} and no date such as 2026-03-01"
    try:
        return "a text holds a null" if b"\0" in "".join(texts).encode() else ""
    except UnicodeEncodeError:
        return "a text is broken"


def _article_of(key: str, rows: Sequence[Position], about: ArticleRow | None) -> Article:
    """An article as its rows know it: the sentences at their places, nothing between them."""
    text = ""
    for row in sorted(rows, key=lambda row: row.start):
        if row.start >= len(text):
            text = text.ljust(row.start) + row.text
    given = {name: getattr(about, name) or None for name in ("title", "source", "url")} if about else {}
    return Article(key, text, published=rows[0].published or None, **given)
