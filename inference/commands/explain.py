"""``stancewire explain``: the words behind each stance of an article."""

from __future__ import annotations

import click

from .options import min_confidence_option, model_option


@click.command(
    "explain",
    epilog="""\b
Examples:
  stancewire explain article.txt
  stancewire explain article.html --min-confidence 0.5""",
)
@click.argument("path", metavar="ARTICLE")
@model_option
@min_confidence_option
def command(path: str, model: str | None, min_confidence: float) -> int:
    """Prints each sentence that holds a stance, the words that speak most for it marked.

    A word speaks for a stance by as much as its probability falls when the word is left out.
    """
    from ..explanation import explain
    from ..scorer import Scorer
    from .score import Intake, exit_code

    intake = Intake([path])
    scorer = Scorer.from_pretrained(model)
    for article in intake:
        explain(scorer, article, min_confidence)
    return exit_code(intake)
