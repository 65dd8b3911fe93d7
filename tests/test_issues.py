"""Issues come from a file: cues, candidates, and a new one without code."""

from __future__ import annotations

import json
import pickle
from importlib.resources import files
from pathlib import Path

import pytest
from builders import masked_window

from stancewire.data.candidates import Candidate, find_candidates, find_elsewhere, is_closed
from stancewire.data.corpus import read_labelled
from stancewire.data.errors import StancewireError
from stancewire.data.issues import Issue, load_issues, parse_issues
from stancewire.data.schema import Article


def test_the_shipped_issues_are_the_three_of_the_table() -> None:
    assert [issue.id for issue in load_issues()] == ["foreign_military_presence", "recognition", "sanctions"]


@pytest.mark.parametrize(
    ("text", "issues"),
    [
        ("They recognised the new government.", {"recognition"}),
        ("An embargo on oil was lifted.", {"sanctions"}),
        ("Troops will pull out of the country.", {"foreign_military_presence"}),
        ("The cup final ended in a draw.", set()),
    ],
)
def test_cues_open_the_issues(text: str, issues: set[str]) -> None:
    assert {
        candidate.issue for candidate in find_candidates(masked_window(text, actors=("Chile", "Peru")), load_issues())
    } == issues


def test_each_actor_of_the_window_is_a_candidate() -> None:
    issues = parse_issues("- {id: trade, definition: Tariffs., cues: ['tariff*']}", "test")
    assert find_candidates(masked_window("Tariffs rose.", actors=("Chile", "Peru")), issues) == [
        Candidate(0, 0, "Chile", "trade"),
        Candidate(1, 0, "Peru", "trade"),
    ]


def test_a_cue_counts_for_the_sentences_around_it() -> None:
    issues = parse_issues("- {id: trade, definition: Tariffs., cues: ['tariff*']}", "test")
    window = masked_window("One.", "Two.", "Tariffs rose.", "Four.", "Five.", "Six.", actors=("Chile",))
    # Two sentences of context before a sentence and one after it.
    assert [candidate.sentence for candidate in find_candidates(window, issues)] == [1, 2, 3, 4]


def test_an_issue_is_added_by_a_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "issues.yaml"
    path.write_text("- id: arms_sales\n  definition: Weapons sold.\n  cues: ['arms sale*', 'sell* weapons']\n")
    (issue,) = load_issues(path)
    assert issue.has_cue("It sells weapons to both.")
    assert issue.has_cue("The arms sales went on.")
    assert not issue.has_cue("It sells wheat.")


@pytest.mark.parametrize("source", ["just text", "- {id: a}", "[unclosed", "- {id: a, definition: b, cues: [x]}\n" * 2])
def test_a_broken_file_is_one_clear_line(tmp_path: Path, source: str) -> None:
    path = tmp_path / "issues.yaml"
    path.write_text(source)
    with pytest.raises(StancewireError, match=r"issues file .*issues\.yaml") as caught:
        load_issues(path)
    assert "\n" not in str(caught.value)


OTHER_SENSES = [
    "Guatemala recognised Jerusalem as the capital of Israel, and its embassy moved there.",
    "Bonn would not recognise the Oder-Neisse line as the final border before reunification.",
    "Kabul has never recognised the Durand Line.",
    "The United States has never recognised the Soviet annexation of the Baltic states.",
    "Madrid's shift stopped short of recognising Moroccan sovereignty over Western Sahara, Algeria's envoy said.",
    "Moroccan sovereignty over the territory has never been recognised, the ambassador said.",
    "Washington recognised the Golan Heights as part of Israel.",
    "Belarus's president said he was ready to recognise Crimea as Russian.",
    "Beijing asked Tonga to recognise Taiwan as an inalienable part of China.",
    "Japan does not recognise China's air defence identification zone.",
    "Chile wants Bolivia to recognise the 1904 boundary before ties are normalised.",
    "Malta will recognise same-sex marriages contracted abroad, its ambassador said.",
    "The embassy said that such marriages were not recognised in Qatar.",
    "France recognised the Armenian genocide, and Turkey recalled its ambassador.",
    "Canada's recognition of the Holodomor was welcomed by Kyiv's ambassador.",
]
RECOGNITION = [
    "Ireland recognised the State of Palestine with East Jerusalem as its capital.",
    "Brazil recognised Palestine within the borders of 1967.",
    "Washington recognised the Soviet Union in 1933.",
    "Moscow recognised Crimea as an independent state before it annexed it.",
    "After annexing Crimea Russia recognised the two people's republics.",
    "Israel agreed to recognise Kosovo as part of a set of economic commitments.",
    "The envoy confirmed that Kenya supports Georgia within its internationally recognised borders.",
    "Argentina recognised the government in Jerusalem.",
    "Kuwait asked Baghdad to recognise its border and its independence, and then recognised the new cabinet.",
    "Taiwan's embassy was closed.",
]


