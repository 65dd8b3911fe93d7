"""How long one waits: for the import, and from the command to its first row."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

from ..data.errors import StancewireError

_IMPORT = (
    "import time; began = time.perf_counter(); import stancewire.inference.scorer; print(time.perf_counter() - began)"
)


class Start(NamedTuple):
    """Medians over the rounds, in seconds.

    Attributes:
        import_s: ``import stancewire.inference.scorer`` in a new interpreter.
        first_row_s: From the start of ``stancewire score`` until it prints the first article, the interpreter's own
            start included.
    """

    import_s: float
    first_row_s: float


def measure_start(paths: Sequence[str], rounds: int) -> Start:
    """Starts Python anew for each round of each.

    Args:
        paths: What ``stancewire score`` reads.
        rounds: Runs of each.

    Raises:
        StancewireError: The command prints nothing.
    """
    imports, rows = [], []
    for _ in range(rounds):
        done = subprocess.run([sys.executable, "-c", _IMPORT], capture_output=True, text=True, check=True)
        imports.append(float(done.stdout))
        rows.append(_first_row([sys.executable, "-m", "stancewire.inference", "score", *paths]))
    return Start(statistics.median(imports), statistics.median(rows))


def _first_row(command: Sequence[str]) -> float:
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.perf_counter() - began
        _, said = process.communicate()
    if not line:
        raise StancewireError(f"stancewire score printed nothing: {said.strip()}")
    return seconds
