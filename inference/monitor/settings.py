"""What the service watches, how often, and whom it tells: one YAML file."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from ...data.settings import Section, load_settings
from .shifts import FALSE_ALARMS
from .store import DEFAULT_URL


class MonitorSettings(Section):
    """The settings of ``stancewire monitor run``.

    Attributes:
        database: SQLAlchemy's URL.
        model: Model folder, MLflow address or Hub name; None is the model that ships.
        sources: Feeds (http, https), and files, folders and position tables.
        interval_minutes: How often each source is asked.
        notify: Where alerts go: ``terminal``, ``file:PATH`` or Apprise's URLs.
        page: Address of the web page, for links in alerts.
        allow_private: Whether feeds and articles may lie at private addresses.
        host_delay_seconds: Least time between two requests to one host.
        history_days: Age of the articles that a new model reads before its series are shown.
        false_alarms: False alarms of shifts in a year, all series together; no series raises more than one.
    """

    database: str = DEFAULT_URL
    model: str | None = None
    sources: list[str] = Field(min_length=1)
    interval_minutes: float = Field(default=15, gt=0)
    notify: list[str] = ["terminal"]
    page: str = "http://127.0.0.1:8000"
    allow_private: bool = False
    host_delay_seconds: float = Field(default=2, ge=0)
    history_days: int = Field(default=365, ge=1)
    false_alarms: float = Field(default=FALSE_ALARMS, gt=0)


def load_monitor_settings(path: str | Path) -> MonitorSettings:
    """Reads the settings.

    Raises:
        StancewireError: The file is missing or broken, a key is unknown or a value does not fit.
    """
    return load_settings(path, MonitorSettings, "settings")
