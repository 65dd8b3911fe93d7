"""Who is named by which words: every kind of rule, on sentences that occur in no data set."""

from __future__ import annotations

import pytest

from stancewire.data.actor_evaluation import read_actor_gold, score_mentions
from stancewire.data.actors import ActorResolver
from stancewire.data.schema import Article, Mention
from stancewire.data.sentences import split_sentences


@pytest.fixture(scope="module")
def resolver() -> ActorResolver:
    return ActorResolver()


@pytest.fixture(scope="module")
def read(resolver):
    """Reads a text; gives its mentions as ``(words, actors)`` in order."""

    def _read(text: str, published: str | None = "2024-05-06", speaker: str | None = None) -> list[tuple[str, tuple]]:
        article = Article("a", text, published=published, speaker=speaker)
        return [(text[m.start : m.end], m.actors) for m in resolver.resolve(article, split_sentences(text))]

    return _read


def actors_of(mentions: list[tuple[str, tuple]], words: str) -> list[tuple]:
    return [actors for surface, actors in mentions if surface == words]


def named(mentions: list[tuple[str, tuple]]) -> set[str]:
    return {actor for _, actors in mentions for actor in actors}


# -- offices ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "actor"),
    [
        ("Russian Foreign Minister Sergey Vetrov arrived.", "Russia"),
        ("Vetrosław Brzoza, the Polish defence minister, arrived.", "Poland"),
        ("Kenya's Foreign Minister Wanjiku Ochieng arrived.", "Kenya"),
        ("The Kremlin said no.", "Russia"),
        ("The Chilean foreign ministry said no.", "Chile"),
        ("The Chilean government said no.", "Chile"),
        ("Nairobi said no.", "Kenya"),
        ("Tehran officials said no.", "Iran"),
        ("Zabihullah Mujahid said no.", "Taliban"),
        ("The Islamic Emirate said no.", "Taliban"),
        ("Colonel Goita said no.", "Mali"),
        ("Mr. Putin's envoy said no.", "Russia"),
    ],
)
def test_an_office_stands_for_its_state(read, text, actor):
    assert named(read(text)) == {actor}


@pytest.mark.parametrize(
    ("text", "actor"),
    [
        ("Former president Hamid Karzai said no.", "Hamid Karzai"),
        ("Sen. Orville Quigley said no.", "Orville Quigley"),
        ("House Speaker Nancy Pelosi said no.", "Nancy Pelosi"),
        ("Opposition leader Maria Corina Machado said no.", "Maria Corina Machado"),
        ("The analyst Ruth Applegate said no.", "Ruth Applegate"),
        ("Senator Cruz said no.", "Ted Cruz"),
        ("Rep. Edward R. Royce said no.", "Ed Royce"),
    ],
)
def test_who_holds_no_office_of_government_stands_for_himself(read, text, actor):
    assert named(read(text)) == {actor}


def test_an_office_is_held_for_its_years_only(read):
    assert named(read("Hillary Clinton backs sanctions.", "2011-03-01")) == {"United States"}
    assert named(read("Hillary Clinton backs sanctions.", "2016-03-01")) == {"Hillary Clinton"}
    assert named(read("Donald Trump opposes it.", "2016-03-01")) == {"Donald Trump"}
    assert named(read("Donald Trump opposes it.", "2018-03-01")) == {"United States"}


def test_an_unknown_minister_and_everything_that_takes_him_up(read):
    mentions = read(
        "Russian Foreign Minister Sergey Vetrov warned NATO against a base in Afghanistan. "
        "Vetrov added that he would not wait. The ministry declined to comment. The alliance did not answer. "
        "Both sides will meet in June."
    )
    assert actors_of(mentions, "Russian Foreign Minister Sergey Vetrov") == [("Russia",)]
    assert actors_of(mentions, "Vetrov") == [("Russia",)]
    assert actors_of(mentions, "he") == [("Russia",)]
    assert actors_of(mentions, "The ministry") == [("Russia",)]
    assert actors_of(mentions, "The alliance") == [("NATO",)]
    assert [set(actors) for actors in actors_of(mentions, "Both sides")] == [{"Russia", "NATO"}]


