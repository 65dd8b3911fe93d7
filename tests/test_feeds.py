"""Feeds to articles; other people's servers are asked politely, safely, and never for longer or more than granted."""

from __future__ import annotations

import gzip
import shutil
import socket
import ssl
import subprocess
import zlib
from collections.abc import Callable, Container, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("feedparser", reason="feeds need the monitoring extra")
pytest.importorskip("protego", reason="feeds need the monitoring extra")

from feed_server import RSS, Site

from stancewire.data.errors import StancewireError
from stancewire.data.schema import Article
from stancewire.inference.monitor import feed_parsing, feeds, fetch
from stancewire.inference.monitor.feed_memory import CHANGES, NEXT_TRY, PATIENCE, FeedState
from stancewire.inference.monitor.feeds import MAX_FAILURES, FeedResult, article_id, read_feed
from stancewire.inference.monitor.fetch import DAY, MAX_PAUSE, ROBOTS_RETRY, Fetcher, FetchError, is_public

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.now += seconds


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture(autouse=True)
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were connected to; none but this machine's own is."""
    connect, to = socket.socket.connect, list[str]()

    def watched(line: socket.socket, address: Any) -> None:
        to.append(address[0])
        assert address[0].startswith("127.")
        connect(line, address)

    monkeypatch.setattr(socket.socket, "connect", watched)
    return to


def local(time: Time | None = None, **options: Any) -> Fetcher:
    """A fetcher that may ask this machine, and waits on a clock of its own."""
    time = time or Time()
    return Fetcher(allow_private=True, clock=time.clock, sleep=time.sleep, **options)


def refused(fetcher: Fetcher, url: str) -> FetchError:
    with pytest.raises(FetchError) as error:
        fetcher.get(url)
    assert "\n" not in str(error.value)
    return error.value


