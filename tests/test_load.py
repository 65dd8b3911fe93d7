"""The made-up database of `stancewire benchmark monitor`: its rows are those that ingest writes."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the web page needs the monitoring extra")
pytest.importorskip("sqlalchemy", reason="the database needs the monitoring extra")

import sqlalchemy as sa

from stancewire.data.errors import StancewireError
from stancewire.data.schema import STANCES, Article, Position
from stancewire.inference.cli import main
from stancewire.inference.monitor import position_query, tables
from stancewire.inference.monitor.intake import begin_with
from stancewire.inference.monitor.load import FIRST_DAY, LAST_DAY, World, fill
from stancewire.inference.monitor.models import current_model
from stancewire.inference.monitor.position_query import Wanted, read_positions
from stancewire.inference.monitor.series import PERIODS, sum_sides
from stancewire.inference.monitor.shift_alerts import check_series
from stancewire.inference.monitor.store import Ingested, Store
from stancewire.inference.monitor.story_sums import read_bins, read_sides, sum_up
from stancewire.inference.scorer import Scorer

SEED = 5


def new_store(url: str, scorer: Scorer) -> tuple[Store, str]:
    store = Store(url)
    begin_with(store, scorer)
    with store.reading() as connection:
        model = current_model(connection)
    assert model
    return store, model


def rows_of(store: Store, table: sa.Table, *conditions: Any) -> list[dict[str, Any]]:
    with store.reading() as connection:
        return [dict(row) for row in connection.execute(sa.select(table).where(*conditions)).mappings()]


def without(rows: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def sample_stories(store: Store) -> list[str]:
    """Some hundred stories, those with most articles among them."""
    row = tables.articles.c
    query = sa.select(row.story).group_by(row.story).order_by(sa.func.count().desc(), row.story).limit(100)
    with store.reading() as connection:
        return list(connection.execute(query).scalars())


def test_rows_agree_with_one_another_and_can_be_added_to(url: str, scorer: Scorer):
    store, model = new_store(url, scorer)
    told = list[int]()
    fill(store, 20_000, SEED, told.append)
    counts = store.counts()
    assert counts["positions"] == told[-1] == pytest.approx(20_000, rel=0.05)
    assert counts["articles"] == counts["scored"] > counts["stories"] > 2000
    assert counts["articles"] == pytest.approx(counts["positions"] / 5, rel=0.05)

    numbers = [row["id"] for row in rows_of(store, tables.series)]
    with store.reading() as connection:
        sides = read_sides(connection, numbers)
        bins = {period: read_bins(connection, numbers, period, FIRST_DAY.replace(2020), LAST_DAY) for period in PERIODS}
    assert {row["id"]: row["version"] for row in rows_of(store, tables.series)} == {
        number: len(found) for number, found in sides.items()
    }
    for period, by_series in bins.items():
        for number, found in by_series.items():
            wanted = sum_sides(sides[number], period)
            assert found.keys() == wanted.keys()
            for start, one in found.items():
                assert (one.stories, one.articles) == (wanted[start].stories, wanted[start].articles)
                assert one.weights == pytest.approx(wanted[start].weights)

    # What is taken in next is numbered after what is there, and only its series is searched.
    text = "Ruritania welcomes sanctions, its minister said on Friday. " + "Nobody else spoke of it that evening. " * 3
    new = Article("new", text, published=LAST_DAY.isoformat())
    row = Position("new", 0, 0, 58, text[:58], "stance", "Ruritania", "sanctions", "support", 0.9, [], "", model)
    assert store.ingest([(new, [row])], model) == Ingested(1, 0, 0)
    assert check_series(store, datetime.combine(LAST_DAY, time(20))).series == 0
    assert store.counts()["articles"] == counts["articles"] + 1
    with pytest.raises(StancewireError, match="not a new one"):
        fill(store, 20_000)
    store.close()


def test_series_are_what_is_summed_up_from_the_positions(url: str, scorer: Scorer):
    store, model = new_store(url, scorer)
    fill(store, 20_000, SEED)
    stories = sample_stories(store)
    said = tables.series_stories
    before = rows_of(store, said, said.c.story.in_(stories))
    with store.writing() as connection:
        sum_up(connection, stories, model)
    after = rows_of(store, said, said.c.story.in_(stories))

    def place(row: dict[str, Any]) -> tuple[int, str]:
        return row["series"], row["story"]

    assert len(before) > 100
    for old, new in zip(sorted(before, key=place), sorted(after, key=place), strict=True):
        weights = [[row.pop(label) for label in STANCES] for row in (old, new)]
        assert weights[0] == pytest.approx(weights[1])
        assert old == new


def test_pages_of_positions_are_short_where_few_fit_and_leave_none_out(
    tmp_path: Path, scorer: Scorer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(position_query, "_MOST_ROWS", 40)
    store, model = new_store(f"sqlite:///{tmp_path}/monitor.db", scorer)
    fill(store, 8000, SEED)
    row = tables.positions.c
    fits = (row.kind == "stance", row.label == "neutral", row.published > FIRST_DAY.replace(2022))
    wanted = Wanted(model, label="neutral", since=FIRST_DAY.replace(2022) + timedelta(days=1))
    found, short, cursor = list[int](), 0, None
    with store.reading() as connection:
        while True:
            rows, cursor = read_positions(connection, wanted, cursor, 3)
            found += [one["id"] for one in rows]
            if cursor is None:
                break
            short += len(rows) < 3
    assert short > 5
    assert len(found) == len(set(found))
    assert set(found) == {one["id"] for one in rows_of(store, tables.positions, *fits)} != set()
    store.close()


def test_the_first_story_is_stored_as_ingest_stores_it(tmp_path: Path, scorer: Scorer):
    filled, model = new_store(f"sqlite:///{tmp_path}/filled.db", scorer)
    fill(filled, 16_000, SEED)
    ingested, _ = new_store(f"sqlite:///{tmp_path}/ingested.db", scorer)
    told = World(SEED, model).story(FIRST_DAY)
    ingested.ingest([(article, positions) for _, article, positions in told], model)

    keys = [article.id for _, article, _ in told]
    of_story = tables.articles.c.key.in_(keys)
    articles = [rows_of(store, tables.articles, of_story) for store in (filled, ingested)]
    assert without(articles[0], "id", "ingested") == without(articles[1], "id", "ingested")
    assert filled.missing([article for _, article, _ in told], model) == []
    for table in (tables.positions, tables.series_stories):
        here = table.c.story == articles[0][0]["story"]
        one, other = (without(rows_of(store, table, here), "id", "article", "series") for store in (filled, ingested))
        assert sorted(map(repr, one)) == sorted(map(repr, other)) != []
    filled.close()
    ingested.close()


def test_filling_that_was_broken_off_is_told(tmp_path: Path, scorer: Scorer, capsys: pytest.CaptureFixture[str]):
    url = f"sqlite:///{tmp_path}/load.db"
    store, _ = new_store(url, scorer)

    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill(store, 2000, SEED, stop)
    store.close()
    with pytest.raises(SystemExit) as done:
        main(["benchmark", "monitor", "--database", url])
    assert done.value.code == 2
    assert capsys.readouterr().err.endswith("load.db: was not filled to the end; begin with a new one\n")


def test_command_fills_once_and_times_every_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    command = ["benchmark", "monitor", "--positions", "2000", "--requests", "2"]
    for _ in range(2):
        with pytest.raises(SystemExit) as done:
            main([*command, "--database", f"sqlite:///{tmp_path}/load.db"])
        assert done.value.code == 0
    said = capsys.readouterr().out
    assert said.count("filled in") == 1
    first, second = said.split("| page |")[1:]
    for page in ("overview", "series by day, frequent", "an article", "search, rare word", "positions, far in"):
        assert f"| {page} | 2 |" in first
        assert f"| {page} | 2 |" in second
