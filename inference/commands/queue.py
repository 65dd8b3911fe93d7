"""``stancewire queue``: what to label next, and the finished labels back."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

from ...data.errors import MissingExtraError, StancewireError


@click.group("queue")
def command() -> None:
    """Picks what to label next and takes the finished labels in.

    \b
    Examples:
      stancewire queue pick articles/ -o tasks.json
      stancewire queue import export.json -o labels.jsonl
    """


@command.command(
    "pick",
    epilog="""\b
Examples:
  stancewire queue pick articles/ -n 50 -o tasks.json
  stancewire queue pick news.jsonl -o tasks.jsonl
  stancewire queue pick articles/ --model default --model runs/other -o tasks.json""",
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "-o", "--output", required=True, metavar="FILE", help="Label Studio import (.json) or plain tasks (.jsonl)."
)
@click.option("-n", "--number", type=click.IntRange(1), default=100, show_default=True, help="How many tasks.")
@click.option("--model", "models", multiple=True, metavar="MODEL", help="Model; several, to pick where they disagree.")
@click.option("--most", type=click.IntRange(1), default=3, show_default=True, help="Most tasks from one article.")
@click.option("--force", is_flag=True, help="Replace an existing output.")
def pick(paths: tuple[str, ...], output: str, number: int, models: tuple[str, ...], most: int, force: bool) -> int:
    """Picks the stretches of unlabelled articles that are most worth a label.

    That is where the model is least sure, where several models disagree, and where rare labels may be, no two much
    alike. For Label Studio the project's labelling interface is written beside the tasks, as FILE.xml.
    """
    from ...data.label_studio import labelling_config, to_label_studio, write_json
    from ...data.writers import check_target, write_whole
    from ..queue import make_queue
    from ..scorer import Scorer
    from .score import Intake, exit_code

    target = Path(output)
    if target.suffix not in (".json", ".jsonl"):
        raise StancewireError(f"{output}: let it end in .json (Label Studio) or .jsonl")
    interface = target.with_suffix(".xml") if target.suffix == ".json" else None
    for path in (target, interface):
        if path:
            check_target(path, force)
    scorers = [Scorer.from_pretrained(name) for name in models or (None,)]
    intake = Intake(paths)
    tasks = make_queue(intake, scorers, number, most)
    code = exit_code(intake)
    if interface is None:
        write_json(target, [task.to_record() for task in tasks], lines=True)
    else:
        config = scorers[0].model.config
        write_whole(interface, labelling_config([issue.id for issue in config.issues]))
        write_json(target, to_label_studio(tasks, config.full_name), lines=False)
    click.echo(f"{len(tasks)} tasks from {intake.accepted} articles written to {output}", err=True)
    return code


@command.command(
    "import",
    epilog="""\b
Example:
  stancewire queue import project-1.json -o labels.jsonl && stancewire data check labels.jsonl""",
)
@click.argument("export", metavar="EXPORT")
@click.option("-o", "--output", required=True, metavar="FILE", help="Labelled articles, JSON Lines.")
@click.option("--force", is_flag=True, help="Replace an existing output.")
def import_(export: str, output: str, force: bool) -> int:
    """Turns a finished Label Studio project (its JSON export) into labelled articles.

    What all annotators of a task gave is firm; the rest is marked optional, which neither trains nor counts. Prints the
    agreement of the annotators. Exit code 1 says that something was left out (it is listed).
    """
    from ...data.agreement import measure_agreement
    from ...data.label_studio import from_label_studio, write_json
    from ...data.writers import check_target

    target = check_target(Path(output), force)
    finished = from_label_studio(export)
    if not finished.labelled:
        why = finished.left_out[0] if finished.left_out else f"{export} is empty"
        raise StancewireError(
            f"{why}; no finished task is left: export the project as JSON after its tasks were submitted"
        )
    write_json(target, finished.labelled, lines=True)
    for line in finished.left_out:
        click.echo(f"left out: {line}", err=True)
    stances = [stance for record in finished.labelled for stance in record["stances"]]
    firm = sum("optional" not in stance for stance in stances)
    click.echo(f"{len(finished.labelled)} tasks, {len(stances)} stances ({firm} firm) written to {output}")
    if finished.pairs:
        overall = measure_agreement(finished.pairs).get("all")
        if overall:
            click.echo(f"agreement of the annotators: alpha {overall.alpha:.2f}, tuple F1 {overall.tuple_f1:.2f}")
    return 1 if finished.left_out else 0


@command.command(
    "simulate",
    epilog="""\b
Example:
  stancewire queue simulate --seeds 5""",
)
@click.option("--data", default="corpus", show_default=True, metavar="PATH", help="Labelled data to draw from.")
@click.option("--gold", default="frozen", show_default=True, metavar="FILE", help="Labelled articles to score on.")
@click.option("--start", type=click.IntRange(10), default=200, show_default=True, help="Windows labelled at the start.")
@click.option("--step", type=click.IntRange(10), default=200, show_default=True, help="Windows labelled in each round.")
@click.option("--rounds", type=click.IntRange(2), default=5, show_default=True, help="How many rounds.")
@click.option("--seeds", type=click.IntRange(1), default=5, show_default=True, help="How often, each time anew.")
def simulate(data: str, gold: str, start: int, step: int, rounds: int, seeds: int) -> int:
    """Shows what the queue saves: the baseline trained on its picks against the same number drawn at random."""
    try:
        simulation = import_module("stancewire.training.simulation")
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"a simulation ({error.name} is missing)", "training") from error

    curves = simulation.simulate(data, gold, start, step, rounds, range(1, seeds + 1))
    click.echo("windows   label F1, queue     label F1, random")
    for place, size in enumerate(curves.sizes):
        picked, drawn = curves.queue[:, place], curves.random[:, place]
        click.echo(f"{size:7}   {picked.mean():.3f} ± {picked.std():.3f}     {drawn.mean():.3f} ± {drawn.std():.3f}")
    gain, saving = curves.gain(), curves.saving()
    click.echo(f"the queue against random: {gain.mean():+.3f} label F1 (± {gain.std():.3f} over {seeds} seeds)")
    if saving is None:
        click.echo(f"it does not get where {curves.sizes[-2]} random windows get")
    else:
        click.echo(f"to get where {curves.sizes[-2]} random windows get it needs {1 - saving:.0%} of them")
    return 0
