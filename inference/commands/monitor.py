"""``stancewire monitor``: what watches stances over time."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import click

from ...data.errors import MissingExtraError, StancewireError
from . import monitor_alerts, monitor_models, serve
from .options import database_option, model_option, open_store, require_monitoring

if TYPE_CHECKING:
    from threading import Event

    from ..monitor.store import Ingested, Store

PARTLY = 1
"""Exit code: some records were not taken in, or a source fails."""
NOTHING = 2
"""Exit code: no source could be read."""
_DATABASE_WAIT = 60.0


@click.group("monitor")
def command() -> None:
    """Watches how stances develop.

    \b
    Example:
      stancewire monitor ingest articles/ && stancewire monitor check
    """


for one in (
    monitor_alerts.check,
    monitor_alerts.alerts,
    monitor_alerts.acknowledge,
    monitor_alerts.snooze,
    monitor_models.models,
    monitor_models.rescore,
    monitor_models.drift,
):
    command.add_command(one)


@command.command(
    "ingest",
    epilog="""\b
Examples:
  stancewire monitor ingest articles/
  stancewire monitor ingest positions.parquet more.jsonl
  stancewire monitor ingest https://news.example/rss.xml
  stancewire monitor ingest archive/ --database postgresql+psycopg://user@host/stances""",
)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@database_option
@model_option
@click.option("--allow-private", is_flag=True, help="Feeds and their articles may lie at private addresses.")
def ingest(sources: tuple[str, ...], database: str, model: str | None, allow_private: bool) -> int:
    """Takes articles into the database, each once, with what the model says of them.

    SOURCE is a file or folder of articles (as for `stancewire score`), a position table that `stancewire score` wrote,
    or the address of a feed. What is there already changes nothing; an article that has changed replaces the old one,
    and of several with one id that of the file that was changed last. After a break the same command goes on.

    Articles need a date (`published`; .txt and .md have none) to be in a series.

    Exit code 1 says that some records or sources were not taken in as they are (they are listed), 2 that no source
    could be read to its end.
    """
    require_monitoring()
    from ..monitor.asking import Asking
    from ..monitor.dates import utc_now
    from ..monitor.fetch import Fetcher
    from ..monitor.intake import begin_with, is_feed
    from ..monitor.sources import read_sources, write_source
    from ..scorer import Scorer

    _log_lines(logging.WARNING)
    store, scorer, fetcher = open_store(database), Scorer.from_pretrained(model), Fetcher(allow_private=allow_private)
    begin_with(store, scorer)
    asked = [
        Asking(source, store, scorer, fetcher, utc_now, every_file=True) for source in read_sources(store, sources)
    ]

    def batches(one: Asking) -> Iterator[Ingested]:
        yield from one.batches()
        with store.writing() as connection:
            one.keep(connection)
            if is_feed(one.source.url) and not one.error:
                # When it is due is for the service to say.
                write_source(connection, replace(one.source, succeeded=utc_now(), failures=0, error=None))
        if one.error:
            logging.getLogger(__name__).error("%s: %s", one.source.url, one.error)

    new, corrected, known = _follow(chain.from_iterable(map(batches, asked)))
    click.echo(f"{new} new, {corrected} corrected, {known} known articles; database {store.name}", err=True)
    if undated := sum(one.undated for one in asked):
        click.echo(f"{undated} of them without a date, in no series: give one in `published` (.jsonl, .csv)", err=True)
    if skipped := sum(len(one.skipped) for one in asked):
        click.echo(f"{skipped} lines above say what was not taken in as it is", err=True)
    if all(one.error for one in asked):
        return NOTHING
    return PARTLY if skipped or any(one.error for one in asked) else 0


