"""A position table for people, in the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..data.schema import Position

COLOURS = {"support": "green", "oppose": "red", "neutral": "yellow", "positive": "green", "negative": "red"}
MARKS = {"support": "+", "oppose": "−", "neutral": "±", "positive": "+", "negative": "−"}


def print_positions(positions: Iterable[Position], console: Console | None = None) -> None:
    """Prints positions as one table an article: stances with their sentence, then the sentiment that is not neutral.

    Args:
        positions: Rows, those of an article together.
        console: Where to print; standard output by default.
    """
    out = console or Console()
    if not out.is_terminal:
        # A pipe has no width: give the sentence room instead of the 80 columns that rich would assume.
        out = Console(width=160, file=out.file)
    found = False
    for article_id, rows in groupby(positions, key=lambda position: position.article_id):
        found = _print_article(out, article_id, list(rows)) or found
    if not found:
        out.print("No positions found.")


def _print_article(out: Console, article_id: str, rows: Sequence[Position]) -> bool:
    stances = [row for row in rows if row.kind == "stance"]
    out.print(Text(article_id, style="bold"), end="")
    out.print(Text(f"  {rows[0].published}" if rows[0].published else "", style="dim"))
    if stances:
        out.print(_table(stances))
    else:
        out.print("  takes no side on any issue\n")
    tone = [row for row in rows if row.kind == "sentiment" and row.label != "neutral"]
    for label in ("positive", "negative"):
        actors = list(dict.fromkeys(row.actor for row in tone if row.label == label))
        if actors:
            out.print(Text(f"  presented as {label}: ", style="dim").append(", ".join(actors), style=COLOURS[label]))
    if tone:
        out.print()
    return bool(stances or tone)


def _table(stances: Sequence[Position]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, expand=False)
    table.add_column("actor", style="bold", max_width=24)
    table.add_column("issue", max_width=16)
    table.add_column("stance", no_wrap=True)
    table.add_column("sure", justify="right")
    table.add_column("object", max_width=22)
    table.add_column("sentence", ratio=1)
    for row in stances:
        table.add_row(
            Text(row.actor),
            Text(row.issue.replace("_", " ")),
            Text(f"{MARKS[row.label]} {row.label}", style=COLOURS[row.label]),
            f"{row.confidence:.2f}",
            Text(", ".join(row.object)),
            Text(row.text),
        )
    return table
