"""Plots of summed-up positions, from the command line and from a notebook."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="plots need the report extra")

from stancewire.data.errors import StancewireError
from stancewire.data.schema import ArticleRow, Position
from stancewire.data.writers import article_table_of, open_writer
from stancewire.inference.aggregate import aggregate
from stancewire.inference.cli import main
from stancewire.inference.plots import plot_stances, plot_trend


def row(article: str, label: str, published: str, actor: str = "Japan") -> Position:
    return Position(article, 0, 0, 9, f"Text {article}", "stance", actor, "sanctions", label, 0.9, [], published, "m 1")


ROWS = [
    *(row(f"a{n}", "support", f"2024-0{1 + n // 4}-01") for n in range(12)),
    *(row(f"b{n}", "oppose", "2024-05-01") for n in range(4)),
    row("c", "oppose", "2024-07-01"),
    *(row(f"d{n}", "oppose", "2024-02-01", "Chile") for n in range(3)),
]


def write(path: Path, rows: list[Position]) -> Path:
    with open_writer(path) as writer:
        writer.write(rows)
    return path


def test_the_line_leaves_gaps_and_thin_periods_out() -> None:
    axes = plot_trend(aggregate(ROWS), ["Japan"]).axes[0]
    line = next(line for line in axes.lines if line.get_label() == "Japan")
    nets = [None if net != net else round(float(net), 2) for net in line.get_ydata()]  # type: ignore[union-attr]
    # January to July: four stories a month, none in April and June, one alone in July.
    assert nets == [1, 1, 1, None, -1, None, None]
    assert [tuple(point) for point in axes.collections[0].get_offsets()] == [(6, -1)]  # type: ignore[union-attr]


def test_actors_without_enough_stories_are_not_drawn() -> None:
    axes = plot_stances(aggregate([*ROWS, row("e", "support", "", "Peru")])).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Japan", "Chile"]
    with pytest.raises(StancewireError, match="nothing to plot"):
        plot_stances(aggregate(ROWS[:2]))
    with pytest.raises(StancewireError, match="no positions of Peru"):
        plot_trend(aggregate(ROWS), ["Peru"])


@pytest.mark.parametrize("kind", ["stances", "trend"])
def test_pictures_from_the_command_line(tmp_path: Path, kind: str) -> None:
    table = str(write(tmp_path / "positions.csv", ROWS))
    for ending in ("png", "svg"):
        target = tmp_path / f"plot.{ending}"
        with pytest.raises(SystemExit) as exit_:
            main(["plot", table, "-o", str(target), "--kind", kind])
        assert exit_.value.code == 0
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert ET.parse(tmp_path / "plot.svg").getroot().tag.endswith("svg")


def test_copies_by_the_article_table_count_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "positions.jsonl", ROWS[:4])
    with open_writer(article_table_of(path), row=ArticleRow) as writer:
        writer.write(ArticleRow(f"a{n}", "scored", "", "one story", 1, "", "", "", "") for n in range(4))
    with pytest.raises(SystemExit) as exit_:
        main(["plot", str(path), "-o", str(tmp_path / "plot.png")])
    assert exit_.value.code == 2
    assert "no actor has 3 stories" in capsys.readouterr().err


def test_another_ending_and_an_existing_picture_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = str(write(tmp_path / "positions.csv", ROWS))
    for name, said in (("plot.gif", "ends in one of .png .svg .pdf"), ("positions.csv", "a picture ends in")):
        with pytest.raises(SystemExit) as exit_:
            main(["plot", table, "-o", str(tmp_path / name)])
        assert exit_.value.code == 2
        assert said in capsys.readouterr().err
