"""Labels of text that is not ours: they stand apart from it, and find it again by id, position and checksum."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .corpus import LabelledArticle, parse_labelled, read_records
from .errors import StancewireError

_ID = ("id", "primary_gid")
_TEXT = ("text", "sentence_normalized")


def checksum(text: str) -> str:
    """SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_standoff(labels: str | Path, source: str | Path) -> Iterator[LabelledArticle]:
    """Joins standoff labels to the text that they are of.

    Args:
        labels: A JSON Lines file of labelled articles with ``sha256`` of the text in place of the text.
        source: The file of the text, JSON Lines with ``id`` and ``text`` (NewsMTSC's names for the two will do).

    Raises:
        StancewireError: A file is missing or malformed, or a text is missing or not the one that was labelled.
    """
    texts = dict(_texts(Path(source)))
    for where, record in read_records(Path(labels)):
        name = str(record.get("id"))
        if name not in texts:
            raise StancewireError(f"{where}: {source} has no text {name!r}; name the file that was labelled")
        if checksum(texts[name]) != record.get("sha256"):
            message = f"{where}: text {name!r} in {source} is not the one that was labelled; get that version"
            raise StancewireError(message)
        yield parse_labelled(record | {"text": texts[name]}, where)


def _texts(source: Path) -> Iterator[tuple[str, str]]:
    for where, record in read_records(source):
        yield str(_first(record, _ID, where)), _first(record, _TEXT, where)


def _first(record: dict[str, Any], names: tuple[str, ...], where: str) -> Any:
    for name in names:
        if name in record:
            return record[name]
    raise StancewireError(f"{where}: has no {' or '.join(names)}")
