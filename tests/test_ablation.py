"""Variants of a recipe, trained once each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

pytest.importorskip("torch", reason="training needs the training extra")

from stancewire.data.corpus import corpus_folder
from stancewire.data.errors import StancewireError
from stancewire.inference.cli import main
from stancewire.training.ablation import read_plan
from stancewire.training.recipe import load_recipe

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    lines = (corpus_folder() / "plain.jsonl").read_text().splitlines()
    (tmp_path / "train.jsonl").write_text("\n".join(lines[:80]))
    (tmp_path / "gold.jsonl").write_text("\n".join(lines[80:100]))
    (tmp_path / "recipe.yaml").write_text("name: a\nmodel: baseline\ndata: {train: [train.jsonl]}\n")
    variants = {"whole": {}, "… and with few words": {"baseline.max_features": 100}}
    record = {"recipe": "recipe.yaml", "output": "out", "gold": "gold.jsonl", "variants": variants}
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(record, allow_unicode=True), encoding="utf-8")
    return tmp_path / "plan.yaml"


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    return int(stopped.value.code or 0)


def test_each_variant_is_a_row(plan: Path, capsys: pytest.CaptureFixture) -> None:
    assert run("ablate", str(plan)) == 0
    table = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[0] for row in table] == ["whole", "… and with few words"]
    assert all(0 <= float(cell) <= 1 for row in table for cell in row[1:4])
    assert all(float(row[4]) > 0 for row in table)
    assert len(json.loads(Path("out/and-with-few-words/vocabulary.json").read_text())["sentence"]) == 100


def test_a_variant_is_trained_once_and_never_taken_for_another(plan: Path) -> None:
    assert run("ablate", str(plan)) == 0
    written = Path("out/whole/config.json").stat().st_mtime_ns
    assert run("ablate", str(plan)) == 0
    assert Path("out/whole/config.json").stat().st_mtime_ns == written
    Path("recipe.yaml").write_text("name: b\nmodel: baseline\ndata: {train: [train.jsonl]}\n")
    with pytest.raises(StancewireError, match="holds a model of another recipe"):
        read_plan(plan).model("whole")


def test_a_plan_that_lacks_a_key_says_which(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("recipe: a\noutput: b\nvariants: {}\n")
    with pytest.raises(StancewireError, match=r"needs recipe, output, gold and variants .*'gold'"):
        read_plan(tmp_path / "plan.yaml")


def test_the_committed_plan_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    plan = read_plan("configs/ablation.yaml")
    for overrides in plan.variants.values():
        if isinstance(overrides, dict):
            load_recipe(plan.recipe, [f"{key}={json.dumps(value)}" for key, value in overrides.items()])