def candidates(*texts: str, elsewhere: frozenset[str] = frozenset()) -> list[Candidate]:
    return find_candidates(masked_window(*texts, actors=("Chile",)), load_issues(), elsewhere)


@pytest.mark.parametrize("text", OTHER_SENSES)
def test_a_sentence_with_a_cue_in_another_sense_only_is_not_asked_about(text: str) -> None:
    assert "recognition" not in {one.issue for one in candidates(text)}


@pytest.mark.parametrize("text", RECOGNITION)
def test_recognition_of_states_and_governments_is_asked_about(text: str) -> None:
    assert "recognition" in {one.issue for one in candidates(text)}


def test_a_cue_in_another_sense_opens_no_sentence_near_it() -> None:
    near = candidates("Peru recognised the border.", "It had rained.", "Peru recognised Kosovo.")
    assert {one.sentence for one in near if one.issue == "recognition"} == {1, 2}
    assert not candidates("Peru recognised the border.", "It had rained.")


def test_an_article_mostly_in_another_sense_is_asked_about_where_it_has_the_cue_in_its_own() -> None:
    texts = (
        "Peru recognised Jerusalem as Israel's capital.",
        "Its embassy will move, and the Palestinians protested.",
        "Their president asked Peru to recognise a Palestinian state instead.",
    )
    elsewhere = find_elsewhere(Article("a", " ".join(texts)), load_issues())
    assert elsewhere == {"recognition"}
    assert {one.sentence for one in candidates(*texts, elsewhere=elsewhere)} == {2}
    more = ("Peru recognises the state.", "Chile recognised it too.")
    assert find_elsewhere(Article("a", " ".join(texts + more)), load_issues()) == frozenset()
    # The title counts as a sentence does.
    assert find_elsewhere(Article("a", "Its embassy moved.", title="Peru recognises Jerusalem"), load_issues())


def test_other_senses_belong_to_the_record_and_may_be_missing() -> None:
    text = "It recognised the border."
    for issue in load_issues():
        again = pickle.loads(pickle.dumps(Issue.from_record(issue.record())))
        assert again == issue
        assert again.count_senses(text) == issue.count_senses(text)
    (recognition,) = (issue for issue in load_issues() if issue.id == "recognition")
    record = recognition.record()
    del record["other_senses"]
    assert find_candidates(masked_window(text, actors=("Chile",)), [Issue.from_record(record)])
    assert not find_candidates(masked_window(text, actors=("Chile",)), [recognition])


def test_another_sense_around_no_cue_is_one_clear_line() -> None:
    source = "- {id: dams, definition: Dams., cues: [dam*], other_senses: [amsterdam square]}"
    with pytest.raises(
        StancewireError, match=r"issues file dams\.yaml: issue dams: 'amsterdam square' of other_senses"
    ):
        parse_issues(source, "dams.yaml")


def test_hardly_any_labelled_stance_is_closed(shared: Path) -> None:
    folder = Path(str(files("stancewire.data") / "corpus"))
    issues = {issue.id: issue for issue in load_issues()}
    labelled, closed = 0, []
    for path in (*sorted(folder.glob("*.jsonl")), shared / "train" / "gold.jsonl"):
        for one in read_labelled(path):
            elsewhere = find_elsewhere(one.article, issues.values())
            for stance in (stance for stance in one.stances if not stance.optional):
                text = one.article.text[slice(*one.sentences[stance.sentence])]
                labelled += 1
                if is_closed(issues[stance.issue], text, stance.issue in elsewhere):
                    closed.append((one.article.id, stance.actor, text))
    assert labelled > 10_000
    # *Recognise the border and, in time, the state* is one: not one in two thousand.
    assert len(closed) < labelled / 2000, closed


def test_words_of_the_subject_leave_out_other_news_and_no_gold_stance(shared: Path) -> None:
    issues = load_issues()
    kept = [
        any(issue.may_be_subject_of(one.article.text) for issue in issues)
        for one in read_labelled(shared / "dev" / "gold.json")
        if any(not stance.optional for stance in one.stances)
    ]
    assert all(kept)
    others = (files("stancewire.data") / "benchmark" / "off_topic.jsonl").read_text(encoding="utf-8").splitlines()
    passed = [line for line in others if any(issue.may_be_subject_of(json.loads(line)["text"]) for issue in issues)]
    assert len(passed) <= 0.1 * len(others)


def test_without_words_of_the_subject_the_cues_do() -> None:
    (issue,) = parse_issues("- {id: dams, definition: Dams., cues: [dam*]}", "test")
    assert issue.may_be_subject_of("The Dams stand.")
    assert not issue.may_be_subject_of("The river rose.")
    (narrow,) = parse_issues("- {id: dams, definition: Dams., cues: [dam*, river], subjects: [dam*]}", "test")
    assert not narrow.may_be_subject_of("The river rose.")
    assert narrow.has_cue("The river rose.")
