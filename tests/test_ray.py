"""The same pipeline on Ray Data: the tables that one machine writes, a killed worker included."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from threading import Thread

import pytest

pytest.importorskip("ray", reason="--engine ray needs the cluster extra")

import psutil
import pyarrow.parquet as pq

from stancewire.data.errors import StancewireError
from stancewire.data.formats import Columns
from stancewire.inference.cli import main
from stancewire.inference.filter import PositionFilter
from stancewire.inference.ray_engine import score_on_ray
from stancewire.inference.workers import Scoring

MODEL = str(Path(__file__).parent / "models" / "format-1")
STATES = ("Chile", "Japan", "Kenya", "Norway", "Egypt", "Peru", "Cuba", "Laos", "Malta", "Qatar")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of articles in parts, and what one machine makes of them."""
    home = tmp_path_factory.mktemp("ray")
    (home / "in").mkdir()
    draw = random.Random(3)
    for part in range(3):
        with (home / "in" / f"{part}.jsonl").open("w", encoding="utf-8") as file:
            for number in range(200):
                one, other = draw.sample(STATES, 2)
                text = f"{one} imposed new sanctions on {other} on day {number}. {other} called them a mistake. " * 3
                file.write(json.dumps({"id": f"p{part}-{number}", "text": text if number != 7 else ""}) + "\n")
    with pytest.raises(SystemExit):
        main(["score", str(home / "in"), "-o", str(home / "out.parquet"), "--model", MODEL])
    return home


def tables(output: Path) -> tuple[list[dict], list[dict]]:
    return pq.read_table(output / "positions").to_pylist(), pq.read_table(output / "articles").to_pylist()


def test_a_local_cluster_with_a_killed_worker_gives_what_one_process_gives(folder: Path) -> None:
    killed: list[int] = []
    done = False

    def kill_one() -> None:
        while not done and not killed:
            for process in psutil.Process().children(recursive=True):
                try:
                    if "MapWorker" in " ".join(process.cmdline()) and process.cpu_times().user > 0.6:
                        process.kill()
                        killed.append(process.pid)
                        return
                except psutil.Error:
                    continue
            time.sleep(0.02)

    killer = Thread(target=kill_one)
    killer.start()
    try:
        counts = score_on_ray(
            [str(folder / "in")], str(folder / "ray"), Scoring(MODEL), Columns(), PositionFilter(), workers=2
        )
    finally:
        done = True
        killer.join()
    assert killed, "no worker was killed: the test shows half of what it should"
    positions, articles = tables(folder / "ray")
    assert positions == pq.read_table(folder / "out.parquet").to_pylist()
    local = pq.read_table(folder / "out.articles.parquet").to_pylist()
    # A record that is no article has no line number here.
    assert [one for one in articles if one["status"] == "scored"] == [one for one in local if one["status"] == "scored"]
    assert [one["reason"] for one in articles] == [one["reason"] for one in local]
    assert counts == (597, 3, len(positions))


def test_an_output_in_use_and_inputs_of_two_kinds_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(StancewireError, match="holds something already"):
        score_on_ray([str(folder / "in")], str(folder), Scoring(MODEL), Columns(), PositionFilter(), workers=1)
    (tmp_path / "mixed").mkdir()
    (tmp_path / "mixed" / "a.jsonl").write_text("{}")
    (tmp_path / "mixed" / "b.txt").write_text("text")
    with pytest.raises(StancewireError, match=r"reads \.parquet or \.jsonl"):
        score_on_ray(
            [str(tmp_path / "mixed")], str(tmp_path / "out"), Scoring(MODEL), Columns(), PositionFilter(), workers=1
        )
