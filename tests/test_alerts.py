"""Alerts: each shift told once, with its sentences; kept, snoozed, acknowledged; delivered whatever fails."""

from __future__ import annotations

import json
import logging
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sqlalchemy", reason="the inbox needs the monitoring extra")
pytest.importorskip("alembic", reason="the inbox needs the monitoring extra")
pytest.importorskip("apprise", reason="delivery needs the monitoring extra")

import sqlalchemy as sa

from stancewire.data.errors import MissingExtraError, StancewireError
from stancewire.data.schema import Article, Position
from stancewire.inference.cli import main
from stancewire.inference.monitor import alerts, tables
from stancewire.inference.monitor.alerts import Alert
from stancewire.inference.monitor.message import plain
from stancewire.inference.monitor.models import CURRENT, Measured, add_model, begin, switch
from stancewire.inference.monitor.notify import deliver
from stancewire.inference.monitor.series import Confusion
from stancewire.inference.monitor.shift_alerts import RECENT_DAYS, Checked, check_series
from stancewire.inference.monitor.shifts import find_shifts
from stancewire.inference.monitor.store import Store
from stancewire.inference.monitor.story_sums import read_sides

MODEL = "m 1"
CONFUSION = Confusion(np.array([[80, 5, 5], [5, 85, 5], [5, 5, 70], [10, 10, 5]], dtype=float))
FIRST = date(2024, 1, 1)
TURN = 60
"""Day on which Japan's side turns, counted from the first."""
Row = tuple[Article, list[Position]]
on_one_database = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
"""For what happens outside of it."""


def day(number: float) -> str:
    return (FIRST + timedelta(days=int(number))).isoformat()


def at(number: float) -> datetime:
    return datetime(2024, 1, 1, 12) + timedelta(days=number)


def story(key: str, when: float, label: str, objects: tuple[str, ...] = ("Russia",), actor: str = "Japan") -> Row:
    verb = {"support": "backed", "oppose": "condemned", "neutral": "discussed"}[label]
    sentence = f"{actor} {verb} the sanctions on {', '.join(objects)} in note {key}."
    one = Article(
        key, f"Opening of {key}. {sentence}", f"Title {key}", day(when), "wire", f"https://wire.example/{key}"
    )
    start = one.text.index(sentence)
    sure = 0.6 + (hash_of(key) % 40) / 100
    where = (one.id, 1, start, len(one.text), sentence, "stance", actor, "sanctions", label, sure)
    return one, [Position(*where, [*objects], day(when), MODEL)]


def hash_of(key: str) -> int:
    return sum(map(ord, key))


def steady(count: int = 30, **about: Any) -> list[Row]:
    """A story on support every other day."""
    return [story(f"before-{n}", 2 * n, "support", **about) for n in range(count)]


def turned(count: int = 12, **about: Any) -> list[Row]:
    """A story against every other day, from the turn on."""
    return [story(f"after-{n}", TURN + 2 * n, "oppose", **about) for n in range(count)]


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = Store(url)
    with opened.writing() as connection:
        add_model(connection, MODEL, CONFUSION, CURRENT)
    yield opened
    opened.close()


def inbox(store: Store, now: datetime, state: str | None = None) -> list[Alert]:
    with store.reading() as connection:
        return alerts.read_alerts(connection, now, state)


def raise_one(store: Store, subject: str, now: datetime, kind: str = alerts.HEALTH, **more: Any) -> int | None:
    with store.writing() as connection:
        return alerts.raise_alert(connection, kind, subject, f"{subject} it is", {"lines": ["a line"]}, now, **more)


# -- shifts -----------------------------------------------------------------------------------------------------------


