"""``stancewire ablate``: what each part of the model is worth."""

from __future__ import annotations

import time
from importlib import import_module

import click

from ...data.errors import MissingExtraError


@click.command(
    "ablate",
    epilog="""\b
Example:
  stancewire ablate configs/ablation.yaml""",
)
@click.argument("plan", metavar="PLAN")
def command(plan: str) -> int:
    """Trains each variant that PLAN lists and prints accuracy and speed of all, as a table, in one run."""
    try:
        return _run(plan)
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"training ({error.name} is missing)", "training") from error


def _run(plan: str) -> int:
    from ...data.corpus import read_labelled
    from ..evaluation import evaluate
    from ..scorer import Scorer

    # By name: the command line depends on training only where it is asked for.
    variants = import_module("stancewire.training.ablation").read_plan(plan)
    gold = read_labelled(variants.gold)
    click.echo("| variant | label F1 | detection F1 | stance accuracy | sentences a second |")
    click.echo("| --- | --- | --- | --- | --- |")
    for name in variants.variants:
        scorer = Scorer(variants.model(name))
        started = time.perf_counter()
        rows = scorer.score([one.article for one in gold])
        rate = sum(len(one.sentences) for one in gold) / (time.perf_counter() - started)
        figures = evaluate(gold, rows).figures()
        click.echo(
            f"| {name} | {figures['label']['F']:.3f} | {figures['detection']['F']:.3f} |"
            f" {figures['stance_accuracy']:.3f} | {rate:.0f} |"
        )
    return 0
