"""``stancewire serve``: the monitor's web page and its JSON API."""

from __future__ import annotations

import logging
import socket
from ipaddress import ip_address
from pathlib import Path

import click

from ...data.errors import MissingExtraError, StancewireError
from .options import database_option, model_option, open_store


@click.command(
    "serve",
    epilog="""\b
Examples:
  stancewire serve
  stancewire serve --database postgresql+psycopg://user@host/stances --port 8080
  STANCEWIRE_TOKEN=$(cat token.txt) stancewire serve --host 0.0.0.0
  stancewire serve --token-file token.txt --public-url https://stances.example""",
)
@database_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@click.option("--token-file", metavar="FILE", help="Holds the token of those who may acknowledge and snooze alerts.")
@click.option("--public-url", metavar="URL", help="Address by which others reach the page through a proxy with TLS.")
@model_option
def command(
    database: str, host: str, port: int, token_file: str | None, public_url: str | None, model: str | None
) -> int:
    """Shows stances, shifts and alerts as web pages, with a JSON API (described at /api), until it is stopped.

    Everybody who reaches the address may read. Only who has the token (--token-file, or STANCEWIRE_TOKEN) may
    acknowledge and snooze alerts; without one nobody may. MODEL is what POST /api/v1/score scores with.
    """
    try:
        import uvicorn

        from ..monitor.web.app import create_app
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"the web page ({error.name} is missing)", "monitoring") from error
    from ...models.locate import find_model

    token = _read_token(token_file)
    if model is not None:
        find_model(model)
    store = open_store(database)
    listening = _listen(host, port)
    is_local = ip_address(listening.getsockname()[0].partition("%")[0]).is_loopback
    app = create_app(store, token, model, public_url, is_local)
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"http://{shown}:{listening.getsockname()[1]} ({'read and write' if token else 'read only'})", err=True)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    settings = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, proxy_headers=False)
    uvicorn.Server(settings).run([listening])
    return 0


def _read_token(file: str | None) -> str | None:
    """The token of a file, else of the environment, if there is one."""
    import os

    from ..monitor.web.access import SHORTEST

    where, token = "STANCEWIRE_TOKEN", os.environ.get("STANCEWIRE_TOKEN", "")
    if file is not None:
        where = file
        try:
            token = Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise StancewireError(f"{file}: the token cannot be read ({error}); name a text file") from error
    token = token.strip()
    if file is None and not token:
        return None
    if len(token) < SHORTEST:
        raise StancewireError(f"{where}: a token has at least {SHORTEST} characters; `openssl rand -hex 16` makes one")
    return token


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # Only with its protocol given does asyncio let small answers go at once.
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        said = error.strerror or str(error)
        raise StancewireError(
            f"{host} port {port}: cannot listen there ({said}); name another --host or --port"
        ) from error
    return listening
