"""An alert in words: a title, a plain text and the link to its evidence."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .alerts import SHIFT, Alert

_JOINERS = "\u200c\u200d"


@dataclass(frozen=True)
class Message:
    """An alert in words.

    Attributes:
        title: One line.
        body: Plain text; its last line is the link to the evidence.
        alert: The alert.
        link: The link.
    """

    title: str
    body: str
    alert: Alert
    link: str


def make_message(alert: Alert, page: str) -> Message:
    """An alert in words."""
    link = f"{page.rstrip('/')}/alerts/{alert.id}"
    lines = _shift_lines(alert.details) if alert.kind == SHIFT else alert.details.get("lines", ())
    body = "\n".join([*map(plain, lines), "", f"Evidence: {link}"])
    return Message(plain(alert.title), body.strip(), alert, link)


def _shift_lines(details: dict[str, Any]) -> Iterable[str]:
    yield (
        f"Net stance {details['before']:+.2f} before ({details['stories_before']} stories),"
        f" {details['after']:+.2f} after ({details['stories_after']} stories)."
    )
    yield f"Size of the shift: {details['low']:+.2f} to {details['high']:+.2f} (95 % interval)."
    yield f"Began {details['began']}, found {details['found']}, read by {details['model']}."
    for when in ("before", "after"):
        yield ""
        yield f"{when.capitalize()}:"
        for one in details[f"sentences_{when}"]:
            yield f"- {one['published']}, {one['source'] or one['article']} ({one['label']}): {one['text']}"


def plain(text: str) -> str:
    """A text on one line, without characters that control a terminal, end a mail's header or turn the writing round."""
    kept = (" " if unicodedata.category(one) in ("Cc", "Zl", "Zp") else one for one in text)
    return " ".join("".join(o for o in kept if o in _JOINERS or unicodedata.category(o) not in ("Cf", "Cs")).split())
