"""Tables of positions and of articles on disk: JSON Lines, CSV, Parquet, Excel; each is written whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, BinaryIO, Generic, Protocol, TypeVar

from .errors import MissingExtraError, StancewireError
from .formats import allow_long_fields
from .schema import ARTICLE_COLUMNS, POSITION_COLUMNS, POSITION_SCHEMA_VERSION, ArticleRow, Position

OUTPUT_FORMATS = ("jsonl", "csv", "parquet", "xlsx")
SCHEMA_KEY = b"stancewire.position_schema"
CONFIDENCE_DIGITS = 4
BATCH_ROWS = 10_000
EXCEL_ROWS, EXCEL_CHARS = 1_048_575, 32_767
"""What a sheet can hold below its header, and a cell."""

Row = TypeVar("Row", Position, ArticleRow)

_INTEGERS = ("sentence", "start", "end")
_LONGEST_FIELD = 1 << 27


def format_of(path: str | os.PathLike[str], override: str | None = None) -> str:
    """The output format that a file name, or the override, stands for.

    Raises:
        StancewireError: It is none of ``OUTPUT_FORMATS``.
    """
    ending = (override or Path(path).suffix[1:]).lower()
    name = "jsonl" if ending == "ndjson" else ending
    if name in OUTPUT_FORMATS:
        return name
    if override:
        raise StancewireError(f"unknown output format {override!r}; choose one of: {', '.join(OUTPUT_FORMATS)}")
    endings = ", ".join(f".{name}" for name in OUTPUT_FORMATS)
    raise StancewireError(f"cannot tell the output format of {str(path)!r}; let it end in one of: {endings}")


def write_whole(path: str | os.PathLike[str], text: str) -> None:
    """Writes a text file that appears under its name only when it is whole.

    Raises:
        StancewireError: It cannot be written.
    """
    target = Path(path)
    partial = target.with_name(target.name + ".partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(target)
    except OSError as error:
        raise StancewireError(
            f"{path}: cannot be written ({error.strerror}); name a file in a folder you can write to"
        ) from error


class _Sink(Protocol):
    def put(self, rows: list[Any]) -> None: ...
    def close(self) -> None: ...


class _JsonlSink:
    def __init__(self, file: BinaryIO, row: type) -> None:
        self._file = file

    def put(self, rows: list[Any]) -> None:
        lines = (json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows)
        self._file.write("".join(lines).encode())

    def close(self) -> None:
        pass


class _CsvSink:
    """Rows end in CR LF, as RFC 4180 has it: with another ending Python leaves a bare CR in a text unquoted."""

    def __init__(self, file: BinaryIO, row: type) -> None:
        self._file = file
        self._put([[field.name for field in fields(row)]])

    def put(self, rows: list[Any]) -> None:
        self._put([_csv_cell(value) for value in asdict(row).values()] for row in rows)

    def _put(self, rows: Iterable[Iterable[Any]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        self._file.write(text.getvalue().encode())

    def close(self) -> None:
        pass


def _csv_cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value


class _ParquetSink:
    def __init__(self, file: BinaryIO, row: type) -> None:
        import pyarrow.parquet as pq

        self._schema = parquet_schema(row)
        self._writer = pq.ParquetWriter(file, self._schema)

    def put(self, rows: list[Any]) -> None:
        import pyarrow as pa

        self._writer.write_table(pa.Table.from_pylist([asdict(row) for row in rows], self._schema))

    def close(self) -> None:
        self._writer.close()


class _ExcelSink:
    """A sheet with a frozen, filtered header. What looks like a formula or a link stays the text that it is."""

    def __init__(self, file: BinaryIO, row: type) -> None:
        try:
            import xlsxwriter
        except ModuleNotFoundError as error:
            raise MissingExtraError("an Excel sheet", "report") from error
        plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        # Row by row to the disk, however long the table.
        self._book = xlsxwriter.Workbook(file, {**plain, "constant_memory": True})
        self._sheet = self._book.add_worksheet("positions" if row is Position else "articles")
        self._columns = [field.name for field in fields(row)]
        self._sheet.freeze_panes(1, 0)
        self._sheet.write_row(0, 0, self._columns, self._book.add_format({"bold": True}))
        self._rows = 0

    def put(self, rows: list[Any]) -> None:
        if self._rows + len(rows) > EXCEL_ROWS:
            raise StancewireError(
                f"a sheet holds {EXCEL_ROWS:,} rows and there are more; write .parquet, or raise --min-confidence"
            )
        for row in rows:
            self._rows += 1
            cells = (", ".join(value) if isinstance(value, list) else value for value in asdict(row).values())
            for column, value in enumerate(cells):
                self._sheet.write(self._rows, column, value[:EXCEL_CHARS] if isinstance(value, str) else value)

    def close(self) -> None:
        self._sheet.autofilter(0, 0, self._rows, len(self._columns) - 1)
        self._book.close()


_SINKS: dict[str, Callable[[BinaryIO, type], _Sink]] = {
    "jsonl": _JsonlSink,
    "csv": _CsvSink,
    "parquet": _ParquetSink,
    "xlsx": _ExcelSink,
}


def parquet_schema(row: type = Position) -> Any:
    """The Arrow schema of a table of positions or of articles, its version in the metadata."""
    import pyarrow as pa

    types = {"str": pa.string(), "int": pa.int32(), "float": pa.float64(), "list[str]": pa.list_(pa.string())}
    columns = [pa.field(field.name, types[str(field.type)], nullable=False) for field in fields(row)]
    return pa.schema(columns, {SCHEMA_KEY: str(POSITION_SCHEMA_VERSION).encode()} if row is Position else None)


class TableWriter(Generic[Row]):
    """Takes rows and passes them on in batches.

    Attributes:
        rows: How many positions were written so far.
    """

    def __init__(self, sink: _Sink, path: Path) -> None:
        self._sink = sink
        self._path = path
        self._batch: list[Row] = []
        self.rows = 0

    def write(self, rows: Iterable[Row]) -> None:
        """Add rows.

        Raises:
            StancewireError: The disk does not take them.
        """
        for row in rows:
            self._batch.append(_rounded(row))
            self.rows += 1
            if len(self._batch) >= BATCH_ROWS:
                self._flush()

    def finish(self) -> None:
        """Write what is still held back, and the end of the file."""
        if self._batch:
            self._flush()
        with _disk_errors(self._path):
            self._sink.close()

    def _flush(self) -> None:
        with _disk_errors(self._path):
            self._sink.put(self._batch)
        self._batch = []


def _rounded(row: Row) -> Row:
    if isinstance(row, Position):
        return replace(row, confidence=round(row.confidence, CONFIDENCE_DIGITS))
    return row


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise StancewireError(f"cannot write {str(path)!r}: {exc.strerror or exc}") from exc


@contextmanager
def open_writer(
    path: str | os.PathLike[str], format: str | None = None, force: bool = False, row: type[Row] = Position
) -> Iterator[TableWriter[Row]]:
    """Open an output; the file appears under its name when the block ends well, and not at all when it raises.

    Args:
        path: The output file.
        format: One of ``OUTPUT_FORMATS``; by default the file's ending tells.
        force: Replace an existing file.
        row: What the rows are: :class:`~.schema.Position` or :class:`~.schema.ArticleRow`.

    Raises:
        StancewireError: The format is unknown, the file exists, or its folder is missing or not writable.
    """
    make_sink = _SINKS[format_of(path, format)]
    target = check_target(Path(path), force)
    temporary = target.with_name(f".stancewire-{secrets.token_hex(8)}.tmp")
    try:
        with _created(temporary, target) as file:
            yield from _written(make_sink(file, row), target)
        with _disk_errors(target):
            temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def check_target(path: Path, force: bool) -> Path:
    """The file that an output stands for, through links.

    Raises:
        StancewireError: It exists and must not be replaced, or its folder is missing.
    """
    with _disk_errors(path):
        target = path.resolve()  # through a link the file it points to is replaced, not the link
        exists = target.exists()
    if exists and not target.is_file():
        raise StancewireError(f"cannot write {str(path)!r}: it exists and is no regular file; name another output")
    if exists and not force:
        raise StancewireError(f"the output {str(path)!r} exists already; replace it with --force, or name another")
    if not target.parent.is_dir():
        raise StancewireError(f"cannot write {str(path)!r}: there is no folder {str(path.parent)!r}; create it first")
    return target


@contextmanager
def _created(temporary: Path, target: Path) -> Iterator[BinaryIO]:
    with _disk_errors(target):
        file = _new_file(temporary)
    try:
        yield file
        with _disk_errors(target):
            file.flush()
            os.fsync(file.fileno())
            file.close()
    except BaseException:
        with suppress(OSError):  # closing flushes, which fails a second time on a full disk
            file.close()
        raise


def _new_file(path: Path) -> BinaryIO:
    return path.open("xb")


def _written(sink: _Sink, target: Path) -> Iterator[TableWriter[Any]]:
    writer: TableWriter[Any] = TableWriter(sink, target)
    try:
        yield writer
        writer.finish()
    except BaseException:
        with suppress(Exception):  # left open, pyarrow would write its footer into a closed file and complain
            sink.close()
        raise


def write_rows(file: BinaryIO, rows: Iterable[Row], format: str, row: type[Row]) -> int:
    """Writes one part of a table into an open file; gives the number of rows.

    Args:
        file: The file.
        rows: The rows.
        format: One of ``OUTPUT_FORMATS``.
        row: What the rows are.
    """
    writer: TableWriter[Any] = TableWriter(_SINKS[format](file, row), Path(str(getattr(file, "name", format))))
    writer.write(rows)
    writer.finish()
    return writer.rows


def article_table_of(path: str | os.PathLike[str]) -> Path:
    """Where the article table lies that belongs to a position table: ``x.csv`` has ``x.articles.csv`` beside it."""
    target = Path(path)
    return target.with_name(f"{target.stem}.articles{target.suffix}")


def read_positions(path: str | os.PathLike[str], format: str | None = None) -> Iterator[Position]:
    """Stream the rows of a position table back.

    Raises:
        StancewireError: The file is missing, of an unknown format, or not a position table of this version.
    """
    return _read(path, format, _position, "position")


def is_position_table(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a position table that can be read back: its first row has all the columns."""
    read = _ROW_READERS.get(Path(path).suffix[1:].lower())
    if read is None:
        return False
    try:
        first = next(read(Path(path)), None)
    except (OSError, ValueError, csv.Error):
        return False
    return isinstance(first, dict) and first.keys() >= set(POSITION_COLUMNS)


