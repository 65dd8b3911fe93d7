"""Dates of articles, as the many ways that they are written in: one reading of them for every way in."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

_ISO = re.compile(r"\d{4}-|\d{8}(?!\d)")


def iso_date(value: Any) -> str | None:
    """``YYYY-MM-DD`` out of a date, an ISO 8601 or an RFC 2822 string; None when it is no date."""
    if value is None or (isinstance(value, float | datetime) and value != value):  # NaN and NaT differ from self
        return None
    if isinstance(value, date):
        return value.isoformat()[:10]
    text = str(value).strip()
    try:
        return (_parse_iso(text) if _ISO.match(text) else _parse_mail(text)).date().isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _parse_iso(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.fromisoformat(text[:10])  # "2024-01-05 10:00 CET" still has its date


def _parse_mail(text: str) -> datetime:
    from email.utils import parsedate_to_datetime

    return parsedate_to_datetime(text)
