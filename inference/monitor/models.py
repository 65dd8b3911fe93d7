"""Which models the monitor reads with: their measured confusion, and which of them the series are shown by."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ...data.corpus import read_labelled
from ..evaluation import evaluate
from ..scorer import Scorer
from . import tables
from .series import Confusion

CURRENT, RESCORING, PAST = "current", "rescoring", "past"
_MEASURED_ON = "frozen"


def current_model(connection: Connection) -> str | None:
    """Name and version of the model whose series are shown; None before the first article."""
    query = sa.select(tables.models.c.name).where(tables.models.c.state == CURRENT)
    return connection.execute(query).scalar_one_or_none()


def confusion_of(connection: Connection, model: str) -> Confusion:
    """What the labels of a known model mean."""
    query = sa.select(tables.models.c.confusion).where(tables.models.c.name == model)
    return Confusion(np.array(connection.execute(query).scalar_one()))


def measure_confusion(scorer: Scorer) -> Confusion:
    """How a model's labels are wrong, on the test set that ships and that no model has learnt from."""
    gold = read_labelled(_MEASURED_ON)
    return Confusion.measured(evaluate(gold, scorer.score([one.article for one in gold])))


def add_model(connection: Connection, name: str, confusion: Confusion, state: str) -> None:
    """Makes a model known.

    Args:
        connection: A transaction that writes.
        name: Its name and version.
        confusion: What its labels mean.
        state: ``CURRENT`` or ``RESCORING``.
    """
    values = {"name": name, "added": datetime.now(UTC).replace(tzinfo=None), "state": state}
    connection.execute(sa.insert(tables.models).values(values | {"confusion": confusion.counts.tolist()}))
