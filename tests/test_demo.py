"""The demo's world, lived through by the true path: its two shifts are told, its reprint storm is not."""

from __future__ import annotations

import json
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

pytest.importorskip("alembic", reason="the monitor needs the monitoring extra")
pytest.importorskip("feedparser", reason="the monitor needs the monitoring extra")

from stancewire.inference.monitor.alerts import read_alerts
from stancewire.inference.monitor.demo import demo_weeks, live_through
from stancewire.inference.monitor.store import Store
from stancewire.inference.scorer import Scorer


def test_the_demo_tells_of_its_two_shifts_and_of_nothing_else(scorer: Scorer, tmp_path: Path) -> None:
    truth = json.loads((files("stancewire.data") / "demo" / "truth.json").read_text())
    store = Store(f"sqlite:///{tmp_path}/demo.db")
    weeks = list(live_through(demo_weeks(), store, scorer))
    with store.reading() as connection:
        told = sorted(read_alerts(connection, weeks[-1].now), key=lambda alert: alert.began or date.max)
    assert len(told) == len(truth["shifts"])
    for alert, shift in zip(told, truth["shifts"], strict=True):
        assert alert.subject == f"{shift['actor']} on {shift['issue'].replace('_', ' ')}"
        assert alert.details["direction"] == shift["to"]
        assert alert.began
        assert abs((alert.began - date.fromisoformat(shift["began"])).days) <= 28
        assert alert.details["evidence"]
    # Again it is lived through without a trace.
    counts = store.counts()
    again = list(live_through(demo_weeks(), store, scorer))
    assert not [number for week in again for number in week.raised]
    assert sum(week.counts.new for week in again) == 0
    assert store.counts() == counts
    store.close()
