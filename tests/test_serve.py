"""The web page and the JSON API: what they show, who may write, and that nothing an article holds gets out of hand."""

from __future__ import annotations

import base64
import csv
import html
import io
import json
import random
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the web page needs the monitoring extra")
pytest.importorskip("prometheus_client", reason="the web page needs the monitoring extra")
pytest.importorskip("sqlalchemy", reason="the web page needs the monitoring extra")

import sqlalchemy as sa
from fastapi.testclient import TestClient

from stancewire.data.schema import SENTIMENTS, STANCES, Article, Position
from stancewire.inference.cli import main
from stancewire.inference.monitor import alerts, tables
from stancewire.inference.monitor.models import CURRENT, PAST, add_model
from stancewire.inference.monitor.page_times import serving
from stancewire.inference.monitor.series import Confusion
from stancewire.inference.monitor.shift_alerts import check_series
from stancewire.inference.monitor.store import Store
from stancewire.inference.monitor.web.app import create_app
from stancewire.inference.monitor.web.pages import STORIES
from stancewire.inference.monitor.web.render import HERE
from stancewire.inference.monitor.web.schemas import Health
from stancewire.inference.scorer import Scorer

STATIC = HERE / "static"
NOW = datetime(2025, 6, 27, 12)
FIRST = date(2024, 5, 6)
WEEKS = 60
TOKEN = "a-token-of-some-length"
HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=document.title='owned'>\u202esnoitcnas"
NOISY = Confusion(np.array([[80, 6, 8], [6, 85, 8], [9, 9, 60], [20, 18, 16]], dtype=float))
_SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu".split()


def article(number: int, day: date, actor: str, issue: str, label: str, text: str = "", **about: str) -> tuple:
    """An article of its own story, whose second sentence takes a side."""
    draw = random.Random(number)
    verb = {"support": "backs", "oppose": "rejects", "neutral": "has not decided on"}[label]
    said = text or f"{actor} {verb} the {issue.replace('_', ' ')} of Ruritania, its government said on day {number}."
    # Words that nobody has used before: no two articles are one story.
    words = iter(["".join(draw.choices(_SYLLABLES, k=3)) for _ in range(70)])
    filler = [" ".join(islice(words, 14)).capitalize() + "." for _ in range(5)]
    body = f"{filler[0]} {said} {' '.join(filler[1:])}"
    start = len(filler[0]) + 1
    given = {"title": f"{actor} and {issue.replace('_', ' ')}: what was said on day {number}", "source": "The Wire"}
    given |= {"url": f"https://news.example/{number}"} | about
    one = Article(f"a{number}", body, published=day.isoformat(), **given)
    objects = ["Ruritania"] if number % 3 else ["Ruritania", "Graustark"]
    row = Position(one.id, 1, start, start + len(said), said, "stance", actor, issue, label, 0.9, objects, "", "m")
    mood = Position(one.id, 1, start, start + len(said), said, "sentiment", actor, "", "negative", 0.7, [], "", "m")
    return one, [row, mood]


def world() -> list[tuple]:
    """Sixty weeks: Hungary turns against sanctions, Peru is thin, Chile has a gap, one story is reprinted."""
    draw, scored, number = random.Random(6), [], 0
    for week in range(WEEKS):
        monday = FIRST + timedelta(weeks=week)
        turned = week >= 55
        plans = [
            ("Hungary", "sanctions", 0.0 if turned else 0.95, 3),
            ("Japan", "foreign_military_presence", 0.85, 1 + week % 3),
            ("Chile", "recognition", 0.5, 0 if 20 <= week < 27 else 2),
            ("Peru", "recognition", 0.3, int(week % 4 == 0)),
        ]
        for actor, issue, support, count in plans:
            for _ in range(count):
                number += 1
                label = "support" if draw.random() < support else draw.choice(["oppose", "oppose", "neutral"])
                scored.append(article(number, monday + timedelta(days=draw.randrange(7)), actor, issue, label))
    first, rows = scored[-1]
    for copy in range(3):
        again = Article(f"copy{copy}", first.text, "Reprinted", first.published, f"Paper {copy}")
        scored.append((again, rows))
    return scored


def hostile() -> list[tuple]:
    """An actor, a title, a source, an address and a sentence that want to be more than text."""
    about = {"title": HOSTILE, "source": "<i>wire</i>", "url": "javascript:alert(1)"}
    day = FIRST + timedelta(weeks=WEEKS - 1)
    return [article(9001, day, "=<b>Mallory</b>", "sanctions", "oppose", f"Sanctions, says {HOSTILE}.", **about)]


def fill(store: Store) -> None:
    """Takes the world in and searches it for shifts."""
    with store.writing() as connection:
        add_model(connection, "m 1", NOISY, CURRENT)
        add_model(connection, "m 0", NOISY, PAST)
    scored = world()
    store.ingest(scored + hostile(), "m 1")
    store.ingest(scored[-40:], "m 0")
    check_series(store, NOW)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = Store(f"sqlite:///{tmp_path_factory.mktemp('serve')}/monitor.db")
    fill(made)
    yield made
    made.close()