def test_the_group_is_the_movement_met_before(read):
    mentions = read("Kenya condemned Hamas. The group rejected the charge, saying its leader had not been asked.")
    assert actors_of(mentions, "The group") == [("Hamas",)]
    assert actors_of(mentions, "its leader") == [("Hamas",)]


# -- legislatures, parties, groups -----------------------------------------------------------------------------------


def test_legislatures_and_groups_keep_their_names(read):
    assert named(read("The Iraqi parliament voted.")) == {"Iraqi Parliament"}
    assert "Nigerian Senate" in named(read("Nigeria's Senate met. The Senate said no."))
    assert "US Senate" not in named(read("Nigeria's Senate met. The Senate said no."))
    assert named(read("French lawmakers and German MPs objected.")) == {"French lawmakers", "German MPs"}


def test_bare_words_of_politics_are_american_where_its_politics_is_the_matter(read):
    text = "Congress debated Sudan in Washington. Other senators objected. The House voted for it. Lawmakers left."
    assert {"US Congress", "US senators", "US House of Representatives", "US lawmakers"} <= named(read(text))
    assert not {"US senators", "US lawmakers"} & named(read("Lawmakers in Ghana objected. Ghana's senators left."))


def test_party_names_inside_other_names_are_not_parties(read):
    assert "Republican Party" not in named(read("The Republican Guard marched in Tehran."))
    assert "Democratic Party" not in named(read("The small Social Democratic Party objected."))
    assert "Democratic Party" not in named(read("Ann Lee, a Democrat of Ohio, objected in Washington."))
    assert "Democratic Party" in named(read("Democrats in Washington objected."))


def test_acronyms_of_parties_count_where_their_state_is_named(read):
    assert "Pakistan Peoples Party" in named(read("In Pakistan the PPP objected."))
    assert "Pakistan Peoples Party" not in named(read("In Finland the PPP objected."))


# -- surnames and pronouns -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "actor"),
    [
        ('"It is ripe," said Wexli Trandibar, a member of the committee.', "Wexli Trandibar"),
        ("Quorra Stenvald, whose party won, wants them out.", "Quorra Stenvald"),
        ("In the evening Quorra Stenvald said she was against it.", "Quorra Stenvald"),
        ("Fighting near Quorra Stenvald, a town of 9,000, went on.", ""),
        ("Camp Trandibar, a base in the north, was hit.", ""),
        ("Norway waited, and Quorra Stenvald, the foreign minister, spoke.", "Norway"),
        ("The Workers' Reform Party is against it.", "Workers' Reform Party"),
        ("The Lithuanian Veterans League wants them home.", "Lithuanian Veterans League"),
        ("The Campaign for Open Borders asked for its end.", ""),
    ],
)
def test_persons_and_organisations_of_which_no_word_is_known(read, text, actor):
    assert named(read(text)) == ({actor} if actor else set())


def test_surname_first_names(read):
    mentions = read("Xi Jinping met Moon Jae-in. Xi said China would wait, and Moon agreed.", "2019-05-02")
    assert actors_of(mentions, "Xi") == [("China",)]
    assert actors_of(mentions, "Moon") == [("South Korea",)]


def test_the_north_and_the_south_need_korea(read):
    assert actors_of(read("North Korea fired. The North denied it."), "North") == [("North Korea",)]
    assert not actors_of(read("The North Sea is cold. The North is cold."), "North")


def test_a_list_is_taken_up_as_a_whole(read):
    mentions = read("Germany, France and Italy extended their sanctions.")
    assert actors_of(mentions, "their") == [("Germany", "France", "Italy")]


def test_possessive_and_office_are_one_mention_of_the_owner(read):
    mentions = read("Chile rejected the plan. Its foreign minister said no.")
    assert actors_of(mentions, "Its foreign minister") == [("Chile",)]


def test_a_pronoun_after_somebody_without_a_name_stays_open(read):
    mentions = read("Vladimir Putin visited Omsk. A farmer said he would leave.")
    assert not actors_of(mentions, "he")


