"""``stancewire yardstick``: figures on a public data set, over several seeds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..data.errors import MissingExtraError, StancewireError

if TYPE_CHECKING:
    from .recipe import Recipe


@click.command(
    "yardstick",
    epilog="""\b
Examples:
  stancewire yardstick configs/yardsticks/newsmtsc.yaml
  stancewire yardstick configs/yardsticks/semeval2016.yaml --seeds 3 encoder.epochs=4
  stancewire yardstick configs/yardsticks/newsmtsc.yaml --predict test_mt.jsonl -o predicted.jsonl""",
)
@click.argument("config", metavar="CONFIG")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--seeds", type=click.IntRange(1), default=5, show_default=True, help="How many seeds, from 1 on.")
@click.option("--predict", metavar="PATH", help="Predict on this: a file of NewsMTSC, a folder of SemEval-2016.")
@click.option("--part", default="test", show_default=True, help="Part of the SemEval-2016 folder to predict on.")
@click.option("-o", "--output", metavar="PATH", help="Where the predictions go, in the data set's own form.")
def command(
    config: str, overrides: tuple[str, ...], seeds: int, predict: str | None, part: str, output: str | None
) -> int:
    """Trains the recipe CONFIG on a public data set once for each seed and prints mean and deviation of its figures.

    A seed that is trained already is only scored. --predict takes the model of the first seed.
    """
    try:
        return _run(config, overrides, seeds, predict, part, output)
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"training ({error.name} is missing)", "training") from error


def _run(
    config: str, overrides: tuple[str, ...], seeds: int, predict: str | None, part: str, output: str | None
) -> int:
    from .recipe import load_recipe
    from .yardstick import run_yardstick

    def report(seed: int, figures: Mapping[str, float]) -> None:
        click.echo(f"seed {seed}: " + ", ".join(f"{name} {value:.4f}" for name, value in figures.items()))

    recipe = load_recipe(config, overrides)
    if predict is None:
        for name, spread in run_yardstick(recipe, range(1, seeds + 1), report).items():
            click.echo(f"{name:32} {spread.mean:.4f} ± {spread.deviation:.4f}")
        return 0
    if output is None:
        raise StancewireError("--predict: say where the predictions go with -o PATH")
    run_yardstick(recipe, [1], report)
    _predict(recipe, predict, part, Path(output))
    return 0


def _predict(recipe: Recipe, path: str, part: str, output: Path) -> None:
    from ..models.base import load_model
    from .yardstick import predict_newsmtsc, predict_tweets

    model = load_model(Path(recipe.output) / "seed-1")
    if recipe.yardstick is not None and recipe.yardstick.kind == "semeval2016":
        predictions = predict_tweets(model, path, part)
        output.mkdir(parents=True, exist_ok=True)
        for target, labels in predictions.items():
            (output / f"{target}.txt").write_text("\n".join(labels) + "\n", encoding="utf-8")
    else:
        output.write_text("\n".join(predict_newsmtsc(model, path)) + "\n", encoding="utf-8")
    click.echo(f"predictions: {output}")
