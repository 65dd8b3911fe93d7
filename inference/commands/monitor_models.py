"""``stancewire monitor models``, ``rescore`` and ``drift``: with what the monitor reads, and whether it still fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ...data.errors import StancewireError
from ..monitor.dates import utc_now
from .options import database_option, model_option, open_store

if TYPE_CHECKING:
    from rich.console import Console

    from ..monitor.drift import Accuracy, DriftCheck
    from ..monitor.drift_figures import Figure


@click.command(
    "rescore",
    epilog="""\b
Examples:
  stancewire monitor rescore --model runs/mine
  stancewire monitor rescore --model models:/stancewire@champion --days 730""",
)
@model_option
@click.option(
    "--days",
    type=click.IntRange(0),
    default=365,
    show_default=True,
    help="Age of the articles that are read anew; of thin series older ones are too.",
)
@database_option
def rescore(model: str | None, days: int, database: str) -> int:
    """Lets a new model read the history, then shows the series by it; what the old one said is kept.

    Until it is done the old model's series go on. After a break the same command goes on where it stopped.
    """
    store = open_store(database)
    from ..monitor.models import current_model, model_name
    from ..monitor.rescore import catch_up
    from ..scorer import Scorer

    scorer = Scorer.from_pretrained(model)
    name = model_name(scorer.model.config)
    with store.reading() as connection:
        old = current_model(connection)
    if old is None:
        raise StancewireError(
            f"database {store.name}: no article has been read yet; begin with `stancewire monitor ingest`"
        )
    if old == name:
        click.echo(f"{name} is the current model already", err=True)
        return 0
    read = catch_up(store, scorer, utc_now(), days)
    click.echo(f"{name} has read {read} articles and is the current model, in place of {old}", err=True)
    return 0


@click.command(
    "models",
    epilog="""\b
Example:
  stancewire monitor models""",
)
@database_option
def models(database: str) -> int:
    """Lists the models that the database was read with, each by its version."""
    store = open_store(database)
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from ..monitor.models import known_models

    with store.reading() as connection:
        known = known_models(connection)
    if not known:
        click.echo("no model has read this database yet")
        return 0
    table = Table("model", "state", "articles", "known since", "current since", box=SIMPLE_HEAD, pad_edge=False)
    for one in known:
        since = one.switched or (None if one.state == "rescoring" else one.added)
        name, state = Text(one.name), Text(one.state)
        table.add_row(name, state, f"{one.articles:,}", f"{one.added:%Y-%m-%d}", f"{since:%Y-%m-%d}" if since else "")
    _console().print(table)
    return 0


@click.command(
    "drift",
    epilog="""\b
Examples:
  stancewire monitor drift
  stancewire monitor drift --weeks 26""",
)
@click.option("--weeks", type=click.IntRange(1), default=8, show_default=True, help="How many weeks.")
@database_option
def drift(weeks: int, database: str) -> int:
    """Shows whether the articles of the last weeks are of the kind that they were, and how sure the model is of them.

    Each week is compared with the twelve before it: sources, words, actors, labels, dates, length, volume. The accuracy
    is estimated without labels, from the model's confidence. Nothing is changed and no alert raised.
    """
    store = open_store(database)
    from ..monitor.drift import recent_checks

    checks = recent_checks(store, utc_now(), weeks)
    if not checks:
        click.echo("too few weeks to compare: it takes four to compare a week with, and six that were compared before")
        return 0
    console = _console()
    _print_weeks(console, checks)
    _print_figures(console, checks[-1])
    return 0


def _print_weeks(console: Console, checks: list[DriftCheck]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table("week of", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("articles", justify="right")
    table.add_column("estimated accuracy", justify="right")
    table.add_column("before", justify="right")
    table.add_column("moved")
    for check in checks:
        accuracy, usual = _share(check.accuracy), _share(check.usual_accuracy)
        table.add_row(f"{check.start}", f"{check.articles:,}", accuracy, usual, check.direction)
    console.print(table)


def _print_figures(console: Console, check: DriftCheck) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(f"week of {check.start}", box=SIMPLE_HEAD, pad_edge=False)
    for head in ("value", "expected", "usual"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("")
    table.add_column("what has changed most: before, now")
    for one in check.figures:
        usual = f"{one.low:.3g} to {one.high:.3g}"
        moved = "moved" if one.moved else ""
        table.add_row(one.name, f"{one.value:.3g}", f"{one.expected:.3g}", usual, moved, Text(_most(one)))
    console.print(table)


def _most(figure: Figure) -> str:
    return "; ".join(f"{name or 'unknown'} {before:.0%}, {now:.0%}" for name, before, now in figure.most)


def _share(accuracy: Accuracy | None) -> str:
    return f"{accuracy.value:.2f} ({accuracy.low:.2f} to {accuracy.high:.2f})" if accuracy else ""


def _console() -> Console:
    from rich.console import Console

    console = Console()
    # A pipe has no width: give the rows room.
    return console if console.is_terminal else Console(width=160)