def read_article_rows(path: str | os.PathLike[str], format: str | None = None) -> Iterator[ArticleRow]:
    """Stream the rows of an article table back.

    Raises:
        StancewireError: The file is missing, of an unknown format, or not an article table.
    """
    return _read(path, format, _article_row, "article")


def _read(
    path: str | os.PathLike[str], format: str | None, make: Callable[[Mapping[str, Any]], Row], what: str
) -> Iterator[Row]:
    name = format_of(path, format)
    if name not in _ROW_READERS:
        raise StancewireError(f"{str(path)!r}: a .{name} file is for people; name the .jsonl, .csv or .parquet one")
    if not Path(path).is_file():
        raise StancewireError(f"no such file: {str(path)!r}")
    return _rows(Path(path), _ROW_READERS[name], make, what)


def _rows(
    path: Path,
    read: Callable[[Path], Iterator[Mapping[str, Any]]],
    make: Callable[[Mapping[str, Any]], Row],
    what: str,
) -> Iterator[Row]:
    number = 0
    try:
        for row in read(path):
            number += 1
            yield make(row)
    except KeyError as exc:
        raise StancewireError(f"row {number} of {str(path)!r} is no {what}: it has no {exc}") from exc
    except (OSError, ValueError, TypeError, AttributeError, csv.Error) as exc:
        reason = " ".join(str(exc).split())
        raise StancewireError(f"{str(path)!r} is no {what} table, near row {number}: {reason}") from exc


