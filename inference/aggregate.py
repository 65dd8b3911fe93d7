"""Positions summed up: the net stance of each actor on each issue, with an honest interval, counted by story.

How actors are presented is summed up in the same way, positive for support and negative for oppose.

A row counts as much as it is likely to be right. The interval draws stories with replacement and, within each, keeps
a row with the probability that it is right: it holds both the luck of the sample and the classifier's own error. Copies
of one text are one story, and a net stance is given from ``LEAST`` stories on.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..data.schema import Position

LEAST = 3
"""Stories below which no net stance is given."""
DRAWS = 500
SIGN = {"support": 1, "oppose": -1, "neutral": 0, "positive": 1, "negative": -1}
_BLOCK = 4_000_000
"""Rows times draws that are held at once, so that memory stays flat."""
_HOLDERS = 200
"""Articles with the same sentence that are compared; the line with which a site ends every article has very many."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Net:
    """Net stance over stories: 1 all support, -1 all oppose; of sentiment 1 all positive, -1 all negative.

    Attributes:
        value: The mean over stories of the mean side of a story's rows, weighted by confidence.
        low: Lower end of the 95 % interval.
        high: Upper end.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Cell:
    """One actor on one issue.

    Attributes:
        actor: The actor.
        issue: The issue; empty for sentiment.
        rows: Its positions, the surest first.
        counts: How many of them have each label.
        articles: Articles that they are from.
        stories: Stories that these articles are of.
        net: The net stance; None below ``LEAST`` stories.
        trend: For each period (``2024-03``, or ``2024`` where the table spans more than three years) its stories and
            net stance, without those that have no date. Below ``LEAST`` stories that is a remark and no average.
        shift: Net stance of the later half of the dated stories minus that of the earlier half, where both halves have
            ``LEAST`` stories and the interval leaves out zero; else None.
    """

    actor: str
    issue: str
    rows: tuple[Position, ...]
    counts: Mapping[str, int]
    articles: int
    stories: int
    net: Net | None
    trend: tuple[tuple[str, int, float], ...]
    shift: Net | None


def aggregate(
    positions: Iterable[Position], stories: Mapping[str, str] | None = None, seed: int = 13, kind: str = "stance"
) -> list[Cell]:
    """Sums up the stances of a position table, or its sentiment, the actors with most stories first.

    Args:
        positions: Rows of position tables; equal rows, as one table given in two formats brings them, are one.
        stories: The story of each article, as the article table has it; articles that are not in it are one story
            where they share most of the sentences that are summed up.
        seed: Seed of the draws.
        kind: ``stance`` or ``sentiment``; rows of the other kind are left out.
    """
    rows = list({_contents(row): row for row in positions if row.kind == kind}.values())
    known = stories or {}
    story = group_copies(row for row in rows if row.article_id not in known) | dict(known)
    by_cell: dict[tuple[str, str], list[Position]] = defaultdict(list)
    for row in rows:
        by_cell[row.actor, row.issue].append(row)
    draw = np.random.default_rng(seed)
    years = [int(row.published[:4]) for row in rows if row.published]
    period = 4 if years and max(years) - min(years) > 3 else 7
    cells = [_cell(actor, issue, found, story, period, draw) for (actor, issue), found in sorted(by_cell.items())]
    weight: Counter[str] = Counter()
    for cell in cells:
        weight[cell.actor] += cell.stories
    return sorted(cells, key=lambda cell: (-weight[cell.actor], cell.actor, cell.issue))


def _contents(row: Position) -> tuple[object, ...]:
    """All that is in a row, as what a dictionary can hold."""
    about = tuple(row.object)
    return row.article_id, row.start, row.text, row.actor, row.issue, row.label, row.confidence, about, row.model


def group_copies(rows: Iterable[Position]) -> dict[str, str]:
    """For each article the one that stands for its story: articles that share most of their sentences are one.

    The share is of the article that has fewer, so that a trimmed reprint is a copy too.
    """
    sentences: dict[str, set[str]] = defaultdict(set)
    holders: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        text = " ".join(_WORD.findall(row.text.lower()))
        if text not in sentences[row.article_id]:
            sentences[row.article_id].add(text)
            if len(holders[text]) < _HOLDERS:
                holders[text].append(row.article_id)
    leader: dict[str, str] = {}
    for name, own in sentences.items():
        shared = Counter(other for text in own for other in holders[text] if other in leader)
        near = [o for o, n in shared.items() if n > min(len(own), len(sentences[o])) / 2]
        leader[name] = leader[min(near, key=lambda other: (-shared[other], other))] if near else name
    return leader


def _cell(
    actor: str,
    issue: str,
    rows: Sequence[Position],
    story: Mapping[str, str],
    period: int,
    draw: np.random.Generator,
) -> Cell:
    by_story: dict[str, list[Position]] = defaultdict(list)
    for row in rows:
        by_story[story[row.article_id]].append(row)
    groups = list(by_story.values())
    dated = sorted((group for group in groups if _date(group)), key=_date)
    half = len(dated) // 2
    return Cell(
        actor,
        issue,
        tuple(sorted(rows, key=lambda row: (-row.confidence, row.article_id, row.sentence))),
        Counter(row.label for row in rows),
        len({row.article_id for row in rows}),
        len(groups),
        _net(groups, draw) if len(groups) >= LEAST else None,
        _trend(dated, period),
        _shift(dated[:half], dated[half:], draw) if half >= LEAST else None,
    )


def _date(group: Sequence[Position]) -> str:
    """The first day on which a story was published; empty if none of its articles has a date."""
    return min((row.published for row in group if row.published), default="")


def _side(group: Sequence[Position]) -> float:
    weight = sum(row.confidence for row in group)
    return sum(SIGN[row.label] * row.confidence for row in group) / weight if weight else 0.0


def _net(groups: Sequence[Sequence[Position]], draw: np.random.Generator) -> Net:
    return _interval(float(np.mean([_side(group) for group in groups])), _draws(groups, draw))


def _shift(
    before: Sequence[Sequence[Position]], after: Sequence[Sequence[Position]], draw: np.random.Generator
) -> Net | None:
    value = float(np.mean([_side(group) for group in after]) - np.mean([_side(group) for group in before]))
    found = _interval(value, _draws(after, draw) - _draws(before, draw))
    return found if found.low > 0 or found.high < 0 else None


def _draws(groups: Sequence[Sequence[Position]], draw: np.random.Generator) -> np.ndarray:
    """Net stances (``DRAWS``,) of stories drawn anew, each row kept with the probability that it is right."""
    rows = [row for group in groups for row in group]
    sure = np.array([row.confidence for row in rows], np.float32)[:, None]
    sign = np.array([SIGN[row.label] for row in rows], np.int8)[:, None]
    first = np.cumsum([0, *(len(group) for group in groups[:-1])])
    nets = []
    step = max(1, _BLOCK // len(rows))
    for done in range(0, DRAWS, step):
        kept = draw.random((len(rows), min(step, DRAWS - done)), np.float32) < sure
        # A story of which no row is right takes no side.
        right = np.maximum(np.add.reduceat(kept, first, dtype=np.int32), 1)
        sides = np.add.reduceat(sign * kept, first, dtype=np.int32) / right
        chosen = draw.integers(len(groups), size=sides.shape)
        nets.append(np.take_along_axis(sides, chosen, 0).mean(0))
    return np.concatenate(nets)


def _interval(value: float, draws: np.ndarray) -> Net:
    low, high = np.percentile(draws, [2.5, 97.5])
    # A row that may be wrong pulls every draw toward zero; the interval must still hold what was measured.
    return Net(value, min(value, float(low)), max(value, float(high)))


def _trend(dated: Sequence[Sequence[Position]], period: int) -> tuple[tuple[str, int, float], ...]:
    """Stories and net stance by the first so many characters of the date."""
    periods: dict[str, list[float]] = defaultdict(list)
    for group in dated:
        periods[_date(group)[:period]].append(_side(group))
    return tuple((period, len(sides), float(np.mean(sides))) for period, sides in sorted(periods.items()))
