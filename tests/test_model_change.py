"""A change in the model is not a change in the world: a new model reads the history first, then takes over."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Event

import numpy as np
import pytest

pytest.importorskip("sqlalchemy", reason="the database needs the monitoring extra")
pytest.importorskip("alembic", reason="the database needs the monitoring extra")

import sqlalchemy as sa

from stancewire.data.errors import StancewireError
from stancewire.data.schema import Article, Position
from stancewire.inference.cli import main
from stancewire.inference.monitor import alerts, tables
from stancewire.inference.monitor.models import (
    CURRENT,
    PAST,
    RESCORING,
    Measured,
    add_model,
    begin,
    confidence_of,
    confusion_of,
    current_model,
    known_models,
    model_name,
    models_to_score,
    news_since,
    switch,
)
from stancewire.inference.monitor.rescore import LOOK_BACK, catch_up, read_articles
from stancewire.inference.monitor.series import Confusion
from stancewire.inference.monitor.shift_alerts import check_series
from stancewire.inference.monitor.store import Store
from stancewire.inference.scorer import Scorer

NOW = datetime(2024, 6, 3, 12)
MEASURED = Measured(Confusion(np.array([[80, 5, 5], [5, 85, 5], [5, 5, 70], [10, 10, 5]], dtype=float)), 0.6)
STATES = ["Japan", "Norway", "Canada", "Chile", "Kenya", "Poland", "Brazil", "Ghana", "Spain", "Vietnam"]
OLD, NEW = "m 1", "m 2"
Row = tuple[Article, list[Position]]


@pytest.fixture(scope="module")
def second(scorer: Scorer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model of another version."""
    folder = scorer.save_pretrained(tmp_path_factory.mktemp("models") / "second")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"version": "99"}))
    return folder


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = Store(url)
    yield opened
    opened.close()


