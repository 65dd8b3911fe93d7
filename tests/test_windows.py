"""What the model reads: names replaced by slots, the same text for swapped actors."""

from __future__ import annotations

from stancewire.data.actors import ActorResolver
from stancewire.data.schema import Article
from stancewire.data.sentences import split_sentences
from stancewire.data.windows import MAX_SLOTS, SLOT_TOKENS, Window, group_by_sentence, make_window


def windows(text: str, **fields: str) -> list[Window]:
    sentences = split_sentences(text)
    mentions = group_by_sentence(sentences, ActorResolver().resolve(Article("a", text, **fields), sentences))
    return [make_window(text, sentences, mentions, index) for index in range(len(sentences))]


def test_every_mention_is_replaced_by_the_slot_of_its_actor() -> None:
    (window,) = windows("Russia told the United States that Moscow would not accept American bases in Poland.")
    assert window.actors == ("Russia", "United States", "Poland")
    assert window.target == "[A0] told the [A1] that [A0] would not accept [A1] bases in [A2]."


def test_swapping_two_names_gives_the_same_text_and_swapped_slots() -> None:
    (one,) = windows("Kenya lifted its sanctions on Ethiopia after Ethiopian envoys came to Nairobi.")
    (other,) = windows("Ethiopia lifted its sanctions on Kenya after Kenyan envoys came to Addis Ababa.")
    assert one.target == other.target
    assert one.actors == ("Kenya", "Ethiopia")
    assert other.actors == ("Ethiopia", "Kenya")


def test_context_is_two_sentences_before_and_one_after() -> None:
    parts = windows("Chile spoke. Peru spoke. Cuba spoke. Iran spoke. Iraq spoke. Mali spoke.")
    assert parts[3].before == "[A0] spoke. [A1] spoke."
    assert parts[3].target == "[A2] spoke."
    assert parts[3].after == "[A3] spoke."
    assert parts[3].actors == ("Peru", "Cuba", "Iran", "Iraq")
    assert parts[3].in_target == (False, False, True, False)


def test_words_of_a_pronoun_stay_beside_its_slot() -> None:
    window = windows("Lavrov spoke for Russia on Monday. He warned the others.", published="2022-03-01")[1]
    assert window.target.startswith("He [A0] warned")


def test_first_person_is_the_speaker() -> None:
    (window,) = windows("We call for the lifting of the embargo.", speaker="Cuba")
    assert window.actors == ("Cuba",)
    assert "[A0]" in window.target


def test_actors_beyond_the_last_slot_stay_masked() -> None:
    names = [
        "Chile",
        "Peru",
        "Cuba",
        "Iran",
        "Iraq",
        "Mali",
        "Ghana",
        "Kenya",
        "Nepal",
        "Laos",
        "Qatar",
        "Oman",
        "Fiji",
        "Togo",
    ]
    (window,) = windows(f"The meeting of {', '.join(names)} ended.")
    assert window.actors == tuple(names[:MAX_SLOTS])
    assert window.target.count("[AX]") == len(names) - MAX_SLOTS
    assert not any(name in window.target for name in names)
    assert SLOT_TOKENS[-1] in window.target
