"""``stancewire register``, ``promote``, ``rollback`` and ``history``: which model is champion, and why."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import click

from ...data.errors import MissingExtraError, StancewireError

_name_option = click.option(
    "--name", default="stancewire", show_default=True, metavar="NAME", help="Name of the registered model."
)


def _registry() -> Any:
    """The registry, by name: the command line depends on training only where it is asked for."""
    from ...models.locate import connect_mlflow

    connect_mlflow()
    try:
        return import_module("stancewire.training.registry")
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"the model registry ({error.name} is missing)", "training") from error


@click.command(
    "register",
    epilog="""\b
Example:
  stancewire register runs/mine && stancewire promote""",
)
@click.argument("model", metavar="FOLDER")
@_name_option
def register(model: str, name: str) -> int:
    """Registers the model in FOLDER in MLflow as the next version, the challenger of the champion."""
    from ...models.base import read_config
    from ...models.locate import find_model

    folder = find_model(model)
    read_config(folder)
    registry = _registry()
    registry.check_name(name)
    version = registry.register(registry.log_folder(folder), name)
    click.echo(f"{folder}: version {version} of {name!r}, the challenger")
    return 0


@click.command(
    "promote",
    epilog="""\b
Examples:
  stancewire train configs/own_text.yaml --register stancewire
  stancewire promote
  stancewire promote 3 --recipe configs/own_text.yaml""",
)
@click.argument("challenger", metavar="[VERSION]", default="challenger")
@_name_option
@click.option("--gold", metavar="FILE", help="Labelled articles to compare on, in place of those that the gate names.")
@click.option("--recipe", metavar="FILE", help="Recipe with the gate; the default is the challenger's own.")
def promote(challenger: str, name: str, gold: str | None, recipe: str | None) -> int:
    """Makes a registered model the champion, if the gate in its recipe holds.

    VERSION is a number or an alias, by default `challenger`. The decision, taken or refused, is added to the record in
    MLflow. Where there is no champion yet, the model that ships with the package becomes the first. Exit code 1:
    refused.
    """
    from ...data.corpus import read_gold
    from ...models.locate import find_model
    from ..gate import broken_rules, figures_of
    from .compare import run_comparison

    registry = _registry()
    recipes = import_module("stancewire.training.recipe")
    version = registry.version_of(challenger, name)
    address = f"models:/{name}/{version}"
    folder = find_model(address)
    gate = recipes.load_recipe(recipe).gate if recipe else recipes.gate_of(folder)
    # Whatever can be wrong with the input is found before the registry is touched.
    test = gold or gate.test
    read_gold(test)
    if recipes.has_learnt_from(folder, test):
        raise StancewireError(
            f"version {version} of {name!r} has learnt from {test}; compare on articles that it has not"
        )
    old = registry.champion(name)
    if old is None:
        old = registry.adopt_default(name).challenger
        click.echo(f"version {old} of {name!r} is the model that ships, and the first champion")
    if old == version:
        raise StancewireError(f"version {version} of {name!r} is the champion already; name another version")
    comparison = run_comparison(f"models:/{name}/{old}", address, test)
    broken = broken_rules(comparison, gate)
    overall = comparison.differences[0]
    why = broken or [
        f"every rule of the gate holds; label F1 {overall.second:.3f} against {overall.first:.3f}"
        f" (difference {overall.low:+.3f} to {overall.high:+.3f})"
    ]
    entry = registry.decide("promote", version, old, why, figures_of(comparison), name, taken=not broken)
    click.echo(f"version {version} against champion {old}: {'promoted' if entry.taken else 'refused'}")
    click.echo("\n".join(f"  {reason}" for reason in entry.why))
    return 0 if entry.taken else 1


@click.command(
    "rollback",
    epilog="""\b
Example:
  stancewire rollback --why "too many false alarms on ship registers\"""",
)
@_name_option
@click.option("--why", default="asked for", show_default=True, help="The reason, for the record.")
def rollback(name: str, why: str) -> int:
    """Makes the champion before the present one champion again."""
    registry = _registry()
    version = registry.previous_champion(name)
    entry = registry.decide("rollback", version, registry.champion(name), [why], {}, name)
    if not entry.taken:
        raise StancewireError(f"champion of {name!r}: {entry.why[0]}")
    click.echo(f"champion of {name!r}: version {version} again, in place of {entry.champion}")
    return 0


@click.command(
    "history",
    epilog="""\b
Examples:
  stancewire history
  stancewire history --json""",
)
@_name_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, with the figures.")
def history(name: str, as_json: bool) -> int:
    """Lists every decision on who is champion: when, by whom, which versions, taken or refused, and why."""
    entries = _registry().history(name)
    if not entries:
        click.echo(f"no decision on {name!r} yet", err=True)
    for entry in entries:
        if as_json:
            click.echo(json.dumps(vars(entry)))
            continue
        verdict = "taken" if entry.taken else "refused"
        click.echo(
            f"{entry.when}  {entry.who}  {entry.action} {entry.challenger}"
            f" (champion {entry.champion or 'none'}): {verdict}"
        )
        click.echo("\n".join(f"    {reason}" for reason in entry.why))
    return 0
