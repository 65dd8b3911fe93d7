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
from stancewire.inference.monitor import tables
from stancewire.inference.monitor.series import PERIODS, StorySide, sum_sides
from stancewire.inference.monitor.store import Store
from stancewire.inference.monitor.story_sums import read_bins, read_sides

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
