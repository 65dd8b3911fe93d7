"""A model folder as MLflow's ``python_function``: a frame of articles in, the position table out.

``stancewire.training.flavour`` writes this module's name into the ``MLmodel`` file, and MLflow calls
:func:`_load_pyfunc`: a logged model holds weights and JSON and no pickled code, and loading it needs no torch.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.schema import Position
from .scorer import Scorer

if TYPE_CHECKING:
    import pandas as pd

NESTED = "nested"
"""Parameter of a call: one row an article, its positions as a list; what Spark needs."""


_SPARK_TYPES = {"str": "string", "int": "long", "float": "double", "list[str]": "array<string>"}
_FIELDS = ", ".join(f"{field.name} {_SPARK_TYPES[str(field.type)]}" for field in fields(Position))
SPARK_TYPE = f"struct<positions: array<struct<{_FIELDS}>>>"
"""What ``spark_udf`` gives for each article with that parameter, as Spark writes it."""


class ArticleFunction:
    """What MLflow calls.

    Args:
        scorer: Scores the articles.
    """

    def __init__(self, scorer: Scorer) -> None:
        self.scorer = scorer

    def predict(self, frame: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Scores a frame of articles.

        Args:
            frame: One article a row, as :meth:`Scorer.score_frame` takes it.
            params: ``{"nested": True}`` for one row an article with one column, ``positions``.

        Raises:
            StancewireError: A row has no text.
        """
        import pandas as pd

        if not (params or {}).get(NESTED):
            return self.scorer.score_frame(frame)
        rows = [[asdict(position) for position in found] for found in self.scorer.score_rows(frame)]
        return pd.DataFrame({"positions": rows})


def _load_pyfunc(data_path: str) -> ArticleFunction:
    """Called by MLflow with the folder of the logged data."""
    return ArticleFunction(Scorer.from_pretrained(Path(data_path)))
