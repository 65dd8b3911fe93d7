"""Precision, recall and F1 of positions against gold articles.

The rules are those of the project's reference scorer: a gold annotation takes one row, every further row for it is
false, an optional annotation counts neither for nor against, and a position belongs to the gold sentence that it
overlaps most.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..data.corpus import LabelledArticle, Stance
from ..data.names import alternatives, normalise_name, same_actor
from ..data.schema import Position, Span

Key = tuple[int, str, str, str]
"""Gold sentence (-1 for none), normalised actor, issue, label."""


@dataclass
class Counts:
    """True positives, false positives and false negatives."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    @property
    def precision(self) -> float:
        """Share of the rows that are right."""
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else 0.0

    @property
    def recall(self) -> float:
        """Share of the gold annotations that are found."""
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def rounded(self) -> dict[str, float]:
        """Figures to four digits, as they are printed."""
        return {"P": round(self.precision, 4), "R": round(self.recall, 4), "F": round(self.f1, 4)}


class Error(NamedTuple):
    """One thing that is wrong.

    Attributes:
        article_id: Id of the article.
        sentence: Index of the gold sentence, -1 for none.
        actor: Normalised actor.
        issue: The issue.
        gold: The gold label, ``none`` for a false row.
        label: The label given, ``none`` for a missed annotation.
    """

    article_id: str
    sentence: int
    actor: str
    issue: str
    gold: str
    label: str


@dataclass
class Evaluation:
    """All counts of one evaluation; :meth:`figures` are what is printed."""

    articles: int = 0
    detection: Counts = field(default_factory=Counts)
    label: Counts = field(default_factory=Counts)
    article: Counts = field(default_factory=Counts)
    others: Counts = field(default_factory=Counts)
    issues: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    top_actor: str | None = None
    empty_sentences: int = 0
    empty_rows: int = 0
    objects: Counts = field(default_factory=Counts)
    """Objects of the rows that are found, each name for itself."""
    reported: list[tuple[float, bool]] = field(default_factory=list)
    """Confidence of each row that counts, and whether its label is right."""
    errors: list[Error] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """The figures under the names that the reference scorer gives them."""
        found = sum(self.confusion.values())
        right = sum(n for (gold, label), n in self.confusion.items() if gold == label)
        empty = round(100 * self.empty_rows / self.empty_sentences, 2) if self.empty_sentences else None
        return {
            "articles": self.articles,
            "gold": self.detection.tp + self.detection.fn,
            "detection": self.detection.rounded(),
            "label": self.label.rounded(),
            "stance_accuracy": round(right / found, 4) if found else 0.0,
            "article_F": round(self.article.f1, 4),
            "other_actors_F": round(self.others.f1, 4),
            "top_actor": self.top_actor,
            "issue_F": {issue: round(counts.f1, 4) for issue, counts in sorted(self.issues.items())},
            "false_per_100_sentences_of_empty_articles": empty,
            "confusion": {f"{gold}->{label}": n for (gold, label), n in sorted(self.confusion.items())},
        }


def evaluate(gold: Sequence[LabelledArticle], positions: Iterable[Position]) -> Evaluation:
    """Holds positions against gold.

    Args:
        gold: Gold articles.
        positions: Rows of a position table; rows of other kinds than ``stance`` and of other articles are left out.
    """
    rows: dict[str, list[Position]] = defaultdict(list)
    for position in positions:
        if position.kind == "stance":
            rows[position.article_id].append(position)
    result = Evaluation(articles=len(gold))
    frequency = Counter(_first(s.actor) for one in gold for s in one.stances if not s.optional)
    result.top_actor = frequency.most_common(1)[0][0] if frequency else None
    for one in gold:
        _Matching(result, one, rows[one.article.id]).count()
    return result


