"""Sentences: where they begin and end, to the character."""

from __future__ import annotations

import random

import pytest

from stancewire.data.corpus import read_labelled
from stancewire.data.sentences import split_sentences


def split(text: str) -> list[str]:
    return [text[span.start : span.end] for span in split_sentences(text)]


@pytest.mark.parametrize(
    "sentences",
    [
        ["The U.S. said no.", "Iran agreed."],
        ["Troops are in the U.S. Navy base.", "They stay."],
        ["He left the U.S.", "The talks went on."],
        ["On Sept. 11 it began.", "It ended in Jan. 2002."],
        ["Mr. Karim met Gen. Li and Sen. Ortiz.", "Dr. Moss did not come."],
        ["Lt. Gen. A. B. Moreau spoke.", "Nobody asked."],
        ["Acme Corp. and Doe Inc. were listed.", "The fine was $1.5 million."],
        ["Is it over?", "Yes!", "It is."],
        ["It met at 5 p.m. on Monday.", "Nobody came at 6 p.m.", "The hall was empty."],
        ["Resolution No. 5 passed.", "Art. 7 did not."],
        ["“We go.", "It is over,” she said.", "He stayed."],
        ['"We go.', 'It is over," she said.', "He stayed."],
        ["She said “no.”", "He said “yes.”"],
        ["It was 3.14 per cent.", "It fell."],
        ["The bloc (of 27 states) agreed.", "(It took a year.)"],
    ],
)
def test_boundaries(sentences):
    assert split(" ".join(sentences)) == sentences


def test_a_headline_never_joins_the_text():
    assert split("Bloc weighs ban\n\nThe bloc met.") == ["Bloc weighs ban", "The bloc met."]
    assert split("Bloc weighs ban\nThe bloc met.") == ["Bloc weighs ban", "The bloc met."]


def test_a_missing_space_is_a_boundary():
    assert split("It is in Asia.Russian troops left.") == ["It is in Asia.", "Russian troops left."]


@pytest.mark.parametrize("dash", ["-", "—", "–"])
def test_a_dateline_belongs_to_its_sentence(dash):
    text = f"BEIRUT, Jan. 3 {dash} Envoys met. Nobody spoke."
    assert split(text) == [f"BEIRUT, Jan. 3 {dash} Envoys met.", "Nobody spoke."]


@pytest.mark.parametrize("text", ["", " ", "\n\n\t", "\u00a0"])
def test_white_space_has_no_sentences(text):
    assert split_sentences(text) == []


def test_one_word_is_a_sentence():
    assert split("Yes") == ["Yes"]


def check(text: str) -> None:
    spans = split_sentences(text)
    done = 0
    for span in spans:
        assert done <= span.start < span.end <= len(text)
        assert not text[done : span.start].strip()
        assert text[span.start : span.end] == text[span.start : span.end].strip()
        done = span.end
    assert not text[done:].strip()


def test_every_character_lies_in_exactly_one_sentence():
    for labelled in read_labelled("corpus"):
        check(labelled.article.text)


def test_any_text_can_be_split():
    pieces = [
        "U.S.",
        "Mr.",
        " ",
        "\n",
        "“",
        "”",
        '"',
        ".",
        "?!",
        "…",
        "A",
        "b",
        "No.",
        "5",
        "é",
        "(",
        ")",
        "‘",
        "—",
        "Asia.Rus",
    ]
    chance = random.Random(5)
    for _ in range(600):
        check("".join(chance.choice(pieces) for _ in range(chance.randint(1, 30))))


def test_the_corpus_is_split_as_its_annotators_did():
    found = gold = agreed = 0
    for labelled in read_labelled("corpus"):
        ends = {span.end for span in split_sentences(labelled.article.text)}
        wanted = {span.end for span in labelled.sentences}
        found, gold, agreed = found + len(ends), gold + len(wanted), agreed + len(ends & wanted)
    assert gold > 1000
    assert 2 * agreed / (found + gold) >= 0.98
