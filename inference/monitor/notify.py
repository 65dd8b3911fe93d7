"""Delivery of alerts: each goes out once to each target, and what a target does not take waits for the next time."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

import sqlalchemy as sa

from ...data.errors import StancewireError
from . import tables
from .alerts import Alert, undelivered
from .message import make_message
from .store import Store
from .targets import Target, make_target

PAGE = "http://127.0.0.1:8000"
"""Address of the web page, for links."""
FAILURES = 3
"""Failures in a row after which a target is left alone until the next time."""

_log = logging.getLogger(__name__)


class Delivered(NamedTuple):
    """What a delivery did.

    Attributes:
        sent: Alerts that have now gone out to all targets.
        waiting: Alerts that wait for a target until the next time.
    """

    sent: int
    waiting: int


def deliver(store: Store, targets: Sequence[str], now: datetime, page: str = PAGE) -> Delivered:
    """Sends all alerts that have not gone out yet, to each target once.

    An alert is delivered when all targets of the call have it; another target, named later, does not get it then.
    What a target does not take is sent to it the next time; after each alert that it took, this is written down. (A
    process that is killed between the two sends this one alert again.) What was acknowledged in the meantime, withdrawn
    or snoozed is not sent.

    Args:
        store: The database.
        targets: ``terminal``, ``file:PATH`` (JSON Lines) or Apprise's URLs, one recipient each, so that a failure for
            one does not repeat the alert for others.
        now: The moment, UTC without a zone.
        page: Address of the web page, for the links.

    Raises:
        StancewireError: The database does not answer, or a target cannot be used; the others have got theirs then.
    """
    with store.reading() as connection:
        waiting = undelivered(connection, now) if targets else []
    if not waiting:
        return Delivered(0, 0)
    usable, wrong = dict[str, Target](), list[StancewireError]()
    for place, address in enumerate(targets, 1):
        try:
            usable[_key(address)] = make_target(address, place)
        except StancewireError as error:
            wrong.append(error)
    keys = {_key(address) for address in targets}
    sent = sum(_send(store, alert, usable, keys, now, page) for alert in waiting)
    for target in usable.values():
        if target.untaken:
            _log.warning("%s: %s; %d alerts wait for the next time", target.name, target.reason, target.untaken)
    if wrong:
        raise wrong[0]
    return Delivered(sent, len(waiting) - sent)


def _send(store: Store, alert: Alert, targets: dict[str, Target], keys: set[str], now: datetime, page: str) -> bool:
    """Sends one alert to the targets that have not taken it; True when all have."""
    message = make_message(alert, page)
    taken = set(alert.details.get("delivered_to", ()))
    for key, target in targets.items():
        if key in taken:
            continue
        target.untaken += 1
        if target.failures >= FAILURES:
            continue
        reason = target.send(message)
        if reason:
            target.failures, target.reason = target.failures + 1, reason
            continue
        target.failures, target.untaken = 0, target.untaken - 1
        taken.add(key)
        _write_taken(store, alert.id, key, taken >= keys, now)
    if taken >= keys and set(alert.details.get("delivered_to", ())) >= keys:
        # The only target that was missing is no longer asked for.
        _write_taken(store, alert.id, None, True, now)
    return taken >= keys


def _write_taken(store: Store, number: int, key: str | None, is_all: bool, now: datetime) -> None:
    one = tables.alerts.c
    with store.writing() as connection:
        # Read anew: a search may have changed the alert while it was sent.
        details = connection.execute(sa.select(one.details).where(one.id == number)).scalar_one()
        if key is not None:
            details = {**details, "delivered_to": {**details.get("delivered_to", {}), key: now.isoformat()}}
        values = {"details": details} | ({"delivered": now} if is_all else {})
        connection.execute(sa.update(tables.alerts).where(one.id == number).values(values))


def _key(address: str) -> str:
    """What a target is called in the database, which is not to hold its secrets."""
    return blake2b(address.encode(), digest_size=8).hexdigest()
