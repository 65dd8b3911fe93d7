"""Recipes: unknown keys, overrides, values out of range."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pydantic", reason="recipes need the training extra")

from stancewire.data.errors import StancewireError
from stancewire.training.recipe import load_recipe

CONFIGS = Path(__file__).resolve().parent.parent / "configs"


def recipe(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["default", "accurate", "baseline", "own_text"])
def test_the_committed_recipes_are_valid(name: str) -> None:
    assert load_recipe(CONFIGS / f"{name}.yaml").seed == 13


def test_own_text_learns_from_our_text_alone() -> None:
    loaded = load_recipe(CONFIGS / "own_text.yaml")
    assert loaded.data.train == ["corpus"]
    assert loaded.data.sentiment == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: a\nsead: 3", r"unknown key 'sead'; did you mean 'seed'\?"),
        ("name: a\nencoder: {epoch: 3}", r"unknown key 'encoder\.epoch'; did you mean 'epochs'\?"),
        ("name: a\nencoder: {zzz: 3}", r"unknown key 'encoder\.zzz'; known are base, max_length"),
        ("name: a\nyardstick: {kind: newsmtsc, heldout: {}}", r"'yardstick\.heldout'; did you mean 'held_out'"),
        ("name: a\ndata: {standoff: [{label: a, text: b}]}", r"'data\.standoff\.0\.label'; did you mean 'labels'"),
        ("name: a\ndata: {train: []}", "names nothing to learn from; set train"),
        ("version: 1.0.0", "name: field required"),
        ("name: a\nencoder: {epochs: 0}", r"encoder\.epochs: input should be greater than or equal to 1"),
        ("name: a\nmodel: forest", "model: input should be 'encoder' or 'baseline'"),
        ("name: a\ndata: {train: [a], calibration: [b]}", "calibration names b, which is not in train"),
        ("- a", "not a mapping"),
        ("name: [", "broken YAML"),
    ],
)
def test_what_is_wrong_is_said_on_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(StancewireError, match=said) as caught:
        load_recipe(recipe(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_dotted_overrides_go_before_the_file(tmp_path: Path) -> None:
    loaded = load_recipe(
        recipe(tmp_path, "name: a\nseed: 1\nencoder: {epochs: 2}"),
        ["seed=9", "encoder.bf16=false", "data.train=[x, y]"],
    )
    assert (loaded.seed, loaded.encoder.epochs, loaded.encoder.bf16, loaded.data.train) == (9, 2, False, ["x", "y"])


def test_an_override_with_a_wrong_key_or_form_is_refused(tmp_path: Path) -> None:
    path = recipe(tmp_path, "name: a")
    with pytest.raises(StancewireError, match="did you mean 'learning_rate'"):
        load_recipe(path, ["encoder.learning_rat=1"])
    with pytest.raises(StancewireError, match=r"write it as dotted\.key=value"):
        load_recipe(path, ["seed"])
    with pytest.raises(StancewireError, match="broken YAML") as caught:
        load_recipe(path, ["seeds=[1]]"])
    assert "\n" not in str(caught.value)
    with pytest.raises(StancewireError, match=r"gate\.slice_size: input should be greater than or equal to 10"):
        load_recipe(path, ["gate.slice_size=5"])
