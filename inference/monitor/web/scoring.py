"""The model behind ``POST /api/v1/score``: loaded when it is first asked, one text at a time."""

from __future__ import annotations

from threading import BoundedSemaphore, Lock

from fastapi import HTTPException

from ....data.schema import Article, Position
from ...scorer import Scorer

WAITING = 4
"""Texts that may wait; one more is sent away."""


class Scoring:
    """Scores texts.

    Args:
        model: Model folder, MLflow address or Hub name; None is the model that ships.
    """

    def __init__(self, model: str | None = None) -> None:
        self._model = model
        self._scorer: Scorer | None = None
        self._one, self._places = Lock(), BoundedSemaphore(1 + WAITING)

    def score(self, article: Article) -> tuple[str, list[Position]]:
        """Name of the model, and what it says of an article.

        Raises:
            HTTPException: Too many texts wait already.
            StancewireError: The model cannot be loaded.
        """
        if not self._places.acquire(blocking=False):
            raise HTTPException(503, "too many texts wait to be scored; try again in a moment", {"Retry-After": "2"})
        try:
            with self._one:
                if self._scorer is None:
                    self._scorer = Scorer.from_pretrained(self._model)
                return self._scorer.model.config.full_name, self._scorer.score(article)
        finally:
            self._places.release()
