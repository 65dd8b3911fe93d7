"""Whom or where an issue concerns, read off the actors that a sentence and the one before it name."""

from __future__ import annotations

from collections.abc import Sequence

from .schema import Mention

_NAMING = frozenset({"name", "title", "demonym", "metonym", "description", "group"})
_MOST = 3


def find_objects(mentions: Sequence[Sequence[Mention]], sentence: int, actor: str, issue: str) -> list[str]:
    """Lists the object of a position.

    For sanctions and recognition it is whoever else the sentence names, nearest after the actor first; for military
    presence it is those and the actor itself, whose forces or soil it is about. Where the sentence names nobody else,
    the sentence before it is read.

    Args:
        mentions: The mentions of each sentence.
        sentence: Index of the sentence.
        actor: Who holds the position.
        issue: The issue.

    Returns:
        At most three canonical names; empty where the text names none.
    """
    for index in (sentence, sentence - 1):
        if index < 0:
            break
        others = _others(mentions[index], actor)
        if others:
            own = [actor] if issue == "foreign_military_presence" and _is_named(mentions[index], actor) else []
            return (others + own)[:_MOST]
    return []


def _others(mentions: Sequence[Mention], actor: str) -> list[str]:
    own = [mention.start for mention in mentions if actor in mention.actors]
    first = own[0] if own else -1
    named = [m for m in mentions if m.kind in _NAMING and actor not in m.actors]
    named.sort(key=lambda mention: (mention.start < first, mention.start))
    return list(dict.fromkeys(name for mention in named for name in mention.actors))


def _is_named(mentions: Sequence[Mention], actor: str) -> bool:
    return any(actor in mention.actors and mention.kind in _NAMING for mention in mentions)
