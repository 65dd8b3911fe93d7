"""``stancewire train``: a recipe in, a model folder out."""

from __future__ import annotations

import click

from ..data.errors import MissingExtraError


@click.command(
    "train",
    epilog="""\b
Examples:
  stancewire train configs/baseline.yaml
  stancewire train configs/default.yaml encoder.epochs=3 output=runs/short""",
)
@click.argument("config", metavar="CONFIG")
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--force", is_flag=True, help="Replace an existing model in the output folder.")
def command(config: str, overrides: tuple[str, ...], force: bool) -> int:
    """Trains a model from the YAML recipe CONFIG; KEY=VALUE overrides a dotted key of it.

    The run is tracked by MLflow (in `sqlite:///mlflow.db`, or where MLFLOW_TRACKING_URI says), and the result is a
    folder that `stancewire score --model` takes.
    """
    try:
        from .recipe import load_recipe
        from .train import train
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"training ({error.name} is missing)", "training") from error

    recipe = load_recipe(config, overrides)
    try:
        result = train(recipe, force)
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"training ({error.name} is missing)", "training") from error
    click.echo(f"model: {result.folder}\nMLflow run: {result.run_id}")
    for name, value in sorted(result.figures.items()):
        click.echo(f"{name:50} {value:.4f}")
    return 0
