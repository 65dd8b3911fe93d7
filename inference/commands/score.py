"""``stancewire score``: articles in, position table out."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...data.errors import StancewireError
from ...data.readers import INPUT_FORMATS, UNFINISHED, Columns, count_records, read_articles
from ...data.schema import Article, ArticleRow, Position, Rejected
from ...data.writers import OUTPUT_FORMATS, article_table_of, check_target, format_of, open_writer
from ..filter import PositionFilter
from .options import min_confidence_option, model_option

if TYPE_CHECKING:
    from ..run import Outcome
    from ..workers import Scoring

PARTLY, NOTHING = 1, 2
"""Exit codes: some records could not be scored; none could."""


class Intake:
    """Reads articles and keeps the rejected records; counts both. Iterated it gives the articles alone.

    Args:
        paths: Files, folders, glob patterns, or ``-`` for standard input.
        columns: The input columns of tables and JSON records.
        format: One of ``INPUT_FORMATS`` for all inputs; by default each file's ending tells.
    """

    def __init__(self, paths: Sequence[str], columns: Columns | None = None, format: str | None = None) -> None:
        self._records = read_articles(paths, columns or Columns(), format, on_no_date=self._note_no_date)
        self.accepted = 0
        self.rejected: list[Rejected] = []
        self.no_dates = 0
        self.first_no_date = ""

    def __iter__(self) -> Iterator[Article]:
        return (record for record in self.records() if isinstance(record, Article))

    def records(self) -> Iterator[Article | Rejected]:
        """All records, the rejected ones too; these are listed as they come."""
        for record in self._records:
            if isinstance(record, Rejected):
                self.rejected.append(record)
                click.echo(f"skipped {record.where}: {record.reason}", err=True)
            else:
                self.accepted += 1
            yield record

    def _note_no_date(self, where: str, value: Any) -> None:
        self.no_dates += 1
        self.first_no_date = self.first_no_date or f"{str(value)[:40]!r} at {where}"


_COLUMNS = {
    "id": "the article's id",
    "text": "its text",
    "title": "its headline",
    "published": "its date",
    "source": "its publisher",
    "url": "its address",
    "speaker": "who speaks in it",
}


def _column_options(function: click.decorators.FC) -> click.decorators.FC:
    for name, what in reversed(_COLUMNS.items()):
        option = click.option(
            f"--{name}-column", default=name, show_default=True, metavar="NAME", help=f"Input column: {what}."
        )
        function = option(function)
    return function


@click.command(
    "score",
    epilog="""\b
Examples:
  stancewire score article.txt
  stancewire score articles/ -o positions.csv
  stancewire score news.jsonl --text-column body -o positions.parquet --workers 2
  stancewire score archive/ -o positions.parquet --topical-only --stories stories.sqlite
  stancewire score s3://news/articles -o s3://news/positions --engine ray --workers 64 --ray-address auto
  cat article.txt | stancewire score -""",
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Write the positions to FILE (.jsonl .csv .parquet .xlsx), and what became of each article beside it.",
)
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
@click.option("--topical-only", is_flag=True, help="Leave out articles that name no issue, and their sentiment.")
@click.option("--stories", metavar="FILE", help="Keep the stories of articles in FILE, to know copies in later runs.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes (with -o).")
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Where to score; with ray -o is a folder or URL that gets both tables in parts.",
)
@click.option("--ray-address", metavar="ADDRESS", help="A Ray cluster; without it one is started on this machine.")
@click.option("--threads", type=click.IntRange(1), metavar="N", help="Threads of the encoder in each process.")
@click.option("--force", is_flag=True, help="Replace an existing output.")
@click.option("--restart", is_flag=True, help="Begin anew in place of going on with an unfinished run.")
@_column_options
def command(
    paths: tuple[str, ...],
    output: str | None,
    format_: str | None,
    input_format: str | None,
    model: str | None,
    kind: str,
    min_confidence: float,
    topical_only: bool,
    stories: str | None,
    workers: int,
    engine: str,
    ray_address: str | None,
    threads: int | None,
    force: bool,
    restart: bool,
    **columns: str,
) -> int:
    """Scores articles: who supports or opposes what, in which sentence, how surely.

    PATH is a file (.txt .md .html .jsonl .json .csv .parquet), a folder, a glob or - for standard input. Without -o a
    readable table is printed.

    With -o a run that was broken off goes on when the same command is given again. Beside FILE, say positions.csv,
    stands positions.articles.csv: for each article whether it was scored or why not, and its story, which copies share.

    Exit code 1 says that some records were skipped (they are listed), 2 that none could be scored.
    """
    from ..workers import Scoring

    for name, given in (("--stories", stories), ("--workers", workers > 1), ("--restart", restart)):
        if given and output is None:
            raise StancewireError(f"{name} needs an output file: add -o FILE, or leave it out for a table")
    if ray_address and engine != "ray":
        raise StancewireError("--ray-address needs --engine ray: add it, or leave the address out")
    names = Columns(**{name.removesuffix("_column"): column for name, column in columns.items()})
    keep = PositionFilter(kind, min_confidence)
    scoring = Scoring(model, threads, topical_only)
    if engine == "ray":
        if output is None:
            raise StancewireError("--engine ray needs a folder or URL for its tables: add -o FOLDER")
        return _score_on_ray(paths, output, format_, names, keep, scoring, workers, ray_address, stories)
    intake = Intake(paths, names, input_format)
    if output is None:
        _print(_stream(intake, model, threads, topical_only), keep, format_)
        return exit_code(intake)

    from ...models.locate import find_model
    from ..run import ScoringRun

    target, table, folder = _places(output, format_)
    if restart:
        shutil.rmtree(folder, ignore_errors=True)
    # What an unfinished run has written is its own.
    force = force or folder.exists()
    check_target(target, force)
    check_target(table, force)
    settings = {
        "input": [*paths],
        "columns": columns,
        "input format": input_format,
        "model": _fingerprint(find_model(model)),
        "kind": kind,
        "least confidence": min_confidence,
        "topical only": topical_only,
        "stories": stories,
    }
    known = Path(stories) if stories else None
    run = ScoringRun(folder, settings, scoring, workers, keep, known)
    try:
        failed = _follow(run.score(intake.records()), paths, input_format)
    except KeyboardInterrupt:
        click.echo("the same command goes on where this one stopped", err=True)
        raise
    if not intake.accepted:
        run.remove()
    code = exit_code(intake, failed)
    with (
        open_writer(target, format_, force) as positions,
        open_writer(table, format_of(target, format_), force, ArticleRow) as articles,
    ):
        counts = run.finish(positions, articles)
    run.remove()
    click.echo(f"{counts.positions} positions from {counts.scored} articles written to {output}", err=True)
    return code


def _score_on_ray(
    paths: tuple[str, ...],
    output: str,
    format_: str | None,
    columns: Columns,
    keep: PositionFilter,
    scoring: Scoring,
    workers: int,
    address: str | None,
    stories: str | None,
) -> int:
    from ..ray_engine import score_on_ray

    counts = score_on_ray(paths, output, scoring, columns, keep, workers, address, format_ or "parquet", stories)
    said = f", {counts.skipped} records skipped (see articles/)" if counts.skipped else ""
    click.echo(f"{counts.positions} positions from {counts.scored} articles written to {output}{said}", err=True)
    return 0 if counts.scored else NOTHING


def _places(output: str, format_: str | None) -> tuple[Path, Path, Path]:
    """The position table, the article table, and the folder of the unfinished run."""
    format_of(output, format_)
    target = Path(output)
    return target, article_table_of(target), target.with_name(target.name + UNFINISHED)


def _fingerprint(folder: Path) -> str:
    """What a model's folder says of itself, its checksums too, in one hash."""
    from hashlib import blake2b

    return blake2b((folder / "config.json").read_bytes(), digest_size=16).hexdigest()


