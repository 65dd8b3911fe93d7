"""Whom or where a position concerns, by a rule over the names that stand near the cues of its issue.

*Sanctions on Iran*, *recognised Kosovo*, *troops in Mali*, *US forces*: a name that a cue governs is the object. Where
a sentence has none, it is the one that the rest of the article names so most often, and failing that the nearest other
name. ``stancewire evaluate`` prints how often that is right.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from .issues import Issue
from .schema import Mention, Span

_NAMING = frozenset({"name", "title", "demonym", "metonym", "description", "group"})
_LINKS = frozenset(
    {"on", "against", "of", "in", "from", "at", "with", "to", "toward", "towards", "for", "upon", "over"}
)
_BREAKS = frozenset({",", ";", ":", ".", "and", "as", "but", "by", "while"})
_TOKEN = re.compile(r"[\w'’-]+|[,;:.]")
_FARTHEST = 6
"""Words that may stand between a cue and the name that it governs."""


class ObjectFinder:
    """The objects of an article's positions on one issue.

    Args:
        text: The article's text.
        sentences: Its sentences.
        mentions: The mentions of each sentence.
        issue: The issue.
    """

    def __init__(
        self, text: str, sentences: Sequence[Span], mentions: Sequence[Sequence[Mention]], issue: Issue
    ) -> None:
        self.mentions, self.issue = mentions, issue
        # A measure has one target; forces have an owner and a place.
        self.most = 2 if issue.has_owner else 1
        self._governed = [
            list(dict.fromkeys(_governed(text, sentence, named, issue)))
            for sentence, named in zip(sentences, mentions, strict=True)
        ]
        self._tally = Counter(name for names in self._governed for name in names)

    def find(self, sentence: int, actor: str) -> list[str]:
        """The object of a position.

        Args:
            sentence: Index of its sentence.
            actor: Who holds it.

        Returns:
            At most two canonical names where the issue has an owner, else one; empty where nobody is named.
        """
        found = self._governed[sentence][: self.most]
        if len(found) < self.most:
            usual = [name for name, _ in self._tally.most_common() if name not in found]
            found = [*found, *usual][: self.most]
        if len(found) < self.most:
            found = [*found, *(name for name in self._near(sentence, actor) if name not in found)][: self.most]
        return found

    def _near(self, sentence: int, actor: str) -> list[str]:
        """Whoever else the sentence names, or the one before it; of forces the holder too, who may be the owner."""
        for index in range(sentence, max(-1, sentence - 2), -1):
            others = _others(self.mentions[index], actor)
            if others:
                own = self.issue.has_owner and _is_named(self.mentions[index], actor)
                return [*others, actor] if own else others
        return []


def _governed(text: str, sentence: Span, mentions: Sequence[Mention], issue: Issue) -> Iterator[str]:
    """The names that a cue of the sentence governs; of forces also whose they are: *US troops*."""
    named = [mention for mention in mentions if mention.kind in _NAMING]
    for cue in issue.find_cues(text[sentence.start : sentence.end]):
        start, end = sentence.start + cue.start, sentence.start + cue.end
        after = next((mention for mention in named if mention.start >= end), None)
        if after is not None and _is_linked(_TOKEN.findall(text[end : after.start].lower())):
            yield from after.actors
        before = next((mention for mention in reversed(named) if mention.end <= start), None)
        if issue.has_owner and before is not None:
            between = _TOKEN.findall(text[before.end : start].lower())
            if len(between) <= 2 and not _BREAKS & set(between):
                yield from before.actors


def _is_linked(between: Sequence[str]) -> bool:
    short = len(between) <= 1 or (len(between) <= _FARTHEST and not _LINKS.isdisjoint(between))
    return short and _BREAKS.isdisjoint(between)


def _others(mentions: Sequence[Mention], actor: str) -> list[str]:
    own = [mention.start for mention in mentions if actor in mention.actors]
    first = own[0] if own else -1
    named = [m for m in mentions if m.kind in _NAMING and actor not in m.actors]
    named.sort(key=lambda mention: (mention.start < first, mention.start))
    return list(dict.fromkeys(name for mention in named for name in mention.actors))


def _is_named(mentions: Sequence[Mention], actor: str) -> bool:
    return any(actor in mention.actors and mention.kind in _NAMING for mention in mentions)
