"""How well copies of a story are told from other stories: precision and recall of pairs, on a written gold set."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from .errors import StancewireError
from .stories import StoryIndex


class StoryRecord(NamedTuple):
    """One article of the gold set.

    Attributes:
        id: Its id.
        event: What it reports on.
        story: Common to all copies of a story.
        kind: ``original``, or how the copy was made: ``reprint``, ``trimmed``, ``rewrite``, ``update``, ``embedded``.
        text: Its text.
    """

    id: str
    event: str
    story: str
    kind: str
    text: str


class StoryFigures(NamedTuple):
    """Pairs of articles of one story, by gold and by the index.

    Attributes:
        precision: Share of the pairs that the index joins which are one story.
        recall: Share of the pairs that are one story which the index joins.
        pairs: Pairs that are one story.
        recall_by_kind: Recall among the pairs of an original and a copy of each kind.
        wrong: The pairs joined that are not one story.
        missed: The pairs not joined that are.
    """

    precision: float
    recall: float
    pairs: int
    recall_by_kind: dict[str, float]
    wrong: list[tuple[str, str]]
    missed: list[tuple[str, str]]


def read_story_gold(path: str | Path | None = None) -> list[StoryRecord]:
    """Reads the gold set; by default the one that ships with the package.

    Raises:
        StancewireError: It cannot be read.
    """
    source = Path(path) if path else Path(str(files("stancewire.data") / "story_gold.jsonl"))
    try:
        records = [json.loads(line) for line in source.read_text(encoding="utf-8").split("\n") if line.strip()]
        return [StoryRecord(**{name: one[name] for name in StoryRecord._fields}) for one in records]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StancewireError(
            f"{source}: cannot be read as story gold ({error}); one record with {', '.join(StoryRecord._fields)} a line"
        ) from error


def measure_stories(records: Sequence[StoryRecord]) -> StoryFigures:
    """Gives each record a story, in their order, and compares the pairs with gold."""
    with StoryIndex() as index:
        given = index.assign([record.text for record in records])
    right = joined = true = 0
    asked, found = Counter[str](), Counter[str]()
    wrong, missed = [], []
    for (one, story), (other, other_story) in combinations(zip(records, given, strict=True), 2):
        same, together = one.story == other.story, story == other_story
        true += same
        joined += together
        right += same and together
        if same and "original" in (one.kind, other.kind):
            kind = other.kind if one.kind == "original" else one.kind
            asked[kind] += 1
            found[kind] += together
        if same != together:
            (wrong if together else missed).append((one.id, other.id))
    by_kind = {kind: found[kind] / count for kind, count in sorted(asked.items())}
    return StoryFigures(right / max(1, joined), right / max(1, true), true, by_kind, wrong, missed)
