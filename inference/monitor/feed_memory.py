"""What is remembered of a feed between two readings: its entries as they were, which were had, and which failed.

An entry is worked on when it is new or has changed. One whose article cannot be had is tried again, for a few days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

PATIENCE = timedelta(days=3)
"""For so long a page is asked for again; then the feed's own text is taken for the article, if there is any."""
NEXT_TRY = timedelta(days=1)
"""Until a page is asked for again that will hardly come, as it is not there or may not be read."""
CHANGES = timedelta(hours=1)
"""At most so often the changes of an entry are followed: some feeds change all of theirs at every reading."""
UNDATED = "undated"
"""Stamp of an entry that was taken without its date, which lay ahead."""


class EntryState(NamedTuple):
    """An entry as it was left; times are UTC without a zone.

    Attributes:
        stamp: What changes when the entry does.
        failed: Since when its article cannot be had; None if it was had.
        again: Not to be worked on before; None for one that failed is never.
    """

    stamp: str
    failed: datetime | None = None
    again: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether the time has come; one beyond any wait was set by a clock that has jumped since."""
        if self.again is None:
            return self.failed is None
        return not now < self.again <= now + NEXT_TRY

    def is_over(self, now: datetime) -> bool:
        """Whether it has failed for so long that it is tried for the last time."""
        return self.failed is not None and not timedelta(0) <= now - self.failed < PATIENCE


@dataclass(frozen=True)
class FeedState:
    """What a source said at the last reading, to be sent along at the next, and its entries; for the caller to keep.

    Attributes:
        etag: To send along, or empty.
        modified: To send along, or empty.
        entries: Those worked on, by the id of their article.
    """

    etag: str = ""
    modified: str = ""
    entries: Mapping[str, EntryState] = field(default_factory=dict, compare=False)
