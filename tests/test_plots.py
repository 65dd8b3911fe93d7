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
    for plot in (plot_stances, plot_trend):
        with pytest.raises(StancewireError, match=r"no positions of Peru; the table has Japan, Chile$"):
            plot(aggregate(ROWS), ["Peru"])
        with pytest.raises(StancewireError, match=r"the table has no stances$"):
            plot([], ["Peru"])


def test_an_actor_that_is_named_is_shown_with_the_number_of_its_stories_however_few() -> None:
    cells = aggregate([*ROWS, row("e", "support", "2024-05-01", "Peru")])
    axes = plot_stances(cells, ["Peru", "Chile"]).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Peru", "Chile"]
    assert [text.get_text() for text in axes.texts] == ["3", "1, too few"]
    with pytest.raises(StancewireError, match="nothing to plot: of Peru none has 3 stories"):
        plot_stances(cells, ["Peru"])
    assert len(plot_trend(cells, ["Peru"]).axes[0].collections) == 1


def test_what_is_missing_is_named() -> None:
    with pytest.raises(StancewireError, match="no actor has 3 stories"):
        plot_trend(aggregate(ROWS[:2]))
    undated = [row(f"e{n}", "support", "", "Peru") for n in range(3)]
    with pytest.raises(StancewireError, match="no article has a date"):
        plot_trend(aggregate(undated))
    with pytest.raises(StancewireError, match="no article with a position of Peru has a date"):
        plot_trend(aggregate([*ROWS, *undated]), ["Japan", "Peru"])
    axes = plot_trend(aggregate([*ROWS, *undated])).axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["Japan", "Chile"]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["A $\\bad$", "US$ 5 and \\$x", "_hidden", "\ud800 half", "a\x0bb", "Ma\u202ellory"])
def test_any_name_can_be_drawn(name: str, tmp_path: Path) -> None:
    cells = aggregate([row(f"a{n}", "support", f"2024-0{1 + n}-01", name) for n in range(4)])
    for plot in (plot_stances, plot_trend):
        plot(cells).savefig(tmp_path / "plot.svg", metadata={"Date": None})
        text = (tmp_path / "plot.svg").read_text("utf-8")
        ET.fromstring(text)
        written = name.translate({ord(c): "\ufffd" for c in "\ud800\x0b\u202e"})
        assert f"<!-- {written} -->" in text.replace("\u200b", "")


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


@pytest.mark.parametrize(
    ("options", "said"), [((), "20 of 30"), (("--most", "5"), "5 of 30"), (("--actor", "A7"), "1 of 30")]
)
def test_the_command_counts_what_is_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], said: str
) -> None:
    rows = [row(f"a{n}-{k}", "support", f"2024-0{1 + n}-01", f"A{k}") for k in range(30) for n in range(3)]
    table = str(write(tmp_path / "positions.csv", rows))
    for kind, wanted in (("stances", said), ("trend", said.replace("20", "8"))):
        with pytest.raises(SystemExit):
            main(["plot", table, "-o", str(tmp_path / "plot.svg"), "--kind", kind, "--force", *options])
        assert f"plot.svg: {wanted} actors" in capsys.readouterr().err


def test_copies_by_the_article_table_count_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "positions.jsonl", ROWS[:4])
    with open_writer(article_table_of(path), row=ArticleRow) as writer:
        writer.write(ArticleRow(f"a{n}", "scored", "", "one story", 1, "", "", "", "") for n in range(4))
    with pytest.raises(SystemExit) as exit_:
        main(["plot", str(path), "-o", str(tmp_path / "plot.png")])
    assert exit_.value.code == 2
    assert "no actor has 3 stories" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_full_disk_is_one_line_and_leaves_the_old_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    table, target = str(write(tmp_path / "positions.csv", ROWS)), tmp_path / f"plot.{ending}"
    target.write_text("the old picture")
    target.with_name(f"plot.{ending}.partial").symlink_to("/dev/full")
    with pytest.raises(SystemExit) as exit_:
        main(["plot", table, "-o", str(target), "--force"])
    assert exit_.value.code == 2
    assert "cannot be written (No space left on device)" in capsys.readouterr().err
    assert target.read_text() == "the old picture"


def test_another_ending_and_an_existing_picture_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = str(write(tmp_path / "positions.csv", ROWS))
    for name, said in (("plot.gif", "ends in one of .png .svg .pdf"), ("positions.csv", "a picture ends in")):
        with pytest.raises(SystemExit) as exit_:
            main(["plot", table, "-o", str(tmp_path / name)])
        assert exit_.value.code == 2
        assert said in capsys.readouterr().err
