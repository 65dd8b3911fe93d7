"""From paths to articles: finds the files, reads their records and checks each one."""

from __future__ import annotations

import glob
import gzip
import hashlib
import io
import os
import re
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

from .errors import StancewireError
from .formats import (
    SAMPLE_BYTES,
    Columns,
    Record,
    Records,
    Source,
    UnreadableError,
    detect_encoding,
    load_json,
    read_csv,
    read_json,
    read_jsonl,
    read_parquet,
    read_whole,
)
from .schema import Article, Rejected

__all__ = [
    "INPUT_FORMATS",
    "MAX_CHARS",
    "MAX_FILE_BYTES",
    "Columns",
    "RecordChecker",
    "count_records",
    "find_files",
    "read_articles",
]

MAX_CHARS = 5_000_000
MAX_FILE_BYTES = 20_000_000
STDIN: Literal["-"] = "-"
UNFINISHED = ".unfinished"
"""Ending of the folder in which a scoring run keeps its work: no input, even where it lies among the articles."""

_DEFAULT_COLUMNS = Columns()
_UNSTORABLE = re.compile(r"[\ud800-\udfff\0]")
_JSON_START = re.compile(r'\[\s*[{\]]|\{\s*["}]')
_WRAPPER_START = re.compile(r'\{\s*"(?:articles|data)"\s*:\s*\[')
_HTML_START = re.compile(r"<!doctype html|<html", re.IGNORECASE)

Input = Path | Literal["-"]


def find_files(paths: Sequence[str]) -> list[Input]:
    """Turn files, folders, glob patterns and ``-`` into files, each once, in the order given.

    Raises:
        StancewireError: A path does not exist, or a folder or pattern has nothing to read.
    """
    found: dict[str, Input] = {}
    for name in paths:
        try:
            matches = _expand(name)
        except (OSError, ValueError) as exc:  # a name too long, a folder without access, a null byte
            raise StancewireError(f"cannot look up {name[:100]!r}: {exc.args[-1]}") from exc
        for path in matches:
            found.setdefault(os.path.realpath(path) if isinstance(path, Path) else path, path)
    return list(found.values())


def _expand(name: str) -> list[Input]:
    if name == STDIN:
        return [STDIN]
    path = Path(name)
    if name and path.is_dir():
        return [*_folder_files(path)]
    if name and path.exists():
        return [path]
    if not any(char in name for char in "*?["):
        raise StancewireError(f"no such file or folder: {name!r}; check the spelling and the current folder")
    matches = map(Path, glob.glob(name, recursive=True))  # noqa: PTH207  Path.glob takes no absolute pattern
    files = sorted(match for match in matches if match.is_file())
    if not files:
        raise StancewireError(f"the pattern {name!r} matches no file; ** goes into folders, names are case-sensitive")
    return [*files]


def _folder_files(folder: Path) -> list[Path]:
    files: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and not name.endswith(UNFINISHED)]
        files += [Path(parent, name) for name in names if not name.startswith(".")]
    readable = sorted(file for file in files if _format_by_name(file) in READERS)
    if not readable:
        endings = " ".join(f".{name}" for name in READERS)
        raise StancewireError(f"nothing to read in the folder {str(folder)!r}; readable endings: {endings}")
    return readable


def _format_by_name(path: Path) -> str:
    """The file's ending without the dot and without ``.gz``."""
    name = path.with_suffix("") if _is_gzip(path) else path
    return name.suffix[1:].lower()


def _is_gzip(path: Path) -> bool:
    return path.suffix.lower() == ".gz"


def read_articles(
    paths: Sequence[str],
    columns: Columns = _DEFAULT_COLUMNS,
    format: str | None = None,
    max_chars: int = MAX_CHARS,
    path_ids: bool = False,
    on_no_date: Callable[[str, Any], None] | None = None,
    last_holds: bool = False,
) -> Iterator[Article | Rejected]:
    """Stream the articles of all inputs, with a ``Rejected`` in place of each one that cannot be scored.

    The paths are checked at the call; the files are opened one after the other while iterating.

    Args:
        paths: Files, folders, glob patterns, or ``-`` for standard input.
        columns: The input columns of tables and JSON records.
        format: One of ``INPUT_FORMATS`` for all inputs; by default each file's ending tells.
        max_chars: The longest text that is accepted.
        path_ids: Name an article that is a file of its own by its whole path; by its name it is called otherwise, as
            long as no other file that is read with it has the same.
        on_no_date: Told of each ``published`` that is no date, and so left out: its place and what stands there.
        last_holds: Of several records with one id only the last is given; otherwise the first, and the others are
            rejected. Files that may hold several records are read twice then, to know which is the last.

    Raises:
        StancewireError: A path or the format does not exist, or there is nothing to read.
    """
    if format is not None and format not in READERS:
        raise StancewireError(f"unknown input format {format!r}; choose one of: {', '.join(INPUT_FORMATS)}")
    files = find_files(paths)
    ids = _path_ids(files) if path_ids else _file_ids(files)

    def read(files: Sequence[Input], told: Callable[[str, Any], None] | None) -> Iterator[Article | Rejected]:
        check = RecordChecker(max_chars, told, unique=not last_holds)
        records = (record for file in files for record in _file_records(file, ids, columns, format, max_chars))
        return (check(record) if isinstance(record, Record) else record for record in records)

    if not last_holds:
        return read(files, on_no_date)
    # What is no file on the disk can be read but once: all of its records are given.
    on_disk = [file for file in files if isinstance(file, Path) and file.is_file()]
    several = [file for file in on_disk if _format_by_name(file) not in _ONE_ARTICLE]
    return _last_of_each(lambda: read(several, None), read(files, on_no_date))


