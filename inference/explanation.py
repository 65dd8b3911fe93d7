"""One article with its stances and the words that carried each, in the terminal."""

from __future__ import annotations

from itertools import groupby

from rich.console import Console
from rich.text import Text

from ..data.schema import Article, Position
from .evidence import Evidence, find_evidence
from .scorer import Scorer
from .table import COLOURS, MARKS


def explain(scorer: Scorer, article: Article, min_confidence: float = 0.0, console: Console | None = None) -> None:
    """Prints each sentence of an article that holds a stance, with the words that speak most for each.

    Args:
        scorer: The scorer.
        article: The article.
        min_confidence: Leaves out positions that are less sure.
        console: Where to print; standard output by default.
    """
    out = console or Console()
    reading = scorer.read(article)
    rows = [p for p in scorer.score(article) if p.kind == "stance" and p.confidence >= min_confidence]
    for _, group in groupby(rows, key=lambda row: row.sentence):
        stances = [(row, find_evidence(scorer, article, row, reading=reading)) for row in group]
        out.print(_marked(article, stances))
        for row, evidence in stances:
            out.print(_line(row, evidence))
        out.print()
    if not rows:
        out.print("Nobody takes a side on any issue.")


def _marked(article: Article, stances: list[tuple[Position, list[Evidence]]]) -> Text:
    """The sentence, the words behind its stances in the colour of the side that they speak for."""
    first = stances[0][0]
    text = Text(article.text[first.start : first.end])
    for row, evidence in stances:
        for word in evidence:
            text.stylize(f"bold underline {COLOURS[row.label]}", word.start - row.start, word.end - row.start)
    # Line breaks of the article would tear the sentence apart on the screen.
    return Text(" ").join(text.split("\n"))


def _line(row: Position, evidence: list[Evidence]) -> Text:
    line = Text("  ").append(row.actor, style="bold").append(f"  {row.issue.replace('_', ' ')}  ")
    line.append(f"{MARKS[row.label]} {row.label}", style=COLOURS[row.label]).append(f" {row.confidence:.2f}")
    if row.object:
        line.append(f"  about {', '.join(row.object)}")
    if evidence:
        line.append("  by: " + ", ".join(word.text for word in evidence), style="dim")
    return line