@command.command(
    "run",
    epilog="""\b
Example:
  stancewire monitor run monitor.yaml""",
)
@click.argument("settings", metavar="FILE")
@click.option("--once", is_flag=True, help="Ask each source once, then stop; for a timer of the system.")
def run(settings: str, once: bool) -> int:
    """Watches sources until it is stopped (SIGTERM or Ctrl-C), as FILE says; configs/monitor.yaml is an example.

    A source, a database or a target of alerts that fails is logged in one line and tried again later. It ends by itself
    only when the database is read with another model by now (`stancewire monitor rescore`): name that one in FILE.

    With --once, exit code 1 says that a source fails; one that did so the last time waits its turn. Set
    interval_minutes to that of the timer: `stancewire monitor status` goes by it.
    """
    require_monitoring()
    from threading import Event

    from ..monitor.service import Service
    from ..monitor.settings import load_monitor_settings
    from ..monitor.sources import read_sources
    from ..monitor.targets import check_targets
    from ..scorer import Scorer

    _log_lines(logging.INFO)
    watched = load_monitor_settings(settings)
    check_targets(watched.notify)
    stop = Event()
    _stop_on_signal(stop)
    scorer = Scorer.from_pretrained(watched.model)
    store = open_store(watched.database) if once else _open_when_up(watched.database, stop)
    if store is None:
        return 0
    service = Service(watched, store, scorer, stop)
    if not once:
        service.run()
        return 0
    service.round(every=True)
    service.finish()
    return PARTLY if any(source.failures for source in read_sources(store, watched.sources)) else 0


def _open_when_up(database: str, stop: Event) -> Store | None:
    """The database, however long its server takes to come up; None if the service is to stop before.

    Raises:
        StancewireError: It is no server that may come up.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import OperationalError

    while not stop.is_set():
        try:
            return open_store(database)
        except StancewireError as error:
            is_server = isinstance(error.__cause__, OperationalError) and make_url(database).host
            if not is_server:
                raise
            logging.getLogger(__name__).error("%s; asked again in a minute", error)
            stop.wait(_DATABASE_WAIT)
    return None


@command.command(
    "status",
    epilog="""\b
Example:
  stancewire monitor status || echo "a source fails\"""",
)
@database_option
def status(database: str) -> int:
    """Says how the monitor does: rows of the database, and when each source last answered.

    Exit code 1: a source fails, or none was asked for three times as long as the service waits.
    """
    require_monitoring()
    from ..monitor.dates import utc_now
    from ..monitor.sources import read_sources, silent_since

    store = open_store(database)
    for name, rows in store.counts().items():
        if name in ("articles", "stories", "positions", "series", "alerts"):
            click.echo(f"{name:<10} {rows}")
    failing, sources = 0, read_sources(store)
    for source in sources:
        answered = f"answered {source.succeeded:%Y-%m-%d %H:%M} UTC" if source.succeeded else "has never answered"
        failed = f", {source.failures} failures since: {source.error}" if source.failures else ""
        failing += bool(source.failures)
        click.echo(f"{source.url}: {answered}{failed}")
    if silent := silent_since(sources, utc_now()):
        click.echo(f"no source was asked since {silent:%Y-%m-%d %H:%M} UTC: `stancewire monitor run` does not run")
    return PARTLY if failing or silent else 0


def _log_lines(level: int) -> None:
    """One line an event on standard error."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("stancewire").setLevel(level)
    # It writes a traceback where a server's headers are malformed.
    logging.getLogger("urllib3.connection").setLevel(logging.ERROR)


def _stop_on_signal(stop: Event) -> None:
    from threading import Thread

    signals = 0

    def stop_soon() -> None:
        stop.set()
        logging.getLogger(__name__).info("stopping after the batch at hand; a second signal ends it at once")

    def ask_to_stop(number: int, frame: object) -> None:
        nonlocal signals
        signals += 1
        if signals > 1:
            # A batch is kept whole or not at all: nothing is lost.
            os._exit(128 + number)
        # By another thread, as this one may have been interrupted while it held the locks that this takes.
        Thread(target=stop_soon).start()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)


def _follow(batches: Iterable[Ingested]) -> Ingested:
    """Sums the batches up and shows how far they are."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from ..monitor.store import Ingested

    console, counts = Console(stderr=True), Ingested(0, 0, 0)
    columns = SpinnerColumn(), TextColumn("{task.completed} articles"), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("ingest", total=None)
        for done in batches:
            counts = counts.plus(done)
            progress.advance(task, sum(done))
    return counts


