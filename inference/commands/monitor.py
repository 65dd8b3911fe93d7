"""``stancewire monitor``: what watches stances over time."""

from __future__ import annotations

import click

from ...data.errors import MissingExtraError


@click.group("monitor")
def command() -> None:
    """Watches how stances develop.

    \b
    Example:
      stancewire monitor scoreboard
    """


@command.command(
    "scoreboard",
    epilog="""\b
Examples:
  stancewire monitor scoreboard
  stancewire monitor scoreboard --streams 20 --detector stancewire --detector PELT""",
)
@click.option("--streams", type=click.IntRange(1), default=40, show_default=True, help="Streams of each kind.")
@click.option("--seed", type=int, default=13, show_default=True, help="Seed of the streams.")
@click.option("--detector", "detectors", multiple=True, metavar="NAME", help="Only these detectors.")
def scoreboard(streams: int, seed: int, detectors: tuple[str, ...]) -> int:
    """Holds the shift detector against those of river and ruptures, on made-up streams whose shifts are known.

    The labels of the streams are as wrong as those of the model that ships are on the frozen test set. Every detector's
    threshold is set so that, on streams without a shift, it raises one false alarm in a year and series; recall is the
    share of shifts that an alarm follows within 120 days.
    """
    try:
        from ..monitor.scoreboard import DETECTORS, run_scoreboard
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"the scoreboard ({error.name} is missing)", "peers") from error
    from ...data.corpus import read_labelled
    from ..evaluation import evaluate
    from ..monitor.series import Confusion
    from ..scorer import Scorer

    unknown = [name for name in detectors if name not in DETECTORS]
    if unknown:
        raise click.UsageError(f"no detector {', '.join(unknown)}; there are {', '.join(DETECTORS)}")
    gold = read_labelled("frozen")
    confusion = Confusion.measured(evaluate(gold, Scorer.from_pretrained().score([one.article for one in gold])))
    click.echo(f"{streams} streams of each kind, two years each; labels wrong as on frozen")
    click.echo("| detector | stream | threshold | recall | median delay, days | false alarms a year |")
    click.echo("| --- | --- | --- | --- | --- | --- |")
    for name, scenario, threshold, score in run_scoreboard(confusion, streams, seed, detectors or None):
        is_null = scenario.startswith("steady")
        found = "| | |" if is_null else f"| {score.recall:.2f} | {score.delay:.0f} |"
        click.echo(f"| {name} | {scenario} | {threshold:.2f} {found} {score.false_a_year:.2f} |")
    return 0
