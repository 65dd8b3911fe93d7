"""The queue: from unlabelled articles to the tasks that are worth an annotator's time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..data.label_studio import Task
from ..data.schema import ARTICLE_FIELDS, Article, Position, Span
from ..data.windows import Window
from .scorer import Reading, Scorer
from .selection import Worth, judge_windows, pick


def make_queue(articles: Iterable[Article], scorers: Sequence[Scorer], number: int, most: int = 3) -> list[Task]:
    """Picks what to label next.

    Args:
        articles: Unlabelled articles.
        scorers: One model, or several whose disagreement counts too; the first one's answers go with the tasks.
        number: How many tasks; fewer come back where there is not more that differs.
        most: Most tasks from one article.
    """
    reads = [scorers[0].read(article) for article in articles]
    places = [(read, window) for read in reads for window in read.windows]
    windows = [window for _, window in places]
    if not windows:
        return []
    worth = judge_windows(windows, [scorer.model for scorer in scorers])
    chosen = pick(windows, [one.total for one in worth], number, [read.article.id for read, _ in places], most)
    scored: dict[str, list[Position]] = {}
    for read in {places[index][0].article.id: places[index][0] for index in chosen}.values():
        scored[read.article.id] = [row for row in scorers[0].score(read.article) if row.kind == "stance"]
    return [_task(*places[index], scored[places[index][0].article.id], worth[index]) for index in chosen]


def _task(read: Reading, window: Window, rows: Sequence[Position], worth: Worth) -> Task:
    """A window with its context: an annotator needs to read what the model reads."""
    article = read.article
    spans = read.sentences[window.first : window.first + len(window.plain)]
    start, end = spans[0].start, spans[-1].end
    known = {name: getattr(article, name) for name in ARTICLE_FIELDS if name not in ("id", "text")}
    return Task(
        f"{article.id}#{window.first}",
        article.id,
        start,
        article.text[start:end],
        tuple(Span(span.start - start, span.end - start) for span in spans),
        tuple(row for row in rows if start <= row.start < end),
        {name: value for name, value in known.items() if value},
        {name: round(value, 4) for name, value in worth._asdict().items()},
    )
