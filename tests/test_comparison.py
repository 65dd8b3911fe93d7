"""Two models on one test set: equal where they are equal, apart where they are."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from stancewire.data.corpus import LabelledArticle, read_labelled
from stancewire.data.schema import STANCES, Position
from stancewire.inference.cli import main
from stancewire.inference.comparison import Comparison, McNemar, Side, differences, mcnemar
from stancewire.inference.evaluation import evaluate
from stancewire.inference.gate import broken_rules, figures_of
from stancewire.inference.scorer import Scorer
from stancewire.training.recipe import GateRecipe


@pytest.fixture(scope="module")
def gold() -> list[LabelledArticle]:
    return read_labelled("frozen")


@pytest.fixture(scope="module")
def rows(gold: list[LabelledArticle], scorer: Scorer) -> list[Position]:
    return scorer.score([one.article for one in gold])


def turned(rows: list[Position], share: float) -> list[Position]:
    """The rows with a share of the stances turned to another side."""
    draw = random.Random(1)
    return [
        replace(row, label=draw.choice([s for s in STANCES if s != row.label]))
        if row.kind == "stance" and draw.random() < share
        else row
        for row in rows
    ]


def test_a_model_is_no_better_than_itself(gold: list[LabelledArticle], rows: list[Position]) -> None:
    for one in differences(gold, rows, rows):
        assert (one.low, one.high, one.p) == (0, 0, 1)
        assert one.first == one.second
    result = evaluate(gold, rows)
    assert mcnemar(gold, result, result) == McNemar(0, 0, 1.0)


def test_five_of_a_hundred_turned_labels_show(gold: list[LabelledArticle], rows: list[Position]) -> None:
    # Of those that were right: to turn a wrong one makes nothing worse.
    labels = {
        (one.article.id, one.sentences[stance.sentence].start, stance.issue, stance.stance)
        for one in gold
        for stance in one.stances
    }
    stances = [row for row in rows if row.kind == "stance"]
    right = [row for row in stances if (row.article_id, row.start, row.issue, row.label) in labels]
    chosen = random.Random(1).sample(right, len(stances) // 20)
    worse = [*(row for row in rows if row not in chosen), *turned(chosen, 1.0)]
    overall, *slices = differences(gold, rows, worse)
    assert overall.slice == "all"
    assert overall.high < 0
    assert overall.p < 0.05
    assert {one.slice for one in slices} >= {"issue: recognition", "source: wire"}
    test = mcnemar(gold, evaluate(gold, rows), evaluate(gold, worse))
    assert test.first_only > test.second_only
    assert test.p < 0.05


def test_the_overall_figures_are_those_of_evaluate(gold: list[LabelledArticle], rows: list[Position]) -> None:
    overall = differences(gold, rows, turned(rows, 0.3))[0]
    assert overall.first == pytest.approx(evaluate(gold, rows).label.f1)
    assert overall.second == pytest.approx(evaluate(gold, turned(rows, 0.3)).label.f1)


def test_mcnemar_is_exact_and_holds_for_many(gold: list[LabelledArticle]) -> None:
    nothing = evaluate(gold, [])
    found = evaluate(
        gold,
        [
            Position(
                one.article.id,
                stance.sentence,
                *one.sentences[stance.sentence],
                "",
                "stance",
                stance.actor,
                stance.issue,
                stance.stance,
                0.9,
                [],
                "",
                "",
            )
            for one in gold
            for stance in one.stances
            if not stance.optional
        ],
    )
    test = mcnemar(gold, nothing, found)
    assert test.first_only == 0
    assert test.second_only == sum(not stance.optional for one in gold for stance in one.stances)
    assert test.p == pytest.approx(2.0 ** (1 - test.second_only))


def side(label_f1: float, behaviour: float = 0.9, rate: float = 10.0) -> Side:
    figures = {"label_f1": label_f1, "detection_f1": 0.5, "stance_accuracy": 0.8, "calibration_error": 0.1}
    return Side("x", "x 1", figures, {"negation": behaviour}, behaviour, rate, 25.0)


def comparison(
    gold: list[LabelledArticle], first: Side, second: Side, rows: list[Position], share: float
) -> Comparison:
    found = differences(gold, rows, turned(rows, share))
    return Comparison(first, second, len(gold), found, McNemar(0, 0, 1.0), {"first": [], "second": []})


def test_the_gate_names_every_rule_that_is_broken(gold: list[LabelledArticle], rows: list[Position]) -> None:
    gate = GateRecipe(behaviour={"negation": 0.95, "mood": 0.5})
    bad = comparison(gold, side(0.5), side(0.4, behaviour=0.8, rate=5.0), rows, 0.5)
    reasons = broken_rules(bad, gate)
    assert reasons[0].startswith("label F1 on all: ")
    assert any(reason.startswith("label F1 on issue: sanctions") for reason in reasons)
    assert "behaviour 'negation': 0.80, below its floor of 0.95" in reasons
    assert "behaviour 'mood': no such group in the suite" in reasons
    assert "behaviour suite: 0.800 against 0.900, more than 0.02 below" in reasons
    assert "speed: 2.0 times the champion's time an article, more than 1.5" in reasons
    assert figures_of(bad)["challenger_label_f1"] == 0.4
    same = comparison(gold, side(0.5), side(0.5), rows, 0.0)
    assert broken_rules(same, GateRecipe()) == []


def test_compare_prints_a_table_and_writes_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = tmp_path / "few.jsonl"
    lines = [line for path in sorted(frozen_files()) for line in path.read_text("utf-8").split("\n")[:4] if line]
    # A hostile source must stay text on the page.
    records = [json.loads(line) | {"source": "<script>alert(1)</script>"} for line in lines]
    few.write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")
    page = tmp_path / "page.html"
    with pytest.raises(SystemExit) as stopped:
        main(["compare", "default", "default", "--gold", str(few), "--fillers", "1", "-o", str(page)])
    assert stopped.value.code == 0
    printed = capsys.readouterr().out
    assert "gold stances right in A alone 0, in B alone 0 (McNemar p 1.000)" in printed
    assert "behaviour suite" in printed
    html = page.read_text("utf-8")
    assert "no difference beyond chance" in html
    assert "<script>" not in html
    assert html.count("<svg") == 2
    # Before anything is scored, and so before there is a table.
    for where, said in ((page, "exists already; replace it with --force"), (tmp_path / "no" / "p.html", "no folder")):
        with pytest.raises(SystemExit) as stopped:
            main(["compare", "default", "default", "--gold", str(few), "-o", str(where)])
        assert stopped.value.code == 2
        printed = capsys.readouterr()
        assert said in printed.err
        assert printed.out == ""
    assert page.read_text("utf-8") == html


def frozen_files() -> list[Path]:
    from importlib.resources import files

    return list(Path(str(files("stancewire.data") / "frozen")).glob("*.jsonl"))
