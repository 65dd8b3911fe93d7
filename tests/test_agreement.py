"""Agreement of two annotators: by hand on small cases, and on what ships."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("krippendorff", reason="agreement needs the training extra")

from stancewire.data.agreement import DoubleAnnotation, Label, measure_agreement, read_annotations
from stancewire.data.corpus import read_labelled
from stancewire.data.errors import StancewireError

CHILE = Label(0, "Chile", "sanctions", "support")
PERU = Label(1, "Peru", "sanctions", "oppose")


def agreement(first: list[Label], second: list[Label]):
    return measure_agreement([DoubleAnnotation("a", 2, tuple(first), tuple(second))])["sanctions"]


def test_the_same_labels_agree_fully_whatever_the_spelling() -> None:
    first = [CHILE, Label(1, "United States", "sanctions", "oppose")]
    figures = agreement(first, [CHILE, Label(1, "USA", "sanctions", "oppose")])
    assert (figures.alpha, figures.tuple_f1, figures.stance_accuracy) == (1, 1, 1)


def test_another_stance_and_a_missed_label_count_apart() -> None:
    turned = agreement([CHILE, PERU], [CHILE, PERU._replace(stance="support")])
    assert (turned.tuple_f1, turned.detection_f1, turned.stance_accuracy) == (0.5, 1, 0.5)
    missed = agreement([CHILE, PERU], [CHILE])
    assert (missed.detection_f1, missed.stance_accuracy) == (pytest.approx(2 / 3), 1)


def test_alpha_is_what_the_coincidences_by_hand_give() -> None:
    # Units: 2 sentences × 2 actors. Values: (support, support), (oppose, none) and twice (none, none). Krippendorff's
    # coincidences: n = 8, n_none = 5, n_support = 2, n_oppose = 1; one unit of four disagrees.
    observed = 2 / 8
    expected = (8 * 8 - (5 * 5 + 2 * 2 + 1 * 1)) / (8 * 7)
    assert agreement([CHILE, PERU], [CHILE]).alpha == pytest.approx(1 - observed / expected)


def test_an_optional_label_counts_for_neither() -> None:
    assert agreement([CHILE, PERU._replace(optional=True)], [CHILE]).tuple_f1 == 1


def test_what_ships_agrees_and_belongs_to_the_corpus() -> None:
    annotations = read_annotations()
    assert measure_agreement(annotations)["all"].alpha > 0.8
    sentences = {one.article.id: len(one.sentences) for one in read_labelled("corpus")}
    assert all(sentences[one.id] == one.sentences for one in annotations)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "broken JSON"),
        (json.dumps({"id": "a"}), "not a double annotation"),
        (json.dumps({"id": "a", "sentences": 1, "first": [[1]]}), "not a double annotation"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, what: str) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_text(line)
    with pytest.raises(StancewireError, match=rf"broken\.jsonl:1: {what}"):
        read_annotations(path)
