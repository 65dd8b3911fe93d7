"""Which positions of a run are kept."""

from __future__ import annotations

from dataclasses import dataclass

from ..data.schema import Position


@dataclass(frozen=True)
class PositionFilter:
    """Keeps positions of a kind that are sure enough.

    Attributes:
        kind: ``stance``, ``sentiment`` or ``all``.
        min_confidence: Least confidence.
    """

    kind: str = "all"
    min_confidence: float = 0.0

    def __call__(self, position: Position) -> bool:
        """Whether a position is kept."""
        return self.kind in ("all", position.kind) and position.confidence >= self.min_confidence
