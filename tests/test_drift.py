"""Drift of the input: weeks of one world raise nothing, and what really changes is named."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest

pytest.importorskip("sqlalchemy", reason="the database needs the monitoring extra")
pytest.importorskip("alembic", reason="the database needs the monitoring extra")

import sqlalchemy as sa
from sqlalchemy import event

from stancewire.data.schema import Article, Position
from stancewire.inference.cli import main
from stancewire.inference.monitor import tables
from stancewire.inference.monitor.drift import DriftCheck, check_drift, measure_drift, recent_checks
from stancewire.inference.monitor.drift_compare import NAMES, REFERENCE, Read, Week, count_words
from stancewire.inference.monitor.drift_figures import FALSE_A_YEAR, drift_figures
from stancewire.inference.monitor.models import CURRENT, add_model
from stancewire.inference.monitor.series import Confusion
from stancewire.inference.monitor.store import Store

FIRST = date(2024, 1, 1)
MODEL = "m 1"
CONFUSION = Confusion(np.array([[30, 5, 5], [5, 30, 5], [0, 5, 15], [10, 10, 0]], dtype=float))
RIGHT = 75 / 120
SURE = 0.7
"""Mean confidence on the test set and in an unchanged world."""
SYLLABLES = {
    "one": "ba de fi go lu me ni po ra su ta vo".split(),
    "other": "żą śk ęł ńc źd ćw óx hø åt ük ßy ëj".split(),
}
SHARES = 1 / np.arange(1, 401) / (1 / np.arange(1, 401)).sum()


class World:
    """Made-up weeks whose mixes and volume vary as news does.

    Args:
        seed: Seed of all that is drawn.
        size: Articles of a week.
    """

    def __init__(self, seed: int, size: int = 40) -> None:
        self._draw, self._size = np.random.default_rng(seed), size
        self._topics = np.zeros(4)
        self._words = {}
        for language, syllables in SYLLABLES.items():
            parts = np.random.default_rng(len(language)).choice(syllables, (400, 4))
            self._words[language] = np.array(["".join(one) for one in parts])

    def week(
        self,
        number: int,
        takeover: float = 0.0,
        foreign: float = 0.0,
        sure: float = SURE,
        nameless: float = 0.1,
        undated: float = 0.05,
        volume: float = 1.0,
        longer: float = 1.0,
    ) -> Week:
        """The next week; the arguments are what may be different in it."""
        draw = self._draw
        self._topics = 0.7 * self._topics + draw.normal(0, 0.4, 4)
        topics = np.exp(self._topics) / np.exp(self._topics).sum()
        sources = draw.dirichlet(np.array([5, 4, 3, 2, 1, 1]) * 10)
        size = int(draw.poisson(self._size * volume * draw.gamma(20, 1 / 20)))
        reads = []
        for _ in range(size):
            topic, language = int(draw.choice(4, p=topics)), "other" if draw.random() < foreign else "one"
            length = int(longer * np.exp(draw.normal(4, 0.4)))
            words = np.roll(self._words[language], 100 * topic)[draw.choice(400, length, p=SHARES)]
            source = "upstart" if draw.random() < takeover else f"s{draw.choice(6, p=sources)}"
            named = 0 if draw.random() < nameless else 1 + int(draw.poisson(1))
            actors = tuple(sorted({f"actor {(topic + int(draw.integers(5))) % 8}" for _ in range(named)}))
            labels = Counter(str(one) for one in draw.choice(["x: support", "x: oppose", "y: neutral"], named))
            confidences = tuple(draw.normal(sure, 0.1, named).round(3))
            reads.append(Read(source, Counter(words.tolist()), actors, labels, confidences))
        return Week(FIRST + timedelta(7 * number), reads, size, size, int(draw.binomial(size, undated)))

    def weeks(self, count: int, **last: float) -> list[Week]:
        """Weeks of which the last one is different."""
        return [self.week(number) for number in range(count - 1)] + [self.week(count - 1, **last)]


LAST = 2 * REFERENCE


def moved(weeks: Sequence[Week]) -> set[str]:
    """The figures of the last week that have moved."""
    return {figure.name for figure in drift_figures(weeks)[0] if figure.moved}


# -- figures ----------------------------------------------------------------------------------------------------------


def test_an_unchanged_world_raises_no_more_than_was_said() -> None:
    years, weeks = 4, 0
    for seed in range(years):
        checked = drift_figures(World(seed, size=(12, 30)[seed % 2]).weeks(LAST + 52), count=52)
        assert all(len(figures) == len(NAMES) for figures in checked)
        weeks += sum(any(figure.moved for figure in figures) for figures in checked)
    # Two standard errors of a Poisson count.
    assert weeks <= years * FALSE_A_YEAR + 2 * (years * FALSE_A_YEAR) ** 0.5


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"takeover": 0.5}, {"sources"}),
        ({"foreign": 0.5}, {"words", "unseen words"}),
        ({"sure": 0.55}, {"confidence"}),
        ({"nameless": 0.7}, {"no actor"}),
        ({"undated": 1.0}, {"undated"}),
        ({"volume": 0.0}, {"articles a day"}),
        ({"volume": 6.0}, {"articles a day"}),
        ({"longer": 3.0}, {"length"}),
    ],
)
def test_what_changes_is_named(change: dict[str, float], named: set[str]) -> None:
    for seed in range(2):
        assert named <= moved(World(100 + seed).weeks(LAST + 1, **change))


def test_a_change_is_told_when_it_comes_and_not_in_each_week_after() -> None:
    world = World(7)
    weeks = [*(world.week(number) for number in range(LAST)), *(world.week(LAST + n, takeover=0.6) for n in range(4))]
    named = [{one.name for one in figures if one.moved} for figures in drift_figures(weeks, count=4)]
    assert "sources" in named[0]
    assert "sources" not in set().union(*named[1:])


def test_a_change_says_what_has_changed_most() -> None:
    (sources,) = (one for one in drift_figures(World(3).weeks(LAST + 1, takeover=0.5))[0] if one.name == "sources")
    name, before, now = sources.most[0]
    assert (name, before) == ("upstart", 0.0)
    assert 0.3 < now < 0.7
    assert sources.value > sources.high > sources.expected > sources.low == 0


def test_a_distance_is_that_of_scipy() -> None:
    distance = pytest.importorskip("scipy.spatial.distance")
    weeks = World(3).weeks(LAST + 1, takeover=0.5)
    (sources,) = (one for one in drift_figures(weeks)[0] if one.name == "sources")
    before = Counter(read.source for week in weeks[-1 - REFERENCE : -1] for read in week.reads)
    now = Counter(read.source for read in weeks[-1].reads)
    names = sorted(before | now)
    found = distance.jensenshannon([before[one] for one in names], [now[one] for one in names], base=2)
    assert sources.value == pytest.approx(found)


def test_too_few_weeks_say_nothing() -> None:
    assert drift_figures([]) == [[]]
    assert drift_figures(World(1).weeks(10)) == [[]]
    assert {one.name for one in drift_figures(World(1).weeks(11))[0]} == set(NAMES)
    empty = [Week(FIRST - timedelta(7 * back), [], 0, 0, 0) for back in range(20, 0, -1)]
    assert drift_figures([*empty, *World(1).weeks(10)]) == [[]]


def test_a_silent_week_moves_the_volume_alone() -> None:
    figures = drift_figures([*World(1).weeks(LAST), Week(FIRST + timedelta(7 * LAST), [], 0, 0, 0)])[0]
    assert [(one.name, one.moved) for one in figures] == [("articles a day", True)]


# -- in the database --------------------------------------------------------------------------------------------------


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = Store(url)
    with opened.writing() as connection:
        add_model(connection, MODEL, CONFUSION, CURRENT, SURE)
    yield opened
    opened.close()


def ingest(store: Store, week: Week, undated: bool = False) -> None:
    """Puts the articles of a week into the database, as if they had come on their days."""
    scored, days = [], {}
    for number, read in enumerate(week.reads):
        day = week.start + timedelta(days=number % 7)
        key = f"{week.start}-{number}"
        text = " ".join(read.words.elements())
        article = Article(key, text, published=None if undated else day.isoformat(), source=read.source)
        days[key] = datetime.combine(day, time(18))
        row = Position(key, 0, 0, 5, text[:5], "sentiment", "", "", "neutral", 0.9, [], "", MODEL)
        rows = [replace(row, sentence=number, actor=actor) for number, actor in enumerate(read.actors)]
        for number, (label, sure) in enumerate(zip(read.labels.elements(), read.confidences, strict=True)):
            issue, _, stance = label.partition(": ")
            about = {"kind": "stance", "issue": issue, "label": stance, "confidence": float(sure)}
            rows.append(replace(row, sentence=number, actor=read.actors[number % len(read.actors)], **about))
        scored.append((article, rows))
    store.ingest(scored, MODEL)
    one = tables.articles.c
    with store.writing() as connection:
        came = sa.update(tables.articles).where(one.key == sa.bindparam("of")).values(ingested=sa.bindparam("at"))
        connection.execute(came, [{"of": key, "at": at} for key, at in days.items()])


def storm(store: Store, week: Week) -> None:
    """Many copies of one story, each from another paper."""
    text = " ".join(week.reads[0].words.elements())
    days = [week.start + timedelta(days=number % 7) for number in range(120)]
    copies = [Article(f"{week.start}-c{n}", text, None, str(day), f"paper {n}") for n, day in enumerate(days)]
    store.ingest([(one, []) for one in copies], MODEL)


def forget(store: Store, week: Week) -> None:
    with store.writing() as connection:
        connection.execute(sa.delete(tables.articles).where(tables.articles.c.key.startswith(f"{week.start}-")))


def at(week: int, day: int = 0) -> datetime:
    """Noon of a day of a week."""
    return datetime.combine(FIRST + timedelta(days=7 * week + day), time(12))


def names(check: DriftCheck | None) -> set[str]:
    assert check is not None
    return {figure.name for figure in check.moved}


def test_each_week_is_checked_once_and_what_changed_is_named(
    store: Store,
) -> None:
    world = World(11, size=12)
    for number in range(LAST):
        ingest(store, world.week(number))
    # The last week is not over, or its articles may still come in.
    for now in (at(LAST - 1, 6), at(LAST)):
        early = measure_drift(store, now)
        assert early is not None
        assert early.start == FIRST + timedelta(7 * (LAST - 2))
    now = at(LAST + 1, 1)
    # The reads of the same world, each time with one change.
    changes = {
        "sources": world.week(LAST, takeover=0.8),
        "unseen words": world.week(LAST, foreign=1.0),
        "confidence": world.week(LAST, sure=0.5),
    }
    for name, week in changes.items():
        ingest(store, week)
        assert name in names(measure_drift(store, now))
        forget(store, week)
    week = world.week(LAST)
    ingest(store, week, undated=True)
    assert names(measure_drift(store, now)) == {"undated", "articles a day"}
    forget(store, week)

    ingest(store, week)
    storm(store, week)
    assert names(measure_drift(store, now)) == {"articles a day"}
    forget(store, week)

    ingest(store, week)
    check = check_drift(store, now)
    assert names(check) == set()
    assert check is not None
    assert (check.model, check.start, check.end) == (MODEL, week.start, week.start + timedelta(days=6))
    assert check.articles == len(week.reads)
    assert {figure.name for figure in check.figures} == set(NAMES)
    assert check_drift(store, now) is None
    with store.reading() as connection:
        (row,) = connection.execute(sa.select(tables.drift_checks)).all()
    assert (row.model, row.start, row.end, row.checked) == (MODEL, check.start, check.end, now)
    assert [one["name"] for one in row.figures["figures"]] == [one.name for one in check.figures]
    # What was looked at is what came in.
    shown = {figure.name: figure for figure in check.figures}
    assert shown["articles a day"].value == pytest.approx((check.articles + 0.5) / 7)
    nameless = sum(not read.actors for read in week.reads) / len(week.reads)
    assert shown["no actor"].value == pytest.approx(nameless)
    sure = [one for read in week.reads for one in read.confidences]
    assert shown["confidence"].value == pytest.approx(np.mean(sure))
    # Without labels: the accuracy on the test set, less what the confidence has lost since.
    assert check.accuracy
    assert check.accuracy.value == pytest.approx(RIGHT + np.mean(sure) - SURE)
    assert check.accuracy.low < check.accuracy.value < check.accuracy.high
    assert check.usual_accuracy
    assert check.usual_accuracy.value == pytest.approx(RIGHT, abs=0.02)
    widths = [one.high - one.low for one in (check.accuracy, check.usual_accuracy)]
    assert widths[0] > widths[1]

    ingest(store, world.week(LAST + 1, takeover=0.8))
    told = check_drift(store, at(LAST + 2, 1))
    assert told
    assert "sources" in told.title
    assert "upstart 0% before" in told.details()["lines"][0]
    assert json.loads(json.dumps(told.details()))["start"] == str(told.start)
    assert [one.start for one in recent_checks(store, at(LAST + 2, 1), 2)] == [check.start, told.start]


def test_while_weeks_are_too_few_no_text_is_read(store: Store) -> None:
    texts: list[str] = []

    @event.listens_for(store.engine, "before_cursor_execute")
    def listen(connection: sa.Connection, cursor: object, statement: str, *rest: object) -> None:
        texts.extend([statement] if "articles.text" in statement else [])

    world = World(11, size=12)
    for number in range(11):
        ingest(store, world.week(number))
        texts.clear()
        check = measure_drift(store, at(number + 1, 1))
        assert (check is not None) == bool(texts) == (number == 10)
    # The first weeks are over a half-year ago, and nothing came since.
    assert measure_drift(store, at(12 + LAST, 1)) is None


def test_the_command_shows_the_last_weeks(store: Store, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    today = datetime.now(UTC).date()
    monday = today - timedelta(days=today.weekday())
    for number, week in enumerate(World(5, size=5).weeks(13)):
        ingest(store, week._replace(start=monday - timedelta(days=7 * (13 - number))))
    with pytest.raises(SystemExit) as done:
        main(["monitor", "drift", "--weeks", "2", "--database", url])
    assert not done.value.code
    lines = capsys.readouterr().out.splitlines()
    weeks = [line.split()[0] for line in lines if line.strip()[:2] == "20"]
    assert weeks
    assert set(weeks) <= {str(monday - timedelta(days=7 * back)) for back in (1, 2, 3)}
    assert [name for name in NAMES if any(line.strip().startswith(name) for line in lines)] == list(NAMES)
    assert any("estimated accuracy" in line for line in lines)


def test_without_a_model_or_articles_there_is_nothing_to_check(url: str) -> None:
    store = Store(url)
    assert check_drift(store, at(LAST)) is None
    assert recent_checks(store, at(LAST), 4) == []
    with store.writing() as connection:
        add_model(connection, MODEL, CONFUSION, CURRENT)
    assert check_drift(store, at(LAST)) is None
    assert store.counts()["drift_checks"] == 0
    store.close()


def test_words_are_counted_in_any_script() -> None:
    assert count_words("Sanctions, sanctions! НАТО 2024 an") == {"sanctions": 2, "нато": 1}
