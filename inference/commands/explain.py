"""``stancewire explain``: the words behind each stance of an article."""

from __future__ import annotations

import click


@click.command(
    "explain",
    epilog="""\b
Examples:
  stancewire explain article.txt
  stancewire explain article.html --min-confidence 0.5""",
)
@click.argument("path", metavar="ARTICLE")
@click.option("--model", metavar="FOLDER", help="Model folder; the default is the model that ships with the package.")
@click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Leave out positions that are less sure.",
)
def command(path: str, model: str | None, min_confidence: float) -> int:
    """Prints each sentence that holds a stance, the words that speak most for it marked.

    A word speaks for a stance by as much as its probability falls when the word is left out.
    """
    from ...data.readers import read_articles
    from ..explanation import explain
    from ..scorer import Scorer
    from .score import Intake, exit_code

    intake = Intake(read_articles([path]))
    scorer = Scorer.from_pretrained(model)
    for article in intake:
        explain(scorer, article, min_confidence)
    return exit_code(intake)
