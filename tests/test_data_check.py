"""What ``stancewire data check`` finds: imbalance, near-duplicates, leaks, labels that are likely wrong."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stancewire.data.actor_evaluation import read_actor_gold
from stancewire.data.actors import ActorResolver
from stancewire.data.agreement import read_annotations
from stancewire.data.checks import balance_warnings, check_corpus, duplicate_warnings
from stancewire.data.corpus import Example, LabelledArticle, Stance, make_examples, read_gold, read_labelled
from stancewire.data.duplicates import find_near_duplicates
from stancewire.data.errors import StancewireError
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
    from stancewire.training.label_errors import find_label_errors

    with pytest.raises(StancewireError, match="at least 5 passages"):
        find_label_errors([], load_issues())


def labelled(stance: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
    """A record that is right but for what is given."""
    right = {"sentence": 0, "actor": "Chile", "issue": "sanctions", "stance": "support", "object": ["Peru"]}
    record = {"id": "a", "text": WIRE, "sentences": [{"start": 0, "end": len(WIRE)}], "stances": [right]}
    return record | ({"stances": [right | stance]} if stance else {}) | values


def check(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(["data", "check", *arguments])
    return int(stopped.value.code or 0)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (labelled(text=5), "'text' is not text but '5'"),
        (labelled(text=""), "'text' is missing or empty"),
        (labelled(published=2024), "'published' is not text but '2024'"),
        (labelled(published="May 2024"), "'published' is no date YYYY-MM-DD but 'May 2024'"),
        (labelled(sentences=[{"start": "0", "end": 5}]), "'start' is not a whole number but '0'"),
        (labelled(stances={}), "'stances' is not a list but '{}'"),
        (labelled(stances=["support"]), "'support' stands where an object with 'sentence' should"),
        (labelled({"sentence": "0"}), "'sentence' is not a whole number but '0'"),
        (labelled({"actor": None}), "'actor' is missing or empty"),
        (labelled({"actor": ""}), "'actor' is missing or empty"),
        (labelled({"object": "Peru"}), "'object' is not a list but 'Peru'"),
        (labelled({"object": [""]}), "'object' is not a list of names"),
        (labelled({"stance": "Support"}), "unknown stance 'Support'; known are support, oppose, neutral"),
        (labelled({"sentence": 99}), "there is no sentence 99"),
        (labelled(sentiments=[{"sentence": 0, "actor": "Peru", "sentiment": "good"}]), "unknown sentiment 'good'"),
        ({"articles": [labelled()]}, "'id' is missing or empty"),
        (7, "'7' stands where an object with"),
    ],
)
def test_wrong_labels_are_listed_and_nothing_learns_or_measures_on_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], record: Any, said: str
) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in (record, labelled(id="right"), record)))
    assert check(str(path)) == 1
    printed = capsys.readouterr()
    # Both of them, and what is right beside them is checked all the same.
    assert printed.err.count(said) == 2
    assert "error" in printed.out
    with pytest.raises(StancewireError) as caught:
        read_labelled(path)
    assert said in str(caught.value)
    assert f"{path}:1: " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_likely_errors_are_not_looked_for_among_labels_that_cannot_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text(json.dumps(labelled({"stance": "Support"})))
    assert check(str(path), "--label-errors", "5") == 1
    assert "mend those above first" in capsys.readouterr().out


def test_a_byte_order_mark_is_no_part_of_a_label_and_other_encodings_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text(json.dumps(labelled()), encoding="utf-8-sig")
    assert [one.article.text for one in read_labelled(path)] == [WIRE]
    path.write_bytes(json.dumps(labelled(source="Correio Bras\u00edlia"), ensure_ascii=False).encode("latin-1"))
    assert check(str(path)) == 2
    said = capsys.readouterr().err
    assert "is no UTF-8 text (byte " in said
    assert said.count("\n") == 1


def test_an_empty_file_is_neither_right_nor_a_test_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "none.jsonl"
    path.write_text("")
    assert check(str(path)) == 2
    assert "nothing to check" in capsys.readouterr().err
    with pytest.raises(StancewireError, match=r"none\.jsonl: holds no labelled article to measure on"):
        read_gold(path)


def test_other_gold_of_a_wrong_form_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text(json.dumps({"id": "a", "text": WIRE, "sentences": [{"start": 0, "end": 5}]}))
    with pytest.raises(StancewireError, match=r"gold\.jsonl:1: not mention gold \('mentions' is missing"):
        read_actor_gold(path)
    for wrong, said in (
        ({"sentences": "2"}, "no whole number"),
        ({"first": [[0, "Chile", "sanctions", "for"]]}, "unknown stance 'for'"),
        ({"first": [["0", "Chile", "sanctions", "support"]]}, r"is not \[sentence, actor, issue, stance\]"),
    ):
        path.write_text(json.dumps({"id": "a", "sentences": 2, "first": [], "second": []} | wrong))
        with pytest.raises(StancewireError, match=rf"gold\.jsonl:1: not a double annotation .*{said}"):
            read_annotations(path)
