"""``stancewire report``: a position table as a page for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...data.errors import StancewireError
from .options import min_confidence_option, model_option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...data.schema import Article, Span
    from ..aggregate import Cell
    from ..report import RowKey


@click.command(
    "report",
    epilog="""\b
Examples:
  stancewire score articles/ -o positions.parquet && stancewire report positions.parquet -o report.html
  stancewire report positions.csv --articles articles/ --explain -o report.html""",
)
@click.argument("positions", nargs=-1, required=True, metavar="POSITIONS...")
@click.option("-o", "--output", default="report.html", show_default=True, metavar="FILE", help="The page.")
@click.option("--articles", multiple=True, metavar="PATH", help="The articles that were scored, for --explain.")
@click.option("--explain", is_flag=True, help="Mark the words that decided each stance (with --articles; minutes).")
@model_option
@min_confidence_option
@click.option("--force", is_flag=True, help="Replace an existing output.")
def command(
    positions: tuple[str, ...],
    output: str,
    articles: tuple[str, ...],
    explain: bool,
    model: str | None,
    min_confidence: float,
    force: bool,
) -> int:
    """Makes one HTML page of position tables: who stands where, since when, how sure, and the sentences behind it.

    The page needs no network. In each sentence the words of the issue are marked, or, with --explain, those that
    decided the stance: each word is left out in turn and the model asked again. Titles, links and stories come from the
    article table that `stancewire score` writes beside the positions, where it still lies there.
    """
    from ...data.issues import load_issues
    from ...data.readers import read_articles
    from ...data.schema import Rejected
    from ...data.writers import write_whole
    from ..aggregate import aggregate
    from ..report import make_report
    from ..tables import read_tables, story_of

    target = Path(output)
    if target.exists() and not force:
        raise StancewireError(f"{output}: exists already; name another file or pass --force")
    if explain and not articles:
        raise StancewireError("--explain: name the articles that were scored with --articles PATH")
    rows, beside = read_tables(positions, min_confidence)
    known = {one.id: one for one in read_articles(articles) if not isinstance(one, Rejected)} if articles else {}
    cells = aggregate(rows, story_of(beside))
    marks = _decisive(cells, known, model) if explain else {}
    html = make_report(rows, cells, load_issues(), beside | known, marks)
    write_whole(target, html)
    click.echo(f"{len({row.article_id for row in rows})} articles, {len(rows)} rows: {output}", err=True)
    return 0


def _decisive(cells: Sequence[Cell], articles: Mapping[str, Article], model: str | None) -> dict[RowKey, list[Span]]:
    """The words that decided each row that is shown, as offsets into its sentence."""
    from rich.console import Console
    from rich.progress import track

    from ...data.schema import Span
    from ..evidence import find_evidence
    from ..report import row_key, shown_rows
    from ..scorer import Scorer

    scorer = Scorer.from_pretrained(model)
    rows = [row for cell in cells for row in shown_rows(cell)]
    console = Console(stderr=True)
    found = {}
    for row in track(rows, "explaining", console=console, transient=True, disable=not console.is_terminal):
        article = articles.get(row.article_id)
        # A table of other articles, or of a text that was changed since, keeps the words of the issue.
        if article is not None and article.text[row.start : row.end] == row.text:
            words = find_evidence(scorer, article, row)
            found[row_key(row)] = [Span(word.start - row.start, word.end - row.start) for word in words]
    return found