def test_she_is_not_he(read):
    mentions = read("Mrs. Merkel met Mr. Putin in Berlin. She refused.", "2019-05-02")
    assert actors_of(mentions, "She") == [("Germany",)]


@pytest.mark.parametrize("mark", ["'", "’"])
def test_apostrophes_of_both_kinds(read, mark):
    assert named(read(f"Peru{mark}s president left.")) == {"Peru"}


# -- speech ----------------------------------------------------------------------------------------------------------


def test_first_person_is_the_speaker_of_the_document(read):
    mentions = read("We reject the sanctions. They hurt my country.", speaker="Ghana")
    assert actors_of(mentions, "We") == [("Ghana",)]
    assert actors_of(mentions, "my country") == [("Ghana",)]


def test_first_person_without_a_speaker_stays_open(read):
    assert read("We reject it. I know it.") == []


def test_the_speaker_of_a_quote_stands_before_or_after_it(read):
    after = read("“We reject it. It will not pass,” President Nana Akufo-Addo said in Ghana.", "2020-01-01")
    assert actors_of(after, "We") == [("Ghana",)]
    before = read("Ghana's President Nana Akufo-Addo said: “We reject it. It will not pass.”", "2020-01-01")
    assert actors_of(before, "We") == [("Ghana",)]
    assert [actors for words, actors in before if words == ""] == [("Ghana",)]


def test_a_quote_of_nobody_has_no_speaker(read):
    mentions = read("Ghana closed the border. “I am ruined,” said a trader.")
    assert not actors_of(mentions, "I")


def test_transcript_labels(read):
    text = (
        "QUESTION: Will you lift the sanctions, Mr. Secretary?\nSECRETARY POMPEO: We will not.\n"
        "QUESTION: May I ask again?\nMR. PALLADINO: I have nothing on that."
    )
    mentions = read(text, "2019-05-02", "United States")
    assert actors_of(mentions, "SECRETARY POMPEO") == actors_of(mentions, "We") == [("United States",)]
    assert actors_of(mentions, "Mr. Secretary") == [("United States",)]
    assert actors_of(mentions, "I") == [("United States",)], "the reporter's I is nobody's"


def test_a_guest_in_a_transcript_speaks_for_his_own_state(read):
    text = "Q Why do you send police to Haiti?\nPRESIDENT RUTO: We have a duty.\nTHE PRESIDENT: We thank Kenya."
    assert actors_of(read(text, "2024-05-23", "United States"), "We") == [("Kenya",), ("United States",)]


# -- ambiguous names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Georgia Gov. Brian Kemp spoke.",
        "Michael Jordan spoke.",
        "Jordan Henderson spoke.",
        "Jim Jordan spoke in Ohio.",
        "Farmers in the Niger Delta spoke.",
        "They ate roast turkey.",
        "Georgia voters and voters in Arizona spoke.",
        "The Panama Canal silted up.",
        "A crowd gathered in Little Havana.",
        "Cadets at West Point drilled.",
    ],
)
def test_a_name_that_means_something_else_is_no_state(read, text):
    states = {"Georgia", "Jordan", "Chad", "Niger", "Turkey", "Panama", "Cuba", "West"}
    assert not states & named(read(text))


@pytest.mark.parametrize("state", ["Georgia", "Jordan", "Chad", "Niger", "Turkey"])
def test_ambiguous_names_are_states_where_a_state_acts(read, state):
    assert actors_of(read(f"{state} expelled the French troops on Monday."), state) == [(state,)]
    assert state in named(read(f"Iran recognised the government of {state}."))


@pytest.mark.parametrize(("published", "actor"), [("2021-08-01", "Afghanistan"), ("2021-09-01", "Taliban")])
def test_kabul_before_and_after_the_takeover(read, published, actor):
    assert named(read("Kabul asked for recognition.", published)) == {actor}


