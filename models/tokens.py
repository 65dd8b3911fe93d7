"""Windows to token ids, the same for training and for scoring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from tokenizers import AddedToken, Tokenizer

from ..data.windows import OTHER_TOKEN, SLOT_TOKENS, Window

CONTEXT_TOKENS = 40
"""Tokens of context kept on the side before the sentence; half as many are kept after it."""


class Encoded(NamedTuple):
    """Token ids of one window and for each whether it belongs to the sentence itself (1) or to the context (0)."""

    ids: list[int]
    types: list[int]


class Batch(NamedTuple):
    """Padded arrays of shape (windows, tokens), int64."""

    input_ids: np.ndarray
    attention_mask: np.ndarray
    token_type_ids: np.ndarray


def add_slot_tokens(tokenizer: Tokenizer) -> list[int]:
    """Adds the slot tokens to a tokenizer; returns their ids, in slot order, *somebody else* last."""
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in (*SLOT_TOKENS, OTHER_TOKEN)])
    return [tokenizer.token_to_id(token) or 0 for token in (*SLOT_TOKENS, OTHER_TOKEN)]


class WindowTokenizer:
    """Encodes windows as ``[CLS] before [SEP] sentence [SEP] after [SEP]``.

    Args:
        tokenizer: A tokenizer with the slot tokens.
        max_length: Most tokens of a window; the context gives way before the sentence does.
    """

    def __init__(self, tokenizer: Tokenizer, max_length: int) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self.tokenizer = tokenizer
        self.max_length = max_length
        self._cls, self._sep = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")

    def encode(self, windows: Sequence[Window]) -> list[Encoded]:
        """Token ids of each window."""
        texts = [part for window in windows for part in (window.before, window.target, window.after)]
        parts = [encoding.ids for encoding in self.tokenizer.encode_batch_fast(texts, add_special_tokens=False)]
        return [self._join(*parts[index : index + 3]) for index in range(0, len(parts), 3)]

    def _join(self, before: list[int], target: list[int], after: list[int]) -> Encoded:
        target = target[: self.max_length - 4]
        room = self.max_length - 4 - len(target)
        after = after[: min(CONTEXT_TOKENS // 2, room // 3)]
        before = before[max(0, len(before) - min(CONTEXT_TOKENS, room - len(after))) :]
        ids = [self._cls, *before, self._sep, *target, self._sep, *after, self._sep]
        types = [0] * (len(before) + 2) + [1] * (len(target) + 1) + [0] * (len(after) + 1)
        return Encoded(ids, types)


def pad(batch: Sequence[Encoded]) -> Batch:
    """Pads encoded windows to the longest of them."""
    width = max(len(one.ids) for one in batch)
    shape = (len(batch), width)
    arrays = Batch(*(np.zeros(shape, dtype=np.int64) for _ in range(3)))
    for row, one in enumerate(batch):
        length = len(one.ids)
        arrays.input_ids[row, :length] = one.ids
        arrays.attention_mask[row, :length] = 1
        arrays.token_type_ids[row, :length] = one.types
    return arrays
