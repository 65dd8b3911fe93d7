"""Public data sets: reading them, and their own figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the training extra")

from stancewire.data.corpus import IGNORED
from stancewire.data.errors import StancewireError
from stancewire.data.issues import load_issues
from stancewire.data.semeval import read_tweets
from stancewire.data.windows import Window
from stancewire.models.base import ModelConfig, WindowScores
from stancewire.training.recipe import load_recipe
from stancewire.training.yardstick import (
    Spread,
    newsmtsc_figures,
    predict_newsmtsc,
    predict_tweets,
    run_yardstick,
    semeval_figures,
)

ROOT = Path(__file__).resolve().parent.parent
TARGETS = load_issues(ROOT / "configs" / "yardsticks" / "semeval2016-targets.yaml")
TWEETS = {
    "atheism": [("No god ever answered.", "2"), ("Pray with us.", "1"), ("Nice day.", "0")],
    "climate": [("The ice is melting fast.", "2")],
    "feminist": [("They only whine.", "1")],
    "hillary": [("Not my candidate.", "1"), ("Ready for her.", "2")],
    "abortion": [("Every life counts.", "1")],
}


class Told:
    """Answers by what stands in the text: *not*, *whine*, *Pray* and *Every* are against, the rest is in favour."""

    def __init__(self) -> None:
        self.config = ModelConfig("encoder", "m", "1", TARGETS, {issue.id: 0.5 for issue in TARGETS})

    def predict(self, windows: Sequence[Window]) -> list[WindowScores]:
        return [self._answer(window) for window in windows]

    def _answer(self, window: Window) -> WindowScores:
        against = any(word in window.texts[0] for word in ("Not", "whine", "Pray", "Every"))
        stance = np.array([0.1, 0.1, 0.8, 0.0]) if against else np.array([0.1, 0.8, 0.1, 0.0])
        n = len(window.questions)
        return WindowScores(np.tile(stance, (n, len(TARGETS), 1)), np.tile([0.1, 0.2, 0.7], (n, 1)))


@pytest.fixture
def tweets(tmp_path: Path) -> Path:
    for target, rows in TWEETS.items():
        (tmp_path / target).mkdir()
        (tmp_path / target / "val_text.txt").write_text("\n".join(text for text, _ in rows) + "\n")
        (tmp_path / target / "val_labels.txt").write_text("\n".join(label for _, label in rows))
    return tmp_path


def test_a_tweet_is_asked_about_its_target_alone(tweets: Path) -> None:
    examples = list(read_tweets(tweets, "val", TARGETS))
    assert len(examples) == 8
    assert examples[0].window.texts == ("[A0] : No god ever answered.",)
    assert examples[0].stances == [[1, IGNORED, IGNORED, IGNORED, IGNORED]]
    assert examples[2].stances[0][0] == 0


def test_semeval_figures_are_those_of_the_task(tweets: Path) -> None:
    figures = semeval_figures(Told(), str(tweets), "val")  # type: ignore[arg-type]
    # Atheism: the one *none* is called *favor*: F1 of favor 2/3, of against 1.
    assert figures["atheism"] == pytest.approx((2 / 3 + 1) / 2)
    assert figures["hillary"] == 1
    # Only one of the two labels stands there; the other has F1 0.
    assert figures["climate"] == figures["feminist"] == figures["abortion"] == 0.5
    assert figures["mean over targets"] == pytest.approx((5 / 6 + 1 + 1.5) / 5)
    # Pooled: three of four called favor are, all four against are.
    assert figures["pooled"] == pytest.approx((2 * 3 / 7 + 1) / 2)


def test_tweets_are_predicted_without_labels(tweets: Path) -> None:
    for path in tweets.glob("*/val_labels.txt"):
        path.unlink()
    found = predict_tweets(Told(), str(tweets), "val")  # type: ignore[arg-type]
    assert found["atheism"] == ["2", "1", "2"]
    assert found["hillary"] == ["1", "2"]


def test_labels_that_do_not_fit_are_named(tweets: Path) -> None:
    (tweets / "climate" / "val_labels.txt").write_text("3")
    with pytest.raises(StancewireError, match=r"climate/val_labels\.txt: not one label, 0, 1 or 2"):
        list(read_tweets(tweets, "val", TARGETS))


def newsmtsc(folder: Path, *polarities: float | None) -> str:
    text = "Ms. Ilves accused Mr. Okoro of lying."
    spans = [(4, 9), (22, 27)]
    targets = [
        {"from": start, "to": end} | ({} if polarity is None else {"polarity": polarity})
        for (start, end), polarity in zip(spans, polarities, strict=True)
    ]
    path = folder / "news.jsonl"
    path.write_text(json.dumps({"primary_gid": "a", "sentence_normalized": text, "targets": targets}) + "\n")
    return str(path)


def test_newsmtsc_figures(tmp_path: Path) -> None:
    figures = newsmtsc_figures(Told(), newsmtsc(tmp_path, 4.0, 2.0))  # type: ignore[arg-type]
    assert figures["accuracy"] == 0.5
    assert figures["macro-F1"] == pytest.approx((2 / 3 + 0) / 2)


def test_newsmtsc_is_predicted_without_labels(tmp_path: Path) -> None:
    (line,) = predict_newsmtsc(Told(), newsmtsc(tmp_path, None, None))  # type: ignore[arg-type]
    assert [target["polarity"] for target in json.loads(line)["targets"]] == [2.0, 2.0]


def test_spread_is_mean_and_sample_deviation() -> None:
    assert (Spread((1.0, 3.0)).mean, Spread((1.0, 3.0)).deviation) == (2.0, pytest.approx(2**0.5))
    assert Spread((1.0,)).deviation == 0


def test_a_recipe_without_a_yardstick_says_so() -> None:
    with pytest.raises(StancewireError, match="has no yardstick section"):
        run_yardstick(load_recipe(ROOT / "configs" / "baseline.yaml"), [1])


@pytest.mark.parametrize("name", ["newsmtsc", "semeval2016"])
def test_the_recipes_name_files_that_are_there(shared: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    recipe = load_recipe(ROOT / "configs" / "yardsticks" / f"{name}.yaml")
    assert recipe.yardstick is not None
    assert all(Path(path).exists() for path in (*recipe.data.sentiment, *recipe.data.tweets))
    assert all(Path(path).exists() for path in recipe.yardstick.held_out.values())