@pytest.mark.parametrize(
    "text",
    [
        "He signed an Executive Order on Cuba. The Order imposes sanctions.",
        "Pursuant to Executive Orders 13224 and 13382, the assets were blocked. The Order stands.",
        "The Executive Board met. The Board agreed.",
        "General License 44 on trade with Cuba had expired.",
    ],
)
def test_papers_and_boards_are_no_persons(read, text):
    assert named(read(text)) <= {"United States", "Cuba"}


@pytest.mark.parametrize(
    ("text", "actor"),
    [
        ("The U.S.-backed Kurdish forces withdrew.", "Syrian Democratic Forces"),
        ("The Kurdish-led alliance withdrew.", "Syrian Democratic Forces"),
        ("All UN member states agreed.", "UN member states"),
        ("All States Members of the United Nations agreed.", "UN member states"),
        ("Most South American governments agreed.", "South American nations"),
        ("The Central American presidents agreed.", "Central American states"),
        ("Several Latin American countries agreed.", "Latin American countries"),
        ("The WTO agreed.", "World Trade Organization"),
        ("The Panel of Experts on Sudan agreed.", "UN Panel of Experts"),
        ("The CSCE agreed.", "CSCE"),
        ("Greek Cypriots agreed.", "Greek Cypriots"),
        ("The Greek Cypriot government agreed.", "Cyprus"),
        ("The Turkish Cypriot leader agreed.", "Northern Cyprus"),
        ("Bagong Alyansang Makabayan agreed.", "Bayan"),
    ],
)
def test_collective_actors_have_names_of_their_own(read, text, actor):
    assert actor in named(read(text))


def test_a_diplomat_at_a_body_does_not_speak_for_it(read):
    mentions = read("A Security Council diplomat said it was blocked. He gave no name.")
    assert actors_of(mentions, "Security Council") == [("UN Security Council",)]
    assert not actors_of(mentions, "He")
    assert actors_of(read("Peru recalled its ambassador to the United Nations."), "its ambassador") == [("Peru",)]
    assert actors_of(read("The UN envoy said no."), "The UN envoy") == [("UN",)]


# -- properties ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        "{0} condemned {1}, and its foreign minister said {0} would close its base.",
        "{0} said it had asked {1} to lift the sanctions. Both countries will meet.",
        "{0} and {1} rejected the plan. They want it changed.",
        "“We shall not leave,” said the president of {0}, after {1} asked him to.",
    ],
)
@pytest.mark.parametrize(
    "pair", [("Ghana", "Chile"), ("Iran", "Israel"), ("Russia", "United States"), ("Mali", "France")]
)
def test_swapping_two_states_swaps_the_resolution(resolver, form, pair):
    def resolve(first: str, second: str) -> list[tuple]:
        text = form.format(first, second)
        mentions = resolver.resolve(Article("a", text, published="2024-05-06"), split_sentences(text))
        order = {first: 0, second: 1}
        return [(m.kind, tuple(order.get(actor, actor) for actor in m.actors)) for m in mentions]

    assert resolve(*pair) == resolve(*reversed(pair))


def test_mentions_are_ordered_disjoint_and_within_sentences(resolver):
    for record in read_actor_gold():
        article = Article(record["id"], record["text"], published=record["published"], speaker=record["speaker"])
        sentences = split_sentences(article.text)
        done = 0
        for mention in resolver.resolve(article, sentences):
            assert isinstance(mention, Mention)
            assert mention.start >= done
            assert mention.actors
            assert any(s.start <= mention.start and mention.end <= s.end for s in sentences)
            assert (mention.start == mention.end) == (mention.kind == "speaker")
            done = mention.end


def test_any_text_can_be_read(resolver):
    for text in ("", " ", "\n\n", "“", "''", "Q:", "Mr.", "I", "U.S.", "é" * 40, "Russia's" * 30):
        resolver.resolve(Article("a", text), split_sentences(text))


def test_the_mention_gold(resolver):
    figures = score_mentions(read_actor_gold(), resolver).figures()
    assert figures["precision"] >= 0.85
    assert figures["recall"] >= 0.735
    assert figures["precision_by_kind"]["name"] >= 0.91
