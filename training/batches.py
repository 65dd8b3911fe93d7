"""Examples as batches of tensors."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler

from ..data.corpus import IGNORED, Example
from ..data.windows import MAX_SLOTS
from ..models.tokens import Encoded, WindowTokenizer
from .distillation import SoftLabels


@dataclass
class _Row:
    encoded: Encoded
    stances: list[list[int]]
    sentiments: list[int]
    soft: SoftLabels | None


class WindowDataset(Dataset):
    """Windows as token ids with their labels; for training each draw renames the slots, so that none means anything.

    Args:
        examples: The examples.
        tokenizer: Encodes their windows.
        slot_ids: Token ids of the slots.
        seed: Seed of the renaming; None leaves the slots as they are.
        soft: What a teacher says of each example, if there is one.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        tokenizer: WindowTokenizer,
        slot_ids: Sequence[int],
        seed: int | None,
        soft: Sequence[SoftLabels] | None = None,
    ) -> None:
        encoded = tokenizer.encode([example.window for example in examples])
        targets = soft if soft is not None else [None] * len(examples)
        self.rows = [
            _Row(one, example.stances, example.sentiments, target)
            for one, example, target in zip(encoded, examples, targets, strict=True)
        ]
        self.lengths = [len(row.encoded.ids) for row in self.rows]
        self.slot_ids = list(slot_ids[:MAX_SLOTS])
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        row = self.rows[index]
        order = list(range(MAX_SLOTS))
        if self.seed is not None:
            # From the epoch and the row alone, so that a resumed run draws what an unbroken one would.
            random.Random(f"{self.seed} {self.epoch} {index}").shuffle(order)
        renamed = {self.slot_ids[old]: self.slot_ids[new] for old, new in enumerate(order)}
        encoded = row.encoded._replace(
            ids=[renamed.get(token, token) for token in row.encoded.ids],
            questions=[(sentence, order[slot]) for sentence, slot in row.encoded.questions],
        )
        return {"encoded": encoded, "stances": row.stances, "sentiments": row.sentiments, "soft": row.soft}


class Collator:
    """Pads rows of a :class:`WindowDataset` to a batch of tensors."""

    def __init__(self, windows: WindowTokenizer) -> None:
        # Not `tokenizer`: the trainer would take it for one of its own and try to save it.
        self.windows = windows

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        batch = self.windows.pad([row["encoded"] for row in rows])
        shape = batch.questions.shape[:2]
        arrays = {
            **batch._asdict(),
            "stance_labels": _padded([np.array(row["stances"]) for row in rows], shape[1], IGNORED),
            "sentiment_labels": _padded([np.array(row["sentiments"]) for row in rows], shape[1], IGNORED),
        }
        if rows[0]["soft"] is not None:
            arrays["stance_targets"] = _padded([row["soft"].stance for row in rows], shape[1], 0)
            arrays["sentiment_targets"] = _padded([row["soft"].sentiment for row in rows], shape[1], 0)
        return {name: torch.from_numpy(array) for name, array in arrays.items()}


class LengthGroupedSampler(Sampler[int]):
    """Rows in batches of like length, so that little is padding; the batches themselves come in random order.

    The sampler of ``transformers`` goes from long to short within each stretch: with short sentences of one data set
    and long passages of another, the steps would learn now from the one, now from the other.
    """

    def __init__(self, rows: WindowDataset, batch_size: int, seed: int) -> None:
        self.rows, self.batch_size, self.seed = rows, batch_size, seed

    def __len__(self) -> int:
        return len(self.rows)

    def set_epoch(self, epoch: int) -> None:
        """Tells sampler and data set the epoch that begins (called by the trainer)."""
        self.rows.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        draw = random.Random(f"{self.seed} {self.rows.epoch}")
        order = list(range(len(self.rows)))
        draw.shuffle(order)
        stretch = self.batch_size * 50
        batches = []
        for start in range(0, len(order), stretch):
            near = sorted(order[start : start + stretch], key=self.rows.lengths.__getitem__)
            batches += [near[k : k + self.batch_size] for k in range(0, len(near), self.batch_size)]
        draw.shuffle(batches)
        # A short batch anywhere but at the end would shift the rows of all that follow.
        batches.sort(key=len, reverse=True)
        return chain.from_iterable(batches)


def _padded(arrays: Sequence[np.ndarray], length: int, value: float) -> np.ndarray:
    """Arrays of unlike first dimension in one, with ``value`` where there is nothing."""
    result = np.full((len(arrays), length, *arrays[0].shape[1:]), value, dtype=arrays[0].dtype)
    for row, array in enumerate(arrays):
        result[row, : len(array)] = array
    return result
