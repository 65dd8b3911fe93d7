"""Articles and position tables into the database by `stancewire monitor ingest`: each once, the bad ones listed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

pytest.importorskip("alembic", reason="the monitor needs the monitoring extra")
pytest.importorskip("feedparser", reason="the monitor needs the monitoring extra")

import sqlalchemy as sa
from conftest import EXAMPLES
from feed_server import RSS, Site

from stancewire.data.errors import StancewireError
from stancewire.data.story_evaluation import read_story_gold
from stancewire.data.writers import article_table_of
from stancewire.inference.cli import main
from stancewire.inference.monitor import tables
from stancewire.inference.monitor.dates import date_problem
from stancewire.inference.monitor.fetch import Fetcher
from stancewire.inference.monitor.intake import Intake
from stancewire.inference.monitor.store import Ingested, Store
from stancewire.inference.scorer import Scorer

NOW = datetime(2026, 3, 2, 6)
GOLD = read_story_gold()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store(url)
    yield store
    store.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three articles, each a file."""
    target = tmp_path / "articles"
    target.mkdir()
    for number, place in enumerate(("Malta", "Ghana", "Peru")):
        text = f"Sweden imposed new sanctions on {place} on Friday. Nobody in the harbour had expected it so soon."
        (target / f"{number}.txt").write_text(text)
    return target


def take(intake: Intake, *paths: Path) -> Ingested:
    counts = Ingested(0, 0, 0)
    for done in intake.paths([str(path) for path in paths], NOW):
        counts = counts.plus(done)
    return counts


def texts(store: Store) -> dict[str, str]:
    with store.reading() as connection:
        return {row.key: row.text for row in connection.execute(sa.select(tables.articles))}


def test_a_folder_is_taken_in_once_and_changes_follow(store: Store, scorer: Scorer, folder: Path) -> None:
    intake = Intake(store, scorer)
    assert take(intake, folder) == (3, 0, 0)
    assert take(intake, folder) == (0, 0, 3)
    (folder / "1.txt").write_text("Sweden lifted its sanctions on Ghana on Monday, to the relief of the harbour.")
    (folder / "3.txt").write_text("Norway recognised the new state on Tuesday, its foreign minister said in Oslo.")
    assert take(intake, folder) == (1, 1, 2)
    # A file's id does not depend on what else is read.
    assert take(intake, folder / "2.txt") == (0, 0, 1)
    assert intake.skipped == []
    assert store.counts()["articles"] == 4


def test_bad_records_are_listed_and_the_good_ones_kept(store: Store, scorer: Scorer, tmp_path: Path) -> None:
    rows = [
        {"id": "a", "text": "Japan imposed sanctions on Russia.", "published": "2026-02-27"},
        {"id": "b", "text": " "},
        {"id": "c", "text": "Japan lifted the sanctions.", "published": "1970-01-01"},
        {"id": "d", "text": "Japan will lift the sanctions.", "published": "2027-03-02"},
    ]
    path = tmp_path / "news.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\nno JSON\n")
    intake = Intake(store, scorer)
    assert take(intake, path) == (3, 0, 0)
    assert len(intake.skipped) == 4
    with store.reading() as connection:
        dates = {row.key: row.published for row in connection.execute(sa.select(tables.articles))}
    assert {key: str(day) for key, day in dates.items()} == {"a": "2026-02-27", "c": "None", "d": "None"}


def test_dates_that_cannot_be() -> None:
    today = NOW.date()
    assert (
        date_problem(None, today)
        == date_problem(date(2026, 3, 4), today)
        == date_problem(date(1975, 5, 1), today)
        == ""
    )
    assert "lies ahead" in date_problem(date(2026, 3, 5), today)
    assert "clocks begin" in date_problem(date(1970, 1, 1), today)