def _follow(outcomes: Iterable[Outcome], paths: tuple[str, ...], input_format: str | None) -> int:
    """Goes through a run and shows how far it is; counts the articles that could not be scored."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TimeRemainingColumn

    from ..run import SKIPPED

    class Rate(ProgressColumn):
        def render(self, task: Task) -> str:
            return f"{task.speed:,.1f} a second" if task.speed else ""

    failed = 0
    console = Console(stderr=True)
    total = count_records(paths, input_format) if console.is_terminal else None
    columns = BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("score", total=total)
        for row, _ in outcomes:
            progress.advance(task)
            # Rejected records were listed when they were read.
            if row.status == SKIPPED and row.reason.startswith("could not"):
                failed += 1
                click.echo(f"skipped {row.article_id}: {row.reason}", err=True)
    return failed


def exit_code(intake: Intake, failed: int = 0) -> int:
    """The exit code after the records of an intake; says how many were skipped, and how many dates left out.

    Args:
        intake: The records.
        failed: Articles that were well formed and could not be scored all the same.

    Raises:
        StancewireError: None could be scored.
    """
    if not intake.accepted:
        raise StancewireError(_nothing(intake.rejected))
    if intake.no_dates:
        click.echo(
            f"{intake.no_dates} dates not understood and left out, the first {intake.first_no_date}: write YYYY-MM-DD",
            err=True,
        )
    skipped = len(intake.rejected) + failed
    if skipped:
        click.echo(f"{skipped} of {intake.accepted + len(intake.rejected)} records skipped", err=True)
        return PARTLY
    return 0


def _stream(intake: Intake, model: str | None, threads: int | None, topical_only: bool) -> Iterator[Position]:
    from ..scorer import Scorer

    scorer = Scorer.from_pretrained(model, threads)
    yield from scorer.stream(one for one in intake if not topical_only or scorer.names_an_issue(one))
    if not intake.accepted:
        # In place of a table that says that nothing was found.
        raise StancewireError(_nothing(intake.rejected))


def _print(positions: Iterable[Position], keep: PositionFilter, format_: str | None) -> None:
    if format_ is not None:
        raise StancewireError("--format needs an output file: add -o FILE, or leave it out for a table")
    from ..table import print_positions

    print_positions(filter(keep, positions))


def _nothing(rejected: list[Rejected]) -> str:
    if len(rejected) == 1:
        return f"nothing to score: {rejected[0].where}: {rejected[0].reason}"
    if rejected:
        return f"nothing to score: all {len(rejected)} records were skipped, for the reasons above"
    return "nothing to score: the input holds no record"