@pytest.fixture
def client(store: Store) -> TestClient:
    return client_of(store)


def client_of(store: Store, token: str | None = TOKEN, **more: Any) -> TestClient:
    return TestClient(create_app(store, token, now=lambda: NOW, **more), raise_server_exceptions=False)


def bearer(token: str = TOKEN) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def shift_of_hungary(client: TestClient) -> int:
    """The number of the alert."""
    (alert,) = client.get("/api/v1/alerts", params={"state": "open"}).json()["alerts"]
    assert alert["subject"] == "Hungary on sanctions"
    return alert["id"]


def numbers_of(listed: dict[str, Any], what: str) -> list[int]:
    """The numbers of what the API lists."""
    return [one["id"] for one in listed[what]]


HUNGARY = {"actor": "Hungary", "issue": "sanctions"}
MALLORY = {"actor": "=<b>Mallory</b>", "issue": "sanctions"}


def test_the_overview_shows_actors_by_stories_and_marks_the_open_shift(client: TestClient) -> None:
    page = client.get("/").text
    names = re.findall(r'<th role="rowheader" scope="row"><bdi>(.*?)</bdi>', page)
    assert names == ["Hungary", "Japan", "Chile", "Peru", "=&lt;b&gt;Mallory&lt;/b&gt;"]
    assert f'<a class="shift oppose" href="/alerts/{shift_of_hungary(client)}">' in page
    assert page.count('class="shift ') == 1
    assert "Foreign military presence".lower() in page
    only = client.get("/", params={"issue": "recognition", "actor": "chi", "weeks": 52}).text
    assert re.findall(r'scope="row"><bdi>(.*?)</bdi>', only) == ["Chile"]
    assert "No actor that fits" in client.get("/", params={"actor": "Atlantis"}).text


def test_a_shift_of_one_object_is_not_that_of_all(url: str) -> None:
    store = Store(url)
    with store.writing() as connection:
        add_model(connection, "m 1", NOISY, CURRENT)
    actors = ("Hungary", "Japan")
    store.ingest([article(n, FIRST, actor, "sanctions", "support") for n, actor in enumerate(actors)], "m 1")
    shifts = (("Hungary", "", "support"), ("Hungary", "Graustark", "oppose"), ("Japan", "Graustark", "oppose"))
    with store.writing() as connection:
        for actor, name, direction in shifts:
            details = {"actor": actor, "issue": "sanctions", "object": name}
            now = NOW + timedelta(hours=len(name))
            alerts.raise_alert(connection, "shift", f"{actor} {name}", "moved", details, now, direction)
    page = client_of(store).get("/").text
    found = re.findall(r'class="shift ([a-z ]+)" href="/alerts/(\d)">(.*?)<span class="hidden"> of (\w+)', page)
    assert found == [
        ("support", "1", "▲ shift", "Hungary"),
        ("oppose part", "3", "▼ shift about <bdi>Graustark</bdi>", "Japan"),
    ]
    store.close()


def test_copies_are_one_story_on_the_page_of_a_series(client: TestClient) -> None:
    page = client.get("/series", params={"actor": "Chile", "issue": "recognition"}).text
    assert "4 articles carry this story; it counts once." in page
    assert "2 stories, 5 articles" in page


def test_a_series_is_drawn_with_gaps_thin_points_and_its_shift(client: TestClient) -> None:
    chile = client.get("/series", params={"actor": "Chile", "issue": "recognition"}).text
    assert "7 weeks without a story" in chile
    assert 'class="thin"' in chile
    hungary = client.get("/series", params=HUNGARY).text
    assert f'href="/alerts/{shift_of_hungary(client)}"' in hungary
    assert "A shift towards opposition began on" in hungary
    # Once for wide screens and once for narrow ones.
    assert hungary.count('<a class="dot') == 2 * WEEKS


@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_points_hold_the_stories_that_are_listed_behind_them(client: TestClient, period: str) -> None:
    (entry,) = client.get("/api/v1/series", params={"actor": "Chile"}).json()["series"]
    series = client.get(f"/api/v1/series/{entry['id']}", params={"period": period}).json()
    points = [point for point in series["points"] if point["net"] is not None]
    assert points
    for point in points[-3:]:
        about = {"actor": "Chile", "issue": "recognition", "period": period, "bin": point["start"]}
        page = client.get("/series", params=about).text
        assert page.count('<li>\n<p><span class="chip') == min(point["stories"], STORIES)
        assert point["low"] <= point["net"] <= point["high"]
    assert any(point["net"] is None for point in series["points"])


def test_stories_behind_a_point_are_paged_and_filtered(client: TestClient) -> None:
    about = HUNGARY | {"period": "month", "bin": "2025-03-01"}
    seen: list[str] = []
    address: str | None = f"/series?{urlencode(about)}"
    for _ in range(4):
        if address is None:
            break
        page = client.get(address).text
        seen += re.findall(r"<bdi>(Hungary and sanctions: what was said on day \d+)</bdi>", page)
        more = re.search(r'<a href="([^"]+)" data-inside>more stories', page)
        address = html.unescape(more[1]).split("#")[0] if more else None
    (entry,) = client.get("/api/v1/series", params=HUNGARY).json()["series"]
    points = client.get(f"/api/v1/series/{entry['id']}", params={"period": "month"}).json()["points"]
    (march,) = [point for point in points if point["start"] == "2025-03-01"]
    assert len(seen) == len(set(seen)) == march["stories"] > STORIES
    opposing = client.get("/series", params=HUNGARY | {"bin": "2025-06-16", "label": "oppose"}).text
    assert "rejects the" in opposing
    assert "has not decided" not in opposing


