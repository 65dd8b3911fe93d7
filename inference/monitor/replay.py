"""What a model says of real stories whose sides are known, to replay it in made-up streams.

The labels of a replayed story are wrong as those of one article are: its rows together, of two minds or not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from ...data.corpus import LabelledArticle
from ...data.names import alternatives, normalise_name, same_actor
from ...data.schema import STANCES, Position

NO_SIDE = len(STANCES)
Weights = tuple[float, float, float]
Stories = dict[int, list[Weights]]
"""By true side (indices into ``STANCES``, then ``NO_SIDE``) the weights of the labels of each story."""


def read_stories(gold: Sequence[LabelledArticle], positions: Iterable[Position]) -> Stories:
    """The stories of an actor on an issue on which a model has a row.

    Args:
        gold: Labelled articles.
        positions: What the model says of them.

    Returns:
        Stories by the side that the annotations of the actor on the issue take most often there.
    """
    rows: dict[tuple[str, str, str], np.ndarray] = defaultdict(lambda: np.zeros(len(STANCES)))
    for one in positions:
        if one.kind == "stance":
            rows[one.article_id, one.actor, one.issue][STANCES.index(one.label)] += one.confidence
    sides: dict[tuple[str, str], list[tuple[frozenset[str], str]]] = defaultdict(list)
    for article in gold:
        for stance in article.stances:
            sides[article.article.id, stance.issue].append((alternatives(stance.actor), stance.stance))
    found: Stories = {side: [] for side in range(NO_SIDE + 1)}
    for (article, actor, issue), weights in sorted(rows.items()):
        name = normalise_name(actor)
        taken = [STANCES.index(label) for names, label in sides[article, issue] if same_actor(name, names)]
        side = int(np.bincount(taken).argmax()) if taken else NO_SIDE
        support, oppose, neutral = (weights / weights.sum()).tolist()
        found[side].append((support, oppose, neutral))
    return found
