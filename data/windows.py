"""Sentence and context as the model reads them: every actor's name replaced by an anonymous slot.

A window is a sentence with two sentences before it and one after. Each actor in it gets a slot (``[A0]``, ``[A1]``, …)
in the order in which the actors appear, and each mention is replaced by the slot of its actor, so that the model reads
who does what to whom and never a name. Swapping two actors in the text gives the same window with the two slots'
actors swapped: the answer swaps with them by construction.

One window serves all its actors and all issues: the model pools its states over each slot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .schema import Mention, Span

MAX_SLOTS = 12
"""Actors that a window tells apart; the ones that appear later share the slot of *somebody else*."""

BEFORE, AFTER = 2, 1
SLOT_TOKENS = tuple(f"[A{index}]" for index in range(MAX_SLOTS))
OTHER_TOKEN = "[AX]"
_WORDS_KEPT = frozenset({"pronoun", "description", "first_person", "group"})


@dataclass(frozen=True, slots=True)
class Window:
    """One sentence as the model reads it.

    Attributes:
        sentence: Index of the sentence.
        before: Masked context before it.
        target: The masked sentence.
        after: Masked context after it.
        actors: Actor of each slot, in slot order.
        in_target: For each slot whether the sentence itself mentions the actor.
        plain: The unmasked text of the whole window, for cues.
    """

    sentence: int
    before: str
    target: str
    after: str
    actors: tuple[str, ...]
    in_target: tuple[bool, ...]
    plain: str = field(repr=False)


def make_window(text: str, sentences: Sequence[Span], mentions: Sequence[Sequence[Mention]], index: int) -> Window:
    """Makes the window of one sentence.

    Args:
        text: The article's text.
        sentences: Its sentences.
        mentions: The mentions of each sentence.
        index: Which sentence.
    """
    first, last = max(0, index - BEFORE), min(len(sentences), index + 1 + AFTER)
    slots = _assign_slots([mention for k in range(first, last) for mention in mentions[k]])

    def masked(start: int, stop: int) -> str:
        return " ".join(_mask(text, sentences[k], mentions[k], slots) for k in range(start, stop))

    in_target = {actor for mention in mentions[index] for actor in mention.actors}
    return Window(
        sentence=index,
        before=masked(first, index),
        target=masked(index, index + 1),
        after=masked(index + 1, last),
        actors=tuple(slots),
        in_target=tuple(actor in in_target for actor in slots),
        plain=text[sentences[first].start : sentences[last - 1].end],
    )


def group_by_sentence(sentences: Sequence[Span], mentions: Sequence[Mention]) -> list[list[Mention]]:
    """The mentions of each sentence; both arguments are in order."""
    groups: list[list[Mention]] = [[] for _ in sentences]
    position = 0
    for index, sentence in enumerate(sentences):
        while position < len(mentions) and mentions[position].start < sentence.end:
            groups[index].append(mentions[position])
            position += 1
    return groups


def _assign_slots(mentions: Sequence[Mention]) -> dict[str, int]:
    slots: dict[str, int] = {}
    for mention in mentions:
        for actor in mention.actors:
            if actor not in slots and len(slots) < MAX_SLOTS:
                slots[actor] = len(slots)
    return slots


def _mask(text: str, sentence: Span, mentions: Sequence[Mention], slots: dict[str, int]) -> str:
    return "".join(piece.text for piece in mask_pieces(text, sentence, mentions, slots))


class Piece(NamedTuple):
    """A stretch of a masked sentence: the article's own words from ``start`` on, or a slot that stands for a name."""

    text: str
    start: int
    is_slot: bool


def mask_pieces(text: str, sentence: Span, mentions: Sequence[Mention], slots: Mapping[str, int]) -> Iterator[Piece]:
    """A sentence in pieces, names replaced by slots; joined they are the masked sentence."""
    done = sentence.start
    for mention in mentions:
        tokens = " ".join(SLOT_TOKENS[slots[a]] if a in slots else OTHER_TOKEN for a in mention.actors)
        yield Piece(text[done : mention.start], done, False)
        if mention.kind == "speaker":
            yield Piece(f"{tokens} : ", mention.start, True)
        elif mention.kind in _WORDS_KEPT:
            # *He* and *the alliance* stay: the words carry grammar and no name.
            yield Piece(f"{text[mention.start : mention.end]} {tokens}", mention.start, True)
        else:
            yield Piece(tokens, mention.start, True)
        done = mention.end
    yield Piece(text[done : sentence.end], done, False)
