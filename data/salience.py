"""Who has been met in an article so far, and which of them is the most salient.

The subject of a sentence before an object, an object before what a preposition governs, the near before the far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from . import references as words
from .gazetteer import STATE_TYPES, Gazetteer
from .quotes import quote_at
from .schema import Mention, Span

REACH = 2
"""How many sentences back a pronoun looks."""


class Seen(NamedTuple):
    """An actor met: where, in which role, and what he was called."""

    mention: Mention
    sentence: int
    person: bool
    weight: float
    quote: int
    office: str


class Memory:
    """The actors met so far.

    Args:
        text: The article's text.
        tagged: The same with known names overwritten (:func:`.phrases.tag_text`).
        gazetteer: For the types of the actors.
        offices: Start of each mention of a person, with his office.
        quotes: Quoted parts of the text.
    """

    def __init__(
        self, text: str, tagged: str, gazetteer: Gazetteer, offices: dict[int, str], quotes: Sequence[Span]
    ) -> None:
        self.text, self.tagged, self.gazetteer, self.offices, self.quotes = text, tagged, gazetteer, offices, quotes
        self.seen: list[Seen] = []
        self.female: dict[int, bool] = {}
        self.index = 0
        self.sentence = Span(0, 0)
        self.mentions: list[Mention] = []

    def _note_named(self) -> None:
        for mention in self.mentions:
            self._note(mention, mention.start in self.offices)
        for run in self._lists():
            joint = Mention(run[0].start, run[-1].end, tuple(distinct(a for m in run for a in m.actors)), "group")
            if len(joint.actors) > 1:
                self._note(joint, all(m.start in self.offices for m in run))

    def _lists(self) -> list[list[Mention]]:
        """Mentions that a list joins: *Germany, France and Italy*."""
        runs: list[list[Mention]] = []
        run: list[Mention] = []
        for first, second in zip(self.mentions, self.mentions[1:], strict=False):
            joint = words.JOINT.fullmatch(self.tagged, first.end, second.start)
            if joint is None:
                run = []
                continue
            run = [*run, second] if run else [first, second]
            if joint["and"]:
                runs.append(run)
                run = []
        return runs

    def _note(self, mention: Mention, person: bool) -> None:
        weight = words.weigh(self.text, self.sentence, mention)
        quote = self._quote_index(mention.start)
        sex = words.sex_of(self.text[mention.start : mention.end]) if person else None
        if sex is not None:
            self.female[mention.start] = sex
        office = self.offices.get(mention.start, "")
        self.seen.append(Seen(mention, self.index, person, weight, quote, office))

    def _quote_index(self, offset: int) -> int:
        quote = quote_at(self.quotes, offset)
        return -1 if quote is None else quote.start

    def _best(self, offset: int, fits: Callable[[Seen], bool], reach: int = REACH) -> Seen | None:
        """The most salient actor before the offset; the nearer one where two are equal."""
        best, best_score = None, 0.0
        for seen in reversed(self.seen):
            distance = self.index - seen.sentence
            if distance > reach:
                break
            if seen.mention.end > offset or not fits(seen):
                continue
            score = seen.weight - 1.5 * distance
            if distance and seen.weight < words.OBJECT:
                score -= 1
            if score > best_score or best is None:
                best, best_score = seen, score
        return best

    def _kind_of(self, actor: str) -> str:
        type_ = self.gazetteer.type_of(actor)
        if type_ in STATE_TYPES:
            return "state"
        if actor not in self.gazetteer.actors:
            last = actor.split()[-1]
            if last in words.CHAMBERS:
                return "legislature"
            return "plural" if last.islower() and actor.endswith("s") else "person"
        return type_


def distinct(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))
