"""Text to actor mentions: who is named, by which words, in which sentence.

The order is: names of the gazetteer, phrases around persons (*Russian Foreign Minister Sergey Lavrov*), phrases without
a name (*Iraq's government*, *US senators*), surnames, then what points back (:mod:`.coreference`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from . import phrases
from .coreference import Known, add_references
from .gazetteer import STATE_TYPES, Gazetteer, load_gazetteer
from .naming import WORD_BEFORE, NameReading
from .schema import Article, Mention, Span
from .transcripts import Turn, find_turns, titled_name

_AMERICAN_CHAMBERS = frozenset({"Senate", "House of Representatives", "Congress", "SENATE", "CONGRESS"})
_UPPER = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĘĚĞĢĪĮİĶĹĻŁŃŅŇŌŐŒŘŚŞŠŢŤŪŮŰŹŻŽ"
_CAPITALISED = re.compile(rf"(?:\b(?:al|Al|El|de|De|van|Van|von)[ -])?(?P<last>[{_UPPER}][\w’'\-]*\w)")
_SAYS_AFTER = re.compile(
    r",?\s+(?:also\s+|later\s+|then\s+)?(?:said|says|told|added|wrote|argued|warned|complained|insisted|noted|tweeted|explained)\b"
)
_PLACE_PREPOSITION = re.compile(r"\b(?:of|in|from|for|near|at|to|with|the|around|outside|across|by)\s(?:the\s)?$")
_SAID_BEFORE = re.compile(r"\b(?:said|says)\s$")
_POSSESSIVE = re.compile(r"['’]s?$")
# *A Security Council diplomat* speaks for the state that sent him there, whichever it is.
_OF_MEMBERS = re.compile(r"(?:diplomat|delegate|ambassador)s?$")


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
        reading.read_turns()
        reading.read_persons()
        reading.read_phrases()
        reading.read_surnames()
        mentions = reading.mentions()
        return add_references(article, sentences, mentions, reading.tagged, self.gazetteer, reading.known(mentions))


class _Reading(NameReading):
    """One article while it is read: its names, and the persons, phrases and surnames around them."""

    def __init__(self, gazetteer: Gazetteer, article: Article, sentences: Sequence[Span]) -> None:
        super().__init__(gazetteer, article, sentences)
        self.turns: list[tuple[Turn, str | None]] = []

    # -- transcripts ------------------------------------------------------------------------------------------------

    def read_turns(self) -> None:
        """Finds who speaks each part of a transcript, and the labels themselves."""
        turns = find_turns(self.text)
        is_briefing = any(turn.asks for turn in turns)
        for turn in turns:
            actor = None if turn.asks else self._turn_speaker(turn, is_briefing)
            self.turns.append((turn, actor))
            if actor and turn.label_end - turn.start > 1:
                self._add(turn.start, turn.label_end, actor, "title", "")
            if turn.asks and self.speaker:
                for match in phrases.VOCATIVE.finditer(self.text, turn.start, turn.end):
                    self._add(match.start("title"), match.end("title"), self.speaker, "title", "")

    def _turn_speaker(self, turn: Turn, is_briefing: bool) -> str | None:
        if not turn.surname:
            return self.speaker
        name = titled_name(self.text[turn.start : turn.label_end], turn.surname)
        if name != turn.surname:
            return name
        known = self.people.by_surname(turn.surname.split()[-1], self.states, titled=True)
        known = self.people.by_surname(turn.surname, self.states, titled=True) or known
        if known:
            return known[0]
        # *MR. HOLLOWAY:* after *QUESTION:* is how briefings of the United States are written down.
        return self.speaker or ("United States" if is_briefing and not turn.for_himself else name)

    # -- persons ----------------------------------------------------------------------------------------------------

    def read_persons(self) -> None:
        """Finds persons with a full name or a title before the name, known or not."""
        known = [
            (m.start, m.end) for start, m in sorted(self.named.items()) if self.tagged[start] == phrases.KNOWN_PERSON
        ]
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
            told = self._titled_name(run, sentence) or self._shown_name(run)
            if told:
                names.append((*told, False))
        return names

    def _shown_name(self, run: re.Match[str]) -> tuple[int, int] | None:
        """A name with no known given name, told by what stands beside it: *Kabai Karabekov, a member of …*."""
        name = phrases.trim_unknown_name(run[0])
        if name is None:
            return None
        start, end = run.start() + name[0], run.start() + name[1]
        if _PLACE_PREPOSITION.search(self.text, max(0, start - 14), start) or self.places.is_place(start, end):
            return None
        asked = phrases.ASKED.search(self.text, max(0, start - 8), start)
        is_person = asked or phrases.BESIDE_PERSON.match(self.text, end) or self._says(start, end)
        return (start, end) if is_person else None

    def _titled_name(self, run: re.Match[str], sentence: Span) -> tuple[int, int] | None:
        """A name with no known given name, told by the title before it: *Foreign Minister Mazen Darwish*."""
        words = list(re.finditer(r"\S+", run[0]))
        for index, word in enumerate(words):
            if not phrases.can_be_name(word[0]) or phrases.is_title(word[0]):
                continue
            start = run.start() + word.start()
            left = phrases.BEFORE_NAME.search(self.tagged, max(sentence.start, start - 120), start)
            if left and (left["office"] or left["non"] or left["hon"]):
                rest = [w for w in words[index:] if phrases.can_be_name(w[0])]
                return start, run.start() + rest[-1].end()
        return None

    def _read_person(self, start: int, end: int, is_known: bool) -> None:
        sentence = self._sentence_at(start)
        if sentence is None or any(m.start <= start < m.end for m in self.found):
            return
        name = _POSSESSIVE.sub("", self.text[start:end])
        left = phrases.BEFORE_NAME.search(self.tagged, max(sentence.start, start - 120), start)
        right = phrases.AFTER_NAME.match(self.tagged, end, min(sentence.end, end + 120))
        has_title = left is not None and any(left[group] for group in ("office", "non", "hon", "former", "former2"))
        phrase_start = left.start() if left and has_title else start
        actor, office = self._speaks_for(name, left, right, is_known, sentence, start)
        self.people.remember(name, actor, office)
        kind = "title" if phrase_start < start else "name"
        self._add(phrase_start, start + len(name), actor, kind, office)

    def _speaks_for(
        self, name: str, left: re.Match | None, right: re.Match | None, is_known: bool, sentence: Span, start: int
    ) -> tuple[str, str]:
        """The actor for whom the named person speaks, and the office in which he does."""
        for phrase in (left, right):
            if phrase and (phrase["former"] or phrase["former2"] or phrase["non"]):
                return self._own_name(name, start), (phrase["non"] or phrase["office"] or "").lower()
        if is_known:
            title = left["office"] if left and left["office"] else self.persons.get(start, "")
            actor = self.named[start].actors[0]
            if left and left["office"] and self._type(actor) == "person":
                # The text gives him an office in a year for which the gazetteer knows none: *acting prime minister X*.
                served = {
                    reading.actor for reading in self.gazetteer.person_readings(name) if reading.first is not None
                }
                actor = self._owner(left) or (served.pop() if len(served) == 1 else actor)
            return actor, title.lower()
        surname = name if " " not in name or phrases.is_particle(name.split()[0]) else ""
        if surname in self.people.met:
            return self.people.met[surname], self.people.offices[surname]
        for phrase in (left, right):
            owner = self._owner(phrase)
            if phrase and phrase["office"] and owner:
                return owner, phrase["office"].lower()
        known = (
            self.people.by_surname(surname, self.states, titled=True)
            if surname
            else self.people.known(name, self.states)
        )
        for phrase in (left, right):
            # *X, the foreign minister,* is the state's, and *X, president of the chamber of commerce,* is not.
            if phrase and phrase["office"] and (phrase is left or self._leads_alone(phrase)):
                state = known[0] if known else self._near_state(sentence, start)
                return (state or name), phrase["office"].lower()
        if (left and left["hon"]) or not surname:
            return known or (name, "")
        return name, ""

    def _leads_alone(self, phrase: re.Match) -> bool:
        """Whether the office after a name is that of a state's leader or foreign minister, with nothing added."""
        return phrases.leads(phrase["office"]) and self.text.startswith((",", ".", ")", "—", "–"), phrase.end())

    def _own_name(self, name: str, start: int) -> str:
        """A person's own canonical name; a surname alone takes the full name met before or the one it can mean."""
        if start in self.named:
            own = [r.actor for r in self.gazetteer.person_readings(name) if r.first is None]
            return own[0] if own else name
        if " " in name:
            known = self.people.known(name, ())
            return known[0] if known and known[1] == "" and self._type(known[0]) == "person" else name
        met = self.people.met.get(name)
        if met and self._type(met) == "person":
            return met
        full = {
            reading.actor
            for form in self.gazetteer.surnames.get(name, ())
            for reading in self.gazetteer.person_readings(form)
            if reading.first is None
        }
        return next(iter(full)) if len(full) == 1 else name

    def _owner(self, phrase: re.Match | None) -> str | None:
        if phrase is None:
            return None
        for group in ("owner", "owner2"):
            owner = self.owners.get(phrase.start(group)) if phrase[group] else None
            if owner and self._type(owner) not in ("group", "company"):
                return owner
        return None

    def _near_state(self, sentence: Span, before: int) -> str | None:
        """The state that a title without one means.

        That is the first one named in the sentence, else the article's own, else the first one of the sentence before.
        """
        here = self._first_state(sentence.start, before)
        if here or self.home:
            return here or self.home
        index = self.sentences.index(sentence)
        return self._first_state(self.sentences[index - 1].start, sentence.start) if index else None

    def _first_state(self, start: int, end: int) -> str | None:
        for place, mention in sorted(self.named.items()):
            if start <= place < end and self._type(mention.actors[0]) in STATE_TYPES:
                return self.gazetteer.governor(mention.actors[0], self.date)
        return None

    # -- phrases without a person's name ----------------------------------------------------------------------------

    def read_phrases(self) -> None:
        """Finds legislatures, groups and offices named by their state: *Iraqi parliament*, *US senators*."""
        chambers: dict[str, str] = {}
        for match in phrases.LEGISLATURE.finditer(self.tagged):
            owner = self._state_owner(match)
            if owner:
                words = self.text[match.start("known") : match.end("known")] if match["known"] else match["noun"]
                actor = self.gazetteer.legislature(owner, words)
                chambers[words] = actor
                self._add(match.start(), match.end(), actor, "name")
        self._read_bare_chambers(chambers)
        for match in phrases.GROUP.finditer(self.tagged):
            owner = self._state_owner(match)
            if owner:
                actor = f"{self.gazetteer.adjective(owner)} {match['noun'].lower()}".replace(" mps", " MPs")
                self._add(match.start(), match.end(), actor, "group")
        for match in phrases.TITLE.finditer(self.tagged):
            owner = self._owner(match)
            if owner and not phrases.is_former(self.tagged[max(0, match.start() - 12) : match.end()]):
                office = match["office"].lower()
                if self._type(owner) == "body" and _OF_MEMBERS.search(office):
                    continue
                person = office if not phrases.is_body(office) else None
                self._add(match.start(), match.end(), owner, "title", person)
        for match in phrases.THE_NORTH.finditer(self.text):
            korea = f"{match['side']} Korea"
            if korea in self.states:
                self._add(match.start("side"), match.end("side"), korea, "name")
        self._read_bare_groups()
        for match in phrases.ORGANISATION.finditer(self.tagged):
            if not set(match["name"]) <= {phrases.STATE, " "}:
                name = self.text[match.start("name") : match.end("name")]
                self._add(match.start("name"), match.end("name"), name, "name")

    def _read_bare_chambers(self, chambers: dict[str, str]) -> None:
        """*The Senate*, *the House*: of the state whose chamber the article has named, else of the article's own."""
        american = self.politics == "United States"
        for start, mention in list(self.named.items()):
            words = self.text[mention.start : mention.end]
            if self.tagged[start] != phrases.CHAMBER or words not in _AMERICAN_CHAMBERS:
                continue
            if words in chambers:
                self.named[start] = Mention(mention.start, mention.end, (chambers[words],), mention.kind)
            elif not american and self.home:
                actor = self.gazetteer.legislature(self.home, words)
                self.named[start] = Mention(mention.start, mention.end, (actor,), mention.kind)
        if american:
            for match in phrases.THE_HOUSE.finditer(self.tagged):
                group = "noun" if match["noun"] else "with"
                self._add(match.start(group), match.end(group), "US House of Representatives", "name")
        for match in phrases.BARE_LEGISLATURE.finditer(self.tagged):
            actor = chambers.get(match["noun"])
            if actor is None and self.home:
                actor = self.gazetteer.legislature(self.home, match["noun"])
            if actor:
                self._add(match.start("noun"), match.end("noun"), actor, "name")

    def _read_bare_groups(self) -> None:
        """*Lawmakers* and *senators* without a state: those of the United States where its politics is the matter."""
        if self.politics is None:
            return
        if self.politics == "United States":
            for match in phrases.ADMINISTRATION_OFFICIALS.finditer(self.tagged):
                self._add(match.start(), match.end(), self.politics, "title")
        for match in phrases.BARE_GROUP.finditer(self.tagged):
            noun = match["noun"] if match["noun"] == "MPs" else match["noun"].lower()
            self._add(match.start(), match.end(), f"{self.gazetteer.adjective(self.politics)} {noun}", "group")

    def _state_owner(self, match: re.Match) -> str | None:
        mention = self.named.get(match.start("owner"))
        return mention.actors[0] if mention and self._type(mention.actors[0]) in STATE_TYPES else None

    # -- surnames ---------------------------------------------------------------------------------------------------

    def read_surnames(self) -> None:
        """Finds surnames of persons named in full elsewhere in the article, or well known at its date."""
        taken = sorted((m.start, m.end) for m in self.found)
        starts = [start for start, _ in taken]
        for word in _CAPITALISED.finditer(self.tagged):
            index = bisect_right(starts, word.start()) - 1
            if index >= 0 and word.start() < taken[index][1]:
                continue
            for start in dict.fromkeys((word.start(), word.start("last"))):
                surname = _POSSESSIVE.sub("", self.text[start : word.end()])
                end = start + len(surname)
                if self._is_part_of_name(start, end):
                    continue
                says = self._says(start, end)
                known = self.people.by_surname(surname, self.states, False, self.politics == "United States", says)
                if known is None and says and self._can_be_person(surname, start):
                    known = surname, ""
                if known:
                    self._add(start, end, known[0], "name", known[1])
                    break

    def _says(self, start: int, end: int) -> bool:
        """Whether a verb of saying stands right before or after: what only a person does."""
        return (
            _SAYS_AFTER.match(self.text, end) is not None
            or _SAID_BEFORE.search(self.text, start - 8, start) is not None
        )

    def _can_be_person(self, word: str, start: int) -> bool:
        """Whether an unknown word beside a verb of saying is a surname: no word that a sentence could begin with."""
        if not phrases.can_be_name(word) or len(word) < 3 or not word.isalpha() or word in self.gazetteer.ambiguous:
            return False
        if WORD_BEFORE.search(self.text, max(0, start - 30), start) or _PLACE_PREPOSITION.search(
            self.text, start - 12, start
        ):
            return False
        return start > self._sentence_start(start) or not (word.endswith("s") or word.lower() in self.text)

    def _is_part_of_name(self, start: int, end: int) -> bool:
        """Whether a surname stands inside another name: *Diego Garcia*, *Fort Bragg*, *Bush Street*."""
        before = WORD_BEFORE.search(self.text, max(0, start - 30), start)
        if before and phrases.can_be_name(before[1]) and self._sentence_start(start) < before.start():
            return self.tagged[before.start()] == before[1][0]
        return phrases.PLACE_AFTER.match(self.text, end) is not None

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

    def known(self, mentions: Sequence[Mention]) -> Known:
        """What the reading of references needs beside the mentions."""
        starts = {mention.start for mention in mentions}
        persons = {start: office for start, office in self.persons.items() if start in starts}
        return Known(persons, self.speaker, self.turns, self.politics)
