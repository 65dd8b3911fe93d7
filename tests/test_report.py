"""The report: sums that do not lie, and a page that is safe, whatever an article holds."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stancewire.data.issues import load_issues
from stancewire.data.schema import Article, Position, Span
from stancewire.data.writers import open_writer
from stancewire.inference.aggregate import LEAST, aggregate, group_copies
from stancewire.inference.cli import main
from stancewire.inference.report import SHOWN, make_report, row_key, shown_rows

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


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


def test_a_line_that_every_article_ends_with_neither_makes_copies_nor_hides_them() -> None:
    articles = [*(f"a{n}" for n in range(300)), *(f"copy-of-{n}" for n in range(300))]
    own = [
        row(name, text=f"Sentence {n} of number {name.split('-')[-1].lstrip('a')}.")
        for name in articles
        for n in (1, 2)
    ]
    story = group_copies([*own, *(row(name, text="Reported by the wire.") for name in articles)])
    assert len(set(story.values())) == 300
    assert story["copy-of-299"] == story["a299"]


def test_equal_rows_are_one() -> None:
    rows = [row(f"a{n}", object=["Russia"]) for n in range(3)]
    (cell,) = aggregate(
        [*rows, *(replace(one, object=["Russia"]) for one in rows), replace(rows[0], sentence=1, start=90)]
    )
    assert (cell.counts["support"], cell.articles) == (4, 3)


def mention(article: str, label: str, place: int = 0, **values: object) -> Position:
    one = row(article, label, kind="sentiment", issue="", **values)  # type: ignore[arg-type]
    return replace(one, sentence=place, start=100 * place)


def test_sentiment_is_summed_up_by_story_as_stances_are() -> None:
    one_story = [mention("a", "negative", place) for place in range(30)]
    (cell,) = aggregate(one_story, kind="sentiment")
    assert (cell.net, cell.stories) == (None, 1)
    reprints = [mention(f"reprint-{n}", "negative", text="Japan was blamed.") for n in range(50)]
    others = [mention(f"own-{n}", "positive", text=f"Japan was praised {n} times.") for n in range(3)]
    (cell,) = aggregate([*reprints, *others, *(row(f"stance-{n}") for n in range(9))], kind="sentiment")
    assert (cell.articles, cell.stories, len(cell.rows)) == (53, 4, 53)
    assert cell.net is not None
    assert cell.net.value == pytest.approx((3 - 1) / 4)
    assert cell.net.low < 0 < cell.net.value < cell.net.high
    # The article table knows better what is one story.
    (cell,) = aggregate([*reprints, *others], {f"own-{n}": "s1" for n in range(3)}, kind="sentiment")
    assert (cell.stories, cell.net) == (2, None)


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
    return make_report(rows, aggregate(rows), aggregate(rows, kind="sentiment"), load_issues(), articles, {})


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
    html = make_report(rows, aggregate(rows), [], load_issues(), articles, marks)
    assert '<a href="https://news.example/a0" rel="noreferrer noopener"><bdi>The headline</bdi></a>' in html
    assert "<mark>imposed</mark>" in html
    (cell,) = aggregate(rows)
    assert len(shown_rows(cell)) == 1


def test_nothing_is_written_backwards_and_half_a_character_ends_nothing(tmp_path: Path) -> None:
    turned = [row(f"a{n}", text=f"New \u202esanctions \u2067{n}", actor="Ma\u202ellory") for n in range(3)]
    half = [row(f"b{n}", text=f"Half \ud800 of the sanctions {n}.", actor="Chi\udfffle") for n in range(3)]
    html = page_of([*turned, *half], {"a0": Article("a0", "x", title="A \u202d title", source="\ud83d wire")})
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", html)
    html.encode()
    # Offsets stay: the word of the issue is marked behind what was replaced.
    assert "New \ufffd<mark>sanctions</mark> \ufffd0" in html
    assert "Half \ufffd of the <mark>sanctions</mark> 0." in html
    assert "<bdi>Ma\ufffdllory</bdi>" in html
    table = tmp_path / "rows.jsonl"
    table.write_text("".join(json.dumps(asdict(one)) + "\n" for one in half))
    assert run("report", str(table), "-o", str(tmp_path / "report.html")) == 0


def test_the_page_says_which_sentences_it_leaves_out(tmp_path: Path) -> None:
    rows = [row(f"a{n}") for n in range(100)] + [row("b", "oppose", text="Japan refused sanctions.")]
    html = page_of([*rows, *(row(f"c{n}", actor="Chile") for n in range(SHOWN))], {})
    assert html.count("<bdi data-text>") == SHOWN + 1 + SHOWN
    assert re.findall(r"This page holds .*", html) == [
        f"This page holds {SHOWN + 1} of the 101 sentences, the surest of each label.</p>"
    ]
    table, page = tmp_path / "rows.jsonl", tmp_path / "report.html"
    table.write_text("".join(json.dumps(asdict(one)) + "\n" for one in rows))
    assert run("report", str(table), "-o", str(page), "--sentences", "200") == 0
    assert page.read_text("utf-8").count("<bdi data-text>") == 101
    assert "This page holds" not in page.read_text("utf-8")


def test_the_table_of_sentiment_has_intervals_and_leaves_out_what_is_too_thin() -> None:
    rows = [mention(f"a{n}", "negative", confidence=0.99, text=f"Mention {n}.") for n in range(9)]
    html = page_of([*rows, *(mention("b", "negative", place, actor="Chile") for place in range(9))], {})
    (table,) = re.findall(r'<tbody id="sentiment">(.*?)</tbody>', html, re.DOTALL)
    text = " ".join(re.sub("<[^>]+>", " ", table).split())
    assert re.fullmatch(r"Japan -1\.00 -1\.00 to -0\.\d\d 9 stories, 9 articles 0 0 9", text)
    assert "1 actor in fewer than 3 stories is left out" in html


LONG = "https://news.example/" + "x" * 300
FILTERED = [
    *(row(f"j{n}", published=f"2024-0{1 + n}-01", text=f"Japan backed sanctions, see {LONG}{n}.") for n in range(6)),
    *(row(f"r{n}", "oppose", issue="recognition", text=f"Japan refused recognition {n}.") for n in range(2)),
    *(row(f"c{n}", "oppose", actor="Chile", text=f"Chile refused zebra sanctions {n}.") for n in range(4)),
    *(mention(f"p{n}", "positive", actor="Peru", text=f"Peru was praised {n} times.") for n in range(3)),
    *(mention(f"c{n}", "negative", actor="Chile", text=f"Chile was blamed {n} times.") for n in range(3)),
    *hostile_rows(),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="the browser is driven by the test extra")
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no headless browser on this machine")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()


@contextmanager
def opened(browser: Browser, folder: Path, **context: object) -> Iterator[Page]:
    """The report in a browser without network; fails where its policy is broken or its script fails."""
    path = folder / "report.html"
    path.write_text(page_of(FILTERED, {}), encoding="utf-8")
    made = browser.new_context(offline=True, **context)  # type: ignore[arg-type]
    page = made.new_page()
    page.set_default_timeout(20_000)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path.as_uri())
    yield page
    made.close()
    assert said == []


def shown(page: Page, selector: str) -> list[str]:
    """The first lines of what can be seen."""
    return [one.inner_text().split("\n")[0].split("\t")[0] for one in page.locator(selector).all() if one.is_visible()]


def test_the_filters_hide_in_all_tables_what_does_not_fit(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path) as page:
        count = page.locator("#count")
        # Our script has run under the page's own policy, and nobody else's.
        assert page.title() == "Who stands where"
        assert count.inner_text() == "4 actors and 11 sentences shown"
        everything = shown(page, "#matrix tr")
        assert everything == ["Japan", "Chile", "<b>Mallory</b>"]
        page.get_by_label("Shown sentences with").fill("Zebra")
        assert count.inner_text() == "1 actor and 4 sentences shown"
        assert shown(page, "#matrix tr") == shown(page, "#sentiment tr") == ["Chile"]
        # What the words are found in is open, and holds the sentences.
        assert len(shown(page, "details[open] li")) == 4
        page.get_by_label("Shown sentences with").fill("nosuch")
        assert count.inner_text() == "0 actors and 0 sentences shown"
        assert shown(page, "#matrix tr") == shown(page, "details") == shown(page, "section") == []
        assert page.get_by_text("Nothing here fits the filter.").is_visible()
        page.get_by_label("Shown sentences with").fill("")
        assert shown(page, "#matrix tr") == everything
        assert page.locator("details[open]").count() == 0
        page.get_by_label("Actor").fill("peru")
        assert count.inner_text() == "1 actor and 0 sentences shown"
        assert (shown(page, "#matrix tr"), shown(page, "#sentiment tr")) == ([], ["Peru"])


def test_a_link_leads_to_its_sentences_whatever_the_filter(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path) as page:
        page.get_by_label("At least").fill("5")
        assert shown(page, "#matrix tr") == ["Japan"]
        assert len(shown(page, "details")) == 1
        # Japan's other cell has two stories.
        page.locator("#matrix a.out").locator("visible=true").click()
        assert [text[:18] for text in shown(page, "details[open]")] == ["Japan, recognition"]
        assert len(shown(page, "details[open] li")) == 2
        page.locator("details[open] summary").click()
        # The address is the same as before.
        page.locator("#matrix a.out").locator("visible=true").click()
        assert page.locator("details[open]").count() == 1


def test_the_report_is_used_by_keyboard(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, tmp_path) as page:
        page.keyboard.press("Control+/")
        assert page.evaluate("document.activeElement === document.body")
        page.keyboard.press("/")
        page.keyboard.type("chi/")
        assert page.get_by_label("Actor").input_value() == "chi/"
        page.keyboard.press("Backspace")
        assert shown(page, "#matrix tr") == ["Chile"]
        for _ in range(6):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.closest('#matrix') !== null"):
                break
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
        assert len(shown(page, "details[open] li")) == 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_hangs_over_the_side_of_a_phone(browser: Browser, tmp_path: Path, scheme: str) -> None:
    with opened(browser, tmp_path, viewport={"width": 390, "height": 844}, color_scheme=scheme) as page:
        page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        over = """[...document.querySelectorAll("body *:not(.scroll *, svg *, script)")]
            .filter((one) => one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML)"""
        assert page.evaluate(over) == []
        # No table is squeezed into columns of letters.
        assert page.locator("#matrix th bdi").first.bounding_box()["height"] < 40  # type: ignore[index]


CONTRAST = """() => {
    const light = (colour) => {
        const [r, g, b] = colour.match(/[\\d.]+/g).map((part) => part / 255)
            .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (one) => {
        const colour = getComputedStyle(one).backgroundColor;
        return colour !== "rgba(0, 0, 0, 0)" ? colour : behind(one.parentElement);
    };
    const bad = [];
    for (const one of document.querySelectorAll("h1, p, label, input, th, td, a, small, summary, .label, mark, li")) {
        const pair = [light(getComputedStyle(one).color), light(behind(one))].sort((a, b) => b - a);
        const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
        if (ratio < 4.5) bad.push([one.outerHTML.slice(0, 60), ratio]);
    }
    return bad;
}"""


def test_the_report_is_read_by_day_and_by_night(browser: Browser, tmp_path: Path) -> None:
    pages = {}
    for scheme in ("light", "dark"):
        with opened(browser, tmp_path, color_scheme=scheme) as page:
            page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
            assert page.evaluate(CONTRAST) == []
            pages[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert pages == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 22, 22)"}


def run(*arguments: str) -> int | str | None:
    """What the command line exits with."""
    with pytest.raises(SystemExit) as stopped:
        main([*arguments])
    return stopped.value.code


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


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("rows.csv", "a page ends in one of .html .htm"),
        ("link.html", "is one of the files to read"),
        ("article.html", "is one of the files to read"),
        ("nofolder/report.html", "there is no folder"),
        ("folder.html", "is no regular file"),
    ],
)
def test_an_output_that_cannot_be_is_refused_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], output: str, said: str
) -> None:
    table = tmp_path / "rows.csv"
    table.write_text("no table at all")
    (tmp_path / "article.html").write_text("an article")
    (tmp_path / "link.html").symlink_to(table)
    (tmp_path / "folder.html").mkdir()
    article = str(tmp_path / "article.html")
    assert run("report", str(table), "--articles", article, "-o", str(tmp_path / output), "--force") == 2
    assert said in capsys.readouterr().err
    assert table.read_text() == "no table at all"
    assert (tmp_path / "article.html").read_text() == "an article"


def test_a_table_given_twice_counts_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [str(tmp_path / name) for name in ("rows.csv", "rows.parquet")]
    for path in paths:
        with open_writer(path) as writer:
            writer.write([row(f"a{n}", confidence=1 / 3, object=["Russia"]) for n in range(3)])
    assert run("report", *paths, "-o", str(tmp_path / "report.html")) == 0
    assert "3 articles, 3 stances" in capsys.readouterr().err
    assert "3 positions from 3 articles" in (tmp_path / "report.html").read_text("utf-8")
