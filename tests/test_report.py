"""The report: sums that do not lie, and a page that is safe, whatever an article holds."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest

from stancewire.data.issues import load_issues
from stancewire.data.schema import Article, Position, Span
from stancewire.inference.aggregate import LEAST, aggregate, group_copies
from stancewire.inference.cli import main
from stancewire.inference.report import make_report, row_key, shown_rows


def row(article: str, label: str = "support", confidence: float = 0.9, **values: object) -> Position:
    text = values.pop("text", f"Sentence of {article}, which sanctions somebody.")
    given = {"kind": "stance", "actor": "Japan", "issue": "sanctions", "published": "", "object": []} | values
    return Position(article, 0, 0, 40, str(text), label=label, confidence=confidence, model="m 1", **given)  # type: ignore[arg-type]


def test_copies_of_a_story_count_once() -> None:
    storm = [row(f"reprint-{n}", "oppose", text="Japan will not impose sanctions.") for n in range(50)]
    others = [row(f"own-{n}") for n in range(3)]
    (cell,) = aggregate([*storm, *others])
    assert (cell.articles, cell.stories) == (53, 4)
    assert cell.net is not None
    assert cell.net.value == pytest.approx((3 - 1) / 4)


def test_a_trimmed_reprint_is_a_copy_and_a_story_with_one_quote_in_common_is_not() -> None:
    whole = [row("whole", text=f"Sentence number {n} of the story.") for n in range(6)]
    trimmed = [row("trimmed", text=f"Sentence number {n} of the story.") for n in range(2)]
    other = [row("other", text="Sentence number 0 of the story.")] + [
        row("other", text=f"Another {n}.") for n in range(3)
    ]
    story = group_copies([*whole, *trimmed, *other])
    assert story["trimmed"] == story["whole"]
    assert story["other"] != story["whole"]


def test_few_stories_give_no_net_stance() -> None:
    (cell,) = aggregate([row(f"a{n}") for n in range(LEAST - 1)])
    assert cell.net is None
    (cell,) = aggregate([row(f"a{n}") for n in range(LEAST)])
    assert cell.net is not None


def test_the_interval_holds_the_classifiers_own_error() -> None:
    (sure,) = aggregate([row(f"a{n}", confidence=0.99) for n in range(30)])
    (unsure,) = aggregate([row(f"a{n}", confidence=0.4) for n in range(30)])
    assert sure.net is not None
    assert unsure.net is not None
    assert sure.net.value == unsure.net.value == 1
    assert sure.net.low > 0.85
    assert unsure.net.low < 0.7


def test_a_shift_is_told_where_it_is_and_only_there() -> None:
    days = [f"2024-{month:02}-01" for month in range(1, 13)]
    moved = [row(d, "support" if d < "2024-07" else "oppose", 0.95, published=d) for d in days]
    steady = [row(d, "support", 0.95, published=d, actor="Chile") for d in days]
    by_actor = {cell.actor: cell for cell in aggregate([*moved, *steady])}
    assert by_actor["Chile"].shift is None
    shift = by_actor["Japan"].shift
    assert shift is not None
    assert shift.value == -2
    assert shift.high < 0
    assert [period for period, _, _ in by_actor["Japan"].trend] == [day[:7] for day in days]


HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=document.title='owned'> sanctions"


def hostile_rows() -> list[Position]:
    return [row(f"a{n}", text=HOSTILE, actor="<b>Mallory</b>") for n in range(3)]


def page_of(rows: list[Position], articles: dict[str, Article]) -> str:
    return make_report(rows, aggregate(rows), load_issues(), articles, {})


def test_what_an_article_holds_stays_text() -> None:
    articles = {"a0": Article("a0", HOSTILE, title=HOSTILE, url="javascript:alert(1)", source="<i>wire</i>")}
    html = page_of(hostile_rows(), articles)
    assert len(re.findall(r"<script", html)) == 1
    assert "<img" not in html
    assert "javascript:" not in html
    assert "&lt;b&gt;Mallory&lt;/b&gt;" in html


def test_links_and_deciding_words_are_shown() -> None:
    rows = [row(f"a{n}", text="Japan imposed new sanctions on Friday.") for n in range(3)]
    articles = {"a0": Article("a0", "x", title="The headline", url="https://news.example/a0")}
    marks = {row_key(rows[0]): [Span(6, 13)]}
    html = make_report(rows, aggregate(rows), load_issues(), articles, marks)
    assert '<a href="https://news.example/a0" rel="noreferrer noopener">The headline</a>' in html
    assert "<mark>imposed</mark>" in html
    (cell,) = aggregate(rows)
    assert len(shown_rows(cell)) == 1


def test_the_page_works_in_a_browser(tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no headless browser on this machine")
    page = tmp_path / "report.html"
    page.write_text(page_of(hostile_rows() + [row(f"b{n}") for n in range(4)], {}), encoding="utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000", "--dump-dom"]
    done = subprocess.run([*command, page.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    # Our script has run under the page's own policy, and nobody else's.
    assert "2 actors shown" in done.stdout
    assert "<title>Who stands where</title>" in done.stdout


def test_the_command_marks_the_words_that_decided(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    article = tmp_path / "a.txt"
    article.write_text("Japan imposed new sanctions on Russia on Friday. China condemned the sanctions.")
    table, page = tmp_path / "rows.jsonl", tmp_path / "report.html"
    for arguments in (
        ["score", str(article), "-o", str(table)],
        ["report", str(table), "--articles", str(article), "--explain", "-o", str(page)],
    ):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 0
    assert "<mark>" in page.read_text("utf-8")
    with pytest.raises(SystemExit) as stopped:
        main(["report", str(table), "-o", str(page)])
    assert stopped.value.code == 2
    assert "exists already" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stopped:
        main(["report", str(table), "-o", str(page), "--force", "--explain"])
    assert "--articles PATH" in capsys.readouterr().err


def test_a_table_without_a_stance_says_so(tmp_path: Path) -> None:
    table = tmp_path / "rows.jsonl"
    table.write_text(json.dumps(asdict(row("a", "neutral", kind="sentiment", issue=""))) + "\n")
    with pytest.raises(SystemExit) as stopped:
        main(["report", str(table), "-o", str(tmp_path / "report.html")])
    assert stopped.value.code == 0
    assert "Nobody takes a side." in (tmp_path / "report.html").read_text("utf-8")
