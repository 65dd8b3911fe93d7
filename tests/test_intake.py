"""Articles and position tables into the database by `stancewire monitor ingest`: each once, the bad ones listed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path

import pytest

pytest.importorskip("alembic", reason="the monitor needs the monitoring extra")
pytest.importorskip("feedparser", reason="the monitor needs the monitoring extra")

import sqlalchemy as sa
from conftest import EXAMPLES
from feed_server import RSS, Site

from stancewire.data.errors import StancewireError
from stancewire.data.schema import Article, Position
from stancewire.data.story_evaluation import read_story_gold
from stancewire.data.writers import article_table_of
from stancewire.inference.cli import main
from stancewire.inference.monitor import tables
from stancewire.inference.monitor.dates import date_problem
from stancewire.inference.monitor.fetch import Fetcher
from stancewire.inference.monitor.intake import LONGEST_ID, Intake
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


def write(path: Path, *rows: Mapping[str, object] | Position, mtime: int | None = None) -> Path:
    """Writes JSON lines, as if at a time of the clock."""
    path.write_text("".join(json.dumps(asdict(row) if isinstance(row, Position) else row) + "\n" for row in rows))
    if mtime is not None:
        os.utime(path, (mtime, mtime))
    return path


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


def test_the_article_that_was_changed_last_holds(store: Store, scorer: Scorer, tmp_path: Path) -> None:
    old, new = {"id": "a7", "text": "Japan imposed sanctions."}, {"id": "a7", "text": "Japan lifted its sanctions."}
    write(tmp_path / "b.jsonl", old, mtime=1000)
    write(tmp_path / "a.jsonl", {"id": "a7", "text": "Japan will lift its sanctions."}, new, mtime=2000)
    intake = Intake(store, scorer)
    for expected in ((1, 0, 0), (0, 0, 1)):
        assert take(intake, tmp_path) == expected
        assert texts(store) == {"a7": new["text"]}
    os.utime(tmp_path / "b.jsonl", (3000, 3000))
    assert take(intake, tmp_path) == (0, 1, 0)
    assert texts(store) == {"a7": old["text"]}
    assert intake.skipped == []


TEXT = "Nothing was said of it before. Japan imposed sanctions on Russia. Much was said of it later."
SENTENCE = slice(31, 65)


def row(scorer: Scorer, article: str = "a", actor: str = "Japan", published: str = "2026-02-20") -> Position:
    start, end, model = SENTENCE.start, SENTENCE.stop, scorer.model.config.full_name
    said = [actor, "sanctions", "support", 0.9, ["Russia"], published, model]
    return Position(article, 1, start, end, TEXT[SENTENCE], "stance", *said)  # type: ignore[arg-type]


def test_a_table_changes_no_article(store: Store, scorer: Scorer, tmp_path: Path) -> None:
    article = {"id": "a", "text": TEXT, "published": "2026-02-20"}
    whole, table = write(tmp_path / "news.jsonl", article), write(tmp_path / "positions.jsonl", row(scorer))
    intake = Intake(store, scorer)
    assert take(intake, table) == (1, 0, 0)
    assert texts(store)["a"].strip() == TEXT[SENTENCE]
    assert take(intake, whole) == (0, 1, 0)
    for path in (table, tmp_path, tmp_path):
        assert take(intake, path).corrected == 0
        assert texts(store) == {"a": TEXT}
    assert intake.skipped == []


def test_a_bad_table_is_listed_and_keeps_nothing_else_out(store: Store, scorer: Scorer, tmp_path: Path) -> None:
    good, model = row(scorer), scorer.model.config.full_name
    bad = {
        "another model": ([asdict(good) | {"model": "somebody-else 1.0"}], "scored by somebody-else 1.0"),
        "apart": ([good, row(scorer, "b"), row(scorer, actor="Norway")], "do not stand together"),
        "twice": ([good, good], "says the same twice"),
        "date": ([row(scorer, published="01/03/2026")], "'01/03/2026' and no date"),
        "label": ([asdict(good) | {"label": "yes"}], "'yes' is no label"),
        "huge": ([asdict(good) | {"start": 10**12, "end": 10**12}], "out of range"),
        "null": ([asdict(good) | {"actor": "Ja\0pan"}], "holds a null"),
        "surrogate": ([asdict(good) | {"text": "\ud83d"}], "is broken"),
        "cut": ([good, {"article_id": "c"}], "row 2"),
    }
    for name, (rows, _) in bad.items():
        write(tmp_path / f"{name}.jsonl", *rows)
    write(tmp_path / "news.jsonl", {"id": "n", "text": TEXT})
    intake = Intake(store, scorer)
    assert take(intake, tmp_path) == (1, 0, 0)
    assert list(texts(store)) == ["n"]
    for name, (_, reason) in bad.items():
        (line,) = [line for line in intake.skipped if f"{name}.jsonl" in line]
        assert reason in line
    assert model not in "".join(intake.skipped).replace(f"read with {model}", "")


def test_dates_of_a_table_may_have_another_form(store: Store, scorer: Scorer, tmp_path: Path) -> None:
    intake = Intake(store, scorer)
    table = write(tmp_path / "positions.jsonl", row(scorer, published="20260220"))
    assert take(intake, table) == (1, 0, 0)
    assert take(intake, table) == (0, 0, 1)
    with store.reading() as connection:
        assert connection.execute(sa.select(tables.positions.c.published)).scalars().all() == [date(2026, 2, 20)]


def test_an_article_that_no_database_takes_keeps_no_other_out(store: Store, scorer: Scorer, tmp_path: Path) -> None:
    long = "".join(map(chr, random.Random(1).choices(range(0x4E00, 0x9000), k=LONGEST_ID)))
    rows = [{"id": f"n{number}", "text": f"{number}: {TEXT}", "published": "2026-02-20"} for number in range(4)]
    rows[1]["text"], rows[2]["id"] = f"No\0w {TEXT}", long
    intake = Intake(store, scorer)
    assert take(intake, write(tmp_path / "news.jsonl", *rows)) == (3, 0, 0)
    assert texts(store)["n1"] == f"No\ufffdw {TEXT}"
    (line,) = intake.skipped
    assert "6,000 bytes, the limit is 2,000" in line


def test_what_only_the_database_refuses_is_listed(store: Store, scorer: Scorer) -> None:
    bad, good = Article("bad", f"No\0w {TEXT}"), [Article(f"n{n}", f"{n}: {TEXT}") for n in range(3)]
    intake = Intake(store, scorer)
    list(intake.articles([*good, bad], NOW))
    if store.engine.dialect.name == "postgresql":
        assert set(texts(store)) == {"n0", "n1", "n2"}
        assert intake.skipped[0].startswith("bad: database")
    else:
        assert len(texts(store)) == 4


def test_articles_without_a_date_are_counted(store: Store, scorer: Scorer, folder: Path) -> None:
    intake = Intake(store, scorer)
    take(intake, folder, write(folder / "dated.jsonl", {"text": TEXT, "published": "2026-02-20"}))
    take(intake, folder)
    assert intake.undated == 3


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


def test_a_source_that_fails_keeps_no_other_out(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    database = f"sqlite:///{tmp_path}/x.db"
    assert run("ingest", str(tmp_path / "nowhere"), str(folder), "--database", database) == 1
    said = capsys.readouterr().err
    assert "nowhere: no such file or folder" in caplog.text
    assert "3 new, 0 corrected, 0 known" in said
    assert "3 of them without a date, in no series" in said
    store = Store(database)
    with store.reading() as connection:
        runs = {row.source: (row.new, row.error) for row in connection.execute(sa.select(tables.runs))}
    assert runs[str(folder)] == (3, None)
    assert "no such file" in runs[str(tmp_path / "nowhere")][1]
    store.close()


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
