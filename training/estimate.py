"""How long a fit will take and how much memory, measured on a few batches before it begins."""

from __future__ import annotations

import resource
import sys
import time
from typing import NamedTuple

import torch
from torch import nn

from .batches import Collator, WindowDataset
from .recipe import EncoderRecipe

_BATCHES = 5


class Estimate(NamedTuple):
    """What a fit will need.

    Attributes:
        seconds: Wall time of all epochs without their evaluations.
        gibibytes: Peak memory of the process; on a GPU that of the device.
    """

    seconds: float
    gibibytes: float

    def __str__(self) -> str:
        """One line for a person."""
        minutes = self.seconds / 60
        time_ = f"{minutes:.0f} minutes" if minutes < 90 else f"{minutes / 60:.1f} hours"
        return f"about {time_} and {self.gibibytes:.1f} GiB of memory"


def estimate(
    network: nn.Module, rows: WindowDataset, collate: Collator, options: EncoderRecipe, device: torch.device
) -> Estimate:
    """Times forward and backward passes over a few training batches spread over all lengths.

    Neither weights nor random numbers are changed: the fit that follows is the one that would have been without it.

    Args:
        network: The network to be trained.
        rows: Its training data.
        collate: Makes batches of it.
        options: Says how large they are, how many epochs there will be and in which precision.
        device: Where the fit will run.
    """
    network.to(device).train()
    by_length = sorted(range(len(rows)), key=rows.lengths.__getitem__)
    seconds = []
    with torch.random.fork_rng():
        # The longest batch comes first: it takes the most memory. It also warms everything up: its time does not count.
        middle = [(2 * part + 1) * len(rows) // (2 * _BATCHES) for part in range(_BATCHES)]
        for start in (len(rows) - options.batch_size, *middle):
            chosen = [rows[row] for row in by_length[max(0, start) :][: options.batch_size]]
            batch = {name: values.to(device) for name, values in collate(chosen).items()}
            _wait(device)
            began = time.perf_counter()
            with torch.autocast(device.type, torch.bfloat16, enabled=options.bf16):
                loss = network(**batch)["loss"]
            loss.backward()
            _wait(device)
            seconds.append(time.perf_counter() - began)
            network.zero_grad(set_to_none=True)
    seconds = seconds[1:]
    steps = -(-len(rows) // options.batch_size) * options.epochs
    # Adam keeps two numbers for each weight that learns.
    optimiser = 2 * sum(p.numel() * p.element_size() for p in network.parameters() if p.requires_grad)
    return Estimate(steps * sum(seconds) / len(seconds), (_peak_bytes() + optimiser) / 2**30)


def _wait(device: torch.device) -> None:
    """A GPU works on while Python goes on: its time counts only once it is done."""
    if device.type == "cuda":
        torch.cuda.synchronize()


def _peak_bytes() -> float:
    if torch.cuda.is_available():
        return float(torch.cuda.max_memory_allocated())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak if sys.platform == "darwin" else peak * 1024)
