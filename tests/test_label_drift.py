"""New labels against old: drift is seen where there is some, and contradictions are found."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from stancewire.data.corpus import LabelledArticle, read_labelled
from stancewire.data.label_drift import find_conflicts, measure_drift
from stancewire.inference.cli import main


@pytest.fixture(scope="module")
def articles() -> list[LabelledArticle]:
    return read_labelled("frozen")


def test_halves_of_one_set_do_not_drift(articles: list[LabelledArticle]) -> None:
    for one in measure_drift(articles[::2], articles[1::2]):
        assert one.p > 0.01
        assert one.distance < one.expected + 0.05


def test_few_articles_are_not_called_a_drift(articles: list[LabelledArticle]) -> None:
    # Few articles hold few of the holders: a distance alone would cry wolf.
    few = articles[::9]
    rest = [one for one in articles if one not in few]
    assert all(one.p > 0.01 for one in measure_drift(rest, few))


def test_another_mix_of_labels_drifts(articles: list[LabelledArticle]) -> None:
    lonely = [replace(one, stances=tuple(s for s in one.stances if s.issue == "sanctions")) for one in articles]
    labels, holders, words = measure_drift(articles, lonely)
    assert labels.distance > 0.2
    assert labels.p < 0.01
    assert {name.partition(":")[0] for name, _, _ in labels.most} & {"none", "recognition"}
    assert holders.distance > 0.1
    assert words.p > 0.5
    assert words.distance == pytest.approx(0, abs=1e-6)


def test_contradictions_between_copies_are_found(articles: list[LabelledArticle]) -> None:
    assert find_conflicts(articles, []) == []
    victim = next(one for one in articles if any(s.stance == "oppose" and not s.optional for s in one.stances))
    turned = tuple(replace(s, stance="support") if s.stance == "oppose" else s for s in victim.stances)
    # The same article labelled anew keeps its id.
    conflicts = find_conflicts(articles, [replace(victim, stances=turned)])
    assert conflicts
    assert all(c.first[0] == c.second[0] == victim.article.id and c.is_new for c in conflicts)
    assert all(c.stances == ("oppose", "support") for c in conflicts)


def test_the_command_says_so(
    articles: list[LabelledArticle], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from importlib.resources import files

    lines = (files("stancewire.data") / "frozen" / "articles.jsonl").read_text("utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    for record in records:
        record["id"] = f"copy-{record['id']}"
        for stance in record["stances"]:
            stance["stance"] = "neutral"
    new = tmp_path / "new.jsonl"
    new.write_text("\n".join(json.dumps(record) for record in records))
    with pytest.raises(SystemExit) as stopped:
        main(["data", "drift", str(new), "--old", "frozen"])
    assert stopped.value.code == 1
    said = capsys.readouterr().out
    assert "labels of the sentences" in said
    assert "  drift" in said
    assert "contradiction: " in said