class _Matching:
    """The rows of one article against its gold."""

    def __init__(self, result: Evaluation, gold: LabelledArticle, rows: Sequence[Position]) -> None:
        self.result, self.gold = result, gold
        self.required = [s for s in gold.stances if not s.optional]
        self.optional = [s for s in gold.stances if s.optional]
        self.predicted: dict[Key, float] = {}
        self.objects: dict[Key, list[str]] = {}
        for row in rows:
            key = (_nearest(gold.sentences, row), normalise_name(row.actor), row.issue, row.label)
            if row.confidence >= self.predicted.get(key, 0.0):
                self.predicted[key], self.objects[key] = row.confidence, row.object

    def count(self) -> None:
        free = set(self.predicted)
        for stance in self.required:
            self._count_required(stance, free)
        for key in free:
            self._count_false(key)
        if not self.gold.stances:
            self.result.empty_sentences += len(self.gold.sentences)
            self.result.empty_rows += len(self.predicted)
        self._count_article()

    def _count_required(self, stance: Stance, free: set[Key]) -> None:
        counts = self._label_counts(stance.issue, _first(stance.actor))
        hits = [key for key in free if _matches(key, stance)]
        if not hits:
            self.result.detection.fn += 1
            self._note(stance.sentence, _first(stance.actor), stance.issue, stance.stance, "none")
            for one in counts:
                one.fn += 1
            return
        hit = min(hits, key=lambda key: (key[3] != stance.stance, key))
        free.discard(hit)
        self.result.detection.tp += 1
        self.result.confusion[stance.stance, hit[3]] += 1
        self._count_objects(stance, self.objects[hit])
        self.result.reported.append((self.predicted[hit], hit[3] == stance.stance))
        if hit[3] != stance.stance:
            self._note(stance.sentence, _first(stance.actor), stance.issue, stance.stance, hit[3])
        for one in counts:
            if hit[3] == stance.stance:
                one.tp += 1
            else:
                one.fp += 1
                one.fn += 1

    def _count_objects(self, stance: Stance, given: Sequence[str]) -> None:
        names = [normalise_name(name) for name in given]
        wanted = [alternatives(name) for name in stance.object]
        found = sum(any(same_actor(name, one) for name in names) for one in wanted)
        self.result.objects.tp += found
        self.result.objects.fn += len(wanted) - found
        self.result.objects.fp += sum(not any(same_actor(name, one) for one in wanted) for name in names)

    def _count_false(self, key: Key) -> None:
        if any(_matches(key, stance) for stance in self.optional):
            return
        self.result.detection.fp += 1
        self.result.reported.append((self.predicted[key], False))
        self._note(key[0], key[1], key[2], "none", key[3])
        for one in self._label_counts(key[2], key[1]):
            one.fp += 1

    def _note(self, sentence: int, actor: str, issue: str, gold: str, label: str) -> None:
        self.result.errors.append(Error(self.gold.article.id, sentence, actor, issue, gold, label))

    def _label_counts(self, issue: str, actor: str) -> list[Counts]:
        counts = [self.result.label, self.result.issues[issue]]
        return counts if actor == self.result.top_actor else [*counts, self.result.others]

    def _count_article(self) -> None:
        """Article level: each actor and issue once, with the majority of its stances."""
        gold: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for stance in self.required:
            gold[_first(stance.actor), stance.issue][stance.stance] += 1
        known = {name: _first(s.actor) for s in self.required for name in alternatives(s.actor)}
        predicted: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for _, actor, issue, label in sorted(self.predicted):
            name = next((known[other] for other in known if same_actor(actor, frozenset({other}))), actor)
            predicted[name, issue][label] += 1
        undecided = {(name, s.issue) for s in self.optional for name in alternatives(s.actor)}
        counts = self.result.article
        for key, labels in gold.items():
            if key in predicted and _majority(predicted[key]) == _majority(labels):
                counts.tp += 1
            else:
                counts.fn += 1
                counts.fp += key in predicted
        counts.fp += sum(key not in gold and key not in undecided for key in predicted)


def _matches(key: Key, stance: Stance) -> bool:
    sentence, actor, issue, _ = key
    return sentence == stance.sentence and issue == stance.issue and same_actor(actor, alternatives(stance.actor))


def _nearest(sentences: Sequence[Span], row: Position) -> int:
    overlaps = [min(span.end, row.end) - max(span.start, row.start) for span in sentences]
    best = max(range(len(overlaps)), key=overlaps.__getitem__, default=-1)
    return best if best >= 0 and overlaps[best] > 0 else -1


def _majority(labels: Counter[str]) -> str:
    return labels.most_common(1)[0][0]


def _first(actor: str) -> str:
    """Of a gold actor's alternatives the first in order: the name under which it is counted."""
    return min(alternatives(actor))
