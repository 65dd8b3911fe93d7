"""What training costs as the data grows: time and memory, each size in a process of its own."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from ..data.corpus import corpus_folder, read_records
from ..data.errors import StancewireError
from .recipe import Recipe


class Cost(NamedTuple):
    """One training run.

    Attributes:
        sentences: Sentences in its data.
        seconds: Wall time from start to the finished model folder.
        gibibytes: Peak memory of the process.
    """

    sentences: int
    seconds: float
    gibibytes: float


def measure_cost(recipe: Recipe, sizes: Sequence[int], epochs: int = 1) -> Iterator[Cost]:
    """Trains the recipe's model on growing parts of the shipped corpus.

    Args:
        recipe: The recipe; its data, teacher and output are left aside.
        sizes: Sentences of each part.
        epochs: Epochs of each run.

    Raises:
        StancewireError: A run fails.
    """
    records = [record for path in sorted(corpus_folder().glob("*.jsonl")) for _, record in read_records(path)]
    random.Random(recipe.seed).shuffle(records)
    with TemporaryDirectory() as name:
        for size in sizes:
            data, count = Path(name) / f"{size}.jsonl", 0
            with data.open("w", encoding="utf-8") as file:
                for record in records:
                    if count >= size:
                        break
                    count += len(record["sentences"])
                    file.write(json.dumps(record, ensure_ascii=False) + "\n")
            yield Cost(count, *_run(_part(recipe, data, epochs), Path(name)))


def _part(recipe: Recipe, data: Path, epochs: int) -> Recipe:
    chosen = recipe.data.model_copy(
        update={"train": [str(data)], "standoff": [], "tweets": [], "sentiment": [], "calibration": []}
    )
    encoder = recipe.encoder.model_copy(update={"epochs": epochs, "teacher": None})
    output = str(data.with_suffix(""))
    return recipe.model_copy(update={"data": chosen, "encoder": encoder, "seeds": [], "output": output})


def _run(recipe: Recipe, folder: Path) -> tuple[float, float]:
    path = folder / "recipe.json"
    path.write_text(recipe.model_dump_json(), encoding="utf-8")
    command = [sys.executable, "-m", "stancewire.inference", "train", str(path)]
    log = folder / "log.txt"
    environment = os.environ | {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}
    began = time.perf_counter()
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=environment, cwd=folder)
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        raise StancewireError(f"training on {recipe.data.train[0]} failed: {' '.join(last)}")
    return time.perf_counter() - began, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 2**30
