"""``stancewire train``: a recipe in, a model folder out."""

from __future__ import annotations

import logging
from statistics import mean, stdev

import click

from ..data.errors import MissingExtraError, StancewireError


@click.command(
    "train",
    epilog="""\b
Examples:
  stancewire train configs/own_text.yaml
  stancewire train configs/own_text.yaml encoder.epochs=3 output=runs/short
  stancewire train configs/own_text.yaml --data more.jsonl --register stancewire
  stancewire train configs/own_text.yaml --data mine/ --only --seeds 1,2,3""",
)
@click.argument("config", metavar="CONFIG")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--data", "more", multiple=True, metavar="DATA", help="Labelled file, folder or Hub data set to add.")
@click.option("--only", is_flag=True, help="Learn stances from --data alone, in place of the recipe's own data.")
@click.option("--seeds", metavar="N,N,...", help="Train once for each seed and report mean and spread.")
@click.option("--register", metavar="NAME", help="Register the model in MLflow, as the challenger of NAME's champion.")
@click.option("--force", is_flag=True, help="Replace an existing model in the output folder.")
def command(
    config: str,
    overrides: tuple[str, ...],
    more: tuple[str, ...],
    only: bool,
    seeds: str | None,
    register: str | None,
    force: bool,
) -> int:
    """Trains a model from the YAML recipe CONFIG; KEY=VALUE overrides a dotted key of it.

    The run is tracked by MLflow (in `sqlite:///mlflow.db`, or where MLFLOW_TRACKING_URI says), and the result is a
    folder that `stancewire score --model` takes. A run that was killed goes on from its last checkpoint.
    """
    try:
        from .recipe import load_recipe, with_data
        from .train import train, train_seeds
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"training ({error.name} is missing)", "training") from error

    logging.basicConfig(format="%(message)s")
    logging.getLogger("stancewire").setLevel(logging.INFO)
    recipe = load_recipe(config, [*overrides, *([f"seeds=[{seeds}]"] if seeds else [])])
    if only and not more:
        raise StancewireError("--only: name the data to learn from with --data")
    recipe = with_data(recipe, more, only)
    try:
        results = train_seeds(recipe, force, register) if recipe.seeds else [train(recipe, force, register)]
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"training ({error.name} is missing)", "training") from error
    for result in results:
        click.echo(f"model: {result.folder}\nMLflow run: {result.run_id}, model {result.address}")
    for name in sorted(results[0].figures):
        values = [result.figures[name] for result in results if name in result.figures]
        spread = f" ± {stdev(values):.4f} over {len(values)} seeds" if len(values) > 1 else ""
        click.echo(f"{name:50} {mean(values):.4f}{spread}")
    return 0
