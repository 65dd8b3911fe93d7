"""What ``stancewire data check`` finds: imbalance, near-duplicates, leaks, labels that are likely wrong."""

from __future__ import annotations

import random

import numpy as np
import pytest

from stancewire.data.actors import ActorResolver
from stancewire.data.checks import balance_warnings, check_corpus, duplicate_warnings
from stancewire.data.corpus import Example, LabelledArticle, Stance, make_examples, read_labelled
from stancewire.data.duplicates import find_near_duplicates
from stancewire.data.issues import load_issues
from stancewire.data.schema import Article, Span
from stancewire.inference.cli import main

WIRE = "Chile on Friday extended its arms embargo against the military government of Peru by another twelve months"
COPY = "Chile on Friday extended its arms embargo against the military government of Peru by another six months"
OTHER = "The central bank in Lima sold dollars for a third day to keep the currency from falling any further"


def article(name: str, text: str, *stances: Stance) -> LabelledArticle:
    return LabelledArticle(Article(name, text), (Span(0, len(text)),), stances)


def test_a_copy_with_a_word_changed_is_found_and_another_sentence_is_not() -> None:
    found = list(find_near_duplicates([("a", WIRE), ("b", OTHER), ("c", COPY.upper() + "!")]))
    assert [(pair.first, pair.second) for pair in found] == [("a", "c")]
    # 16 and 16 shingles of three words; the changed word stands in two of them, one of which ends the text.
    assert found[0].similarity == pytest.approx(14 / 18, abs=0.06)


def test_short_sentences_are_nobodys_copy() -> None:
    assert not list(find_near_duplicates([("a", "He did not elaborate."), ("b", "He did not elaborate.")]))


def test_a_copy_of_an_evaluation_sentence_is_a_leak() -> None:
    (line,) = duplicate_warnings([article("ours", COPY), article("far", OTHER)], against=[article("gold", WIRE)])
    assert line.startswith("leak: ours sentence 0 is ")
    assert not list(duplicate_warnings([article("far", OTHER)], against=[article("a", WIRE), article("b", COPY)]))


def test_starved_labels_and_one_actor_too_often_are_named() -> None:
    issues = load_issues()
    stances = [Stance(0, "Chile", "sanctions", "support"), Stance(0, "Peru", "sanctions", "oppose")]
    report = check_corpus([article("a", WIRE, *stances)], issues, ActorResolver())
    warnings = list(balance_warnings(report, issues, least=1, most_share=0.5))
    assert len(warnings) == 3 * len(issues) - 2
    assert "sanctions support" not in " ".join(warnings)
    assert list(balance_warnings(report, issues, 0, most_share=0.4)) == [
        "Chile: holds 50.0% of the stances, more than 40%; let others take its sides",
        "Peru: holds 50.0% of the stances, more than 40%; let others take its sides",
    ]


def test_the_shipped_corpus_is_clean(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["data", "check", "--strict"])
    printed = capsys.readouterr()
    assert stopped.value.code == 0, printed.err
    assert "0 errors, 0 warnings" in printed.out


def test_flipped_labels_are_found() -> None:
    pytest.importorskip("cleanlab", reason="label errors need the corpus extra")
    from stancewire.training.label_errors import find_label_errors

    issues = load_issues()
    # The finder reads bags of words, and the texts of a contrast set have the same words for either side.
    plain = [one for one in read_labelled("corpus") if not one.contrast][::4]
    examples = list(make_examples(plain, issues, ActorResolver()))
    column = [issue.id for issue in issues].index("sanctions")
    clear = [
        (example, index)
        for example in examples
        for index, question in enumerate(example.window.questions)
        if example.stances[index][column] in (1, 2)
    ]
    flipped = random.Random(3).sample(clear, 30)
    for example, index in flipped:
        example.stances[index][column] = 3 - example.stances[index][column]
    errors = [error for error in find_label_errors(examples, issues) if error.issue == "sanctions"]
    given = {(error.passage, error.sentence, error.actor): error.probability for error in errors}

    def doubt(cells: list[tuple[Example, int]]) -> list[float]:
        asked = [(example, example.window.questions[index]) for example, index in cells]
        return [given.get((e.group, q.sentence, e.window.actors[q.slot]), 1.0) for e, q in asked]

    planted = doubt(flipped)
    others = doubt([cell for cell in clear if cell not in flipped])
    # Area under the ROC curve: how often a planted error ranks before another label. Chance is a half.
    area = np.mean([(one < other) + 0.5 * (one == other) for one in planted for other in others])
    assert area > 0.57


def test_label_errors_want_enough_passages() -> None:
    pytest.importorskip("cleanlab", reason="label errors need the corpus extra")
    from stancewire.data.errors import StancewireError
    from stancewire.training.label_errors import find_label_errors

    with pytest.raises(StancewireError, match="at least 5 passages"):
        find_label_errors([], load_issues())
