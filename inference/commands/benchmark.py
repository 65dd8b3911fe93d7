"""``stancewire benchmark``: what things cost on this machine."""

from __future__ import annotations

import os
import sys
import time
from importlib import import_module

import click

from ...data.errors import MissingExtraError, StancewireError

_COUNTED = ("positions", "articles", "stories", "series", "series_stories", "series_bins", "alerts")


@click.group("benchmark")
def command() -> None:
    """Measures what things cost on this machine.

    \b
    Example:
      stancewire benchmark training
      stancewire benchmark scoring articles.jsonl
      stancewire benchmark monitor --database sqlite:///load.db
    """


@command.command(
    "training",
    epilog="""\b
Examples:
  stancewire benchmark training
  stancewire benchmark training --recipe configs/baseline.yaml --sizes 1000,2000""",
)
@click.option("--recipe", metavar="FILE", help="What to train; the default is the encoder with the recipe's defaults.")
@click.option("--sizes", default="1000,2000,4000,8000", show_default=True, help="Sentences of each run.")
@click.option("--epochs", type=click.IntRange(1), default=1, show_default=True, help="Epochs of each run.")
def training(recipe: str | None, sizes: str, epochs: int) -> int:
    """Trains on growing parts of the shipped corpus and prints time and peak memory of each run."""
    try:
        cost = import_module("stancewire.training.cost")
        recipes = import_module("stancewire.training.recipe")
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"training ({error.name} is missing)", "training") from error
    wanted = _numbers(sizes)
    chosen = recipes.load_recipe(recipe) if recipe else recipes.Recipe(name="cost")
    click.echo(f"{os.cpu_count()} cores, {epochs} epoch{'s' if epochs > 1 else ''}")
    click.echo("| sentences | seconds | seconds per 1,000 sentences | peak memory, GiB |")
    click.echo("| --- | --- | --- | --- |")
    for one in cost.measure_cost(chosen, wanted, epochs):
        rate = 1000 * one.seconds / one.sentences
        click.echo(f"| {one.sentences:,} | {one.seconds:.0f} | {rate:.1f} | {one.gibibytes:.2f} |")
    return 0


@command.command(
    "scoring",
    epilog="""\b
Examples:
  stancewire benchmark scoring articles.jsonl
  stancewire benchmark scoring articles/ --alone --rounds 5""",
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True, help="Runs of each system.")
@click.option(
    "--repeat", type=click.IntRange(1), default=1, show_default=True, help="Score the articles so many times."
)
@click.option("--alone", is_flag=True, help="Leave the peers out.")
def scoring(paths: tuple[str, ...], rounds: int, repeat: int, alone: bool) -> int:
    """Scores articles with stancewire and with what others would use, and prints rates and ratios.

    The peers: TF-IDF with logistic regression, SetFit and sentence-transformers with the encoder that the default model
    was made from, and a RoBERTa-base that reads sentence and target as a pair. Their heads, and all of RoBERTa, have
    random weights: only the time counts here.
    """
    from dataclasses import replace

    from ...data.readers import read_articles
    from ...data.schema import Rejected

    try:
        from .. import speed
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"the benchmark ({error.name} is missing)", "peers") from error
    articles = [one for one in read_articles(paths) if not isinstance(one, Rejected)]
    copies = [replace(one, id=f"{one.id}-{number}") for number in range(repeat) for one in articles]
    job = speed.make_job(copies)
    systems = [name for name in speed.SYSTEMS if not alone or "stancewire" in name or "session" in name]
    words = sum(len(one.text.split()) for one in articles) / max(1, len(articles))
    click.echo(
        f"{len(copies)} articles of {words:.0f} words, {job.sentences} sentences, {len(job.pairs)} (sentence, actor)"
        f" pairs; {os.cpu_count()} cores; medians of {rounds} runs in turns"
    )
    found = list(speed.measure_speed(job, systems, rounds, lambda said: click.echo(said, err=True)))
    click.echo(
        "| system | articles a second | sentences a second | pairs a second | stancewire is faster by | load, s | MB |"
    )
    click.echo("| --- | --- | --- | --- | --- | --- | --- |")
    for one in found:
        click.echo(
            f"| {one.system} | {one.articles_per_s:.1f} | {one.sentences_per_s:,.0f} | {one.pairs_per_s:,.0f} |"
            f" {found[0].pairs_per_s / one.pairs_per_s:.2f} | {one.load_s:.1f} | {one.peak_mb:,.0f} |"
        )
    return 0


