"""Delivery by several processes: each alert once to each target, whoever delivers first or at the same time."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="the database needs the monitoring extra")
pytest.importorskip("alembic", reason="the database needs the monitoring extra")

from stancewire.inference.monitor import alerts, notify
from stancewire.inference.monitor.message import Message
from stancewire.inference.monitor.notify import CLAIM, RECENT, deliver
from stancewire.inference.monitor.store import Store
from stancewire.inference.monitor.targets import Target, make_target

NOW = datetime(2024, 6, 3, 12)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = Store(url)
    yield opened
    opened.close()


def raise_one(store: Store, subject: str = "feed") -> int:
    with store.writing() as connection:
        number = alerts.raise_alert(connection, alerts.HEALTH, subject, f"{subject} it is", {}, NOW)
    assert number is not None
    return number


def lines(path: Path) -> list[str]:
    """What a target has got."""
    return [json.loads(line)["subject"] for line in path.read_text().splitlines()] if path.exists() else []


def read(store: Store, number: int) -> alerts.Alert:
    with store.reading() as connection:
        return alerts.read_alert(connection, number, NOW)


def test_who_delivers_first_keeps_nothing_from_the_targets_of_another(store: Store, tmp_path: Path) -> None:
    number, hand, mail = raise_one(store), tmp_path / "hand.jsonl", tmp_path / "mail.jsonl"
    assert deliver(store, [f"file:{hand}"], NOW) == (1, 0)
    assert read(store, number).delivered == NOW
    assert deliver(store, [f"file:{mail}"], NOW + MINUTE) == (1, 0)
    for target in (hand, mail):
        assert deliver(store, [f"file:{target}"], NOW + 2 * MINUTE) == (0, 0)
        assert lines(target) == ["feed"]
    assert deliver(store, [f"file:{tmp_path}/late.jsonl"], NOW + MINUTE + RECENT) == (0, 0)


def test_a_target_that_fails_gets_it_however_late_though_others_have_it(store: Store, tmp_path: Path) -> None:
    number, hand, folder = raise_one(store), tmp_path / "hand.jsonl", tmp_path / "later"
    assert deliver(store, [f"file:{hand}"], NOW) == (1, 0)
    assert deliver(store, [f"file:{folder}/mail.jsonl"], NOW + MINUTE) == (0, 1)
    assert read(store, number).delivered is None
    folder.mkdir()
    assert deliver(store, [f"file:{folder}/mail.jsonl"], NOW + 3 * RECENT) == (1, 0)
    assert (lines(hand), lines(folder / "mail.jsonl")) == (["feed"], ["feed"])


def test_two_that_deliver_at_once_send_it_once(
    store: Store, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for subject in ("one", "two", "three"):
        raise_one(store, subject)
    path, both_have_read, second = tmp_path / "alerts.jsonl", threading.Barrier(2, timeout=60), Store(url)

    def make_when_both_have_read(address: str, place: int) -> Target:
        both_have_read.wait()
        return make_target(address, place)

    monkeypatch.setattr(notify, "make_target", make_when_both_have_read)
    threads = [threading.Thread(target=deliver, args=(one, [f"file:{path}"], NOW)) for one in (store, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    second.close()
    assert sorted(lines(path)) == ["one", "three", "two"]
    assert "claims" not in read(store, 1).details


def test_killed_while_it_sends_the_alert_goes_out_again_later(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, path = raise_one(store), tmp_path / "alerts.jsonl"

    def die(message: Message) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(notify, "make_target", lambda address, place: Target(address, die))
        with pytest.raises(KeyboardInterrupt):
            deliver(store, [f"file:{path}"], NOW)
    assert deliver(store, [f"file:{path}"], NOW + MINUTE) == (0, 1)
    assert deliver(store, [f"file:{path}"], NOW + CLAIM) == (1, 0)
    assert lines(path) == ["feed"]
    assert read(store, number).delivered == NOW + CLAIM
