"""Encoders of model format 1, which read one sentence with its context at a time.

Their inputs are those of format 2 taken apart again: for each sentence that is asked about, ``[CLS] before [SEP]
sentence [SEP] after [SEP]`` with its actors numbered anew, and one answer for each of their twelve slots.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from ..data.corpus import NO_STANCE
from ..data.windows import OTHER_TOKEN, SLOT_TOKENS, Window
from .base import ModelConfig, WindowScores
from .encoder import TOKENIZER, WEIGHTS, make_session
from .tokens import batches_by_length, mark_cues

_SLOTS = 12
_BEFORE, _AFTER = 40, 20
"""Tokens of context on either side."""
_SLOT = re.compile("|".join(re.escape(token) for token in SLOT_TOKENS))
_BATCH_TOKENS = 4096


class _Sentence(NamedTuple):
    """One sentence of a window: its tokens with their types and cues, and where the answers to its questions go."""

    window: int
    questions: list[int]
    slots: list[int]
    ids: list[int]
    types: list[int]
    cues: list[int]


class EncoderV1Model:
    """A fine-tuned encoder of model format 1, run by ONNX Runtime.

    Args:
        folder: The model folder.
        config: Its configuration.
        threads: Threads of ONNX Runtime; None is its own choice.
    """

    def __init__(self, folder: Path, config: ModelConfig, threads: int | None = None) -> None:
        self.config = config
        self._session: onnxruntime.InferenceSession = make_session(folder / WEIGHTS, threads)
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        start, end = config.options.get("special_tokens", ("[CLS]", "[SEP]"))
        self._start, self._end = self._tokenizer.token_to_id(start), self._tokenizer.token_to_id(end)

    def predict(self, windows: Sequence[Window]) -> list[WindowScores]:
        """Scores windows, one result each, in order."""
        return self.config.scores(*self.logits(windows))

    def logits(self, windows: Sequence[Window]) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Raw stance logits (questions, issues, classes) and sentiment logits (questions, 3) of each window."""
        n_issues = len(self.config.issues)
        stance = [np.zeros((len(window.questions), n_issues, 4), np.float32) for window in windows]
        sentiment = [np.zeros((len(window.questions), 3), np.float32) for window in windows]
        for one in stance:
            # An actor past the last slot takes no side.
            one[..., NO_STANCE] = 20.0
        rows = [row for index, window in enumerate(windows) for row in self._take_apart(index, window)]
        for chosen in batches_by_length([len(row.ids) for row in rows], _BATCH_TOKENS):
            batch = [rows[index] for index in chosen]
            one, other = self._run(batch)
            for place, row in enumerate(batch):
                stance[row.window][row.questions] = one[place, row.slots]
                sentiment[row.window][row.questions] = other[place, row.slots]
        return stance, sentiment

    def _take_apart(self, index: int, window: Window) -> list[_Sentence]:
        rows = []
        numbered = enumerate(window.questions)
        for sentence, group in groupby(numbered, key=lambda item: item[1].sentence):
            place, near = sentence - window.first, window.around(sentence)
            parts = [
                " ".join(window.texts[near.start : place]),
                window.texts[place],
                " ".join(window.texts[place + 1 : near.stop]),
            ]
            found = dict.fromkeys(match[0] for part in parts for match in _SLOT.finditer(part))
            names = {old: SLOT_TOKENS[new] if new < _SLOTS else OTHER_TOKEN for new, old in enumerate(found)}
            slots = {SLOT_TOKENS.index(old): new for new, old in enumerate(found) if new < _SLOTS}
            kept = [(number, slots[question.slot]) for number, question in group if question.slot in slots]
            texts = [_rename(part, names) for part in parts]
            if kept:
                rows.append(_Sentence(index, [n for n, _ in kept], [s for _, s in kept], *self._encode(texts)))
        return rows

    def _encode(self, texts: Sequence[str]) -> tuple[list[int], list[int], list[int]]:
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        before, target, after = (
            list(zip(one.ids, mark_cues(text, one.offsets, self.config.issues), strict=True))
            for text, one in zip(texts, encodings, strict=True)
        )
        most = self.config.options["max_length"] - 4
        target = target[:most]
        room = most - len(target)
        after = after[: min(_AFTER, room // 3)]
        before = before[max(0, len(before) - min(_BEFORE, room - len(after))) :]
        end = (self._end, 0)
        tokens = [(self._start, 0), *before, end, *target, end, *after, end]
        types = [0] * (len(before) + 2) + [1] * (len(target) + 1) + [0] * (len(after) + 1)
        return [token for token, _ in tokens], types, [cue for _, cue in tokens]

    def _run(self, rows: Sequence[_Sentence]) -> tuple[np.ndarray, np.ndarray]:
        shape = (len(rows), max(len(row.ids) for row in rows))
        ids, mask, types = (np.zeros(shape, dtype=np.int64) for _ in range(3))
        cues = np.zeros((shape[0], len(self.config.issues), shape[1]), dtype=np.int64)
        bits = np.arange(len(self.config.issues))[:, None]
        for place, row in enumerate(rows):
            length = len(row.ids)
            ids[place, :length], mask[place, :length], types[place, :length] = row.ids, 1, row.types
            cues[place, :, :length] = np.array(row.cues) >> bits & 1
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types, "cue_mask": cues}
        stance, sentiment = self._session.run(["stance", "sentiment"], inputs)
        return np.asarray(stance), np.asarray(sentiment)


def _rename(text: str, names: Mapping[str, str]) -> str:
    return _SLOT.sub(lambda match: names[match[0]], text)
