"""Windows made by hand, for tests of what comes after them."""

from __future__ import annotations

from stancewire.data.windows import Question, Window


def masked_window(*texts: str, actors: tuple[str, ...]) -> Window:
    """A window of masked sentences that asks in each about every actor."""
    questions = [Question(sentence, slot) for sentence in range(len(texts)) for slot in range(len(actors))]
    return Window(0, range(len(texts)), texts, actors, tuple(questions), texts)