def _position(row: Mapping[str, Any]) -> Position:
    values: dict[str, Any] = {name: row[name] for name in POSITION_COLUMNS}
    values |= {name: int(values[name]) for name in _INTEGERS}
    if isinstance(values["object"], str):
        values["object"] = json.loads(values["object"])
    values["confidence"] = float(values["confidence"])
    return Position(**values)


def _article_row(row: Mapping[str, Any]) -> ArticleRow:
    values: dict[str, Any] = {name: row[name] for name in ARTICLE_COLUMNS}
    values["positions"] = int(values["positions"])
    return ArticleRow(**values)


def _jsonl_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _csv_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    allow_long_fields(_LONGEST_FIELD)
    with path.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _parquet_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        version = (file.schema_arrow.metadata or {}).get(SCHEMA_KEY)
        if version is not None and int(version) != POSITION_SCHEMA_VERSION:
            raise ValueError(f"it has schema version {int(version)}, this is version {POSITION_SCHEMA_VERSION}")
        for batch in file.iter_batches(BATCH_ROWS):
            yield from batch.to_pylist()


_ROW_READERS: dict[str, Callable[[Path], Iterator[Mapping[str, Any]]]] = {
    "jsonl": _jsonl_rows,
    "csv": _csv_rows,
    "parquet": _parquet_rows,
}
