"""A scoring run that loses nothing: from a stream of records to two tables, resumed where it was broken off.

Records are cut into shards. Each is scored, its articles get their stories, and it is on the disk before the next one
counts; the tables are put together from the shards at the end. The same command after a break reads its input anew and
goes on at the first shard that is missing, so the result is that of a run that was never broken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from ..data.schema import Article, ArticleRow, Position, Rejected
from ..data.stories import StoryIndex, story_key
from ..data.writers import TableWriter
from .filter import PositionFilter
from .shards import Outcome, ShardFolder
from .workers import Result, Scoring, score_shards

SHARD = 32
"""Records of a shard. The first shard is a single one: its rows are there at once."""

SCORED, SKIPPED = "scored", "skipped"
"""Values of the article table's status."""

_KEEP_ALL = PositionFilter()

Record = Article | Rejected


class Counts(NamedTuple):
    """Records of a run.

    Attributes:
        scored: Articles that were scored.
        skipped: Articles and other records that were not.
        positions: Rows of the position table.
    """

    scored: int
    skipped: int
    positions: int


class ScoringRun:
    """One run, perhaps the second half of a run that was broken off.

    Args:
        folder: Folder that keeps what was scored until the tables are whole.
        settings: What the result depends on beside the records; see :class:`ShardFolder`.
        scoring: How articles are scored.
        workers: Processes.
        keep: Which positions are kept.
        stories: An SQLite file with the stories of earlier runs; None knows this run's alone.

    Raises:
        StancewireError: The folder was begun with other settings, or cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, Any],
        scoring: Scoring,
        workers: int = 1,
        keep: PositionFilter = _KEEP_ALL,
        stories: Path | None = None,
    ) -> None:
        self._shards = ShardFolder(folder, settings)
        self._scoring = scoring
        self._workers = workers
        self._keep = keep
        self._stories = stories or folder / "stories.sqlite"
        self._done = 0

    def score(self, records: Iterable[Record]) -> Iterator[Outcome]:
        """Scores the records that were not scored before.

        Yields:
            What became of each record, those of an earlier run first.

        Raises:
            StancewireError: The input has changed since the run began, a process died, or the disk is full.
        """
        shards = _cut(records)
        missing: list[Record] = []
        for missing in shards:
            outcomes = self._shards.read(self._done, missing)
            if outcomes is None:
                break
            self._done += 1
            yield from outcomes
        else:
            return
        todo = ((shard, _articles(shard)) for shard in chain([missing], shards))
        with StoryIndex(self._stories) as stories:
            for shard, results in score_shards(todo, self._scoring, self._workers):
                outcomes = self._outcomes(shard, results, stories)
                self._shards.write(self._done, shard, outcomes)
                self._done += 1
                yield from outcomes

    def finish(self, positions: TableWriter[Position], articles: TableWriter[ArticleRow]) -> Counts:
        """Writes the tables."""
        scored = skipped = 0
        for row, found in self._shards.outcomes(self._done):
            positions.write(found)
            articles.write([row])
            scored += row.status == SCORED
            skipped += row.status == SKIPPED
        return Counts(scored, skipped, positions.rows)

    def remove(self) -> None:
        """Deletes the folder, once the tables are whole."""
        self._shards.remove()

    def _outcomes(self, shard: Sequence[Record], results: Sequence[Result], stories: StoryIndex) -> list[Outcome]:
        scored = [
            story_key(article.text, article.published)
            for article, result in zip(_articles(shard), results, strict=True)
            if not isinstance(result, str)
        ]
        story, result = iter(stories.assign_keys(scored)), iter(results)
        outcomes = (outcome_of(one, next(result) if isinstance(one, Article) else "", self._keep) for one in shard)
        return [one.with_story(next(story)) if one.row.status == SCORED else one for one in outcomes]


def outcome_of(record: Record, result: Result, keep: PositionFilter) -> Outcome:
    """What became of a record, its story left open.

    Args:
        record: The record.
        result: What scoring gave, if it is an article.
        keep: Which positions are kept.
    """
    if isinstance(record, Rejected):
        return Outcome(ArticleRow(record.where, SKIPPED, record.reason, "", 0, "", "", "", ""), [])
    about = record.title or "", record.published or "", record.source or "", record.url or ""
    if isinstance(result, str):
        return Outcome(ArticleRow(record.id, SKIPPED, result, "", 0, *about), [])
    kept = [position for position in result if keep(position)]
    return Outcome(ArticleRow(record.id, SCORED, "", "", len(kept), *about), kept)


def _articles(records: Iterable[Record]) -> list[Article]:
    return [record for record in records if isinstance(record, Article)]


def _cut(records: Iterable[Record]) -> Iterator[list[Record]]:
    left = iter(records)
    size = 1
    while shard := list(islice(left, size)):
        yield shard
        size = SHARD
