"""Which models the monitor reads with: their measured confusion, and which of them the series are shown by.

One model is current. A new one is rescoring until it has read the history that its series need, and takes its place
then; what a past model said, its series and its alerts are kept.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ...data.corpus import read_labelled
from ...data.errors import StancewireError
from ...models.base import ModelConfig
from ...models.card import MEASURED, METRICS, RECIPE, read_measured
from ..evaluation import evaluate
from ..scorer import Scorer
from . import tables
from .dates import utc_now
from .series import Confusion

CURRENT, RESCORING, PAST = "current", "rescoring", "past"
_MEASURED_ON = "frozen"
_ABOUT = frozenset({MEASURED, METRICS, RECIPE})
"""Files of a model that tell of it: it answers alike whatever stands in them."""


class Measured(NamedTuple):
    """A model on the test set that ships and that no model has learnt from.

    Attributes:
        confusion: What its labels mean there.
        confidence: Mean confidence of the rows that the confusion counts.
    """

    confusion: Confusion
    confidence: float


class KnownModel(NamedTuple):
    """A model that the database was read with.

    Attributes:
        name: Its name and version.
        state: ``CURRENT``, ``RESCORING`` or ``PAST``.
        articles: How many articles it has scored.
        added: When it became known, UTC.
        switched: When it became current in another one's place, UTC; None for the first, and where it never did.
    """

    name: str
    state: str
    articles: int
    added: datetime
    switched: datetime | None


def model_name(config: ModelConfig) -> str:
    """What a model is called in the database: name and version, then a hash of all that it answers by.

    A recipe that is trained anew, on more labels, gives another model under the same name and version.
    """
    files = {name: digest for name, digest in config.files.items() if name not in _ABOUT}
    scales = config.temperature, config.sentiment_temperature, config.confidence
    said = [[one.record() for one in config.issues], config.thresholds, scales, config.options, config.format, files]
    digest = blake2b(json.dumps(said, sort_keys=True).encode(), digest_size=4).hexdigest()
    return f"{config.full_name}+{digest}"


def current_model(connection: Connection) -> str | None:
    """Name and version of the model whose series are shown; None before the first article."""
    query = sa.select(tables.models.c.name).where(tables.models.c.state == CURRENT)
    return connection.execute(query).scalar_one_or_none()


def models_to_score(connection: Connection) -> list[str]:
    """The models that a new article may be scored with: the current one, then the one that is rescoring, if any."""
    one = tables.models.c
    query = sa.select(one.name).where(one.state.in_([CURRENT, RESCORING])).order_by(one.state)
    return list(connection.execute(query).scalars())


def known_models(connection: Connection) -> list[KnownModel]:
    """All models, in the order in which they became known."""
    one, row = tables.models.c, tables.scored.c
    articles = sa.select(row.model, sa.func.count().label("number")).group_by(row.model).subquery()
    number = sa.func.coalesce(articles.c.number, 0)
    query = sa.select(one.name, one.state, number, one.added, one.switched).order_by(one.added, one.name)
    query = query.outerjoin_from(tables.models, articles, articles.c.model == one.name)
    return [KnownModel(*found) for found in connection.execute(query)]


def confusion_of(connection: Connection, model: str) -> Confusion:
    """What the labels of a known model mean."""
    query = sa.select(tables.models.c.confusion).where(tables.models.c.name == model)
    return Confusion(np.array(connection.execute(query).scalar_one()))


def confidence_of(connection: Connection, model: str) -> float | None:
    """Mean confidence of the rows that a known model's confusion counts; None if it was not measured."""
    query = sa.select(tables.models.c.confidence).where(tables.models.c.name == model)
    return connection.execute(query).scalar_one()


def news_since(connection: Connection, model: str) -> date | None:
    """The day up to which a model's shifts are the past: it read them in the history, when it took another's place.

    Returns:
        The day; None for a model that was there from the beginning.
    """
    query = sa.select(tables.models.c.switched).where(tables.models.c.name == model)
    switched = connection.execute(query).scalar_one()
    return switched.date() if switched else None


def measure(scorer: Scorer) -> Measured:
    """How a model's labels are wrong, and how sure it is of them, on the test set that ships.

    From the model's folder where `stancewire card` has counted it there.
    """
    counted = read_measured(scorer.folder) if scorer.folder else {}
    if counted.get("gold") == f"`{_MEASURED_ON}`" and "confusion" in counted:
        return Measured(Confusion(np.array(counted["confusion"])), counted["confidence"])
    gold = read_labelled(_MEASURED_ON)
    found = evaluate(gold, scorer.score([one.article for one in gold]))
    sure = [confidence for confidence, _ in found.reported]
    return Measured(Confusion.measured(found), float(np.mean(sure)) if sure else 0.0)


def add_model(
    connection: Connection, name: str, confusion: Confusion, state: str, confidence: float | None = None
) -> None:
    """Makes a model known.

    Args:
        connection: A transaction that writes.
        name: Its name and version.
        confusion: What its labels mean.
        state: ``CURRENT`` or ``RESCORING``.
        confidence: Mean confidence of the rows that the confusion counts, if it was measured.
    """
    values = {"name": name, "added": utc_now(), "state": state, "confidence": confidence}
    connection.execute(sa.insert(tables.models).values(values | {"confusion": confusion.counts.tolist()}))


def begin(connection: Connection, name: str, measured: Measured) -> None:
    """Makes a model the one that is rescoring; another one that was gives up, and a past model comes back.

    Args:
        connection: A transaction that writes.
        name: Name and version of the model, which is not the current one.
        measured: What its labels mean.
    """
    one = tables.models.c
    given_up = sa.update(tables.models).where(one.state == RESCORING, one.name != name)
    connection.execute(given_up.values(state=PAST))
    values = {"confusion": measured.confusion.counts.tolist(), "confidence": measured.confidence}
    known = sa.update(tables.models).where(one.name == name).values(state=RESCORING, **values)
    if not connection.execute(known).rowcount:
        add_model(connection, name, measured.confusion, RESCORING, measured.confidence)


def switch(connection: Connection, name: str, now: datetime) -> str | None:
    """Makes the model that was rescoring the current one, and the current one past.

    Its series are taken for searched: a shift in what it read again is the past, whether the old model told of it or
    not (see :func:`news_since`).

    Args:
        connection: A transaction that writes.
        name: Name and version of the model.
        now: The moment, UTC without a zone.

    Returns:
        The model that was current; None if none was.

    Raises:
        StancewireError: The model is not rescoring.
    """
    one, series = tables.models.c, tables.series.c
    old = current_model(connection)
    connection.execute(sa.update(tables.models).where(one.state == CURRENT).values(state=PAST))
    new = sa.update(tables.models).where(one.name == name, one.state == RESCORING)
    if not connection.execute(new.values(state=CURRENT, switched=now if old else None)).rowcount:
        raise StancewireError(f"{name} is not the model that is rescoring; `stancewire monitor rescore` lets it begin")
    connection.execute(sa.update(tables.series).where(series.model == name).values(checked=series.version))
    return old
