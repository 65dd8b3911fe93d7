"""The network that is fine-tuned: a transformer encoder, and a head that answers questions about what it read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..data.corpus import IGNORED, STANCE_CLASSES
from ..data.schema import SENTIMENTS
from ..data.windows import AFTER, BEFORE, MAX_SLOTS

_HEADS = 4
_SENTIMENT_SHARE = 0.3
"""Weight of the sentiment in the loss, that of the stances being one."""


class StanceNetwork(nn.Module):
    """Encoder, and for each question (a sentence and an actor) the side on every issue and the sentiment.

    The state of an actor is the mean over its slot tokens in the sentence. The state of an issue is the mean over the
    words in the sentence that are its cues, or else over those in the sentences around it; sentiment, which has no
    cues, has a learnt one. Actor and issue together attend once more over all tokens, with a learnt bias for the
    sentence itself and for those near it: what the text says *there of that actor on that topic*.
    All of it, with the mean over the sentence, goes through one hidden layer to the classes.

    Args:
        encoder: A Hugging Face encoder whose embeddings cover the slot tokens.
        slot_ids: Token ids of the slots, in slot order.
        n_issues: Number of issues.
        dropout: Dropout before the heads.
        distillation_share: Weight of a teacher's answers in the loss, where there are some.
        temperature: Softmax temperature at which the teacher's answers were taken.
    """

    def __init__(
        self,
        encoder: nn.Module,
        slot_ids: Sequence[int],
        n_issues: int,
        dropout: float = 0.2,
        distillation_share: float = 0.6,
        temperature: float = 2.0,
    ) -> None:
        super().__init__()
        self.distillation_share, self.temperature = distillation_share, temperature
        self.encoder = encoder
        width: int = encoder.config.hidden_size  # type: ignore[union-attr, assignment]
        self.register_buffer("slot_ids", torch.tensor(list(slot_ids[:MAX_SLOTS])), persistent=False)
        self.topic = nn.Embedding(n_issues + 1, width)
        self.cue_presence = nn.Embedding(3, width)
        for embedding in (self.topic, self.cue_presence):
            nn.init.normal_(embedding.weight, std=0.02)
        # Bias of attention for tokens in the sentence, around it, and elsewhere.
        self.reach = nn.Parameter(torch.tensor([1.0, 0.0, -1.0]).repeat(_HEADS, 1))
        self.query, self.key, self.value = nn.Linear(2 * width, width), nn.Linear(width, width), nn.Linear(width, width)
        self.hidden = nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(dropout)
        self.stance = nn.Linear(width, len(STANCE_CLASSES))
        self.sentiment = nn.Linear(width, len(SENTIMENTS))

    def logits(
        self, input_ids: Tensor, attention_mask: Tensor, sentence_ids: Tensor, cue_mask: Tensor, questions: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Stance logits (windows, questions, issues, classes) and sentiment logits (windows, questions, 3).

        The arguments are the arrays of :class:`stancewire.models.tokens.Batch`.
        """
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        distance = sentence_ids.unsqueeze(1) - questions[..., :1]
        inside = distance == 0
        around = (distance >= -BEFORE) & (distance <= AFTER) & (sentence_ids > 0).unsqueeze(1)
        slots = self.slot_ids[questions[..., 1].clamp(min=0)]  # type: ignore[index]
        actors = _mean(((input_ids.unsqueeze(1) == slots.unsqueeze(2)) & inside).to(states.dtype), states)
        marked = (cue_mask > 0).unsqueeze(1)
        topics, cued = _pool(marked, inside.unsqueeze(2), around.unsqueeze(2), states)
        near = (marked & around.unsqueeze(2)).any(-1).long()
        topics = topics + self.cue_presence(cued + near)
        topics = functional.pad(topics, (0, 0, 0, 1)) + self.topic.weight
        asked = torch.cat([actors.unsqueeze(2).expand_as(topics), topics], dim=-1)
        attended = self._attend(asked, states, attention_mask, inside, around)
        sentence = _mean(inside.to(states.dtype), states).unsqueeze(2).expand_as(attended)
        features = self.dropout(functional.gelu(self.hidden(torch.cat([asked, attended, sentence], dim=-1))))
        return self.stance(features[:, :, :-1]), self.sentiment(features[:, :, -1])

    def _attend(self, asked: Tensor, states: Tensor, attention_mask: Tensor, inside: Tensor, around: Tensor) -> Tensor:
        """Multi-head attention of each question and topic over all tokens: (windows, questions, topics, width)."""
        windows, questions, topics, _ = asked.shape
        width = states.shape[-1]
        part = width // _HEADS
        query = self.query(asked).view(windows, questions * topics, _HEADS, part).transpose(1, 2)
        key = self.key(states).view(windows, -1, _HEADS, part).permute(0, 2, 3, 1)
        value = self.value(states).view(windows, -1, _HEADS, part).transpose(1, 2)
        reaches = torch.stack([inside, around & ~inside, ~around & ~inside], dim=-1).to(states.dtype)
        bias = (reaches @ self.reach.t().to(states.dtype)).permute(0, 3, 1, 2).unsqueeze(3)
        bias = bias.masked_fill((attention_mask == 0)[:, None, None, None], -1e4)
        scores = (query @ key / part**0.5).view(windows, _HEADS, questions, topics, -1) + bias
        attended = scores.softmax(-1).view(windows, _HEADS, questions * topics, -1) @ value
        return attended.transpose(1, 2).reshape(windows, questions, topics, width)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        sentence_ids: Tensor,
        cue_mask: Tensor,
        questions: Tensor,
        stance_labels: Tensor | None = None,
        sentiment_labels: Tensor | None = None,
        stance_targets: Tensor | None = None,
        sentiment_targets: Tensor | None = None,
        **_: Any,
    ) -> dict[str, Tensor]:
        """Logits, and the loss where labels are given (the form that ``transformers.Trainer`` expects)."""
        stance, sentiment = self.logits(input_ids, attention_mask, sentence_ids, cue_mask, questions)
        result = {"stance": stance, "sentiment": sentiment}
        if stance_labels is None or sentiment_labels is None:
            return result
        loss = self._loss(stance, stance_labels, stance_targets)
        loss = loss + _SENTIMENT_SHARE * self._loss(sentiment, sentiment_labels, sentiment_targets)
        return {"loss": loss, **result}

    def _loss(self, logits: Tensor, labels: Tensor, targets: Tensor | None) -> Tensor:
        """Cross-entropy with the labels, and where a teacher answers, in part with its answers."""
        loss = _cross_entropy(logits, labels)
        if targets is None or not (targets > 0).any():
            return loss
        taught = _distillation(logits, targets, self.temperature)
        return (1 - self.distillation_share) * loss + self.distillation_share * taught


