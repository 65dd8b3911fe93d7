"""Every input format, every bad input and the file search, on real files."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stancewire.data.errors import StancewireError
from stancewire.data.formats import detect_encoding
from stancewire.data.readers import INPUT_FORMATS, Columns, find_files, read_articles
from stancewire.data.schema import Article, Rejected

pytestmark = pytest.mark.filterwarnings(
    "error:unclosed file:ResourceWarning", "error::pytest.PytestUnraisableExceptionWarning"
)

TEXT = "The mayor opposes the new tax. The council supports it."
PAGE = """<!DOCTYPE html><html lang="en"><head><title>Mayor opposes tax</title>{head}
<meta property="og:site_name" content="Daily News">
<meta property="article:published_time" content="2024-03-05T10:00:00Z">
<link rel="canonical" href="https://news.example.org/tax"></head><body>
<nav><a href="/">Home</a></nav><article><h1>Mayor opposes tax</h1>{body}</article></body></html>"""
PARAGRAPH = "<p>The mayor of Zürich said on Monday that she opposes the new tax because it would hurt small shops.</p>"


@pytest.fixture(autouse=True)
def _in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def save(name: str, content: str | bytes) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


def save_table(name: str, columns: dict[str, object]) -> str:
    pq.write_table(pa.table(columns), name)
    return name


def jsonl(*records: object) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def one(name: str, **options: object) -> Article:
    [article] = read_articles([name], **options)  # type: ignore[arg-type]
    assert isinstance(article, Article), article
    return article


def rejected(name: str, **options: object) -> Rejected:
    [result] = read_articles([name], **options)  # type: ignore[arg-type]
    assert isinstance(result, Rejected), result
    assert "\n" not in result.reason
    return result


def text_id(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class TestFindFiles:
    def test_folder_is_recursive_sorted_and_skips_hidden_and_unknown_files(self) -> None:
        for name in ("d/b.txt", "d/a/z.jsonl", "d/c.csv.gz", "d/.hidden.txt", "d/.git/x.txt", "d/image.png", "d/D.TXT"):
            save(name, "x")
        assert [str(path) for path in find_files(["d"])] == ["d/D.TXT", "d/a/z.jsonl", "d/b.txt", "d/c.csv.gz"]

    def test_same_file_is_found_once(self) -> None:
        save("d/a.txt", "x")
        Path("link.txt").symlink_to("d/a.txt")
        assert find_files(["d/a.txt", "d", "./d/a.txt", "d/*.txt", "link.txt"]) == [Path("d/a.txt")]

    def test_glob_goes_into_folders(self, tmp_path: Path) -> None:
        save("d/x/deep.txt", "x")
        save("d/top.txt", "x")
        expected = [Path("d/top.txt"), Path("d/x/deep.txt")]
        assert find_files(["d/**/*.txt"]) == expected
        assert find_files([f"{tmp_path}/d/*.txt"]) == [tmp_path / "d/top.txt"]

    def test_existing_file_wins_over_the_pattern_in_its_name(self) -> None:
        save("[a].txt", "x")
        save("a.txt", "x")
        assert find_files(["[a].txt"]) == [Path("[a].txt")]

    def test_standard_input_is_kept_once(self) -> None:
        assert find_files(["-", "-"]) == ["-"]

    @pytest.mark.parametrize("name", ["missing.txt", "", "x" * 5000, "a\0b"])
    def test_missing_file(self, name: str) -> None:
        with pytest.raises(StancewireError) as caught:
            find_files([name])
        assert "\n" not in str(caught.value)
        assert repr(name[:10])[:-1] in str(caught.value)

    def test_folder_with_nothing_to_read_names_the_endings(self) -> None:
        save("d/image.png", "x")
        with pytest.raises(StancewireError, match=r"'d'.*\.txt.*\.parquet"):
            find_files(["d"])

    def test_pattern_without_a_match(self) -> None:
        Path("folder.txt").mkdir()
        with pytest.raises(StancewireError, match=r"'\*\.txt' matches no file"):
            find_files(["*.txt"])

    def test_read_articles_checks_before_the_first_record(self) -> None:
        with pytest.raises(StancewireError, match="no such file"):
            read_articles(["missing.txt"])
        with pytest.raises(StancewireError, match=r"'docx'.*jsonl"):
            read_articles([save("a.txt", TEXT)], format="docx")


class TestPlainText:
    @pytest.mark.parametrize("ending", ["txt", "md", "TXT", "txt.gz"])
    def test_text_is_kept_as_given_and_the_name_is_the_id(self, ending: str) -> None:
        content = b"# Title\r\n\r\n  The *mayor*\topposes it. \n"
        name = save(f"d/a.{ending}", gzip.compress(content) if ending.endswith("gz") else content)
        assert one(name) == Article("a", content.decode())

    def test_empty(self) -> None:
        assert rejected(save("a.txt", "")) == Rejected("a.txt", "empty text")
        assert rejected(save("b.md", " \r\n\t\u00a0")).reason == "empty text"

    def test_file_over_the_limit_is_not_read(self) -> None:
        with Path("huge.txt").open("wb") as file:
            file.truncate(50_000_000_000)  # sparse: reading it would exhaust the memory
        reason = rejected("huge.txt").reason
        assert "50000.0 MB" in reason
        assert "20 MB" in reason
        assert "split" in reason

    def test_unzipped_size_counts(self) -> None:
        assert "20 MB" in rejected(save("huge.txt.gz", gzip.compress(b"a" * 21_000_000, 1))).reason

    def test_text_over_the_limit_says_both_lengths(self) -> None:
        assert one(save("a.txt", "a" * 10), max_chars=10).text == "a" * 10
        reason = rejected(save("b.txt", "a" * 5_000_001)).reason
        assert "5,000,001" in reason
        assert "5,000,000" in reason
        assert "split" in reason

    def test_unsupported_ending(self) -> None:
        assert ".docx" in rejected(save("a.docx", TEXT)).reason
        assert one(save("b.docx", TEXT), format="txt").text == TEXT

    def test_no_ending_is_sniffed(self) -> None:
        assert one(save("speech", TEXT)).text == TEXT

    @pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
    def test_no_permission(self) -> None:
        Path(save("a.txt", TEXT)).chmod(0)
        assert "Permission denied" in rejected("a.txt").reason


class TestEncodings:
    GERMAN = "Die Präsidentin lehnt das Gesetz ab. Größe ist schön."

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
    @pytest.mark.parametrize("ending", ["txt", "csv", "jsonl", "json"])
    def test_one_text_in_every_encoding(self, encoding: str, ending: str) -> None:
        record = json.dumps({"text": self.GERMAN}, ensure_ascii=False)
        content = {"txt": self.GERMAN, "csv": f"text\n{self.GERMAN}\n"}.get(ending, record)
        assert one(save(f"a.{ending}", content.encode(encoding))).text == self.GERMAN

    def test_big_endian_utf16(self) -> None:
        assert one(save("a.txt", codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"))).text == TEXT

    @pytest.mark.parametrize(
        ("text", "encoding"),
        [
            ("Senator Núñez opposes the bill. " * 3, "cp1252"),
            ("La senadora Muñoz dijo que el año próximo la nación tendrá más impuestos.", "cp1252"),
            ("The mayor’s plan is “bad”, she said – and the council agreed with her on Monday.", "cp1252"),
            ("Президент поддержал закон о налогах. Оппозиция против.", "cp1251"),
            ("Prezydent popiera ustawę, która wprowadza zmiany. Żółć.", "cp1250"),
            ("日本の首相は法案に反対した。野党は賛成している。", "cp932"),
        ],
    )
    def test_guessed_encoding_reads_the_text(self, text: str, encoding: str) -> None:
        assert one(save("a.txt", text.encode(encoding))).text == text

    def test_damaged_utf8_keeps_its_good_characters(self) -> None:
        content = "Größe, Präsidentin, schön".encode() + b" \xff end"
        assert one(save("a.txt", content)).text == "Größe, Präsidentin, schön \ufffd end"

    def test_invalid_bytes_after_the_sample_do_not_crash(self) -> None:
        content = jsonl({"text": "a" * 1_100_000}).encode() + b'{"text": "caf\xe9"}\n'
        _, last = read_articles([save("a.jsonl", content)])
        assert isinstance(last, Article)
        assert last.text == "caf\ufffd"

    def test_utf8_character_cut_by_the_end_of_the_sample(self) -> None:
        assert detect_encoding(b"caf\xc3") == "utf-8"

    @pytest.mark.parametrize("ending", ["txt", "md", "html", "csv", "tsv", "json", "jsonl"])
    @pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", bytes(range(1, 32)) * 20])
    def test_binary_data(self, ending: str, content: bytes) -> None:
        assert "looks like binary data, not text" in rejected(save(f"a.{ending}", content)).reason


class TestHtml:
    def test_main_text_and_metadata(self) -> None:
        article = one(save("d/a.html", PAGE.format(head="", body=PARAGRAPH * 3)))
        assert article.id == "a"
        assert "opposes the new tax because" in article.text
        assert "Home" not in article.text
        assert "<" not in article.text
        assert article.title == "Mayor opposes tax"
        assert article.published == "2024-03-05"
        assert article.source == "Daily News"
        assert article.url == "https://news.example.org/tax"

    def test_declared_encoding(self) -> None:
        page = PAGE.format(head='<meta charset="macintosh">', body=PARAGRAPH * 3)  # one that is never guessed
        assert "Zürich" in one(save("a.htm", page.encode("mac_roman"))).text

    def test_no_date_is_made_up(self) -> None:
        page = f"<html><body><article>{PARAGRAPH * 3}<p>It begins on 3 May 2031.</p></article>(c) 2019</body></html>"
        assert one(save("a.html", page)).published is None

    @pytest.mark.parametrize("name", ["klingon", "hex", "undefined", "utf-16", "utf-8"])
    def test_wrong_declared_encoding_is_ignored(self, name: str) -> None:
        page = PAGE.format(head=f'<meta charset="{name}">', body=PARAGRAPH * 3)
        assert "Zürich" in one(save("a.html", page.encode("cp1252"))).text

    def test_xhtml_with_an_encoding_declaration(self) -> None:
        page = '<?xml version="1.0" encoding="utf-8"?>' + PAGE.format(head="", body=PARAGRAPH * 3)
        assert "Zürich" in one(save("a.html", page)).text

    @pytest.mark.parametrize("page", ["", "<html></html>", "<html><body><script>x()</script></body></html>", "<<<>>"])
    def test_nothing_to_extract(self, page: str) -> None:
        assert "no main text" in rejected(save("a.html", page)).reason

    def test_bad_page_prints_nothing(self) -> None:
        name = save("a.html", "")
        code = f"from stancewire.data.readers import read_articles as r; print(len(list(r([{name!r}]))))"
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert (run.stdout, run.stderr) == ("1\n", "")


class TestJsonl:
    def test_all_fields(self) -> None:
        record = {"id": 7, "text": TEXT, "title": "T", "published": "2024-03-05T01:02:03Z", "source": "S"}
        article = one(save("a.jsonl", jsonl({**record, "url": "u", "speaker": "Ann", "other": [1]})))
        assert article == Article("7", TEXT, "T", "2024-03-05", "S", "u", "Ann")

    def test_bad_lines_are_rejected_in_their_place(self) -> None:
        content = jsonl({"id": "a", "text": TEXT}) + '{"id": "b", "text": \n\n[1]\n' + jsonl({"body": TEXT, "id": 3})
        content += jsonl({"text": 5}, {"text": None}, {"text": " "}, {"text": float("nan")}) + jsonl({"text": "last"})
        results = list(read_articles([save("a.ndjson", content)]))
        assert isinstance(results[0], Article)
        assert isinstance(results[-1], Article)
        bad = [result for result in results[1:-1] if isinstance(result, Rejected)]
        assert [result.where for result in bad] == [f"a.ndjson:{line}" for line in (2, 4, 5, 6, 7, 8, 9)]
        reasons = ["broken JSON", "not a JSON object but a list", "--text-column", "not a string but a int"]
        for result, reason in zip(bad, [*reasons, "empty text", "empty text", "empty text"], strict=True):
            assert reason in result.reason
        assert "'body', 'id'" in bad[2].reason

    @pytest.mark.parametrize("line", ["[" * 200_000, '{"text": ' + "9" * 5000 + "}"])
    def test_hostile_json(self, line: str) -> None:
        first, second = read_articles([save("a.jsonl", line + "\n" + jsonl({"text": TEXT}))])
        assert isinstance(first, Rejected)
        assert "broken JSON" in first.reason
        assert isinstance(second, Article)

    def test_line_over_the_limit(self) -> None:
        content = jsonl({"text": "a" * 3_000_000}, {"text": "b" * 101}, {"text": TEXT})
        huge, long, good = read_articles([save("a.jsonl", content)], max_chars=100)
        assert isinstance(huge, Rejected)
        assert (huge.where, "3,000,013" in huge.reason) == ("a.jsonl:1", True)
        assert isinstance(long, Rejected)
        assert "101 characters, the limit is 100" in long.reason
        assert isinstance(good, Article)

    def test_lone_surrogates_become_encodable_and_offsets_stay(self) -> None:
        article = one(save("a.jsonl", '{"text": "a\\ud83d b", "title": "\\udc00"}\n'))
        assert (article.text, article.title) == ("a\ufffd b", "\ufffd")

    def test_nulls_become_storable_and_offsets_stay(self) -> None:
        article = one(save("a.jsonl", '{"id": "x\\u0000", "text": "a\\u0000b", "title": "\\u0000c"}\n'))
        assert (article.id, article.text, article.title) == ("x\ufffd", "a\ufffdb", "\ufffdc")

    def test_line_separators_inside_a_text_do_not_end_the_record(self) -> None:
        text = "one\u2028two\u0085three"
        assert one(save("a.jsonl", json.dumps({"text": text}, ensure_ascii=False))).text == text

    def test_carriage_returns_and_gzip(self) -> None:
        content = jsonl({"text": "one"}, {"text": "two"}).replace("\n", "\r\n").encode()
        texts = [record.text for record in read_articles([save("a.jsonl.gz", gzip.compress(content))])]  # type: ignore[union-attr]
        assert texts == ["one", "two"]

    @pytest.mark.parametrize("damage", [b"not gzip at all", gzip.compress(os.urandom(4000))[:2000]])
    def test_damaged_gzip(self, damage: bytes) -> None:
        assert "cannot be read" in rejected(save("a.jsonl.gz", damage)).reason

    def test_empty_file(self) -> None:
        assert rejected(save("a.jsonl", "")) == Rejected("a.jsonl", "the file is empty")

    def test_streaming_does_not_hold_the_file(self) -> None:
        articles = read_articles([save("a.jsonl", jsonl({"id": 1, "text": TEXT}) + "x" * 100 + "\n")])
        assert isinstance(next(articles), Article)
        assert isinstance(next(articles), Rejected)


class TestJson:
    @pytest.mark.parametrize("wrap", [lambda x: x, lambda x: {"articles": x}, lambda x: {"meta": 1, "data": x}])
    def test_lists(self, wrap) -> None:  # type: ignore[no-untyped-def]
        content = json.dumps(wrap([{"text": "one"}, "no", {"text": "two"}]), indent=2)
        first, bad, second = read_articles([save("a.json", content)])
        assert (first, second) == (Article(text_id("one"), "one"), Article(text_id("two"), "two"))
        assert bad == Rejected("a.json:record 2", "not a JSON object but a str")

    def test_one_record(self) -> None:
        assert one(save("a.json", '{"id": "x", "text": "t", "data": []}')) == Article("x", "t")

    def test_json_lines_under_a_json_name(self) -> None:
        results = list(read_articles([save("a.json", "\n" + jsonl({"text": "one"}) + "{\n" + jsonl({"text": "two"}))]))
        assert [result.where for result in results if isinstance(result, Rejected)] == ["a.json:3"]
        assert len(results) == 3

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            ('{"text": "a",\n "b" 1}', "line 2 column 6"),
            ("[" * 200_000, "nested too deeply"),
            ('{\n"text": "a"}\n{\n"text": "b"}', "Extra data"),
            (" \n", "the file is empty"),
            ("5", "not a JSON object but a int"),
            ('{"body": "a"}', "--text-column"),
        ],
    )
    def test_bad_files(self, content: str, reason: str) -> None:
        assert reason in rejected(save("a.json", content)).reason


class TestDelimited:
    def test_quotes_line_breaks_and_line_numbers(self) -> None:
        content = 'id,text,title\r\n1,"one, ""two""\nthree",T\r\n2,  ,\r\n3,last,\r\n'
        first, bad, last = read_articles([save("a.csv", content)])
        assert first == Article("1", 'one, "two"\nthree', "T")
        assert bad == Rejected("a.csv:4", "empty text")
        assert last == Article("3", "last")

    @pytest.mark.parametrize(("ending", "delimiter"), [("csv", ","), ("csv", ";"), ("csv", "\t"), ("tsv", "\t")])
    def test_delimiters(self, ending: str, delimiter: str) -> None:
        content = delimiter.join(["id", "text"]) + "\n" + delimiter.join(["1", "a | b"]) + "\n"
        assert one(save(f"a.{ending}", content)) == Article("1", "a | b")

    def test_missing_text_column_names_the_columns_and_the_option(self) -> None:
        result = rejected(save("a.csv", "id,body\n1,x\n2,y\n"))
        assert result.where == "a.csv"
        assert "no column 'text'" in result.reason
        assert "'id', 'body'" in result.reason
        assert "--text-column NAME" in result.reason

    def test_columns_by_name(self) -> None:
        name = save("a.csv", "key,body,day,text\n1,x,2024-01-02,no\n")
        assert one(name, columns=Columns(id="key", text="body", published="day")) == Article(
            "1", "x", published="2024-01-02"
        )
        assert "--title-column" in rejected(name, columns=Columns(text="body", title="headlien")).reason

    def test_long_fields(self) -> None:
        assert len(one(save("a.csv", f"text\n{'a' * 200_000}\n")).text) == 200_000

    def test_field_over_the_limit_costs_only_its_row(self) -> None:
        limit = csv.field_size_limit()
        huge = ("a" * 1000 + "\n") * (limit // 1000 + 200)
        content = f'id,text\n1,one\n2,"{huge}"\n3,{"b" * (limit + 1)}\n4,four\n'
        first, second, third, last = read_articles([save("a.csv", content)], max_chars=100)
        assert isinstance(first, Article)
        assert isinstance(second, Rejected)
        assert isinstance(third, Rejected)
        assert "field larger" in second.reason
        assert second.where == "a.csv:3"
        assert third.where == f"a.csv:{huge.count(chr(10)) + 4}"
        assert last == Article("4", "four")

    def test_rows_of_the_wrong_length(self) -> None:
        long, short, blank = read_articles([save("a.csv", "text,title\nYes, he said, no,T\nx\n\n,T\n")])
        assert isinstance(long, Rejected)
        assert "4 fields, the header 2" in long.reason
        assert isinstance(short, Article)
        assert blank == Rejected("a.csv:5", "empty text")

    def test_row_without_its_text_field(self) -> None:
        assert rejected(save("a.csv", "id,text\n1\n")) == Rejected("a.csv:2", "empty text")

    @pytest.mark.parametrize("content", ["", "text\n"])
    def test_nothing_in_it(self, content: str) -> None:
        results = list(read_articles([save("a.csv", content)]))
        assert results == ([] if content else [Rejected("a.csv", "the file is empty")])

    def test_null_byte_after_the_sample(self) -> None:
        content = "text\n" + ("a" * 100_000 + "\n") * 11 + "b\0c\n"
        *_, last = read_articles([save("a.csv", content)])
        assert isinstance(last, Article)
        assert last.text == "b\ufffdc"


class TestParquet:
    def test_types_and_nulls(self) -> None:
        stamp = datetime(2024, 3, 5, 23, 59, tzinfo=UTC)
        columns = {
            "id": [1, 2, 3],
            "text": [TEXT, "two", None],
            "title": [None, "T", None],
            "published": pa.array([stamp.timestamp() * 1e9 + 1, None, None], pa.float64())
            .cast(pa.int64(), safe=False)
            .cast(pa.timestamp("ns", "UTC")),
            "speaker": [float("nan"), 1.5, None],
        }
        first, second, third = read_articles([save_table("a.parquet", columns)])
        assert first == Article("1", TEXT, published="2024-03-05")
        assert second == Article("2", "two", "T", speaker="1.5")
        assert third == Rejected("a.parquet:row 3", "empty text")

    def test_dates(self) -> None:
        name = save_table("a.parquet", {"text": [TEXT], "published": pa.array([date(2023, 1, 2)])})
        assert one(name).published == "2023-01-02"

    def test_pandas_frame(self) -> None:
        import pandas as pd

        frame = pd.DataFrame({"text": ["a", "b"], "published": [pd.Timestamp("2024-01-02 03:04:05.123456789"), pd.NaT]})
        frame.to_parquet("a.parquet")
        assert [article.published for article in read_articles(["a.parquet"])] == ["2024-01-02", None]  # type: ignore[union-attr]

    def test_missing_column(self) -> None:
        result = rejected(save_table("a.parquet", {"id": [1], "body": ["x"]}))
        assert result.where == "a.parquet"
        assert "'id', 'body'" in result.reason
        assert "--text-column NAME" in result.reason

    def test_text_that_is_no_string(self) -> None:
        assert "not a string but a bytes" in rejected(save_table("a.parquet", {"text": [b"x"]})).reason

    @pytest.mark.parametrize("content", [b"", b"PAR1", b"hello there, no parquet here"])
    def test_no_parquet(self, content: bytes) -> None:
        assert "not a readable Parquet file" in rejected(save("a.parquet", content)).reason

    def test_damaged_in_the_middle(self) -> None:
        name = save_table("a.parquet", {"text": [f"{TEXT} {number}" for number in range(3000)]})
        content = bytearray(Path(name).read_bytes())
        content[4:400] = bytes(396)
        results = list(read_articles([save(name, bytes(content))]))
        assert isinstance(results[-1], Rejected)
        assert "not a readable Parquet file" in results[-1].reason

    def test_more_rows_than_a_batch(self) -> None:
        name = save_table("a.parquet", {"text": [str(number) for number in range(200)]})
        assert [article.text for article in read_articles([name])] == [str(number) for number in range(200)]  # type: ignore[union-attr]


class TestStandardInput:
    @pytest.mark.parametrize(
        ("content", "texts"),
        [
            ("Plain text.\nMore of it.", ["Plain text.\nMore of it."]),
            ("[Applause] Thank you.", ["[Applause] Thank you."]),
            (' \n{"text": "one"}\n{"text": "two"}\n', ["one", "two"]),
            ('{"text": "one"}', ["one"]),
            ('{\n  "text": "one"\n}', ["one"]),
            ('[{"text": "one"}, {"text": "two"}]', ["one", "two"]),
            ('{"articles": [{"text": "one"}]}\n', ["one"]),
            ('\ufeff{"text": "one"}\n{"text": "two"}\n', ["one", "two"]),
        ],
    )
    def test_sniffed(self, content: str, texts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        stdin = io.BytesIO(content.encode())
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=stdin))
        results = list(read_articles(["-"]))
        assert [result.text for result in results if isinstance(result, Article)] == texts
        assert len(results) == len(texts)
        assert results[0].id == text_id(texts[0])  # type: ignore[union-attr]
        assert not stdin.closed

    def test_format_given_and_place_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"text,id\nhello,1\n,2\n")))
        assert list(read_articles(["-"], format="csv")) == [
            Article("1", "hello"),
            Rejected("standard input:3", "empty text"),
        ]

    def test_html(self, monkeypatch: pytest.MonkeyPatch) -> None:
        page = PAGE.format(head="", body=PARAGRAPH * 3).encode()
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(page)))
        assert one("-").title == "Mayor opposes tax"

    def test_parquet_needs_a_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"PAR1")))
        assert "give the name of a file" in rejected("-", format="parquet").reason

    def test_too_long_or_empty(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"a" * 20_000_001)))
        assert "20 MB" in rejected("-").reason
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO()))
        assert rejected("-") == Rejected("standard input", "empty text")

    def test_real_pipe(self) -> None:
        code = "from stancewire.data.readers import read_articles as r; print([a.text for a in r(['-'])])"
        run = subprocess.run([sys.executable, "-c", code], input=b'{"text": "a"}\n', capture_output=True, check=True)
        assert run.stdout == b"['a']\n"


class TestIds:
    def test_explicit_duplicate_is_rejected(self) -> None:
        first = save("a.jsonl", jsonl({"id": 1, "text": "one"}))
        second = save("b.jsonl", jsonl({"id": "1", "text": "two"}))
        _, result = read_articles([first, second])
        assert result == Rejected("b.jsonl:1", "duplicate id '1', first seen at a.jsonl:1")

    def test_the_last_of_several_records_holds_where_that_is_asked_for(self) -> None:
        first = save("a.jsonl", jsonl({"id": 1, "text": "one"}, {"text": TEXT}, {"id": 2, "text": "x"}))
        second = save("b.jsonl", jsonl({"id": 1, "text": "two"}, {"text": TEXT}, {"id": 1, "text": "three"}))
        # One that is rejected takes no other's place.
        third = save("c.jsonl", jsonl({"id": 1, "text": " "}))
        found = list(read_articles([first, second, third], last_holds=True))
        base = text_id(TEXT)
        assert found[:-1] == [Article(base, TEXT), Article("2", "x"), Article(f"{base}-2", TEXT), Article("1", "three")]
        assert found[-1] == Rejected("c.jsonl:1", "empty text")

    def test_id_of_a_rejected_record_is_free(self) -> None:
        results = list(read_articles([save("a.jsonl", jsonl({"id": 1, "text": ""}, {"id": 1, "text": "x"}))]))
        assert results[1] == Article("1", "x")

    def test_equal_texts_without_ids_are_kept_and_numbered(self) -> None:
        base = text_id(TEXT)
        records = [{"text": TEXT}, {"id": f"{base}-2", "text": "other"}, {"text": TEXT}, {"id": " ", "text": TEXT}]
        ids = [article.id for article in read_articles([save("a.jsonl", jsonl(*records))])]  # type: ignore[union-attr]
        assert ids == [base, f"{base}-2", f"{base}-3", f"{base}-4"]

    def test_a_file_is_known_by_its_name_and_by_its_path_where_two_share_it(self) -> None:
        names = [save("d/a.txt", "one"), save("e/a.md", "two"), save("e/b.v2.txt", "three")]
        ids = [article.id for article in read_articles(names)]  # type: ignore[union-attr]
        assert ids == ["d/a.txt", "e/a.md", "b.v2"]

    def test_every_run_starts_anew(self) -> None:
        name = save("a.jsonl", jsonl({"id": 1, "text": "one"}))
        assert list(read_articles([name])) == list(read_articles([name]))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2024-03-05", "2024-03-05"),
        ("20240305", "2024-03-05"),
        (20240305, "2024-03-05"),
        (" 2024-03-05T23:59:59.123+09:00 ", "2024-03-05"),
        ("2024-03-05 10:00 CET", "2024-03-05"),
        ("Tue, 05 Mar 2024 10:00:00 GMT", "2024-03-05"),
        ("Tue, 5 Mar 2024 10:00:00 -0500", "2024-03-05"),
        ("2024-13-45", None),
        ("2024-03", None),
        ("1709632800", None),
        ("1712011200000", None),
        (1709632800.5, None),
        ("05/03/2024", None),
        ("yesterday", None),
        ("", None),
        ([2024], None),
        (None, None),
    ],
)
def test_published(given: object, expected: str | None) -> None:
    assert one(save("a.jsonl", jsonl({"text": TEXT, "published": given}))).published == expected


def test_many_inputs_in_order_and_a_bad_one_does_not_stop_the_rest() -> None:
    names = [save("z.txt", "z"), save("bad.json", "{"), save("a.txt", "a")]
    kinds = [type(result) for result in read_articles(names)]
    assert kinds == [Article, Rejected, Article]


def test_every_ending_has_a_reader() -> None:
    assert {"txt", "md", "html", "htm", "jsonl", "ndjson", "json", "csv", "tsv", "parquet"} == set(INPUT_FORMATS)


def test_import_loads_no_heavy_library() -> None:
    heavy = "{'pyarrow', 'pandas', 'trafilatura', 'charset_normalizer', 'lxml'}"
    code = f"import sys, stancewire.data.readers, stancewire.data.writers; print({heavy} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
