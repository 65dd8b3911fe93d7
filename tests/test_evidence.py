"""The words behind a position."""

from __future__ import annotations

import pytest

from stancewire.data.errors import StancewireError
from stancewire.data.schema import Article
from stancewire.inference.evidence import find_evidence
from stancewire.inference.scorer import Scorer

TEXT = (
    "Talks in Geneva went on. Japan on Friday imposed new sanctions on Russia over the shipment, officials said. "
    "The yen rose."
)


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer.from_pretrained()


def test_the_words_that_carry_a_position_are_its_verb_and_its_cue(scorer: Scorer) -> None:
    article = Article("a", TEXT)
    row = next(row for row in scorer.score(article) if (row.actor, row.issue) == ("Japan", "sanctions"))
    words = find_evidence(scorer, article, row)
    assert {"imposed", "sanctions"} & {word.text for word in words[:2]}
    assert all(TEXT[word.start : word.end] == word.text for word in words)
    assert [word.weight for word in words] == sorted((word.weight for word in words), reverse=True)
    assert all(0 < word.weight <= 1 for word in words)
    assert not {"Japan", "Russia"} & {word.text for word in words}


def test_a_position_of_another_article_is_refused(scorer: Scorer) -> None:
    row = scorer.score(Article("a", TEXT))[0]
    with pytest.raises(StancewireError, match="not of article b"):
        find_evidence(scorer, Article("b", TEXT), row)
