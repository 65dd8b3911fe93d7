"""The web page in a real browser: usable by keyboard, on a phone, and deaf to what articles would like to run."""

from __future__ import annotations

import re
import shutil
import socket
import threading
from collections.abc import Iterator

import pytest

pytest.importorskip("fastapi", reason="the web page needs the monitoring extra")
pytest.importorskip("playwright", reason="the browser is driven by the test extra")

import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright
from test_serve import HUNGARY, MALLORY, NOW, TOKEN, fill, urlencode

from stancewire.inference.monitor.store import Store
from stancewire.inference.monitor.web.app import create_app

SERIES = f"/series?{urlencode(HUNGARY)}"
HOSTILE = f"/series?{urlencode(MALLORY)}"
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no headless browser on this machine")
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def address(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a real server listens."""
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('browser')}/monitor.db")
    fill(store)
    listening = socket.create_server(("127.0.0.1", 0))
    app = create_app(store, TOKEN, now=lambda: NOW)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)
    store.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page that fails the test where its policy is broken or a script of ours fails."""
    context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 900})
    made = context.new_page()
    made.set_default_timeout(20_000)
    said: list[str] = []
    made.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    made.on("pageerror", lambda error: said.append(str(error)))
    yield made
    context.close()
    assert said == []


def test_the_sentences_behind_a_point_are_reached_by_keyboard_alone(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    for _ in range(12):
        page.keyboard.press("Tab")
        if "Hungary on sanctions" in (page.locator(":focus").get_attribute("aria-label") or ""):
            break
    page.keyboard.press("Enter")
    expect(page).to_have_title("Hungary on sanctions · stancewire")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('plot')"):
            break
    for key in ("End", "ArrowLeft", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
    expect(page.locator("#readout")).to_contain_text("week of 2 Jun 2025")
    page.keyboard.press("Enter")
    expect(page.locator("#sentences-of")).to_have_text("Sentences of week of 2 Jun 2025")
    # Whoever cannot see the page is taken there too.
    expect(page.locator("#sentences")).to_be_focused()
    assert "bin=2025-06-02" in page.url
    assert page.locator("#sentences q").count() == 3
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#sentences') !== null")


def test_the_keyboard_gets_through_the_page_and_out_again(page: Page) -> None:
    page.goto(SERIES)
    stops = []
    for _ in range(160):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement === document.body ? 'out' : document.activeElement.tagName"))
        if stops[-1] == "out":
            break
    assert stops[-1] == "out"
    # The points of the plot are one stop.
    assert page.locator("svg a:not([tabindex='-1'])").count() == 0


def test_a_click_on_a_point_shows_its_sentences_and_a_link_keeps_them(page: Page) -> None:
    page.goto(SERIES)
    page.locator("svg.wide .dot[data-bin='2025-04-07'] .hit").click()
    expect(page.locator("#sentences-of")).to_have_text("Sentences of week of 7 Apr 2025")
    expect(page.locator(".dot.chosen")).to_have_count(2)
    expect(page.locator("table [aria-current=true]")).to_have_text(re.compile("^7 Apr 2025"))
    page.locator("#sentences a", has_text="oppose").first.click()
    expect(page.locator("#sentences .evidence")).to_have_text(re.compile("No story"))
    page.reload()
    expect(page.locator("#sentences-of")).to_have_text("Sentences of week of 7 Apr 2025")
    expect(page.locator("#sentences .tabs [aria-current=true]")).to_have_text("oppose")


def test_back_goes_to_the_point_before_and_forward_to_the_next(page: Page) -> None:
    page.goto("/")
    page.goto(SERIES)
    last = page.locator("#sentences-of").inner_text()
    for day, name in (("2025-04-07", "7 Apr 2025"), ("2025-05-05", "5 May 2025")):
        page.locator(f"svg.wide .dot[data-bin='{day}'] .hit").click()
        expect(page.locator("#sentences-of")).to_have_text(f"Sentences of week of {name}")
    page.go_back()
    expect(page.locator("#sentences-of")).to_have_text("Sentences of week of 7 Apr 2025")
    expect(page.locator("svg.wide .dot.chosen")).to_have_attribute("data-bin", "2025-04-07")
    page.go_back()
    expect(page.locator("#sentences-of")).to_have_text(last)
    page.go_forward()
    expect(page.locator("#sentences-of")).to_have_text("Sentences of week of 7 Apr 2025")
    page.go_back()
    expect(page.locator("#sentences-of")).to_have_text(last)
    page.go_back()
    expect(page).to_have_title("Overview · stancewire")


def test_the_slash_alone_goes_to_the_search(page: Page) -> None:
    page.goto("/")
    search = page.get_by_label("Search actors and articles")
    for keys in ("Control+/", "Alt+/", "Meta+/"):
        page.keyboard.press(keys)
        expect(search).not_to_be_focused()
    page.keyboard.press("/")
    expect(search).to_be_focused()


def test_pages_work_without_scripts(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address, java_script_enabled=False)
    page = context.new_page()
    page.goto(SERIES)
    page.locator("table.figures a", has_text="7 Apr 2025").click()
    expect(page.locator("#sentences-of")).to_have_text("Sentences of week of 7 Apr 2025")
    context.close()


def test_the_forms_of_overview_and_series_change_what_is_shown(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Actor", exact=True).fill("hung")
    page.get_by_label("Issue").select_option("sanctions")
    page.get_by_label("Weeks").select_option("52")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody th")).to_have_text(["Hungary"])
    page.goto(SERIES)
    form = page.get_by_role("form", name="What is shown")
    form.locator("[name=period]").select_option("month")
    form.locator("[name=object]").select_option("Graustark")
    form.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hungary on sanctions about Graustark")
    expect(page.locator("#sentences-of")).to_have_text("Sentences of June 2025")
    form.locator("[name=until]").fill("2025-03-31")
    form.locator("[name=model]").select_option("m 1")
    form.get_by_role("button", name="Show").click()
    expect(page.locator("#sentences-of")).to_have_text("Sentences of March 2025")


@pytest.mark.parametrize(
    "path", ["/", SERIES, HOSTILE, "/alerts?state=all", "/articles/1", "/search?q=sanctions", "/api"]
)
def test_nothing_hangs_over_the_side_of_a_phone(page: Page, path: str) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    # Nor is anything cut off, but for what scrolls by itself.
    over = """[...document.querySelectorAll("main *:not(.scroll *, pre, svg *, .hidden)")]
        .filter((one) => one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 80))"""
    assert page.evaluate(over) == []


def test_what_an_article_holds_is_not_run(page: Page) -> None:
    page.goto(HOSTILE)
    assert "Mallory" in page.title()
    assert page.locator("main b, main img, main i, main script").count() == 0
    expect(page.locator("#sentences q")).to_contain_text("<script>document.title='owned'</script>")
    hostile = page.locator("#sentences .origin a")
    assert hostile.count() == 1
    hostile.click()
    assert "owned" not in page.title().replace("document.title='owned'", "")
    assert page.locator("main a[href^='javascript']").count() == 0


def test_no_text_of_the_plot_lies_over_another(page: Page) -> None:
    overlaps = """(svg) => {
        const texts = [...document.querySelectorAll(svg + " text")];
        const boxes = texts.map((one) => [one.textContent, one.getBoundingClientRect()]);
        const field = document.querySelector(svg).getBoundingClientRect(), bad = [];
        const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
        boxes.forEach(([text, a], place) => {
            if (a.left < field.left - 1 || a.right > field.right + 1) bad.push(text);
            for (const [other, b] of boxes.slice(0, place)) if (meet(a, b)) bad.push([text, other]);
        });
        return bad;
    }"""
    for size, svg in (({"width": 1280, "height": 900}, "svg.wide"), (PHONE, "svg.narrow")):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        for period in ("day", "week", "month"):
            page.goto(f"{SERIES}&period={period}")
            expect(page.locator(svg)).to_be_visible()
            assert page.evaluate(overlaps, svg) == []


def test_an_alert_is_acknowledged_by_form(page: Page) -> None:
    page.goto("/alerts")
    page.get_by_label("Token").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.get_by_text("This browser is signed in")).to_be_visible()
    page.locator(".inbox a").first.click()
    page.get_by_role("button", name="7 days").click()
    expect(page.get_by_text("snoozed until 4 Jul 2025")).to_be_visible()
    page.get_by_role("button", name="end the snooze").click()
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("Note").fill("true: they said so themselves")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("true: they said so themselves")).to_be_visible()
    page.goto("/alerts")
    expect(page.locator(".inbox")).to_have_text(re.compile("No open alert"))
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Token")).to_be_visible()
