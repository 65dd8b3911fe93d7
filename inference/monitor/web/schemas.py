"""What the JSON API takes and gives."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Period = Literal["day", "week", "month"]
PositionKind = Literal["stance", "sentiment"]
Label = Literal["support", "oppose", "neutral", "positive", "negative"]
AlertKind = Literal["shift", "drift", "health"]
AlertState = Literal["open", "snoozed", "acknowledged", "recorded"]
MOST_CHARACTERS = 100_000
"""Characters of a text to score."""


def _writable(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("holds half a character (a lone surrogate)") from error
    return text


Text = Annotated[str, AfterValidator(_writable)]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TextToScore(_Given):
    """An article to score."""

    text: Text = Field(min_length=1, max_length=MOST_CHARACTERS, examples=["Japan imposed new sanctions on Russia."])
    title: Text | None = Field(None, max_length=1000)
    published: date | None = None
    speaker: Text | None = Field(None, max_length=300, description="Who I and we are in a speech or statement.")


class ScoredPosition(BaseModel):
    """One position of a scored text; offsets count characters of the text."""

    sentence: int
    start: int
    end: int
    text: str
    kind: PositionKind
    actor: str
    issue: str
    label: Label
    confidence: float
    object: list[str]


class Scored(BaseModel):
    """What the model says of a text."""

    model: str
    positions: list[ScoredPosition]


class StoredPosition(ScoredPosition):
    """One position of an article in the database."""

    id: int
    article: int = Field(description="Number of the article here.")
    article_id: str = Field(description="The article's own id.")
    story: str = Field(description="Common to all copies of a story.")
    published: date
    model: str
    title: str | None
    source: str | None
    url: str | None


class Positions(BaseModel):
    """A page of positions."""

    positions: list[StoredPosition]
    next: str | None = Field(description="Give it as `cursor` for the next page; null after the last one.")


class SeriesEntry(BaseModel):
    """One actor on one issue, as one model reads it."""

    id: int
    model: str
    issue: str
    actor: str
    object: str = Field(description="Empty for all objects together.")
    version: int = Field(description="Counts its changes.")


class SeriesList(BaseModel):
    """A page of series."""

    series: list[SeriesEntry]
    next: int | None = Field(description="Give it as `after` for the next page; null after the last one.")


class SeriesPoint(BaseModel):
    """One bin of a series."""

    start: date = Field(description="Its first day.")
    net: float | None = Field(description="1 all support, -1 all oppose; null where there is no story.")
    low: float = Field(description="Lower end of the 95 % interval.")
    high: float
    support: float = Field(description="Adjusted shares.")
    oppose: float
    neutral: float
    stories: int
    articles: int


class SeriesPoints(BaseModel):
    """A series with its points."""

    series: SeriesEntry
    period: Period
    points: list[SeriesPoint]
    earlier: date | None = Field(description="Give it as `until` for the points before; null where there are none.")


class AlertEntry(BaseModel):
    """An alert; `details` of a shift hold its figures and the sentences before and after it."""

    id: int
    kind: AlertKind
    state: AlertState
    subject: str
    title: str
    details: dict[str, Any]
    series: int | None
    began: date | None
    found: date | None
    raised: datetime
    delivered: datetime | None
    acknowledged: datetime | None
    acknowledged_by: str | None
    note: str | None
    snoozed: datetime | None


class Alerts(BaseModel):
    """A page of alerts, the newest first."""

    alerts: list[AlertEntry]
    next: int | None = Field(description="Give it as `before` for the next page; null after the last one.")


class Acknowledgement(_Given):
    """Who takes note of an alert, and what they have to say of it."""

    by: Text | None = Field(None, max_length=200)
    note: Text | None = Field(None, max_length=2000)


class Snooze(_Given):
    """For how many days the alerts on a subject are kept back; 0 ends that."""

    days: int = Field(ge=0, le=365)


class LastRun(BaseModel):
    """The last time that a source was asked."""

    source: str
    finished: datetime
    error: str | None


class Health(BaseModel):
    """What the service says of itself while the database answers."""

    status: Literal["ok"] = "ok"
    database: Literal["answers"] = "answers"
    last_run: LastRun | None
    newest_article: datetime | None = Field(description="When it was taken in; UTC.")
    newest_article_hours: float | None
    failing_sources: int


class Down(BaseModel):
    """What it says when the database does not answer."""

    status: Literal["down"] = "down"
    database: Literal["does not answer"] = "does not answer"


class Problem(BaseModel):
    """What is wrong with a request, in one line."""

    detail: str
