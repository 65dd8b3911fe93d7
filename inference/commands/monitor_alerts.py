"""``stancewire monitor check``, ``alerts``, ``acknowledge`` and ``snooze``: shifts found, and the inbox of alerts."""

from __future__ import annotations

import getpass
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from ..monitor.dates import utc_now
from .options import database_option, open_store

if TYPE_CHECKING:
    from ..monitor.alerts import Alert


@click.command(
    "check",
    epilog="""\b
Examples:
  stancewire monitor check
  stancewire monitor check --notify terminal --notify file:alerts.jsonl
  STANCEWIRE_NOTIFY=mailto://user:password@mail.example stancewire monitor check""",
)
@database_option
@click.option(
    "--notify",
    "targets",
    multiple=True,
    envvar="STANCEWIRE_NOTIFY",
    metavar="TARGET",
    help="Where alerts go: terminal, file:PATH or an Apprise URL; also from STANCEWIRE_NOTIFY, which keeps secrets out"
    " of the list of processes.",
)
@click.option(
    "--page",
    default="http://127.0.0.1:8000",
    show_default=True,
    metavar="URL",
    help="Address of the web page, for links in alerts.",
)
@click.option(
    "--false-alarms",
    type=click.FloatRange(0, min_open=True),
    show_default="12",
    help="False alarms of shifts that all series together may raise in a year, as in the service's settings.",
)
def check(database: str, targets: tuple[str, ...], page: str, false_alarms: float | None) -> int:
    """Searches the series that have changed for shifts, lists the new alerts and delivers them.

    Each target gets each open alert once, also those of earlier searches, whoever else delivers to others (alerts that
    went out more than two weeks ago it does not get). Without --notify nothing is sent.
    """
    store = open_store(database)
    from ..monitor.alerts import read_alert
    from ..monitor.notify import deliver
    from ..monitor.shift_alerts import check_series
    from ..monitor.shifts import FALSE_ALARMS
    from ..monitor.targets import check_targets

    check_targets(targets)
    now = utc_now()
    done = check_series(store, now, false_alarms or FALSE_ALARMS)
    with store.reading() as connection:
        new = [read_alert(connection, number, now) for number in done.raised]
    if new:
        _print(new)
    changes = f"{len(new)} new alerts, {len(done.moved)} changed, {len(done.withdrawn)} withdrawn"
    click.echo(f"{done.series} changed series searched: {changes}", err=True)
    if targets:
        sent, waiting = deliver(store, targets, now, page)
        click.echo(f"{sent} alerts delivered, {waiting} wait for the next time", err=True)
    return 0


@click.command(
    "alerts",
    epilog="""\b
Examples:
  stancewire monitor alerts
  stancewire monitor alerts --all --json""",
)
@database_option
@click.option("--open/--all", "is_open", default=True, help="Those that nobody acknowledged or snoozed, or all.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, with the evidence.")
def alerts(database: str, is_open: bool, as_json: bool) -> int:
    """Lists the alerts, the newest first.

    Recorded alerts were told to nobody: shifts in loaded history, and those that repeat another alert.
    """
    store = open_store(database)
    from ..monitor.alerts import read_alerts

    with store.reading() as connection:
        found = read_alerts(connection, utc_now(), "open" if is_open else None)
    if as_json:
        for alert in found:
            click.echo(json.dumps(alert.to_record()))
    elif found:
        _print(found)
    else:
        click.echo("no open alert" if is_open else "no alert")
    return 0


@click.command(
    "acknowledge",
    epilog="""\b
Examples:
  stancewire monitor acknowledge 12
  stancewire monitor acknowledge 12 --by Mina --note "seen; the vote of 3 May\"""",
)
@click.argument("number", type=click.IntRange(1), metavar="ID")
@database_option
@click.option("--by", default=getpass.getuser, show_default="your user name", metavar="NAME", help="Who does.")
@click.option("--note", metavar="TEXT", help="What is to be remembered of it.")
def acknowledge(number: int, database: str, by: str, note: str | None) -> int:
    """Takes note of an alert: it leaves the inbox, and nothing more is sent of it."""
    store = open_store(database)
    from ..monitor import alerts as inbox
    from ..monitor.message import plain

    with store.writing() as connection:
        alert = inbox.acknowledge(connection, number, utc_now(), by, note)
    click.echo(f"alert {number} acknowledged by {alert.acknowledged_by}: {plain(alert.title)}")
    return 0


@click.command(
    "snooze",
    epilog="""\b
Examples:
  stancewire monitor snooze 12 --days 7
  stancewire monitor snooze "Japan on sanctions" --days 7
  stancewire monitor snooze 12 --days 0""",
)
@click.argument("what", metavar="ID|SUBJECT")
@database_option
@click.option("--days", type=click.FloatRange(0, 3650), required=True, help="For how long, from now; 0 ends a snooze.")
def snooze(what: str, database: str, days: float) -> int:
    """Keeps alerts on a subject back for some days: that of an alert, or the one named."""
    store = open_store(database)
    from ..monitor import alerts as inbox
    from ..monitor.message import plain

    now = utc_now()
    with store.writing() as connection:
        subject = inbox.read_alert(connection, int(what), now).subject if what.isdecimal() else what
        if days:
            inbox.snooze(connection, subject, now + timedelta(days=days), now)
            said = f"{plain(subject)}: snoozed until {now + timedelta(days=days):%Y-%m-%d %H:%M} UTC"
        else:
            was = inbox.unsnooze(connection, subject)
            said = f"{plain(subject)}: {'no longer snoozed' if was else 'was not snoozed'}"
    click.echo(said)
    return 0


def _print(found: Sequence[Alert]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..monitor.message import plain

    out = Console()
    if not out.is_terminal:
        # A pipe has no width.
        out = Console(width=200, file=out.file)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("id", "raised", "kind", "state"):
        table.add_column(name, no_wrap=True, justify="right" if name == "id" else "left")
    for name in ("alert", "net stance", "note"):
        table.add_column(name)
    for alert in found:
        row = [str(alert.id), f"{alert.raised:%Y-%m-%d %H:%M}", alert.kind, _state(alert), plain(alert.title)]
        row += [_nets(alert), plain(alert.note or "")]
        table.add_row(*map(Text, row))
    out.print(table)


def _state(alert: Alert) -> str:
    return f"{alert.state}, withdrawn" if "withdrawn" in alert.details else alert.state


def _nets(alert: Alert) -> str:
    details = alert.details
    if "before" not in details:
        return ""
    stories = f"{details['stories_before']} and {details['stories_after']} stories"
    return f"{details['before']:+.2f} to {details['after']:+.2f} ({stories})"
