"""What the model reads: names replaced by slots, the same text for swapped actors, every sentence asked about once."""

from __future__ import annotations

from stancewire.data.actors import ActorResolver
from stancewire.data.schema import Article
from stancewire.data.sentences import split_sentences
from stancewire.data.windows import MAX_SLOTS, SLOT_TOKENS, WORDS, Window, group_by_sentence, make_windows


def windows(text: str, **fields: str) -> list[Window]:
    sentences = split_sentences(text)
    mentions = group_by_sentence(sentences, ActorResolver().resolve(Article("a", text, **fields), sentences))
    return make_windows(text, sentences, mentions)


def test_every_mention_is_replaced_by_the_slot_of_its_actor() -> None:
    (window,) = windows("Russia told the United States that Moscow would not accept American bases in Poland.")
    assert window.actors == ("Russia", "United States", "Poland")
    assert window.texts[0] == "[A0] told the [A1] that [A0] would not accept [A1] bases in [A2]."


def test_swapping_two_names_gives_the_same_text_and_swapped_slots() -> None:
    (one,) = windows("Kenya lifted its sanctions on Ethiopia after Ethiopian envoys came to Nairobi.")
    (other,) = windows("Ethiopia lifted its sanctions on Kenya after Kenyan envoys came to Addis Ababa.")
    assert one.texts == other.texts
    assert one.actors == ("Kenya", "Ethiopia")
    assert other.actors == ("Ethiopia", "Kenya")


def test_a_sentence_is_asked_about_the_actors_that_it_mentions() -> None:
    (window,) = windows("Chile spoke. Peru spoke to Cuba. Rain fell. Iran and Iraq spoke. Nobody left.")
    asked = [(q.sentence, window.actors[q.slot]) for q in window.questions]
    assert asked == [(0, "Chile"), (1, "Peru"), (1, "Cuba"), (3, "Iran"), (3, "Iraq")]


def test_a_long_article_is_cut_into_windows_that_share_their_edges() -> None:
    sentence = "Chile told Peru on Monday that the talks about the border would go on for a week. "
    parts = windows((sentence * 40).strip())
    assert [index for part in parts for index in part.asked] == list(range(40))
    assert all(WORDS / 2 < len(part.asked) * 17 < WORDS + 17 for part in parts)
    assert parts[1].first == parts[1].asked.start - 2
    assert len(parts[1].texts) == 2 + len(parts[1].asked) + 1
    assert {q.sentence for part in parts for q in part.questions} == set(range(40))


def test_another_name_in_its_place_cuts_the_same_windows() -> None:
    sentence = "Chile told Peru on Monday that the talks about the border would go on for a week. "
    short, long = sentence * 40, sentence.replace("Peru", "the United Arab Emirates") * 40
    assert [part.asked for part in windows(short.strip())] == [part.asked for part in windows(long.strip())]


def test_actors_that_find_no_slot_begin_another_window() -> None:
    states = "Chile Peru Cuba Iran Iraq Mali Ghana Kenya Nepal Laos Qatar Oman Fiji Togo Malta Samoa".split()
    first, second = windows(f"The meeting of {', '.join(states)} ended. Brazil and Angola opposed the sanctions.")
    assert first.asked == range(1)
    asked = [second.actors[question.slot] for question in second.questions if question.sentence == 1]
    assert asked == ["Brazil", "Angola"]
    assert second.actors[:2] == ("Brazil", "Angola")


def test_a_stretch_without_actors_is_not_asked_about() -> None:
    assert windows("The rain went on. Nobody came.") == []


def test_words_of_a_pronoun_stay_beside_its_slot() -> None:
    (window,) = windows("Lavrov spoke for Russia on Monday. He warned the others.", published="2022-03-01")
    assert window.texts[1].startswith("He [A0] warned")


def test_first_person_is_the_speaker() -> None:
    (window,) = windows("We call for the lifting of the embargo.", speaker="Cuba")
    assert window.actors == ("Cuba",)
    assert "[A0]" in window.texts[0]


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
        "Malta",
        "Samoa",
        "Tonga",
        "Belize",
    ]
    (window,) = windows(f"The meeting of {', '.join(names)} ended.")
    assert window.actors == tuple(names[:MAX_SLOTS])
    assert window.texts[0].count("[AX]") == len(names) - MAX_SLOTS
    assert not any(name in window.texts[0] for name in names)
    assert SLOT_TOKENS[-1] in window.texts[0]
