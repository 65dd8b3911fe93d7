"""Text to actor mentions: who is named, by which words, in which sentence.

The order is: names of the gazetteer, phrases around persons (*Russian Foreign Minister Sergey Lavrov*), phrases without
a name (*Iraq's government*, *US senators*), surnames, then what points back (:mod:`.coreference`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence

from . import phrases
from .coreference import add_references
from .gazetteer import CAPITAL, GOVERNMENT, NAME, PERSON, STATE_TYPES, Gazetteer, Match, load_gazetteer
from .schema import Article, Mention, Span

_KINDS = {CAPITAL: "metonym", GOVERNMENT: "metonym", PERSON: "name", NAME: "name"}
_TAGS = {GOVERNMENT: phrases.BODY, PERSON: phrases.KNOWN_PERSON}
_US_STATE = re.compile(
    r"\b(?:Atlanta|Savannah|Ga\.|Alabama|Florida|Carolina|Tennessee|Republican|Democrat|Raffensperger|Kemp|Fulton|"
    r"electoral|governor|Bulldogs|swing state)"
)
_GEORGIA = re.compile(r"\b(?:Tbilisi|Georgian|Abkhazia|South Ossetia|Russia|Saakashvili|Caucasus|Ivanishvili|Armenia|Azerbaijan)")
_CAPITALISED = re.compile(r"[A-Z][\w’'\-]*\w")
_WORD_BEFORE = re.compile(r"([A-Z][\w.]*)\s+$")
_WORD_AFTER = re.compile(r"\s+([A-Z][a-z]+)\b")
_POSSESSIVE = re.compile(r"['’]s?$")


class ActorResolver:
    """Finds every mention of an actor in an article and gives each its canonical name.

    Args:
        gazetteer: Names to know; None is the one that ships with the package.
    """

    def __init__(self, gazetteer: Gazetteer | None = None) -> None:
        self.gazetteer = gazetteer or load_gazetteer()

    def resolve(self, article: Article, sentences: Sequence[Span]) -> list[Mention]:
        """Finds the mentions of an article.

        Args:
            article: The article; its ``published`` date decides who held an office, its ``speaker`` who *we* are.
            sentences: Its sentences.

        Returns:
            Mentions in order of their start; they do not overlap, and each lies within one sentence.
        """
        reading = _Reading(self.gazetteer, article, sentences)
        reading.read_persons()
        reading.read_phrases()
        reading.read_surnames()
        mentions = reading.mentions()
        return add_references(article, sentences, mentions, reading.tagged, self.gazetteer)


class _Reading:
    """One article while it is read: its names, its tagged text, and the persons met so far."""

    def __init__(self, gazetteer: Gazetteer, article: Article, sentences: Sequence[Span]) -> None:
        self.gazetteer = gazetteer
        self.text = article.text
        self.date = article.published
        self.year = int(article.published[:4]) if article.published else None
        self.sentences = sentences
        self._starts = [span.start for span in sentences]
        self.named: dict[int, Mention] = {}
        self.people: dict[str, str] = {}
        self.found: list[Mention] = []
        self.owners: dict[int, str] = {}
        tags = []
        for match in gazetteer.find(article.text):
            letter = self._read_match(match)
            tags.append((match.start, match.end, letter))
        self.tagged = phrases.tag_text(article.text, tags)
        self.states = Counter(
            mention.actors[0] for mention in self.named.values() if self._type(mention.actors[0]) in STATE_TYPES
        )

    def _type(self, actor: str) -> str:
        return self.gazetteer.type_of(actor)

    # -- names of the gazetteer -------------------------------------------------------------------------------------

    def _read_match(self, match: Match) -> str:
        """Decides what one name means here; returns its tag."""
        if not match.readings or self._is_other(match):
            return phrases.OTHER
        persons = [reading for reading in match.readings if reading.kind == PERSON]
        if persons:
            actor = self._office_of(match.surface, persons)
            self._remember(match.surface, actor)
            self.named[match.start] = Mention(match.start, match.end, (actor,), "name")
            return phrases.KNOWN_PERSON
        reading = match.readings[0]
        actor = reading.actor
        self.owners[match.start] = self.gazetteer.governor(actor, self.date)
        if reading.kind in (CAPITAL, GOVERNMENT):
            actor = self.owners[match.start]
        kind = _KINDS.get(reading.kind, reading.kind)
        self.named[match.start] = Mention(match.start, match.end, (actor,), kind)
        return _TAGS.get(reading.kind, phrases.STATE)

    def _office_of(self, name: str, readings: Sequence) -> str:
        """For whom a known person speaks at the article's date: an office still held, else himself."""
        offices = [reading for reading in readings if reading.first is not None]
        held = [reading.actor for reading in offices if reading.holds_in(self.year)]
        if held:
            return held[0]
        own = [reading.actor for reading in readings if reading.first is None]
        return own[0] if own else name

    def _is_other(self, match: Match) -> bool:
        """Whether a name that can mean something else does so here."""
        start, end = match.start, match.end
        kind = match.readings[0].kind
        if kind == PERSON:
            return False
        before = _WORD_BEFORE.search(self.text, max(0, start - 30), start)
        after = _WORD_AFTER.match(self.text, end)
        given = self.gazetteer.given_names
        if match.surface == "Georgia":
            return bool(_US_STATE.search(self.text)) and not _GEORGIA.search(self.text)
        if not any(reading.ambiguous for reading in match.readings) and kind != CAPITAL:
            return False
        if before and before[1] in given and before[1] not in ("De",):
            return True
        if after is None or match.surface not in given and not any(reading.ambiguous for reading in match.readings):
            return False
        return phrases.can_be_name(after[1]) and match.surface in given and after[1] not in given

    # -- persons ----------------------------------------------------------------------------------------------------

    def read_persons(self) -> None:
        """Finds persons with a full name or a title before the name, known or not."""
        known = [(m.start, m.end) for start, m in sorted(self.named.items()) if self.tagged[start] == phrases.KNOWN_PERSON]
        spans = [(start, end, True) for start, end in known] + self._unknown_names()
        for start, end, is_known in sorted(spans):
            self._read_person(start, end, is_known)

    def _unknown_names(self) -> list[tuple[int, int, bool]]:
        names = []
        for run in phrases.NAME_RUN.finditer(self.tagged):
            sentence = self._sentence_at(run.start())
            if sentence is None or run[0].isupper():
                continue
            name = phrases.trim_name(run[0], self.gazetteer.given_names)
            if name:
                names.append((run.start() + name[0], run.start() + name[1], False))
                continue
            titled = self._titled_name(run, sentence)
            if titled:
                names.append((*titled, False))
        return names

    def _titled_name(self, run: re.Match[str], sentence: Span) -> tuple[int, int] | None:
        """A name with no known given name, told by the title before it: *Foreign Minister Mazen Darwish*."""
        words = list(re.finditer(r"\S+", run[0]))
        for index, word in enumerate(words):
            if not phrases.can_be_name(word[0]):
                continue
            start = run.start() + word.start()
            left = phrases.BEFORE_NAME.search(self.tagged, max(sentence.start, start - 120), start)
            if left and (left["office"] or left["non"] or left["hon"]):
                rest = [w for w in words[index:] if phrases.can_be_name(w[0])]
                return start, run.start() + rest[-1].end()
            return None
        return None

    def _read_person(self, start: int, end: int, is_known: bool) -> None:
        sentence = self._sentence_at(start)
        if sentence is None or any(m.start <= start < m.end for m in self.found[-3:]):
            return
        name = _POSSESSIVE.sub("", self.text[start:end])
        left = phrases.BEFORE_NAME.search(self.tagged, max(sentence.start, start - 120), start)
        right = phrases.AFTER_NAME.match(self.tagged, end, min(sentence.end, end + 120))
        phrase_start = left.start() if left and left[0].strip() else start
        actor = self._speaks_for(name, left, right, is_known, sentence, start)
        self._remember(name, actor)
        self.found.append(Mention(phrase_start, start + len(name), (actor,), "title" if phrase_start < start else "name"))

    def _speaks_for(
        self, name: str, left: re.Match | None, right: re.Match | None, is_known: bool, sentence: Span, start: int
    ) -> str:
        """The actor for whom the named person speaks."""
        for phrase in (left, right):
            if phrase and (phrase["former"] or phrase["former2"] or phrase["non"]):
                return self._own_name(name)
        if is_known:
            return self.named[start].actors[0]
        surname = name.split()[-1]
        if len(name.split()) == 1 and surname in self.people:
            return self.people[surname]
        for phrase in (left, right):
            owner = self._owner(phrase)
            if phrase and phrase["office"] and owner:
                return owner
        if left and left["office"]:
            return self._known_surname(surname) or self._home(sentence, start) or name
        if left and left["hon"]:
            return self._known_surname(surname) or name
        return name

    def _own_name(self, name: str) -> str:
        """A person's own canonical name; a surname alone takes the full name met before."""
        full = self.gazetteer.surnames.get(name.split()[-1], set()) if " " not in name else set()
        return next(iter(full)) if len(full) == 1 else name

    def _owner(self, phrase: re.Match | None) -> str | None:
        if phrase is None:
            return None
        for group in ("owner", "owner2"):
            if phrase[group] and phrase.start(group) in self.owners:
                return self.owners[phrase.start(group)]
        return None

    def _home(self, sentence: Span, before: int) -> str | None:
        """The state that a title without one means: the last one named in the sentence, else the article's own."""
        near = [m for start, m in self.named.items() if sentence.start <= start < before]
        near = [m for m in near if self._type(m.actors[0]) in STATE_TYPES]
        if near:
            return self.gazetteer.governor(near[0].actors[0], self.date)
        if self.states:
            return self.gazetteer.governor(self.states.most_common(1)[0][0], self.date)
        return None

    def _remember(self, name: str, actor: str) -> None:
        surname = name.split()[-1]
        if len(surname) > 2 and phrases.can_be_name(surname):
            self.people[surname] = actor
        for part in re.findall(r"\bal-[A-Z]\w+|[A-Z]\w+ (?:Mahdi|Jong|Jae|Zedong)", name):
            self.people[part] = actor

    # -- phrases without a person's name ----------------------------------------------------------------------------

    def read_phrases(self) -> None:
        """Finds legislatures, groups and offices named by their state: *Iraqi parliament*, *US senators*."""
        for match in phrases.LEGISLATURE.finditer(self.tagged):
            owner = self._state_owner(match)
            if owner:
                self._add(match.start(), match.end(), self.gazetteer.legislature(owner), "name")
        for match in phrases.GROUP.finditer(self.tagged):
            owner = self._state_owner(match)
            if owner:
                actor = f"{self.gazetteer.adjective(owner)} {match['noun']}"
                self._add(match.start(), match.end(), actor, "group")
        for match in phrases.TITLE.finditer(self.tagged):
            owner = self._owner(match)
            if owner and not phrases.is_former(self.tagged[max(0, match.start() - 12) : match.end()]):
                self._add(match.start(), match.end(), owner, "title")

    def _state_owner(self, match: re.Match) -> str | None:
        mention = self.named.get(match.start("owner"))
        return mention.actors[0] if mention and self._type(mention.actors[0]) in STATE_TYPES else None

    def _add(self, start: int, end: int, actor: str, kind: str) -> None:
        if self._sentence_at(start) is not None and not any(m.start < end and start < m.end for m in self.found):
            self.found.append(Mention(start, end, (actor,), kind))

    # -- surnames ---------------------------------------------------------------------------------------------------

    def read_surnames(self) -> None:
        """Finds surnames of persons named in full elsewhere in the article, or well known at its date."""
        taken = sorted((m.start, m.end) for m in self.found)
        starts = [start for start, _ in taken]
        for word in _CAPITALISED.finditer(self.tagged):
            surname = _POSSESSIVE.sub("", word[0])
            index = bisect_right(starts, word.start()) - 1
            if index >= 0 and word.start() < taken[index][1]:
                continue
            actor = self.people.get(surname) or self._known_surname(surname)
            if actor:
                self._add(word.start(), word.start() + len(surname), actor, "name")

    def _known_surname(self, surname: str) -> str | None:
        """The state whose well-known office holder at the article's date has that surname, if it is in the article."""
        if len(surname) < 4 or surname in self.gazetteer.given_names or not phrases.can_be_name(surname):
            return None
        actors = set()
        for full_name in self.gazetteer.surnames.get(surname, ()):
            for reading in self.gazetteer.person_readings(full_name):
                if reading.first is not None and reading.holds_in(self.year) and not reading.ambiguous:
                    actors.add(reading.actor)
        actors = {actor for actor in actors if actor in self.states or self._type(actor) not in STATE_TYPES}
        return actors.pop() if len(actors) == 1 else None

    # -- result -----------------------------------------------------------------------------------------------------

    def mentions(self) -> list[Mention]:
        """All mentions so far, longer phrases before the names inside them."""
        phrase_spans = sorted(self.found, key=lambda m: m.start)
        covered = [(m.start, m.end) for m in phrase_spans]
        starts = [start for start, _ in covered]
        kept = list(phrase_spans)
        for mention in self.named.values():
            index = bisect_right(starts, mention.start) - 1
            inside = index >= 0 and mention.start < covered[index][1]
            if not inside and self._sentence_at(mention.start) is not None:
                kept.append(mention)
        return sorted(kept, key=lambda m: m.start)

    def _sentence_at(self, offset: int) -> Span | None:
        index = bisect_right(self._starts, offset) - 1
        if index < 0 or offset >= self.sentences[index].end:
            return None
        return self.sentences[index]
