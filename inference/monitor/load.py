"""A database of millions of made-up positions: what the pages cost when there is much to read.

The rows are those that :meth:`.store.Store.ingest` writes of such articles, in the order in which these come out; they
go into the tables without being looked up first, which is what takes ingest its time. Only what the index of stories
remembers is left out, which no page reads. Stances and sentiments, their labels and their objects are in the
proportions in which the model that ships finds them in the articles of the demo.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ...data.errors import StancewireError
from ...data.issues import load_issues
from ...data.schema import SENTIMENTS, Article, Position
from ...data.stories import story_key
from . import tables
from .models import current_model
from .series import StorySide, story_sides
from .shift_alerts import check_series
from .store import Store, article_digest, position_row
from .story_sums import ANY, add_to_bins, side_values

FIRST_DAY, LAST_DAY = date(2021, 1, 1), date(2025, 12, 31)
_ACTORS = 600
_OBJECTS = 60
_TURNED = slice(30, 130)
"""Actors who change sides on the first issue, by how much is said of them ..."""
_TURN = LAST_DAY - timedelta(days=28)
"""... from this day on."""
_ROWS = 8.31
"""Positions of a story in the mean: five an article."""
_STORM, _STORM_COPIES = 1e-5, 1000
"""How many stories are printed again a thousand times."""
_BATCH = 50_000
"""Positions that are written in one transaction."""
_CACHE_KIB = 1_000_000
_SOURCES = [f"{place} {kind}" for place in "North South East West Coast Valley".split() for kind in ("Post", "Wire")]
_COMMON = (
    "the a of and to in for on with after before while government minister talks week border harbour council report"
    " ministers trade market prices rain road school hospital committee vote budget winter people workers evening"
    " morning village station bridge ferry plan law letter meeting visitors crowd city"
).split()
_SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu".split()
_VERBS = {"support": "welcomes", "oppose": "rejects", "neutral": "has not decided on"}

_SeriesKey = tuple[str, str, str]
_Told = list[tuple[date, Article, list[Position]]]
"""A story: its articles with their days and positions, the first of them first."""


def fill(store: Store, positions: int, seed: int = 13, tell: Callable[[int], None] = lambda _: None) -> None:
    """Fills a new database, and searches the series that turn for shifts as `stancewire monitor check` does.

    Args:
        store: The database; its first model is known (see :func:`.intake.begin_with`).
        positions: How many, nearly.
        seed: Seed of all that is made up.
        tell: Is called with the number of positions that are written.

    Raises:
        StancewireError: There are articles already, or the database does not take more.
    """
    filled = is_filled(store)
    with store.writing() as connection:
        model = current_model(connection)
        if model is None or filled:
            raise StancewireError(f"database {store.name}: not a new one; name another")
        for index in _indexes():
            index.drop(connection)
    world, writer = World(seed, model), _Writer(store, model)
    days, stories = (LAST_DAY - FIRST_DAY).days + 1, round(positions / _ROWS)
    for number in range(days):
        day = FIRST_DAY + timedelta(days=number)
        for _ in range(stories * number // days, stories * (number + 1) // days):
            writer.add_story(world.story(day))
        writer.write_articles(day)
        tell(writer.positions)
    writer.finish(world.turning())
    check_series(store, datetime.combine(LAST_DAY, time(18)))


def is_filled(store: Store) -> bool:
    """Whether there are articles in a database.

    Raises:
        StancewireError: Its filling was broken off.
    """
    with store.reading() as connection:
        look = sa.inspect(connection)
        there = {one["name"] for table in tables.metadata.tables for one in look.get_indexes(table)}
        if not there.issuperset(index.name for index in _indexes()):
            raise StancewireError(f"database {store.name}: was not filled to the end; begin with a new one")
        return connection.execute(sa.select(tables.articles.c.id).limit(1)).first() is not None


def _indexes() -> list[sa.Index]:
    """Those that are sooner made when all rows are there."""
    return [index for table in (tables.articles, tables.positions, tables.series_stories) for index in table.indexes]


class World:
    """Makes stories up.

    Args:
        seed: Seed of the draws.
        model: Name and version of the model that is said to have scored them.
    """

    def __init__(self, seed: int, model: str) -> None:
        self._draw, self._model, self._articles = random.Random(seed), model, 0
        self._issues = [issue.id for issue in load_issues()]
        # Zipf's law: the tenth is heard a tenth as often as the first.
        self._zipf = list(accumulate(1 / rank for rank in range(1, _ACTORS + 1)))
        self._actors = list(dict.fromkeys(self._word(3).capitalize() for _ in range(2 * _ACTORS)))[:_ACTORS]
        self._support = {
            (actor, issue): self._draw.betavariate(1.2, 0.8) for actor in self._actors for issue in self._issues
        }
        self._parts = [" ".join(self._draw.choices(_COMMON, k=9)) for _ in range(4000)]

    def turning(self) -> set[_SeriesKey]:
        """The series of those who change sides."""
        return {(self._issues[0], actor, ANY) for actor in self._actors[_TURNED]}

    def story(self, day: date) -> _Told:
        """A new story that comes out on this day."""
        draw, issue, actor, other, bystander = self._draw, self._draw.choice(self._issues), *self._actors_heard(3)
        speakers = [actor, *([actor] if draw.random() < 0.5 else []), *([other] if draw.random() < 0.5 else [])]
        said = [self._stance(day, speaker, issue) for speaker in speakers]
        said.append((f"{bystander}: {draw.choice(self._parts)}.", [("sentiment", bystander, self._mood())]))
        said += [(f"{self._word(4).capitalize()} {draw.choice(self._parts)}.", []) for _ in range(3)]
        draw.shuffle(said)
        text, objects = "", self._objects()
        rows: list[dict[str, Any]] = []
        for number, (sentence, found) in enumerate(said):
            text += " " if text else ""
            place = {"sentence": number, "start": len(text), "end": len(text) + len(sentence), "text": sentence}
            text += sentence
            for kind, about, label in found:
                sure = round(1 - 0.6 * draw.random() ** 2, 4)
                subject = (issue, objects) if kind == "stance" else ("", [])
                says = {"kind": kind, "actor": about, "label": label, "confidence": sure}
                rows.append(place | says | dict(zip(("issue", "object"), subject, strict=True)))
        return [self._article(day if copy == 0 else self._later(day), text, rows) for copy in range(self._copies())]

    def _article(self, day: date, text: str, rows: Iterable[Mapping[str, Any]]) -> tuple[date, Article, list[Position]]:
        self._articles += 1
        source, published = self._draw.choice(_SOURCES), day.isoformat()
        url = f"https://{source.replace(' ', '-').lower()}.example/{self._articles}"
        article = Article(url, text, self._draw.choice(self._parts).capitalize(), published, source, url)
        about: dict[str, Any] = {"article_id": url, "published": published, "model": self._model}
        return day, article, [Position(**row, **about) for row in rows]

    def _actors_heard(self, number: int) -> list[str]:
        return self._draw.choices(self._actors, cum_weights=self._zipf, k=number)

    def _objects(self) -> list[str]:
        number = self._draw.choices((0, 1, 2), weights=(62, 26, 12))[0]
        return sorted(set(self._draw.choices(self._actors[:_OBJECTS], cum_weights=self._zipf[:_OBJECTS], k=number)))

    def _stance(self, day: date, actor: str, issue: str) -> tuple[str, list[tuple[str, str, str]]]:
        support = self._support[actor, issue]
        if day >= _TURN and (issue, actor, ANY) in self.turning():
            support = 0.05 if support > 0.5 else 0.95
        label = "support" if self._draw.random() < support else "oppose"
        if self._draw.random() < 0.02:
            label = "neutral"
        sentence = f"{actor} {_VERBS[label]} {issue.replace('_', ' ')}: {self._draw.choice(self._parts)}."
        return sentence, [("stance", actor, label), ("sentiment", actor, self._mood())]

    def _mood(self) -> str:
        return self._draw.choices(SENTIMENTS, weights=(3, 96, 1))[0]

    def _copies(self) -> int:
        """How many articles the story has; in the mean 1.67."""
        if self._draw.random() < _STORM:
            return _STORM_COPIES
        copies = 1 if self._draw.random() < 0.75 else 2
        while copies > 1 and self._draw.random() < 0.62:
            copies += 1
        return copies

    def _later(self, day: date) -> date:
        return min(day + timedelta(days=self._draw.choice((0, 0, 1, 3))), LAST_DAY)

    def _word(self, syllables: int) -> str:
        return "".join(self._draw.choices(_SYLLABLES, k=syllables))


class _Writer:
    """Writes stories, each article when its day has come; a batch is a transaction."""

    def __init__(self, store: Store, model: str) -> None:
        self.positions = 0
        self._store, self._model, self._articles = store, model, 0
        self._coming: dict[date, list[tuple[str, Article, list[Position]]]] = defaultdict(list)
        self._series: dict[_SeriesKey, int] = {}
        self._versions: dict[int, int] = defaultdict(int)
        # In the order in which one refers to another.
        order = tables.stories, tables.articles, tables.scored, tables.positions, tables.series, tables.series_stories
        self._rows: dict[sa.Table, list[dict[str, Any]]] = {table: [] for table in order}

    def add_story(self, told: _Told) -> None:
        """Takes a story in; its articles are written on their days."""
        day, first, _ = told[0]
        story = f"s{story_key(first.text).digest.hex()}"
        self._rows[tables.stories].append({"id": story, "first_published": day})
        rows: dict[_SeriesKey, list[tuple[str, int, date, str, float]]] = defaultdict(list)
        for number, (published, article, positions) in enumerate(told):
            self._coming[published].append((story, article, positions))
            for row in positions:
                for name in (ANY, *row.object) if row.kind == "stance" else ():
                    rows[row.issue, row.actor, name].append((story, number, published, row.label, row.confidence))
        for key, found in rows.items():
            self._add_side(key, *story_sides(found))

    def _add_side(self, key: _SeriesKey, side: StorySide) -> None:
        if key not in self._series:
            self._series[key] = len(self._series) + 1
            about = dict(zip(("issue", "actor", "object"), key, strict=True))
            row = {"id": self._series[key], "model": self._model, "version": 0, "checked": 0}
            self._rows[tables.series].append(row | about)
        self._versions[self._series[key]] += 1
        self._rows[tables.series_stories].append(side_values(side) | {"series": self._series[key]})

    def write_articles(self, day: date) -> None:
        """Writes the articles of a day, which comes after those before."""
        for story, article, positions in self._coming.pop(day, ()):
            self._articles += 1
            about = {"id": self._articles, "key": article.id, "story": story, "published": day}
            values = {name: getattr(article, name) for name in ("source", "url", "title", "speaker", "text")}
            more = {"digest": article_digest(article), "ingested": datetime.combine(day, time(18))}
            self._rows[tables.articles].append(about | values | more)
            scored = {"article": self._articles, "model": self._model}
            self._rows[tables.scored].append(scored)
            about = scored | {"story": story, "published": day}
            self._rows[tables.positions] += [position_row(position) | about for position in positions]
            self.positions += len(positions)
        if len(self._rows[tables.positions]) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        with self._store.writing() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql(f"PRAGMA cache_size = -{_CACHE_KIB}")
            for table, rows in self._rows.items():
                if rows:
                    connection.execute(sa.insert(table), rows)
            add_to_bins(connection, [(row, 1) for row in self._rows[tables.series_stories]])
        for rows in self._rows.values():
            rows.clear()

    def finish(self, to_search: set[_SeriesKey]) -> None:
        """Writes what is left and makes the indexes; all series count as searched but some."""
        self._flush()
        with self._store.writing() as connection:
            for index in _indexes():
                index.create(connection)
            left = {self._series[key] for key in to_search if key in self._series}
            one = tables.series.c
            changed = sa.update(tables.series).where(one.id == sa.bindparam("number"))
            changed = changed.values(version=sa.bindparam("changes"), checked=sa.bindparam("searched"))
            numbers = self._versions.items()
            values = [{"number": id, "changes": had, "searched": 0 if id in left else had} for id, had in numbers]
            connection.execute(changed, values)
            _count_on(connection, tables.series, tables.articles)


def _count_on(connection: Connection, *filled: sa.Table) -> None:
    """Lets PostgreSQL number the next rows after those that were given their numbers here."""
    if connection.dialect.name == "postgresql":
        for table in filled:
            last = sa.select(sa.func.max(table.c.id)).scalar_subquery()
            connection.execute(sa.select(sa.func.setval(sa.func.pg_get_serial_sequence(table.name, "id"), last)))


def database_bytes(store: Store) -> int:
    """What a database takes on the disk."""
    with store.reading() as connection:
        if connection.dialect.name == "postgresql":
            return connection.execute(sa.select(sa.func.pg_database_size(sa.func.current_database()))).scalar_one()
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        return pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one()
