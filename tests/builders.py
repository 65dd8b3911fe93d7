"""Windows made by hand, for tests of what comes after them."""

from __future__ import annotations

from stancewire.data.windows import SLOT_TOKENS, Question, Window


def masked_window(*texts: str, actors: tuple[str, ...]) -> Window:
    """A window of masked sentences that asks in each about every actor."""
    questions = [
        Question(sentence, slot, SLOT_TOKENS[slot] in text)
        for sentence, text in enumerate(texts)
        for slot in range(len(actors))
    ]
    return Window(0, range(len(texts)), texts, actors, tuple(questions), texts)
