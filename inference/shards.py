"""The folder of an unfinished run: what was scored so far, in shards that are each whole or not there.

A shard is one JSON Lines file: a fingerprint of its records, then one line for each record with its positions. It is
written under another name, flushed to the disk and renamed, so a killed run loses the shard in work and no more.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from ..data.errors import StancewireError
from ..data.schema import Article, ArticleRow, Position, Rejected

_SETTINGS = "run.json"
_FORMAT = 1


class Outcome(NamedTuple):
    """What became of one record.

    Attributes:
        row: Its row of the article table.
        positions: Its rows of the position table.
    """

    row: ArticleRow
    positions: list[Position]

    def with_story(self, story: str) -> Outcome:
        """The same, its article in a story."""
        return Outcome(replace(self.row, story_id=story), self.positions)


class ShardFolder:
    """The folder of an unfinished run.

    Args:
        path: The folder; made if it is not there.
        settings: What the result depends on: the inputs, the model, the options. A folder that was begun with others
            cannot be gone on with.

    Raises:
        StancewireError: The folder was begun with other settings, or cannot be used.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        self.path = path
        wanted = {"format": _FORMAT, **settings}
        try:
            path.mkdir(exist_ok=True)
            for rest in path.glob("*.partial"):
                rest.unlink()
            known = path / _SETTINGS
            if known.exists():
                self._check(json.loads(known.read_text(encoding="utf-8")), wanted)
            else:
                self._put(_SETTINGS, [json.dumps(wanted, ensure_ascii=False, indent=1)])
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise StancewireError(
                f"{path}: cannot hold an unfinished run ({reason}); delete it and start over"
            ) from error

    def _check(self, known: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        other = [name for name in wanted if known.get(name) != wanted[name]]
        if other:
            raise StancewireError(
                f"{self.path}: an unfinished run with other settings ({', '.join(other)}); finish it with the command"
                " that began it, or start over with --restart"
            )

    def read(self, number: int, records: Sequence[Article | Rejected]) -> list[Outcome] | None:
        """The outcomes of a shard; None if it has not been scored yet.

        Raises:
            StancewireError: It was scored from other records: the input has changed since.
        """
        path = self._shard(number)
        if not path.exists():
            return None
        with path.open(encoding="utf-8") as lines:
            if json.loads(next(lines)) != fingerprint(records):
                raise StancewireError(
                    f"{self.path}: the input has changed since the run began; start over with --restart"
                )
            return [read_outcome(line) for line in lines]

    def write(self, number: int, records: Sequence[Article | Rejected], outcomes: Iterable[Outcome]) -> None:
        """Keeps the outcomes of a shard.

        Raises:
            StancewireError: The disk does not take them.
        """
        lines = [json.dumps(fingerprint(records))]
        lines += map(write_outcome, outcomes)
        try:
            self._put(self._shard(number).name, lines)
        except OSError as error:
            raise StancewireError(
                f"{self.path}: cannot be written ({error.strerror}); make room, then run the same command to go on"
            ) from error

    def outcomes(self, shards: int) -> Iterator[Outcome]:
        """The outcomes of the first so many shards, in the order of the input."""
        for number in range(shards):
            with self._shard(number).open(encoding="utf-8") as lines:
                next(lines)
                yield from map(read_outcome, lines)

    def remove(self) -> None:
        """Deletes the folder, when the outputs are whole."""
        # Under another name first: half of a folder must not be taken for an unfinished run.
        rest = self.path.with_name(f".{self.path.name}.done")
        shutil.rmtree(rest, ignore_errors=True)
        self.path.rename(rest)
        shutil.rmtree(rest, ignore_errors=True)

    def _shard(self, number: int) -> Path:
        return self.path / f"{number:07}.jsonl"

    def _put(self, name: str, lines: Iterable[str]) -> None:
        partial = self.path / f"{name}.partial"
        with partial.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.path / name)


def fingerprint(records: Iterable[Article | Rejected]) -> str:
    """A hash of everything that the records say."""
    digest = blake2b(digest_size=16)
    for record in records:
        digest.update(json.dumps(astuple(record)).encode())
    return digest.hexdigest()


def write_outcome(outcome: Outcome) -> str:
    """An outcome as a line of JSON."""
    return json.dumps([astuple(outcome.row), [astuple(one) for one in outcome.positions]], ensure_ascii=False)


def read_outcome(line: str) -> Outcome:
    """An outcome from its line."""
    row, positions = json.loads(line)
    return Outcome(ArticleRow(*row), [Position(*one) for one in positions])