def resolve(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Makes names stand for addresses: those of each answer in turn, then the last for ever. Returns what is asked."""
    asked = list[str]()

    def getaddrinfo(host: str, port: int, *_: object, **__: object) -> list[Any]:
        answer = answers[min(len(asked), len(answers) - 1)]
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answer]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


# -- what is had ------------------------------------------------------------------------------------------------------


def test_page_and_what_to_send_along_next_time(site: Site) -> None:
    stamp = "Mon, 06 May 2024 10:00:00 GMT"
    url = site.page("/a", "grüß", ETag='"1"', Last_Modified=stamp)
    response = local(user_agent="desk/1 (desk@example.org)").get(url)
    assert response == (200, url, "grüß".encode(), "text/html; charset=utf-8", '"1"', stamp)
    assert {one.headers["User-Agent"] for one in site.asked} == {"desk/1 (desk@example.org)"}


def test_unchanged_page_is_not_sent_again(site: Site) -> None:
    url = site.page("/a", "x", ETag='"1"')
    response = local().get(url, '"1"', "Mon, 06 May 2024 10:00:00 GMT")
    assert (response.status, response.body) == (304, b"")
    assert site.asked[-1].headers["If-Modified-Since"] == "Mon, 06 May 2024 10:00:00 GMT"


def packed_answer(packed: bytes, encoding: bytes, chunked: bool) -> bytes:
    head = PLAIN + b"Content-Encoding: " + encoding + b"\r\n"
    if chunked:
        return head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(packed), packed)
    return head + b"\r\n" + packed


@pytest.mark.parametrize(("encoding", "pack"), [(b"gzip", gzip.compress), (b"deflate", zlib.compress)])
@pytest.mark.parametrize("chunked", [False, True])
def test_packed_body_is_unpacked(site: Site, encoding: bytes, pack: Callable[[bytes], bytes], chunked: bool) -> None:
    assert local().get(site.raw("/a", packed_answer(pack(b"hello"), encoding, chunked))).body == b"hello"


def test_redirects_are_followed_to_the_last_address(site: Site) -> None:
    site.page("/b/c", "end")
    site.page("/b", "", status=301, Location="b/c")
    url = site.page("/a", "", status=302, Location=f"{site.url}/b")
    assert local().get(url)[:3] == (200, f"{site.url}/b/c", b"end")


def test_redirects_end(site: Site) -> None:
    assert "redirects" in str(refused(local(), site.page("/a", "", status=302, Location="/a")))
    assert len(site.paths()) == fetch.MAX_REDIRECTS + 1


@pytest.mark.parametrize(("status", "passing"), [(500, True), (503, True), (429, True), (404, False), (410, False)])
def test_error_of_the_server_is_one_line(site: Site, status: int, passing: bool) -> None:
    url = site.page("/a", "<h1>Oh\nno</h1>" * 100, status=status)
    error = refused(local(), url)
    assert str(error).startswith(f"{url}: the server answers {status} ")
    assert error.passing is passing


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"SSH-2.0-\x1b[31m\r\n",
        PLAIN + b"Content-Length: 1000\r\n\r\ncut",
        PLAIN + b"Content-Encoding: gzip\r\n\r\nnot packed",
    ],
    ids=["nothing", "not HTTP", "cut", "not packed"],
)
def test_answer_that_is_none(site: Site, data: bytes) -> None:
    error = refused(local(), site.raw("/a", data))
    assert error.passing
    assert "\x1b" not in str(error)


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = Site()
    closed.close()
    assert refused(local(), closed.url + "/a").passing

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert "Name or service not known" in str(refused(local(), "http://nowhere.example/a"))


def test_second_address_is_tried_when_the_first_does_not_answer(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.page("/a", "here")
    resolve(monkeypatch, ["127.0.0.9", "127.0.0.1"])
    assert local().get(f"http://news.example:{site.port}/a").body == b"here"


# -- robots.txt and pauses --------------------------------------------------------------------------------------------

ROBOTS = """\
User-agent: *
Disallow: /

User-agent: stancewire
Disallow: /*.pdf$
Disallow: /inner
Allow: /inner/open
Crawl-delay: 7
"""


def test_robots_txt_is_obeyed(site: Site) -> None:
    site.page("/robots.txt", ROBOTS, "text/plain")
    for path in ("/a", "/inner/open/a", "/inner/a", "/a.pdf"):
        site.page(path, "x")
    fetcher = local()
    fetcher.get(site.url + "/a")
    fetcher.get(site.url + "/inner/open/a")
    assert "robots.txt" in str(refused(fetcher, site.url + "/inner/a"))
    assert not refused(fetcher, site.url + "/a.pdf").passing
    assert "robots.txt" in str(refused(local(user_agent="other/1"), site.url + "/a"))
    assert site.paths() == ["/a", "/inner/open/a"]


def test_redirect_leads_to_no_page_that_robots_txt_forbids(site: Site) -> None:
    site.page("/robots.txt", ROBOTS, "text/plain")
    refused(local(), site.page("/a", "", status=302, Location="/inner/a"))
    assert site.paths() == ["/a"]


def test_robots_txt_is_kept_for_a_day(site: Site) -> None:
    time = Time()
    fetcher, url = local(time), site.page("/a", "x")
    site.page("/robots.txt", "", "text/plain")
    fetcher.get(url)
    time.now += DAY - 10
    fetcher.get(url)
    site.page("/robots.txt", "User-agent: *\nDisallow: /", "text/plain")
    time.now += 10
    refused(fetcher, url)
    assert [one.path for one in site.asked] == ["/robots.txt", "/a", "/a", "/robots.txt"]


def test_robots_txt_that_cannot_be_had_forbids_all_for_a_while(site: Site) -> None:
    time = Time()
    fetcher, url = local(time), site.page("/a", "x")
    site.page("/robots.txt", "", status=500)
    error = refused(fetcher, url)
    assert error.passing
    assert "robots.txt" in str(error)
    refused(fetcher, url)
    assert [one.path for one in site.asked] == ["/robots.txt"]
    site.page("/robots.txt", "", status=403)  # no better than none: all may be read
    time.now += ROBOTS_RETRY
    assert fetcher.get(url).status == 200


def test_robots_txt_that_would_fill_the_memory_is_not_read(site: Site) -> None:
    agents = "".join(f"User-agent: x{number}\n" for number in range(10_000))
    rules = "".join(f"Disallow: /{number}\n" for number in range(10_000))
    site.page("/robots.txt", agents + rules, "text/plain")
    assert "too many rules" in str(refused(local(), site.page("/a", "x")))


def test_pauses_between_requests(site: Site) -> None:
    for path in "abc":
        site.page(f"/{path}", "x")
    time = Time()
    fetcher = local(time, delay=2.0)
    fetcher.get(site.url + "/a")
    fetcher.get(site.url + "/b")
    assert time.slept == [2.0, 2.0]  # after robots.txt, after the first page
    time.now += 60
    fetcher.get(site.url + "/c")
    assert time.slept == [2.0, 2.0]


@pytest.mark.parametrize(("wanted", "waited"), [("7", 7.0), ("100000", MAX_PAUSE), ("0.1", 1.0), ("-5", 1.0)])
def test_crawl_delay_is_kept_within_reason(site: Site, wanted: str, waited: float) -> None:
    site.page("/robots.txt", f"User-agent: *\nCrawl-delay: {wanted}", "text/plain")
    time = Time()
    local(time).get(site.page("/a", "x"))
    assert time.slept == [waited]


def test_host_that_asks_to_be_left_alone_is_left_alone(site: Site) -> None:
    time = Time()
    fetcher, url = local(time), site.page("/a", "", status=429, Retry_After="120")
    assert refused(fetcher, url).passing
    site.page("/a", "x")
    assert "left alone" in str(refused(fetcher, url))
    assert site.paths() == ["/a"]
    time.now += 121
    assert fetcher.get(url).status == 200


def test_host_that_says_until_when(site: Site) -> None:
    time = Time()
    until = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    fetcher, url = local(time), site.page("/a", "", status=503, Retry_After=until)
    refused(fetcher, url)
    assert "left alone" in str(refused(fetcher, url))
    time.now += DAY
    site.page("/a", "x", status=200)
    assert fetcher.get(url).status == 200


@pytest.mark.parametrize("after", ["soon", "-5", "9" * 5000, "Mon, 99 Foo 99999 99:99:99 GMT"])
def test_nonsense_in_retry_after_does_no_harm(site: Site, after: str) -> None:
    time = Time()
    fetcher, url = local(time), site.page("/a", "", status=503, Retry_After=after)
    refused(fetcher, url)
    time.now += DAY
    site.page("/a", "x")
    assert fetcher.get(url).status == 200


# -- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "chunk"),
    [
        (PLAIN + b"\r\n", b"x"),
        (PLAIN + b"Content-Length: 100000\r\n\r\n", b"x"),
        (PLAIN + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b""),
    ],
    ids=["body", "body of known length", "chunks", "head", "continue", "silence"],
)
def test_server_that_drips_cannot_hold_us(site: Site, head: bytes, chunk: bytes) -> None:
    url = site.stream("/a", head, chunk, pause=0.02)
    error = refused(local(timeout=0.4), url)
    assert "took longer than 0.4 s" in str(error)
    assert error.passing


@pytest.mark.parametrize(
    "head", [PLAIN + b"\r\n", PLAIN + b"Content-Length: 99999999999\r\n\r\n"], ids=["no length", "length"]
)
def test_endless_body_ends_at_the_limit(site: Site, head: bytes) -> None:
    url = site.stream("/a", head, b"x" * 65536)
    assert "longer than 0.2 MB" in str(refused(local(max_bytes=200_000), url))


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("chunked", [False, True])
def test_gzip_bomb_ends_at_the_limit(site: Site, layers: int, chunked: bool) -> None:
    bomb = b"\0" * 200_000_000
    for _ in range(layers):
        bomb = gzip.compress(bomb, 1)
    url = site.raw("/a", packed_answer(bomb, b", ".join([b"gzip"] * layers), chunked))
    assert "longer than 1 MB" in str(refused(local(max_bytes=1_000_000), url))


# -- addresses --------------------------------------------------------------------------------------------------------

PRIVATE = """127.0.0.1 localhost [::1] 169.254.169.254 10.0.0.1 192.168.1.1 172.16.0.1 100.64.0.1 0.0.0.0 224.0.0.1
240.0.0.1 [fe80::1] [fc00::1] [fec0::1] [ff02::1] [::ffff:127.0.0.1] [::ffff:a00:1] [64:ff9b::7f00:1] [2002:7f00:1::]
0x7f000001 2130706433 0177.0.0.1 127.1""".split()


@pytest.mark.parametrize("host", PRIVATE)
def test_private_addresses_are_refused(site: Site, connected: list[str], host: str) -> None:
    error = refused(Fetcher(), f"http://{host}:{site.port}/a")
    assert not error.passing
    assert not connected
    assert not site.asked


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://news.example/a", "gopher://x/", "//x/a", "/a", "", "http://"]
)
def test_only_the_web_is_asked(connected: list[str], url: str) -> None:
    refused(local(), url)
    assert not connected


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A server that passes for one on the internet: 127.0.0.2, which is public for once."""
    monkeypatch.setattr(fetch, "is_public", lambda address: address == "127.0.0.2" or is_public(address))
    site = Site("127.0.0.2")
    yield site
    site.close()


def polite() -> Fetcher:
    time = Time()
    return Fetcher(clock=time.clock, sleep=time.sleep)


def test_redirect_inside_is_refused(site: Site, outside: Site) -> None:
    for number, target in enumerate(
        (site.page("/a", "secret"), f"http://localhost:{site.port}/a", "file:///etc/passwd")
    ):
        refused(polite(), outside.page(f"/{number}", "", status=302, Location=target))
    assert not site.asked
    assert len(outside.paths()) == 3


def test_robots_txt_elsewhere_inside_is_refused(site: Site, outside: Site) -> None:
    outside.page("/robots.txt", "", status=302, Location=site.url + "/robots.txt")
    refused(polite(), outside.page("/a", "x"))
    assert not site.asked


def test_one_private_address_of_several_is_enough(outside: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, ["127.0.0.2", "10.0.0.1"])
    assert "10.0.0.1" in str(refused(polite(), f"http://news.example:{outside.port}/a"))
    assert not outside.asked


def test_connection_goes_to_the_address_that_was_checked(
    outside: Site, connected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    outside.page("/a", "x")
    asked = resolve(monkeypatch, ["127.0.0.2"], ["127.0.0.1"])  # for robots.txt, and from then on
    assert "127.0.0.1" in str(refused(polite(), f"http://news.example:{outside.port}/a"))
    assert asked == ["news.example"] * 2
    assert connected == ["127.0.0.2"]
    assert outside.asked[0].headers["Host"] == f"news.example:{outside.port}"


# -- TLS --------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate")
def test_certificate_must_be_trusted_and_the_hosts_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out cert -days 2"
    about = ["-subj", "/CN=news.example", "-addext", "subjectAltName=DNS:news.example"]
    subprocess.run([*command.split(), *about], cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    site = Site()
    site.server.socket = context.wrap_socket(site.server.socket, server_side=True)
    site.page("/a", "x")
    url = f"https://news.example:{site.port}/a"
    resolve(monkeypatch, ["127.0.0.1"])
    assert "certificate" in str(refused(local(), url))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert"))
    assert local().get(url).body == b"x"
    assert "certificate" in str(refused(local(), url.replace("news", "other")))
    site.stream("/b", PLAIN + b"\r\n", b"x", 0.02)
    assert "longer than" in str(refused(local(timeout=0.4), url.replace("/a", "/b")))
    site.close()


# -- feeds ------------------------------------------------------------------------------------------------------------

NOW = datetime(2024, 5, 8, 12, tzinfo=UTC)
DATE = "Mon, 06 May 2024 23:30:00 -0400"
SHORT = "The harbour council met on Monday."
LONG = (
    "The harbour council met on Monday and put off its vote on the new pier.\n"
    "Two members said that the state had not told them what the pier was for.\n"
    "A spokesman for the port answered that every paper had been handed over in April."
)
FULL = "\n".join(f"In its {number}th meeting the council heard the port, and put off the vote." for number in range(30))


def item(link: str, title: str = "Pier", date: str = DATE, summary: str = "", content: str = "") -> str:
    fields = {"title": title, "link": link, "pubDate": date, "description": summary, "content:encoded": content}
    return "<item>" + "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items() if text) + "</item>"


def rss(*items: str, doctype: str = "") -> str:
    head = f'<?xml version="1.0" encoding="utf-8"?>{doctype}<rss version="2.0" '
    spaces = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    return f"{head}{spaces}><channel><title>Wire</title>{''.join(items)}</channel></rss>"


def read(site: Site, *items: str, state: FeedState | None = None, known: Container[str] = ()) -> FeedResult:
    """Serves a feed of these items and reads it."""
    return read_again(site.page("/feed", rss(*items), RSS), state, known)


def read_again(url: str, state: FeedState | None = None, known: Container[str] = (), now: datetime = NOW) -> FeedResult:
    result = read_feed(url, local(), state or FeedState(), known.__contains__, now)
    assert not [line for line in result.skipped + result.remarks if "\n" in line or not line.isprintable()]
    return result


def only(lines: list[str]) -> str:
    [line] = lines
    return line


def test_entry_becomes_an_article_with_the_full_text_of_its_page(site: Site) -> None:
    link = site.article("/a?id=7", LONG)
    result = read(site, item(f"{link}&utm_source=feed&utm_medium=rss#top", summary=SHORT))
    assert result == ([Article(link, LONG, "Pier", "2024-05-07", f"127.0.0.1:{site.port}", link)], FeedState(), [], [])


def test_atom(site: Site) -> None:
    link = site.article("/a", LONG)
    entry = """<entry><title type="html">Pier &amp;amp; &lt;b&gt;port&lt;/b&gt;</title><id>x</id>
        <link rel="self" href="/other"/><link href="a"/><updated>2024-05-06T10:00:00Z</updated></entry>"""
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Wire</title>{entry}</feed>'
    result = read_again(site.page("/feed", feed, "application/atom+xml"))
    article = result.articles[0]
    assert (article.id, article.text, article.title, article.published) == (link, LONG, "Pier & port", "2024-05-06")


def test_unchanged_feed_is_not_read_again(site: Site) -> None:
    link = site.article("/a", LONG)
    url = site.page("/feed", rss(item(link)), RSS, ETag='"1"')
    first = read_again(url)
    assert first.state == FeedState('"1"')
    assert len(first.articles) == 1
    assert read_again(url, first.state) == ([], first.state, [], [])
    assert site.paths() == ["/feed", "/a", "/feed"]


def test_known_entry_is_not_asked_for(site: Site) -> None:
    links = [site.article(f"/{name}", LONG) for name in "ab"]
    result = read(site, *(item(f"{link}#top") for link in [*links, *links]), known={links[0]})
    assert [article.id for article in result.articles] == [links[1]]
    assert site.paths() == ["/feed", "/b"]


def test_full_text_in_the_feed_saves_the_page(site: Site) -> None:
    paragraphs = "".join(f"<p>{line}</p>" for line in FULL.split("\n"))
    result = read(site, item(site.url + "/a", content=paragraphs))
    assert result.articles[0].text == FULL
    assert site.paths() == ["/feed"]


def test_text_that_breaks_off_is_not_the_full_text(site: Site) -> None:
    link = site.article("/a", FULL + "\n" + LONG)
    result = read(site, item(link, content=f"<p>{FULL} [&#8230;]</p><p>More in the Wire.</p>"))
    assert result.articles[0].text == FULL + "\n" + LONG


def test_page_that_says_less_than_the_feed_is_not_taken(site: Site) -> None:
    link = site.article("/a", "We value your privacy.")
    assert read(site, item(link, summary=LONG)).articles[0].text == LONG


def test_feeds_own_text_where_there_is_no_page(site: Site) -> None:
    link = site.url + "/gone"
    result = read(site, item(link, summary=f"<p>{SHORT}</p>"))
    assert result.articles[0].text == SHORT
    assert only(result.remarks).startswith(f"{link}: the server answers 404 ")
    assert not result.skipped


def test_a_page_that_fails_in_passing_is_waited_for(site: Site) -> None:
    link = site.page("/a", "", status=503)
    url = site.page("/feed", rss(item(link, summary=SHORT)), RSS, ETag="2")
    first = read_again(url, FeedState("1"))
    assert first.articles == []
    assert "the server answers 503" in only(first.skipped)
    assert first.state == FeedState("1")
    site.article("/a", LONG)
    second = read_again(url, first.state, now=NOW + timedelta(hours=1))
    assert only([article.text for article in second.articles]) == LONG
    assert second.state == FeedState("2")


def test_after_a_few_days_a_teaser_is_better_than_nothing(site: Site) -> None:
    teased, bare = site.page("/a", "", status=503), site.page("/b", "", status=503)
    url = site.page("/feed", rss(item(teased, summary=SHORT), item(bare)), RSS, ETag="2")
    state, day = FeedState("1"), timedelta(days=1)
    for days in range(PATIENCE.days):
        result = read_again(url, state, now=NOW + days * day)
        assert (result.articles, result.state) == ([], FeedState("1"))
        state = result.state
    result = read_again(url, state, now=NOW + PATIENCE)
    assert [(article.id, article.text) for article in result.articles] == [(teased, SHORT)]
    assert "not asked for again" in only(result.skipped)
    assert result.state == FeedState("2")
    asked = len(site.paths())
    assert read_again(url, FeedState("", "", result.state.entries), now=NOW + 9 * day)[0] == []
    assert site.paths()[asked:] == ["/feed"]


def test_a_page_that_is_not_there_is_asked_for_once_a_day(site: Site) -> None:
    url, state = site.page("/feed", rss(item(site.url + "/gone")), RSS), FeedState()
    for hours in (0, 1, 23, NEXT_TRY // timedelta(hours=1), 30):
        state = read_again(url, state, now=NOW + timedelta(hours=hours)).state
    assert site.paths().count("/gone") == 2


@pytest.mark.parametrize("stamps", [("2024-05-06T10:00:00Z", "2024-05-07T10:00:00Z"), ("", "")])
def test_an_entry_that_has_changed_is_read_again(site: Site, stamps: tuple[str, str]) -> None:
    link = site.article("/a", LONG)

    def read_version(number: int, state: FeedState, hours: int) -> FeedResult:
        stamp = f"<dc:date>{stamps[number]}</dc:date>" if stamps[number] else ""
        entry = item(link, title="Pier" if stamps[0] else f"Pier {number}").replace("</item>", f"{stamp}</item>")
        body = rss(entry).replace("<rss ", '<rss xmlns:dc="http://purl.org/dc/elements/1.1/" ')
        known = {link} if state.entries else ()
        return read_again(site.page("/feed", body, RSS, ETag=f'"{number}{hours}"'), state, known, NOW + hours * CHANGES)

    first = read_version(0, FeedState(), 0)
    site.article("/a", f"Correction. {LONG}")
    assert read_version(0, first.state, 2).articles == []
    changed = read_version(1, first.state, 2)
    assert only([article.text for article in changed.articles]) == f"Correction. {LONG}"
    assert changed.articles[0].published == "2024-05-07"
    # Not at every reading, as some feeds change all the time; and not forgotten.
    soon = read_version(0, changed.state, 2)
    assert soon.articles == []
    assert len(read_version(0, soon.state, 3).articles) == 1
    # Where its page fails what is there is better than a teaser.
    site.page("/a", "", status=404)
    gone = read_version(1, first.state, 5)
    assert gone.articles == []
    assert "404" in only(gone.skipped)


def test_what_is_known_from_elsewhere_is_read_again_only_when_it_changes(site: Site) -> None:
    link = site.article("/a", LONG)
    first = read(site, item(link), known={link})
    assert first.articles == []
    assert site.paths() == ["/feed"]
    url = site.page("/feed", rss(item(link, title="Pier: a correction")), RSS)
    assert len(read_again(url, first.state, {link}).articles) == 1


def test_entries_that_failed_hold_up_no_others(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MAX_NEW", MAX_FAILURES)
    bad = [site.page(f"/{number}", "", status=500) for number in range(MAX_FAILURES)]
    good = site.article("/good", LONG)
    url = site.page("/feed", rss(*map(item, [*bad, good])), RSS)
    first = read_again(url)
    assert first.articles == []
    assert [article.id for article in read_again(url, first.state).articles] == [good]


def test_a_date_that_lies_ahead_is_believed_when_the_clock_is_right(site: Site) -> None:
    link = site.article("/a", LONG)
    url, behind = site.page("/feed", rss(item(link)), RSS, ETag='"1"'), NOW - timedelta(days=800)
    first = read_again(url, now=behind)
    assert first.articles[0].published is None
    assert read_again(url, first.state, {link}, behind + timedelta(hours=2)).articles == []
    assert read_again(url, first.state, {link}).articles[0].published == "2024-05-07"


def test_a_reading_can_be_stopped(site: Site) -> None:
    links = [site.article(f"/{number}", LONG) for number in range(3)]
    url = site.page("/feed", rss(*map(item, links)), RSS)
    with pytest.raises(StancewireError, match="stopped"):
        read_feed(url, local(), FeedState(), lambda _: False, NOW, lambda: "/0" in site.paths())
    assert site.paths() == ["/feed", "/0"]


def test_a_reading_takes_no_longer_than_its_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    links = [site.article(f"/{number}", LONG) for number in range(2)]
    url = site.page("/feed", rss(*map(item, links)), RSS, ETag='"1"')
    monkeypatch.setattr(feeds, "MAX_SECONDS", 0)
    result = read_again(url)
    assert result.articles == []
    assert result.state == FeedState()
    assert "the next reading goes on" in only(result.remarks)


def test_entry_without_any_text_is_tried_again_later(site: Site) -> None:
    other, link = site.article("/b", LONG), site.page("/a", "", status=500)
    url = site.page("/feed", rss(item(link), item(other)), RSS, ETag='"2"')
    result = read_again(url, FeedState('"1"'))
    assert "the server answers 500" in only(result.skipped)
    assert [article.id for article in result.articles] == [other]
    assert result.state == FeedState('"1"')  # or the server would say that nothing is new
    site.article("/a", LONG)
    result = read_again(url, result.state, known={other})
    assert [article.id for article in result.articles] == [link]
    assert result.state == FeedState('"2"')


def test_page_that_will_never_be_had_holds_nothing_up(site: Site) -> None:
    links = [site.url + "/gone", site.page("/a", b"%PDF", "application/pdf")]
    url = site.page("/feed", rss(*map(item, links)), RSS, ETag="2")
    result = read_again(url, FeedState("1"))
    assert "404" in result.skipped[0]
    assert "application/pdf" in result.skipped[1]
    assert result.state == FeedState("2")


def test_pages_are_left_alone_when_several_in_a_row_fail(site: Site) -> None:
    links = [site.page(f"/{number}", "", status=502) for number in range(10)]
    result = read(site, *map(item, links))
    assert len(result.skipped) == 10
    assert "in a row" in result.skipped[-1]
    assert site.paths() == ["/feed", "/0", "/1", "/2"]


def test_pages_that_fail_now_and_then_are_all_tried(site: Site) -> None:
    links = [site.article(f"/{n}", LONG) if n % 3 == 2 else site.page(f"/{n}", "", status=502) for n in range(6)]
    result = read(site, *map(item, links))
    assert [article.id for article in result.articles] == [links[2], links[5]]
    assert len(site.paths()) == 7


def test_long_feed_is_read_in_parts(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MAX_NEW", 2)
    links = [site.article(f"/{number}", LONG) for number in range(3)]
    url = site.page("/feed", rss(*map(item, links)), RSS, ETag='"1"')
    first = read_again(url)
    assert [article.id for article in first.articles] == links[:2]
    assert "next reading" in only(first.remarks)
    second = read_again(url, first.state, set(links[:2]))
    assert [article.id for article in second.articles] == links[2:]
    assert second.state == FeedState('"1"')


def test_dates_that_cannot_be_are_not_believed(site: Site) -> None:
    dates = {
        "Fri, 10 May 2024 23:00:00 GMT": "2024-05-10",
        "Sat, 11 May 2024 01:00:00 GMT": None,
        "Thu, 08 May 2025 10:00:00 GMT": None,
        "Thu, 01 Jan 1970 00:00:00 GMT": None,
        "0001-01-01T00:00:00Z": None,
    }
    head = '<meta property="article:published_time" content="2024-05-01">'
    items = [item(site.article(f"/{number}", LONG, head), date=date) for number, date in enumerate(dates)]
    result = read(site, *items)
    assert [article.published for article in result.articles] == list(dates.values())
    assert ["1970-01-01, where clocks begin" in line for line in result.remarks] == [False, False, True, False]


def test_page_dates_an_entry_that_has_no_date(site: Site) -> None:
    head = '<meta property="article:published_time" content="2024-05-01T10:00:00Z">'
    dates = ["", "on Monday", "0000-00-00", "-1"]
    items = [item(site.article(f"/{number}", LONG, head), date=date) for number, date in enumerate(dates)]
    assert [article.published for article in read(site, *items).articles] == ["2024-05-01"] * 4


def test_titles_are_plain_text(site: Site) -> None:
    titles = {
        "Port &amp; <b>pier</b>": "Port & pier",
        "Down < 5 % & rising": "Down < 5 % & rising",
        "<script>go()</script> Pier\n\u202e two": "go() Pier two",
        "<!-- x -->": "Page",
        "<b></b>": "Page",
        "": "Page",
    }
    items = [item(site.article(f"/{number}", LONG), title=title) for number, title in enumerate(titles)]
    assert [article.title for article in read(site, *items).articles] == list(titles.values())


def test_bad_links_never_lose_the_other_entries(site: Site) -> None:
    links = {
        "file:///etc/passwd": "no http:// or https:// address",
        "ftp://news.example/a": "no http:// or https:// address",
        "javascript:alert(1)": "no http:// or https:// address",
        "": "no link",
        "http://[::1": "no link",
        "http://news.example/\u202ea": "no http:// or https:// address",
        "http://x.example/" + "字" * 1900: "5,717 bytes",
        "http://x.example/" + "a" * 5000: "5,017 bytes",
    }
    good = site.article("/a", LONG)
    result = read(site, *(item(link, summary=LONG) for link in links), item(good))
    assert [article.id for article in result.articles] == [good]
    assert all(reason in line for reason, line in zip(links.values(), result.skipped, strict=True))


def test_links_inside_are_refused(site: Site, outside: Site, connected: list[str]) -> None:
    links = ["http://169.254.169.254/a", f"http://localhost:{site.port}/a", f"http://0x7f000001:{site.port}/a"]
    good = outside.article("/a", LONG)
    url = outside.page("/feed", rss(*map(item, [*links, good])), RSS)
    result = read_feed(url, polite(), FeedState(), lambda _: False, NOW)
    assert [article.id for article in result.articles] == [good]
    assert len(result.skipped) == 3
    assert all("no public address" in line for line in result.skipped)
    assert set(connected) == {"127.0.0.2"}


def test_ids() -> None:
    assert (
        article_id("https://News.example/A?UTM_Source=x&p=1&&q=a%20b&utm_id=3#c")
        == "https://news.example/A?p=1&&q=a%20b"
    )
    assert article_id("https://news.example/?12345") == "https://news.example/?12345"


# -- feeds that are broken or hostile ---------------------------------------------------------------------------------


def test_feed_that_cannot_be_had(site: Site) -> None:
    with pytest.raises(FetchError, match="answers 500") as error:
        read_again(site.page("/feed", "", status=500))
    assert error.value.passing


@pytest.mark.parametrize("body", ["", "<!doctype html><html><body><p>Hi", "\x00\x01\x02"])
def test_what_is_no_feed(site: Site, body: str) -> None:
    with pytest.raises(FetchError, match="no RSS or Atom feed"):
        read_again(site.page("/feed", body, RSS))


def test_feed_without_entries(site: Site) -> None:
    assert read(site) == ([], FeedState(), [], [])


def test_broken_feed_gives_the_entries_before_the_break(site: Site) -> None:
    links = [site.article(f"/{name}", LONG) for name in "ab"]
    url = site.page("/feed", rss(item(links[0]), item(links[1], title="A & B"), "<item><title>Cut")[:-40], RSS)
    result = read_again(url)
    assert [article.id for article in result.articles][:2] == links
    assert "broken" in result.remarks[0]


def test_entities_name_no_files_and_do_not_explode(site: Site, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    link = site.article("/a", LONG)
    laughs = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    entities = f'<!ENTITY x SYSTEM "{secret.as_uri()}"><!ENTITY y SYSTEM "{site.url}/y"><!ENTITY e0 "ha">{laughs}'
    doctype = f'<!DOCTYPE rss SYSTEM "{site.url}/dtd" [<!ENTITY % p SYSTEM "{site.url}/p"> %p; {entities}]>'
    for names in ("&x;&y;", "&e9;"):
        feed = rss(item(link, title="@").replace("@", names), doctype=doctype)
        for body in (feed, feed.replace("</rss>", "")):
            result = read_again(site.page("/feed", body, RSS))
            assert len(only([article.title or "" for article in result.articles])) < 1000
            assert "SECRET" not in repr(result)
    assert set(site.paths()) == {"/feed", "/a"}


MANY_ATTRIBUTES = "<p " + " ".join(f'a{number}="1"' for number in range(200_000)) + ">"
"""Holds a parser for minutes."""


def test_feed_that_holds_the_parser_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_parsing, "PARSE_SECONDS", 2)
    with pytest.raises(FetchError, match="cannot be read within 2 s"):
        read(site, MANY_ATTRIBUTES, item(site.url + "/a"))


def test_page_that_holds_the_parser_does_not_lose_the_others(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_parsing, "PARSE_SECONDS", 6)
    bad, good = site.page("/a", f"<html><body>{MANY_ATTRIBUTES}{LONG}"), site.article("/b", LONG)
    result = read(site, item(bad), item(good))
    assert [article.id for article in result.articles] == [good]
    assert "within 6 s" in only(result.skipped)


def test_pages_that_hold_the_parser_are_left_alone_when_they_are_several(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "MAX_FAILURES", 1)
    monkeypatch.setattr(feed_parsing, "PARSE_SECONDS", 6)
    bad = [site.page(f"/{name}", f"<html><body>{MANY_ATTRIBUTES}{LONG}") for name in "ab"]
    assert "in a row" in read(site, *map(item, bad)).skipped[-1]
    assert site.paths() == ["/feed", "/a"]


def test_many_copies_of_one_story_are_one_article(site: Site) -> None:
    link = site.article("/a", LONG)
    result = read(site, *[item(link)] * 3000)
    assert len(result.articles) == 1
    assert site.paths() == ["/feed", "/a"]
