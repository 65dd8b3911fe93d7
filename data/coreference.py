"""What points back: *he*, *the ministry*, *the alliance*, *both sides*, *we*.

Each rule names the kind of actor it can stand for and takes the most salient fitting one of the last sentences: the
subject before an object, an object before what a preposition governs, the near before the far. This is the
recency-and-salience scheme of rule-based resolvers (Hobbs 1978; Lappin and Leass 1994), cut down to what decides who
holds a position. Where nothing fits, the words stay unresolved: a wrong antecedent is worse than none.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from . import references as words
from .gazetteer import Gazetteer
from .quotes import find_quotes, quote_at, speaker_beside
from .salience import REACH, Memory, Seen, distinct
from .schema import Article, Mention, Span
from .transcripts import Turn

_FAR = 6
"""How many sentences back a description looks for an actor that its noun fits."""


class Known(NamedTuple):
    """What the reading of names knows beside the mentions.

    Attributes:
        persons: Start of each mention of a person, with his office in lower case (*prime minister*) or nothing.
        speaker: Actor for whom the article's speaker speaks.
        turns: Turns of a transcript, each with the actor who speaks.
        home: State that the article is mostly about, if one stands out.
    """

    persons: dict[int, str]
    speaker: str | None
    turns: Sequence[tuple[Turn, str | None]]
    home: str | None


def add_references(
    article: Article,
    sentences: Sequence[Span],
    mentions: Sequence[Mention],
    tagged: str,
    gazetteer: Gazetteer,
    known: Known | None = None,
) -> list[Mention]:
    """Adds pronouns, descriptions and first persons to the mentions of an article.

    Args:
        article: The article.
        sentences: Its sentences.
        mentions: Mentions by name, in order, each within one sentence.
        tagged: The article's text with known names overwritten (:func:`.phrases.tag_text`).
        gazetteer: For the types of the actors.
        known: Persons, speakers and turns; None takes the article's speaker as it stands.

    Returns:
        All mentions in order, not overlapping. An empty one of kind ``speaker`` leads a sentence whose holder is only
        implied: a quote whose speaker stands elsewhere, a speech.
    """
    known = known or Known({}, article.speaker, (), None)
    return _Resolver(article, sentences, mentions, tagged, gazetteer, known).read()


class _Resolver(Memory):
    """One article, sentence by sentence; remembers who has been met and who spoke last."""

    def __init__(
        self,
        article: Article,
        sentences: Sequence[Span],
        mentions: Sequence[Mention],
        tagged: str,
        gazetteer: Gazetteer,
        known: Known,
    ) -> None:
        quotes = [] if known.speaker else find_quotes(article.text)
        super().__init__(article.text, tagged, gazetteer, known.persons, quotes)
        self.sentences = sentences
        self.known = known
        self.named = list(mentions)
        self.starts = [m.start for m in self.named]
        self.spoken: dict[int, tuple[str, ...]] = {}

    def read(self) -> list[Mention]:
        """Reads all sentences in order."""
        result: list[Mention] = []
        for index, sentence in enumerate(self.sentences):
            self.index, self.sentence = index, sentence
            low, high = (bisect_right(self.starts, offset - 1) for offset in self.sentence)
            self.mentions = self.named[low:high]
            self._note_named()
            self._read_back()
            self._attribute_quotes()
            self._read_first_person()
            result += self._with_speaker()
        return result

    # -- pronouns --------------------------------------------------------------------------------------------------

    def _read_back(self) -> None:
        """Reads pronouns and descriptions in text order, so that each can stand for what the last one stood for."""
        readers = (
            (words.POSSESSED, self._read_possessed),
            (words.THIRD, self._read_pronoun),
            (words.BOTH, self._read_both),
            (words.DESCRIPTION, self._read_description),
            (words.THE_OFFICE, self._read_office),
        )
        found = [
            (match.start(), order, match, reader)
            for order, (pattern, reader) in enumerate(readers)
            for match in self._finditer(pattern)
        ]
        for _, _, match, reader in sorted(found, key=lambda item: item[:2]):
            reader(match)

    def _read_pronoun(self, match: re.Match[str]) -> None:
        actors = self._pronoun(match)
        if actors:
            self._add(match.start(), match.end(), actors, "pronoun", person=match["he"] is not None)

    def _pronoun(self, match: re.Match[str]) -> tuple[str, ...]:
        if match["he"]:
            return self._he(match.start())
        if match["it"]:
            return self._it(match.start())
        return self._they(match.start())

    def _he(self, offset: int) -> tuple[str, ...]:
        quote = self._quote_index(offset)
        speaker = self.spoken.get(quote, ())
        floor = self._somebody_before(offset)
        female = self.text[offset : offset + 3].lower() in ("she", "her")

        def fits(seen: Seen) -> bool:
            start = seen.mention.start
            if not seen.person or len(seen.mention.actors) > 1 or start < floor:
                return False
            if self.female.get(start, female) != female:
                return False
            return (seen.quote == quote or seen.quote < 0) and seen.mention.actors != speaker

        best = self._best(offset, fits)
        if best is None:
            return ()
        self.female[best.mention.start] = self.female[offset] = female
        return best.mention.actors

    def _somebody_before(self, offset: int) -> int:
        """Where somebody without a name was last spoken of in the sentence: *he* after him means no actor."""
        floor = -1
        for match in words.SOMEBODY.finditer(self.text, self.sentence.start, offset):
            if not any(m.start < match.end() and match.start() < m.end for m in self.mentions):
                floor = match.end()
        return floor

    def _it(self, offset: int) -> tuple[str, ...]:
        def fits(seen: Seen) -> bool:
            mention = seen.mention
            return (
                not seen.person
                and len(mention.actors) == 1
                and mention.kind not in ("demonym", "first_person")
                and self._kind_of(mention.actors[0]) not in ("person", "plural")
            )

        best = self._best(offset, fits, reach=1)
        return best.mention.actors if best else ()

    def _they(self, offset: int) -> tuple[str, ...]:
        best = self._best(offset, self._is_plural, reach=1)
        if best is None:
            return ()
        start = max(best.mention.end, self.sentence.start)
        # *The Americans moved the tanks before they …*: another plural between the two leaves both open.
        if words.PLURAL_THING.search(self.tagged, start, offset):
            return ()
        return best.mention.actors

    def _is_plural(self, seen: Seen) -> bool:
        mention = seen.mention
        if len(mention.actors) != 1:
            return len(mention.actors) > 1
        if mention.kind == "pronoun":
            return self.text[mention.start].lower() == "t"
        surface = self.text[mention.start : mention.end]
        if mention.kind == "demonym":
            return surface.endswith("s") or seen.weight >= words.SUBJECT
        kind = self._kind_of(mention.actors[0])
        if kind in ("plural", "movement", "party", "group"):
            return True
        return mention.kind in ("title", "metonym") and surface.endswith("s")

    # -- descriptions ----------------------------------------------------------------------------------------------

    def _read_possessed(self, match: re.Match[str]) -> None:
        """*His government*, *its envoy*: one mention, where owner and head are one actor."""
        possessive = match["owner"].lower()
        actors = () if possessive in ("my", "our", "your") else self._owners(possessive, match.start())
        if not actors:
            return
        if all(self._kind_of(actor) == "state" for actor in actors) or (
            possessive not in ("his", "her") and match["office"]
        ):
            kind = "title" if match["office"] else "description"
            self._add(match.start(), match.end(), actors, kind, person=match["office"] is not None)

    def _owners(self, possessive: str, offset: int) -> tuple[str, ...]:
        """Whom the possessive before an office or a government means: *their minister* can be a single state's."""
        if possessive in ("his", "her"):
            return self._he(offset)
        if possessive == "their":
            best = self._best(offset, self._is_plural, reach=1)
            if best:
                return best.mention.actors
        return self._it(offset)

    def _read_both(self, match: re.Match[str]) -> None:
        pair = self._pair_before(match.start())
        if pair:
            self._add(match.start(), match.end(), pair, "group")

    def _read_description(self, match: re.Match[str]) -> None:
        actor = self._described(match)
        if actor:
            self._add(match.start(), match.end(), (actor,), "description")

    def _read_office(self, match: re.Match[str]) -> None:
        actor = self._officer(match)
        if actor:
            self._add(match.start(), match.end(), (actor,), "title", person=True)

    def _described(self, match: re.Match[str]) -> str | None:
        noun = re.sub(r"[’']s?$", "", match["noun"]).lower()
        kinds = words.NOUN_KINDS.get(noun.split()[-1], frozenset())
        speaker = self.known.speaker
        if speaker and match["noun"][0].isupper() and self._bears(speaker, noun):
            return speaker
        by_name = self._best(match.start(), lambda seen: self._fits_noun(seen, noun), reach=_FAR)
        if by_name:
            return by_name.mention.actors[0]
        if speaker and self._kind_of(speaker) == "state" and match["noun"][0].isupper() and noun in words.UN_NOUNS:
            return words.UN_NOUNS[noun]
        if noun in words.STATE_NOUNS:
            return self._state_meant(match, noun)
        found = self._best(
            match.start(),
            lambda seen: len(seen.mention.actors) == 1 and self._kind_of(seen.mention.actors[0]) in kinds,
            reach=_FAR,
        )
        return found.mention.actors[0] if found else None

    def _fits_noun(self, seen: Seen, noun: str) -> bool:
        if len(seen.mention.actors) != 1 or seen.person:
            return False
        return self._bears(seen.mention.actors[0], noun)

    def _bears(self, actor: str, noun: str) -> bool:
        """Whether an actor's name ends in the noun, or the gazetteer says that the noun is said of him."""
        last = noun.split()[-1]
        return (last in actor.lower().split() and last not in words.STATE_NOUNS) or last in self.gazetteer.nouns_of(
            actor
        )

    def _state_meant(self, match: re.Match[str], noun: str) -> str | None:
        """The state that *the country* or *the government* means: the speaker's own, else the last subject."""
        if match["the"].lower() == "this" or (noun in words.OWN_NOUNS and self.known.speaker):
            own = self._speaker_at(match.start())
            return own[0] if own and self._kind_of(own[0]) == "state" else None
        if noun in words.ISLANDS:
            return None
        if noun == "administration" and self.known.home == words.ADMINISTRATION:
            return self.known.home
        found = self._best(
            match.start(),
            lambda seen: len(seen.mention.actors) == 1 and self._kind_of(seen.mention.actors[0]) == "state",
            reach=1,
        )
        fronted = self._fronted_capital()
        if fronted and noun not in ("country", "nation", "state"):
            return fronted
        if noun in words.GOVERNMENT_NOUNS:
            return found.mention.actors[0] if found and found.weight >= words.OBJECT else self.known.home
        return found.mention.actors[0] if found else None

    def _fronted_capital(self) -> str | None:
        """*In Minsk, the foreign ministry …*: a capital that opens the sentence says whose ministry it is."""
        for mention in self.mentions[:1]:
            opening = self.text[self.sentence.start : mention.start].lower()
            if (
                mention.kind == "metonym"
                and opening in ("in ", "from ")
                and self.text[mention.end : mention.end + 1] == ","
            ):
                return mention.actors[0]
        return None

    def _officer(self, match: re.Match[str]) -> str | None:
        """Whom *the prime minister* means: whoever was met with that office, else the article's own."""
        office = match["office"].lower()
        holder = self._best(
            match.start(), lambda seen: seen.person and words.same_office(seen.office, office), reach=99
        )
        if holder:
            return holder.mention.actors[0]
        return self.known.home if words.HEADS.search(office) else None

    def _pair_before(self, offset: int) -> tuple[str, ...]:
        for reach in range(3):
            floor = self.sentences[max(0, self.index - reach)].start
            near = [s.mention for s in self.seen if floor <= s.mention.start and s.mention.end <= offset]
            joint = [m.actors for m in near if len(m.actors) == 2 and all(self._is_party(a) for a in m.actors)]
            actors = distinct(a for m in near if len(m.actors) == 1 for a in m.actors if self._is_party(a))
            if joint:
                return joint[-1]
            if len(actors) == 2:
                return tuple(actors)
            if len(actors) > 2:
                return ()
        return ()

    def _is_party(self, actor: str) -> bool:
        return self._kind_of(actor) in ("state", "movement", "alliance", "body")

    # -- speech ----------------------------------------------------------------------------------------------------

    def _attribute_quotes(self) -> None:
        """Finds who speaks the quotes that touch the sentence."""
        low = bisect_right(self.quotes, (self.sentence.start, 1 << 60)) - 1
        for position in range(max(0, low), len(self.quotes)):
            quote = self.quotes[position]
            if quote.start >= self.sentence.end:
                break
            if quote.end <= self.sentence.start or self.spoken.get(quote.start):
                continue
            self.spoken[quote.start] = self._speaker_of(position, quote)

    def _speaker_of(self, position: int, quote: Span) -> tuple[str, ...]:
        following = self.quotes[position + 1].start if position + 1 < len(self.quotes) else len(self.text)
        first, last = self.sentence, self._sentence_of(quote.end - 1)
        outside = [m for m in self.mentions if quote_at(self.quotes, m.start) is None]
        if last.start != first.start:
            low, high = (bisect_right(self.starts, offset - 1) for offset in last)
            outside += [m for m in self.named[low:high] if quote_at(self.quotes, m.start) is None]
        beside = speaker_beside(
            self.text, quote, Span(first.start, last.end), sorted(outside, key=lambda m: m.start), following
        )
        if beside is not None:
            return beside
        before = self.quotes[position - 1] if position else None
        # A quote that stands alone goes on with whoever spoke before it, or with the subject of the sentence before.
        if not self._is_alone(quote, last):
            return ()
        if before and self._sentence_number(before.end - 1) >= self._sentence_number(quote.start) - REACH:
            return self.spoken.get(before.start, ())
        earlier = [
            self._best(quote.start, lambda seen: seen.person and seen.weight >= words.SUBJECT, reach=1),
            self._best(quote.start, self._is_speaking_body, reach=1),
        ]
        return next((seen.mention.actors for seen in earlier if seen and seen.sentence < self.index), ())

    def _is_speaking_body(self, seen: Seen) -> bool:
        kinds = ("state", "movement", "party", "alliance", "body", "plural", "legislature")
        return (
            seen.weight >= words.SUBJECT
            and len(seen.mention.actors) == 1
            and seen.mention.kind != "first_person"
            and self._kind_of(seen.mention.actors[0]) in kinds
        )

    def _is_alone(self, quote: Span, last: Span) -> bool:
        around = self.text[self.sentence.start : quote.start] + self.text[quote.end : last.end]
        return quote.start <= self.sentence.start or not re.search(r"\w", around)

    def _sentence_number(self, offset: int) -> int:
        return bisect_right(self.sentences, (offset, 1 << 60)) - 1

    def _sentence_of(self, offset: int) -> Span:
        return self.sentences[max(0, self._sentence_number(offset))]

    def _speaker_at(self, offset: int) -> tuple[str, ...]:
        """Who speaks at the offset: the quote's speaker, a transcript's, or the article's."""
        quote = quote_at(self.quotes, offset)
        if quote:
            return self.spoken.get(quote.start, ())
        for turn, actor in self.known.turns:
            if turn.start <= offset < turn.end:
                return (actor,) if actor and offset > turn.label_end else ()
        return (self.known.speaker,) if self.known.speaker else ()

    def _read_first_person(self) -> None:
        for match in self._finditer(words.FIRST):
            actors = self._speaker_at(match.start())
            if not actors:
                continue
            state = match["state"]
            if state and not (match["office"] or self._kind_of(actors[0]) == "state"):
                continue
            kind = "title" if match["office"] else "first_person"
            self._add(match.start(), match.end(), actors, kind, person=match["office"] is not None)

    def _with_speaker(self) -> list[Mention]:
        """The mentions, led by an empty one of the implied speaker where the sentence does not mention him."""
        actors = self._speaker_at(self.sentence.start)
        quote = quote_at(self.quotes, self.sentence.start)
        if not actors and quote is None and self.known.turns:
            actors = self._speaker_at(self.sentence.end - 1)
        if actors and not any(set(actors) & set(mention.actors) for mention in self.mentions):
            return [Mention(self.sentence.start, self.sentence.start, actors, "speaker"), *self.mentions]
        return self.mentions

    # -- bookkeeping -----------------------------------------------------------------------------------------------

    def _finditer(self, pattern: re.Pattern[str]) -> list[re.Match[str]]:
        return list(pattern.finditer(self.tagged, self.sentence.start, self.sentence.end))

    def _add(self, start: int, end: int, actors: tuple[str, ...], kind: str, person: bool = False) -> None:
        if any(m.start < end and start < m.end for m in self.mentions):
            return
        mention = Mention(start, end, actors, kind)
        self.mentions.append(mention)
        self.mentions.sort(key=lambda m: m.start)
        self._note(mention, person)