@command.command(
    "start",
    epilog="""\b
Examples:
  stancewire benchmark start data/examples""",
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="Starts of each.")
def start(paths: tuple[str, ...], rounds: int) -> int:
    """Prints how long the import takes, and a new `stancewire score` until its first row."""
    from ..start_time import measure_start

    found = measure_start(paths, rounds)
    click.echo(f"medians of {rounds}: import {found.import_s:.2f} s, first row after {found.first_row_s:.2f} s")
    return 0


@command.command(
    "stream",
    epilog="""\b
Examples:
  stancewire benchmark stream articles.jsonl
  stancewire benchmark stream articles.jsonl --sizes 1000,10000,100000 --every 20""",
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--sizes", default="1000,10000", show_default=True, help="Articles of each stream.")
@click.option("--every", type=click.IntRange(1), default=20, show_default=True, help="One in so many is from PATH.")
@click.option("--workers", type=click.IntRange(1), default=os.cpu_count() or 1, show_default="cores", help="Processes.")
def stream(paths: tuple[str, ...], sizes: str, every: int, workers: int) -> int:
    """Scores streams of growing length with --topical-only, and prints rate and peak memory of each.

    One article in so many is from PATH, the others are news on other subjects that ships with stancewire.
    """
    from ...data.readers import read_articles
    from ...data.schema import Rejected

    try:
        from .. import speed
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"the benchmark ({error.name} is missing)", "peers") from error
    articles = [one for one in read_articles(paths) if not isinstance(one, Rejected)]
    if not articles:
        raise StancewireError(f"{', '.join(paths)}: holds no article")
    click.echo(f"{os.cpu_count()} cores, {workers} processes, one article in {every} from {', '.join(paths)}")
    click.echo("| articles | that name an issue | seconds | articles a second | MB |")
    click.echo("| --- | --- | --- | --- | --- |")
    for one in speed.measure_streams(articles, _numbers(sizes), every, workers):
        rate = one.articles / one.seconds
        click.echo(f"| {one.articles:,} | {one.topical:,} | {one.seconds:.0f} | {rate:.0f} | {one.peak_mb:.0f} |")
    return 0


@command.command(
    "monitor",
    epilog="""\b
Examples:
  stancewire benchmark monitor --database sqlite:///load.db
  stancewire benchmark monitor --positions 1000000 --database postgresql+psycopg://user@host/load""",
)
@click.option("--database", required=True, metavar="URL", help="SQLite file or PostgreSQL database, of its own.")
@click.option(
    "--positions", type=click.IntRange(1000), default=10_000_000, show_default=True, help="Positions to make."
)
@click.option(
    "--requests", type=click.IntRange(1), default=20, show_default=True, help="Requests of each kind of page."
)
def monitor(database: str, positions: int, requests: int) -> int:
    """Fills a new database with made-up positions and prints how long the pages of `stancewire serve` take on it.

    A database that was filled before is timed as it is.
    """
    try:
        from ..monitor.load import database_bytes, fill, is_filled
        from ..monitor.page_times import choose_pages, serving, time_pages
        from ..monitor.store import Store
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"the monitor ({error.name} is missing)", "monitoring") from error
    from ..monitor.intake import begin_with
    from ..scorer import Scorer

    store = Store(database)
    if not is_filled(store):
        began = time.monotonic()
        begin_with(store, Scorer.from_pretrained())
        with click.progressbar(length=positions, label="positions", file=sys.stderr) as bar:
            fill(store, positions, tell=lambda done: bar.update(done - bar.pos))
        click.echo(f"filled in {(time.monotonic() - began) / 60:.1f} minutes")
    with store.reading() as connection:
        pages = choose_pages(connection, requests)
    rows = store.counts()
    click.echo(
        ", ".join(f"{rows[name]:,} {name.replace('_', ' ')}" for name in _COUNTED)
        + f"; {database_bytes(store) / 1e9:.2f} GB; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    click.echo("| page | requests | first, ms | median, ms | 95 of 100 within, ms |")
    click.echo("| --- | --- | --- | --- | --- |")
    with serving(database) as address:
        for one in time_pages(address, pages):
            first, median, high = (1000 * seconds for seconds in (one.seconds[0], one.median, one.high))
            click.echo(f"| {one.page} | {len(one.seconds)} | {first:.0f} | {median:.0f} | {high:.0f} |")
    return 0


def _numbers(sizes: str) -> list[int]:
    try:
        return [int(size) for size in sizes.split(",")]
    except ValueError as error:
        raise StancewireError(f"--sizes {sizes}: write numbers with commas, such as 1000,2000") from error
