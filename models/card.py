"""The model card: written from the files of the model folder, never by hand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .base import ModelConfig

CARD, METRICS, RECIPE, MEASURED = "README.md", "metrics.json", "recipe.json", "measured.json"
"""The card, the held-out figures of the training run, its recipe, and what ``stancewire card`` measured."""

_CURVE = "validation_coverage_at_"


def write_card(folder: Path, config: ModelConfig) -> None:
    """Writes the card of a model into its folder, from what lies there."""
    recipe, metrics, measured = _read(folder / RECIPE), _read(folder / METRICS), read_measured(folder)
    lines = [
        f"# {config.full_name}",
        "",
        *_use(config),
        *_made_from(config, recipe, metrics),
        *(_measured(measured) if measured else _NOT_MEASURED),
        *_held_out(metrics),
        *_LIMITS,
    ]
    (folder / CARD).write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_measured(folder: Path) -> dict[str, Any]:
    """What ``stancewire card`` measured of a model; empty where it did not."""
    return _read(folder / MEASURED)


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _use(config: ModelConfig) -> Iterator[str]:
    yield "Reads English news a few sentences at a time and says, for each sentence and each actor there, which side"
    yield "the actor takes on each issue, and with what sentiment it is presented. It reads masks in place of names: it"
    yield "is meant to follow the text, not what is known of an actor."
    yield ""
    yield "For: finding who supports or opposes what in many articles, each answer with its sentence, to be read by a"
    yield "person or summed over many articles with the error of the model in mind. Not for: judging a single person or"
    yield "text without reading it, other languages, other issues than those below (they need training)."
    yield ""
    yield "| issue | a position is reported from this probability on |"
    yield "| --- | --- |"
    for issue in config.issues:
        yield f"| {issue.id.replace('_', ' ')} | {config.thresholds[issue.id]:.2f} |"
    yield ""


def _made_from(config: ModelConfig, recipe: Mapping[str, Any], metrics: Mapping[str, Any]) -> Iterator[str]:
    yield "## Made from"
    yield ""
    if not recipe:
        yield f"- Type: {config.type}. The folder holds no recipe, so what it was made from is not known here."
        yield ""
        return
    data, encoder = recipe["data"], recipe["encoder"]
    apart = [f"{one['labels']} (labels of {one['text']})" for one in data["standoff"]]
    base = f", fine-tuned from `{encoder['base']}`" if config.type != "baseline" else ""
    yield f"- Type: {config.type}{base}"
    yield f"- Stances learnt from: {_names([*data['train'], *apart, *data['tweets']]) or 'none'}"
    more = f", and {_names(data['sentiment'])}" if data["sentiment"] else ""
    yield f"- Sentiment learnt from: the same{more}"
    if config.type != "baseline" and encoder.get("teacher"):
        unlabelled = _names(data.get("unlabelled", []))
        yield f"- Teacher: `{encoder['teacher']}`" + (f", which also answered about {unlabelled}" if unlabelled else "")
    yield f"- Seed: {recipe['seed']}"
    for key, value in metrics.items():
        if isinstance(value, int):
            yield f"- {key.replace('_', ' ')}: {value:,}"
    yield ""
    yield "`corpus` is the text that ships with stancewire. Any other path names text that the weights have learnt from"
    yield "and that is not part of this package."
    yield ""


_NOT_MEASURED = (
    "## Figures on articles it has not seen",
    "",
    "Not measured yet: `stancewire card FOLDER` measures them and writes this card anew.",
    "",
)


def _measured(measured: Mapping[str, Any]) -> Iterator[str]:
    yield "## Figures on articles it has not seen"
    yield ""
    yield f"On {measured['articles']:,} labelled articles ({measured['gold']}); in brackets where 95 of 100 bootstrap"
    yield "resamples of the articles lie. Made by `stancewire card`."
    yield ""
    yield "| figure | value |"
    yield "| --- | --- |"
    for name, (value, low, high) in measured["figures"].items():
        yield f"| {name.replace('_', ' ')} | {value:.3f} ({low:.3f} to {high:.3f}) |"
    yield f"| expected calibration error of the reported rows | {measured['calibration_error']:.3f} |"
    yield f"| articles a second ({measured['threads']} cores) | {measured['articles_per_second']:.1f} |"
    yield f"| megabytes | {measured['megabytes']:.1f} |"
    yield ""
    yield from _table(("slice", "gold stances", "label F1"), [(n, g, f"{f:.3f}") for n, g, f in measured["slices"]])
    yield from _table(
        ("rows with at least this confidence", "share of all rows", "precision", "recall"),
        [tuple(f"{value:.2f}" for value in point) for point in measured["points"]],
    )
    yield from _table(
        ("behaviour suite", "pass rate"), [(group, f"{rate:.2f}") for group, rate in measured["behaviour"].items()]
    )


def _held_out(metrics: Mapping[str, Any]) -> Iterator[str]:
    yield "## Figures on held-out passages of the training data"
    yield ""
    figures = [
        (key.replace("_", " "), f"{value:.4f}") for key, value in sorted(metrics.items()) if _is_figure(key, value)
    ]
    if not figures:
        yield "The folder holds none."
        yield ""
        return
    yield from _table(("figure", "value"), figures)
    points = sorted(key.removeprefix(_CURVE) for key in metrics if key.startswith(_CURVE))
    if points:
        yield from _table(
            ("rows with at least this confidence", "share of all rows", "of them the label is right"),
            [(at, f"{metrics[_CURVE + at]:.2f}", f"{metrics[f'validation_precision_at_{at}']:.2f}") for at in points],
        )
    yield "These passages choose the epoch, the thresholds and the temperature, so the figures flatter the model."
    yield ""


def _is_figure(key: str, value: object) -> bool:
    return isinstance(value, float) and "_at_" not in key


_LIMITS = (
    "## Limits",
    "",
    "English only. A sentence is asked about the actors that it mentions, by name or pronoun, on the issues named in",
    "it, in the two sentences before it, or in the one after: a holder whom it leaves unsaid, or an issue named only",
    "further away, is missed. An actor that the resolver does not find gets no position. What it gets wrong, by kind",
    "and count, stands in the log of experiments beside the models.",
    "",
    "Licence: Apache-2.0.",
)


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(str, row))} |"
    yield ""


def _names(paths: Sequence[str]) -> str:
    return ", ".join(f"`{path}`" + (f" ({times} times)" if times > 1 else "") for path, times in Counter(paths).items())
