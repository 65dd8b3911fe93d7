"""Shards of articles to positions, in this process or in several, in the order in which they came."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from ..data.errors import StancewireError
from ..data.schema import Article, Position

if TYPE_CHECKING:
    from .scorer import Scorer

Shard = TypeVar("Shard")
Result = list[Position] | str
"""The positions of an article, or why it was skipped."""

OFF_TOPIC = "names no issue"

AHEAD = 2
"""Shards that wait for each worker, so that none is ever idle."""


@dataclass(frozen=True)
class Scoring:
    """How articles are scored.

    Attributes:
        model: Name of the model; None is the default.
        threads: Threads of the encoder in each process; None shares the cores out among the processes.
        topical_only: Leave out articles that do not name any issue.
    """

    model: str | None = None
    threads: int | None = None
    topical_only: bool = False

    def load(self) -> BatchScorer:
        """Loads the model.

        Raises:
            StancewireError: There is no such model.
        """
        # Imported here: how articles are scored can be said before ONNX Runtime is loaded.
        from .scorer import Scorer

        return BatchScorer(Scorer.from_pretrained(self.model, self.threads), self.topical_only)


def score_shards(
    shards: Iterable[tuple[Shard, Sequence[Article]]], scoring: Scoring, workers: int
) -> Iterator[tuple[Shard, list[Result]]]:
    """Scores shards of articles.

    Args:
        shards: Whatever names a shard, and its articles.
        scoring: How.
        workers: Processes; 1 is this one.

    Yields:
        The name of each shard and the result of each of its articles, in the order given.

    Raises:
        StancewireError: There is no such model, or a process died.
    """
    if workers == 1:
        scorer = scoring.load()
        for name, articles in shards:
            yield name, scorer.score(articles)
        return
    threads = scoring.threads or max(1, (os.cpu_count() or 1) // workers)
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _start, (replace(scoring, threads=threads),))
    try:
        yield from _in_order(pool, shards, workers * AHEAD)
    except BrokenProcessPool as error:
        raise StancewireError(
            "a worker died, perhaps for want of memory; run the same command again to go on, with fewer --workers"
        ) from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _in_order(
    pool: ProcessPoolExecutor, shards: Iterable[tuple[Shard, Sequence[Article]]], most: int
) -> Iterator[tuple[Shard, Any]]:
    waiting: deque[tuple[Shard, Future]] = deque()
    for name, articles in shards:
        waiting.append((name, pool.submit(_work, list(articles))))
        while len(waiting) > most or (waiting and waiting[0][1].done()):
            first, future = waiting.popleft()
            yield first, future.result()
    while waiting:
        first, future = waiting.popleft()
        yield first, future.result()


_worker: BatchScorer | None = None


def _start(scoring: Scoring) -> None:
    global _worker
    # Ctrl-C goes to the whole group of processes; it is the parent who ends the run.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    _worker = scoring.load()


def _end_with_parent() -> None:
    """A parent that was killed cannot stop its workers, so they watch it."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(articles: list[Article]) -> list[Result]:
    assert _worker is not None
    return _worker.score(articles)


class BatchScorer:
    """A scorer for batches in which an article may fail, or name no issue, without harm to the others."""

    def __init__(self, scorer: Scorer, topical_only: bool = False) -> None:
        self._scorer = scorer
        self._topical_only = topical_only

    def score(self, articles: Sequence[Article]) -> list[Result]:
        """The result of each article, in order."""
        wanted = [not self._topical_only or self._scorer.names_an_issue(article) for article in articles]
        found = iter(self._score([article for article, keep in zip(articles, wanted, strict=True) if keep]))
        return [next(found) if keep else OFF_TOPIC for keep in wanted]

    def _score(self, articles: list[Article]) -> list[Result]:
        try:
            return [*self._scorer.score_each(articles)]
        except Exception as error:
            if len(articles) == 1:
                # One text that trips the code up must not end a run over a hundred thousand.
                return [f"could not be scored ({type(error).__name__}: {' '.join(str(error).split())[:200]})"]
            return [result for article in articles for result in self._score([article])]
