"""What each known name in an article means: the state or the footballer, whose chamber, the office held at its date."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence

from . import phrases
from .gazetteer import CAPITAL, GOVERNMENT, NAME, PERSON, STATE_TYPES, Gazetteer, Match
from .people import People
from .places import Places
from .schema import Article, Mention, Span

_KINDS = {CAPITAL: "metonym", GOVERNMENT: "metonym", PERSON: "name", NAME: "name"}
_TAGS = {GOVERNMENT: phrases.BODY, PERSON: phrases.KNOWN_PERSON}
WORD_BEFORE = re.compile(r"([A-Z][\w.]*)\s+$")
_WORD_AFTER = re.compile(r"\s+([A-Z][a-z]+)\b")
_ONE_MEMBER = re.compile(r"\b(?:an?|lone|fellow|only|another|every)\s+(?:[a-z-]+\s+)?$")
_HOME_SHARE = 1.5
"""How many times more often than the next state the article's own must be named."""


class NameReading:
    """One article while its names are read: what each name means here, and the text with all names overwritten."""

    def __init__(self, gazetteer: Gazetteer, article: Article, sentences: Sequence[Span]) -> None:
        self.gazetteer = gazetteer
        self.article = article
        self.text = article.text
        self.date = article.published
        self.sentences = sentences
        self._starts = [span.start for span in sentences]
        self.people = People(gazetteer, int(article.published[:4]) if article.published else None)
        self.named: dict[int, Mention] = {}
        self.found: list[Mention] = []
        self.persons: dict[int, str] = {}
        self.owners: dict[int, str] = {}
        self.speaker = self._speaks(article.speaker) if article.speaker else None
        self.places = Places(article.text)
        matches = gazetteer.find(article.text)
        self._present = {reading.actor for match in matches for reading in match.readings if reading.kind != PERSON}
        tags = [(match.start, match.end, self._read_match(match)) for match in matches]
        self.tagged = phrases.tag_text(article.text, tags)
        self.states = Counter(m.actors[0] for m in self.named.values() if self._type(m.actors[0]) in STATE_TYPES)
        self.home = self._home_state()
        self.politics = "United States" if self._is_american() else self.home

    def _type(self, actor: str) -> str:
        return self.gazetteer.type_of(actor)

    def _home_state(self) -> str | None:
        """The state that the article is about: the speaker's, else the one named far more often than any other."""
        if self.speaker and self._type(self.speaker) in STATE_TYPES:
            return self.speaker
        top = self.states.most_common(2)
        if not top or (len(top) == 2 and top[0][1] < _HOME_SHARE * top[1][1]):
            return None
        return self.gazetteer.governor(top[0][0], self.date)

    def _speaks(self, speaker: str) -> str:
        """For whom the article's speaker speaks: an office holder for his state, everybody else for himself."""
        for match in self.gazetteer.find(speaker):
            persons = [reading for reading in match.readings if reading.kind == PERSON]
            if persons:
                return self.people.office_of(match.surface, persons)[0]
            if match.readings and match.end - match.start == len(speaker):
                return match.readings[0].actor
        return speaker

    # -- names of the gazetteer -------------------------------------------------------------------------------------

    def _read_match(self, match: Match) -> str:
        """Decides what one name means here; returns its tag."""
        if not match.readings or self._is_other(match):
            return phrases.OTHER
        persons = [reading for reading in match.readings if reading.kind == PERSON]
        if persons:
            actor, office = self.people.office_of(match.surface, persons)
            self.people.remember(match.surface, actor, office)
            self.named[match.start] = Mention(match.start, match.end, (actor,), "name")
            self.persons[match.start] = office
            return phrases.KNOWN_PERSON
        reading = match.readings[0]
        actor = reading.actor
        self.owners[match.start] = self.gazetteer.governor(actor, self.date)
        if reading.kind in (CAPITAL, GOVERNMENT):
            actor = self.owners[match.start]
        kind = _KINDS.get(reading.kind, reading.kind)
        self.named[match.start] = Mention(match.start, match.end, (actor,), kind)
        if self._type(actor) == "legislature":
            return phrases.CHAMBER
        return _TAGS.get(reading.kind, phrases.STATE)

    def _is_other(self, match: Match) -> bool:
        """Whether a name that can mean something else does so here."""
        start, end = match.start, match.end
        reading = match.readings[0]
        if reading.kind == PERSON:
            return False
        type_ = self._type(reading.actor)
        if (type_ in STATE_TYPES or type_ == "group") and self.places.is_place(start, end):
            return True
        before = WORD_BEFORE.search(self.text, max(0, start - 30), start)
        after = _WORD_AFTER.match(self.text, end)
        given = self.gazetteer.given_names
        if reading.ambiguous and match.surface.isupper() and not self._is_at_home(reading.actor):
            return True
        if type_ == "party":
            # *Social Democratic Party* is not the *Democratic Party*, and *a Democrat of Virginia* is a person.
            if before is not None and phrases.can_be_name(before[1]) and self._sentence_start(start) < before.start():
                return True
            return _ONE_MEMBER.search(self.text, max(0, start - 30), start) is not None
        if self.places.is_us_state(match.surface, start, end):
            return True
        if not any(other.ambiguous for other in match.readings) and reading.kind != CAPITAL:
            return False
        if before and before[1] in given and before[1] != "De":
            return True
        if after is None or (match.surface not in given and not any(other.ambiguous for other in match.readings)):
            return False
        return match.surface in given and phrases.can_be_name(after[1]) and not phrases.is_title(after[1])

    def _is_at_home(self, actor: str) -> bool:
        """Whether the state of a party or chamber is in the article; what has no state is at home everywhere."""
        known = self.gazetteer.actors[actor]
        return known.of is None or known.of in self._present

    # -- the article -----------------------------------------------------------------------------------------------

    def _is_american(self) -> bool:
        """Whether bare words of politics (*the Senate*, *lawmakers*) are those of the United States."""
        if "United States" not in self.states:
            return False
        return (
            self.home == "United States"
            or phrases.CONGRESS.search(self.text) is not None
            or any(self._is_of(mention.actors[0], "United States") for mention in self.named.values())
        )

    def _is_of(self, actor: str, state: str) -> bool:
        known = self.gazetteer.actors.get(actor)
        return known is not None and known.of == state

    def _add(self, start: int, end: int, actor: str, kind: str, office: str | None = None) -> None:
        """Adds a mention where none stands yet; with an office or an empty one, that of a person."""
        if self._sentence_at(start) is not None and not any(m.start < end and start < m.end for m in self.found):
            self.found.append(Mention(start, end, (actor,), kind))
            if office is not None:
                self.persons[start] = office

    def _sentence_at(self, offset: int) -> Span | None:
        index = bisect_right(self._starts, offset) - 1
        if index < 0 or offset >= self.sentences[index].end:
            return None
        return self.sentences[index]

    def _sentence_start(self, offset: int) -> int:
        sentence = self._sentence_at(offset)
        return sentence.start if sentence else offset
