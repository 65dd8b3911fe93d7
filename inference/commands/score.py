"""``stancewire score``: articles in, position table out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack

import click

from ...data.errors import StancewireError
from ...data.readers import INPUT_FORMATS, Columns, read_articles
from ...data.schema import Article, Position, Rejected
from ...data.writers import OUTPUT_FORMATS, open_writer
from .options import min_confidence_option, model_option

PARTLY, NOTHING = 1, 2
"""Exit codes: some records could not be scored; none could."""


class Intake:
    """Passes articles on and keeps the rejected records; counts both."""

    def __init__(self, records: Iterable[Article | Rejected]) -> None:
        self._records = records
        self.accepted = 0
        self.rejected: list[Rejected] = []

    def __iter__(self) -> Iterator[Article]:
        for record in self._records:
            if isinstance(record, Rejected):
                self.rejected.append(record)
                click.echo(f"skipped {record.where}: {record.reason}", err=True)
            else:
                self.accepted += 1
                yield record


def _column_options(function: click.decorators.FC) -> click.decorators.FC:
    for name in reversed(("id", "text", "title", "published", "source", "url", "speaker")):
        option = click.option(
            f"--{name}-column", default=name, metavar="NAME", help=f"Input column that holds the {name}."
        )
        function = option(function)
    return function


@click.command(
    "score",
    epilog="""\b
Examples:
  stancewire score article.txt
  stancewire score articles/ -o positions.csv
  stancewire score news.jsonl --text-column body -o positions.parquet
  cat article.txt | stancewire score -""",
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("-o", "--output", metavar="FILE", help="Write the positions to FILE (.jsonl, .csv or .parquet).")
@click.option(
    "--format", "format_", type=click.Choice(OUTPUT_FORMATS), help="Format of the output, whatever its ending."
)
@click.option("--input-format", type=click.Choice(INPUT_FORMATS), help="Format of the input, whatever its ending.")
@model_option
@click.option(
    "--kind",
    type=click.Choice(["all", "stance", "sentiment"]),
    default="all",
    show_default=True,
    help="Which positions to give.",
)
@min_confidence_option
@click.option("--threads", type=click.IntRange(1), metavar="N", help="Threads of the encoder.")
@click.option("--force", is_flag=True, help="Replace an existing output.")
@_column_options
def command(
    paths: tuple[str, ...],
    output: str | None,
    format_: str | None,
    input_format: str | None,
    model: str | None,
    kind: str,
    min_confidence: float,
    threads: int | None,
    force: bool,
    **columns: str,
) -> int:
    """Scores articles: who supports or opposes what, in which sentence, how surely.

    PATH is a file (.txt .md .html .jsonl .json .csv .parquet), a folder, a glob or - for standard input. Without -o a
    readable table is printed. Exit code 1 says that some records were skipped (they are listed), 2 that none could be
    scored.
    """
    names = Columns(**{name.removesuffix("_column"): column for name, column in columns.items()})
    intake = Intake(read_articles(paths, names, input_format))
    with ExitStack() as stack:
        # The output is opened first: what cannot be written should not be computed.
        writer = stack.enter_context(open_writer(output, format_, force)) if output else None
        scored = _score(intake, model, threads)
        positions = (p for p in scored if kind in ("all", p.kind) and p.confidence >= min_confidence)
        if writer is not None:
            writer.write(positions)
        else:
            _print(positions, format_)
        if not intake.accepted:
            raise StancewireError(_nothing(intake.rejected))
    if writer is not None:
        click.echo(f"{writer.rows} positions from {intake.accepted} articles written to {output}", err=True)
    return exit_code(intake)


def exit_code(intake: Intake) -> int:
    """The exit code after the records of an intake; says how many were skipped.

    Raises:
        StancewireError: None could be scored.
    """
    if not intake.accepted:
        raise StancewireError(_nothing(intake.rejected))
    if intake.rejected:
        click.echo(f"{len(intake.rejected)} of {intake.accepted + len(intake.rejected)} records skipped", err=True)
        return PARTLY
    return 0


def _score(articles: Iterable[Article], model: str | None, threads: int | None) -> Iterator[Position]:
    # Imported here, so that `--help` and bad arguments answer before ONNX Runtime is loaded.
    from ..scorer import Scorer

    yield from Scorer.from_pretrained(model, threads).stream(_with_progress(articles))


def _with_progress(articles: Iterable[Article]) -> Iterator[Article]:
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield from articles
        return
    columns = SpinnerColumn(), TextColumn("{task.completed} articles"), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("score", total=None)
        for article in articles:
            yield article
            progress.advance(task)


def _print(positions: Iterable[Position], format_: str | None) -> None:
    if format_ is not None:
        raise StancewireError("--format needs an output file: add -o FILE, or leave it out for a table")
    from ..table import print_positions

    print_positions(positions)


def _nothing(rejected: list[Rejected]) -> str:
    if len(rejected) == 1:
        return f"nothing to score: {rejected[0].where}: {rejected[0].reason}"
    if rejected:
        return f"nothing to score: all {len(rejected)} records were skipped, for the reasons above"
    return "nothing to score: the input holds no record"
