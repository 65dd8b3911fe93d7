"""Asks other people's servers for pages, politely and safely.

Politely: as their robots.txt (RFC 9309) and Retry-After say, with a pause between two requests to a host, and without
loading again what has not changed. Safely: over http and https only, never to an address inside one's own network, and
never for more bytes or seconds than granted. A host name is resolved once, every address it stands for is checked, and
the connection goes to one of these: a name that changes between check and connection (DNS rebinding) gains nothing.
For the same reason no proxy is used: it would resolve the name anew.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException, responses
from importlib.metadata import version
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from math import inf
from threading import Event, Timer
from typing import NamedTuple, TypeVar
from urllib.parse import urljoin

from protego import Protego
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import HTTPResponse
from urllib3.util import Retry, Url, parse_url

from ...data.errors import StancewireError

USER_AGENT = f"stancewire/{version('stancewire')}"
MAX_REDIRECTS = 5
MAX_PAUSE = 30.0
"""Seconds between two requests beyond which a robots.txt's Crawl-delay is not followed."""
DAY = 86_400.0
ROBOTS_RETRY = 600.0
"""Seconds after which a robots.txt that could not be read is asked for again."""
ROBOTS_BYTES = 512_000
"""Of a longer robots.txt the beginning counts (RFC 9309, 2.5)."""
_ROBOTS_RULES = 1_000_000
"""Lines times user agents of a robots.txt: its parser keeps every rule for every agent of its group."""
_MAX_HOSTS = 1000
_CHUNK = 1 << 16
_REDIRECTS = (301, 302, 303, 307, 308)
_NAT64 = IPv6Network("64:ff9b::/96")

_Value = TypeVar("_Value")


class FetchError(StancewireError):
    """A page that was not had; one line with its address and the reason.

    Attributes:
        reason: The line without the address.
        passing: Whether to ask again later may help.
    """

    def __init__(self, url: str, reason: str, passing: bool = False) -> None:
        self.reason = one_line(reason)
        self.passing = passing
        super().__init__(f"{one_line(url)}: {self.reason}")


class Response(NamedTuple):
    """What a server answered.

    Attributes:
        status: 200 to 299, or 304: not changed since ``etag`` or ``modified``.
        url: The address after all redirects.
        body: The content, unpacked.
        content_type: As the server says, with its parameters; or empty.
        etag: To send along the next time; or empty.
        modified: To send along the next time; or empty.
    """

    status: int
    url: str
    body: bytes
    content_type: str
    etag: str
    modified: str


class _Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class _Robots:
    """A host's robots.txt; without rules it could not be read, for the reason given."""

    until: float
    rules: Protego | None
    reason: str = ""
    passing: bool = False


