"""Model folders: the shipped one, broken ones, and that nothing in them is executed."""

from __future__ import annotations

import json
import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from builders import masked_window

from stancewire.data.errors import StancewireError
from stancewire.data.issues import load_issues
from stancewire.inference.cli import main
from stancewire.inference.scorer import Scorer
from stancewire.models.base import CLASSES, FORMAT, ModelConfig, load_model, read_config
from stancewire.models.card import write_card
from stancewire.models.locate import CONFIG, find_model

FIRST_FORMAT = Path(__file__).parent / "models" / "format-1"
ALLOWED = {".json", ".onnx", ".safetensors", ".md"}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(find_model(), tmp_path / "model"))


def test_the_default_model_is_small_and_only_data() -> None:
    files = [path for path in find_model().iterdir() if path.name != "__pycache__"]
    assert sum(path.stat().st_size for path in files) <= 30_000_000
    assert {path.suffix for path in files} <= ALLOWED
    assert {"config.json", "tokenizer.json", "model.onnx", "metrics.json", "README.md"} <= {path.name for path in files}


def test_the_default_model_holds_no_path_of_who_made_it() -> None:
    # As a stack trace writes it; three bytes alone stand in 25 MB of weights by chance.
    assert b'.py", line' not in (find_model() / "model.onnx").read_bytes()


def test_labels_stand_in_fixed_order() -> None:
    record = json.loads((find_model() / CONFIG).read_text())
    assert record["labels"]["stance"] == list(CLASSES) == ["none", "support", "oppose", "neutral"]
    assert [issue["id"] for issue in record["issues"]] == ["foreign_military_presence", "recognition", "sanctions"]


def test_probabilities_sum_to_one_and_do_not_depend_on_the_batch() -> None:
    model = load_model()
    windows = [
        masked_window("[A0] imposed new sanctions on [A1].", actors=("Chile", "Peru")),
        masked_window(
            "[A0] said on Monday that it would withdraw all its troops from [A1] by the end of the year.",
            actors=("a", "b"),
        ),
    ]
    together, alone = model.predict(windows), [model.predict([one])[0] for one in windows]
    for batch, single in zip(together, alone, strict=True):
        np.testing.assert_allclose(batch.stance.sum(-1), 1, atol=1e-5)
        # Eight-bit activations are scaled by the batch, so the last digits may differ.
        np.testing.assert_allclose(batch.stance, single.stance, atol=0.1)
        assert batch.stance.shape == (2, 3, 4)
        assert batch.sentiment is not None
        assert batch.sentiment.shape == (2, 3)


def test_no_windows_give_no_scores() -> None:
    assert load_model().predict([]) == []


def test_an_unknown_model_is_one_clear_line() -> None:
    with pytest.raises(StancewireError, match="unknown model 'nope'"):
        load_model("nope")


def test_a_folder_without_a_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(StancewireError, match=r"no model here, config\.json is missing"):
        load_model(tmp_path)


def test_a_changed_file_is_refused(copy: Path) -> None:
    path = copy / "model.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(StancewireError, match="changed since the model was written"):
        load_model(copy)


def test_a_missing_file_is_refused(copy: Path) -> None:
    (copy / "tokenizer.json").unlink()
    with pytest.raises(StancewireError, match=r"tokenizer\.json: missing or changed"):
        load_model(copy)


def edit(folder: Path, **values: object) -> None:
    record = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(record | values))


def test_a_newer_format_is_refused(copy: Path) -> None:
    edit(copy, format=FORMAT + 1)
    with pytest.raises(StancewireError, match=f"newer than {FORMAT}; upgrade stancewire"):
        load_model(copy)


def test_a_model_of_the_first_format_reads_each_sentence_with_its_context() -> None:
    model = load_model(FIRST_FORMAT)
    assert type(model).__name__ == "EncoderV1Model"
    window = masked_window("[A3] spoke.", "[A3] imposed sanctions on [A5].", actors=tuple("abcdef"))
    renamed = masked_window("[A0] spoke.", "[A0] imposed sanctions on [A1].", actors=("d", "f"))
    (one,), (other,) = model.predict([window]), model.predict([renamed])
    # Sentence 1, actor 3 of the one is sentence 1, actor 0 of the other: slots are numbered anew for each sentence.
    np.testing.assert_allclose(one.stance[6 + 3], other.stance[2 + 0], atol=1e-4)
    np.testing.assert_allclose(one.stance[6 + 5], other.stance[2 + 1], atol=1e-4)
    assert np.abs(one.stance[6 + 3] - one.stance[6 + 5]).max() > 1e-3
    # Its answers have not moved since it was stored.
    rows = Scorer(model).score("Japan imposed new sanctions on Russia on Friday.")
    assert [(row.actor, row.label) for row in rows] == [("Japan", "neutral"), ("Russia", "neutral")]
    assert [row.confidence for row in rows] == pytest.approx([0.4828, 0.4550], abs=0.002)


