"""Position tables: round trips, whole files or none, and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pyarrow.parquet as pq
import pytest

from stancewire.data import writers
from stancewire.data.errors import StancewireError
from stancewire.data.schema import POSITION_COLUMNS, POSITION_SCHEMA_VERSION, ArticleRow, Position
from stancewire.data.writers import (
    OUTPUT_FORMATS,
    article_table_of,
    format_of,
    open_writer,
    read_article_rows,
    read_positions,
)

pytestmark = pytest.mark.filterwarnings(
    "error:unclosed file:ResourceWarning", "error::pytest.PytestUnraisableExceptionWarning"
)

ROW = Position(
    article_id="a-1",
    sentence=0,
    start=0,
    end=30,
    text="The mayor opposes the new tax.",
    kind="stance",
    actor="Ann Müller",
    issue="tax",
    label="oppose",
    confidence=0.9876,
    object=["Zürich", "the city, and more"],
    published="2024-03-05",
    model="stancewire-small 1",
)
NASTY = replace(
    ROW,
    sentence=3,
    end=5_000_000,
    text='He said: "no, never"\r\nand\rleft\n\u2028 \u0085 \0 😀 =1+1',
    kind="sentiment",
    issue="",
    label="neutral",
    confidence=0.0,
    object=[],
    published="",
)
LONG = replace(ROW, text="a" * 300_000, object=['"', "[]", ""], confidence=1.0)

# Excel is for people; it has a test of its own below.
by_format = pytest.mark.parametrize("name", [name for name in OUTPUT_FORMATS if name != "xlsx"])


def write(path: Path, rows: list[Position], force: bool = False) -> None:
    with open_writer(path, force=force) as writer:
        writer.write(rows)


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@by_format
def test_round_trip(name: str, tmp_path: Path) -> None:
    rows = [ROW, NASTY, LONG]
    write(tmp_path / f"out.{name}", rows)
    assert list(read_positions(tmp_path / f"out.{name}")) == rows
    assert files_in(tmp_path) == [f"out.{name}"]


@by_format
def test_many_writes_and_batches(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "BATCH_ROWS", 10)
    rows = [replace(ROW, sentence=number) for number in range(37)]
    with open_writer(tmp_path / "out", format=name) as writer:
        for first in range(0, 37, 4):
            writer.write(iter(rows[first : first + 4]))
        assert writer.rows == 37
    assert list(read_positions(tmp_path / "out", format=name)) == rows
    if name == "parquet":
        assert pq.ParquetFile(tmp_path / "out").num_row_groups == 4


@by_format
def test_confidence_is_rounded(name: str, tmp_path: Path) -> None:
    write(tmp_path / f"out.{name}", [replace(ROW, confidence=0.123456789)])
    assert [row.confidence for row in read_positions(tmp_path / f"out.{name}")] == [0.1235]


@by_format
def test_no_rows_make_a_valid_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"out.{name}"
    write(path, [])
    assert list(read_positions(path)) == []
    if name == "csv":
        assert path.read_text().splitlines() == [",".join(POSITION_COLUMNS)]
    if name == "parquet":
        assert tuple(pq.read_schema(path).names) == POSITION_COLUMNS


def test_jsonl_is_plain_readable_json_in_column_order(tmp_path: Path) -> None:
    write(tmp_path / "out.jsonl", [ROW])
    content = (tmp_path / "out.jsonl").read_text(encoding="utf-8")
    assert "Müller" in content
    assert content.count("\n") == 1
    assert tuple(json.loads(content)) == POSITION_COLUMNS


def test_csv_object_is_a_json_list(tmp_path: Path) -> None:
    import csv

    write(tmp_path / "out.csv", [ROW])
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as lines:
        [row] = csv.DictReader(lines)
    assert row["object"] == '["Zürich", "the city, and more"]'


@by_format
def test_text_like_a_formula_is_not_altered_for_programs(name: str, tmp_path: Path) -> None:
    rows = [replace(ROW, text=text, actor=text) for text in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1")]
    write(tmp_path / f"out.{name}", rows)
    assert list(read_positions(tmp_path / f"out.{name}")) == rows


def test_parquet_schema_and_version(tmp_path: Path) -> None:
    write(tmp_path / "out.parquet", [ROW])
    file = pq.ParquetFile(tmp_path / "out.parquet")
    version = str(POSITION_SCHEMA_VERSION).encode()
    assert file.metadata.metadata[b"stancewire.position_schema"] == version
    assert file.schema_arrow.metadata[b"stancewire.position_schema"] == version
    types = {field.name: str(field.type) for field in file.schema_arrow}
    assert types["sentence"] == types["start"] == types["end"] == "int32"
    assert types["confidence"] == "double"
    assert types["object"].startswith("list<")


@by_format
def test_same_rows_make_the_same_bytes(name: str, tmp_path: Path) -> None:
    for stem in ("one", "two"):
        write(tmp_path / f"{stem}.{name}", [ROW, NASTY])
    assert (tmp_path / f"one.{name}").read_bytes() == (tmp_path / f"two.{name}").read_bytes()


def _rows_then(error: BaseException) -> Iterator[Position]:
    yield from [ROW] * 25
    raise error


class TestAtomicity:
    @by_format
    @pytest.mark.parametrize("error", [RuntimeError("model"), KeyboardInterrupt(), OSError("other disk")])
    def test_failure_leaves_no_file(
        self, name: str, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(writers, "BATCH_ROWS", 10)
        with pytest.raises(type(error)), open_writer(tmp_path / f"out.{name}") as writer:
            writer.write(_rows_then(error))
        assert files_in(tmp_path) == []

    @by_format
    def test_failure_keeps_the_older_file(self, name: str, tmp_path: Path) -> None:
        path = tmp_path / f"out.{name}"
        write(path, [ROW])
        before = path.read_bytes()
        with pytest.raises(RuntimeError), open_writer(path, force=True) as writer:
            writer.write(_rows_then(RuntimeError()))
        assert path.read_bytes() == before
        assert files_in(tmp_path) == [path.name]

    @by_format
    def test_name_appears_only_at_the_end(self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(writers, "BATCH_ROWS", 1)
        path = tmp_path / f"out.{name}"
        with open_writer(path) as writer:
            writer.write([ROW])
            assert not path.exists()
        assert path.exists()

    @by_format
    def test_failure_is_silent(self, name: str, tmp_path: Path) -> None:
        code = (
            "import sys; from stancewire.data.writers import open_writer\n"
            "try:\n with open_writer(sys.argv[1]) as writer: raise KeyError\n"
            "except KeyError: pass"
        )
        command = [sys.executable, "-c", code, str(tmp_path / f"out.{name}")]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stderr == ""

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
    @by_format
    @pytest.mark.parametrize("rows", [[ROW], [LONG] * 25], ids=["at the end", "midway"])
    def test_full_disk_is_one_line(
        self, name: str, rows: list[Position], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def on_full_disk(path: Path) -> BinaryIO:
            path.symlink_to("/dev/full")
            return path.open("wb")

        monkeypatch.setattr(writers, "BATCH_ROWS", 10)
        monkeypatch.setattr(writers, "_new_file", on_full_disk)
        with pytest.raises(StancewireError, match=r"out.*No space left on device"):
            write(tmp_path / f"out.{name}", rows)
        assert files_in(tmp_path) == []


class TestOpening:
    def test_existing_output_needs_force(self, tmp_path: Path) -> None:
        path = tmp_path / "out.jsonl"
        path.write_text("precious")
        with pytest.raises(StancewireError, match="--force"):
            write(path, [ROW])
        assert path.read_text() == "precious"
        write(path, [ROW], force=True)
        assert list(read_positions(path)) == [ROW]

    def test_missing_folder(self, tmp_path: Path) -> None:
        with pytest.raises(StancewireError, match="no folder"), open_writer(tmp_path / "no" / "out.csv"):
            pytest.fail("opened")

    def test_folder_that_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        with pytest.raises(StancewireError), open_writer(tmp_path / "file" / "out.csv"):
            pytest.fail("opened")

    @pytest.mark.parametrize("folder", ["/proc", "/sys"])
    def test_unwritable_folder(self, folder: str) -> None:
        if not Path(folder).is_dir():
            pytest.skip(f"needs {folder}")
        with pytest.raises(StancewireError, match="cannot write"), open_writer(f"{folder}/stancewire.csv"):
            pytest.fail("opened")

    @pytest.mark.parametrize("force", [False, True])
    def test_folder_and_device_are_refused(self, force: bool, tmp_path: Path) -> None:
        (tmp_path / "out.csv").mkdir()
        (tmp_path / "null.csv").symlink_to("/dev/null")
        for name in ("out.csv", "null.csv"):
            with pytest.raises(StancewireError, match="no regular file"), open_writer(tmp_path / name, force=force):
                pytest.fail("opened")
        assert not Path("/dev/null").is_file()

    def test_name_too_long(self, tmp_path: Path) -> None:
        with pytest.raises(StancewireError, match="cannot write"), open_writer(tmp_path / ("x" * 300 + ".csv")):
            pytest.fail("opened")

    def test_link_stays_a_link(self, tmp_path: Path) -> None:
        real, link = tmp_path / "real.jsonl", tmp_path / "link.jsonl"
        real.write_text("")
        link.symlink_to(real)
        write(link, [ROW], force=True)
        assert link.is_symlink()
        assert list(read_positions(real)) == [ROW]

    def test_new_file_has_ordinary_permissions(self, tmp_path: Path) -> None:
        umask = os.umask(0o022)
        try:
            write(tmp_path / "out.csv", [ROW])
        finally:
            os.umask(umask)
        assert (tmp_path / "out.csv").stat().st_mode & 0o777 == 0o644


class TestFormat:
    @pytest.mark.parametrize(
        ("path", "override", "expected"),
        [
            ("a.jsonl", None, "jsonl"),
            ("a.ndjson", None, "jsonl"),
            ("A.CSV", None, "csv"),
            ("a.parquet", None, "parquet"),
            ("a.txt", "csv", "csv"),
            ("a.csv", "parquet", "parquet"),
        ],
    )
    def test_known(self, path: str, override: str | None, expected: str) -> None:
        assert format_of(path, override) == expected

    @pytest.mark.parametrize(("path", "override"), [("a.ods", None), ("a", None), ("-", None), ("a.csv", "ods")])
    def test_unknown_names_the_allowed_ones(self, path: str, override: str | None, tmp_path: Path) -> None:
        with pytest.raises(StancewireError, match=r"jsonl.*csv.*parquet"):
            format_of(path, override)


class TestReadingBack:
    def test_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(StancewireError, match="no such file"):
            read_positions(tmp_path / "no.csv")

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("a.jsonl", "{"),
            ("a.jsonl", "[1]\n"),
            ("a.jsonl", '{"text": "x"}\n'),
            ("a.csv", "a,b\n1,2\n"),
            ("a.csv", ",".join(POSITION_COLUMNS) + "\nid,zero\n"),
            ("a.parquet", "no parquet"),
            ("a.csv", "\xff\xfe"),
        ],
    )
    def test_no_position_table(self, name: str, content: str, tmp_path: Path) -> None:
        (tmp_path / name).write_text(content, encoding="latin-1")
        with pytest.raises(StancewireError, match=name) as caught:
            list(read_positions(tmp_path / name))
        assert "\n" not in str(caught.value)

    def test_other_schema_version(self, tmp_path: Path) -> None:
        path = tmp_path / "a.parquet"
        write(path, [ROW])
        table = pq.read_table(path)
        pq.write_table(table.replace_schema_metadata({b"stancewire.position_schema": b"99"}), path)
        with pytest.raises(StancewireError, match="version 99"):
            list(read_positions(path))


def test_a_sheet_holds_the_table_and_runs_nothing(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="reading a sheet back needs openpyxl, of the test extra")
    formula = replace(ROW, text="=HYPERLINK('http://x.example', 1)", object=["+1", "@SUM(A1)"])
    write(tmp_path / "out.xlsx", [ROW, formula, LONG])
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx")["positions"]
    header, first, second, third = sheet.iter_rows()
    assert tuple(cell.value for cell in header) == POSITION_COLUMNS
    assert first[POSITION_COLUMNS.index("confidence")].value == ROW.confidence
    assert first[POSITION_COLUMNS.index("object")].value == "Zürich, the city, and more"
    assert [second[4].value, second[4].data_type, second[4].hyperlink] == [formula.text, "s", None]
    assert len(third[4].value) == writers.EXCEL_CHARS
    with pytest.raises(StancewireError, match="for people"):
        read_positions(tmp_path / "out.xlsx")


def test_a_sheet_that_would_not_hold_all_rows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "EXCEL_ROWS", 2)
    with pytest.raises(StancewireError, match="a sheet holds 2 rows"):
        write(tmp_path / "out.xlsx", [ROW] * 3)
    assert files_in(tmp_path) == []


@by_format
def test_the_article_table_comes_back_as_it_was(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"out.articles.{name}"
    rows = [
        ArticleRow("a", "scored", "", "s1", 3, 'Title, "quoted"', "2024-01-02", "wire", "https://x.example/a"),
        ArticleRow("in.csv:7", "skipped", "empty text", "", 0, "", "", "", ""),
    ]
    with open_writer(path, row=ArticleRow) as writer:
        writer.write(rows)
    assert list(read_article_rows(path)) == rows
    assert article_table_of(tmp_path / f"out.{name}") == path
    with pytest.raises(StancewireError, match="is no position"):
        list(read_positions(path))
