"""Where alerts go: the terminal, a file, and what Apprise reaches, such as mail, chat and webhooks."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from json import dumps
from pathlib import Path
from typing import Any

from ...data.errors import MissingExtraError, StancewireError
from .alerts import DRIFT, HEALTH, SHIFT
from .message import Message

_KINDS = {SHIFT: "info", DRIFT: "warning", HEALTH: "failure"}


@dataclass
class Target:
    """Where alerts go.

    Attributes:
        name: What it may be called in a log; holds no secret.
        send: Sends a message; gives why it was not taken, empty if it was.
        failures: How often in a row it has taken none.
        untaken: Messages that it did not get.
        reason: Why.
    """

    name: str
    send: Callable[[Message], str]
    failures: int = 0
    untaken: int = 0
    reason: str = ""


def make_target(address: str, place: int = 1) -> Target:
    """A target by its address.

    Args:
        address: ``terminal``, ``file:PATH`` or one of Apprise's URLs.
        place: Its place among the targets, by which a log may name it.

    Raises:
        MissingExtraError: Apprise is not installed.
        StancewireError: It is none of the three.
    """
    if address == "terminal":
        return Target("terminal", _print)
    if address.startswith("file:") and not address.startswith("file://"):
        path = Path(address.removeprefix("file:"))
        return Target(address, lambda message: _append(path, message))
    apprise = _apprise()
    asset = apprise.AppriseAsset(app_id="stancewire", app_desc="stancewire", async_mode=False)
    plugin = apprise.Apprise.instantiate(address, asset=asset)
    if plugin is None:
        # Not a word of the address: even one that is mistyped holds a password.
        raise StancewireError(
            f"target {place}: not to be used; write terminal, file:PATH or one of Apprise's URLs, such as"
            " mailto://USER:PASSWORD@HOST"
        )
    name = f"target {place} ({plugin.service_name})"
    return Target(name, lambda message: _notify(apprise, plugin, message))


def check_targets(addresses: Sequence[str]) -> None:
    """Finds a slip in the addresses of targets when they are set, and not when the first alert is lost.

    Raises:
        MissingExtraError: Apprise is not installed.
        StancewireError: One is no target, or its folder is not there.
    """
    for place, address in enumerate(addresses, 1):
        make_target(address, place)
        if address.startswith("file:") and not address.startswith("file://"):
            folder = Path(address.removeprefix("file:")).parent
            if not folder.is_dir():
                raise StancewireError(f"target {place}: no such folder: {folder}; make it first")


def _print(message: Message) -> str:
    text = f"{message.title}\n{message.body}\n"
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(text.encode(encoding, "replace").decode(encoding), flush=True)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _append(path: Path, message: Message) -> str:
    record = {"title": message.title, "link": message.link} | message.alert.to_record()
    line = f"{dumps(record)}\n".encode()
    try:
        # Without a buffer, which would try again when the file is closed.
        with path.open("ab", buffering=0) as file:
            end = file.tell()
            try:
                while line:
                    line = line[file.write(line) :]
            except OSError:
                # Half a line would spoil the one that is written when there is room again.
                with suppress(OSError):
                    file.truncate(end)
                raise
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _notify(apprise: Any, plugin: Any, message: Message) -> str:
    sender = apprise.Apprise()
    sender.add(plugin)
    _QUIET.code = ""
    kind = _KINDS[message.alert.kind]
    try:
        taken = sender.notify(title=message.title, body=message.body, notify_type=kind, body_format="text")
    except Exception as error:
        # Whatever a service's plugin raises: the alert is not lost, and its text may hold secrets.
        return f"did not take it ({type(error).__name__})"
    if taken:
        return ""
    return f"did not take it (error {_QUIET.code})" if _QUIET.code else "was not reached or did not take it"


class _Quiet(logging.Filter):
    """Keeps the lines of Apprise and of what it sends through to itself, as these tell addresses with their secrets."""

    code = ""
    """The status that a server gave last."""

    def filter(self, record: logging.LogRecord) -> bool:
        found = re.search(r"\berror=(\d{3})\b", record.getMessage())
        if found:
            self.code = found[1]
        return False


_QUIET = _Quiet()


def _apprise() -> Any:
    try:
        apprise = import_module("apprise")
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"delivery of alerts ({error.name} is missing)", "monitoring") from error
    for name in ("apprise", "urllib3.connectionpool", "urllib3.util.retry", "requests_oauthlib.oauth1_auth"):
        logging.getLogger(name).addFilter(_QUIET)
    return apprise
