"""Options that several commands share."""

from __future__ import annotations

import click

model_option = click.option(
    "--model",
    metavar="MODEL",
    help="Model folder, MLflow address (models:/NAME@ALIAS) or Hub name; the default is the model that ships.",
)
gold_option = click.option(
    "--gold",
    default="frozen",
    show_default=True,
    metavar="FILE",
    help="Labelled articles that neither has learnt from; `frozen` is the set that ships with the package.",
)
min_confidence_option = click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Leave out positions that are less sure.",
)