def _pool(marked: Tensor, inside: Tensor, around: Tensor, states: Tensor) -> tuple[Tensor, Tensor]:
    """Mean state over marked tokens inside, or over those around where there is none inside; and whether there is.

    Args:
        marked: Shape (windows, questions or 1, …, tokens).
        inside: The tokens of each question's sentence, of a shape that goes with it.
        around: The tokens of the sentences that count for it.
        states: Shape (windows, tokens, width).
    """
    within = (marked & inside).to(states.dtype)
    here = within.sum(-1, keepdim=True).clamp(max=1)
    weights = within + (marked & around).to(states.dtype) * (1 - here)
    return _mean(weights, states), here.squeeze(-1).long()


def _mean(weights: Tensor, states: Tensor) -> Tensor:
    """Weighted means (windows, …, width) of the states, by weights (windows, …, tokens)."""
    flat = weights.flatten(1, -2)
    means = flat @ states / flat.sum(-1, keepdim=True).clamp(min=1e-6)
    return means.view(*weights.shape[:-1], -1)


def _cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    kept = labels != IGNORED
    if not kept.any():
        return logits.sum() * 0.0
    return functional.cross_entropy(logits.float()[kept], labels[kept])


def _distillation(logits: Tensor, targets: Tensor, temperature: float) -> Tensor:
    """Cross-entropy against a teacher's probabilities at a temperature; cells of zeros do not count.

    Scaled by the square of the temperature, as its gradients shrink with that (Hinton, Vinyals and Dean 2015).
    """
    asked = targets.sum(-1) > 0
    found = functional.log_softmax(logits.float()[asked] / temperature, dim=-1)
    return -(targets[asked] * found).sum(-1).mean() * temperature**2