def test_a_shift_is_told_once_with_the_sentences_on_either_side(store: Store) -> None:
    one, (row,) = story("contrary", 21, "oppose")
    store.ingest([*steady(), *turned(), (one, [replace(row, confidence=0.999)])], MODEL)
    done = check_series(store, at(85))
    assert (done.series, done.watched, len(done.raised)) == (1, 1, 1)
    (alert,) = inbox(store, at(85))
    assert (alert.id, alert.state, alert.kind) == (done.raised[0], "open", "shift")
    assert alert.subject == "Japan on sanctions"
    assert alert.began
    assert abs((alert.began - FIRST).days - TURN) <= 7
    assert str(alert.began) in alert.title
    details = alert.details
    assert details["direction"] == "oppose"
    assert details["before"] > 0.3 > -0.3 > details["after"]
    assert details["low"] <= details["after"] - details["before"] <= details["high"] < 0
    assert details["stories_before"] >= 20
    assert details["model"] == MODEL
    for side, label in (("before", "support"), ("after", "oppose")):
        sentences = details[f"sentences_{side}"]
        assert len({one["article"] for one in sentences}) == 3
        for one in sentences:
            assert one["label"] == label
            assert one["text"].startswith("Japan ")
            assert one["text"].endswith(f"{one['article']}.")
            assert (one["title"], one["source"]) == (f"Title {one['article']}", "wire")
            assert one["url"] == f"https://wire.example/{one['article']}"
        sure = [one["confidence"] for one in sentences]
        assert sure == sorted(sure, reverse=True)
    assert check_series(store, at(85)) == Checked(0, 0, [], [], [])
    assert len(inbox(store, at(85))) == 1


def test_it_is_told_once_too_where_stories_come_one_by_one(store: Store) -> None:
    raised: list[int] = []
    for number, row in enumerate([*steady(), *turned(), *(story(f"x{n}", 100 + n, "oppose") for n in range(15))]):
        store.ingest([row], MODEL)
        if number > 25:
            raised += check_series(store, datetime.fromisoformat(f"{row[0].published}T18:00")).raised
    assert len(raised) == 1
    assert len(inbox(store, at(120))) == 1


