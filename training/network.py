"""The network that is fine-tuned: a transformer encoder with a head that reads off one answer for each actor slot."""

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
    """Encoder, slot pooling and two linear heads.

    The state of an actor is the mean over its slot tokens in the sentence (over the context's where the sentence does
    not mention it). It then attends once more over all tokens, as a query of its own: what the sentence says *of that
    actor*. Both, with the mean over the sentence, go through one hidden layer to issue × class and to sentiment.

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
        self.n_issues = n_issues
        self.register_buffer("slot_ids", torch.tensor(list(slot_ids[:MAX_SLOTS])), persistent=False)
        self.query, self.key, self.value = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width)
        self.place = nn.Embedding(2, width)
        nn.init.normal_(self.place.weight, std=0.02)
        self.hidden = nn.Linear(3 * width, width)
        self.dropout = nn.Dropout(dropout)
        self.stance = nn.Linear(width, n_issues * len(STANCE_CLASSES))
        self.sentiment = nn.Linear(width, len(SENTIMENTS))

    def logits(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Stance logits (windows, slots, issues, classes) and sentiment logits (windows, slots, 3)."""
        states = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        is_slot = input_ids.unsqueeze(1) == self.slot_ids.view(1, -1, 1)  # type: ignore[operator, union-attr]
        in_sentence = (token_type_ids == 1).unsqueeze(1)
        inside = (is_slot & in_sentence).to(states.dtype)
        anywhere = is_slot.to(states.dtype)
        mentioned = inside.sum(-1, keepdim=True).clamp(max=1)
        actors = _mean(inside * mentioned + anywhere * (1 - mentioned), states)
        actors = actors + self.place(mentioned.squeeze(-1).long())
        scores = self.query(actors) @ self.key(states).transpose(1, 2) / states.shape[-1] ** 0.5
        scores = scores.masked_fill((attention_mask == 0).unsqueeze(1), -1e4)
        read = scores.softmax(-1) @ self.value(states)
        sentence = _mean(in_sentence.to(states.dtype), states).expand_as(actors)
        features = self.dropout(functional.gelu(self.hidden(torch.cat([actors, read, sentence], dim=-1))))
        stance = self.stance(features).unflatten(-1, (self.n_issues, len(STANCE_CLASSES)))
        return stance, self.sentiment(features)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor,
        stance_labels: Tensor | None = None,
        sentiment_labels: Tensor | None = None,
        **_: Any,
    ) -> dict[str, Tensor]:
        """Logits, and the loss where labels are given (the form that ``transformers.Trainer`` expects)."""
        stance, sentiment = self.logits(input_ids, attention_mask, token_type_ids)
        result = {"stance": stance, "sentiment": sentiment}
        if stance_labels is not None and sentiment_labels is not None:
            loss = _cross_entropy(stance, stance_labels) + 0.3 * _cross_entropy(sentiment, sentiment_labels)
            return {"loss": loss, **result}
        return result


def _mean(weights: Tensor, states: Tensor) -> Tensor:
    return weights @ states / weights.sum(-1, keepdim=True).clamp(min=1e-6)


def _cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    kept = labels != IGNORED
    if not kept.any():
        return logits.sum() * 0.0
    return functional.cross_entropy(logits.float()[kept], labels[kept])
