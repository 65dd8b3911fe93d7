"""Options that several commands share."""

from __future__ import annotations

import click

model_option = click.option(
    "--model", metavar="FOLDER", help="Model folder; the default is the model that ships with the package."
)
min_confidence_option = click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Leave out positions that are less sure.",
)
