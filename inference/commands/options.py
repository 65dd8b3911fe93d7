"""Options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ...data.errors import MissingExtraError

if TYPE_CHECKING:
    from ..monitor.store import Store

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
    help="Labelled articles that no model here has learnt from; `frozen` is the set that ships with the package.",
)
min_confidence_option = click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Leave out positions that are less sure.",
)
database_option = click.option(
    "--database",
    default="sqlite:///stancewire.db",
    show_default=True,
    envvar="STANCEWIRE_DATABASE",
    metavar="URL",
    help="SQLite file or PostgreSQL database; also from STANCEWIRE_DATABASE.",
)


def open_store(database: str) -> Store:
    """Opens the monitor's database.

    Raises:
        StancewireError: It cannot be reached.
        MissingExtraError: What it takes is not installed.
    """
    require_monitoring()
    from ..monitor.store import Store

    return Store(database)


def require_monitoring() -> None:
    """Says in one line if what the monitor takes is not installed.

    Raises:
        MissingExtraError: It is not.
    """
    try:
        from ..monitor import store  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"the monitor ({error.name} is missing)", "monitoring") from error
