"""Transcripts: which label (*SPOKESMAN:*, *Q:*, *SEN. HALE:*) speaks which part of a text."""

from __future__ import annotations

import re
from typing import NamedTuple

_LABEL = re.compile(
    r"(?:^|(?<=\n)|(?<=[.?!)\]”\"]\s)|(?<=[.?!]\s\s))"
    r"(?P<label>(?:[A-Z][A-Z.’'-]*[A-Z.]|[QA])(?:\s+[A-Z][A-Z.’'-]*[A-Z.]){0,4}"
    r"|Question|Answer|Reporter|Journalist|Interviewer|Moderator|Minister|President"
    r"|(?:Deputy )?Spokes(?:man|woman|person)"
    r")\s?:(?=\s)"
    # *Q  Is it true?* without a colon is how the White House writes it.
    r"|(?:^|(?<=\n))(?P<asks>Q)(?=\s+[A-Z][a-z])"
)
_ASKS = re.compile(
    r"(?:Q|QUESTION|QUESTIONER|REPORTER|MODERATOR|INTERVIEWER|PRESS|JOURNALIST|HOST|ANCHOR|UNIDENTIFIED\b.*)$"
)
_TITLE = re.compile(
    r"^(?:(?:MR|MRS|MS|DR|SEN|REP|GEN|GOV|AMB|LORD|LADY|BARONESS|SIR|SENATOR|SECRETARY|PRESIDENT|PRIME MINISTER|"
    r"MINISTER|FOREIGN MINISTER|REPRESENTATIVE|AMBASSADOR|CHAIRMAN|CONGRESSMAN|"
    r"CONGRESSWOMAN|GENERAL|ADMIRAL|UNDER SECRETARY|"
    r"VICE PRESIDENT|DEPUTY|ASSISTANT|ACTING|SPOKESPERSON|LEADER)\.?\s+)+"
)
_PEERS = ("LORD", "LADY", "BARONESS", "SEN", "REP", "CONGRESS", "GOV")


class Turn(NamedTuple):
    """One speaker's part of a transcript.

    Attributes:
        start: First character of the label.
        label_end: One past the label, before the colon.
        end: Where the next label starts.
        surname: Surname in ordinary case, or empty for a role.
        asks: Whether a reporter asks.
        for_himself: Whether the label's title is one of those who speak for themselves.
    """

    start: int
    label_end: int
    end: int
    surname: str
    asks: bool
    for_himself: bool


def find_turns(text: str) -> list[Turn]:
    """Turns of a transcript in order; none where a single label is all and has no title."""
    labels = list(_LABEL.finditer(text))
    if not labels or (len(labels) == 1 and not _TITLE.match(labels[0]["label"] or "")):
        return []
    ends = [label.start() for label in labels[1:]] + [len(text)]
    return [_turn(label, end) for label, end in zip(labels, ends, strict=True)]


def _turn(label: re.Match[str], end: int) -> Turn:
    words = (label["label"] or label["asks"]).upper()
    bare = _TITLE.sub("", words)
    named = bare != words or " " in words
    asks = _ASKS.match(words) is not None
    is_role = not named or re.search(r"OFFICIAL|SPOKES|VOICE|STAFF|MINISTER$|SECRETARY$|PRESIDENT$", bare) is not None
    surname = "" if is_role or asks else _ordinary(bare)
    return Turn(label.start(), label.start() + len(words), end, surname, asks, words.startswith(_PEERS))


def _ordinary(name: str) -> str:
    """A name in capitals as it is written in text: *VAN HOLLEN* to *Van Hollen*."""
    return re.sub(r"[A-Z][A-Z’']*", lambda word: word[0].capitalize(), name).strip()


def titled_name(label: str, surname: str) -> str:
    """The name of an unknown speaker, with a title that belongs to it: *Lord Pell*."""
    first = label.split()[0].rstrip(".").capitalize()
    return f"{first} {surname}" if first in ("Lord", "Lady", "Baroness") else surname
