"""Issues come from a file: cues, candidates, and a new one without code."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest
from builders import masked_window

from stancewire.data.candidates import Candidate, find_candidates
from stancewire.data.corpus import read_labelled
from stancewire.data.errors import StancewireError
from stancewire.data.issues import load_issues, parse_issues


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
