"""Delivery of alerts: each goes out once to each target, and what a target does not take waits for the next time."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ...data.errors import StancewireError
from . import tables
from .alerts import Alert, read_alerts
from .message import make_message
from .store import Store
from .targets import Target, make_target

PAGE = "http://127.0.0.1:8000"
"""Address of the web page, for links."""
FAILURES = 3
"""Failures in a row after which a target is left alone until the next time."""
RECENT = timedelta(days=14)
"""For so long after it has gone out to all targets of one call, an alert goes to those that another call names."""
CLAIM = timedelta(minutes=10)
"""For so long nobody else sends an alert to a target to which it is being sent."""

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
    """Sends the open alerts, to each target once, whoever else delivers with the same or with other targets.

    An alert is delivered when all targets of the call have it; a target that another call names within two weeks of
    that, as in another process, gets it too. What a target does not take is sent to it the next time; after
    each alert that it took, this is written down. (A process that is killed between the two sends this one alert again,
    ten minutes later at the soonest.) What was acknowledged, withdrawn or snoozed is not sent.

    Args:
        store: The database.
        targets: ``terminal``, ``file:PATH`` (JSON Lines) or Apprise's URLs, one recipient each, so that a failure for
            one does not repeat the alert for others.
        now: The moment, UTC without a zone.
        page: Address of the web page, for the links.

    Raises:
        StancewireError: The database does not answer, or a target cannot be used; the others have got theirs then.
    """
    keys = {_key(address) for address in targets}
    with store.reading() as connection:
        waiting = _waiting(connection, keys, now) if targets else []
    if not waiting:
        return Delivered(0, 0)
    usable, wrong = dict[str, Target](), list[StancewireError]()
    for place, address in enumerate(targets, 1):
        try:
            usable[_key(address)] = make_target(address, place)
        except StancewireError as error:
            wrong.append(error)
    sent = sum(_send(store, alert, usable, keys, now, page) for alert in waiting)
    for target in usable.values():
        if target.untaken:
            _log.warning("%s: %s; %d alerts wait for the next time", target.name, target.reason, target.untaken)
    if wrong:
        raise wrong[0]
    return Delivered(sent, len(waiting) - sent)


def _waiting(connection: Connection, keys: set[str], now: datetime) -> list[Alert]:
    """The open alerts that have not gone out to all targets of a call, the oldest first."""
    found = [
        one
        for one in read_alerts(connection, now, "open")
        if "withdrawn" not in one.details
        and (one.delivered is None or (now - one.delivered < RECENT and keys - _taken(one.details)))
    ]
    return sorted(found, key=lambda one: one.id)


def _send(store: Store, alert: Alert, targets: dict[str, Target], keys: set[str], now: datetime, page: str) -> bool:
    """Sends one alert to the targets that have not taken it; True when all have."""
    message = make_message(alert, page)
    taken = _taken(alert.details)
    for key, target in targets.items():
        if key in taken:
            continue
        if target.failures >= FAILURES:
            target.untaken += 1
            continue
        if not _claim(store, alert.id, key, now):
            continue
        reason = target.send(message)
        taken = _settle(store, alert.id, key, not reason, keys, now)
        if reason:
            target.failures, target.untaken, target.reason = target.failures + 1, target.untaken + 1, reason
        else:
            target.failures = 0
    if taken >= keys and _taken(alert.details) >= keys:
        # The only target that was missing is no longer asked for.
        with store.writing() as connection:
            _write(connection, alert.id, delivered=now)
    return taken >= keys


def _claim(store: Store, number: int, key: str, now: datetime) -> bool:
    """Keeps others from sending an alert to a target now; False if one does, or has done so."""
    with store.writing() as connection:
        details = _details(connection, number)
        claims = details.get("claims", {})
        since = now - datetime.fromisoformat(claims[key]) if key in claims else CLAIM
        # A claim from a time to come is that of a clock that was wrong.
        if key in _taken(details) or timedelta(0) <= since < CLAIM:
            return False
        _write(connection, number, details=details | {"claims": claims | {key: now.isoformat()}})
    return True


def _settle(store: Store, number: int, key: str, is_taken: bool, keys: set[str], now: datetime) -> set[str]:
    """Writes down what became of a claim; gives the targets that have taken the alert."""
    with store.writing() as connection:
        # Read anew: a search may have changed the alert while it was sent.
        details = _details(connection, number)
        claims = {other: since for other, since in details.pop("claims", {}).items() if other != key}
        if is_taken:
            details["delivered_to"] = {**details.get("delivered_to", {}), key: now.isoformat()}
        if claims:
            details["claims"] = claims
        taken = _taken(details)
        _write(connection, number, details=details, delivered=now if taken >= keys else None)
    return taken


def _taken(details: dict[str, Any]) -> set[str]:
    return set(details.get("delivered_to", ()))


def _details(connection: Connection, number: int) -> dict[str, Any]:
    one = tables.alerts.c
    return connection.execute(sa.select(one.details).where(one.id == number)).scalar_one()


def _write(connection: Connection, number: int, **values: Any) -> None:
    connection.execute(sa.update(tables.alerts).where(tables.alerts.c.id == number).values(values))


def _key(address: str) -> str:
    """What a target is called in the database, which is not to hold its secrets."""
    return blake2b(address.encode(), digest_size=8).hexdigest()
