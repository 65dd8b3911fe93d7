"""``stancewire plot``: a position table as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from ...data.errors import StancewireError
from .options import min_confidence_option

_ENDINGS = (".png", ".svg", ".pdf")


@click.command(
    "plot",
    epilog="""\b
Examples:
  stancewire plot positions.parquet -o stances.png
  stancewire plot positions.csv --kind trend --actor Japan --actor Russia -o trend.svg""",
)
@click.argument("positions", nargs=-1, required=True, metavar="POSITIONS...")
@click.option("-o", "--output", required=True, metavar="FILE", help="The picture: .png, .svg or .pdf.")
@click.option(
    "--kind",
    type=click.Choice(["stances", "trend"]),
    default="stances",
    show_default=True,
    help="Net stance of each actor, or its course over time.",
)
@click.option("--actor", "actors", multiple=True, metavar="NAME", help="Show these actors alone.")
@click.option(
    "--most", type=click.IntRange(1), metavar="N", help="Most actors, those with most stories.  [default: 20; trend: 8]"
)
@min_confidence_option
@click.option("--force", is_flag=True, help="Replace an existing output.")
def command(
    positions: tuple[str, ...],
    output: str,
    kind: str,
    actors: tuple[str, ...],
    most: int | None,
    min_confidence: float,
    force: bool,
) -> int:
    """Draws the net stance of actors, with intervals, from position tables.

    Copies of a story count once, and a net stance is given from three stories on.
    """
    from ...data.writers import check_target
    from ..aggregate import aggregate
    from ..plots import pick_actors, plot_stances, plot_trend
    from ..tables import read_tables, story_of

    ending = Path(output).suffix.lower()
    if ending not in _ENDINGS:
        raise StancewireError(f"{output}: a picture ends in one of {' '.join(_ENDINGS)}")
    target = check_target(Path(output), force)
    rows, beside = read_tables(positions, min_confidence)
    cells = aggregate(rows, story_of(beside))
    shown = pick_actors(cells, actors, most or (8 if kind == "trend" else 20), kind == "trend")
    figure = plot_trend(cells, shown) if kind == "trend" else plot_stances(cells, shown)
    partial = target.with_name(f"{target.name}.partial")
    try:
        figure.savefig(partial, format=ending[1:], dpi=150)
        partial.replace(target)
    except OSError as error:
        raise StancewireError(f"{output}: cannot be written ({error.strerror or error})") from error
    click.echo(f"{output}: {len(shown)} of {len({cell.actor for cell in cells})} actors", err=True)
    return 0
