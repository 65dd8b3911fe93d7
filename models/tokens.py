"""Windows to token ids, the same for training and for scoring."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from tokenizers import AddedToken, Encoding, Tokenizer

from ..data.issues import Issue
from ..data.windows import OTHER_TOKEN, SLOT_TOKENS, Window

CONTEXT_TOKENS = 80
"""Tokens of context kept before the sentences that are asked about; half as many are kept after them."""

_Token = tuple[int, int, int]
"""Id, number of the sentence, and cues of a token."""


class Encoded(NamedTuple):
    """One window.

    Attributes:
        ids: Token ids.
        sentences: For each token the number of its sentence, 1 for the window's first, 0 for the tokens of none.
        cues: For each token the issues of which it is a cue, issue *k* as bit *k*.
        questions: For each question the number of its sentence and its slot.
    """

    ids: list[int]
    sentences: list[int]
    cues: list[int]
    questions: list[tuple[int, int]]


class Batch(NamedTuple):
    """Padded arrays, int64.

    Attributes:
        input_ids: Shape (windows, tokens).
        attention_mask: Shape (windows, tokens).
        sentence_ids: Number of the sentence of each token, from 1; shape (windows, tokens).
        cue_mask: Shape (windows, issues, tokens).
        questions: Number of the sentence and slot of each question, -1 where there is none; (windows, questions, 2).
    """

    input_ids: np.ndarray
    attention_mask: np.ndarray
    sentence_ids: np.ndarray
    cue_mask: np.ndarray
    questions: np.ndarray


def add_slot_tokens(tokenizer: Tokenizer) -> list[int]:
    """Adds the slot tokens to a tokenizer; returns their ids, in slot order, *somebody else* last."""
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in (*SLOT_TOKENS, OTHER_TOKEN)])
    return [tokenizer.token_to_id(token) or 0 for token in (*SLOT_TOKENS, OTHER_TOKEN)]


class WindowTokenizer:
    """Encodes windows as ``[CLS] sentence sentence … [SEP]`` and marks the cues of the issues.

    Args:
        tokenizer: A tokenizer with the slot tokens.
        max_length: Most tokens of a window; the context gives way before the sentences that are asked about do.
        issues: The issues, in the order of the model's outputs.
        special: The tokens that the encoder knows as the start and as the end of a text.
        mark_cues: Whether cues are marked.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        max_length: int,
        issues: Sequence[Issue],
        special: tuple[str, str] = ("[CLS]", "[SEP]"),
        mark_cues: bool = True,
    ) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.issues = tuple(issues)
        self.special = special
        self.marked = self.issues if mark_cues else ()
        self._cls, self._sep = (tokenizer.token_to_id(token) for token in special)

    def encode(self, windows: Sequence[Window]) -> list[Encoded]:
        """Token ids, cues and questions of each window."""
        texts = [text for window in windows for text in window.texts]
        encodings = iter(self.tokenizer.encode_batch(texts, add_special_tokens=False))
        return [self._encode(window, [next(encodings) for _ in window.texts]) for window in windows]

    def pad(self, batch: Sequence[Encoded]) -> Batch:
        """Pads encoded windows to the longest of them."""
        shape = (len(batch), max(len(one.ids) for one in batch))
        ids, mask, sentences = (np.zeros(shape, dtype=np.int64) for _ in range(3))
        arrays = Batch(
            ids,
            mask,
            sentences,
            np.zeros((shape[0], len(self.issues), shape[1]), dtype=np.int64),
            np.full((shape[0], max(len(one.questions) for one in batch), 2), -1, dtype=np.int64),
        )
        bits = np.arange(len(self.issues))[:, None]
        for row, one in enumerate(batch):
            length = len(one.ids)
            arrays.input_ids[row, :length] = one.ids
            arrays.attention_mask[row, :length] = 1
            arrays.sentence_ids[row, :length] = one.sentences
            arrays.cue_mask[row, :, :length] = np.array(one.cues) >> bits & 1
            arrays.questions[row, : len(one.questions)] = one.questions
        return arrays

    def _encode(self, window: Window, encodings: Sequence[Encoding]) -> Encoded:
        parts = [
            [
                (token, number, mark)
                for token, mark in zip(one.ids, mark_cues(text, one.offsets, self.marked), strict=True)
            ]
            for number, (text, one) in enumerate(zip(window.texts, encodings, strict=True), start=1)
        ]
        start, stop = window.asked.start - window.first, window.asked.stop - window.first
        before, asked, after = (list(chain(*part)) for part in (parts[:start], parts[start:stop], parts[stop:]))
        tokens = [(self._cls, 0, 0), *self._fit(before, asked, after), (self._sep, 0, 0)]
        questions = [(question.sentence - window.first + 1, question.slot) for question in window.questions]
        ids, sentences, cues = (list(column) for column in zip(*tokens, strict=True))
        return Encoded(ids, sentences, cues, questions)

    def _fit(self, before: list[_Token], asked: list[_Token], after: list[_Token]) -> list[_Token]:
        """As much of the three as there is room for."""
        asked = asked[: self.max_length - 2]
        room = self.max_length - 2 - len(asked)
        after = after[: min(CONTEXT_TOKENS // 2, room // 3)]
        before = before[max(0, len(before) - min(CONTEXT_TOKENS, room - len(after))) :]
        return [*before, *asked, *after]


def mark_cues(text: str, offsets: Sequence[tuple[int, int]], issues: Sequence[Issue]) -> list[int]:
    """For each token the issues of which it is, or is part of, a cue, issue *k* as bit *k*.

    Args:
        text: The text of the tokens.
        offsets: Where in the text each token starts and ends.
        issues: The issues.
    """
    marks = [0] * len(offsets)
    starts, ends = [start for start, _ in offsets], [end for _, end in offsets]
    for bit, issue in enumerate(issues):
        for cue in issue.find_cues(text):
            for token in range(bisect_right(ends, cue.start), bisect_left(starts, cue.end)):
                marks[token] |= 1 << bit
    return marks


def batches_by_length(lengths: Sequence[int], most_tokens: int) -> list[list[int]]:
    """Rows of like length together, in batches of at most so many tokens with their padding, the short ones first.

    Args:
        lengths: Tokens of each row.
        most_tokens: Most tokens of a batch; a longer row is one of its own.
    """
    batches: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batches and (len(batches[-1]) + 1) * lengths[row] <= most_tokens:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches
