"""A web server on this machine that answers as it is told: well, late, endlessly, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

HTML = "text/html; charset=utf-8"
RSS = "application/rss+xml"


class Asked(NamedTuple):
    """One request."""

    path: str
    headers: Message


class Site:
    """A running server.

    Attributes:
        url: Its address, without a slash at the end.
        answers: What is done for a path; any other is answered with 404.
        asked: All requests, in order.
        closing: Set when the server ends; an answer that never ends watches it.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.asked.append(Asked(self.path, self.headers))
                self.close_connection = True
                answer = site.answers.get(self.path)
                if answer is None:
                    self.send_error(404)
                    return
                try:
                    answer(self)
                except (BrokenPipeError, ConnectionResetError):
                    return  # the client has had enough

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        self.answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.asked: list[Asked] = []
        self.closing = threading.Event()
        self.server = ThreadingHTTPServer((host, 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://{host}:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Stops the server."""
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()

    def paths(self) -> list[str]:
        """The paths that were asked for, without ``/robots.txt``."""
        return [one.path for one in self.asked if one.path != "/robots.txt"]

    def page(self, path: str, body: str | bytes, kind: str = HTML, status: int = 200, **headers: str) -> str:
        """Serves a body under a path; header names have ``_`` for ``-``. Returns the address."""
        data = body.encode() if isinstance(body, str) else body

        def answer(handler: BaseHTTPRequestHandler) -> None:
            fresh = headers.get("ETag") and headers["ETag"] == handler.headers.get("If-None-Match")
            handler.send_response(304 if fresh else status)
            handler.send_header("Content-Type", kind)
            handler.send_header("Content-Length", str(0 if fresh else len(data)))
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.end_headers()
            if not fresh:
                handler.wfile.write(data)

        self.answers[path] = answer
        return self.url + path

    def article(self, path: str, text: str, head: str = "") -> str:
        """Serves a web page with an article, as a newspaper would, with navigation around it."""
        paragraphs = "".join(f"<p>{part}</p>" for part in text.split("\n"))
        markup = f"<!doctype html><html><head><title>Page</title>{head}</head><body><nav><a href='/'>Home</a></nav>"
        return self.page(path, f"{markup}<article>{paragraphs}</article><footer>Contact</footer></body></html>")

    def stream(self, path: str, head: bytes, chunk: bytes, pause: float = 0.0) -> str:
        """Sends raw bytes, then a chunk again and again for as long as somebody listens."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(head)
            while not self.closing.wait(pause):
                handler.wfile.write(chunk)

        self.answers[path] = answer
        return self.url + path

    def raw(self, path: str, data: bytes) -> str:
        """Sends raw bytes and hangs up."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(data)

        self.answers[path] = answer
        return self.url + path
