"""``stancewire report``: a position table as a page for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...data.errors import StancewireError
from .options import min_confidence_option, model_option

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ...data.schema import Article, Position, Span


@click.command(
    "report",
    epilog="""\b
Examples:
  stancewire score articles/ -o positions.parquet && stancewire report positions.parquet -o report.html
  stancewire report positions.csv --articles articles/ -o report.html""",
)
@click.argument("positions", nargs=-1, required=True, metavar="POSITIONS...")
@click.option("-o", "--output", default="report.html", show_default=True, metavar="FILE", help="The page.")
@click.option(
    "--articles",
    multiple=True,
    metavar="PATH",
    help="The articles that were scored: for titles and links, and to mark the words that decided each stance.",
)
@model_option
@min_confidence_option
@click.option("--force", is_flag=True, help="Replace an existing output.")
def command(
    positions: tuple[str, ...],
    output: str,
    articles: tuple[str, ...],
    model: str | None,
    min_confidence: float,
    force: bool,
) -> int:
    """Makes one HTML page of position tables: who stands where, since when, how sure, and the sentences behind it.

    The page needs no network. In each sentence the issue's words are marked, or, with --articles, the words that
    decided the stance (found by leaving each out and asking --model again).
    """
    from ...data.issues import load_issues
    from ...data.writers import read_positions
    from ..report import make_report

    target = Path(output)
    if target.exists() and not force:
        raise StancewireError(f"{output}: exists already; name another file or pass --force")
    rows = [row for path in positions for row in read_positions(path) if row.confidence >= min_confidence]
    known, marks = _known(articles, model) if articles else (None, None)
    html = make_report(rows, load_issues(), known, marks)
    try:
        partial = target.with_name(target.name + ".partial")
        partial.write_text(html, encoding="utf-8")
        partial.replace(target)
    except OSError as error:
        raise StancewireError(
            f"{output}: cannot be written ({error.strerror}); name a file in a folder you can write to"
        ) from error
    click.echo(f"{len({row.article_id for row in rows})} articles, {len(rows)} rows: {output}", err=True)
    return 0


def _known(
    paths: tuple[str, ...], model: str | None
) -> tuple[Mapping[str, Article], Callable[[Position], Sequence[Span]]]:
    from ...data.readers import read_articles
    from ...data.schema import Rejected, Span
    from ..evidence import find_evidence
    from ..scorer import Scorer

    found = {one.id: one for one in read_articles(paths) if not isinstance(one, Rejected)}
    scorer = Scorer.from_pretrained(model)

    def marks(row: Position) -> list[Span]:
        article = found.get(row.article_id)
        # A table of other articles, or of a text that was changed since.
        if article is None or article.text[row.start : row.end] != row.text:
            return []
        return [Span(word.start - row.start, word.end - row.start) for word in find_evidence(scorer, article, row)]

    return found, marks
