"""A scoring run loses nothing: broken off and gone on with, in one process or several, it gives the same tables."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from stancewire.data.readers import count_records
from stancewire.data.schema import ARTICLE_COLUMNS, Article
from stancewire.data.writers import read_positions
from stancewire.inference.cli import main
from stancewire.inference.scorer import Scorer
from stancewire.inference.workers import Scoring, score_shards

MODEL = str(Path(__file__).parent / "models" / "format-1")
PATHS = "in.jsonl", "-o", "out.jsonl"
STATES = ("Chile", "Japan", "Kenya", "Norway", "Egypt", "Peru", "Cuba", "Laos", "Malta", "Qatar")


def write_input(path: Path, articles: int) -> None:
    draw = random.Random(3)
    with path.open("w", encoding="utf-8") as file:
        for number in range(articles):
            one, other = draw.sample(STATES, 2)
            text = f"{one} imposed new sanctions on {other} on day {number}. {other} called them a mistake. " * 3
            record = {"id": f"a{number}", "text": text if number % 40 != 7 else "", "title": f"Headline {number}"}
            file.write(json.dumps(record) + "\n")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "stancewire.inference", "score", *arguments, "--model", MODEL]


def score(folder: Path, *arguments: str, code: int = 1) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command(*arguments), cwd=folder, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the input and the outputs of an unbroken run."""
    folder = tmp_path_factory.mktemp("run")
    write_input(folder / "in.jsonl", 600)
    score(folder, *PATHS)
    return folder


def outputs(folder: Path) -> tuple[bytes, bytes]:
    return (folder / "out.jsonl").read_bytes(), (folder / "out.articles.jsonl").read_bytes()


def test_each_record_has_a_status_and_the_sums_agree(unbroken: Path) -> None:
    rows = [json.loads(line) for line in (unbroken / "out.articles.jsonl").read_text().splitlines()]
    assert all(tuple(row) == ARTICLE_COLUMNS for row in rows)
    assert len(rows) == 600 == count_records([str(unbroken / "in.jsonl")])
    skipped = [row for row in rows if row["status"] == "skipped"]
    assert len(skipped) == 15
    assert {row["reason"] for row in skipped} == {"empty text"}
    positions = list(read_positions(unbroken / "out.jsonl"))
    assert sum(row["positions"] for row in rows) == len(positions) > 0
    scored = {row["article_id"] for row in rows if row["status"] == "scored"}
    assert {position.article_id for position in positions} <= scored
    assert all(row["story_id"] for row in rows if row["status"] == "scored")
    assert not list(unbroken.glob("*.unfinished"))


def test_killed_at_fifty_random_moments_it_gives_what_an_unbroken_run_gives(unbroken: Path, tmp_path: Path) -> None:
    shutil.copy(unbroken / "in.jsonl", tmp_path)
    draw = random.Random(5)
    kills, kept, finished = 0, set[int](), 0
    while kills < 50:
        more = ["--workers", "2"] if draw.random() < 0.2 else []
        process = subprocess.Popen(command(*PATHS, *more), cwd=tmp_path, stderr=subprocess.DEVNULL)
        try:
            process.wait(draw.uniform(0.3, 2.0))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            kept.add(len(list((tmp_path / "out.jsonl.unfinished").glob("*.jsonl"))))
        else:
            assert outputs(tmp_path) == outputs(unbroken)
            (tmp_path / "out.jsonl").unlink()
            (tmp_path / "out.articles.jsonl").unlink()
            finished += 1
    shutil.rmtree(tmp_path / "out.jsonl.unfinished", ignore_errors=True)
    assert finished or len(kept) > 3, "every kill came before the first shard: the test shows nothing"