def test_a_position_table_comes_in_and_gives_way_to_the_whole_text(
    store: Store, scorer: Scorer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "news.jsonl"
    rows = [{"id": path.stem, "text": path.read_text(), "published": "2026-02-20"} for path in EXAMPLES.glob("*.txt")]
    source.write_text("\n".join(map(json.dumps, rows)))
    table = tmp_path / "positions.csv"
    with pytest.raises(SystemExit):
        main(["score", str(source), "-o", str(table)])
    assert article_table_of(table).is_file()
    intake = Intake(store, scorer)
    # The article table beside it is no input of its own.
    assert take(intake, table, article_table_of(table)) == (len(rows), 0, 0)
    before = store.counts()["positions"]
    for row in rows:
        kept = texts(store)[row["id"]]
        assert all(here in (" ", there) for here, there in zip(kept, row["text"], strict=False))
    assert take(intake, table) == (0, 0, len(rows))
    assert take(intake, source) == (0, len(rows), 0)
    assert store.counts()["positions"] == before
    assert texts(store) == {row["id"]: row["text"] for row in rows}


def test_a_table_of_another_model_is_refused(store: Store, scorer: Scorer, tmp_path: Path) -> None:
    table = tmp_path / "positions.csv"
    with pytest.raises(SystemExit):
        main(["score", str(EXAMPLES), "-o", str(table)])
    table.write_text(table.read_text().replace(scorer.model.config.full_name, "somebody-else 1.0"))
    with pytest.raises(StancewireError, match=r"scored by somebody-else 1\.0"):
        take(Intake(store, scorer), table)


def test_another_model_does_not_mix_in(store: Store, scorer: Scorer, folder: Path, tmp_path: Path) -> None:
    take(Intake(store, scorer), folder)
    other = scorer.save_pretrained(tmp_path / "other")
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | {"version": "99.0"}))
    with pytest.raises(StancewireError, match="monitor rescore"):
        Intake(store, Scorer.from_pretrained(other))


def test_a_feed_is_taken_in_once(store: Store, scorer: Scorer) -> None:
    site = Site()
    try:
        page = site.page("/1.html", f"<html><body><article><p>{GOLD[0].text}</p></article></body></html>")
        item = f"<item><title>News</title><link>{page}</link><pubDate>Fri, 27 Feb 2026 10:00:00 GMT</pubDate></item>"
        feed = site.page("/feed", f"<rss version='2.0'><channel><title>x</title>{item}</channel></rss>", RSS)
        intake = Intake(store, scorer)
        fetcher = Fetcher(allow_private=True, delay=0)
        assert list(intake.feed(feed, fetcher, NOW)[0]) == [(1, 0, 0)]
        assert list(intake.feed(feed, fetcher, NOW)[0]) == []
        with store.reading() as connection:
            row = connection.execute(sa.select(tables.articles)).one()
        assert (row.key, str(row.published)) == (page, "2026-02-27")
    finally:
        site.close()


def test_the_command_lists_what_it_skips(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = f"sqlite:///{tmp_path}/x.db"
    assert run("ingest", str(folder), "--database", database) == 0
    assert "3 new, 0 corrected, 0 known" in capsys.readouterr().err
    (folder / "empty.txt").write_text("")
    assert run("ingest", str(folder), "--database", database) == 1
    assert "0 new, 0 corrected, 3 known" in capsys.readouterr().err
    assert run("status", "--database", database) == 0
    assert "articles   3" in capsys.readouterr().out
    assert run("ingest", str(tmp_path / "nowhere"), "--database", database) == 2


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(["monitor", *arguments])
    return int(stopped.value.code or 0)


def test_kills_at_random_moments_lose_and_double_nothing(tmp_path: Path) -> None:
    source = tmp_path / "news.jsonl"
    rows = [{"id": f"a{n}", "text": one.text, "published": "2026-02-20"} for n, one in enumerate(GOLD[:60])]
    source.write_text("\n".join(map(json.dumps, rows)))
    whole, broken = f"sqlite:///{tmp_path}/whole.db", f"sqlite:///{tmp_path}/broken.db"
    began = time.monotonic()
    ingest(source, whole).wait()
    took, draw, kills = time.monotonic() - began, random.Random(3), 0
    for _ in range(6):
        process = ingest(source, broken)
        time.sleep(draw.uniform(0.3, 1) * took)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
    assert kills
    assert ingest(source, broken).wait() == 0
    assert content(broken) == content(whole)


def ingest(source: Path, database: str) -> subprocess.Popen[bytes]:
    program = Path(sys.executable).with_name("stancewire")
    command = [str(program), "monitor", "ingest", str(source), "--database", database]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def content(url: str) -> list[tuple]:
    store = Store(url)
    article, row = tables.articles.c, tables.positions.c
    query = sa.select(article.key, article.story, row.sentence, row.kind, row.actor, row.issue, row.label).join_from(
        tables.articles, tables.positions, article.id == row.article, isouter=True
    )
    with store.reading() as connection:
        found = sorted(tuple(map(str, line)) for line in connection.execute(query))
    store.close()
    return found
