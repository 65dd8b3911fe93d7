"""Windows to token ids, the same for training and for scoring."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from tokenizers import AddedToken, Tokenizer

from ..data.issues import Issue
from ..data.windows import OTHER_TOKEN, SLOT_TOKENS, Window

CONTEXT_TOKENS = 40
"""Tokens of context kept on the side before the sentence; half as many are kept after it."""

_Token = tuple[int, int]
"""Id and cues of a token."""


class Encoded(NamedTuple):
    """One window.

    Attributes:
        ids: Token ids.
        types: For each token whether it belongs to the sentence itself (1) or to the context (0).
        cues: For each token the issues of which it is a cue, issue *k* as bit *k*.
    """

    ids: list[int]
    types: list[int]
    cues: list[int]


class Batch(NamedTuple):
    """Padded arrays, int64, of shape (windows, tokens); ``cue_mask`` of shape (windows, issues, tokens)."""

    input_ids: np.ndarray
    attention_mask: np.ndarray
    token_type_ids: np.ndarray
    cue_mask: np.ndarray


def add_slot_tokens(tokenizer: Tokenizer) -> list[int]:
    """Adds the slot tokens to a tokenizer; returns their ids, in slot order, *somebody else* last."""
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in (*SLOT_TOKENS, OTHER_TOKEN)])
    return [tokenizer.token_to_id(token) or 0 for token in (*SLOT_TOKENS, OTHER_TOKEN)]


class WindowTokenizer:
    """Encodes windows as ``[CLS] before [SEP] sentence [SEP] after [SEP]`` and marks the cues of the issues.

    Args:
        tokenizer: A tokenizer with the slot tokens.
        max_length: Most tokens of a window; the context gives way before the sentence does.
        issues: The issues, in the order of the model's outputs.
        special: The tokens that the encoder knows as the start of a text and as the end of a part.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        max_length: int,
        issues: Sequence[Issue],
        special: tuple[str, str] = ("[CLS]", "[SEP]"),
    ) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.issues = tuple(issues)
        self.special = special
        self._cls, self._sep = (tokenizer.token_to_id(token) for token in special)

    def encode(self, windows: Sequence[Window]) -> list[Encoded]:
        """Token ids and cues of each window."""
        texts = [part for window in windows for part in (window.before, window.target, window.after)]
        encodings = self.tokenizer.encode_batch(texts, add_special_tokens=False)
        parts = [
            list(zip(one.ids, self._mark(text, one.offsets), strict=True))
            for text, one in zip(texts, encodings, strict=True)
        ]
        return [self._join(*parts[index : index + 3]) for index in range(0, len(parts), 3)]

    def pad(self, batch: Sequence[Encoded]) -> Batch:
        """Pads encoded windows to the longest of them."""
        shape = (len(batch), max(len(one.ids) for one in batch))
        ids, mask, types = (np.zeros(shape, dtype=np.int64) for _ in range(3))
        arrays = Batch(ids, mask, types, np.zeros((shape[0], len(self.issues), shape[1]), dtype=np.int64))
        bits = np.arange(len(self.issues))[:, None]
        for row, one in enumerate(batch):
            length = len(one.ids)
            arrays.input_ids[row, :length] = one.ids
            arrays.attention_mask[row, :length] = 1
            arrays.token_type_ids[row, :length] = one.types
            arrays.cue_mask[row, :, :length] = np.array(one.cues) >> bits & 1
        return arrays

    def _mark(self, text: str, offsets: Sequence[tuple[int, int]]) -> list[int]:
        """For each token the bits of the issues of which it is, or is part of, a cue."""
        marks = [0] * len(offsets)
        starts = [start for start, _ in offsets]
        for bit, issue in enumerate(self.issues):
            for cue in issue.find_cues(text):
                for token in range(bisect_left(starts, cue.start), bisect_left(starts, cue.end)):
                    marks[token] |= 1 << bit
        return marks

    def _join(self, before: list[_Token], target: list[_Token], after: list[_Token]) -> Encoded:
        target = target[: self.max_length - 4]
        room = self.max_length - 4 - len(target)
        after = after[: min(CONTEXT_TOKENS // 2, room // 3)]
        before = before[max(0, len(before) - min(CONTEXT_TOKENS, room - len(after))) :]
        end = (self._sep, 0)
        tokens = [(self._cls, 0), *before, end, *target, end, *after, end]
        types = [0] * (len(before) + 2) + [1] * (len(target) + 1) + [0] * (len(after) + 1)
        return Encoded([token for token, _ in tokens], types, [cue for _, cue in tokens])
