"""What points back: *he*, *the ministry*, *the alliance*, *both sides*, *we*.

Each rule names the kind of actor it can stand for and takes the nearest fitting one before it, the subject of the
sentence before first. This is the recency-and-salience scheme of rule-based resolvers (Hobbs 1978; Lappin and Leass
1994), cut down to what decides who holds a position.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from .gazetteer import STATE_TYPES, Gazetteer
from .phrases import OFFICE_HEAD, TITLE
from .schema import Article, Mention, Span

_ALLIANCES = frozenset({"alliance", "body", "group"})
_PRONOUN = re.compile(r"\b(?:he|she|him|his|her|hers|himself|herself)\b", re.IGNORECASE)
_ITS = re.compile(r"\b(?:its|itself|it(?=\s+(?:has|had|will|would|said|says|does|did|could|should|want\w*|plans?|intends?|"
                  r"remain\w*|also|never|still|may|might|must|reject\w*|support\w*|oppos\w*|impos\w*)))\b", re.IGNORECASE)
_THEY = re.compile(r"\b(?:they|them|their|theirs|themselves)\b", re.IGNORECASE)
_FIRST = re.compile(r"\b(?:I|[Ww]e|[Uu]s|[Oo]ur|[Oo]urs|[Mm]y|[Mm]e|[Mm]yself|[Oo]urselves)\b(?![.’']?[A-Z])")
_OWN_COUNTRY = re.compile(r"\b(?:my|our)\s+(?:own\s+)?(?:country|nation|government|people|delegation|state|republic)\b", re.I)
_BOTH = re.compile(
    r"\b(?:[Bb]oth\s+(?:sides|countries|capitals|governments|nations|parties|states|leaders|men|ministers|presidents)|"
    r"[Tt]he\s+two\s+(?:sides|countries|capitals|governments|nations|states|leaders|men|ministers|presidents|allies|neighbou?rs)|"
    r"[Tt]he\s+pair|[Ee]ach\s+side|[Nn]either\s+(?:side|country|government))\b"
)
_DESCRIPTIONS = {
    "state": re.compile(
        r"\b[Tt]he\s+(?:country|kingdom|nation|republic|regime|government|administration|island|islands|emirate|sultanate|"
        r"federation|authorities|junta|state|ministry|foreign\s+ministry|defen[cs]e\s+ministry|army|military|"
        r"embassy|mission|cabinet)(?:['’]s)?(?=\s+(?!of\s+\ue000)|[,.;:]|$)"
    ),
    "alliance": re.compile(
        r"\b[Tt]he\s+(?:alliance|bloc|union|organi[sz]ation|coalition|council|community|body|27-nation\s+bloc|agency|"
        r"grouping|world\s+body|commission)\b(?!\s+of)"
    ),
    "movement": re.compile(
        r"\b[Tt]he\s+(?:group|movement|militants|militia|rebels|insurgents|front|faction|guerrillas|fighters|organi[sz]ation)\b"
        r"(?!\s+of)"
    ),
    "party": re.compile(r"\b[Tt]he\s+(?:party|chamber|parliament|legislature|assembly)\b(?!\s+of)"),
}
_THE_OFFICE = re.compile(
    rf"\b[Tt]he\s+(?:(?:foreign|defen[cs]e|prime|interior|finance|vice|acting|interim|top|senior)\s+)*(?:{OFFICE_HEAD})\b"
    r"(?!\s+(?:of|for)\s)",
    re.VERBOSE,
)
_SENATOR = re.compile(r"\b[Tt]he\s+(?:senator|congressman|congresswoman|lawmaker|candidate|nominee|former\s+president)\b")
_QUOTE = re.compile(r"[“\"][^“”\"]*(?:[”\"]|$)")
_CLOSE = re.compile(r"[”\"]")
_SAYS = re.compile(
    r"\b(?:said|says|told|tells|added|adds|warned|warns|wrote|writes|tweeted|stated|declared|insisted|argued|asked|replied|"
    r"noted|explained|stressed|announced|vowed|pledged|promised|claimed|continued|remarked|quipped|concluded|called|"
    r"reiterated|emphasi[sz]ed|urged|testified|joked|acknowledged|admitted|conceded)\b"
)


@dataclass
class _Memory:
    """Who has been met, latest first within each kind; subjects of the last sentences."""

    person: str | None = None
    thing: str | None = None
    plural: tuple[str, ...] = ()
    last: dict[str, str] = field(default_factory=dict)
    speaker: str | None = None
    open_quote: bool = False
    pair: tuple[str, ...] = ()


def add_references(
    article: Article, sentences: Sequence[Span], mentions: Sequence[Mention], tagged: str, gazetteer: Gazetteer
) -> list[Mention]:
    """Adds pronouns, descriptions and first persons to the mentions of an article.

    Args:
        article: The article.
        sentences: Its sentences.
        mentions: Mentions by name, in order, each within one sentence.
        tagged: The article's text with known names overwritten (:func:`.phrases.tag_text`).
        gazetteer: For the types of the actors.

    Returns:
        All mentions in order, not overlapping. An empty one of kind ``speaker`` leads a sentence whose holder is only
        implied: a quote whose speaker stands elsewhere, a speech.
    """
    memory = _Memory()
    result: list[Mention] = []
    position = 0
    for sentence in sentences:
        named = []
        while position < len(mentions) and mentions[position].start < sentence.end:
            named.append(mentions[position])
            position += 1
        upcoming = mentions[position : position + 12]
        result += _SentenceReader(article, sentence, named, upcoming, tagged, gazetteer, memory).read()
    return result


class _SentenceReader:
    def __init__(
        self,
        article: Article,
        sentence: Span,
        named: list[Mention],
        upcoming: Sequence[Mention],
        tagged: str,
        gazetteer: Gazetteer,
        memory: _Memory,
    ) -> None:
        self.article, self.sentence, self.tagged, self.gazetteer, self.memory = article, sentence, tagged, gazetteer, memory
        self.text = article.text
        self.mentions = named
        self.upcoming = upcoming
        self.speaker: str | None = None
        self.quotes = self._find_quotes()

    def read(self) -> list[Mention]:
        self._read_descriptions()
        self._read_third_person()
        self._read_first_person()
        self._remember()
        return self._with_speaker()

    # -- what the sentence says ------------------------------------------------------------------------------------

    def _read_descriptions(self) -> None:
        for match in self._finditer(_BOTH):
            pair = self._pair_before(match.start())
            if pair:
                self._add(match, pair, "group")
        for kind, pattern in _DESCRIPTIONS.items():
            for match in self._finditer(pattern):
                actor = self._last_of(kind, match.start(), match[0])
                if actor:
                    self._add(match, (actor,), "description")
        for match in self._finditer(_THE_OFFICE):
            actor = self._person_before(match.start()) or self._last_of("state", match.start(), "")
            if actor:
                self._add(match, (actor,), "description")
        for match in self._finditer(_SENATOR):
            if self.memory.person:
                self._add(match, (self.memory.person,), "description")
        for match in self._finditer(TITLE):
            if match["office"] and not match["owner"] and match["office"][0].isupper():
                actor = self._last_of("state", match.start(), "")
                if actor:
                    self._add(match, (actor,), "description")

    def _read_third_person(self) -> None:
        for match in self._finditer(_PRONOUN):
            actor = self._person_before(match.start())
            if actor:
                self._add(match, (actor,), "pronoun")
        for match in self._finditer(_ITS):
            actor = self._thing_before(match.start())
            if actor:
                self._add(match, (actor,), "pronoun")
        for match in self._finditer(_THEY):
            actors = self._plural_before(match.start())
            if actors:
                self._add(match, actors, "pronoun")

    def _read_first_person(self) -> None:
        speaker = self._quote_speaker() if self.quotes else None
        self.speaker = speaker if self.quotes and self._in_quote(self.sentence.start) else self.article.speaker
        for pattern in (_OWN_COUNTRY, _FIRST):
            for match in self._finditer(pattern):
                quoted = self._in_quote(match.start())
                actor = speaker if quoted else self.article.speaker
                if actor:
                    self._add(match, (actor,), "first_person")
        if speaker:
            self.memory.speaker = speaker

    # -- who it can be ---------------------------------------------------------------------------------------------

    def _is_person(self, mention: Mention) -> bool:
        """Whether a mention names or describes a person rather than a state or body."""
        if mention.kind in ("name", "title"):
            letter = self.tagged[mention.end - 1]
            return letter not in "\ue000\ue001" and (mention.kind == "name" or self.text[mention.end - 1].isalpha())
        return False

    def _before(self, offset: int) -> list[Mention]:
        return [m for m in self.mentions if m.end <= offset]

    def _person_before(self, offset: int) -> str | None:
        persons = [m for m in self._before(offset) if self._is_person(m)]
        if persons:
            return persons[0].actors[0]
        if self.memory.person:
            return self.memory.person
        return None

    def _thing_before(self, offset: int) -> str | None:
        things = [m for m in self._before(offset) if not self._is_person(m) and len(m.actors) == 1]
        things = [m for m in things if m.kind != "first_person"]
        return things[0].actors[0] if things else self.memory.thing

    def _plural_before(self, offset: int) -> tuple[str, ...]:
        for mention in reversed(self._before(offset)):
            if len(mention.actors) > 1 or self._kind_of(mention.actors[0]) in ("movement", "party", "plural"):
                return mention.actors
        return self.memory.plural

    def _pair_before(self, offset: int) -> tuple[str, ...]:
        here = _distinct(m.actors[0] for m in self._before(offset) if len(m.actors) == 1)
        states = [actor for actor in here if self._kind_of(actor) in ("state", "movement", "alliance")]
        return tuple(states[:2]) if len(states) >= 2 else self.memory.pair

    def _last_of(self, kind: str, offset: int, words: str) -> str | None:
        for mention in reversed(self._before(offset)):
            if self._kind_of(mention.actors[0]) == kind and (kind != "state" or mention.kind != "demonym"):
                return mention.actors[0]
        return self.memory.last.get(kind)

    def _kind_of(self, actor: str) -> str:
        type_ = self.gazetteer.type_of(actor)
        if type_ in STATE_TYPES:
            return "state"
        if actor not in self.gazetteer.actors:
            return "plural" if actor.split()[-1].islower() and actor.endswith("s") else "person"
        return "alliance" if type_ in _ALLIANCES else "party" if type_ == "legislature" else type_

    def _find_quotes(self) -> list[Span]:
        """Quoted parts of the sentence, including the rest of a quote that an earlier sentence opened."""
        start, end = self.sentence
        quotes = []
        if self.memory.open_quote:
            close = _CLOSE.search(self.text, start, end)
            start = close.end() if close else end
            quotes.append(Span(self.sentence.start, start))
            self.memory.open_quote = close is None
        for match in _QUOTE.finditer(self.text, start, end):
            quotes.append(Span(*match.span()))
            self.memory.open_quote = match[0][-1] not in "”\"" or len(match[0]) == 1
        return quotes

    def _with_speaker(self) -> list[Mention]:
        """The mentions, led by an empty one of the implied speaker where the sentence does not mention him."""
        speaker = self.speaker
        if speaker and not any(speaker in mention.actors for mention in self.mentions):
            return [Mention(self.sentence.start, self.sentence.start, (speaker,), "speaker"), *self.mentions]
        return self.mentions

    def _in_quote(self, offset: int) -> bool:
        return any(quote.start <= offset < quote.end for quote in self.quotes)

    def _quote_speaker(self) -> str | None:
        """Who speaks the sentence's quotes: whoever stands outside them beside a verb of saying, else the last one."""
        outside = [m for m in self.mentions if not self._in_quote(m.start) and m.kind != "demonym"]
        for verb in self._finditer(_SAYS):
            if self._in_quote(verb.start()) or not outside:
                continue
            before = [m for m in outside if m.end <= verb.start() and verb.start() - m.end < 90]
            after = [m for m in outside if m.start >= verb.end() and m.start - verb.end() < 6]
            if after:
                return after[0].actors[0]
            if before:
                persons = [m for m in before if self._is_person(m) or m.kind == "pronoun"]
                return (persons or before)[-1].actors[0]
        return self._speaker_after() or self.memory.speaker or self.memory.person

    def _speaker_after(self) -> str | None:
        """Who is named right after a quote that this sentence leaves open: *“We go. It is over,” Khan said.*"""
        if not self.memory.open_quote:
            return None
        close = _CLOSE.search(self.text, self.sentence.end, self.sentence.end + 600)
        if close is None:
            return None
        for mention in self.upcoming:
            if 0 <= mention.start - close.end() < 30 and mention.kind != "demonym":
                return mention.actors[0]
        return None

    # -- bookkeeping -----------------------------------------------------------------------------------------------

    def _finditer(self, pattern: re.Pattern[str]) -> list[re.Match[str]]:
        return list(pattern.finditer(self.tagged, self.sentence.start, self.sentence.end))

    def _add(self, match: re.Match[str], actors: tuple[str, ...], kind: str) -> None:
        start, end = match.start(), match.end()
        if end > start and not any(m.start < end and start < m.end for m in self.mentions):
            self.mentions.append(Mention(start, end, actors, kind))
            self.mentions.sort(key=lambda m: m.start)

    def _remember(self) -> None:
        memory = self.memory
        persons = [m for m in self.mentions if self._is_person(m)]
        things = [m for m in self.mentions if not self._is_person(m) and m.kind not in ("pronoun", "first_person", "demonym")]
        if persons:
            memory.person = persons[0].actors[0]
        if things:
            memory.thing = things[0].actors[0]
        for mention in self.mentions:
            if len(mention.actors) == 1 and mention.kind not in ("pronoun",):
                memory.last[self._kind_of(mention.actors[0])] = mention.actors[0]
        groups = [m.actors for m in self.mentions if len(m.actors) > 1 or self._kind_of(m.actors[0]) in ("movement", "plural")]
        memory.plural = groups[-1] if groups else memory.plural
        distinct = _distinct(
            m.actors[0] for m in self.mentions if len(m.actors) == 1 and self._kind_of(m.actors[0]) in ("state", "movement")
        )
        if len(distinct) >= 2:
            memory.pair = tuple(distinct[:2])


def _distinct(items) -> list[str]:
    return list(dict.fromkeys(items))