@command.command(
    "scoreboard",
    epilog="""\b
Examples:
  stancewire monitor scoreboard
  stancewire monitor scoreboard --streams 20 --detector stancewire --detector PELT""",
)
@click.option("--streams", type=click.IntRange(1), default=40, show_default=True, help="Streams of each kind.")
@click.option("--seed", type=int, default=13, show_default=True, help="Seed of the streams.")
@click.option("--detector", "detectors", multiple=True, metavar="NAME", help="Only these detectors.")
@click.option("--series", type=click.IntRange(1), default=1, show_default=True, help="Series watched together.")
def scoreboard(streams: int, seed: int, detectors: tuple[str, ...], series: int) -> int:
    """Holds the shift detector against those of river and ruptures, on streams whose shifts are known.

    The labels of the streams are as wrong as those of the model that ships are on the frozen test set, or are what it
    said of the stories there (replayed). Every detector's threshold is set so that, on streams without a shift, it
    raises one false alarm in a year and series, or fewer where many series are watched, whose alarms together are to
    stay at twelve a year; recall is the share of shifts that an alarm follows within 120 days.
    """
    try:
        from ..monitor.detect_peers import DETECTORS
        from ..monitor.replay import read_stories
        from ..monitor.scoreboard import run_scoreboard
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"the scoreboard ({error.name} is missing)", "peers") from error
    from ...data.corpus import read_labelled
    from ..evaluation import evaluate
    from ..monitor.series import Confusion
    from ..scorer import Scorer

    unknown = [name for name in detectors if name not in DETECTORS]
    if unknown:
        raise click.UsageError(f"no detector {', '.join(unknown)}; there are {', '.join(DETECTORS)}")
    gold = read_labelled("frozen")
    positions = Scorer.from_pretrained().score([one.article for one in gold])
    confusion, stories = Confusion.measured(evaluate(gold, positions)), read_stories(gold, positions)
    click.echo(f"{streams} streams of each kind, two years each, as one of {series}; labels wrong as on frozen")
    click.echo("| detector | stream | threshold | recall | median delay, days | false alarms a year |")
    click.echo("| --- | --- | --- | --- | --- | --- |")
    for name, scenario, threshold, score in run_scoreboard(
        confusion, stories, streams, seed, detectors or None, series
    ):
        is_null = scenario.startswith("steady")
        found = "| | |" if is_null else f"| {score.recall:.2f} | {score.delay:.0f} |"
        click.echo(f"| {name} | {scenario} | {threshold:.2f} {found} {score.false_a_year:.2f} |")
    return 0


@command.command(
    "demo",
    epilog="""\b
Examples:
  stancewire monitor demo
  stancewire monitor demo --database sqlite:///small-world.db --no-serve""",
)
@click.option(
    "--database",
    default="sqlite:///stancewire-demo.db",
    show_default=True,
    metavar="URL",
    help="Database of the demo, best one of its own.",
)
@click.option("--serve/--no-serve", "is_served", default=True, help="Open the web page on it afterwards.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port of the web page.")
@click.pass_context
def demo(context: click.Context, database: str, is_served: bool, port: int) -> None:
    """Lives through two years of a made-up world, week by week, and shows what the monitor saw in it.

    In it two actors change sides, one suddenly and one over two months, and one wire story that takes the other side is
    printed fifty times. A minute or so; after a break the same command goes on.
    """
    require_monitoring()
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    from ..monitor.alerts import read_alert
    from ..monitor.demo import demo_weeks, live_through
    from ..scorer import Scorer

    _log_lines(logging.WARNING)
    store, console, weeks = open_store(database), Console(stderr=True), demo_weeks()
    columns = BarColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=len(weeks))
        for week in live_through(weeks, store, Scorer.from_pretrained()):
            progress.update(task, advance=1, description=f"{week.now:%B %Y}")
            with store.reading() as connection:
                for number in week.raised:
                    said = f"{week.now:%Y-%m-%d}  {read_alert(connection, number, week.now).title}"
                    progress.console.print(said, soft_wrap=True, highlight=False)
    articles, stories = (store.counts()[name] for name in ("articles", "stories"))
    store.close()
    click.echo(f"{articles} articles, {stories} stories; database {store.name}", err=True)
    if is_served:
        context.invoke(serve.command, database=database, port=port)
