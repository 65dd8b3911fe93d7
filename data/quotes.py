"""Quoted speech: where it stands, across sentences, and which words outside it say who speaks."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from .schema import Mention, Span

SAYS = re.compile(
    r"\b(?:said|says|saying|told|tells|added|adds|adding|warned|warns|wrote|writes|tweeted|stated|declared|insisted|argued|"
    r"asked|replied|noted|explained|stressed|announced|vowed|pledged|promised|claimed|continued|remarked|quipped|concluded|"
    r"called|reiterated|emphasi[sz]ed|urged|testified|joked|acknowledged|admitted|conceded|answered|went\s+on|complained|"
    r"grumbled|boasted|demanded|read|recalled|lamented|observed|posted|according\s+to)\b"
)
_MARK = re.compile(r"[“”\"«»]|\n|(?<!\w)['‘](?=[A-Z][\w’']*\s)|(?<=[.,?!])['’](?!\w)")
# Somebody whom the article does not name: his words are nobody's position.
_NOBODY = re.compile(
    r"\b(?:[Aa]n?|[Oo]ne|[Aa]nother|[Ss]ome|[Mm]any|[Ss]everal|[Tt]wo|[Tt]hree)\s+(?:[\w-]+\s+){0,3}?(?:man|woman|official|diplomat|resident|farmer|"
    r"soldier|witness|analyst|expert|dentist|teacher|student|doctor|driver|trader|villager|aide|member|worker|protester|"
    r"source|people|critics?|observers?|officials|analysts|experts|diplomats|neighbou?r|shopkeeper|lawyer|mother|father)\b"
)


def find_quotes(text: str) -> list[Span]:
    """Quoted parts of a text in order; an unclosed quote ends with its paragraph."""
    quotes: list[Span] = []
    start: int | None = None
    single = False
    for mark in _MARK.finditer(text):
        sign = mark[0]
        if start is None:
            if sign in "“\"«'‘" and _opens(text, mark.start()):
                start, single = mark.start(), sign in "'‘"
        elif sign in ("'’" if single else '”"»'):
            quotes.append(Span(start, mark.end()))
            start = None
        elif sign == "\n":
            quotes.append(Span(start, mark.start()))
            start = None
    if start is not None:
        quotes.append(Span(start, len(text)))
    return quotes


def _opens(text: str, offset: int) -> bool:
    """Whether a straight mark opens a quote: a word stands after it and none before."""
    after = text[offset + 1 : offset + 2]
    return bool(after) and not after.isspace() and not text[offset - 1 : offset].isalnum()


def quote_at(quotes: Sequence[Span], offset: int) -> Span | None:
    """The quote that an offset lies in."""
    index = bisect_right(quotes, (offset, 1 << 60)) - 1
    return quotes[index] if index >= 0 and offset < quotes[index].end else None


def speaker_beside(
    text: str, quote: Span, sentence: Span, mentions: Sequence[Mention], next_quote: int
) -> tuple[str, ...] | None:
    """Who is said to speak a quote, by the words around it within its sentence.

    Args:
        text: The article's text.
        quote: The quote.
        sentence: The sentence that its nearest words belong to.
        mentions: Mentions outside quotes, in order, of that sentence.
        next_quote: Where the next quote starts.

    Returns:
        The speaking actor; nothing in the tuple for somebody unnamed; None where no verb of saying stands near.
    """
    stop = min(sentence.end, next_quote)
    for verb in SAYS.finditer(text, quote.end, max(stop, quote.end)):
        if verb.start() - quote.end > 80:
            break
        found = _subject_of(text, verb, quote.end, stop, mentions)
        if found is not None:
            return found
    verbs = list(SAYS.finditer(text, min(sentence.start, quote.start), quote.start))
    for verb in reversed(verbs):
        found = _subject_of(text, verb, sentence.start, quote.start, mentions)
        if found is not None:
            return found
    return None


def _subject_of(
    text: str, verb: re.Match[str], start: int, stop: int, mentions: Sequence[Mention]
) -> tuple[str, ...] | None:
    before = [m for m in mentions if start <= m.start and m.end <= verb.start() and m.kind != "demonym"]
    after = [m for m in mentions if verb.end() <= m.start < stop and m.start - verb.end() < 8 and m.kind != "demonym"]
    between = text[before[-1].end if before else start : verb.start()]
    if (not before and _NOBODY.search(between)) or _NOBODY.match(text, verb.end() + 1, stop):
        return ()
    if before and len(between) < 60:
        return _leader(text, before)
    if after:
        return after[0].actors
    if before and verb.start() - before[0].end < 160:
        return before[0].actors
    return None


def _leader(text: str, before: Sequence[Mention]) -> tuple[str, ...]:
    """Of the mentions before a verb the one that is its subject: none that a preposition governs."""
    for mention in reversed(before):
        if not re.search(
            r"\b(?:of|in|at|to|with|from|for|by|on|and|whose|against)\s+(?:the\s+)?$", text[: mention.start][-14:]
        ):
            return mention.actors
    return before[-1].actors
