"""``stancewire compare``: two models on one test set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import gold_option

if TYPE_CHECKING:
    from ..comparison import Comparison
    from ..scorer import Scorer


@click.command(
    "compare",
    epilog="""\b
Examples:
  stancewire compare default runs/mine
  stancewire compare models:/stancewire@champion models:/stancewire@challenger -o compared.html
  stancewire compare default runs/mine --gold gold.jsonl --json""",
)
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@gold_option
@click.option("--fillers", type=click.IntRange(1), default=5, show_default=True, help="Fillings of each template.")
@click.option("-o", "--output", metavar="FILE", help="Also write an HTML page with plots.")
@click.option("--force", is_flag=True, help="Replace an existing page.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(first: str, second: str, gold: str, fillers: int, output: str | None, force: bool, as_json: bool) -> int:
    """Says how far models A and B are apart, and whether that is more than chance.

    A and B are model folders, `default`, MLflow addresses or Hub names. The table gives label F1 on all articles, by
    issue and by slice, with the 95 % interval of the difference (paired bootstrap over articles); then calibration,
    behaviour, speed and size.
    """
    if output:
        from ...data.writers import check_target
        from ..comparison_page import require_packages

        require_packages()
        check_target(Path(output), force)
    comparison = run_comparison(first, second, gold, fillers)
    # The table first: whatever is wrong with the page, the minutes were not for nothing.
    click.echo(json.dumps(comparison.to_json()) if as_json else "\n".join(_table(comparison)))
    if output:
        from ..comparison_page import write_page

        write_page(comparison, output)
    return 0


def run_comparison(first: str, second: str, gold: str, fillers: int = 5) -> Comparison:
    """Loads both models and compares them; the progress is on standard error, if that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    from ...data.corpus import read_gold
    from ..checklist import load_suite
    from ..comparison import compare

    articles = read_gold(gold)
    sides = [_load(first), _load(second)]
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("scoring", total=len(articles))
        return compare(
            sides[0],
            sides[1],
            articles,
            load_suite(),
            fillers,
            lambda done, total: progress.update(task, completed=done, total=total),
        )


def _load(name: str) -> tuple[str, Scorer, float]:
    from ...models.locate import find_model
    from ..scorer import Scorer

    folder = find_model(name)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    return name, Scorer.from_pretrained(folder), size


def _table(comparison: Comparison) -> list[str]:
    from ..comparison import side_rows

    first, second = comparison.first, comparison.second
    lines = [
        f"A: {first.name} ({first.model})",
        f"B: {second.name} ({second.model})",
        f"{comparison.articles} articles",
        "",
        f"{'label F1 on':32} {'gold':>5} {'A':>7} {'B':>7}   {'B - A':>7}  95 % interval       p",
    ]
    for one in comparison.differences:
        gap = one.second - one.first
        lines.append(
            f"{one.slice:32} {one.gold:5} {one.first:7.3f} {one.second:7.3f}   {gap:+7.3f}"
            f"  {one.low:+.3f} to {one.high:+.3f}  {one.p:.3f}"
        )
    odd = comparison.mcnemar
    lines += [
        "",
        f"gold stances right in A alone {odd.first_only}, in B alone {odd.second_only} (McNemar p {odd.p:.3f})",
    ]
    lines += ["", f"{'':32} {'A':>9} {'B':>9}"]
    lines += [f"{name:32} {a:9.3f} {b:9.3f}" for name, a, b in side_rows(first, second)]
    lines += ["", "pass rate of the behaviour suite"]
    lines += [f"  {group:30} {first.behaviour[group]:9.2f} {second.behaviour[group]:9.2f}" for group in first.behaviour]
    return lines
