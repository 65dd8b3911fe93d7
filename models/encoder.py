"""The encoder: a small transformer in ONNX, one pass a window for all its sentences, actors and issues."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from ..data.windows import Window
from .base import ModelConfig, WindowScores
from .tokens import Batch, WindowTokenizer, batches_by_length

WEIGHTS, TOKENIZER = "model.onnx", "tokenizer.json"

BATCH_TOKENS = 1024
"""Tokens that run together: more do not fit into a processor's cache between two layers."""


class EncoderModel:
    """A fine-tuned encoder run by ONNX Runtime.

    Args:
        folder: The model folder.
        config: Its configuration.
        threads: Threads of ONNX Runtime; None is its own choice.
    """

    def __init__(self, folder: Path, config: ModelConfig, threads: int | None = None) -> None:
        self.config = config
        self._session = make_session(folder / WEIGHTS, threads)
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        special = tuple(config.options.get("special_tokens", ("[CLS]", "[SEP]")))
        mark_cues = config.options.get("mark_cues", True)
        self._tokenizer = WindowTokenizer(tokenizer, config.options["max_length"], config.issues, special, mark_cues)
        self._batch_tokens = config.options.get("batch_tokens", BATCH_TOKENS)

    def predict(self, windows: Sequence[Window]) -> list[WindowScores]:
        """Scores windows, one result each, in order."""
        return self.config.scores(*self.logits(windows))

    def logits(self, windows: Sequence[Window]) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Raw stance logits (questions, issues, classes) and sentiment logits (questions, 3) of each window.

        Windows of like length run together.
        """
        stance: list[np.ndarray] = [np.empty(0)] * len(windows)
        sentiment: list[np.ndarray] = [np.empty(0)] * len(windows)
        for batch in self.batches(windows):
            one, other = self.run_batch(batch)
            for place, row in enumerate(batch.rows):
                asked = len(windows[row].questions)
                stance[row], sentiment[row] = one[place, :asked], other[place, :asked]
        return stance, sentiment

    def batches(self, windows: Sequence[Window]) -> Iterator[EncodedBatch]:
        """The windows as arrays for the session, those of like length together."""
        encoded = self._tokenizer.encode(windows)
        for rows in batches_by_length([len(one.ids) for one in encoded], self._batch_tokens):
            yield EncodedBatch(rows, self._tokenizer.pad([encoded[row] for row in rows]))

    def run_batch(self, batch: EncodedBatch) -> tuple[np.ndarray, np.ndarray]:
        """Stance logits (windows, questions, issues, classes) and sentiment logits (windows, questions, 3)."""
        stance, sentiment = self._session.run(["stance", "sentiment"], batch.arrays._asdict())
        return np.asarray(stance), np.asarray(sentiment)


class EncodedBatch(NamedTuple):
    """Windows that run together.

    Attributes:
        rows: Their places among the windows given.
        arrays: What the session takes.
    """

    rows: list[int]
    arrays: Batch


def make_session(weights: Path, threads: int | None) -> onnxruntime.InferenceSession:
    """ONNX weights ready to run; ``threads`` None is ONNX Runtime's own choice."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if threads is not None:
        options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(weights), sess_options=options, providers=["CPUExecutionProvider"])
