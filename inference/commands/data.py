"""``stancewire data``: checks of labelled data, and the actor resolver measured on its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import click

from ...data.errors import MissingExtraError, StancewireError

if TYPE_CHECKING:
    from ...data.actors import ActorResolver
    from ...data.corpus import LabelledArticle
    from ...data.issues import Issue


@click.group("data")
def command() -> None:
    """Checks labelled data and measures the actor resolver.

    \b
    Example:
      stancewire data check
    """


@command.command(
    "check",
    epilog="""\b
Examples:
  stancewire data check
  stancewire data check labels.jsonl more/ --unreached
  stancewire data check labels.jsonl --against gold.jsonl --label-errors 50""",
)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--issues", metavar="FILE", help="Issues file; the default is the one that ships with the package.")
@click.option("--against", multiple=True, metavar="PATH", help="Evaluation data, of which no copy may be among PATH.")
@click.option("--least", default=100, show_default=True, help="Annotations that each issue and stance should have.")
@click.option("--most-share", default=0.1, show_default=True, help="Largest share of the stances for one actor.")
@click.option("--label-errors", type=int, metavar="N", help="List the N labels that are likeliest wrong (minutes).")
@click.option("--unreached", is_flag=True, help="List the annotations whose actor the resolver does not find.")
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
def check(
    paths: tuple[str, ...],
    issues: str | None,
    against: tuple[str, ...],
    least: int,
    most_share: float,
    label_errors: int | None,
    unreached: bool,
    strict: bool,
) -> int:
    """Checks labelled articles: schema, offsets, labels, actors, balance, near-duplicates and leaks.

    PATH is a JSON Lines file or a folder; without one the corpus that ships with the package is checked. Exit code 1
    says that there are errors.
    """
    from ...data.actors import ActorResolver
    from ...data.checks import balance_warnings, check_corpus, duplicate_warnings
    from ...data.corpus import read_labelled
    from ...data.issues import load_issues

    known = load_issues(issues)
    refused: list[str] = []
    articles = [article for path in paths or ("corpus",) for article in read_labelled(path, refused)]
    if not articles and not refused:
        raise StancewireError(f"{', '.join(paths)}: nothing to check, it holds no labelled article")
    held_out = [article for path in against for article in read_labelled(path)]
    resolver = ActorResolver()
    report = check_corpus(articles, known, resolver)
    report.errors[:0] = refused
    report.warnings += balance_warnings(report, known, least, most_share)
    report.warnings += duplicate_warnings(articles, held_out)
    for kind, lines in (("error", report.errors), ("warning", report.warnings)):
        for line in lines:
            click.echo(f"{kind}: {line}", err=True)
    stances = sum(report.actors.values())
    click.echo(
        f"{report.articles} articles, {report.sentences} sentences, {stances} stances by {len(report.actors)} actors"
    )
    for label, count in sorted(report.labels.items()):
        click.echo(f"  {label:40} {count:6}")
    actor, most = report.actors.most_common(1)[0] if report.actors else ("nobody", 0)
    click.echo(f"most frequent actor: {actor}, {most} ({most / max(1, stances):.1%})")
    reached = report.asked - len(report.unreached)
    click.echo(
        f"actors found in or near their sentence: {reached} of {report.asked} ({reached / max(1, report.asked):.1%})"
    )
    if unreached:
        click.echo("\n".join(report.unreached))
    if label_errors is not None and report.errors:
        click.echo("likely wrong labels are looked for when there are no errors: mend those above first")
    elif label_errors is not None:
        _list_label_errors(articles, known, resolver, label_errors)
    click.echo(f"{len(report.errors)} errors, {len(report.warnings)} warnings")
    return 1 if report.errors or (strict and report.warnings) else 0


def _list_label_errors(
    articles: Sequence[LabelledArticle], issues: Sequence[Issue], resolver: ActorResolver, most: int
) -> None:
    from ...data.corpus import make_examples

    # By name: the command line depends on training only where it is asked for.
    try:
        find_label_errors = import_module("stancewire.training.label_errors").find_label_errors
    except ImportError as error:
        raise MissingExtraError("looking for label errors", "corpus") from error
    found = find_label_errors(list(make_examples(articles, issues, resolver)), issues)
    texts = {one.article.id: one for one in articles}
    click.echo(f"{len(found)} labels are likely wrong; the likeliest:")
    for error in found[:most]:
        one = texts[error.passage]
        span = one.sentences[error.sentence]
        click.echo(
            f"{error.passage} sentence {error.sentence}: {error.actor}, {error.issue}: {error.label}, rather "
            f"{error.suggested} ({error.probability:.2f})\n    {one.article.text[span.start : span.end]}"
        )


@command.command(
    "actors",
    epilog="""\b