def _last_of_each(
    before: Callable[[], Iterator[Article | Rejected]], records: Iterator[Article | Rejected]
) -> Iterator[Article | Rejected]:
    """The last article of each id, as known from reading them `before`, and all that was rejected."""
    left = Counter(record.id for record in before() if isinstance(record, Article))
    for record in records:
        if isinstance(record, Article):
            left[record.id] -= 1
            if left[record.id] > 0:
                continue
        yield record


def count_records(paths: Sequence[str], format: str | None = None) -> int | None:
    """About how many records the inputs hold, without reading them; None where only reading would tell.

    Raises:
        StancewireError: A path does not exist, or a folder or pattern has nothing to read.
    """
    total = 0
    for file in find_files(paths):
        found = None if file == STDIN or _is_gzip(file) else _count(file, format or _format_by_name(file))
        if found is None:
            return None
        total += found
    return total


def _count(path: Path, format: str) -> int | None:
    try:
        if format == "parquet":
            import pyarrow.parquet as pq

            return pq.read_metadata(path).num_rows
        if format in ("jsonl", "ndjson", "csv", "tsv"):
            with path.open("rb") as file:
                return sum(block.count(b"\n") for block in iter(partial(file.read, 1 << 20), b""))
    except (OSError, ValueError):
        return None
    return None if format == "json" else 1


def _file_ids(files: Sequence[Input]) -> dict[Path, str]:
    """The id of a file that is one article: its name without the ending, or its path where two share the name."""
    paths = [file for file in files if isinstance(file, Path)]
    stems = {path: (path.with_suffix("") if _is_gzip(path) else path).stem for path in paths}
    shared = Counter(stems.values())
    return {path: stem if shared[stem] == 1 else path.as_posix() for path, stem in stems.items()}


def _path_ids(files: Sequence[Input]) -> dict[Path, str]:
    return {file: file.resolve().as_posix() for file in files if isinstance(file, Path)}


def _file_records(
    file: Input, ids: Mapping[Path, str], columns: Columns, format: str | None, max_chars: int
) -> Records:
    path = file if isinstance(file, Path) else None
    where = path.as_posix() if path else "standard input"
    try:
        with _open(file) as (stream, size):
            source = Source(where, stream, columns, max_chars, path, size, ids[path] if path else None)
            yield from _reader(source, format)(source)
    except UnreadableError as exc:
        yield Rejected(where, str(exc))
    except (OSError, EOFError, zlib.error) as exc:
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
        yield Rejected(where, f"cannot be read: {reason}")


class _Stdin(io.RawIOBase):
    """Standard input that stays open when the streams built on it are closed."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return cast(io.BufferedReader, sys.stdin.buffer).readinto(buffer)


@contextmanager
def _open(file: Input) -> Iterator[tuple[io.BufferedReader, int | None]]:
    """The file's bytes, unzipped, and its size where that is known to be theirs."""
    if file == STDIN:
        yield io.BufferedReader(_Stdin(), SAMPLE_BYTES), None
        return
    with file.open("rb") as packed:
        if not _is_gzip(file):
            yield _buffered(packed), os.fstat(packed.fileno()).st_size
            return
        with gzip.open(packed) as unzipped:
            yield _buffered(unzipped), None


def _buffered(stream: Any) -> io.BufferedReader:
    return io.BufferedReader(stream, SAMPLE_BYTES)


def _reader(source: Source, format: str | None) -> Callable[[Source], Records]:
    name = format or (_format_by_name(source.path) if source.path else "") or _sniff(source)
    if name not in READERS:
        known = " ".join(f".{ending}" for ending in READERS)
        raise UnreadableError(f"the ending .{name} is not supported; convert the file to one of: {known}")
    return READERS[name]


