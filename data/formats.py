"""Raw records out of one open input: encodings, JSON, delimited text and Parquet."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from .schema import ARTICLE_FIELDS, Rejected

SAMPLE_BYTES = 1 << 20
MAX_JSON_BYTES = 256_000_000
CONTROL_SHARE = 0.05
PARQUET_BATCH_ROWS = 64

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is a prefix of it
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SINGLE_BYTE = [*(f"cp125{digit}" for digit in range(9)), "koi8_r", "koi8_u", "iso8859_2"]
_MULTI_BYTE = ["gb18030", "big5", "cp932", "euc_jp", "cp949"]
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_META_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)


class UnreadableError(Exception):
    """A whole input that cannot be used; the message is the reason of its ``Rejected``."""


@dataclass(frozen=True)
class Columns:
    """The input column (or JSON key) that holds each field of an article."""

    id: str = "id"
    text: str = "text"
    title: str = "title"
    published: str = "published"
    source: str = "source"
    url: str = "url"
    speaker: str = "speaker"

    def pick(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row's values by article field; fields without a column are left out."""
        names = {field: getattr(self, field) for field in ARTICLE_FIELDS}
        return {field: row[name] for field, name in names.items() if name in row}

    def require(self, names: Iterable[str]) -> None:
        """Check a table's header.

        Raises:
            UnreadableError: The text column, or another one that was asked for by name, is not there.
        """
        present = list(names)
        for field in ARTICLE_FIELDS:
            wanted = getattr(self, field)
            if wanted not in present and (field == "text" or wanted != field):
                advice = f"name the column with --{field}-column NAME"
                raise UnreadableError(f"no column {wanted!r}; its columns are {listed(present)}; {advice}")


@dataclass(frozen=True, slots=True)
class Record:
    """Unchecked values of one article, by article field."""

    where: str
    values: Mapping[str, Any]
    default_id: str | None = None


Records = Iterator[Record | Rejected]


@dataclass(frozen=True, slots=True)
class Source:
    """One open input.

    Attributes:
        where: Its name in messages.
        stream: Its bytes, already unzipped, with a buffer of ``SAMPLE_BYTES`` to peek into.
        columns: The columns to read.
        max_chars: The longest text an article may have.
        path: Its path; None for standard input.
        size: Its size on disk in bytes, where that is the size of the stream.
        article_id: The id of its article, if it is one article and not a table of them.
    """

    where: str
    stream: io.BufferedReader
    columns: Columns
    max_chars: int
    path: Path | None = None
    size: int | None = None
    article_id: str | None = None


def listed(names: Iterable[object], most: int = 20) -> str:
    """Quoted names on one line, cut after ``most``."""
    quoted = [repr(str(name)) for name in names]
    return ", ".join(quoted[:most] + ["..."] * (len(quoted) > most)) or "none"


def allow_long_fields(chars: int) -> None:
    """Raise the csv module's process-wide field limit to ``chars``; never lower it for somebody else."""
    csv.field_size_limit(max(csv.field_size_limit(), chars))


