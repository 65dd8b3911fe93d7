"""The behaviour suite itself, and floors for the shipped model."""

from __future__ import annotations

from pathlib import Path

import pytest

from stancewire.data.errors import StancewireError
from stancewire.data.schema import Article, Position
from stancewire.inference.checklist import STATES, load_suite, run_suite
from stancewire.inference.scorer import Scorer


class Reader:
    """Answers *support* for whoever stands first in a text with *imposed*, and nothing else."""

    def __init__(self) -> None:
        self.resolver = Scorer.from_pretrained().resolver

    def score(self, article: Article) -> list[Position]:
        first = min((s for s in STATES if s in article.text), key=article.text.index)
        row = Position("t", 0, 0, 1, "", "stance", first, "sanctions", "support", 0.9, [], "", "m")
        return [row] if "imposed" in article.text else []


def suite(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "suite.yaml"
    path.write_text(text)
    return path


def test_expectations_and_rewordings_are_held_against_the_answers(tmp_path: Path) -> None:
    path = suite(
        tmp_path,
        """
- group: right
  templates: [{issue: sanctions, text: "{A} imposed sanctions on {B}.", expect: {A: support}}]
- group: one too many
  templates: [{issue: sanctions, text: "Sanctions were imposed; {A} heard."}]
- group: steady
  templates: [{issue: sanctions, text: "{A} imposed them.", same: ["In {B} nobody came; {A} imposed them."]}]
""",
    )
    results = run_suite(Reader(), load_suite(path), fillers=4)  # type: ignore[arg-type]
    assert {group: (one.passed, one.asked) for group, one in results.items()} == {
        "right": (4, 4),
        "one too many": (0, 4),
        "steady": (0, 4),
    }


@pytest.mark.parametrize(
    "text", ["- {group: a}", "[", "- {group: a, templates: [{issue: b, text: c, expect: {A: yes}}]}"]
)
def test_a_broken_suite_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(StancewireError, match=r"suite\.yaml: each template needs"):
        load_suite(suite(tmp_path, text))


def test_the_shipped_suite_covers_every_kind_of_test() -> None:
    templates = load_suite()
    assert len(templates) >= 40
    assert {t.issue for t in templates} == {"sanctions", "recognition", "foreign_military_presence"}
    assert {"negation", "role swap", "conditions and threats"} <= {t.group for t in templates}


# Below what was measured with the model that ships; a fall through one is a break.
FLOORS = {
    "plain statements": 0.9,
    "acts count like statements": 0.9,
    "the holder is not the reporter": 0.6,
    "polarity is toward the issue": 0.9,
    "a measure's owner is not a position": 0.9,
    "issue words in other senses": 0.9,
    "undecided is neutral": 0.9,
    "two sides in a sentence": 0.7,
    "negation": 0.95,
    "role swap": 0.8,
    "conditions and threats": 0.9,
    "tense of the reporting verb": 0.9,
    "added background": 0.9,
    "who speaks for a state": 0.9,
}


def test_the_shipped_model_holds_its_floors() -> None:
    results = run_suite(Scorer.from_pretrained(), load_suite(), fillers=2)
    fallen = {group: results[group].rate for group, floor in FLOORS.items() if results[group].rate < floor}
    assert not fallen