def test_a_storm_of_reprints_raises_none(store: Store) -> None:
    store.ingest(steady(), MODEL)
    wire, rows = story("storm", TURN, "oppose")
    copies = [replace(wire, id=f"copy-{n}", published=day(TURN + n // 2)) for n in range(60)]
    store.ingest([(one, [replace(rows[0], article_id=one.id)]) for one in copies], MODEL)
    assert check_series(store, at(85)) == Checked(1, 1, [], [], [])
    assert inbox(store, at(85)) == []


def test_the_same_articles_as_stories_of_their_own_do_raise_one(store: Store) -> None:
    store.ingest([*steady(), *(story(f"own-{n}", TURN + n // 2, "oppose") for n in range(60))], MODEL)
    assert len(check_series(store, at(85)).raised) == 1


def test_old_shifts_are_recorded_and_not_told(store: Store) -> None:
    store.ingest([*steady(), *turned()], MODEL)
    now = at(TURN + 40 + RECENT_DAYS + 1)
    assert check_series(store, now).raised == []
    (alert,) = inbox(store, now)
    assert alert.state == "recorded"
    assert str(alert.found) in (alert.note or "")
    assert inbox(store, now, "open") == []


def test_late_articles_move_the_alert_and_do_not_double_it(store: Store) -> None:
    store.ingest([*steady(), *turned()[4:]], MODEL)
    (number,) = check_series(store, at(85)).raised
    (first,) = inbox(store, at(85))
    store.ingest(turned()[:4], MODEL)
    done = check_series(store, at(86))
    assert (done.raised, done.moved, done.withdrawn) == ([], [number], [])
    (moved,) = inbox(store, at(86))
    assert (moved.raised, moved.state) == (first.raised, "open")
    assert moved.began
    assert first.began
    assert moved.began < first.began
    assert moved.details["began"] == moved.began.isoformat()
    assert str(moved.began) in moved.title


def test_a_shift_that_late_articles_undo_is_withdrawn_and_comes_back_as_itself(store: Store) -> None:
    store.ingest([*steady(), *turned(6)], MODEL)
    (number,) = check_series(store, at(75)).raised
    undone = [replace(one, text=f"{one.text} Corrected.") for one, _ in turned(6)]
    support = [[replace(rows[0], label="support")] for _, rows in turned(6)]
    store.ingest(list(zip(undone, support, strict=True)), MODEL)
    assert check_series(store, at(76)) == Checked(1, 1, [], [], [number])
    (alert,) = inbox(store, at(76))
    assert alert.details["withdrawn"] == at(76).isoformat()
    assert alert.details["sentences_after"]
    assert deliver(store, ["terminal"], at(76)) == (0, 0)
    store.ingest(turned(), MODEL)
    done = check_series(store, at(85))
    assert (done.raised, done.moved) == ([], [number])
    assert "withdrawn" not in inbox(store, at(85))[0].details


def test_a_shift_is_not_withdrawn_because_more_series_are_watched(store: Store) -> None:
    store.ingest([story(f"before-{n}", 2 * n, "oppose" if n % 4 == 3 else "support") for n in range(30)], MODEL)
    when, raised = TURN, list[int]()
    while not raised:
        store.ingest([story(f"after-{when}", when, "support" if when % 4 == 3 else "oppose")], MODEL)
        raised = check_series(store, at(when)).raised
        when += 1
    many = [f"State {n}" for n in range(80)]
    rows = [(one, [replace(found[0], actor=actor) for actor in many]) for one, found in steady(12)]
    store.ingest([(replace(one, id=f"other-{one.id}"), positions) for one, positions in rows], MODEL)
    with store.writing() as connection:
        connection.execute(sa.update(tables.series).values(checked=-1))
        one = tables.series.c
        own = connection.execute(sa.select(one.id).where(one.actor == "Japan", one.object == "")).scalar_one()
        assert find_shifts(read_sides(connection, [own])[own], series=81, confusion=CONFUSION) == []
    done = check_series(store, at(when))
    assert (done.series, done.watched, done.raised, done.withdrawn) == (81, 81, [], [])
    assert [alert.id for alert in inbox(store, at(when))] == raised


def test_shifts_that_cancel_out_are_told_by_object(store: Store) -> None:
    iran = [story(f"iran-{n}", 2 * n, "oppose" if 2 * n < TURN else "support", ("Iran",)) for n in range(42)]
    store.ingest([*steady(), *turned(), *iran], MODEL)
    assert check_series(store, at(85)).watched == 3
    found = {alert.subject: alert for alert in inbox(store, at(85), "open")}
    assert {subject: alert.details["direction"] for subject, alert in found.items()} == {
        "Japan on sanctions: Iran": "support",
        "Japan on sanctions: Russia": "oppose",
    }
    russia = found["Japan on sanctions: Russia"].details
    assert all("Russia" in one["text"] for side in ("before", "after") for one in russia[f"sentences_{side}"])


def test_what_the_whole_and_an_object_both_show_is_told_once(store: Store) -> None:
    iran = [story(f"iran-{n}", 3 * n, "support", ("Iran",)) for n in range(33)]
    store.ingest([*steady(40), *turned(), *[story(f"z{n}", TURN + n, "oppose") for n in range(40)], *iran], MODEL)
    done = check_series(store, at(85))
    assert done.watched == 3
    assert len(done.raised) == 1
    recorded = [alert for alert in inbox(store, at(85)) if alert.state == "recorded"]
    assert [alert.subject for alert in recorded] == ["Japan on sanctions: Russia"]
    assert recorded[0].note == f"told by alert {done.raised[0]}"


def test_the_way_back_is_another_alert_and_the_same_way_again_is_not_told_at_once(store: Store) -> None:
    back = [story(f"back-{n}", TURN + 40 + 2 * n, "support") for n in range(25)]
    store.ingest([*steady(), *turned()], MODEL)
    (first,) = check_series(store, at(85)).raised
    store.ingest(back, MODEL)
    (second,) = check_series(store, at(130)).raised
    found = {alert.id: alert.details["direction"] for alert in inbox(store, at(150), "open")}
    assert found == {first: "oppose", second: "support"}


def test_another_model_tells_nothing_of_the_past_and_nothing_twice(store: Store) -> None:
    history = [*steady(), *turned()]
    store.ingest(history, MODEL)
    (first,) = check_series(store, at(70)).raised
    assert inbox(store, at(70))[0].found
    store.ingest(history, "m 2")
    with store.writing() as connection:
        begin(connection, "m 2", Measured(CONFUSION, 0.9))
        switch(connection, "m 2", at(64))
    store.ingest([story("next", 83, "oppose")], "m 2")
    assert check_series(store, at(85)).raised == []
    new, old = inbox(store, at(85))
    assert (old.id, old.state, new.state, new.note) == (first, "open", "recorded", f"told by alert {first}")
    with store.writing() as connection:
        connection.execute(sa.update(tables.models).values(switched=at(80)))
        connection.execute(sa.delete(tables.alerts))
        connection.execute(sa.update(tables.series).values(checked=0))
    assert check_series(store, at(85)).raised == []
    assert inbox(store, at(85))[0].note == f"found on {new.found}, before m 2 was the current model"
    back = [story(f"back-{n}", TURN + 26 + 2 * n, "support") for n in range(12)]
    store.ingest(back, "m 2")
    assert len(check_series(store, at(110)).raised) == 1


def test_stories_of_days_to_come_are_left_out(store: Store) -> None:
    store.ingest([*steady(), *(story(f"wrong-{n}", 400 + 3 * n, "oppose") for n in range(20))], MODEL)
    assert check_series(store, at(61)) == Checked(1, 1, [], [], [])


def test_a_search_that_is_killed_goes_on_where_it_stopped(store: Store, url: str) -> None:
    for actor in ("Chile", "Japan", "Peru"):
        store.ingest([(one, rows) for one, rows in of(actor)], MODEL)
    code = f"""
import os, signal
from datetime import datetime
from stancewire.inference.monitor import shift_alerts
from stancewire.inference.monitor.shifts import find_shifts
from stancewire.inference.monitor.store import Store
from stancewire.inference.monitor.story_sums import read_sides
raised = []
raise_alert = shift_alerts.raise_alert
def die(*arguments, **more):
    raised.append(raise_alert(*arguments, **more))
    if len(raised) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return raised[-1]
shift_alerts.raise_alert = die
shift_alerts.check_series(Store({url!r}), datetime.fromisoformat({at(85).isoformat()!r}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    # Of the second series neither the alert nor the mark was kept.
    assert [alert.details["actor"] for alert in inbox(store, at(85))] == ["Chile"]
    assert len(check_series(store, at(85)).raised) == 2
    assert sorted(alert.details["actor"] for alert in inbox(store, at(85))) == ["Chile", "Japan", "Peru"]


def of(actor: str) -> Iterator[Row]:
    for n in range(30):
        yield story(f"{actor}-before-{n}", 2 * n, "support", actor=actor)
    for n in range(20):
        yield story(f"{actor}-after-{n}", TURN + 2 * n, "oppose", actor=actor)


# -- the inbox --------------------------------------------------------------------------------------------------------


def test_an_open_alert_keeps_others_like_it_back(store: Store) -> None:
    first = raise_one(store, "feed", at(0))
    assert raise_one(store, "feed", at(50)) is None
    assert raise_one(store, "other feed", at(50)) is not None
    with store.writing() as connection:
        alerts.acknowledge(connection, first or 0, at(50))
    assert raise_one(store, "feed", at(51)) is not None


@pytest.mark.parametrize(("kind", "days"), [("shift", 14), ("drift", 1), ("health", 1)])
def test_cool_down(store: Store, kind: str, days: int) -> None:
    first = raise_one(store, "s", at(0), kind, direction="oppose")
    with store.writing() as connection:
        alerts.acknowledge(connection, first or 0, at(0.1))
    assert raise_one(store, "s", at(days - 0.1), kind, direction="oppose") is None
    assert raise_one(store, "s", at(days - 0.1), kind, direction="support") is not None
    assert raise_one(store, "s", at(days), kind, direction="oppose") is not None


def test_an_alert_of_a_clock_gone_wrong_does_not_silence_its_subject(store: Store) -> None:
    ahead = raise_one(store, "feed", at(4000))
    with store.writing() as connection:
        alerts.acknowledge(connection, ahead or 0, at(1))
    assert raise_one(store, "feed", at(2)) is not None


def test_after_the_other_way_an_open_alert_keeps_nothing_back(store: Store) -> None:
    raise_one(store, "s", at(0), "shift", direction="oppose")
    raise_one(store, "s", at(30), "shift", direction="support")
    assert raise_one(store, "s", at(60), "shift", direction="oppose") is not None


def test_acknowledged(store: Store) -> None:
    number = raise_one(store, "feed", at(0)) or 0
    with store.writing() as connection:
        alerts.acknowledge(connection, number, at(1), "Mina", "seen")
        again = alerts.acknowledge(connection, number, at(2), note="seen, and mended")
    assert (again.acknowledged, again.acknowledged_by, again.note) == (at(1), "Mina", "seen, and mended")
    assert again.state == "acknowledged"
    assert inbox(store, at(2), "open") == []
    assert inbox(store, at(2), "acknowledged") == [again]
    assert deliver(store, ["terminal"], at(2)) == (0, 0)
    with pytest.raises(StancewireError, match="alert 99: there is none"), store.writing() as connection:
        alerts.acknowledge(connection, 99, at(1))


def test_nobody_takes_the_name_by_which_recorded_alerts_are_known(store: Store) -> None:
    number = raise_one(store, "feed", at(0)) or 0
    with pytest.raises(StancewireError, match="what nobody was told"), store.writing() as connection:
        alerts.acknowledge(connection, number, at(1), f" {alerts.NOBODY} ")
    assert [alert.state for alert in inbox(store, at(1))] == ["open"]
    with store.writing() as connection:
        recorded = alerts.record_alert(
            connection, "old news", at(0), "", {}, kind=alerts.HEALTH, subject="x", title="x"
        )
    with pytest.raises(StancewireError, match="told to nobody"), store.writing() as connection:
        alerts.acknowledge(connection, recorded, at(1), "Mina", "seen")
    assert [alert.note for alert in inbox(store, at(1), "recorded")] == ["old news"]


def test_a_snooze_keeps_back_until_it_is_over_or_undone(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    number = raise_one(store, "feed", at(0)) or 0
    with store.writing() as connection:
        alerts.snooze(connection, "feed", at(5), at(0))
    assert deliver(store, ["terminal"], at(1)) == (0, 0)
    assert [alert.state for alert in inbox(store, at(1), "snoozed")] == ["snoozed"]
    assert inbox(store, at(1), "open") == []
    with store.writing() as connection:
        alerts.acknowledge(connection, number, at(1))
    assert raise_one(store, "feed", at(3)) is None
    assert raise_one(store, "feed", at(5)) is not None
    assert deliver(store, ["terminal"], at(5)) == (1, 0)
    assert "feed it is" in capsys.readouterr().out
    with store.writing() as connection:
        alerts.snooze(connection, "feed", at(9), at(5))
        alerts.snooze(connection, "feed", at(20), at(5))
        assert alerts.snoozed_until(connection, "feed", at(10)) == at(20)
        assert alerts.unsnooze(connection, "feed")
        assert not alerts.unsnooze(connection, "feed")
    assert len(inbox(store, at(6), "open")) == 1


def test_a_shift_found_in_a_snooze_is_delivered_after_it(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    store.ingest([*steady(), *turned()], MODEL)
    check_series(store, at(85))
    assert deliver(store, ["terminal"], at(85)) == (1, 0)
    with store.writing() as connection:
        alerts.snooze(connection, "Japan on sanctions", at(140), at(85))
    store.ingest([story(f"back-{n}", TURN + 40 + 2 * n, "support") for n in range(15)], MODEL)
    assert len(check_series(store, at(131)).raised) == 1
    assert deliver(store, ["terminal"], at(131)) == (0, 0)
    assert deliver(store, ["terminal"], at(141)) == (1, 0)
    assert "towards support" in capsys.readouterr().out


@on_one_database
@pytest.mark.parametrize(("subject", "until", "said"), [("feed", at(0), "later time"), ("fed", at(9), "no alert has")])
def test_a_wrong_snooze_is_one_line(store: Store, subject: str, until: datetime, said: str) -> None:
    raise_one(store, "feed", at(0))
    with pytest.raises(StancewireError, match=said), store.writing() as connection:
        alerts.snooze(connection, subject, until, at(0))


# -- delivery ---------------------------------------------------------------------------------------------------------


class Hook(HTTPServer):
    """A webhook that takes what it is sent, or answers with another status."""

    status = 200

    def __init__(self) -> None:
        self.asked = 0
        self.taken: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    def target(self, secret: str = "") -> str:
        return f"json://user:{secret or 'word'}@127.0.0.1:{self.server_port}/hook/{secret}?-token={secret}"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        hook = self.server
        assert isinstance(hook, Hook)
        hook.asked += 1
        if hook.status == 200:
            hook.taken.append(json.loads(body))
        self.send_response(hook.status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def hooks(count: int) -> Iterator[list[Hook]]:
    servers = [Hook() for _ in range(count)]
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield servers
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_webhook_that_fails_gets_the_alert_when_it_is_well(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    store.ingest([*steady(), *turned()], MODEL)
    (number,) = check_series(store, at(85)).raised
    with hooks(1) as (hook,):
        hook.status = 500
        assert deliver(store, [hook.target()], at(85)) == (0, 1)
        (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert record.getMessage() == "target 1 (JSON): did not take it (error 500); 1 alerts wait for the next time"
        hook.status = 200
        assert deliver(store, [hook.target()], at(86), "https://desk.example/") == (1, 0)
        assert deliver(store, [hook.target()], at(87)) == (0, 0)
        (taken,) = hook.taken
    assert taken["title"].startswith("Japan on sanctions: towards opposition since ")
    assert taken["message"].endswith(f"Evidence: https://desk.example/alerts/{number}")
    assert "Japan condemned the sanctions on Russia" in taken["message"]
    (alert,) = inbox(store, at(87))
    assert alert.delivered == at(86)


def test_the_target_that_took_an_alert_does_not_get_it_again_while_another_fails(store: Store) -> None:
    with hooks(2) as (well, ill):
        targets = [well.target(), ill.target()]
        ill.status = 503
        raise_one(store, "one", at(0))
        assert deliver(store, targets, at(0)) == (0, 1)
        raise_one(store, "two", at(1))
        assert deliver(store, targets, at(1)) == (0, 2)
        ill.status = 200
        assert deliver(store, targets, at(2)) == (2, 0)
        for hook in (well, ill):
            assert [taken["title"] for taken in hook.taken] == ["one it is", "two it is"]


@on_one_database
def test_a_target_that_is_gone_for_good_does_not_keep_alerts_waiting(store: Store) -> None:
    raise_one(store, "one", at(0))
    with hooks(1) as (hook,):
        assert deliver(store, ["file:/no/such/folder/alerts.jsonl", hook.target()], at(0)) == (0, 1)
        assert deliver(store, [hook.target()], at(1)) == (1, 0)
        assert len(hook.taken) == 1
    assert inbox(store, at(1))[0].delivered == at(1)


@on_one_database
def test_a_dead_target_is_not_asked_for_each_of_many_alerts(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    for n in range(20):
        raise_one(store, f"subject {n}", at(0))
    with hooks(1) as (hook,):
        hook.status = 500
        assert deliver(store, [hook.target()], at(0)) == (0, 20)
        assert hook.asked == 3
        assert "20 alerts wait" in caplog.text
        assert len(caplog.records) == 1
        hook.status = 200
        assert deliver(store, [hook.target()], at(0)) == (20, 0)


def test_killed_between_raising_and_delivering_the_alert_goes_out_the_next_time(store: Store, url: str) -> None:
    store.ingest([*steady(), *turned()], MODEL)
    code = f"""
import os, signal
from datetime import datetime
from stancewire.inference.monitor.shift_alerts import check_series
from stancewire.inference.monitor.shifts import find_shifts
from stancewire.inference.monitor.store import Store
from stancewire.inference.monitor.story_sums import read_sides
check_series(Store({url!r}), datetime.fromisoformat({at(85).isoformat()!r}))
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
    assert check_series(store, at(85)).raised == []
    with hooks(1) as (hook,):
        assert deliver(store, [hook.target()], at(85)) == (1, 0)
        assert len(hook.taken) == 1


def test_a_search_while_alerts_go_out_loses_no_state(store: Store) -> None:
    store.ingest([*steady(), *turned()], MODEL)
    check_series(store, at(85))
    with hooks(2) as (well, ill):
        ill.status = 500
        deliver(store, [well.target(), ill.target()], at(85))
        store.ingest([story(f"late-{n}", TURN - 9 + 2 * n, "oppose") for n in range(5)], MODEL)
        assert len(check_series(store, at(86)).moved) == 1
        ill.status = 200
        assert deliver(store, [well.target(), ill.target()], at(86)) == (1, 0)
        assert (len(well.taken), len(ill.taken)) == (1, 1)


def test_no_log_at_any_level_holds_a_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Store(f"sqlite:///{tmp_path}/monitor.db")
    raise_one(store, "one", at(0))
    caplog.set_level(logging.DEBUG)
    with hooks(1) as (hook,):
        for hook.status in (500, 200):
            deliver(store, [hook.target("hunter2"), "json://127.0.0.1:1/hunter2?-token=hunter2"], at(0))
    wrong = ["json://", "hunter2", "nosuch://hunter2@host", "slack://hunter2"]
    for target in wrong:
        raise_one(store, target, at(0))
        with pytest.raises(StancewireError) as error:
            deliver(store, ["terminal", target], at(0))
        assert str(error.value).startswith("target 2: ")
        assert "hunter2" not in str(error.value)
    assert "hunter2" not in caplog.text
    assert "target 2 (JSON)" in caplog.text
    with store.reading() as connection:
        assert "hunter2" not in str(connection.execute(sa.select(tables.alerts.c.details).limit(1)).all())
    store.close()


@on_one_database
def test_a_wrong_target_does_not_keep_the_others_from_theirs(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    raise_one(store, "one", at(0))
    with pytest.raises(StancewireError, match="target 1: not to be used"):
        deliver(store, ["nosuch://", "terminal"], at(0))
    assert capsys.readouterr().out.count("one it is") == 1
    with pytest.raises(StancewireError):
        deliver(store, ["nosuch://", "terminal"], at(0))
    assert "one it is" not in capsys.readouterr().out


@on_one_database
def test_mail(store: Store) -> None:
    controller = pytest.importorskip("aiosmtpd.controller", reason="a mail server comes with the test extra")
    letters: list[bytes] = []

    class Keep:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            letters.append(envelope.content)
            return "250 taken"

    store.ingest(steady(), MODEL)
    store.ingest([hostile(*row) for row in turned()], MODEL)
    check_series(store, at(85))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    post = controller.Controller(Keep(), hostname="127.0.0.1", port=port)
    post.start()
    try:
        target = f"mailto://127.0.0.1:{port}?from=monitor@desk.example&to=mina@desk.example"
        assert deliver(store, [target], at(85)) == (1, 0)
    finally:
        post.stop()
    (letter,) = letters
    mail = message_from_bytes(letter, policy=policy.default)
    assert mail["subject"].startswith("Japan on sanctions: towards opposition since ")
    assert "mina@desk.example" in mail["to"]
    for part in mail.walk():
        if part.get_content_type() == "text/html":
            assert "<script>" not in part.get_content()
            assert "&lt;script&gt;" in part.get_content()
            assert "http://127.0.0.1:8000/alerts/1" in part.get_content()


def hostile(one: Article, rows: list[Position]) -> Row:
    said = "Japan condemned <script>alert(1)</script> the sanctions."
    text = f"{said} {one.id}"
    return replace(one, text=text), [replace(rows[0], start=0, end=len(said), text=said)]


@on_one_database
def test_a_file_gets_one_object_a_line(store: Store, tmp_path: Path) -> None:
    store.ingest([*steady(), *turned()], MODEL)
    check_series(store, at(85))
    raise_one(store, "feed", at(85))
    path = tmp_path / "alerts.jsonl"
    assert deliver(store, [f"file:{path}"], at(85)) == (2, 0)
    shift, health = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert (shift["kind"], shift["state"], health["kind"]) == ("shift", "open", "health")
    assert shift["link"] == "http://127.0.0.1:8000/alerts/1"
    assert len(shift["details"]["sentences_before"]) == 3


@on_one_database
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk to write to")
def test_a_full_disk_is_one_line_and_the_alert_waits(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    raise_one(store, "feed", at(0))
    assert deliver(store, ["file:/dev/full"], at(0)) == (0, 1)
    assert "No space left on device; 1 alerts wait" in caplog.text


def test_nothing_in_a_message_controls_what_shows_it() -> None:
    assert plain("a\x1b[2Jb\r\nBcc: x\u202e\u2028c\ud800") == "a [2Jb Bcc: x c"
    assert plain("می‌رود") == "می‌رود"


def test_without_apprise_it_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(f"sqlite:///{tmp_path}/monitor.db")
    raise_one(store, "feed", at(0))
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'stancewire\[monitoring\]'"):
        deliver(store, ["json://127.0.0.1"], at(0))
    assert deliver(store, ["terminal"], at(0)) == (1, 0)
    store.close()


# -- the commands -----------------------------------------------------------------------------------------------------


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command; gives its exit code and what it prints."""

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["monitor", *arguments])
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return call


@pytest.fixture
def filled(tmp_path: Path) -> str:
    """A database whose shift is news."""
    url = f"sqlite:///{tmp_path}/monitor.db"
    store = Store(url)
    with store.writing() as connection:
        add_model(connection, MODEL, CONFUSION, CURRENT)
    ago = (datetime.now(UTC).date() - FIRST).days - 85
    rows = [*steady(), *turned()]
    later = [(date.fromisoformat(one.published or "") + timedelta(days=ago)).isoformat() for one, _ in rows]
    store.ingest([(replace(one, published=when), found) for (one, found), when in zip(rows, later, strict=True)], MODEL)
    store.close()
    return url


def test_commands(filled: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANCEWIRE_DATABASE", filled)
    path = tmp_path / "alerts.jsonl"
    code, said, counted = run("check", "--notify", f"file:{path}", "--page", "https://desk.example")
    assert code == 0
    assert "Japan on sanctions: towards opposition" in said
    assert "1 changed series searched: 1 new alerts, 0 changed, 0 withdrawn" in counted
    assert "1 alerts delivered, 0 wait for the next time" in counted
    assert json.loads(path.read_text(encoding="utf-8"))["link"] == "https://desk.example/alerts/1"
    monkeypatch.setenv("STANCEWIRE_NOTIFY", "terminal")
    assert "towards opposition" in run("check")[1]
    assert run("check")[:2] == (0, "")

    assert "Japan on sanctions: towards opposition" in run("alerts")[1]
    (record,) = [json.loads(line) for line in run("alerts", "--json")[1].splitlines()]
    assert (record["id"], record["state"], len(record["details"]["sentences_after"])) == (1, "open", 3)

    assert run("snooze", "1", "--days", "7")[1].startswith("Japan on sanctions: snoozed until ")
    assert run("alerts")[1] == "no open alert\n"
    assert run("snooze", "Japan on sanctions", "--days", "0")[1] == "Japan on sanctions: no longer snoozed\n"

    seen = run("acknowledge", "1", "--by", "Mina", "--note", "the vote")[1]
    assert seen.startswith("alert 1 acknowledged by Mina: Japan on sanctions")
    assert run("alerts", "--open")[1] == "no open alert\n"
    listed = run("alerts", "--all")[1]
    assert "acknowledged" in listed
    assert "the vote" in listed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("acknowledge", "99"), "alert 99: there is none"),
        (("snooze", "99", "--days", "1"), "alert 99: there is none"),
        (("snooze", "Japn on sanctions", "--days", "1"), "no alert has this subject"),
        (("acknowledge", "x"), "'x' is not a valid integer"),
        (("check", "--notify", "nosuch://hunter2"), "target 1: not to be used"),
    ],
)
def test_what_is_wrong_is_one_line(filled: str, run: Run, arguments: tuple[str, ...], said: str) -> None:
    code, _, error = run(*arguments, "--database", filled)
    assert code == 2
    assert said in error
    assert "hunter2" not in error
    assert error.count("\n") == 1