def detect_encoding(data: bytes, html: bool = False) -> str:
    """Name a codec for the bytes: byte order mark, UTF-8, an HTML page's own word, then a guess."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return encoding
    if _is_utf8(data):
        return "utf-8"
    declared = _declared_encoding(data) if html else None
    return declared or _guessed_encoding(data[:SAMPLE_BYTES])


def _is_utf8(data: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)  # not final: a sample may end inside a character
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
        bad = text.count("\ufffd")
        # A few damaged bytes in UTF-8 are no reason to misread every good character of the file.
        return len(text) - len(text.encode("ascii", "ignore")) - bad > bad
    return True


def _declared_encoding(data: bytes) -> str | None:
    found = _META_CHARSET.search(data[:4096])
    name = found[1].decode("ascii", "replace").lower() if found else ""
    if not name or name.startswith("utf"):  # it is no UTF, or it would have been recognised
        return None
    try:
        bytes(range(256)).decode(name, "replace")  # some names stand for codecs that are not for text: "hex"
    except (LookupError, ValueError):
        return None
    return name


def _guessed_encoding(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    whole_lines = sample[: sample.rfind(b"\n") + 1] or sample
    high = len(whole_lines) - len(whole_lines.decode("ascii", "ignore"))
    # Left alone the guesser reads a Spanish name in an English text as Chinese, and n-tilde as a DOS box character.
    candidates = _SINGLE_BYTE + (_MULTI_BYTE if high * 5 > len(whole_lines) else [])
    matches = list(from_bytes(whole_lines, cp_isolation=candidates))
    if not matches:
        return "cp1252"
    best = matches[0]
    tied = (other.encoding for other in matches if (other.chaos, other.coherence) == (best.chaos, best.coherence))
    return "cp1252" if "cp1252" in tied else best.encoding


def _checked_encoding(sample: bytes, html: bool = False) -> str:
    encoding = detect_encoding(sample, html)
    head = sample[:SAMPLE_BYTES].decode(encoding, "replace")
    wide = encoding.startswith(("utf-16", "utf-32"))
    if (b"\0" in sample and not wide) or len(_CONTROL.findall(head)) > CONTROL_SHARE * len(head):
        raise UnreadableError("looks like binary data, not text (UTF-16 text needs a byte order mark)")
    return encoding


def _open_text(source: Source, newline: str | None = None) -> io.TextIOWrapper:
    sample = source.stream.peek(SAMPLE_BYTES)
    if not sample:
        raise UnreadableError("the file is empty")
    return io.TextIOWrapper(source.stream, _checked_encoding(sample), "replace", newline)


def read_whole(source: Source, limit: int, advice: str, html: bool = False) -> str:
    """The whole input as text, line ends untouched.

    Raises:
        UnreadableError: It has more than ``limit`` bytes, or is not text.
    """
    too_long = source.size is not None and source.size > limit
    data = b"" if too_long else source.stream.read(limit + 1)
    if too_long or len(data) > limit:
        size = f"{source.size / 1e6:.1f} MB" if source.size else "too many bytes"
        raise UnreadableError(f"the file has {size}, the limit is {limit / 1e6:g} MB: {advice}")
    return data.decode(_checked_encoding(data, html), "replace")


def read_jsonl(source: Source) -> Records:
    """One record a line; a broken line is rejected and the next one read."""
    with _open_text(source) as lines:
        yield from _json_lines(source, lines)


def _json_lines(source: Source, stream: io.TextIOBase) -> Records:
    limit = 6 * source.max_chars + SAMPLE_BYTES  # every character may be written as \uXXXX
    for number, line, length in _bounded_lines(stream, limit):
        where = f"{source.where}:{number}"
        if length > limit:
            yield Rejected(where, f"the line has {length:,} characters, the limit is {limit:,}: split the article")
        elif line.strip():
            yield _json_line(where, line, source.columns)


def _bounded_lines(stream: io.TextIOBase, limit: int) -> Iterator[tuple[int, str, int]]:
    """Number, beginning and full length of each line, holding no more than ``limit`` characters of it."""
    number = 0
    while line := stream.readline(limit):
        number += 1
        length, end = len(line), line
        while not end.endswith("\n") and (end := stream.readline(limit)):
            length += len(end)
        yield number, line, length


def _json_line(where: str, line: str, columns: Columns) -> Record | Rejected:
    try:
        return _json_record(where, load_json(line), columns)
    except json.JSONDecodeError as exc:
        return Rejected(where, f"broken JSON: {exc.msg} at column {exc.colno}")
    except ValueError as exc:
        return Rejected(where, f"broken JSON: {exc}")


def load_json(text: str) -> Any:
    """Parse JSON.

    Raises:
        ValueError: It is broken, or nested deeper than Python can follow.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _json_record(where: str, value: Any, columns: Columns) -> Record | Rejected:
    if not isinstance(value, dict):
        return Rejected(where, f"not a JSON object but a {type(value).__name__}")
    if columns.text not in value:
        reason = f"no key {columns.text!r}; its keys are {listed(value)}; name the key with --text-column NAME"
        return Rejected(where, reason)
    return Record(where, columns.pick(value))


