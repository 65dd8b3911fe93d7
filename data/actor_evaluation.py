"""How well the resolver finds mentions, on gold of its own.

A gold mention is found when a resolved mention overlaps it and names one of its actors; a resolved mention is right
when it does so for some gold mention. What gold counts as a mention is written in ``data/actor_gold.md``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from .actors import ActorResolver
from .corpus import read_records
from .errors import StancewireError
from .names import normalise_name
from .schema import Article, Mention, Span

_FORM = {"id": str, "text": str, "sentences": list, "mentions": list}


@dataclass
class MentionScores:
    """Counts of gold and resolved mentions; by gold kind for recall, by resolved kind for precision."""

    found: Counter[str] = field(default_factory=Counter)
    gold: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    resolved: Counter[str] = field(default_factory=Counter)
    misses: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """Precision, recall, F1 and recall by kind."""
        precision = self.right.total() / max(1, self.resolved.total())
        recall = self.found.total() / max(1, self.gold.total())
        return {
            "mentions": self.gold.total(),
            "precision": round(precision, 4),
            "recall": round(recall, 4),
            "F1": round(2 * precision * recall / max(1e-9, precision + recall), 4),
            "recall_by_kind": {kind: round(self.found[kind] / n, 3) for kind, n in sorted(self.gold.items())},
            "precision_by_kind": {kind: round(self.right[kind] / n, 3) for kind, n in sorted(self.resolved.items())},
        }


def read_actor_gold(path: str | Path | None = None) -> list[dict[str, Any]]:
    """Reads mention gold; None is the file that ships with the package.

    Raises:
        StancewireError: The file cannot be read or a record is not of the documented form.
    """
    source = Path(path) if path else Path(str(files("stancewire.data") / "actor_gold.jsonl"))
    records = []
    for where, record in read_records(source):
        for name, kind in _FORM.items():
            if not isinstance(record, dict) or not isinstance(record.get(name), kind):
                raise StancewireError(
                    f"{where}: not mention gold ({name!r} is missing or malformed); see the data card"
                )
        records.append(record)
    return records


def score_mentions(records: Sequence[dict[str, Any]], resolver: ActorResolver) -> MentionScores:
    """Scores a resolver on mention gold."""
    scores = MentionScores()
    for record in records:
        article = Article(
            record["id"], record["text"], published=record.get("published"), speaker=record.get("speaker")
        )
        sentences = [Span(s["start"], s["end"]) for s in record["sentences"]]
        resolved = [m for m in resolver.resolve(article, sentences) if m.kind != "speaker"]
        gold = [Mention(m["start"], m["end"], tuple(m["actors"]), m["kind"]) for m in record["mentions"]]
        scores.misses += [_show(article, m) for m in _unmatched(gold, resolved, scores.gold, scores.found)]
        scores.wrong += [_show(article, m) for m in _unmatched(resolved, gold, scores.resolved, scores.right)]
    return scores


def _unmatched(
    mentions: Sequence[Mention], others: Sequence[Mention], asked: Counter[str], matched: Counter[str]
) -> Iterator[Mention]:
    """The mentions without a counterpart among the others; counts all and those with one, by kind."""
    for mention in mentions:
        hit = any(_agree(mention, other) for other in others)
        asked[mention.kind] += 1
        matched[mention.kind] += hit
        if not hit:
            yield mention


def _agree(one: Mention, other: Mention) -> bool:
    if one.start >= other.end or other.start >= one.end:
        return False
    return bool({normalise_name(a) for a in one.actors} & {normalise_name(a) for a in other.actors})


def _show(article: Article, mention: Mention) -> str:
    around = article.text[max(0, mention.start - 40) : mention.end + 30].replace("\n", " ")
    words = article.text[mention.start : mention.end]
    return f"{article.id} {mention.kind} {words!r} = {', '.join(mention.actors)} | …{around}…"