def _sniff(source: Source) -> str:
    """The format of an input without a telling name, from how it begins."""
    sample = source.stream.peek(SAMPLE_BYTES)
    head = sample.decode(detect_encoding(sample), "replace").lstrip("\ufeff \t\r\n")
    if not _JSON_START.match(head):
        return "html" if _HTML_START.match(head) else "txt"
    if head[0] == "[" or _WRAPPER_START.match(head):
        return "json"
    line, newline, _ = head.partition("\n")
    try:
        load_json(line)
    except ValueError:
        cut_off = not newline and len(sample) >= SAMPLE_BYTES
        return "jsonl" if cut_off else "json"
    return "jsonl"


def _read_text(source: Source) -> Records:
    """One article, its text exactly as in the file."""
    text = read_whole(source, MAX_FILE_BYTES, "split it into one file per article")
    yield Record(source.where, {"text": text}, source.article_id)


def _read_html(source: Source) -> Records:
    """One article: the main text of a page, with what the page says of itself."""
    markup = read_whole(source, MAX_FILE_BYTES, "split it into one page per article", html=True)
    import trafilatura

    dates = {"original_date": True, "extensive_search": False, "outputformat": "%Y-%m-%d"}
    try:
        page: Any = trafilatura.bare_extraction(
            markup, with_metadata=True, include_comments=False, date_extraction_params=dates
        )
    except Exception as exc:  # whatever a hostile page provokes in the parser must not end a batch
        raise UnreadableError(f"the HTML cannot be read: {' '.join(str(exc).split())}") from exc
    if page is None or not (page.text or "").strip():
        raise UnreadableError("no main text was found in the HTML: save the article's text as .txt instead")
    values = {"text": page.text, "title": page.title, "published": page.date, "url": page.url}
    yield Record(source.where, {**values, "source": page.sitename or page.hostname}, source.article_id)


READERS: dict[str, Callable[[Source], Records]] = {
    "txt": _read_text,
    "md": _read_text,
    "html": _read_html,
    "htm": _read_html,
    "jsonl": read_jsonl,
    "ndjson": read_jsonl,
    "json": read_json,
    "csv": read_csv,
    "tsv": partial(read_csv, delimiters="\t"),
    "parquet": read_parquet,
}
"""The reader of every input format; the names are also the file endings."""

INPUT_FORMATS = tuple(READERS)
_ONE_ARTICLE = ("txt", "md", "html", "htm")


class RecordChecker:
    """Turns records into articles, and keeps their ids unique over a run.

    Args:
        max_chars: The longest text that is accepted.
        on_no_date: Told of each ``published`` that is no date, and so left out: its place and what stands there.
        unique: Whether a record is rejected whose own id was there before.
    """

    def __init__(
        self,
        max_chars: int = MAX_CHARS,
        on_no_date: Callable[[str, Any], None] | None = None,
        unique: bool = True,
    ) -> None:
        self._max_chars = max_chars
        self._unique = unique
        self._on_no_date = on_no_date
        self._first_seen: dict[str, str] = {}
        self._copies: dict[str, int] = {}

    def __call__(self, record: Record) -> Article | Rejected:
        text, given = record.values.get("text"), _optional(record.values.get("id"))
        problem = self._text_problem(text) or self._id_problem(given)
        if problem:
            return Rejected(record.where, problem)
        text = _encodable(cast(str, text))
        article_id = given or self._unused(record.default_id or _text_id(text))
        self._first_seen[article_id] = record.where
        values = {name: _optional(record.values.get(name)) for name in ("title", "source", "url", "speaker")}
        published = record.values.get("published")
        article = Article(article_id, text, published=published, **values)
        if self._on_no_date and article.published is None and _optional(published):
            self._on_no_date(record.where, published)
        return article

    def _text_problem(self, text: Any) -> str | None:
        if _is_null(text) or (isinstance(text, str) and not text.strip()):
            return "empty text"
        if not isinstance(text, str):
            return f"the text is not a string but a {type(text).__name__}"
        if len(text) > self._max_chars:
            return f"the text has {len(text):,} characters, the limit is {self._max_chars:,}: split it into articles"
        return None

    def _id_problem(self, given: str | None) -> str | None:
        first = self._first_seen.get(given) if given and self._unique else None
        return f"duplicate id {given!r}, first seen at {first}" if first else None

    def _unused(self, base: str) -> str:
        """The id itself, or with ``-2``, ``-3``... when it is taken."""
        candidate = base
        while candidate in self._first_seen:
            self._copies[base] = self._copies.get(base, 1) + 1
            candidate = f"{base}-{self._copies[base]}"
        return candidate


def _text_id(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _encodable(text: str) -> str:
    """The text with lone surrogates and nulls, which not all outputs can hold, replaced one for one: offsets stay."""
    return _UNSTORABLE.sub("\ufffd", text)


def _is_null(value: Any) -> bool:
    return value is None or (isinstance(value, float | datetime) and value != value)  # NaN and NaT differ from self


def _optional(value: Any) -> str | None:
    text = "" if _is_null(value) else _encodable(str(value))
    return text if text.strip() else None
