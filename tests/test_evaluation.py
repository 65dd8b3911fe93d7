"""The figures are those of the reference scorer."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from stancewire.data.corpus import LabelledArticle, parse_labelled, read_labelled
from stancewire.data.schema import Position
from stancewire.inference.evaluation import evaluate

RECORD = {
    "id": "a",
    "text": "Chile lifted its sanctions. Peru kept them.",
    "sentences": [{"start": 0, "end": 27}, {"start": 28, "end": 43}],
    "stances": [
        {"sentence": 0, "actor": "Chile", "issue": "sanctions", "stance": "oppose", "object": []},
        {"sentence": 1, "actor": "Peru|Republic of Peru", "issue": "sanctions", "stance": "support", "object": []},
        {"sentence": 1, "actor": "Chile", "issue": "sanctions", "stance": "oppose", "object": [], "optional": True},
    ],
}


def row(actor: str, label: str, start: int, end: int, issue: str = "sanctions") -> Position:
    return Position("a", 0, start, end, "", "stance", actor, issue, label, 0.9, [], "", "m")


def gold() -> list[LabelledArticle]:
    return [parse_labelled(RECORD, "test")]


def test_objects_count_name_by_name() -> None:
    record = RECORD | {"stances": [RECORD["stances"][0] | {"object": ["Peru", "Republic of Cuba|Cuba"]}]}  # type: ignore[index]
    rows = [replace(row("Chile", "oppose", 0, 27), object=["Cuba", "Iran"])]
    objects = evaluate([parse_labelled(record, "test")], rows).objects
    assert (objects.tp, objects.fp, objects.fn) == (1, 1, 1)


def test_right_wrong_missed_and_false_rows() -> None:
    rows = [row("Chile", "oppose", 0, 27), row("Peru", "oppose", 28, 43), row("Iran", "support", 0, 27)]
    figures = evaluate(gold(), rows).figures()
    assert figures["detection"] == {"P": 0.6667, "R": 1.0, "F": 0.8}
    assert figures["label"] == {"P": 0.3333, "R": 0.5, "F": 0.4}
    assert figures["stance_accuracy"] == 0.5
    assert figures["confusion"] == {"oppose->oppose": 1, "support->oppose": 1}


def test_errors_are_named_by_kind() -> None:
    rows = [row("Peru", "oppose", 28, 43), row("Iran", "support", 0, 27)]
    assert {tuple(error) for error in evaluate(gold(), rows).errors} == {
        ("a", 0, "chile", "sanctions", "oppose", "none"),
        ("a", 1, "peru", "sanctions", "support", "oppose"),
        ("a", 0, "iran", "sanctions", "none", "support"),
    }


def test_an_optional_annotation_counts_neither_way() -> None:
    required = [row("Chile", "oppose", 0, 27), row("Peru", "support", 28, 43)]
    with_optional = [*required, row("Chile", "oppose", 28, 43)]
    assert evaluate(gold(), with_optional).figures() == evaluate(gold(), required).figures()
    assert evaluate(gold(), required).figures()["label"]["F"] == 1.0


def test_a_row_outside_every_sentence_is_false() -> None:
    assert evaluate(gold(), [row("Chile", "oppose", 500, 510)]).figures()["detection"] == {"P": 0.0, "R": 0.0, "F": 0.0}


def noisy_rows(articles: list[LabelledArticle], seed: int) -> list[Position]:
    """Gold turned into rows with every kind of error, among them other names, spans and labels.

    An article's label is the same for all rows of an issue: the reference breaks a tie of labels by set order, which
    differs from run to run.
    """
    draw = random.Random(seed)
    rows = []
    for one in articles:
        labels: dict[str, str] = {}
        for stance in one.stances:
            span = one.sentences[stance.sentence]
            actor = draw.choice([stance.actor.split("|")[0], stance.actor.split("|")[-1], "the U.S.", "Mark Smith"])
            guess = draw.choice([stance.stance, stance.stance, "support", "oppose", "neutral"])
            label = labels.setdefault(stance.issue, guess)
            if draw.random() < 0.8:
                shift = draw.choice([0, 0, 5, -3])
                rows.append(
                    Position(
                        one.article.id, stance.sentence, max(0, span.start + shift), span.end, "", "stance", actor,
                        stance.issue, label, 0.5, [], "", "m",
                    )
                )  # fmt: skip
        if draw.random() < 0.3:
            rows.append(
                Position(one.article.id, 0, 0, 9, "", "stance", "France", "sanctions", "oppose", 0.5, [], "", "m")
            )
    return rows


@pytest.mark.parametrize("name", ["dev/gold.json", "corpus/gold.jsonl", "seed-corpus/hard.jsonl"])
@pytest.mark.parametrize("seed", [1, 2])
def test_figures_equal_the_reference_scorer(shared: Path, tmp_path: Path, name: str, seed: int) -> None:
    articles = read_labelled(shared / name)
    rows = noisy_rows(articles, seed)
    predicted = tmp_path / "rows.jsonl"
    predicted.write_text("\n".join(json.dumps(asdict(row)) for row in rows))
    command = [sys.executable, str(shared / "score_gold.py"), str(shared / name), str(predicted), "--json"]
    reference = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    assert evaluate(articles, rows).figures() == json.loads(reference)
