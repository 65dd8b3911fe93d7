"""Whom or where a position concerns."""

from __future__ import annotations

import pytest

from stancewire.data.actors import ActorResolver
from stancewire.data.issues import load_issues
from stancewire.data.objects import ObjectFinder
from stancewire.data.schema import Article
from stancewire.data.sentences import split_sentences
from stancewire.data.windows import group_by_sentence

ISSUES = {issue.id: issue for issue in load_issues()}


def objects(text: str, sentence: int, actor: str, issue: str) -> list[str]:
    sentences = split_sentences(text)
    mentions = group_by_sentence(sentences, ActorResolver().resolve(Article("a", text), sentences))
    return ObjectFinder(text, sentences, mentions, ISSUES[issue]).find(sentence, actor)


@pytest.mark.parametrize(
    ("text", "actor", "issue", "expected"),
    [
        ("Japan imposed new sanctions on Russia with Canada.", "Japan", "sanctions", ["Russia"]),
        ("Spain, Peru said, would not recognise Kosovo.", "Spain", "recognition", ["Kosovo"]),
        ("Peru welcomed recognition of the state of Palestine by Spain.", "Peru", "recognition", ["Palestine"]),
        (
            "Chad told Egypt that French troops in Mali should leave.",
            "Chad",
            "foreign_military_presence",
            ["France", "Mali"],
        ),
        ("Cuba condemned the embargo.", "Cuba", "sanctions", []),
    ],
)
def test_the_name_that_a_cue_governs_is_the_object(text: str, actor: str, issue: str, expected: list[str]) -> None:
    assert sorted(objects(text, 0, actor, issue)) == sorted(expected)


def test_a_sentence_without_one_takes_that_of_the_article() -> None:
    text = "The EU kept its sanctions on Belarus. Poland, unlike Hungary, wants the penalties to stay."
    assert objects(text, 1, "Poland", "sanctions") == ["Belarus"]


def test_where_no_cue_governs_a_name_the_nearest_other_is_read() -> None:
    assert objects("Iran told Japan that the embargo hurt.", 0, "Iran", "sanctions") == ["Japan"]
    assert objects("Iran spoke in Japan. It called the embargo cruel.", 1, "Iran", "sanctions") == ["Japan"]