def test_a_side_is_reported_where_it_is_likely_enough() -> None:
    issues = load_issues()[:1]
    config = ModelConfig("encoder", "m", "1", issues, {issues[0].id: 0.5})
    stance = np.array([[[0.3, 0.4, 0.3, 0.0]], [[0.3, 0.1, 0.6, 0.0]], [[0.1, 0.2, 0.2, 0.5]], [[0.6, 0.4, 0.0, 0.0]]])
    assert config.report(stance).tolist() == [[0], [2], [3], [0]]
    # Thresholds of older models are probabilities of any stance.
    config.format = 2
    assert config.report(stance).tolist() == [[1], [2], [3], [0]]


def test_an_unknown_type_or_key_is_refused(copy: Path) -> None:
    edit(copy, type="pickle")
    with pytest.raises(StancewireError, match="unknown model type 'pickle'"):
        load_model(copy)
    edit(copy, type="encoder", loader="os.system")
    with pytest.raises(StancewireError, match="not a model configuration"):
        read_config(copy)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}"])
def test_a_broken_configuration_is_refused(copy: Path, content: str) -> None:
    (copy / CONFIG).write_text(content)
    with pytest.raises(StancewireError, match="not a model configuration"):
        load_model(copy)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"thresholds": {"sanctions": 0.5}}, "foreign_military_presence"),
        ({"thresholds": dict.fromkeys(("foreign_military_presence", "recognition", "sanctions"), 2)}, "has 2 for"),
        ({"issues": []}, "'issues' is empty"),
        ({"temperature": 0}, "'temperature' is 0"),
        ({"sentiment_temperature": "a"}, "not supported between"),
        ({"confidence": "a"}, "not enough values"),
        ({"confidence": [1.0, None]}, "must be real number"),
        ({"options": {}}, "'options' has no 'max_length'"),
        ({"files": {}}, r"'files' has no checksum of model\.onnx, tokenizer\.json"),
    ],
)
def test_a_configuration_that_would_answer_at_random_is_refused(
    copy: Path, values: dict[str, object], said: str
) -> None:
    edit(copy, **values)
    with pytest.raises(StancewireError, match=f"not a model configuration .*{said}") as caught:
        load_model(copy)
    assert "\n" not in str(caught.value)


def test_from_pretrained_takes_a_folder(copy: Path) -> None:
    rows = Scorer.from_pretrained(copy).score("Japan imposed new sanctions on Russia on Friday.")
    assert any(row.kind == "sentiment" for row in rows)


def test_confidence_is_the_probability_until_it_is_fitted() -> None:
    plain = ModelConfig("encoder", "m", "1", (), {})
    assert [plain.confidence_of(p) for p in (0.2, 0.9)] == pytest.approx([0.2, 0.9])
    fitted = ModelConfig("encoder", "m", "1", (), {}, confidence=(0.5, -0.4))
    assert fitted.confidence_of(0.9) == pytest.approx(1 / (1 + 9**-0.5 * 2.718281828**0.4), abs=1e-6)
    assert 0 < fitted.confidence_of(0.0) < fitted.confidence_of(1.0) < 1


def test_the_card_is_written_from_what_was_measured(copy: Path, tmp_path: Path) -> None:
    write_card(copy, read_config(copy))
    few = tmp_path / "few.jsonl"
    lines = (files("stancewire.data") / "frozen" / "articles.jsonl").read_text("utf-8").split("\n")[:12]
    few.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(SystemExit) as stopped:
        main(["card", str(copy), "--gold", str(few), "--fillers", "1"])
    assert stopped.value.code == 0
    card = (copy / "README.md").read_text("utf-8")
    assert "On 12 labelled articles" in card
    for part in ("label F1 |", "slice |", "behaviour suite |", "calibration error", "Licence: Apache-2.0."):
        assert part in card
    assert "Not measured yet" not in card
    # The measurement is a file of the model now, under its checksums, and the model still loads.
    assert "measured.json" in read_config(copy).files
    load_model(copy)


def test_a_card_leaves_nothing_unknown_blank(copy: Path) -> None:
    for name in ("recipe.json", "metrics.json", "measured.json"):
        (copy / name).unlink(missing_ok=True)
    write_card(copy, ModelConfig("encoder", "bare", "1", (), {}))
    card = (copy / "README.md").read_text("utf-8")
    assert "what it was made from is not known here" in card
    assert "Not measured yet: `stancewire card FOLDER` measures them" in card
    assert "The folder holds none." in card
