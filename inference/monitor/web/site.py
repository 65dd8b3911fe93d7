"""What all pages share: the database, the clock, the token and the model that scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from fastapi import HTTPException, Request
from sqlalchemy.engine import Connection

from .. import queries
from ..models import current_model
from ..store import Store
from .access import Access
from .scoring import Scoring


@dataclass(frozen=True)
class Site:
    """What all pages share.

    Attributes:
        store: The database.
        access: Who may write.
        scoring: The model that scores texts.
        now: The clock: UTC, without a zone as the database has it.
    """

    store: Store
    access: Access
    scoring: Scoring
    now: Callable[[], datetime]

    def today(self) -> date:
        """The day, UTC."""
        return self.now().date()


def site_of(request: Request) -> Site:
    """The site of a request."""
    return request.app.state.site


def shown_model(connection: Connection, model: str | None) -> str:
    """The model whose series are shown: the one asked for, else the current one.

    Raises:
        HTTPException: There is none yet, or none of this name.
    """
    if model and not queries.is_known(connection, model):
        raise HTTPException(404, f"there is no model {model}")
    found = model or current_model(connection)
    if found is None:
        raise HTTPException(404, "there are no articles yet; take some in with `stancewire monitor ingest PATH`")
    return found
