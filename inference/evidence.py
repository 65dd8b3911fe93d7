"""The words that carried a position: those without which the model would have been less sure of it.

Leave-one-out occlusion, as in J. Li, W. Monroe and D. Jurafsky, "Understanding Neural Networks through Representation
Erasure", 2016.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from ..data.errors import StancewireError
from ..data.schema import SENTIMENTS, Article, Position
from ..data.windows import Piece, Window, mask_pieces
from ..models.base import CLASSES, WindowScores
from .scorer import Reading, Scorer

_WORD = re.compile(r"\w+(?:[-'’]\w+)*")


class Evidence(NamedTuple):
    """One word of the sentence.

    Attributes:
        start: Its first character in the article's text.
        end: One past its last character.
        text: The word.
        weight: By how much the probability of the position's label falls when the word is left out, -1 to 1.
    """

    start: int
    end: int
    text: str
    weight: float


def find_evidence(
    scorer: Scorer, article: Article, position: Position, top: int = 5, reading: Reading | None = None
) -> list[Evidence]:
    """Finds the words of the sentence that speak most for a position.

    Args:
        scorer: The scorer that gave the position.
        article: The article it is of.
        position: A row of the position table.
        top: Most words to give; those that speak against the position are never given.
        reading: The article as :meth:`Scorer.read` takes it apart, to be given where several positions are asked about.

    Returns:
        Words by weight, the heaviest first.

    Raises:
        StancewireError: The position is not of this article.
    """
    reading = reading or scorer.read(article)
    window = next((w for w in reading.windows if position.sentence in w.asked), None)
    question = None if window is None else _find_question(window, position)
    if article.id != position.article_id or window is None or question is None:
        where = f"{position.article_id} sentence {position.sentence}"
        raise StancewireError(f"position of {position.actor} in {where}: not of article {article.id}; pass its own")
    slots = {actor: slot for slot, actor in enumerate(window.actors)}
    mentions = reading.mentions[position.sentence]
    pieces = list(mask_pieces(article.text, reading.sentences[position.sentence], mentions, slots))
    left_out = list(_leave_one_out(window, position.sentence - window.first, pieces))
    whole, *rest = scorer.model.predict([window, *(shorter for _, shorter in left_out)])
    issues = [issue.id for issue in scorer.model.config.issues]
    sure = _probability(whole, position, question, issues)
    weights = [sure - _probability(scores, position, question, issues) for scores in rest]
    words = [
        Evidence(start, start + len(word), word, round(weight, 4))
        for ((start, word), _), weight in zip(left_out, weights, strict=True)
        if weight > 0
    ]
    return sorted(words, key=lambda word: -word.weight)[:top]


def _find_question(window: Window, position: Position) -> int | None:
    for index, question in enumerate(window.questions):
        if question.sentence == position.sentence and window.actors[question.slot] == position.actor:
            return index
    return None


def _leave_one_out(window: Window, place: int, pieces: list[Piece]) -> Iterator[tuple[tuple[int, str], Window]]:
    """Each word of the sentence that is no name, with the window without it."""
    for index, piece in enumerate(pieces):
        if piece.is_slot:
            continue
        for word in _WORD.finditer(piece.text):
            texts = [other.text for other in pieces]
            texts[index] = piece.text[: word.start()] + piece.text[word.end() :]
            shorter = (*window.texts[:place], "".join(texts), *window.texts[place + 1 :])
            yield (piece.start + word.start(), word[0]), replace(window, texts=shorter)


def _probability(scores: WindowScores, position: Position, question: int, issues: list[str]) -> float:
    if position.kind == "stance":
        return float(scores.stance[question, issues.index(position.issue), CLASSES.index(position.label)])
    if scores.sentiment is None:
        return 0.0
    return float(scores.sentiment[question, SENTIMENTS.index(position.label)])
