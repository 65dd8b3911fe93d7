"""What training costs is measured on real runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stancewire.inference.cli import main


def test_each_size_is_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="needs the training extra")
    from importlib.resources import files

    recipe = str(files("stancewire.configs") / "baseline.yaml")
    with pytest.raises(SystemExit) as stopped:
        main(["benchmark", "training", "--recipe", recipe, "--sizes", "100,200"])
    assert stopped.value.code == 0
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()[3:]]
    assert [100 <= int(rows[0][0]) < 200, 200 <= int(rows[1][0]) < 300] == [True, True]
    assert all(0.05 < float(row[3]) < 24 for row in rows)


def test_sizes_that_are_no_numbers_are_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["benchmark", "training", "--sizes", "many"])
    assert stopped.value.code == 2
    assert "write numbers with commas" in capsys.readouterr().err


def test_a_stream_is_scored_and_its_topical_articles_are_counted(tmp_path: Path) -> None:
    pytest.importorskip("psutil", reason="the benchmark needs the peers extra")
    from stancewire.data.schema import Article
    from stancewire.inference.speed import make_job, measure_streams

    articles = [Article(f"a{n}", f"Japan imposed new sanctions on Russia on day {n}.") for n in range(3)]
    (cost,) = measure_streams(articles, [40], every=10, workers=1)
    assert cost.articles == 40
    # Four on the subject, and perhaps one or two of the others that seem to be.
    assert 4 <= cost.topical <= 8
    assert cost.seconds > 0
    assert cost.peak_mb > 50
    job = make_job(articles)
    assert job.sentences == 3
    assert {actor for _, actor in job.pairs} == {"Japan", "Russia"}


def test_a_start_is_timed_until_the_first_article_is_printed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("Japan imposed new sanctions on Russia on Friday.")
    with pytest.raises(SystemExit) as stopped:
        main(["benchmark", "start", str(tmp_path), "--rounds", "1"])
    assert stopped.value.code == 0
    said = re.fullmatch(r"medians of 1: import (\S+) s, first row after (\S+) s\n", capsys.readouterr().out)
    assert said
    assert 0 < float(said[1]) < float(said[2])
    with pytest.raises(SystemExit) as stopped:
        main(["benchmark", "start", str(tmp_path / "none"), "--rounds", "1"])
    assert stopped.value.code == 2
    assert "no such file" in capsys.readouterr().err