def test_a_series_of_another_model_and_of_an_object_are_shown(client: TestClient) -> None:
    both = client.get("/series", params=HUNGARY).text
    assert '<option value="m 0">' in both
    past = client.get("/series", params=HUNGARY | {"model": "m 0"}).text
    assert past.count('<a class="dot') < both.count('<a class="dot')
    about = client.get("/series", params=HUNGARY | {"object": "Graustark"})
    assert about.status_code == 200
    assert client.get("/series", params=HUNGARY | {"object": "Elsewhere"}).status_code == 404


def test_the_alert_shows_what_was_said_before_and_after(client: TestClient) -> None:
    page = client.get(f"/alerts/{shift_of_hungary(client)}").text
    before, after = page.split('id="after"')
    assert "Hungary backs" in before
    assert "Hungary rejects" in after
    assert "Acknowledge" not in page


def test_an_article_is_shown_with_its_marked_sentence_and_the_copies_of_its_story(client: TestClient) -> None:
    found = client.get("/articles", params={"key": "copy1"}, follow_redirects=False)
    page = client.get(found.headers["location"]).text
    assert len(re.findall(r'<mark class="(?:support|oppose|neutral)">Chile', page)) == 1
    assert "3 other articles carry it" in page
    assert "Chile</bdi>: negative tone" in page
    assert client.get("/articles/424242").status_code == 404