def read_json(source: Source) -> Records:
    """A list of records, one record, or an object that holds a list under ``articles`` or ``data``."""
    advice = "convert it to JSON Lines (.jsonl, one record a line)"
    text = read_whole(source, MAX_JSON_BYTES, advice)
    if not text.strip():
        raise UnreadableError("the file is empty")
    try:
        value = load_json(text)
    except json.JSONDecodeError as exc:
        if exc.msg == "Extra data" and "\n" not in text[: exc.pos].strip():
            return _json_lines(source, io.StringIO(text))  # JSON Lines under a .json name
        raise UnreadableError(f"broken JSON: {exc}") from exc
    except ValueError as exc:
        raise UnreadableError(f"broken JSON: {exc}") from exc
    return _json_records(source, value)


def _json_records(source: Source, value: Any) -> Records:
    if isinstance(value, dict) and source.columns.text not in value:
        lists = (value[key] for key in ("articles", "data") if isinstance(value.get(key), list))
        value = next(lists, value)
    if not isinstance(value, list):
        yield _json_record(source.where, value, source.columns)
        return
    for number, item in enumerate(value, 1):
        yield _json_record(f"{source.where}:record {number}", item, source.columns)


class _CsvLines(Iterator[str]):
    """Lines for ``csv.reader`` that know their number and whether a quoted field is still open."""

    def __init__(self, stream: io.TextIOBase) -> None:
        self._stream = stream
        self.number = 0
        self.quotes = 0

    def __next__(self) -> str:
        line = next(self._stream)
        self.number += 1
        self.quotes += line.count('"')
        return line

    def skip_record(self) -> None:
        """Pass over the lines that an abandoned record still has."""
        while self.quotes % 2 and next(self, None) is not None:
            pass


def read_csv(source: Source, delimiters: str = ",;\t|") -> Records:
    """One record a row, under a header; the delimiter is the one its first line has most of."""
    allow_long_fields(2 * source.max_chars)
    with _open_text(source, newline="") as stream:
        yield from _csv_records(source, _CsvLines(stream), delimiters)


def _csv_records(source: Source, lines: _CsvLines, delimiters: str) -> Records:
    first = next(lines)
    rows = csv.reader(chain([first], lines), delimiter=max(delimiters, key=first.count))
    header = [name.strip() for name in next(rows)]
    source.columns.require(header)
    for number, row in _csv_rows(rows, lines):
        where = f"{source.where}:{number}"
        if isinstance(row, str):
            yield Rejected(where, f"{row}: split the article, or close its quotes")
        elif len(row) > len(header):
            extra = f"the row has {len(row)} fields, the header {len(header)}"
            yield Rejected(where, f"{extra}: put fields that contain the delimiter in double quotes")
        elif row:
            yield Record(where, {"text": None} | source.columns.pick(dict(zip(header, row, strict=False))))


def _csv_rows(rows: Iterator[list[str]], lines: _CsvLines) -> Iterator[tuple[int, list[str] | str]]:
    """Line number and fields of each row, or the csv module's complaint about it."""
    while True:
        number, lines.quotes = lines.number + 1, 0
        try:
            row = next(rows, None)
        except csv.Error as exc:
            lines.skip_record()
            yield number, str(exc)
            continue
        if row is None:
            return
        yield number, row


def read_parquet(source: Source) -> Records:
    """One record a row, read in small batches.

    Raises:
        UnreadableError: It is no Parquet file, is damaged, lacks the text column, or is standard input.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if source.path is None:
        raise UnreadableError("Parquet cannot be read from standard input: give the name of a file")
    try:
        with pq.ParquetFile(source.path) as file:
            yield from _parquet_records(source, file)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as exc:
        raise UnreadableError(f"not a readable Parquet file: {' '.join(str(exc).split())}") from exc


def _parquet_records(source: Source, file: Any) -> Records:
    names = file.schema_arrow.names
    source.columns.require(names)
    wanted = {getattr(source.columns, field) for field in ARTICLE_FIELDS}
    batches = file.iter_batches(PARQUET_BATCH_ROWS, columns=[name for name in names if name in wanted])
    number = 0
    for batch in batches:
        for row in batch.to_pylist():
            number += 1
            yield Record(f"{source.where}:row {number}", source.columns.pick(row))