Examples:
  stancewire data actors
  stancewire data actors --misses""",
)
@click.argument("gold", required=False, metavar="[GOLD]")
@click.option("--misses", is_flag=True, help="List what was missed and what was wrong.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def actors(gold: str | None, misses: bool, as_json: bool) -> int:
    """Measures the actor resolver on mention gold (by default the one that ships with the package)."""
    from ...data.actor_evaluation import read_actor_gold, score_mentions
    from ...data.actors import ActorResolver

    scores = score_mentions(read_actor_gold(gold), ActorResolver())
    figures = scores.figures()
    click.echo(json.dumps(figures) if as_json else "\n".join(f"{key:20} {value}" for key, value in figures.items()))
    if misses:
        click.echo(
            "\n".join([*(f"MISS  {line}" for line in scores.misses), *(f"WRONG {line}" for line in scores.wrong)])
        )
    return 0


@command.command(
    "stories",
    epilog="""\b
Examples:
  stancewire data stories
  stancewire data stories my_copies.jsonl""",
)
@click.argument("gold", required=False, metavar="[GOLD]")
@click.option(
    "--events", type=click.Choice(["all", "even", "odd"]), default="all", show_default=True, help="Which events."
)
def stories(gold: str | None, events: str) -> int:
    """Measures how well copies of a story are joined (by default on the gold set that ships with the package).

    The thresholds were chosen on the events with an even number.
    """
    from ...data.story_evaluation import measure_stories, read_story_gold

    records = read_story_gold(gold)
    if events != "all":
        records = [one for one in records if (int(one.event[1:]) % 2 == 1) == (events == "odd")]
    figures = measure_stories(records)
    count = len({one.story for one in records})
    click.echo(f"{len(records)} articles, {count} stories, {figures.pairs} pairs of copies")
    click.echo(f"precision {figures.precision:.3f}, recall {figures.recall:.3f}")
    for kind, recall in figures.recall_by_kind.items():
        click.echo(f"  recall of {kind:10} {recall:.3f}")
    for name, pairs in (("joined and not one story", figures.wrong), ("one story and not joined", figures.missed)):
        for one, other in pairs:
            click.echo(f"{name}: {one}, {other}")
    return 0


@command.command(
    "agreement",
    epilog="""\b
Examples:
  stancewire data agreement
  stancewire data agreement my_annotations.jsonl --json""",
)
@click.argument("annotations", required=False, metavar="[ANNOTATIONS]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def agreement(annotations: str | None, as_json: bool) -> int:
    """Measures how far two independent annotators agree (by default on the corpus that ships with the package)."""
    from ...data.agreement import measure_agreement, read_annotations

    passages = read_annotations(annotations)
    figures = measure_agreement(passages)
    if as_json:
        click.echo(json.dumps({name: one._asdict() for name, one in figures.items()}))
        return 0
    click.echo(f"{len(passages)} passages, {sum(one.sentences for one in passages)} sentences, annotated twice")
    click.echo(f"{'issue':28} {'alpha':>6} {'tuple F1':>9} {'detection F1':>13} {'same stance':>12} {'labels':>7}")
    for name, one in figures.items():
        click.echo(
            f"{name:28} {one.alpha:6.3f} {one.tuple_f1:9.3f} {one.detection_f1:13.3f} {one.stance_accuracy:12.3f} "
            f"{one.labels:7}"
        )
    return 0


@command.command(
    "drift",
    epilog="""\b
Examples:
  stancewire data drift labels.jsonl
  stancewire data drift labels.jsonl --old last_year.jsonl""",
)
@click.argument("new", metavar="NEW")
@click.option("--old", default="corpus", show_default=True, metavar="PATH", help="The labels to compare with.")
@click.option(
    "--limit", default=0.05, show_default=True, help="Distance beyond chance from which it is called a drift."
)
def drift(new: str, old: str, limit: float) -> int:
    """Says whether NEW labels are of the kind that the old ones are: labels, holders and words.

    Also lists near-copies of a sentence in NEW, or in NEW and old, whose labels contradict each other. Exit code 1 says
    that there is drift or a contradiction.
    """
    from ...data.corpus import read_labelled
    from ...data.label_drift import find_conflicts, measure_drift

    before, after = read_labelled(old), read_labelled(new)
    drifted = False
    for one in measure_drift(before, after):
        apart = one.distance - one.expected >= limit and one.p < 0.01
        drifted |= apart
        click.echo(
            f"{one.what:28} distance {one.distance:.2f}, by chance {one.expected:.2f}, p {one.p:.3f}"
            f"{'  drift' if apart else ''}"
        )
        for name, was, now in one.most:
            click.echo(f"    {name:44} {was:6.1%} -> {now:6.1%}")
    conflicts = [conflict for conflict in find_conflicts(before, after) if conflict.is_new]
    for c in conflicts:
        places = [f"{stance} in {name}, sentence {n}" for stance, (name, n) in zip(c.stances, c[:2], strict=True)]
        click.echo(f"contradiction: {c.actor}, {c.issue}: {'; '.join(places)}")
    return 1 if drifted or conflicts else 0
