"""The model card, written from the figures of the run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..models.base import ModelConfig
from .calibrate import CONFIDENCES
from .recipe import Recipe

CARD = "README.md"


def write_card(
    folder: Path, config: ModelConfig, recipe: Recipe, data: dict[str, int], figures: dict[str, float]
) -> None:
    """Writes the card of a model into its folder."""
    standoff = [f"{apart.labels} (labels of {apart.text})" for apart in recipe.data.standoff]
    lines = [
        f"# {config.full_name}",
        "",
        "Reads news a few sentences at a time and says, for each sentence and each actor there, which side the actor",
        "takes on each issue, and with what sentiment it is presented. The model reads masks in place of names.",
        "",
        "## Made from",
        "",
        f"- Type: {config.type}" + (f", fine-tuned from `{recipe.encoder.base}`" if config.type != "baseline" else ""),
        f"- Stances learnt from: {_names([*recipe.data.train, *standoff, *recipe.data.tweets]) or 'none'}",
        f"- Sentiment learnt from: the same, and {_names(recipe.data.sentiment)}"
        if recipe.data.sentiment
        else "- Sentiment learnt from: the same",
        *([f"- Teacher: `{recipe.encoder.teacher}`"] if recipe.encoder.teacher else []),
        f"- Seed: {recipe.seed}",
        *(f"- {key.replace('_', ' ')}: {value:,}" for key, value in data.items()),
        "",
        "`corpus` is the text that ships with stancewire. Any other path names text that the weights have learnt from",
        "and that is not part of this package.",
        "",
        "## Figures on held-out passages of the training data",
        "",
        "| figure | value |",
        "| --- | --- |",
        *(f"| {key.replace('_', ' ')} | {value:.4f} |" for key, value in sorted(figures.items()) if "_at_" not in key),
        "",
        *_curve(figures),
        "These passages choose the epoch, the thresholds and the temperature, so the figures flatter the model:",
        "measure it on your own articles with `stancewire evaluate`.",
        "",
        "## Limits",
        "",
        "English only. A sentence is asked about the actors and issues named in it, in the two sentences before it, or",
        "in the one after: a holder or an issue named only further away is missed. An actor that the resolver does not",
        "find gets no position.",
        "",
        "Licence: Apache-2.0.",
    ]
    (folder / CARD).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _curve(figures: dict[str, float]) -> list[str]:
    """Precision over coverage, for whoever sets ``--min-confidence``."""
    points = [least for least in CONFIDENCES if f"validation_coverage_at_{least}" in figures]
    if not points:
        return []
    return [
        "| rows with at least this confidence | share of all rows | of them the label is right |",
        "| --- | --- | --- |",
        *(
            f"| {least} | {figures[f'validation_coverage_at_{least}']:.2f} |"
            f" {figures[f'validation_precision_at_{least}']:.2f} |"
            for least in points
        ),
        "",
    ]


def _names(paths: Sequence[str]) -> str:
    return ", ".join(f"`{path}`" for path in paths)
