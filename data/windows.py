"""Article text as the model reads it: every actor's name replaced by an anonymous slot, and the questions about it.

A window is a stretch of consecutive sentences. Each actor in it gets a slot (``[A0]``, ``[A1]``, …), in the order in
which the sentences that are asked about, and then those around them, name the actors. Each mention is replaced by the
slot of its actor, so that the model reads who does what to whom and never a name. Swapping two actors in the text gives
the same window with the two slots' actors swapped: the answer swaps with them by construction.

The model reads a window once. It is then asked, for each sentence, about every actor that the sentence mentions, on all
issues.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .schema import Mention, Span

MAX_SLOTS = 16
"""Actors that a window tells apart; the ones that appear later share the slot of *somebody else*."""

BEFORE, AFTER = 2, 1
"""Sentences around a sentence in which a cue counts for it."""

WORDS = 130
"""Words that the sentences of one window that are asked about have together, as far as their ends allow."""

SLOT_TOKENS = tuple(f"[A{index}]" for index in range(MAX_SLOTS))
OTHER_TOKEN = "[AX]"
_WORDS_KEPT = frozenset({"pronoun", "description", "first_person", "group"})


class Question(NamedTuple):
    """What a sentence says of an actor.

    Attributes:
        sentence: Index of the sentence in the article.
        slot: The slot of an actor that the sentence mentions, in the window.
    """

    sentence: int
    slot: int


@dataclass(frozen=True, slots=True)
class Window:
    """Consecutive sentences, masked.

    Attributes:
        first: Index of the first of them in the article.
        asked: The sentences that the questions are about; those around them are context.
        texts: The masked sentences.
        actors: Actor of each slot, in slot order.
        questions: What is asked, by sentence and slot.
        plain: The sentences as they stand in the article, for cues.
    """

    first: int
    asked: range
    texts: tuple[str, ...]
    actors: tuple[str, ...]
    questions: tuple[Question, ...]
    plain: tuple[str, ...] = field(repr=False)

    def around(self, sentence: int) -> slice:
        """The sentences of the window that count for one of them, by their place in ``texts`` and ``plain``."""
        place = sentence - self.first
        return slice(max(0, place - BEFORE), place + 1 + AFTER)


def make_windows(text: str, sentences: Sequence[Span], mentions: Sequence[Sequence[Mention]]) -> list[Window]:
    """Cuts an article into windows that together ask about every sentence once.

    Args:
        text: The article's text.
        sentences: Its sentences.
        mentions: The mentions of each sentence.

    Returns:
        The windows in which there is an actor to ask about.
    """
    windows = (_make_window(text, sentences, mentions, asked) for asked in _stretches(text, sentences, mentions))
    return [window for window in windows if window.questions]


def _stretches(text: str, sentences: Sequence[Span], mentions: Sequence[Sequence[Mention]]) -> Iterator[range]:
    """Sentences in stretches of about as many words each, none with many more than ``WORDS``.

    A sentence whose actors would not find a slot beside those of the stretch begins the next one.
    """
    # A name counts as one word, however long: another name in its place must give the same windows.
    lengths = [
        max(1, text.count(" ", *sentence) + 1 - sum(text.count(" ", mention.start, mention.end) for mention in named))
        for sentence, named in zip(sentences, mentions, strict=True)
    ]
    actors = [{actor for mention in named for actor in mention.actors} for named in mentions]
    left = sum(lengths)
    first, words = 0, 0
    for index, length in enumerate(lengths):
        if index > first and len(set().union(*actors[first : index + 1])) > MAX_SLOTS:
            yield range(first, index)
            left -= words
            first, words = index, 0
        words += length
        if words >= left / -(-left // WORDS):
            yield range(first, index + 1)
            left -= words
            first, words = index + 1, 0


def _make_window(text: str, sentences: Sequence[Span], mentions: Sequence[Sequence[Mention]], asked: range) -> Window:
    span = range(max(0, asked.start - BEFORE), min(len(sentences), asked.stop + AFTER))
    # Those of the context come last: where there are too many, it is their names that get no slot.
    order = sorted(span, key=lambda k: k not in asked)
    slots = _assign_slots([mention for k in order for mention in mentions[k]])
    return Window(
        first=span.start,
        asked=asked,
        texts=tuple(_mask(text, sentences[k], mentions[k], slots) for k in span),
        actors=tuple(slots),
        questions=tuple(
            Question(index, slot)
            for index in asked
            for slot in sorted({slots[a] for mention in mentions[index] for a in mention.actors if a in slots})
        ),
        plain=tuple(text[slice(*sentences[k])] for k in span),
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
