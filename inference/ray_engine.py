"""The scoring pipeline on Ray Data: the same steps on as many machines as the cluster has.

Every worker loads the model once and takes batches of records. What it finds goes to the output's own storage; one last
pass in this process then gives each article its story, which needs all articles, and writes the two tables in parts. A
worker that dies is started again by Ray, which gives its batch to another one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.errors import MissingExtraError, StancewireError
from ..data.formats import Columns, Record
from ..data.readers import RecordChecker
from ..data.schema import Article, ArticleRow, Position
from ..data.stories import StoryIndex, StoryKey, story_key
from ..data.writers import write_rows
from .filter import PositionFilter
from .run import SCORED, Counts, outcome_of
from .shards import Outcome, read_outcome, write_outcome
from .workers import Scoring

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 32
"""Records that a worker takes at a time."""
_SCRATCH = "unfinished"
_FORMATS = ("parquet", "jsonl")
_DIGEST_BYTES, _SIZE_BYTES = 8, 4


def score_on_ray(
    paths: Sequence[str],
    output: str,
    scoring: Scoring,
    columns: Columns,
    keep: PositionFilter,
    workers: int,
    address: str | None = None,
    format: str = "parquet",
    stories: str | None = None,
) -> Counts:
    """Scores folders of articles on a Ray cluster.

    Args:
        paths: Parquet or JSON Lines files or folders, or URLs of such (``s3://…``), all of one kind.
        output: Folder or URL; gets ``positions/`` and ``articles/`` with the tables in parts.
        scoring: How articles are scored.
        columns: The input columns.
        keep: Which positions are kept.
        workers: Workers, each with ``scoring.threads`` cores (by default one).
        address: Address of a cluster; None starts one on this machine.
        format: ``parquet`` or ``jsonl``, of the parts.
        stories: An SQLite file with the stories of earlier runs; None knows this run's alone.

    Returns:
        Records and rows.

    Raises:
        MissingExtraError: Ray is not installed.
        StancewireError: The output is not empty, a path cannot be read, or the cluster cannot be reached.
    """
    try:
        import ray
        import ray.data
    except ModuleNotFoundError as error:
        raise MissingExtraError("--engine ray", "cluster") from error
    if format not in _FORMATS:
        raise StancewireError(f"--engine ray writes parts in {' or '.join(_FORMATS)}, not in {format!r}")
    files, folder = _storage(output)
    if files.exists(folder) and files.ls(folder):
        raise StancewireError(f"{output}: holds something already; name another folder")
    logging.getLogger("ray").setLevel(logging.ERROR)
    mine = not ray.is_initialized()
    if mine:
        try:
            # One core beside the workers', or nobody could read.
            cores = None if address else workers * (scoring.threads or 1) + 1
            ray.init(
                address=address,
                num_cpus=cores,
                log_to_driver=False,
                include_dashboard=False,
                logging_level=logging.WARNING,
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise StancewireError(f"no Ray cluster at {address}: {' '.join(str(error).split())}") from error
    try:
        scratch = f"{folder}/{_SCRATCH}"
        _run(ray.data, paths, scratch, files, (scoring, columns, keep), workers)
        counts = _finish(files, folder, scratch, format, stories)
        files.rm(scratch, recursive=True)
    finally:
        if mine:
            ray.shutdown()
    return counts


def _run(data: Any, paths: Sequence[str], scratch: str, files: Any, arguments: tuple[Any, ...], workers: int) -> None:
    from pyarrow.fs import FSSpecHandler, PyFileSystem

    context = data.DataContext.get_current()
    # In the order of the input, so that stories get the ids that one machine would give them.
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    try:
        records = _read(data, paths)
        outcomes = records.map_batches(
            _RayWorker,
            fn_constructor_args=arguments,
            batch_size=BATCH,
            batch_format="pyarrow",
            compute=data.ActorPoolStrategy(min_size=1, max_size=workers),
            num_cpus=arguments[0].threads or 1,
        )
        outcomes.write_parquet(scratch, filesystem=PyFileSystem(FSSpecHandler(files)))
    except (OSError, ValueError) as error:
        raise StancewireError(f"{', '.join(paths)}: cannot be scored ({' '.join(str(error).split())[:300]})") from error


def _read(data: Any, paths: Sequence[str]) -> Any:
    from pyarrow.fs import FSSpecHandler, PyFileSystem

    storages = [_storage(path) for path in paths]
    files = storages[0][0]
    names = [name for _, name in storages]
    found = [one for name in names for one in (files.find(name) if files.isdir(name) else [name])]
    endings = {Path(one).suffix for one in found}
    filesystem = PyFileSystem(FSSpecHandler(files))
    # Blocks of few records each: a block goes to one worker, and is lost with it.
    if endings == {".parquet"}:
        return data.read_parquet(sorted(found), filesystem=filesystem)
    if endings and endings <= {".jsonl", ".ndjson"}:
        return data.read_json(sorted(found), filesystem=filesystem, file_extensions=None)
    raise StancewireError(
        f"{', '.join(paths)}: --engine ray reads .parquet or .jsonl, all of one kind; here are"
        f" {', '.join(sorted(endings)) or 'no files'}"
    )


def _storage(path: str) -> tuple[Any, str]:
    """The file system of a path or URL, and the path on it."""
    import fsspec

    try:
        files, name = fsspec.core.url_to_fs(path)
    except (ImportError, ValueError) as error:
        raise StancewireError(f"{path}: cannot be reached ({error})") from error
    return files, name


class _RayWorker:
    """Scores batches of records; made once in each worker."""

    def __init__(self, scoring: Scoring, columns: Columns, keep: PositionFilter) -> None:
        self._scorer = scoring.load()
        self._columns, self._keep = columns, keep

    def __call__(self, batch: pa.Table) -> pa.Table:
        import pyarrow as pa

        check = RecordChecker()
        records = [check(Record(_place(row, self._columns), self._columns.pick(row))) for row in batch.to_pylist()]
        results = iter(self._scorer.score([one for one in records if isinstance(one, Article)]))
        outcomes = [outcome_of(one, next(results) if isinstance(one, Article) else "", self._keep) for one in records]
        keys = [
            _pack(story_key(one.text, one.published))
            if isinstance(one, Article) and outcome.row.status == SCORED
            else b""
            for one, outcome in zip(records, outcomes, strict=True)
        ]
        lines = [write_outcome(outcome) for outcome in outcomes]
        return pa.table({"outcome": pa.array(lines, pa.string()), "story": pa.array(keys, pa.binary())})


def _place(row: Mapping[str, Any], columns: Columns) -> str:
    """How a record is named that is no article."""
    return str(row.get(columns.id) or "a record without id")


def _pack(key: StoryKey) -> bytes:
    day = key.day.toordinal() if key.day else 0
    return key.digest + key.size.to_bytes(_SIZE_BYTES, "big") + day.to_bytes(_SIZE_BYTES, "big") + key.signature


def _unpack(packed: bytes) -> StoryKey:
    digest, numbers = packed[:_DIGEST_BYTES], packed[_DIGEST_BYTES : _DIGEST_BYTES + 2 * _SIZE_BYTES]
    size, day = (int.from_bytes(one, "big") for one in (numbers[:_SIZE_BYTES], numbers[_SIZE_BYTES:]))
    signature = packed[_DIGEST_BYTES + 2 * _SIZE_BYTES :]
    return StoryKey(digest, size, signature, date.fromordinal(day) if day else None)


def _finish(files: Any, folder: str, scratch: str, format: str, stories: str | None) -> Counts:
    """Gives the articles their stories and writes the tables, a part for each part of the outcomes."""
    scored = skipped = rows = 0
    for name in ("positions", "articles"):
        files.makedirs(f"{folder}/{name}", exist_ok=True)
    with StoryIndex(stories) as index:
        for number, outcomes in enumerate(_parts(files, scratch)):
            story = iter(index.assign_keys(_unpack(packed) for _, packed in outcomes if packed))
            told = [one.with_story(next(story)) if packed else one for one, packed in outcomes]
            with files.open(f"{folder}/positions/part-{number:05}.{format}", "wb") as file:
                rows += write_rows(file, (position for one in told for position in one.positions), format, Position)
            with files.open(f"{folder}/articles/part-{number:05}.{format}", "wb") as file:
                write_rows(file, (one.row for one in told), format, ArticleRow)
            done = sum(one.row.status == SCORED for one in told)
            scored, skipped = scored + done, skipped + len(told) - done
    return Counts(scored, skipped, rows)


def _parts(files: Any, scratch: str) -> Iterator[list[tuple[Outcome, bytes]]]:
    import pyarrow.parquet as pq

    for name in sorted(files.find(scratch)):
        with files.open(name, "rb") as file:
            table = pq.read_table(file)
        lines, keys = table.column("outcome").to_pylist(), table.column("story").to_pylist()
        yield [(read_outcome(line), key) for line, key in zip(lines, keys, strict=True)]
