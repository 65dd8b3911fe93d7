"""The monitor's database, on SQLite and on PostgreSQL: each article once, whole, whoever else writes."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="the database needs the monitoring extra")
pytest.importorskip("alembic", reason="the database needs the monitoring extra")

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from stancewire.data.errors import StancewireError
from stancewire.data.schema import Article, Position
from stancewire.data.story_evaluation import read_story_gold
from stancewire.inference.monitor import store as store_module
from stancewire.inference.monitor import tables
from stancewire.inference.monitor.models import model_name
from stancewire.inference.monitor.queries import MOST_SENTENCES, find_series, read_stories
from stancewire.inference.monitor.series import PERIODS, StorySide, sum_sides
from stancewire.inference.monitor.store import Store
from stancewire.inference.monitor.story_sums import read_bins, read_sides
from stancewire.models.base import read_config
from stancewire.models.locate import find_model

# The search's index and its tables are each database's own.
NOT_SEARCH = {"include_name": lambda name, kind, parents: not (name or "").startswith("article_words")}
GOLD = read_story_gold()[:60]


def article(number: int, text: str = "") -> Article:
    return Article(f"a{number}", text or GOLD[number].text, published=f"2024-01-{1 + number % 28:02}", source="wire")


def positions(one: Article, count: int = 3) -> list[Position]:
    row = Position(one.id, 0, 0, 10, one.text[:10], "stance", "Japan", "sanctions", "support", 0.9, ["Russia"], "", "m")
    return [replace(row, sentence=number) for number in range(count)]


def batch(numbers: range) -> list[tuple[Article, list[Position]]]:
    return [(one, positions(one)) for one in map(article, numbers)]


def content(url: str) -> dict[str, list[tuple]]:
    """All that the tables hold, without what counts up and what tells the time."""
    engine = sa.create_engine(url)
    one, row, series, story = tables.articles.c, tables.positions.c, tables.series.c, tables.series_stories.c
    with engine.connect() as connection:
        found = {
            "articles": connection.execute(sa.select(one.key, one.digest, one.story, one.text)).all(),
            "positions": connection.execute(
                sa.select(one.key, row.sentence, row.actor, row.label, row.story, row.published, row.model).join_from(
                    tables.positions, tables.articles, row.article == one.id
                )
            ).all(),
            "series": connection.execute(
                sa.select(series.model, series.actor, series.object, *list(story)[1:]).join_from(
                    tables.series_stories, tables.series, story.series == series.id
                )
            ).all(),
        }
    engine.dispose()
    return {name: sorted(tuple(map(repr, line)) for line in lines) for name, lines in found.items()}


def test_the_migrations_make_the_tables_that_the_code_knows(url: str) -> None:
    store = Store(url)
    with store.engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection, opts=NOT_SEARCH), tables.metadata)
        assert found == []
    store.close()
    Store(url).close()


def test_the_same_article_twice_changes_nothing(url: str) -> None:
    store = Store(url)
    assert store.ingest(batch(range(20)), "m 1") == (20, 0, 0)
    before = content(url)
    assert store.ingest(batch(range(20)), "m 1") == (0, 0, 20)
    assert content(url) == before
    assert store.missing([article(n) for n in range(25)], "m 1") == [article(n) for n in range(20, 25)]
    assert store.counts()["positions"] == 60
    store.close()


def test_a_corrected_article_replaces_the_old_one(url: str) -> None:
    store = Store(url)
    store.ingest(batch(range(5)), "m 1")
    corrected = replace(article(2), text="Japan lifted its sanctions on Friday, after all.")
    assert store.missing([corrected], "m 1") == [corrected]
    assert store.ingest([(corrected, positions(corrected, 1))], "m 1") == (0, 1, 0)
    assert store.counts()["articles"] == 5
    assert store.counts()["positions"] == 13
    store.close()


def test_another_models_answers_stand_beside_the_first(url: str) -> None:
    store = Store(url)
    store.ingest(batch(range(3)), "m 1")
    assert len(store.missing([article(n) for n in range(3)], "m 2")) == 3
    store.ingest(batch(range(3)), "m 2")
    assert store.counts()["articles"] == 3
    assert {line[-1] for line in content(url)["positions"]} == {"'m 1'", "'m 2'"}
    store.close()


def test_a_model_that_answers_otherwise_has_another_name_in_the_database() -> None:
    config = read_config(find_model())
    name = model_name(config)
    assert name.startswith(f"{config.full_name}+")
    assert model_name(read_config(find_model())) == name
    for change in (
        {"files": config.files | {"model.onnx": "0" * 64}},
        {"thresholds": dict.fromkeys(config.thresholds, 0.5)},
        {"version": "99"},
    ):
        assert model_name(replace(config, **change)) != name
    # Its card was written anew.
    assert model_name(replace(config, files=config.files | {"measured.json": "0" * 64})) == name


def test_copies_share_a_story(url: str) -> None:
    store = Store(url)
    store.ingest(batch(range(len(GOLD))), "m 1")
    with store.engine.connect() as connection:
        query = sa.select(tables.articles.c.key, tables.articles.c.story)
        found = {row.key: row.story for row in connection.execute(query)}
    for number, one in enumerate(GOLD):
        for other_number, other in enumerate(GOLD):
            assert (found[f"a{number}"] == found[f"a{other_number}"]) == (one.story == other.story)
    store.close()


def test_the_one_copy_that_names_an_object_is_found_behind_many_that_name_another(url: str) -> None:
    store = Store(url)
    many = [replace(article(0), id=f"copy-{number}") for number in range(MOST_SENTENCES + 5)]
    row = replace(positions(many[0], 1)[0], object=["Germany", "Türkiye"])
    store.ingest([(one, [replace(row, article_id=one.id, object=["türkiye"])]) for one in many[1:]], "m 1")
    store.ingest([(many[0], [row])], "m 1")
    with store.reading() as connection:
        series = find_series(connection, "m 1", "sanctions", "Japan", "Türkiye")
        assert series is not None
        (story,) = read_stories(connection, series, date(2024, 1, 1), date(2024, 1, 31))
    assert [sentence.objects for sentence in story.sentences] == [("Germany", "Türkiye")]
    store.close()


def ingest_slowly(url: str, first: int, last: int, step: int) -> None:
    store = Store(url)
    for start in range(first, last, step):
        store.ingest(batch(range(start, min(start + step, last))), "m 1")


def test_two_processes_do_not_get_in_each_others_way(url: str) -> None:
    Store(url).close()
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=ingest_slowly, args=(url, *part)) for part in ((0, 40, 2), (20, 60, 3))]
    for process in both:
        process.start()
    for process in both:
        process.join(120)
        assert process.exitcode == 0
    store = Store(url)
    assert store.counts()["articles"] == 60
    assert store.counts()["positions"] == 180
    assert store.ingest(batch(range(60)), "m 1") == (0, 0, 60)
    store.close()


def test_fifty_kills_lose_and_double_nothing(url: str, tmp_path: Path) -> None:
    whole = f"sqlite:///{tmp_path}/whole.db"
    ingest_slowly(whole, 0, 60, 1)
    Store(url).close()
    context, draw = multiprocessing.get_context("fork"), random.Random(5)
    kills = 0
    while kills < 50:
        process = context.Process(target=ingest_slowly, args=(url, 0, 60, 1))
        process.start()
        time.sleep(draw.uniform(0.02, 0.25))
        if process.exitcode is None:
            os.kill(process.pid or 0, signal.SIGKILL)
            kills += 1
        process.join()
        # An article has all its rows or none.
        counts: dict[str, int] = {}
        for key, *_ in content(url)["positions"]:
            counts[key] = counts.get(key, 0) + 1
        assert set(counts.values()) <= {3}
        assert len(counts) == len(content(url)["articles"])
        if len(counts) == 60:
            assert content(url) == content(whole)
            empty(url)
    ingest_slowly(url, 0, 60, 1)
    assert content(url) == content(whole)


def empty(url: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for table in reversed(tables.metadata.sorted_tables):
            connection.execute(sa.delete(table))
    engine.dispose()


def test_what_cannot_be_reached_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("no database, but long enough to look like some file or other\n" * 20)
    for broken in (f"sqlite:///{tmp_path}/no/such.db", f"sqlite:///{tmp_path}/notes.db"):
        with pytest.raises(StancewireError, match="database") as error:
            Store(broken)
        assert "\n" not in str(error.value)
    with pytest.raises(StancewireError) as hidden:
        Store("postgresql+psycopg://user:secret@localhost:1/none")
    assert "secret" not in str(hidden.value)


def test_what_is_no_url_is_one_line_without_a_password() -> None:
    with pytest.raises(
        StancewireError, match=r"'stancewire\.db': not a database's URL; write sqlite:///stancewire\.db"
    ):
        Store("stancewire.db")
    for broken in ("postgresql+psycopg://user:secret@host:port/none", "postgresql:user:secret@host"):
        with pytest.raises(StancewireError, match="not a database's URL") as error:
            Store(broken)
        assert "secret" not in str(error.value)


def test_its_name_is_the_url_without_the_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Store, "_migrate", lambda self: None)
    for url in ("postgresql+psycopg://user:secret@host/x", "postgresql+psycopg://host/x?user=user&password=secret"):
        assert "secret" not in Store(url).name
    path = f"sqlite:///{tmp_path}/monitor.db"
    assert Store(path).name == path


def test_a_database_of_a_newer_stancewire_is_one_line(url: str) -> None:
    store = Store(url)
    with store.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(StancewireError, match="made by a newer stancewire"):
        Store(url)


def test_it_opens_while_another_writes_and_one_that_waits_too_long_says_so(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_WAIT_MS", 200)
    store = Store(url)
    store.ingest(batch(range(2)), "m 1")
    with store.writing():
        other = Store(url)
        assert other.counts()["articles"] == 2
        with pytest.raises(StancewireError, match="lock"), other.writing():
            pass
    other.ingest(batch(range(3)), "m 1")
    assert other.counts()["articles"] == 3
    other.close()
    store.close()


def test_a_file_that_cannot_be_written_can_be_read(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/monitor.db")
    store.ingest(batch(range(2)), "m 1")
    frozen = Store(f"sqlite:///file:{tmp_path}/monitor.db?mode=ro&uri=true")
    assert frozen.counts()["articles"] == 2
    with pytest.raises(StancewireError, match="readonly"):
        frozen.ingest(batch(range(3)), "m 1")
    frozen.close()
    store.close()


def test_what_is_said_again_next_year_is_a_story_of_its_own(url: str) -> None:
    store = Store(url)
    said = GOLD[0].text
    days = {"a": "2022-02-07", "copy": "2022-03-01", "chain": "2022-03-30", "b": "2023-02-07", "c": "2024-02-07"}
    days |= {"late": "2022-02-20", "wrong": "1975-01-01"}
    for key, day in days.items():
        one = Article(key, said if key != "late" else f"{said} Printed later.", published=day)
        store.ingest([(one, positions(one, 1))], "m 1")
    undated = Article("undated", f"{said} Nobody knows when.")
    store.ingest([(undated, positions(undated, 1))], "m 1")
    with store.reading() as connection:
        row = tables.articles.c
        stories = dict(connection.execute(sa.select(row.key, row.story)).all())
    assert stories["a"] == stories["copy"] == stories["chain"] == stories["late"]
    assert len({stories[key] for key in ("a", "b", "c", "wrong")}) == 4
    assert stories["undated"] in {stories[key] for key in days}
    assert stories["b"] == f"{stories['a']}-20230207"
    assert [side.day.year for side in series(store)[0]] == [1975, 2022, 2023, 2024]
    store.close()


def test_series_hold_what_the_positions_say_of_each_story(url: str) -> None:
    store = Store(url)
    store.ingest(batch(range(len(GOLD))), "m 1")
    undated = replace(article(70, "Nobody knows on which day Japan backed the sanctions."), published=None)
    store.ingest([(undated, positions(undated))], "m 1")
    whole, by_object = series(store)
    for one in (whole, by_object):
        assert len(one) == len({gold.story for gold in GOLD})
        assert sum(side.articles for side in one) == len(GOLD)
        assert {side.weights for side in one} == {(1.0, 0.0, 0.0)}
    side = replace(positions(article(0), 1)[0], label="oppose")
    longer = replace(article(0), title="Corrected")
    store.ingest([(longer, [side])], "m 1")
    assert sum(side.weights[1] for side in series(store)[0]) > 0
    assert sum(side.articles for side in series(store)[0]) == len(GOLD)
    store.close()


def series(store: Store) -> list[list[StorySide]]:
    """The series of the one actor, of all objects and of the one object."""
    with store.reading() as connection:
        ids = connection.execute(sa.select(tables.series.c.id).order_by(tables.series.c.object)).scalars().all()
        return list(read_sides(connection, ids).values())


def test_who_reads_keeps_nobody_from_writing(url: str) -> None:
    store = Store(url)
    store.ingest(batch(range(5)), "m 1")
    with store.reading() as connection:
        assert len(connection.execute(sa.select(tables.articles.c.id)).all()) == 5
        store.ingest(batch(range(10)), "m 1")
    assert store.counts()["articles"] == 10
    store.close()


def test_bins_are_the_sums_of_their_stories_however_often_articles_are_corrected(url: str) -> None:
    store = Store(url)
    store.ingest(batch(range(len(GOLD))), "m 1")
    draw = random.Random(3)
    for turn in range(40):
        number = draw.randrange(len(GOLD))
        corrected = replace(
            article(number), title=f"Turn {turn}", published=f"2024-0{1 + turn % 3}-{1 + number % 28:02}"
        )
        label = draw.choice(["support", "oppose", "neutral"])
        store.ingest([(corrected, [replace(row, label=label) for row in positions(corrected, 1 + turn % 2)])], "m 1")
    with store.reading() as connection:
        ids = connection.execute(sa.select(tables.series.c.id)).scalars().all()
        for one, sides in read_sides(connection, ids).items():
            for period in PERIODS:
                bins = read_bins(connection, [one], period, date(2024, 1, 1), date(2024, 12, 31))[one]
                sums = sum_sides(sides, period)
                assert {day: (each.stories, each.articles) for day, each in bins.items()} == {
                    day: (each.stories, each.articles) for day, each in sums.items()
                }
                assert all(each.weights == pytest.approx(sums[day].weights) for day, each in bins.items())
    store.close()
