"""NewsMTSC (Hamborg and Donnay 2021): sentences of political news with the sentiment toward one target each.

F. Hamborg and K. Donnay, "NewsMTSC: A Dataset for (Multi-)Target-dependent Sentiment Classification in Political News
Articles", EACL 2021.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .actors import ActorResolver
from .corpus import IGNORED, Example, read_records
from .errors import StancewireError
from .hub import load_rows
from .issues import Issue
from .schema import SENTIMENTS, Article, Mention, Span
from .windows import make_windows

POLARITY = {"negative": 2.0, "neutral": 4.0, "positive": 6.0}
_NAMES = {value: name for name, value in POLARITY.items()}


def read_newsmtsc(source: str | Path, resolver: ActorResolver, issues: Sequence[Issue]) -> Iterator[Example]:
    """Reads NewsMTSC as sentiment examples.

    Args:
        source: A JSON Lines file in the data set's own form (a sentence a line, with its targets); or what
            ``datasets.load_dataset`` takes in the Hub's form (a target a row), a name such as
            ``fhamborg/news_sentiment_newsmtsc:rw`` (after the colon its configuration) or a folder.
        resolver: Finds the other actors of each sentence.
        issues: The issues of the model; no stance is learnt from these sentences.

    Raises:
        StancewireError: It cannot be read or a record is not of that form.
    """
    for where, record in read_records(Path(source)) if Path(source).suffix == ".jsonl" else _rows(str(source)):
        try:
            yield from _examples(record, resolver, len(issues))
        except (KeyError, ValueError, TypeError) as error:
            raise StancewireError(f"{where}: not a NewsMTSC record ({error})") from error


def _rows(source: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The Hub's rows of one target each, gathered by sentence into the data set's own form."""
    form = "sentence, from, to and polarity"
    sentences: dict[str, list[dict[str, Any]]] = {}
    for row in load_rows(source, form):
        if "sentence" not in row:
            raise StancewireError(f"{source}: not a data set with {form} (a row lacks its sentence)")
        sentences.setdefault(row["sentence"], []).append(row)
    for sentence, targets in sentences.items():
        record = {
            "primary_gid": targets[0]["id"],
            "sentence_normalized": sentence,
            "targets": [{"from": t["from"], "to": t["to"], "polarity": 4 + 2 * t["polarity"]} for t in targets],
        }
        yield f"{source} {targets[0]['id']}", record


def target_actors(record: dict[str, Any]) -> list[str]:
    """The actor that stands for each target of a record; targets that overlap are one mention and share one."""
    spans = [(target["from"], target["to"]) for target in record["targets"]]
    actors: list[str] = []
    for index, (start, end) in enumerate(spans):
        same = [k for k in range(index) if spans[k][0] < end and start < spans[k][1]]
        actors.append(actors[same[0]] if same else f"target {index}")
    return actors


def _examples(record: dict[str, Any], resolver: ActorResolver, n_issues: int) -> Iterator[Example]:
    text = record["sentence_normalized"]
    sentence = Span(0, len(text))
    mentions: dict[str, Mention] = {}
    labels: dict[str, int] = {}
    for target, actor in zip(record["targets"], target_actors(record), strict=True):
        known = mentions.get(actor, Mention(target["from"], target["to"], (actor,), "name"))
        start, end = min(known.start, target["from"]), max(known.end, target["to"])
        mentions[actor] = replace(known, start=start, end=end)
        labels.setdefault(actor, _label(target.get("polarity")))
    others = resolver.resolve(Article(str(record.get("primary_gid", "")), text), [sentence])
    targets = list(mentions.values())
    targets += [m for m in others if not any(m.start < t.end and t.start < m.end for t in mentions.values())]
    targets.sort(key=lambda mention: mention.start)
    for window in make_windows(text, [sentence], [targets]):
        yield Example(
            str(record["primary_gid"]),
            window,
            [[IGNORED] * n_issues for _ in window.questions],
            [labels.get(window.actors[question.slot], IGNORED) for question in window.questions],
        )


def _label(polarity: Any) -> int:
    # A file to predict on has no polarity.
    return IGNORED if polarity is None else SENTIMENTS.index(_NAMES[float(polarity)])
