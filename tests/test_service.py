"""The monitor's service on good days and bad: it goes on, says in one line what is wrong, and loses nothing."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("alembic", reason="the monitor needs the monitoring extra")
pytest.importorskip("feedparser", reason="the monitor needs the monitoring extra")

import sqlalchemy as sa
from conftest import EXAMPLES
from feed_server import RSS, Site
from sqlalchemy import event
from sqlalchemy.engine import make_url

from stancewire.data.errors import StancewireError
from stancewire.data.schema import Article, Position
from stancewire.data.story_evaluation import read_story_gold
from stancewire.inference.monitor import tables
from stancewire.inference.monitor.alerts import read_alerts, snooze
from stancewire.inference.monitor.models import begin, measure, model_name, switch
from stancewire.inference.monitor.service import FAILURES, PastModelError, Service
from stancewire.inference.monitor.settings import MonitorSettings, load_monitor_settings
from stancewire.inference.monitor.sources import LONGEST_WAIT, OVERDUE, Source, read_sources, silent_since
from stancewire.inference.monitor.store import Store
from stancewire.inference.scorer import Scorer

DAY = timedelta(days=1)
GOLD = read_story_gold()[:40]
TEXT = GOLD[0].text


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, 6)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


def service(url: str, scorer: Scorer, clock: Clock, *sources: object, **more: object) -> Service:
    values = {"sources": [str(one) for one in sources], "notify": [], "allow_private": True, "host_delay_seconds": 0}
    settings = MonitorSettings.model_validate(values | more | {"database": url})
    return Service(settings, Store(url), scorer, now=clock)


def drop(inbox: Path, name: str, text: str = TEXT) -> None:
    (inbox / f"{name}.txt").write_text(text)


def articles(one: Service) -> int:
    return one.store.counts()["articles"]


def test_new_files_are_taken_in_when_their_time_comes(
    url: str, scorer: Scorer, clock: Clock, inbox: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = service(url, scorer, clock, inbox)
    one.round()
    assert articles(one) == 0
    drop(inbox, "a")
    one.round()
    assert articles(one) == 0
    clock.time += timedelta(minutes=15)
    one.round()
    assert articles(one) == 1
    drop(inbox, "b", "Norway lifted its sanctions on Chad on Monday.")
    clock.time += timedelta(minutes=15)
    with caplog.at_level(logging.INFO, logger="stancewire"):
        one.round()
    assert articles(one) == 2
    # The first file was not read again.
    assert "1 new, 0 corrected, 0 known" in caplog.text
    runs = one.store.counts()["runs"]
    clock.time += timedelta(minutes=15)
    one.round()
    assert one.store.counts()["runs"] == runs == 2


def test_a_restart_reads_only_what_has_changed(url: str, scorer: Scorer, clock: Clock, inbox: Path) -> None:
    def write(name: str, text: str) -> None:
        (inbox / name).write_text(json.dumps({"id": "a7", "text": text, "published": "2026-03-01"}))
        restarted = service(url, scorer, clock, inbox)
        clock.time += timedelta(hours=1)
        restarted.round()
        restarted.store.close()

    write("b.jsonl", "Japan imposed sanctions on Chad.")
    write("a.jsonl", "Japan lifted its sanctions on Chad.")
    one = service(url, scorer, clock, inbox)
    runs = one.store.counts()["runs"]
    clock.time += timedelta(hours=1)
    one.round()
    with one.store.reading() as connection:
        assert (
            connection.execute(sa.select(tables.articles.c.text)).scalar_one() == "Japan lifted its sanctions on Chad."
        )
    assert one.store.counts()["runs"] == runs == 2


def test_a_source_that_answers_500_for_a_week_harms_nobody(
    url: str, scorer: Scorer, clock: Clock, inbox: Path, site: Site
) -> None:
    feed = site.page("/feed", "", RSS, status=500)
    drop(inbox, "a")
    one = service(url, scorer, clock, feed, inbox)
    end = clock.time + 7 * DAY
    while clock.time < end:
        one.round()
        clock.time += timedelta(hours=3)
    asked = site.paths().count("/feed")
    # Each failure doubles the wait, up to six hours.
    assert 7 * 24 / 6 <= asked <= 7 * 24 / 6 + 4
    assert articles(one) == 1
    with one.store.reading() as connection:
        (alert,) = read_alerts(connection, clock.time)
    assert alert.kind == "health"
    assert f"has failed {FAILURES} times in a row" in alert.title
    site.page("/1.html", f"<html><body><article><p>{TEXT}</p></article></body></html>")
    item = f"<item><title>News</title><link>{site.url}/1.html</link></item>"
    site.page("/feed", f"<rss version='2.0'><channel><title>x</title>{item}</channel></rss>", RSS)
    clock.time += LONGEST_WAIT
    one.round()
    assert articles(one) == 2
    with one.store.reading() as connection:
        (alert,) = read_alerts(connection, clock.time, None)
    assert alert.note == "answers again"
    (source, _) = read_sources(one.store, one.settings.sources)
    assert (source.failures, source.error) == (0, None)


def test_a_clock_that_jumped_back_does_not_silence_a_source() -> None:
    now = datetime(2026, 3, 2, 6)
    left = Source("x").after_success(now + 400 * DAY, timedelta(minutes=15))
    assert left.is_due(now)
    assert not replace(left, due=now + timedelta(minutes=10)).is_due(now)
    assert replace(left, due=now).is_due(now)


def test_a_clock_a_year_ahead_loses_nothing(url: str, scorer: Scorer, clock: Clock, inbox: Path) -> None:
    one = service(url, scorer, clock, inbox)
    one.round()
    clock.time += 365 * DAY
    drop(inbox, "a")
    one.round()
    clock.time -= 365 * DAY
    drop(inbox, "b", "Norway lifted its sanctions on Chad on Monday.")
    one.round()
    assert articles(one) == 2


def test_a_clock_that_is_behind_costs_no_date(url: str, scorer: Scorer, clock: Clock, inbox: Path, site: Site) -> None:
    (inbox / "a.jsonl").write_text(json.dumps({"id": "a", "text": TEXT, "published": "2026-03-01"}))
    site.page("/1.html", f"<html><body><article><p>{GOLD[1].text}</p></article></body></html>")
    item = (
        f"<item><title>x</title><link>{site.url}/1.html</link><pubDate>Sun, 01 Mar 2026 10:00:00 GMT</pubDate></item>"
    )
    feed = site.page("/feed", f"<rss version='2.0'><channel><title>x</title>{item}</channel></rss>", RSS, ETag='"1"')
    one, right = service(url, scorer, clock, inbox, feed), clock.time
    clock.time = datetime(2024, 1, 1)

    def dates() -> list[str]:
        one.round()
        with one.store.reading() as connection:
            return [str(day) for day in connection.execute(sa.select(tables.articles.c.published)).scalars()]

    assert dates() == ["None", "None"]
    clock.time = right
    assert dates() == ["2026-03-01", "2026-03-01"]
    clock.time += timedelta(hours=1)
    runs = one.store.counts()["runs"]
    assert dates() == ["2026-03-01", "2026-03-01"]
    assert one.store.counts()["runs"] == runs


def test_a_fault_of_our_own_costs_the_source_its_turn_and_a_line(
    url: str,
    scorer: Scorer,
    clock: Clock,
    inbox: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fault(*_: object) -> None:
        raise ZeroDivisionError("by\nnought")

    one = service(url, scorer, clock, inbox)
    drop(inbox, "a")
    monkeypatch.setattr(one.store, "missing", fault)
    for _ in range(3):
        one.round()
    (source,) = read_sources(one.store, one.settings.sources)
    assert source.failures == 1
    (line,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert line == f"{inbox}: a fault of stancewire's own: ZeroDivisionError('by\\nnought')"
    monkeypatch.undo()
    clock.time += timedelta(hours=1)
    one.round()
    assert articles(one) == 1


@pytest.mark.parametrize("snoozed", [timedelta(0), DAY])
def test_a_source_that_fails_again_is_an_alert_again(
    url: str, scorer: Scorer, clock: Clock, tmp_path: Path, snoozed: timedelta
) -> None:
    folder = tmp_path / "share"
    one = service(url, scorer, clock, folder)

    def pass_time(hours: int) -> list[str]:
        for _ in range(hours * 4):
            one.round()
            clock.time += timedelta(minutes=15)
        with one.store.reading() as connection:
            return [alert.state for alert in read_alerts(connection, clock.time, None)]

    assert pass_time(5) == ["open"]
    folder.mkdir()
    assert pass_time(5) == ["acknowledged"]
    if snoozed:
        with one.store.writing() as connection:
            snooze(connection, str(folder), clock.time + snoozed, clock.time)
    folder.rmdir()
    # Within a day of the first alert none is raised; after it, one.
    assert pass_time(8) == ["acknowledged"]
    assert pass_time(30) == ["open", "acknowledged"]
    assert pass_time(30) == ["open", "acknowledged"]


def test_a_source_that_is_no_longer_watched_is_forgotten(
    url: str, scorer: Scorer, clock: Clock, inbox: Path, tmp_path: Path
) -> None:
    one = service(url, scorer, clock, inbox, tmp_path / "nowhere")
    for _ in range(FAILURES):
        one.round()
        clock.time += LONGEST_WAIT
    one.store.close()
    fewer = service(url, scorer, clock, inbox)
    for _ in range(2):
        fewer.round()
        assert silent_since(read_sources(fewer.store), clock.time) is None
        clock.time += OVERDUE + LONGEST_WAIT
    assert [source.url for source in read_sources(fewer.store)] == [str(inbox)]
    with fewer.store.reading() as connection:
        (alert,) = read_alerts(connection, clock.time, None)
    assert alert.note == "is watched no longer"
    # Nor is one that is not asked at all taken for well.
    assert silent_since(read_sources(fewer.store), clock.time) == clock.time - OVERDUE - LONGEST_WAIT


def test_each_source_is_asked_when_that_is_wanted(
    url: str, scorer: Scorer, clock: Clock, inbox: Path, tmp_path: Path
) -> None:
    one = service(url, scorer, clock, inbox, tmp_path / "nowhere")
    for number in range(3):
        drop(inbox, str(number), GOLD[number].text)
        one.round(every=True)
        assert articles(one) == number + 1
    assert [source.failures for source in read_sources(one.store, one.settings.sources)] == [0, 1]


def test_a_model_that_was_replaced_does_not_come_back_by_itself(
    url: str, scorer: Scorer, clock: Clock, inbox: Path
) -> None:
    one, other = service(url, scorer, clock, inbox), "other 1"
    drop(inbox, "a")
    one.round()
    with one.store.writing() as connection:
        begin(connection, other, measure(scorer))
        switch(connection, other, clock.time)
    clock.time += timedelta(hours=1)
    drop(inbox, "b", "Norway lifted its sanctions on Chad on Monday.")
    with pytest.raises(PastModelError, match=f"is read with {other}"):
        one.run()
    assert articles(one) == 1
    with one.store.reading() as connection:
        states = {row.name: row.state for row in connection.execute(sa.select(tables.models))}
    assert states == {model_name(scorer.model.config): "past", other: "current"}


def test_a_full_disk_costs_a_line_and_no_article(
    scorer: Scorer, clock: Clock, inbox: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = service(f"sqlite:///{tmp_path}/monitor.db", scorer, clock, inbox)
    one.round()
    limits = {"pages": 0}

    def limit(connection: sa.Connection) -> None:
        # What SQLite answers is what it answers on a full disk.
        connection.exec_driver_sql(f"PRAGMA max_page_count = {limits['pages']}")

    event.listen(one.store.engine, "begin", limit)
    with one.store.reading() as connection:
        limits["pages"] = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    for number, gold in enumerate(GOLD):
        drop(inbox, str(number), gold.text)
    clock.time += timedelta(hours=1)
    one.round()
    lines = [record.getMessage() for record in caplog.records if "full" in record.getMessage()]
    assert lines
    assert all("\n" not in line for line in lines)
    limits["pages"] = 1_000_000
    assert articles(one) < len(GOLD)
    clock.time += timedelta(hours=1)
    one.round()
    assert articles(one) == len(GOLD)


class Proxy:
    """A way to a database that can be cut."""

    def __init__(self, host: str, port: int) -> None:
        self._to = host, port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._open: list[socket.socket] = []
        self.is_cut = False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            near, _ = self._listening.accept()
            if self.is_cut:
                near.close()
                continue
            far = socket.create_connection(self._to)
            self._open += [near, far]
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(a, b), daemon=True).start()

    def _pass_on(self, a: socket.socket, b: socket.socket) -> None:
        try:
            while data := a.recv(65536):
                b.sendall(data)
        except OSError:
            return

    def cut(self) -> None:
        self.is_cut = True
        for one in self._open:
            one.shutdown(socket.SHUT_RDWR)
        self._open.clear()


def test_a_database_that_goes_away_and_comes_back(
    url: str, scorer: Scorer, clock: Clock, inbox: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = make_url(url)
    if place.host is None:
        pytest.skip("SQLite is a file and does not go away")
    proxy = Proxy(place.host, place.port or 5432)
    through = place.set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False)
    one = service(through, scorer, clock, inbox)
    drop(inbox, "a")
    one.round()
    assert articles(one) == 1
    proxy.cut()
    drop(inbox, "b", "Norway lifted its sanctions on Chad on Monday.")
    clock.time += timedelta(hours=1)
    one.round()
    assert any("database" in record.getMessage() for record in caplog.records)
    with pytest.raises(StancewireError, match="database"):
        articles(one)
    proxy.is_cut = False
    clock.time += timedelta(hours=1)
    one.round()
    assert articles(one) == 2


def test_ten_thousand_copies_are_one_story(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/monitor.db")
    for first in range(0, 10_000, 1000):
        batch = [Article(f"a{n}", TEXT, published="2026-03-02") for n in range(first, first + 1000)]
        store.ingest([(one, [position(one)]) for one in batch], "m 1")
    counts = store.counts()
    assert (counts["articles"], counts["stories"], counts["series_stories"]) == (10_000, 1, 1)
    with store.reading() as connection:
        row = connection.execute(sa.select(tables.series_stories)).one()
    assert (row.support, row.articles) == (1.0, 10_000)
    store.close()


def position(one: Article) -> Position:
    return Position(one.id, 0, 0, 10, one.text[:10], "stance", "Japan", "sanctions", "support", 0.9, [], "", "m 1")


def test_a_folder_that_is_not_there_is_said_once_a_try(url: str, scorer: Scorer, clock: Clock, tmp_path: Path) -> None:
    one = service(url, scorer, clock, tmp_path / "nowhere", EXAMPLES)
    one.round()
    (missing, good) = read_sources(one.store, one.settings.sources)
    assert missing.failures == 1
    assert "no such file or folder" in (missing.error or "")
    assert good.failures == 0
    assert articles(one) == 3


def test_a_new_model_reads_the_history_before_its_series_are_shown(
    url: str, scorer: Scorer, clock: Clock, inbox: Path, tmp_path: Path
) -> None:
    drop(inbox, "a")
    one = service(url, scorer, clock, inbox)
    one.round()
    folder = scorer.save_pretrained(tmp_path / "other")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"version": "99.0"}))
    other = service(url, Scorer.from_pretrained(folder), clock, inbox)
    clock.time += timedelta(hours=1)
    drop(inbox, "b", "Norway lifted its sanctions on Chad on Monday.")
    other.round()
    other.finish()
    with other.store.reading() as connection:
        states = {row.name: row.state for row in connection.execute(sa.select(tables.models))}
        scored = connection.execute(sa.select(tables.scored.c.model)).scalars().all()
    name = model_name(scorer.model.config)
    assert states == {name: "past", model_name(other.scorer.model.config): "current"}
    assert sorted(scored).count(name) == 1
    assert len(scored) == 3


def test_settings_say_what_is_wrong_with_them(tmp_path: Path) -> None:
    path = tmp_path / "monitor.yaml"
    path.write_text("sources: [inbox/]\nintervall_minutes: 5\n")
    with pytest.raises(StancewireError, match="did you mean 'interval_minutes'"):
        load_monitor_settings(path)
    path.write_text("sources: []\n")
    with pytest.raises(StancewireError, match="sources"):
        load_monitor_settings(path)


def test_the_example_settings_hold() -> None:
    example = Path(__file__).parent.parent / "configs" / "monitor.yaml"
    assert load_monitor_settings(example).sources == ["inbox/"]


def test_sigterm_ends_the_command_cleanly(inbox: Path, tmp_path: Path) -> None:
    drop(inbox, "a")
    settings = tmp_path / "monitor.yaml"
    settings.write_text(f"database: sqlite:///{tmp_path}/monitor.db\nsources: [{inbox}]\n")
    program = Path(sys.executable).with_name("stancewire")
    process = subprocess.Popen([program, "monitor", "run", settings], stderr=subprocess.PIPE, text=True)
    assert process.stderr
    said = ""
    for line in process.stderr:
        said += line
        if "1 new" in line:
            os.kill(process.pid, signal.SIGTERM)
    assert process.wait(60) == 0, said
    assert "stopped" in said


def test_the_command_waits_for_a_database_that_is_not_up(inbox: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings = tmp_path / "monitor.yaml"
    settings.write_text(f"database: postgresql+psycopg://x@127.0.0.1:{port}/x\nsources: [{inbox}]\n")
    program = Path(sys.executable).with_name("stancewire")
    command = [program, "monitor", "run", settings]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    said = ""
    for line in process.stderr:
        said += line
        if "asked again in a minute" in line:
            os.kill(process.pid, signal.SIGTERM)
    assert process.wait(60) == 0, said
    assert "Traceback" not in said
    assert subprocess.run([*command, "--once"], capture_output=True).returncode == 2


def test_a_second_signal_ends_the_command_at_once(site: Site, tmp_path: Path) -> None:
    site.stream("/1.html", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", b" ", pause=0.05)
    item = f"<item><title>x</title><link>{site.url}/1.html</link></item>"
    feed = site.page("/feed", f"<rss version='2.0'><channel><title>x</title>{item}</channel></rss>", RSS)
    settings = tmp_path / "monitor.yaml"
    settings.write_text(
        f"database: sqlite:///{tmp_path}/monitor.db\nsources: [{feed}]\nallow_private: true\nhost_delay_seconds: 0\n"
    )
    program = Path(sys.executable).with_name("stancewire")
    process = subprocess.Popen([program, "monitor", "run", settings], stderr=subprocess.PIPE, text=True)
    assert process.stderr
    deadline = time.monotonic() + 60
    while "/1.html" not in site.paths():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGTERM)
    for line in process.stderr:
        if "a second signal" in line:
            os.kill(process.pid, signal.SIGTERM)
    assert process.wait(60) == 128 + signal.SIGTERM


def test_the_commands_say_what_fails(inbox: Path, tmp_path: Path) -> None:
    drop(inbox, "a")
    database, settings = f"sqlite:///{tmp_path}/monitor.db", tmp_path / "monitor.yaml"
    program = Path(sys.executable).with_name("stancewire")

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run([program, "monitor", *map(str, arguments)], capture_output=True, text=True, check=False)

    for sources, code in ((f"{inbox}, {tmp_path}/nowhere", 1), (f"{inbox}", 0)):
        settings.write_text(f"database: {database}\nsources: [{sources}]\n")
        assert run("run", "--once", settings).returncode == code
    for target, reason in (("nonsense://x", "not to be used"), (f"file:{tmp_path}/no/alerts.jsonl", "no such folder")):
        wrong = tmp_path / "wrong.yaml"
        wrong.write_text(f"database: {database}\nsources: [{inbox}]\nnotify: [terminal, '{target}']\n")
        refused = run("run", "--once", wrong)
        assert (refused.returncode, "target 2" in refused.stderr, reason in refused.stderr) == (2, True, True)
    store = Store(database)
    with store.writing() as connection:
        connection.execute(sa.delete(tables.sources).where(tables.sources.c.failures > 0))
    assert run("status", "--database", database).returncode == 0
    with store.writing() as connection:
        before = sa.update(tables.sources).values(asked=datetime(2026, 1, 1), due=datetime(2026, 1, 1, 0, 15))
        connection.execute(before)
    silent = run("status", "--database", database)
    assert silent.returncode == 1
    assert "no source was asked since 2026-01-01 00:00 UTC" in silent.stdout
    store.close()