def test_an_article_leads_to_the_bin_in_which_its_story_counts(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/monitor.db")
    with store.writing() as connection:
        add_model(connection, "m 1", NOISY, CURRENT)
    one, rows = article(1, FIRST, "Hungary", "sanctions", "support")
    late = replace(one, id="late", published=(FIRST + timedelta(weeks=2)).isoformat())
    undated, others = article(2, FIRST, "Peru", "recognition", "oppose")
    store.ingest([(one, rows), (late, rows), (replace(undated, published=None), others)], "m 1")
    client = client_of(store)
    page = client.get("/articles", params={"key": "late"}).text
    (chip,) = re.findall(r'<li><a href="(/series[^"]+)" class="chip support">', page)
    assert "Hungary backs" in client.get(html.unescape(chip)).text
    page = client.get("/articles", params={"key": undated.id}).text
    assert '<li><span class="chip oppose"><bdi>Peru</bdi> · recognition: oppose</span></li>' in page
    store.close()


def test_a_shift_of_long_ago_is_marked_where_its_alert_leads(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/monitor.db")
    with store.writing() as connection:
        add_model(connection, "m 1", NOISY, CURRENT)
    labels = ["support"] * 30 + ["oppose"] * 130
    first = FIRST - timedelta(weeks=100)
    told = [article(n, first + timedelta(weeks=n), "Hungary", "sanctions", label) for n, label in enumerate(labels)]
    store.ingest(told, "m 1")
    check_series(store, NOW)
    client = client_of(store)
    found = client.get("/api/v1/alerts", params={"state": "recorded"}).json()["alerts"]
    (alert,) = [one for one in found if one["subject"] == "Hungary on sanctions"]
    (series,) = re.findall(r'<a href="([^"]+)">The series, with this shift', client.get(f"/alerts/{alert['id']}").text)
    assert f'href="/alerts/{alert["id"]}"' in client.get(html.unescape(series)).text
    store.close()


def test_search_finds_actors_titles_and_texts(client: TestClient) -> None:
    page = client.get("/search", params={"q": "hung"}).text
    assert "<b><bdi>Hungary</bdi></b>" in page
    stemmed = client.get("/search", params={"q": "backing RURITANIA"}).text
    assert "<mark>backs</mark>" in stemmed
    older = re.search(r'href="(/search[^"]+before=\d+)"', stemmed)
    assert older
    assert "<mark>backs</mark>" in client.get(html.unescape(older[1])).text
    for odd in ('"', "NEAR(", "a OR", "-", "title:x", "%", "*", "' ; DROP TABLE articles", "\u202e"):
        assert client.get("/search", params={"q": odd}).status_code == 200


@pytest.mark.parametrize(
    ("asked", "found"),
    [("İstanbul", "İstanbul"), ("istanbul", "İstanbul"), ("I\u0307STANBUL", "İstanbul"), ("sa\u0303o tomé", "São")],
)
def test_letters_with_accents_are_found_however_they_are_written(tmp_path: Path, asked: str, found: str) -> None:
    store = Store(f"sqlite:///{tmp_path}/monitor.db")
    with store.writing() as connection:
        add_model(connection, "m 1", NOISY, CURRENT)
    said = "İstanbul backs the sanctions on São Tomé."
    store.ingest([article(1, FIRST, "İstanbul", "sanctions", "support", said)], "m 1")
    page = client_of(store).get("/search", params={"q": asked}).text
    assert f"<mark>{found}</mark>" in page
    assert ("<b><bdi>İstanbul</bdi></b>" in page) == (found == "İstanbul")
    store.close()


def test_a_search_says_which_of_many_words_it_looked_for(client: TestClient) -> None:
    many = "Hungary backs the sanctions of Ruritania its government never said"
    assert "the first 8 are looked for: <span" in client.get("/search", params={"q": many}).text
    assert "are looked for" not in client.get("/search", params={"q": "Hungary backs the sanctions"}).text


def test_a_corrected_article_is_found_by_its_new_words_alone(url: str) -> None:
    store = Store(url)
    with store.writing() as connection:
        add_model(connection, "m 1", NOISY, CURRENT)
    one, rows = article(1, FIRST, "Hungary", "sanctions", "support", "Hungary backs the zanzibarite sanctions.")
    corrected = replace(one, text=one.text.replace("zanzibarite", "quetzalian"))
    store.ingest([(one, rows)], "m 1")
    store.ingest([(corrected, rows)], "m 1")
    client = client_of(store)
    assert "holds all of these words" in client.get("/search", params={"q": "zanzibarite"}).text
    found = client.get("/search", params={"q": "Quetzalian sanction"}).text
    assert "<mark>quetzalian</mark>" in found
    assert "<mark>sanctions</mark>" in found
    store.close()


def test_the_pages_are_the_same_on_both_databases(url: str) -> None:
    store = Store(url)
    with store.writing() as connection:
        add_model(connection, "m 1", NOISY, CURRENT)
    labels = ["support", "support", "oppose", "neutral"] * 5
    days = [FIRST + timedelta(days=3 * number) for number in range(20)]
    scored = [
        article(n, day, "Hungary", "sanctions", label) for n, (day, label) in enumerate(zip(days, labels, strict=True))
    ]
    store.ingest([*scored, article(50, FIRST, "Japan", "recognition", "oppose")], "m 1")
    client = client_of(store)
    overview = client.get("/", params={"weeks": 13}).text
    assert re.findall(r'scope="row"><bdi>(.*?)</bdi>', overview) == ["Hungary", "Japan"]
    page = client.get("/series", params=HUNGARY | {"bin": "2024-05-06"}).text
    assert "3 stories, 3 articles" in page
    assert page.count('<li>\n<p><span class="chip') == 3
    first = client.get("/api/v1/positions", params={"limit": 13}).json()
    rest = client.get("/api/v1/positions", params={"limit": 13, "cursor": first["next"]}).json()
    assert [len(first["positions"]), len(rest["positions"]), rest["next"]] == [13, 8, None]
    alike = client.get(
        "/api/v1/positions", params={"actor": "Hungary", "since": "2024-06-01", "label": "oppose"}
    ).json()
    assert {row["label"] for row in alike["positions"]} == {"oppose"}
    assert min(row["published"] for row in alike["positions"]) >= "2024-06-01"
    assert alike["positions"][0]["text"].startswith("Hungary rejects")
    # In one article of three it is an object besides.
    some = client.get("/api/v1/positions", params=HUNGARY | {"object": "Graustark"}).json()["positions"]
    assert [row["article_id"] for row in some] == [f"a{n}" for n in range(0, 20, 3)]
    assert client.get("/api/v1/positions", params=HUNGARY | {"object": "graustark"}).json()["positions"] == []
    listed = client.get("/api/v1/series", params=HUNGARY | {"object": "*"}).json()["series"]
    assert sorted(one["object"] for one in listed) == ["", "Graustark", "Ruritania"]
    page = client.get("/series", params=HUNGARY | {"object": "Graustark", "bin": "2024-05-06"}).text
    assert page.count('<li>\n<p><span class="chip') == 1
    assert client.get("/health").json()["status"] == "ok"
    store.close()


# -- JSON API ---------------------------------------------------------------------------------------------------------


def test_pages_of_positions_give_each_row_once(client: TestClient, store: Store) -> None:
    seen: list[int] = []
    cursor: str | None = ""
    for _ in range(20):
        if cursor is None:
            break
        given = {"limit": 97} | ({"cursor": cursor} if cursor else {})
        page = client.get("/api/v1/positions", params=given).json()
        seen += [row["id"] for row in page["positions"]]
        cursor = page["next"]
    with store.reading() as connection:
        row = tables.positions.c
        query = sa.select(row.id).where(row.kind == "stance", row.model == "m 1")
        assert sorted(seen) == sorted(connection.execute(query).scalars())
    moods = client.get("/api/v1/positions", params={"kind": "sentiment", "actor": "Peru", "limit": 1000}).json()
    assert {row["label"] for row in moods["positions"]} == {"negative"}


def test_a_long_series_is_whole_in_csv_and_read_on_with_in_json(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/monitor.db")
    with store.writing() as connection:
        add_model(connection, "m 1", NOISY, CURRENT)
    mondays = [FIRST - timedelta(weeks=week) for week in range(230) if week not in range(100, 110)]
    store.ingest([article(n, day, "Peru", "recognition", "support") for n, day in enumerate(mondays)], "m 1")
    client = client_of(store)
    table = client.get("/export/series.csv", params={"actor": "Peru", "issue": "recognition"})
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert [row["start"] for row in rows] == [(min(mondays) + timedelta(weeks=n)).isoformat() for n in range(230)]
    assert sum(row["net"] == "" for row in rows) == 10
    points: list[dict[str, Any]] = []
    until: str | None = ""
    for _ in range(4):
        if until is None:
            break
        page = client.get("/api/v1/series/1", params={"until": until}).json()
        points[:0] = [point for point in page["points"] if point["net"] is not None]
        until = page["earlier"]
    assert until is None
    assert [point["start"] for point in points] == [day.isoformat() for day in sorted(mondays)]
    assert [float(row["net"]) for row in rows if row["net"]] == pytest.approx(
        [point["net"] for point in points], abs=1e-6
    )
    store.close()


def test_alerts_are_read_on_with_past_a_page(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/monitor.db")
    with store.writing() as connection:
        # The last two were raised by a clock that was late.
        moments = [NOW, NOW, NOW + timedelta(hours=1), NOW, NOW - timedelta(days=1)]
        for place, moment in enumerate(moments):
            alerts.raise_alert(connection, "health", f"feed {place}", "silent", {}, moment)
    client = client_of(store)
    seen: list[int] = []
    page: dict[str, Any] = {"next": ""}
    for _ in range(4):
        page = client.get("/api/v1/alerts", params={"limit": 2, "before": page["next"]}).json()
        seen += numbers_of(page, "alerts")
        if page["next"] is None:
            break
    assert seen == numbers_of(client.get("/api/v1/alerts").json(), "alerts") == [3, 4, 2, 1, 5]
    assert page["next"] is None
    store.close()


def test_a_text_is_scored_as_on_the_command_line(client: TestClient, scorer: Scorer) -> None:
    text = "Japan imposed new sanctions on Russia on Friday. Türkiye called them a mistake."
    given = client.post("/api/v1/score", json={"text": text, "published": "2025-01-03"}).json()
    (expected,) = scorer.score_each([Article("text", text, published="2025-01-03")])
    assert given["model"] == scorer.model.config.full_name
    assert [(p["actor"], p["issue"], p["label"], p["start"], p["end"]) for p in given["positions"]] == [
        (p.actor, p.issue, p.label, p.start, p.end) for p in expected
    ]
    assert given["positions"][0]["text"] == text[: text.index(" Türkiye")]


def test_openapi_describes_every_call(client: TestClient) -> None:
    described = client.get("/api/v1/openapi.json").json()
    assert set(described["paths"]) >= {"/api/v1/score", "/api/v1/positions", "/api/v1/series", "/api/v1/alerts"}
    page = client.get("/api").text
    assert all(path in page for path in described["paths"])
    write = described["paths"]["/api/v1/alerts/{number}/acknowledge"]["post"]
    assert write["security"]
    assert {"400", "401", "403", "404", "411", "413", "422"} <= set(write["responses"])
    assert "404" not in described["paths"]["/api/v1/score"]["post"]["responses"]
    health = described["paths"]["/health"]["get"]["responses"]
    for status, name in (("200", "Health"), ("503", "Down")):
        assert health[status]["content"]["application/json"]["schema"]["$ref"].endswith(f"/{name}")
    assert described["components"]["schemas"]["AlertEntry"]["properties"]["state"]["enum"] == list(alerts.STATES)
    assert described["components"]["schemas"]["AlertEntry"]["properties"]["kind"]["enum"] == list(alerts.KINDS)
    labels = described["components"]["schemas"]["StoredPosition"]["properties"]["label"]["enum"]
    assert set(labels) == {*STANCES, *SENTIMENTS}


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/series?actor=Hungary", 422),
        ("GET", "/series?actor=Hungary&issue=sanctions&period=year", 422),
        ("GET", "/series?actor=Hungary&issue=sanctions&until=9999-12-31", 422),
        ("GET", "/series?actor=Hungary&issue=sanctions&bin=yesterday", 422),
        ("GET", "/series?actor=Hungary&issue=sanctions&after=2025-99-99~x", 422),
        ("GET", "/series?actor=Atlantis&issue=sanctions", 404),
        ("GET", "/series?actor=%00&issue=sanctions", 400),
        ("GET", f"/series?actor={'x' * 400}&issue=sanctions", 422),
        ("GET", "/articles/0", 422),
        ("GET", "/articles/99999999999999999999999", 422),
        ("GET", "/articles?key=nothing", 404),
        ("GET", "/alerts/77", 404),
        ("GET", "/alerts?state=closed", 422),
        ("GET", "/nowhere", 404),
        ("GET", "/static/../app.py", 404),
        ("GET", "/?weeks=27", 422),
        ("GET", "/export/series.csv?actor=Atlantis&issue=sanctions", 404),
        ("GET", "/api/v1/positions?cursor=abc", 422),
        ("GET", "/api/v1/positions?cursor=WzEsMiwzLDRd", 422),
        ("GET", "/api/v1/positions?limit=1001", 422),
        ("GET", "/api/v1/positions?kind=sentiment", 422),
        ("GET", "/api/v1/positions?kind=sentiment&actor=Hungary&issue=sanctions", 422),
        ("GET", "/api/v1/positions?kind=sentiment&actor=Hungary&object=Ruritania", 422),
        ("GET", "/api/v1/positions?kind=sentiment&actor=Hungary&label=support", 422),
        ("GET", "/api/v1/positions?label=positive", 422),
        ("GET", "/api/v1/positions?model=nope", 404),
        ("GET", "/api/v1/series?model=nope", 404),
        ("GET", "/export/positions.csv?label=negative", 422),
        ("GET", f"/api/v1/positions?cursor={base64.urlsafe_b64encode(b'[' * 1480).decode().rstrip('=')}", 422),
        ("POST", "/alerts/1/acknowledge", 401),
        ("GET", "/api/v1/positions?since=soon", 422),
        ("GET", "/api/v1/series/99999", 404),
        ("GET", "/api/v1/alerts/99999", 404),
        ("POST", "/api/v1/alerts", 405),
        ("POST", "/api/v1/score", 422),
    ],
)
def test_what_does_not_fit_is_one_clear_line(client: TestClient, method: str, address: str, status: int) -> None:
    answer = client.request(method, address)
    assert answer.status_code == status
    assert "Traceback" not in answer.text
    if address.startswith("/api/") or status == 400:
        assert "\n" not in answer.json()["detail"]
    else:
        (line,) = re.findall(r'<p role="alert" dir="auto">(.*?)</p>', answer.text)
        assert line


@pytest.mark.parametrize(
    ("address", "same"),
    [
        (
            "/series?actor=Hungary&issue=sanctions&object=&model=&until=&bin=&label=",
            "/series?actor=Hungary&issue=sanctions",
        ),
        ("/?actor=&issue=&weeks=", "/"),
        ("/alerts?state=&kind=", "/alerts"),
        ("/search?q=backs&before=", "/search?q=backs"),
        ("/export/positions.csv?actor=&issue=&since=&label=", "/export/positions.csv"),
        ("/api/v1/positions?actor=&object=&min_confidence=&cursor=", "/api/v1/positions"),
        ("/api/v1/series?actor=&after=", "/api/v1/series"),
    ],
)
def test_a_field_that_is_left_empty_is_not_given(client: TestClient, address: str, same: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.text == client.get(same).text


def test_a_form_of_too_many_fields_is_refused(client: TestClient) -> None:
    fields = {f"field{number}": "1" for number in range(30)}
    assert client.post("/token", data=fields).status_code == 422


def test_texts_that_cannot_be_scored_are_refused(client: TestClient) -> None:
    for given in ({"text": ""}, {"text": "x" * 100_001}, {"text": "a\0b"}, {"text": "x", "other": 1}, {}):
        answer = client.post("/api/v1/score", json=given)
        assert answer.status_code == 422, given
        assert answer.json()["detail"]
    half = client.post(
        "/api/v1/score", content=b'{"text": "a \\ud800 b"}', headers={"content-type": "application/json"}
    )
    assert half.status_code == 422
    assert client.post("/api/v1/score", content=b"x" * ((1 << 20) + 1)).status_code == 413
    assert client.post("/api/v1/score", content=iter([b"{}"])).status_code == 411


# -- who may write ----------------------------------------------------------------------------------------------------


def test_without_the_token_nothing_can_be_written(client: TestClient, store: Store) -> None:
    number = shift_of_hungary(client)
    address = f"/api/v1/alerts/{number}/acknowledge"
    assert client.post(address, json={}).status_code == 401
    assert client.post(address, json={}, headers=bearer("another-token-of-a-length")).status_code == 401
    assert client.post(address, json={}, headers={"Authorization": f"Basic {TOKEN}"}).status_code == 401
    assert client.post(f"/api/v1/alerts/{number}/snooze", json={"days": 3}).status_code == 401
    assert client.post(f"/alerts/{number}/acknowledge", data={"by": "x"}).status_code == 401
    assert client.post("/token", data={"token": "wrong"}).status_code == 403
    closed = client_of(store, None)
    assert closed.post(address, json={}, headers=bearer()).status_code == 403
    assert closed.post("/token", data={"token": ""}).status_code == 403
    assert "Sign in" not in closed.get("/alerts").text
    assert client.get(f"/api/v1/alerts/{number}").json()["state"] == "open"


def test_alerts_are_acknowledged_and_snoozed_by_program(url: str) -> None:
    store = Store(url)
    with store.writing() as connection:
        add_model(connection, "m 1", NOISY, CURRENT)
        number = alerts.raise_alert(connection, "health", "feed", "The feed is silent", {"lines": ["<b>"]}, NOW)
    client = client_of(store)
    snoozed = client.post(f"/api/v1/alerts/{number}/snooze", json={"days": 7}, headers=bearer()).json()
    assert snoozed["state"] == "snoozed"
    assert client.post(f"/api/v1/alerts/{number}/snooze", json={"days": 0}, headers=bearer()).json()["state"] == "open"
    given = {"by": "Ada", "note": "seen"}
    done = client.post(f"/api/v1/alerts/{number}/acknowledge", json=given, headers=bearer()).json()
    assert (done["state"], done["acknowledged_by"], done["note"]) == ("acknowledged", "Ada", "seen")
    assert client.post("/api/v1/alerts/99/acknowledge", json={}, headers=bearer()).status_code == 404
    nobody = client.post(f"/api/v1/alerts/{number}/acknowledge", json={"by": "stancewire"}, headers=bearer())
    assert (nobody.status_code, client.get(f"/api/v1/alerts/{number}").json()["state"]) == (422, "acknowledged")
    assert "\n" not in nobody.json()["detail"]
    assert client.get("/api/v1/alerts").json()["alerts"] == []
    assert "&lt;b&gt;" in client.get(f"/alerts/{number}").text
    store.close()


def test_alerts_are_acknowledged_and_snoozed_on_their_page(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/monitor.db")
    with store.writing() as connection:
        number = alerts.raise_alert(connection, "drift", "words", "Other words", {}, NOW)
    client = client_of(store)
    foreign = {"Origin": "https://elsewhere.example"}
    assert client.post("/token", data={"token": TOKEN}, headers=foreign).status_code == 403
    assert client.post("/token", data={"token": TOKEN}).status_code == 200
    assert TOKEN not in str(client.cookies)
    page = f"/alerts/{number}"
    assert client.post(f"{page}/snooze", data={"days": "7"}, headers=foreign).status_code == 403
    assert client.post(f"{page}/snooze", data={"days": "1000"}).status_code == 422
    assert "snoozed until 4 Jul 2025" in client.post(f"{page}/snooze", data={"days": "7"}).text
    assert "· open" in client.post(f"{page}/snooze", data={"days": "0"}).text
    assert client.post(f"{page}/acknowledge", data={"by": " stancewire"}).status_code == 422
    assert "acknowledged" in client.post(f"{page}/acknowledge", data={"by": "<i>Ada</i>\0", "note": "ok"}).text
    assert "&lt;i&gt;Ada&lt;/i&gt;" in client.get(page).text
    client.post("/token/forget")
    assert client.post(f"{page}/snooze", data={"days": "7"}).status_code == 401
    store.close()


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "stances.example"])
def test_behind_a_proxy_a_browser_signs_in_and_its_cookie_goes_through_tls_alone(client: TestClient, host: str) -> None:
    app = client.app
    proxied = client_of(app.state.site.store, public_url="https://Stances.example:443/", is_local=True)  # type: ignore[attr-defined]
    sent = {"Host": host, "Origin": "https://stances.example"}
    answer = proxied.post("/token", data={"token": TOKEN}, headers=sent, follow_redirects=False)
    assert answer.status_code == 303
    assert "; Secure" in answer.headers["set-cookie"]
    for other in ("https://stances.example.org", "http://stances.example:81", "null"):
        sent["Origin"] = other
        assert proxied.post("/token", data={"token": TOKEN}, headers=sent).status_code == 403
    # A proxy that passes on the name needs to be told nothing.
    named = {"Host": "stances.example", "Origin": "https://stances.example"}
    answer = client.post("/token", data={"token": TOKEN}, headers=named, follow_redirects=False)
    assert "; Secure" in answer.headers["set-cookie"]
    here = {"Host": "127.0.0.1:8000", "Origin": "http://127.0.0.1:8000"}
    answer = proxied.post("/token", data={"token": TOKEN}, headers=here, follow_redirects=False)
    assert answer.status_code == 303
    assert "; Secure" not in answer.headers["set-cookie"]


def test_on_this_machine_alone_no_other_name_is_believed(client: TestClient, store: Store) -> None:
    local = client_of(store, is_local=True)
    for host in ("localhost", "LocalHost:8000", "127.0.0.1:8000", "[::1]:8000", "[::1]", ""):
        assert local.get("/health", headers={"Host": host}).status_code == 200, host
    for host in ("evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "["):
        answer = local.get("/api/v1/alerts", headers={"Host": host})
        assert (answer.status_code, list(answer.json())) == (400, ["detail"]), host
    assert client.get("/health", headers={"Host": "stances.example"}).status_code == 200


def test_the_command_knows_whether_it_listens_to_this_machine_alone(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path}/monitor.db") as address:
        assert httpx.get(address).status_code == 200
        assert httpx.get(address, headers={"Host": "evil.example"}).status_code == 400


# -- what is safe -----------------------------------------------------------------------------------------------------


def test_what_an_article_holds_stays_text(client: TestClient) -> None:
    key = client.get("/articles", params={"key": "a9001"}, follow_redirects=False).headers["location"]
    pages = ["/", f"/series?{urlencode(MALLORY)}", key, "/search?q=owned", "/search?q=mallory"]
    for address in pages:
        answer = client.get(address)
        assert answer.status_code == 200
        assert len(re.findall(r"<script", answer.text)) == 1, address
        assert "<img" not in answer.text
        assert "<b>Mallory" not in answer.text
        assert "javascript:" not in answer.text
        assert "\u202e" not in answer.text
    assert client.get(f"/series?{urlencode(MALLORY)}").text.count("&lt;script&gt;") > 0


def test_a_page_may_load_nothing_of_others(client: TestClient) -> None:
    for address in ("/", "/health", "/nowhere", "/static/style.css", "/api/v1/series"):
        headers = client.get(address).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'; script-src 'self'")
        assert headers["x-content-type-options"] == "nosniff"
    for file in (STATIC / "style.css", STATIC / "page.js"):
        assert "http" not in file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")


def test_csv_is_whole_and_no_formula(client: TestClient) -> None:
    table = client.get("/export/positions.csv").content
    # The mark by which a spreadsheet knows its letters, once.
    assert table.count(b"\xef\xbb\xbf") == 1
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))
    api = client.get("/api/v1/positions", params={"limit": 1000}).json()["positions"]
    assert [int(row["id"]) for row in rows] == [row["id"] for row in api]
    (mallory,) = [row for row in rows if "Mallory" in row["actor"]]
    assert mallory["actor"] == "'=<b>Mallory</b>"
    assert json.loads(mallory["object"]) == ["Ruritania"]
    answer = client.get("/export/series.csv", params=HUNGARY)
    assert answer.headers["content-disposition"] == 'attachment; filename="series.csv"'
    series = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(series) == WEEKS
    linked = client.get("/series", params=HUNGARY | {"object": "Graustark", "until": "2025-03-12"}).text
    (address,) = re.findall(r'href="(/export/positions.csv[^"]+)"', linked)
    some = list(csv.DictReader(io.StringIO(client.get(html.unescape(address)).content.decode("utf-8-sig"))))
    assert {tuple(json.loads(row["object"])) for row in some} == {("Ruritania", "Graustark")}
    assert "2025-03-01" < max(row["published"] for row in some) <= "2025-03-16"
    # A number below zero is a number.
    assert float(series[-1]["net"]) < 0


# -- whether it is well -----------------------------------------------------------------------------------------------


def test_health_and_metrics(client: TestClient, store: Store) -> None:
    health = client.get("/health")
    assert health.status_code == 200
    assert health.json()["newest_article"]
    assert set(health.json()) == set(Health.model_fields)
    asked = client.head("/health")
    assert (asked.status_code, asked.text) == (200, "")
    client.get("/series", params=HUNGARY)
    client.get("/nowhere")
    figures = client.get("/metrics").text
    assert "stancewire_database_up 1.0" in figures
    assert 'stancewire_open_alerts{kind="shift"} 1.0' in figures
    assert 'stancewire_http_requests_total{method="GET",route="/series",status="200"} 1.0' in figures
    # What people ask for makes no series of its own.
    assert "nowhere" not in figures


def test_a_database_that_is_gone_is_told_in_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Store(f"sqlite:///{tmp_path}/monitor.db")
    client = client_of(store)
    assert "Nothing here yet" in client.get("/").text
    with store.writing() as connection:
        for table in reversed(tables.metadata.sorted_tables):
            connection.execute(sa.text(f"DROP TABLE {table.name}"))
    for address in ("/", f"/series?{urlencode(HUNGARY)}", "/alerts", "/search?q=x", "/articles/1"):
        answer = client.get(address)
        assert answer.status_code == 503
        assert "The database does not answer" in answer.text
    assert client.get("/api/v1/alerts").json() == {"detail": "the database does not answer; try again in a moment"}
    assert client.get("/health").status_code == 503
    assert client.get("/health").json() == {"status": "down", "database": "does not answer"}
    assert "stancewire_database_up 0.0" in client.get("/metrics").text
    assert all("\n" not in record.getMessage() for record in caplog.records if "stancewire" in record.name)
    store.close()


def test_a_file_that_was_taken_away_is_noticed(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/monitor.db")
    client = client_of(store)
    assert client.get("/health").status_code == 200
    (tmp_path / "monitor.db").rename(tmp_path / "elsewhere.db")
    assert client.get("/health").status_code == 503
    store.close()


def test_the_command_says_what_is_wrong_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = f"sqlite:///{tmp_path}/monitor.db"
    (tmp_path / "short").write_text("secret")
    taken = socket.create_server(("127.0.0.1", 0))
    for arguments, said in (
        (["--token-file", str(tmp_path / "none")], "cannot be read"),
        (["--token-file", str(tmp_path / "short")], "at least 16 characters"),
        (["--database", f"sqlite:///{tmp_path}/no/such.db"], "database"),
        (["--port", str(taken.getsockname()[1])], "cannot listen"),
        (["--model", str(tmp_path)], str(tmp_path)),
        (["--port", "0", "--public-url", "https://stances.example/page"], "without a path"),
        (["--port", "0", "--public-url", "stances.example"], "--public-url stances.example"),
    ):
        with pytest.raises(SystemExit) as stopped:
            main(["serve", "--database", database, *arguments])
        assert stopped.value.code == 2
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1
        assert "secret" not in error
    taken.close()
