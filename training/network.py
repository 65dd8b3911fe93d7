"""The network that is fine-tuned: a transformer encoder with a head that reads off the answers for each actor slot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..data.corpus import IGNORED, STANCE_CLASSES
from ..data.schema import SENTIMENTS
from ..data.windows import MAX_SLOTS


class StanceNetwork(nn.Module):
    """Encoder, and one question for each actor slot: its side on every issue, and the sentiment toward it.

    The state of an actor is the mean over its slot tokens in the sentence (over the context's where the sentence does
    not mention it). The state of an issue is the mean over the words that are its cues, likewise; sentiment, which has
    no cues, has a learnt one. Actor and issue together attend once more over all tokens: what the text says *of that
    actor on that matter*. All of it, with the mean over the sentence, goes through one hidden layer to the classes.

    Args:
        encoder: A Hugging Face encoder whose embeddings cover the slot tokens.
        slot_ids: Token ids of the slots, in slot order.
        n_issues: Number of issues.
        dropout: Dropout before the heads.
    """

    def __init__(self, encoder: nn.Module, slot_ids: Sequence[int], n_issues: int, dropout: float = 0.2) -> None:
        super().__init__()
        self.encoder = encoder
        width: int = encoder.config.hidden_size  # type: ignore[union-attr, assignment]
        # RoBERTa, MPNet and their like have one segment only: they are told the sentence from its context by our own.
        self.has_types = getattr(encoder.config, "type_vocab_size", 0) >= 2
        if not self.has_types:
            self.segment = nn.Embedding(2, width)
            nn.init.normal_(self.segment.weight, std=0.02)
        self.register_buffer("slot_ids", torch.tensor(list(slot_ids[:MAX_SLOTS])), persistent=False)
        self.place = nn.Embedding(2, width)
        self.matter = nn.Embedding(n_issues + 1, width)
        self.cue_place = nn.Embedding(3, width)
        for embedding in (self.place, self.matter, self.cue_place):
            nn.init.normal_(embedding.weight, std=0.02)
        self.query, self.key, self.value = nn.Linear(2 * width, width), nn.Linear(width, width), nn.Linear(width, width)
        self.hidden = nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(dropout)
        self.stance = nn.Linear(width, len(STANCE_CLASSES))
        self.sentiment = nn.Linear(width, len(SENTIMENTS))

    def logits(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor, cue_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Stance logits (windows, slots, issues, classes) and sentiment logits (windows, slots, 3)."""
        states = self._encode(input_ids, attention_mask, token_type_ids)
        in_sentence = (token_type_ids == 1).unsqueeze(1)
        actors, mentioned = _pool(input_ids.unsqueeze(1) == self.slot_ids.view(1, -1, 1), in_sentence, states)  # type: ignore[operator, union-attr]
        actors = actors + self.place(mentioned)
        matters, cued = _pool(cue_mask > 0, in_sentence, states)
        matters = matters + self.cue_place(cued + (cue_mask.sum(-1) > 0))
        matters = functional.pad(matters, (0, 0, 0, 1)) + self.matter.weight
        asked = self._cross(actors, matters)
        scores = (self.query(asked) / asked.shape[-1] ** 0.5) @ self.key(states).transpose(1, 2).unsqueeze(1)
        scores = scores.masked_fill((attention_mask == 0)[:, None, None], -1e4)
        read = scores.softmax(-1) @ self.value(states).unsqueeze(1)
        sentence = _mean(in_sentence.to(states.dtype), states).unsqueeze(1).expand(*read.shape)
        features = self.dropout(functional.gelu(self.hidden(torch.cat([asked, read, sentence], dim=-1))))
        return self.stance(features[:, :, :-1]), self.sentiment(features[:, :, -1])

    def _encode(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """Last hidden states (windows, tokens, width)."""
        if self.has_types:
            inputs = {"input_ids": input_ids, "token_type_ids": token_type_ids}
        else:
            words = self.encoder.get_input_embeddings()(input_ids)  # type: ignore[operator]
            inputs = {"inputs_embeds": words + self.segment(token_type_ids)}
        return self.encoder(attention_mask=attention_mask, **inputs).last_hidden_state

    @staticmethod
    def _cross(actors: Tensor, matters: Tensor) -> Tensor:
        """Every actor beside every matter: (windows, slots, matters, 2 × width)."""
        shape = (-1, actors.shape[1], matters.shape[1], -1)
        return torch.cat([actors.unsqueeze(2).expand(*shape), matters.unsqueeze(1).expand(*shape)], dim=-1)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor,
        cue_mask: Tensor,
        stance_labels: Tensor | None = None,
        sentiment_labels: Tensor | None = None,
        **_: Any,
    ) -> dict[str, Tensor]:
        """Logits, and the loss where labels are given (the form that ``transformers.Trainer`` expects)."""
        stance, sentiment = self.logits(input_ids, attention_mask, token_type_ids, cue_mask)
        result = {"stance": stance, "sentiment": sentiment}
        if stance_labels is not None and sentiment_labels is not None:
            loss = _cross_entropy(stance, stance_labels) + 0.3 * _cross_entropy(sentiment, sentiment_labels)
            return {"loss": loss, **result}
        return result


def _pool(marked: Tensor, in_sentence: Tensor, states: Tensor) -> tuple[Tensor, Tensor]:
    """Mean state over marked tokens in the sentence, or over all where it has none; and whether it has (0 or 1).

    Args:
        marked: Shape (windows, things, tokens).
        in_sentence: Shape (windows, 1, tokens).
        states: Shape (windows, tokens, width).
    """
    inside = (marked & in_sentence).to(states.dtype)
    here = inside.sum(-1, keepdim=True).clamp(max=1)
    return _mean(inside + marked.to(states.dtype) * (1 - here), states), here.squeeze(-1).long()


def _mean(weights: Tensor, states: Tensor) -> Tensor:
    return weights @ states / weights.sum(-1, keepdim=True).clamp(min=1e-6)


def _cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    kept = labels != IGNORED
    if not kept.any():
        return logits.sum() * 0.0
    return functional.cross_entropy(logits.float()[kept], labels[kept])
