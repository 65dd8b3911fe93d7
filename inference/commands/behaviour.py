"""``stancewire behaviour``: the behaviour suite, group by group."""

from __future__ import annotations

import json

import click

from .options import model_option


@click.command(
    "behaviour",
    epilog="""\b
Examples:
  stancewire behaviour
  stancewire behaviour --model runs/mine --failures""",
)
@model_option
@click.option("--suite", metavar="FILE", help="Templates; the default are the ones that ship with the package.")
@click.option("--fillers", type=click.IntRange(1), default=10, show_default=True, help="Fillings of each template.")
@click.option("--failures", is_flag=True, help="List each text that failed and what was answered.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(model: str | None, suite: str | None, fillers: int, failures: bool, as_json: bool) -> int:
    """Fills templates with states and prints how many the model gets right, by what they test."""
    from ..checklist import describe_failures, load_suite, run_suite
    from ..scorer import Scorer

    templates = load_suite(suite)
    results = run_suite(Scorer.from_pretrained(model), templates, fillers)
    if as_json:
        click.echo(json.dumps({group: round(result.rate, 4) for group, result in results.items()}))
        return 0
    for group, result in results.items():
        click.echo(f"{group:36} {result.rate:6.1%}  {result.passed:4} of {result.asked}")
    click.echo(f"{len(templates)} templates, each filled {fillers} times")
    if failures:
        click.echo("\n".join(describe_failures(results)))
    return 0