class Fetcher:
    """Gets pages. One fetcher serves one thread; it remembers when it last asked each host, and what that allows.

    Args:
        user_agent: Who asks; the part before the slash is the name that robots.txt is read for.
        allow_private: Whether addresses that are not public (one's own network) may be asked.
        delay: Seconds between two requests to a host, at least.
        timeout: Seconds that connecting to a host may take, and that one request may take after it, to the last byte.
        max_bytes: The longest body, unpacked.
        clock: Seconds that only go forward.
        sleep: Waits so many seconds; what it raises ends the wait, and ``get`` with it.
    """

    def __init__(
        self,
        *,
        user_agent: str = USER_AGENT,
        allow_private: bool = False,
        delay: float = 1.0,
        timeout: float = 30.0,
        max_bytes: int = 5_000_000,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._user_agent = user_agent
        self._name = user_agent.partition("/")[0]
        self._allow_private = allow_private
        self._delay = delay
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._clock = clock
        self._sleep = sleep
        self._tls = ssl.create_default_context()
        self._robots: dict[str, _Robots] = {}
        self._last_asked: dict[str, float] = {}
        self._closed_until: dict[str, float] = {}

    def get(self, url: str, etag: str = "", modified: str = "") -> Response:
        """Asks for a page, following redirects, after as long a pause as its host wants.

        Args:
            url: Its address.
            etag: That of the answer one has; empty for none.
            modified: That of the answer one has; empty for none.

        Raises:
            FetchError: It is not allowed to be had, cannot be had, or is too long or too slow.
        """
        asked = {"If-None-Match": etag, "If-Modified-Since": modified}
        target, answer = self._follow(url, {name: value for name, value in asked.items() if value}, obey=True)
        status, headers = answer.status, answer.headers
        if not (200 <= status < 300 or status == 304):
            reason = f"the server answers {status} {responses.get(status, '')}"
            raise FetchError(target.url, reason, passing=status >= 500 or status in (408, 425, 429))
        kept = (headers.get(name, "") for name in ("Content-Type", "ETag", "Last-Modified"))
        return Response(status, target.url, answer.body, *kept)

    def _follow(self, url: str, headers: Mapping[str, str], obey: bool) -> tuple[Url, _Answer]:
        target = _parse(url)
        for _ in range(MAX_REDIRECTS + 1):
            left = self._closed_until.get(_host(target), -inf) - self._clock()
            if left > 0:
                raise FetchError(target.url, f"the server asks to be left alone for another {left:.0f} s", passing=True)
            pause = self._permitted(target) if obey else self._delay
            answer = self._ask(target, headers, pause)
            location = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or not location:
                return target, answer
            target = _parse(location, target.url)
        raise FetchError(url, f"more than {MAX_REDIRECTS} redirects", passing=True)

    def _ask(self, target: Url, headers: Mapping[str, str], pause: float) -> _Answer:
        host = _host(target)
        wait = self._last_asked.get(host, -inf) + pause - self._clock()
        if wait > 0:
            self._sleep(wait)
        try:
            answer = self._exchange(target, headers)
        finally:
            _remember(self._last_asked, host, self._clock())
        if answer.status in Retry.RETRY_AFTER_STATUS_CODES and (after := answer.headers.get("Retry-After")):
            with suppress(HTTPError, ValueError, OverflowError):  # neither seconds nor a date
                _remember(self._closed_until, host, self._clock() + min(Retry().parse_retry_after(after), DAY))
        return answer

    # -- robots.txt ---------------------------------------------------------------------------------------------------

    def _permitted(self, target: Url) -> float:
        """The pause before a request that robots.txt allows."""
        origin = f"{target.scheme}://{target.netloc}"
        robots = self._robots.get(origin)
        if robots is None or robots.until <= self._clock():
            robots = self._read_robots(origin)
            _remember(self._robots, origin, robots)
        if robots.rules is None:
            reason = f"not asked for, as robots.txt cannot be had: {robots.reason}"
            raise FetchError(target.url, reason, robots.passing)
        if not robots.rules.can_fetch(target.url, self._name):
            raise FetchError(target.url, f"robots.txt does not allow {self._name} to read it")
        return max(self._delay, min(robots.rules.crawl_delay(self._name) or 0.0, MAX_PAUSE))

    def _read_robots(self, origin: str) -> _Robots:
        """No robots.txt allows all; one that cannot be read forbids all for now (RFC 9309, 2.3.1)."""
        try:
            target, answer = self._follow(f"{origin}/robots.txt", {}, obey=False)
            if answer.status >= 500:
                reason = f"the server answers {answer.status} {responses.get(answer.status, '')}"
                raise FetchError(target.url, reason, passing=True)
            text = answer.body[:ROBOTS_BYTES].decode("utf-8", "replace") if answer.status < 300 else ""
            if text.lower().count("agent") * text.count("\n") > _ROBOTS_RULES:
                raise FetchError(target.url, "it has too many rules", passing=True)
        except FetchError as error:
            return _Robots(self._clock() + ROBOTS_RETRY, None, error.reason, error.passing)
        return _Robots(self._clock() + DAY, Protego.parse(text))

    # -- one request --------------------------------------------------------------------------------------------------

    def _exchange(self, target: Url, headers: Mapping[str, str]) -> _Answer:
        """One request on a connection of its own."""
        late = Event()
        try:
            with self._connect(target) as line, _cut_off(line, self._timeout, late):
                return self._converse(target, line, headers, late)
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            if late.is_set() or isinstance(error, TimeoutError):
                raise self._too_slow(target) from error
            raise FetchError(target.url, _said(error), passing=True) from error

    def _converse(self, target: Url, line: socket.socket, headers: Mapping[str, str], late: Event) -> _Answer:
        host = _host(target)
        if target.scheme == "https":
            connection = HTTPSConnection(host, target.port, timeout=self._timeout)
            connection.sock = self._tls.wrap_socket(line, server_hostname=host)
        else:
            connection = HTTPConnection(host, target.port, timeout=self._timeout)
            connection.sock = line
        about = {"User-Agent": self._user_agent, "Accept-Encoding": "gzip, deflate", "Connection": "close"}
        with closing(connection):
            connection.request("GET", target.request_uri, headers={**about, **headers}, preload_content=False)
            with closing(connection.getresponse()) as response:
                body = self._body(target, response) if 200 <= response.status < 300 else b""
                # A body without a stated length ends where the line was cut: it is not whole.
                if late.is_set():
                    raise self._too_slow(target)
                return _Answer(response.status, response.headers, body)

    def _body(self, target: Url, response: HTTPResponse) -> bytes:
        body = bytearray()
        # Said outright, as chunked bodies are left packed by default.
        for chunk in response.stream(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > self._max_bytes:
                raise FetchError(target.url, f"longer than {self._max_bytes / 1e6:g} MB")
        return bytes(body)

    def _too_slow(self, target: Url) -> FetchError:
        return FetchError(target.url, f"took longer than {self._timeout:g} s", passing=True)

    def _connect(self, target: Url) -> socket.socket:
        """A connection to an address of the host that was checked just now."""
        host, port = _host(target), target.port or (443 if target.scheme == "https" else 80)
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for *_, address in found:
            if not self._allow_private and not is_public(str(address[0])):
                reason = f"{host} is at {address[0]}, no public address; allow private addresses if it is your own"
                raise FetchError(target.url, reason)
        problem: OSError | None = None
        for family, kind, protocol, _, address in found:
            line = socket.socket(family, kind, protocol)
            try:
                line.settimeout(self._timeout / len(found))
                line.connect(address)
            except OSError as error:
                line.close()
                problem = error
            else:
                return line
        raise problem or OSError("the host has no address")


@contextmanager
def _cut_off(line: socket.socket, seconds: float, late: Event) -> Iterator[None]:
    """Ends what is said on a connection after so many seconds, however slowly or steadily bytes come."""
    # Of its own, as TLS takes the other one over.
    handle = line.dup()

    def cut() -> None:
        late.set()
        with suppress(OSError):  # the other side was faster
            handle.shutdown(socket.SHUT_RDWR)

    timer = Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        handle.close()


def is_public(address: str) -> bool:
    """Whether an IP address is one that anybody on the internet reaches; those that carry another are as it is."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (IPv4Address(int(ip) & 0xFFFF_FFFF) if ip in _NAT64 else None)
        if inner is not None:
            return is_public(str(inner))
        if ip.is_site_local:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


def one_line(text: str, most: int = 300) -> str:
    """Foreign text for a line of a log: no line ends, no control characters, not too long."""
    shown = " ".join("".join(char if char.isprintable() else " " for char in text[: 4 * most]).split())
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def _parse(url: str, base: str = "") -> Url:
    try:
        found = parse_url(urljoin(base, url))
    except ValueError as error:
        raise FetchError(url, "this is no web address") from error
    if found.scheme not in ("http", "https") or not found.host:
        raise FetchError(url, "only http:// and https:// addresses are asked for")
    return found._replace(auth=None, fragment=None)


def _host(target: Url) -> str:
    return (target.host or "").strip("[]")


def _remember(memory: dict[str, _Value], key: str, value: _Value) -> None:
    """Keeps a value as the newest; the oldest goes when there are very many, or a service would grow for months."""
    memory.pop(key, None)
    memory[key] = value
    if len(memory) > _MAX_HOSTS:
        del memory[next(iter(memory))]


def _said(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text or type(error).__name__
