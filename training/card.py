"""The model card, written from the figures of the run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..models.base import ModelConfig
from .recipe import Recipe

CARD = "README.md"


def write_card(
    folder: Path, config: ModelConfig, recipe: Recipe, data: dict[str, int], figures: dict[str, float]
) -> None:
    """Writes the card of a model into its folder."""
    lines = [
        f"# {config.full_name}",
        "",
        "Reads a news sentence with its context and says, for each actor in it, which side the actor takes on each",
        "issue, and with what sentiment the sentence presents it. Names are masked before the model reads the text.",
        "",
        "## Made from",
        "",
        f"- Type: {config.type}" + (f", fine-tuned from `{recipe.encoder.base}`" if config.type != "baseline" else ""),
        f"- Stances learnt from: {_names(recipe.data.train)}",
        f"- Sentiment learnt from: the same, and {_names(recipe.data.sentiment)}"
        if recipe.data.sentiment
        else "- Sentiment learnt from: the same",
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
        *(f"| {key.replace('_', ' ')} | {value:.4f} |" for key, value in sorted(figures.items())),
        "",
        "They choose the epoch, the thresholds and the temperature, so they flatter the model; measure it on articles",
        "of your own with `stancewire evaluate`.",
        "",
        "## Limits",
        "",
        "English only. What the model reads is a sentence with two sentences before it and one after: a holder or an",
        "issue named only further away is missed. An actor that the resolver does not find gets no position.",
        "",
        "Licence: Apache-2.0.",
    ]
    (folder / CARD).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _names(paths: Sequence[str]) -> str:
    return ", ".join(f"`{path}`" for path in paths)