def test_a_run_goes_on_where_it_was_killed(unbroken: Path, tmp_path: Path) -> None:
    shutil.copy(unbroken / "in.jsonl", tmp_path)
    folder = tmp_path / "out.jsonl.unfinished"
    process = subprocess.Popen(command(*PATHS), cwd=tmp_path, stderr=subprocess.DEVNULL)
    while not (folder / "0000002.jsonl").exists():
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not (tmp_path / "out.jsonl").exists()
    done = (folder / "0000001.jsonl").stat().st_mtime_ns
    seen: list[int] = []
    process = subprocess.Popen(command(*PATHS), cwd=tmp_path, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        if (folder / "0000001.jsonl").exists():
            seen.append((folder / "0000001.jsonl").stat().st_mtime_ns)
        time.sleep(0.01)
    assert seen
    assert set(seen) == {done}
    assert outputs(tmp_path) == outputs(unbroken)


def test_ctrl_c_leaves_a_run_that_goes_on(unbroken: Path, tmp_path: Path) -> None:
    # The same records five times over: a run on a busy machine must not be over before it is interrupted.
    (tmp_path / "in.jsonl").write_text((unbroken / "in.jsonl").read_text() * 5)
    process = subprocess.Popen(command(*PATHS, "--workers", "2"), cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "out.jsonl.unfinished" / "0000001.jsonl").exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130, said
    assert "goes on where this one stopped" in said
    assert "Traceback" not in said
    score(tmp_path, *PATHS)
    assert not (tmp_path / "out.jsonl.unfinished").exists()
    broken = outputs(tmp_path)
    score(tmp_path, *PATHS, "--force")
    assert broken == outputs(tmp_path)


def test_several_workers_give_the_same_rows_in_the_same_order(unbroken: Path, tmp_path: Path) -> None:
    shutil.copy(unbroken / "in.jsonl", tmp_path)
    score(tmp_path, *PATHS, "--workers", "3")
    assert outputs(tmp_path) == outputs(unbroken)


def test_other_settings_and_a_changed_input_are_not_mixed_in(unbroken: Path, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    shutil.copy(unbroken / "in.jsonl", source)
    process = subprocess.Popen(command(*PATHS), cwd=tmp_path, stderr=subprocess.DEVNULL)
    while not (tmp_path / "out.jsonl.unfinished" / "0000001.jsonl").exists():
        time.sleep(0.01)
    process.kill()
    process.wait()
    other = score(tmp_path, *PATHS, "--kind", "stance", code=2)
    assert "other settings (kind)" in other.stderr
    lines = source.read_text().splitlines(keepends=True)
    source.write_text("".join([lines[0], lines[1].replace("imposed", "lifted"), *lines[2:]]))
    changed = score(tmp_path, *PATHS, code=2)
    assert "the input has changed" in changed.stderr
    score(tmp_path, *PATHS, "--restart")
    assert outputs(tmp_path) != outputs(unbroken)


def test_topical_only_leaves_out_what_names_no_issue(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        json.dumps({"id": "on", "text": "Chile imposed sanctions on Peru."})
        + "\n"
        + json.dumps({"id": "off", "text": "Chile praised the cooks of Peru."})
    )
    score(tmp_path, "a.jsonl", "-o", "out.csv", "--topical-only", code=0)
    text = (tmp_path / "out.articles.csv").read_text()
    assert "on,scored,," in text
    assert "off,skipped,names no issue," in text
    assert {row.article_id for row in read_positions(tmp_path / "out.csv")} == {"on"}


def test_an_article_that_trips_the_code_up_is_skipped_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Scorer.read

    def trip(self: Scorer, article: Article):
        if article.id == "bad":
            raise ZeroDivisionError("by a text that nobody thought of")
        return real(self, article)

    monkeypatch.setattr(Scorer, "read", trip)
    articles = [Article(name, "Chile imposed sanctions on Peru.") for name in ("one", "bad", "two")]
    ((_, results),) = score_shards([("shard", articles)], Scoring(MODEL), workers=1)
    assert results[1] == "could not be scored (ZeroDivisionError: by a text that nobody thought of)"
    first, _, last = results
    assert not isinstance(first, str)
    assert not isinstance(last, str)
    assert {row.article_id for row in first} == {"one"}
    assert {row.article_id for row in last} == {"two"}


def test_a_worker_that_dies_is_one_line_and_the_run_goes_on(
    unbroken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(unbroken / "in.jsonl", tmp_path)
    monkeypatch.chdir(tmp_path)
    arguments = ["score", *PATHS, "--model", MODEL]
    real = ProcessPoolExecutor.submit
    calls = 0

    def kill_one(self, function, *args):
        nonlocal calls
        calls += 1
        if calls == 6:
            next(iter(self._processes.values())).kill()
        return real(self, function, *args)

    monkeypatch.setattr(ProcessPoolExecutor, "submit", kill_one)
    with pytest.raises(SystemExit) as exit_:
        main([*arguments, "--workers", "2"])
    assert exit_.value.code == 2
    assert "a worker died" in capsys.readouterr().err
    score(tmp_path, *PATHS)
    assert outputs(tmp_path) == outputs(unbroken)