def news(number: int, published: str | None = "2024-05-01") -> Article:
    state, other = STATES[number % 10], STATES[(number // 10 + number + 1) % 10]
    text = f"{state} imposed new sanctions on {other} on Friday, in step {number} of its plan."
    return Article(f"a{number}", text, f"Step {number}", published, "wire", f"https://wire.example/{number}")


def ingest(store: Store, scorer: Scorer, articles: Sequence[Article]) -> None:
    """Takes articles in as the service does, the first model being the current one."""
    name = model_name(scorer.model.config)
    with store.writing() as connection:
        if current_model(connection) is None:
            add_model(connection, name, MEASURED.confusion, CURRENT)
    store.ingest(list(zip(articles, scorer.score_each(articles), strict=True)), name)


def begin_with(store: Store, scorer: Scorer) -> str:
    """Makes a model known that is measured already; gives its name."""
    name = model_name(scorer.model.config)
    with store.writing() as connection:
        begin(connection, name, MEASURED)
    return name


def said(store: Store, model: str) -> list[tuple[object, ...]]:
    """All that a model says, of articles and in its series."""
    one, row, series, story = tables.articles.c, tables.positions.c, tables.series.c, tables.series_stories.c
    columns = [row[name] for name in ("sentence", "actor", "issue", "label", "confidence", "object", "published")]
    rows = sa.select(one.key, *columns).join_from(tables.positions, tables.articles, row.article == one.id)
    sums = sa.select(series.issue, series.actor, series.object, *list(story)[1:]).join_from(
        tables.series_stories, tables.series, story.series == series.id
    )
    with store.reading() as connection:
        found = [*connection.execute(rows.where(row.model == model)), *connection.execute(sums.filter_by(model=model))]
    return sorted(tuple(map(repr, one)) for one in found)


def scored(store: Store, model: str) -> set[str]:
    """The articles that a model has scored."""
    query = sa.select(tables.articles.c.key).join(tables.scored).where(tables.scored.c.model == model)
    with store.reading() as connection:
        return set(connection.execute(query).scalars())


def state_of(store: Store) -> dict[str, str]:
    with store.reading() as connection:
        return {one.name: one.state for one in known_models(connection)}


# -- reading the history ----------------------------------------------------------------------------------------------


def test_a_new_model_reads_the_history_and_takes_over(store: Store, scorer: Scorer, second: Path) -> None:
    articles = [*map(news, range(10)), news(10, None)]
    ingest(store, scorer, articles)
    new = Scorer.from_pretrained(second)
    old, name = model_name(scorer.model.config), begin_with(store, new)
    assert old != name
    with store.reading() as connection:
        assert current_model(connection) == old
        assert models_to_score(connection) == [old, name]
        ids = connection.execute(sa.select(tables.articles.c.id)).scalars().all()
        assert read_articles(connection, ids) == articles
    before = said(store, old)
    assert catch_up(store, new, NOW, batch=4) == 11
    # The same weights under another version: the same answers, beside the old ones.
    assert said(store, name) == said(store, old) == before
    assert len(before) > 10
    assert state_of(store) == {old: PAST, name: CURRENT}
    with store.reading() as connection:
        assert models_to_score(connection) == [name]
        assert news_since(connection, old) is None
        assert news_since(connection, name) == NOW.date()
        assert np.array_equal(confusion_of(connection, name).counts, MEASURED.confusion.counts)
        assert confidence_of(connection, name) == MEASURED.confidence
    assert catch_up(store, new, NOW) == 0


def test_new_articles_are_read_by_both_until_the_switch(store: Store, scorer: Scorer, second: Path) -> None:
    ingest(store, scorer, [*map(news, range(4))])
    new = Scorer.from_pretrained(second)
    old, name = model_name(scorer.model.config), begin_with(store, new)
    stop = Event()
    stop.set()
    assert catch_up(store, new, NOW, stop=stop) == 0
    assert state_of(store) == {old: CURRENT, name: RESCORING}
    scorers = {model_name(one.model.config): one for one in (scorer, new)}
    with store.reading() as connection:
        names = models_to_score(connection)
    for model in names:
        missing = store.missing([news(5)], model)
        store.ingest(list(zip(missing, scorers[model].score_each(missing), strict=True)), model)
    assert "a5" in scored(store, old) & scored(store, name)
    # One that only the old model has seen is read before the switch too.
    ingest(store, scorer, [news(6)])
    assert catch_up(store, new, NOW) == 5
    assert scored(store, name) == scored(store, old)


def rescore_alone(url: str, folder: Path) -> None:
    catch_up(Store(url), Scorer.from_pretrained(folder, threads=1), NOW, batch=1)


def test_a_killed_rescoring_goes_on_where_it_was(url: str, store: Store, scorer: Scorer, second: Path) -> None:
    ingest(store, scorer, [*map(news, range(40))])
    new = Scorer.from_pretrained(second)
    old, name = model_name(scorer.model.config), begin_with(store, new)
    process = multiprocessing.get_context("spawn").Process(target=rescore_alone, args=(url, second))
    process.start()
    deadline = time.monotonic() + 120
    while not (done := scored(store, name)):
        assert time.monotonic() < deadline
        assert process.is_alive()
        time.sleep(0.005)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    done = scored(store, name)
    assert 0 < len(done) < 40
    assert state_of(store) == {old: CURRENT, name: RESCORING}
    assert catch_up(store, new, NOW) == 40 - len(done)
    assert state_of(store) == {old: PAST, name: CURRENT}
    assert said(store, name) == said(store, old)


class Interrupted(Scorer):
    """A scorer while whose work an article is corrected."""

    def correct(self, store: Store, by: Scorer, article: Article) -> None:
        self._correct: tuple[Store, Scorer, Article] | None = (store, by, article)

    def score_each(self, articles: Sequence[Article]) -> list[list[Position]]:
        found = super().score_each(articles)
        if self._correct:
            store, by, article = self._correct
            self._correct = None
            ingest(store, by, [article])
        return found


def test_a_correction_during_the_rescoring_holds(store: Store, scorer: Scorer, second: Path) -> None:
    ingest(store, scorer, [*map(news, range(3))])
    corrected = replace(news(1), text="Norway lifted its sanctions on Chile on Friday, after all.")
    new = Interrupted.from_pretrained(second)
    assert isinstance(new, Interrupted)
    name = begin_with(store, new)
    new.correct(store, scorer, corrected)
    assert catch_up(store, new, NOW) == 3
    assert store.missing([corrected], name) == []
    assert said(store, name) == said(store, model_name(scorer.model.config))


def test_it_reads_whole_stories_and_what_thin_series_look_back_on(store: Store, scorer: Scorer, second: Path) -> None:
    lone = news(1, "2021-03-01")
    told = news(2, "2023-05-20")
    reprint = replace(told, id="reprint", published="2023-06-10")
    ingest(store, scorer, [lone, told, reprint])
    old = model_name(scorer.model.config)
    thin = [opinion(f"thin-{n}", date(2021, 1, 1) + timedelta(30 * n), "support", "Kenya") for n in range(12)]
    few = [opinion(f"few-{n}", date(2021, 1, 1) + timedelta(30 * n), "support", "Ghana") for n in range(8)]
    store.ingest([*thin, *few], old)
    new = Scorer.from_pretrained(second)
    name = begin_with(store, new)
    assert catch_up(store, new, NOW, days=365) == 14
    assert scored(store, name) == {"a2", "reprint", *(f"thin-{n}" for n in range(12))}
    assert LOOK_BACK >= 12


def test_an_article_that_does_not_read_back_as_it_was_written_holds_no_model_up(
    store: Store, scorer: Scorer, second: Path
) -> None:
    ingest(store, scorer, [*map(news, range(3))])
    with store.writing() as connection:
        changed = sa.update(tables.articles).where(tables.articles.c.key == "a1")
        connection.execute(changed.values(digest=b"of something else"))
    new = Scorer.from_pretrained(second)
    name = begin_with(store, new)
    assert catch_up(store, new, NOW) == 3
    assert scored(store, name) == scored(store, model_name(scorer.model.config)) == {"a0", "a1", "a2"}
    assert state_of(store)[name] == CURRENT
    assert store.missing([*map(news, range(3))], name) == []


def test_a_model_takes_over_only_after_it_has_begun(store: Store) -> None:
    with store.writing() as connection:
        add_model(connection, OLD, MEASURED.confusion, CURRENT)
    for name in ("m 3", OLD):
        with pytest.raises(StancewireError, match="is not the model that is rescoring"), store.writing() as connection:
            switch(connection, name, NOW)
    assert state_of(store) == {OLD: CURRENT}
    with store.writing() as connection:
        begin(connection, NEW, MEASURED)
        begin(connection, "m 3", MEASURED)
    assert state_of(store) == {OLD: CURRENT, NEW: PAST, "m 3": RESCORING}
    with store.writing() as connection:
        assert switch(connection, "m 3", NOW) == OLD
        begin(connection, OLD, MEASURED)
        assert switch(connection, OLD, NOW) == "m 3"
    assert state_of(store) == {OLD: CURRENT, NEW: PAST, "m 3": PAST}


# -- no alarm ---------------------------------------------------------------------------------------------------------


def opinion(key: str, day: date, label: str, actor: str = "Japan", model: str = OLD) -> Row:
    verb = {"support": "backed", "oppose": "condemned", "neutral": "discussed"}[label]
    text = f"{actor} {verb} the sanctions on Russia in note {key}."
    one = Article(key, text, f"Title {key}", day.isoformat(), "wire")
    row = Position(key, 0, 0, len(text), text, "stance", actor, "sanctions", label, 0.8, ["Russia"], str(day), model)
    return one, [row]


WORLD = [(f"n{n}", NOW.date() - timedelta(days=400 - n)) for n in range(0, 400, 4)]


def read_by(model: str, days: Sequence[tuple[str, date]], shares: Sequence[float], seed: int) -> list[Row]:
    """What a model makes of one and the same articles: its labels, at its own rates."""
    labels = np.random.default_rng(seed).choice(["support", "oppose", "neutral"], len(days), p=shares)
    texts = [opinion(key, day, "neutral")[0] for key, day in days]
    return [
        (text, [replace(opinion(key, day, label, model=model)[1][0], text=text.text)])
        for text, (key, day), label in zip(texts, days, labels, strict=True)
    ]


def replaced(store: Store, first: Sequence[Row], second: Sequence[Row], now: datetime) -> None:
    """Ingests by one model, searches, and lets another one take over."""
    with store.writing() as connection:
        add_model(connection, OLD, MEASURED.confusion, CURRENT)
    store.ingest(first, OLD)
    check_series(store, now)
    with store.writing() as connection:
        begin(connection, NEW, MEASURED)
    store.ingest(second, NEW)
    with store.writing() as connection:
        switch(connection, NEW, now)


def told(store: Store, now: datetime) -> list[alerts.Alert]:
    """The alerts that were told to somebody."""
    with store.reading() as connection:
        return [one for one in alerts.read_alerts(connection, now, None) if one.state != "recorded"]


def test_a_model_with_other_label_rates_raises_no_alarm(store: Store) -> None:
    replaced(store, read_by(OLD, WORLD, (0.9, 0.05, 0.05), 1), read_by(NEW, WORLD, (0.1, 0.8, 0.1), 2), NOW)
    assert check_series(store, NOW).series == 0
    # The world goes on as it was, and so do the labels of the new model.
    for week in range(8):
        now = NOW + timedelta(days=7 * (week + 1))
        days = [(f"w{week}-{n}", now.date() - timedelta(days=n)) for n in range(5)]
        store.ingest(read_by(NEW, days, (0.1, 0.8, 0.1), 10 + week), NEW)
        assert check_series(store, now).raised == []
    assert told(store, NOW) == []


def test_the_rates_would_raise_one_if_the_series_were_one(store: Store) -> None:
    """What the test before this one would show without versions."""
    with store.writing() as connection:
        add_model(connection, OLD, MEASURED.confusion, CURRENT)
    rows = [*read_by(OLD, WORLD[:-10], (0.9, 0.05, 0.05), 1), *read_by(OLD, WORLD[-10:], (0.1, 0.8, 0.1), 2)]
    store.ingest(rows, OLD)
    assert len(check_series(store, NOW).raised) == 1


def test_a_shift_before_the_switch_is_told_once_and_one_after_it_too(store: Store) -> None:
    steady, turned = WORLD[:-10], WORLD[-10:]
    shares = {"before": (0.02, 0.96, 0.02), "after": (0.96, 0.02, 0.02)}
    first = [*read_by(OLD, steady, shares["before"], 1), *read_by(OLD, turned, shares["after"], 2)]
    # The new model is less sure of itself, and sees it all the same.
    second = [*read_by(NEW, steady, (0.1, 0.8, 0.1), 3), *read_by(NEW, turned, (0.9, 0.05, 0.05), 4)]
    replaced(store, first, second, NOW)
    assert [one.details["model"] for one in told(store, NOW)] == [OLD]
    now = NOW
    for week in range(14):
        now = NOW + timedelta(days=7 * (week + 1))
        days = [(f"w{week}-{n}", now.date() - timedelta(days=n)) for n in range(5)]
        rates = (0.9, 0.05, 0.05) if week < 8 else (0.02, 0.96, 0.02)
        store.ingest(read_by(NEW, days, rates, 20 + week), NEW)
        check_series(store, now)
        if week == 7:
            assert [one.details["model"] for one in told(store, now)] == [OLD]
    newest, oldest = told(store, now)
    assert (oldest.details["model"], newest.details["model"]) == (OLD, NEW)
    assert (oldest.details["direction"], newest.details["direction"]) == ("support", "oppose")
    assert newest.found
    assert newest.found > NOW.date()


def test_what_only_the_new_model_sees_in_the_past_is_recorded(store: Store) -> None:
    steady, turned = WORLD[:-7], WORLD[-7:]
    second = [*read_by(NEW, steady, (0.02, 0.96, 0.02), 3), *read_by(NEW, turned, (0.96, 0.02, 0.02), 4)]
    replaced(store, read_by(OLD, WORLD, (0.02, 0.96, 0.02), 1), second, NOW)
    now = NOW
    for week in range(4):
        now = NOW + timedelta(days=7 * (week + 1))
        days = [(f"w{week}-{n}", now.date() - timedelta(days=n)) for n in range(5)]
        store.ingest(read_by(NEW, days, (0.96, 0.02, 0.02), 20 + week), NEW)
        check_series(store, now)
    assert told(store, now) == []
    with store.reading() as connection:
        (recorded,) = alerts.read_alerts(connection, now, "recorded")
    assert recorded.details["direction"] == "support"


# -- commands ---------------------------------------------------------------------------------------------------------


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as done:
        main(["monitor", *arguments])
    return int(done.value.code or 0)


def test_the_commands_rescore_and_list(
    store: Store, url: str, scorer: Scorer, second: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("models", "--database", url) == 0
    assert run("rescore", "--database", url) == 2
    assert "begin with `stancewire monitor ingest`" in capsys.readouterr().err
    ingest(store, scorer, [*map(news, range(3))])
    new = Scorer.from_pretrained(second)
    old, name = model_name(scorer.model.config), begin_with(store, new)
    assert run("rescore", "--model", str(second), "--database", url, "--days", "36500") == 0
    assert f"{name} has read 3 articles" in capsys.readouterr().err
    assert run("rescore", "--model", str(second), "--database", url) == 0
    assert "already" in capsys.readouterr().err
    assert run("models", "--database", url) == 0
    lines = {line.split()[1]: line for line in capsys.readouterr().out.splitlines() if name.split()[0] in line}
    assert [PAST in lines[old.split()[1]], CURRENT in lines[name.split()[1]]] == [True, True]
