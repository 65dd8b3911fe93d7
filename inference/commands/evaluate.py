"""``stancewire evaluate``: figures of a model, or of rows already scored, on gold articles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...data.errors import StancewireError
from .options import model_option

if TYPE_CHECKING:
    from ...data.corpus import LabelledArticle
    from ...data.schema import Position
    from ..evaluation import Evaluation


@click.command(
    "evaluate",
    epilog="""\b
Examples:
  stancewire evaluate gold.jsonl
  stancewire evaluate gold.jsonl --model runs/mine --json
  stancewire evaluate gold.jsonl --positions scored.parquet
  stancewire evaluate gold.jsonl --swap""",
)
@click.argument("gold", metavar="GOLD")
@click.option("--positions", metavar="FILE", help="Evaluate these rows instead of scoring the gold articles.")
@model_option
@click.option("--swap", is_flag=True, help="Swap the two states of each sentence and count how often the answer swaps.")
@click.option("--errors", is_flag=True, help="List what is missed, false or turned round, with its sentence.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(gold: str, positions: str | None, model: str | None, swap: bool, errors: bool, as_json: bool) -> int:
    """Prints precision, recall and F1 on labelled articles.

    GOLD is a JSON or JSON Lines file of labelled articles, or a folder of them. Detection is (sentence, actor, issue);
    label is the same with the stance right.
    """
    from ...data.corpus import read_gold
    from ...data.writers import read_positions
    from ..evaluation import evaluate

    articles = read_gold(Path(gold))
    if swap:
        return _print_swap(articles, model, as_json)
    if positions:
        rows = list(read_positions(positions))
        if rows and not {row.article_id for row in rows} & {one.article.id for one in articles}:
            raise StancewireError(f"{positions}: no row is of an article in {gold}; score the gold articles themselves")
    else:
        from ..scorer import Scorer

        rows = Scorer.from_pretrained(model).score([one.article for one in articles])
    result = evaluate(articles, rows)
    figures = result.figures()
    if as_json:
        click.echo(json.dumps(figures | {"objects": result.objects.rounded()}))
        return 0
    click.echo("\n".join(f"{key:42} {_shown(value)}" for key, value in figures.items()))
    _print_uncertainty(articles, rows, result)
    if errors:
        _print_errors(articles, result)
    return 0


def _shown(value: Any) -> str:
    return ", ".join(f"{name} {one}" for name, one in value.items()) if isinstance(value, dict) else str(value)


def _print_errors(articles: list[LabelledArticle], result: Evaluation) -> None:
    by_id = {one.article.id: one for one in articles}
    click.echo(f"\n{len(result.errors)} errors (gold -> given)")
    for error in sorted(result.errors):
        one = by_id[error.article_id]
        span = one.sentences[error.sentence] if error.sentence >= 0 else None
        text = " ".join(one.article.text[span.start : span.end].split()) if span else "(outside every sentence)"
        click.echo(f"{error.article_id} {error.sentence}: {error.actor}, {error.issue}: {error.gold} -> {error.label}")
        click.echo(f"    {text}")


def _print_uncertainty(articles: list[LabelledArticle], rows: list[Position], result: Evaluation) -> None:
    import numpy as np

    from ...models.calibration import expected_calibration_error
    from ..uncertainty import bootstrap_intervals, operating_points

    click.echo(f"{'objects of the rows found':42} {_shown(result.objects.rounded())}")
    click.echo("\n95 of 100 bootstrap resamples of the articles lie within")
    for name, (low, high) in bootstrap_intervals(articles, rows).items():
        click.echo(f"  {name:40} {low:.3f} to {high:.3f}")
    confidence, right = np.array(result.reported, dtype=float).reshape(-1, 2).T
    error = expected_calibration_error(confidence, right)
    click.echo(f"\n{'expected calibration error of the rows':42} {error:.3f}")
    click.echo("\nrows with at least this confidence: share of all, precision, recall (label right)")
    for point in operating_points(result):
        click.echo(f"  {point.min_confidence:.1f}  {point.coverage:8.2f} {point.precision:8.2f} {point.recall:8.2f}")


def _print_swap(articles: list[LabelledArticle], model: str | None, as_json: bool) -> int:
    from ..behaviour import swap_actors
    from ..scorer import Scorer

    result = swap_actors(Scorer.from_pretrained(model), articles)
    figures = {
        "sentences with two states": result.asked,
        "answer swapped": result.swapped,
        "of them the two answers differ": result.telling,
        "and swapped": result.telling_swapped,
    }
    click.echo(json.dumps(figures) if as_json else "\n".join(f"{key:42} {value}" for key, value in figures.items()))
    return 0
