"""``stancewire report``: a position table as a page for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...data.errors import StancewireError
from .options import min_confidence_option, model_option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...data.schema import Article, Position, Span
    from ..report import RowKey

_ENDINGS = (".html", ".htm")


@click.command(
    "report",
    epilog="""\b
Examples:
  stancewire score articles/ -o positions.parquet && stancewire report positions.parquet -o report.html
  stancewire report positions.csv --articles articles/ --explain -o report.html""",
)
@click.argument("positions", nargs=-1, required=True, metavar="POSITIONS...")
@click.option("-o", "--output", default="report.html", show_default=True, metavar="FILE", help="The page: .html.")
@click.option("--articles", multiple=True, metavar="PATH", help="The articles that were scored, for --explain.")
@click.option(
    "--sentences",
    type=click.IntRange(1),
    default=4,
    show_default=True,
    metavar="N",
    help="Most sentences of each label in a cell, the surest first.",
)
@click.option("--explain", is_flag=True, help="Mark the words that decided each stance (with --articles; minutes).")
@model_option
@min_confidence_option
@click.option("--force", is_flag=True, help="Replace an existing output.")
def command(
    positions: tuple[str, ...],
    output: str,
    articles: tuple[str, ...],
    sentences: int,
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
    from ...data.writers import check_target, write_whole
    from ..aggregate import aggregate
    from ..report import make_report, shown_rows
    from ..tables import read_tables, story_of

    if Path(output).suffix.lower() not in _ENDINGS:
        raise StancewireError(f"{output}: a page ends in one of {' '.join(_ENDINGS)}")
    target = check_target(Path(output), force)
    if target in {Path(path).resolve() for path in (*positions, *articles)}:
        raise StancewireError(f"{output}: is one of the files to read; name another output")
    if explain and not articles:
        raise StancewireError("--explain: name the articles that were scored with --articles PATH")
    rows, beside = read_tables(positions, min_confidence)
    known = {one.id: one for one in read_articles(articles) if not isinstance(one, Rejected)} if articles else {}
    stories = story_of(beside)
    cells, sentiment = aggregate(rows, stories), aggregate(rows, stories, kind="sentiment")
    marks = _decisive([row for cell in cells for row in shown_rows(cell, sentences)], known, model) if explain else {}
    write_whole(target, make_report(rows, cells, sentiment, load_issues(), beside | known, marks, sentences))
    stances, mentions = (sum(len(cell.rows) for cell in found) for found in (cells, sentiment))
    number = len({row.article_id for row in rows})
    click.echo(f"{output}: {number} articles, {stances} stances, {mentions} mentions with their sentiment", err=True)
    return 0


def _decisive(rows: Sequence[Position], articles: Mapping[str, Article], model: str | None) -> dict[RowKey, list[Span]]:
    """The words that decided each row, as offsets into its sentence."""
    from rich.console import Console
    from rich.progress import track

    from ...data.schema import Span
    from ..evidence import find_evidence
    from ..report import row_key
    from ..scorer import Scorer

    scorer = Scorer.from_pretrained(model)
    console = Console(stderr=True)
    found = {}
    for row in track(rows, "explaining", console=console, transient=True, disable=not console.is_terminal):
        article = articles.get(row.article_id)
        # A table of other articles, or of a text that was changed since, keeps the words of the issue.
        if article is not None and article.text[row.start : row.end] == row.text:
            words = find_evidence(scorer, article, row)
            found[row_key(row)] = [Span(word.start - row.start, word.end - row.start) for word in words]
    return found
