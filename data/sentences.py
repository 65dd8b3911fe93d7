"""Text to sentences with exact character offsets.

The boundaries come from sentencex (Wikimedia's rule-based segmenter); the rules here add what news needs: line breaks
end a headline, a quote of several sentences is taken apart, abbreviations before a name or a date do not end one.
"""

from __future__ import annotations

import re

from sentencex import get_sentence_boundaries  # type: ignore[attr-defined]

from .schema import Span

_OPENING = "\"'“‘«([–—-"
_CLOSING = "\"'”’»)]"

# A full stop, question or exclamation mark that may hide a boundary inside what sentencex took as one sentence:
# a quote of several sentences, or a missing space (*Asia.Russian*).
_INNER_END = re.compile(
    rf"(?<=[a-z0-9%\)\]”’\"'])[.?!]+[{re.escape(_CLOSING)}]*(?:(?P<space>\s+)|(?=[A-Z][a-z]+[ ’']))"
    rf"(?=[{re.escape(_OPENING)}]*[A-Z0-9])"
)

# Words whose full stop does not end a sentence when a name, a number or a month follows.
_ABBREVIATIONS = frozenset(
    """adm amb atty ave brig capt cmdr co col corp cpl dem det dr fr gen gov hon inc jr lt ltd maj messrs mr mrs ms mt
    mx no nos op pres prof rep reps rev sec sen sens sgt sr st supt vs rs u.s u.k u.n d.c e.g i.e a.m p.m u.s.s
    jan feb mar apr jun jul aug sept sep oct nov dec mon tue tues wed thu thur thurs fri sat sun art para cf al
    dept spc ret est approx maj-gen lt-gen""".split()
)
_LAST_WORD = re.compile(r"([A-Za-z][A-Za-z.\-]*)\.$")
_LETTER_ONLY = re.compile(r"(?:^|[\s.(\-])[A-Z]\.$")

# *The U.S. said* goes on; *in the U.S. The talks* does not: after these the next word decides.
_DOTTED = re.compile(r"(?:\b[A-Z]\.){2,}$|\b(?:a|p)\.m\.$")
_STARTERS = frozenset(
    """The A An In On At He She It They We I But And This That These Those There His Her Their Its As If When While
    After Before However Meanwhile Since For With By From Now Some Many Most No Not Yet So Both Last Earlier
    Later Under Among Asked Speaking According Despite Although Even Another Our You What Why How Who Where""".split()
)
_FIRST_WORD = re.compile(rf"[\s{re.escape(_OPENING)}]*([A-Za-z]+)")
_BLANK_LINE = re.compile(r"\s*\n\s*")


def split_sentences(text: str) -> list[Span]:
    """Splits a text into sentences.

    Args:
        text: Any text; line breaks end a sentence.

    Returns:
        The sentences in order, without surrounding white space; they do not overlap, and every character that is not
        white space lies in exactly one of them.
    """
    spans: list[Span] = []
    for line in _lines(text):
        start = line.start
        for end in _boundaries(text[line.start : line.end], line.start):
            span = _strip(text, start, end)
            if span.start < span.end:
                spans.append(span)
            start = end
    return spans


def _lines(text: str) -> list[Span]:
    """Runs of text between line breaks: a headline, a dateline, a list item never joins the next line."""
    lines, start = [], 0
    for gap in _BLANK_LINE.finditer(text):
        lines.append(Span(start, gap.start()))
        start = gap.end()
    lines.append(Span(start, len(text)))
    return [line for line in lines if line.start < line.end]


def _boundaries(line: str, offset: int) -> list[int]:
    """Ends of the sentences of one line, as offsets into the article."""
    cuts = {found["end_index"] for found in get_sentence_boundaries("en", line)}
    cuts |= {match.end() for match in _INNER_END.finditer(line)}
    kept = [cut for cut in sorted(cuts) if 0 < cut < len(line) and _ends_sentence(line, cut)]
    return [offset + cut for cut in [*kept, len(line)]]


def _ends_sentence(line: str, cut: int) -> bool:
    before, after = line[:cut].rstrip(), line[cut:].lstrip()
    if not after or not before:
        return False
    bare = before.rstrip(_CLOSING)
    if not bare or bare[-1] not in ".?!…:;":
        return bare[-1:] not in {",", "-"} and before[-1] in _CLOSING and bare[-1:] in ".?!"
    if after[0].islower():
        return False
    if not bare.endswith("."):
        return bare[-1] in ".?!…"
    return not _is_abbreviation(bare, after)


def _is_abbreviation(before: str, after: str) -> bool:
    first = _FIRST_WORD.match(after)
    starts_new = first is not None and first[1] in _STARTERS
    tail = before[-24:]
    if _DOTTED.search(tail):
        return not starts_new
    if _LETTER_ONLY.search(tail):
        return True
    word = _LAST_WORD.search(tail)
    if word is None or word[1].lower() not in _ABBREVIATIONS:
        return False
    # *No.* and *Sun.* are words as well: only a number or a name after them makes an abbreviation.
    if word[1].lower() in {"no", "nos", "op", "art", "para"}:
        return after[0].isdigit()
    return not (starts_new and word[1].lower() in {"co", "corp", "inc", "ltd", "jr", "sr"})


def _strip(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)
