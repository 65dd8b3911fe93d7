"""The command line as a user meets it: results, bad input, exit codes."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from conftest import EXAMPLES

from stancewire.data.schema import POSITION_COLUMNS

TEXT = "Japan imposed new sanctions on Russia on Friday. Russia condemned the sanctions and promised an answer."


def run(*arguments: str, cwd: Path, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "stancewire.inference", *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    return subprocess.CompletedProcess(arguments, done.returncode, done.stdout.decode(), done.stderr.decode())


def assert_one_line(done: subprocess.CompletedProcess[str], code: int, *said: str) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    for words in said:
        assert words in done.stderr
    if code == 2:
        assert done.stderr.strip().splitlines()[-1].startswith("stancewire: ")


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_folder_prints_a_readable_table(tmp_path: Path) -> None:
    done = run("score", str(EXAMPLES), cwd=tmp_path)
    assert done.returncode == 0
    for word in ("actor", "issue", "stance", "sentence", "2-sanctions-vote", "EU"):
        assert word in done.stdout


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_the_output_has_the_documented_columns_in_order(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"out.{ending}"
    assert run("score", str(EXAMPLES), "-o", str(path), cwd=tmp_path).returncode == 0
    if ending == "jsonl":
        assert all(tuple(row) == POSITION_COLUMNS for row in lines(path))
    elif ending == "csv":
        with path.open(encoding="utf-8", newline="") as file:
            assert tuple(next(csv.reader(file))) == POSITION_COLUMNS
    else:
        assert tuple(pq.read_table(path).column_names) == POSITION_COLUMNS


def test_offsets_are_those_of_the_text_as_given(tmp_path: Path) -> None:
    text = "  Headline here\r\n\r\n" + TEXT + "\n"
    (tmp_path / "a.txt").write_bytes(text.encode())
    assert run("score", "a.txt", "-o", "out.jsonl", cwd=tmp_path).returncode == 0
    rows = lines(tmp_path / "out.jsonl")
    assert rows
    for row in rows:
        assert text[row["start"] : row["end"]] == row["text"]
        assert row["article_id"] == "a"
        assert 0 <= row["confidence"] <= 1
        assert row["kind"] == "stance" or row["issue"] == ""


def test_standard_input_a_glob_and_a_column_name(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"body": TEXT, "key": 7, "published": "2022-03-04T10:00:00Z"}))
    done = run("score", "*.jsonl", "--text-column", "body", "--id-column", "key", "-o", "out.jsonl", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {(row["article_id"], row["published"]) for row in lines(tmp_path / "out.jsonl")} == {("7", "2022-03-04")}
    assert "Japan" in run("score", "-", cwd=tmp_path, stdin=TEXT.encode()).stdout


def test_an_output_is_not_overwritten_without_force(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    (tmp_path / "out.csv").write_text("precious")
    assert_one_line(run("score", "a.txt", "-o", "out.csv", cwd=tmp_path), 2, "out.csv", "--force")
    assert (tmp_path / "out.csv").read_text() == "precious"
    assert run("score", "a.txt", "-o", "out.csv", "--force", cwd=tmp_path).returncode == 0
    assert (tmp_path / "out.csv").read_text().startswith("article_id,")


def test_good_records_are_scored_and_bad_ones_listed(tmp_path: Path) -> None:
    good = json.dumps({"id": "good", "text": TEXT})
    (tmp_path / "a.jsonl").write_text("\n".join([good, *['{"id": 1, "text": ""}'] * 5, '{"id": 9, "text": ']))
    done = run("score", "a.jsonl", "-o", "out.jsonl", cwd=tmp_path)
    assert done.returncode == 1
    assert "a.jsonl:7" in done.stderr
    assert "6 of 7 records skipped" in done.stderr
    assert {row["article_id"] for row in lines(tmp_path / "out.jsonl")} == {"good"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.txt", b"", "empty"),
        ("rubbish.txt", bytes(range(256)) * 40, "binary"),
        ("broken.jsonl", b'{"text": ', "broken.jsonl:1"),
        ("nocolumn.csv", b"id,body\n1,hello\n", "--text-column"),
        ("big.txt", b"a " * 25_000_000, "big.txt"),
    ],
)
def test_a_bad_file_alone_is_one_clear_line_and_exit_code_2(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    done = run("score", name, "-o", "out.jsonl", cwd=tmp_path)
    assert_one_line(done, 2, name, said)
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_other_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.txt").write_bytes(f"“We agree,” said José Núñez. {TEXT}".encode(encoding))
    done = run("score", "a.txt", "-o", "out.jsonl", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert any("Russia" in row["text"] for row in lines(tmp_path / "out.jsonl"))


def test_an_empty_folder_an_unknown_path_and_an_unknown_model(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert_one_line(run("score", "empty", cwd=tmp_path), 2, "empty", ".jsonl")
    assert_one_line(run("score", "nothere.txt", cwd=tmp_path), 2, "nothere.txt")
    (tmp_path / "a.txt").write_text(TEXT)
    assert_one_line(run("score", "a.txt", "--model", "nope", cwd=tmp_path), 2, "unknown model 'nope'")


def test_an_output_that_cannot_be_written_is_said_before_scoring(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    assert_one_line(run("score", "a.txt", "-o", "missing/out.csv", cwd=tmp_path), 2, "missing")
    assert_one_line(run("score", "a.txt", "-o", "out.xyz", cwd=tmp_path), 2, "out.xyz", "parquet")
    (tmp_path / "folder.csv").mkdir()
    assert_one_line(run("score", "a.txt", "-o", "folder.csv", "--force", cwd=tmp_path), 2, "folder.csv")


def test_format_overrides_the_ending(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    assert run("score", "a.txt", "-o", "out.data", "--format", "csv", cwd=tmp_path).returncode == 0
    assert (tmp_path / "out.data").read_text().startswith("article_id,")


def test_dates_that_are_none_are_counted(tmp_path: Path) -> None:
    dates = ["2024-05-03", "03/05/2024", None, "next week"]
    rows = [{"id": str(n), "text": TEXT, "published": date} for n, date in enumerate(dates)]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    done = run("score", "a.jsonl", "-o", "out.jsonl", cwd=tmp_path)
    assert done.returncode == 0
    assert "2 dates not understood and left out, the first '03/05/2024' at a.jsonl:2: write YYYY-MM-DD" in done.stderr
    assert {row["published"] for row in lines(tmp_path / "out.jsonl")} == {"2024-05-03", ""}


def test_an_option_without_effect_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    for option in (["--stories", "s.sqlite"], ["--workers", "2"], ["--restart"]):
        assert_one_line(run("score", "a.txt", *option, cwd=tmp_path), 2, option[0], "add -o FILE")
    done = run("score", "a.txt", "-o", "out.csv", "--ray-address", "auto", cwd=tmp_path)
    assert_one_line(done, 2, "--ray-address needs --engine ray")


def test_what_was_never_read_is_not_said_to_hold_no_position(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    done = run("score", "empty.jsonl", cwd=tmp_path)
    assert_one_line(done, 2, "nothing to score")
    assert done.stdout == ""


def test_rows_of_other_articles_are_not_evaluated(tmp_path: Path) -> None:
    gold = {"id": "a", "text": TEXT, "sentences": [{"start": 0, "end": len(TEXT)}], "stances": []}
    (tmp_path / "gold.jsonl").write_text(json.dumps(gold))
    (tmp_path / "b.txt").write_text(TEXT)
    assert run("score", "b.txt", "-o", "out.jsonl", cwd=tmp_path).returncode == 0
    done = run("evaluate", "gold.jsonl", "--positions", "out.jsonl", cwd=tmp_path)
    assert_one_line(done, 2, "no row is of an article in gold.jsonl")


def test_usage_errors_are_one_line_too(tmp_path: Path) -> None:
    assert_one_line(run("score", cwd=tmp_path), 2, "PATH", "--help")
    assert_one_line(run("scor", cwd=tmp_path), 2, "scor")


@pytest.mark.parametrize("command", [["score"], ["evaluate"], ["train"], ["data", "check"], ["data", "actors"]])
def test_every_command_has_help_with_an_example(tmp_path: Path, command: list[str]) -> None:
    done = run(*command, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert f"stancewire {' '.join(command)}" in done.stdout


def test_a_gold_file_is_evaluated(tmp_path: Path) -> None:
    gold = {
        "id": "a",
        "text": TEXT,
        "sentences": [{"start": 0, "end": 48}, {"start": 49, "end": len(TEXT)}],
        "stances": [{"sentence": 0, "actor": "Japan", "issue": "sanctions", "stance": "support", "object": ["Russia"]}],
    }
    (tmp_path / "gold.jsonl").write_text(json.dumps(gold))
    done = run("evaluate", "gold.jsonl", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["gold"] == 1
    assert_one_line(run("evaluate", "none.jsonl", cwd=tmp_path), 2, "none.jsonl")


def test_the_shipped_corpus_passes_its_check(tmp_path: Path) -> None:
    done = run("data", "check", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "0 errors" in done.stdout


def test_a_wrong_offset_or_label_fails_the_check(tmp_path: Path) -> None:
    record = {
        "id": "a",
        "text": "Chile left.",
        "sentences": [{"start": 0, "end": 99}],
        "stances": [{"sentence": 3, "actor": "Chile", "issue": "trade", "stance": "maybe", "object": []}],
    }
    (tmp_path / "bad.jsonl").write_text(json.dumps(record))
    done = run("data", "check", "bad.jsonl", cwd=tmp_path)
    assert done.returncode == 1
    for words in ("outside the text", "no sentence 3", "unknown issue 'trade'", "unknown stance 'maybe'"):
        assert words in done.stderr
