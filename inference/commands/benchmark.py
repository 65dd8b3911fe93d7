"""``stancewire benchmark``: what things cost on this machine."""

from __future__ import annotations

import os
from importlib import import_module

import click

from ...data.errors import MissingExtraError, StancewireError


@click.group("benchmark")
def command() -> None:
    """Measures what things cost on this machine.

    \b
    Example:
      stancewire benchmark training
    """


@command.command(
    "training",
    epilog="""\b
Examples:
  stancewire benchmark training
  stancewire benchmark training --recipe configs/baseline.yaml --sizes 1000,2000""",
)
@click.option("--recipe", metavar="FILE", help="What to train; the default is the encoder with the recipe's defaults.")
@click.option("--sizes", default="1000,2000,4000,8000", show_default=True, help="Sentences of each run.")
@click.option("--epochs", type=click.IntRange(1), default=1, show_default=True, help="Epochs of each run.")
def training(recipe: str | None, sizes: str, epochs: int) -> int:
    """Trains on growing parts of the shipped corpus and prints time and peak memory of each run."""
    try:
        cost = import_module("stancewire.training.cost")
        recipes = import_module("stancewire.training.recipe")
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"training ({error.name} is missing)", "training") from error
    try:
        wanted = [int(size) for size in sizes.split(",")]
    except ValueError as error:
        raise StancewireError(f"--sizes {sizes}: write numbers with commas, such as 1000,2000") from error

    chosen = recipes.load_recipe(recipe) if recipe else recipes.Recipe(name="cost")
    click.echo(f"{os.cpu_count()} cores, {epochs} epoch{'s' if epochs > 1 else ''}")
    click.echo("| sentences | seconds | seconds per 1,000 sentences | peak memory, GiB |")
    click.echo("| --- | --- | --- | --- |")
    for one in cost.measure_cost(chosen, wanted, epochs):
        rate = 1000 * one.seconds / one.sentences
        click.echo(f"| {one.sentences:,} | {one.seconds:.0f} | {rate:.1f} | {one.gibibytes:.2f} |")
    return 0
