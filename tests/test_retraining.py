"""The story of an ML engineer: train, compare, promote or not, score by name, roll back. With MLflow for real."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

pytest.importorskip("mlflow", reason="the registry needs the training extra")

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE

from stancewire.data.corpus import LabelledArticle, corpus_folder, read_labelled
from stancewire.data.errors import StancewireError
from stancewire.data.issues import load_issues
from stancewire.inference.checklist import load_suite
from stancewire.inference.cli import main
from stancewire.inference.scorer import Scorer
from stancewire.training import registry
from stancewire.training.dataset import build_split
from stancewire.training.recipe import Recipe, with_data
from stancewire.training.train import train, train_seeds

TEXT = "Japan imposed new sanctions on Russia on Friday. China condemned the decision."


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # An absolute address: MLflow keeps its connections by address for as long as the process lives.
    store = f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    mlflow.set_tracking_uri(store)


def some_of_the_corpus(folder: Path, names: list[str], passages: int) -> Path:
    folder.mkdir()
    for name in names:
        lines = (corpus_folder() / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")[:passages]
        (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def baseline(data: Path, output: Path, **values: object) -> Recipe:
    return Recipe.model_validate(
        {
            "name": "test",
            "model": "baseline",
            "output": str(output),
            "data": {"train": [str(data)], "validation_share": 0.25},
            **values,
        }
    )


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    return int(stopped.value.code or 0)


def test_the_story(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = some_of_the_corpus(tmp_path / "small", ["plain", "news"], 300)
    large = some_of_the_corpus(tmp_path / "large", ["plain", "desk", "news"], 800)
    train(baseline(small, tmp_path / "one"), register="stancewire")
    # A team that used MLflow before has made its champion there.
    mlflow.MlflowClient().set_registered_model_alias("stancewire", "champion", "1")
    smaller = some_of_the_corpus(tmp_path / "smaller", ["amer"], 25)
    train(baseline(smaller, tmp_path / "two"), register="stancewire")

    assert (
        run("compare", "models:/stancewire@champion", "models:/stancewire@challenger", "--json", "--fillers", "1") == 0
    )
    compared = json.loads(capsys.readouterr().out)
    assert compared["first"]["figures"]["label_f1"] > compared["second"]["figures"]["label_f1"]
    assert run("promote") == 1
    assert "version 2 against champion 1: refused\n  label F1 on all: " in capsys.readouterr().out
    assert registry.champion() == "1"

    gate = {"max_slowdown": 20, "max_slice_loss": 0.3, "max_behaviour_loss": 0.5}
    train(baseline(large, tmp_path / "three", gate=gate), register="stancewire")
    assert run("promote") == 0
    assert "version 3 against champion 1: promoted" in capsys.readouterr().out
    by_name = Scorer.from_pretrained("models:/stancewire@champion").score(TEXT)
    assert by_name == Scorer.from_pretrained(tmp_path / "three").score(TEXT)
    with pytest.raises(StancewireError, match="is the champion already"):
        main_raises("promote", "3")

    assert run("rollback", "--why", "a rehearsal") == 0
    assert registry.champion() == "1"
    assert run("history") == 0
    told = capsys.readouterr().out
    assert [line.split("  ")[2] for line in told.splitlines() if not line.startswith((" ", "champion"))] == [
        "promote 2 (champion 1): refused",
        "promote 3 (champion 1): taken",
        "rollback 1 (champion 3): taken",
    ]
    assert "    a rehearsal" in told
    with pytest.raises(StancewireError, match="nothing to go back to"):
        registry.previous_champion()
    entries = registry.history()
    assert entries[1].figures["challenger_label_f1"] > entries[1].figures["champion_label_f1"]


def main_raises(*arguments: str) -> None:
    """Runs a command without the net that turns errors into exit codes."""
    from stancewire.inference.cli import cli

    cli.main(arguments, standalone_mode=False)


def test_where_there_is_no_champion_the_model_that_ships_is_the_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(baseline(some_of_the_corpus(tmp_path / "small", ["euro"], 30), tmp_path / "one"), register="stancewire")
    few = tmp_path / "few.jsonl"
    few.write_text("\n".join((corpus_folder() / "news.jsonl").read_text("utf-8").split("\n")[:40]), encoding="utf-8")
    assert run("promote", "1", "--gold", str(few)) == 1
    assert "version 2 of 'stancewire' is the model that ships, and the first champion" in capsys.readouterr().out
    assert registry.champion() == "2"
    assert [entry.action for entry in registry.history()] == ["adopt", "promote"]
    assert Scorer.from_pretrained("models:/stancewire@champion").model.config.name == "stancewire-default"


def test_a_champion_that_changed_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    data = some_of_the_corpus(tmp_path / "small", ["euro"], 30)
    folder = train(baseline(data, tmp_path / "one")).folder
    for _ in range(3):
        registry.register(registry.log_folder(folder))
    registry.decide("promote", "1", None, ["first"], {})
    refused = registry.decide("promote", "3", "2", ["looked better than version 2"], {})
    assert not refused.taken
    assert refused.why[0] == "the champion is version 1 by now and no longer 2: decide again"
    assert registry.champion() == "1"
    # By other hands, outside the record: a rollback goes to what the last decision replaced.
    mlflow.MlflowClient().set_registered_model_alias("stancewire", "champion", "2")
    assert registry.decide("promote", "3", "2", ["better"], {}).taken
    assert registry.previous_champion() == "2"
    mlflow.MlflowClient().set_registered_model_alias("stancewire", "champion", "1")
    assert registry.previous_champion() == "3"


def test_a_failing_server_is_not_taken_for_an_empty_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MlflowException("the database is gone", error_code=TEMPORARILY_UNAVAILABLE)

    monkeypatch.setattr(mlflow.MlflowClient, "get_model_version_by_alias", fail)
    with pytest.raises(StancewireError, match="the database is gone; try again"):
        registry.champion()
    with pytest.raises(StancewireError, match="the database is gone; try again"):
        registry.version_of("challenger")


def test_a_folder_is_registered_and_other_files_are_spared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = some_of_the_corpus(tmp_path / "small", ["euro"], 30)
    folder = train(baseline(data, tmp_path / "one")).folder
    assert run("register", str(folder), "--name", "mine") == 0
    assert "version 1 of 'mine', the challenger" in capsys.readouterr().out
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("keep me")
    (tmp_path / "project").mkdir()
    # Many projects have a file of that name.
    (tmp_path / "project" / "config.json").write_text("{}")
    (tmp_path / "project" / "main.py").write_text("keep me")
    (folder / "notes.txt").write_text("keep me")
    (tmp_path / "file").write_text("keep me")
    for place in (tmp_path / "notes", tmp_path / "project", folder, tmp_path / "file"):
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(StancewireError, match="holds other files, or no whole model; set output to a new folder"):
            train(baseline(data, place), force=True)
        assert sorted(tmp_path.rglob("*")) == before
    assert (folder / "notes.txt").read_text() == "keep me"
    # A model and no more is what --force is for.
    (folder / "notes.txt").unlink()
    assert train(baseline(data, folder), force=True).folder == folder
    os.chdir(folder)
    with pytest.raises(StancewireError, match="is the folder that you are in"):
        train(baseline(data, Path()), force=True)


def test_the_gates_test_set_is_not_learnt_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    data = some_of_the_corpus(tmp_path / "small", ["euro"], 60)
    frozen = read_labelled("frozen")
    with pytest.raises(StancewireError, match=r"of the 1651 sentences of the gate's test set frozen are learnt from"):
        train(with_data(baseline(data, tmp_path / "one"), ["frozen"]))
    # Under other names, and a stretch of each article alone.
    copied = tmp_path / "copied.jsonl"
    copied.write_text("\n".join(json.dumps(stretch(one)) for one in frozen[:10]))
    with pytest.raises(StancewireError, match=r"(3\d|40) of the 1651 sentences"):
        train(with_data(baseline(data, tmp_path / "one"), [str(copied)]))
    assert not list(tmp_path.glob("one*"))
    copied.write_text(json.dumps(stretch(frozen[0])))
    with caplog.at_level("WARNING", logger="stancewire"):
        build_split(with_data(baseline(data, tmp_path / "one"), [str(copied)]), load_issues())
    assert "of the 1651 sentences of the gate's test set frozen are learnt from, such as" in caplog.text
    assert str(frozen[0].article.id) in caplog.text

    train(baseline(data, tmp_path / "one"), register="stancewire")
    assert run("promote", "--gold", str(data)) == 2
    assert f"version 1 of 'stancewire' has learnt from {data}" in capsys.readouterr().err
    (tmp_path / "none.jsonl").write_text("")
    assert run("promote", "--gold", str(tmp_path / "none.jsonl")) == 2
    assert "holds no labelled article to measure on" in capsys.readouterr().err
    assert registry.champion() is None
    assert registry.history() == []


def stretch(one: LabelledArticle) -> dict[str, Any]:
    """The first four sentences of an article, as a task of the queue has them, without its labels."""
    spans = one.sentences[:4]
    return {
        "id": f"new-{one.article.id}#0",
        "text": one.article.text[: spans[-1].end],
        "sentences": [span._asdict() for span in spans],
        "stances": [],
    }


def test_too_little_to_hold_out_is_said_with_its_counts(tmp_path: Path) -> None:
    data = some_of_the_corpus(tmp_path / "small", ["euro"], 2)
    few = baseline(data, tmp_path / "one")
    with pytest.raises(StancewireError, match=r"too little to learn from: 2 passages .* 0 held out.*validation_share"):
        train(few)
    (data / "euro.jsonl").write_text("")
    with pytest.raises(StancewireError, match="too little to learn from: 0 passages"):
        train(few)
    assert not list(tmp_path.glob("one*"))


def test_what_a_recipe_names_is_known_before_the_fit(tmp_path: Path) -> None:
    data = some_of_the_corpus(tmp_path / "small", ["euro"], 60)
    with pytest.raises(StancewireError, match="thresholds names sanction; known issues are foreign_military_presence"):
        train(baseline(data, tmp_path / "one", thresholds={"sanction": 0.9}))
    with pytest.raises(StancewireError, match=r"gate\.behaviour names negations; known are: "):
        train(baseline(data, tmp_path / "one", gate={"behaviour": {"negations": 0.5}}))
    with pytest.raises(StancewireError, match=r"no name of a registered model: .*'a/b'"):
        train(baseline(data, tmp_path / "one"), register="a/b")
    assert not list(tmp_path.glob("one*"))
    # Every group of our own suite, the apostrophe of one among them, is a name that MLflow takes.
    floors = {template.group: 0.5 for template in load_suite()}
    assert any("'" in name for name in floors)
    result = train(baseline(data, tmp_path / "one", gate={"behaviour": floors}))
    logged = mlflow.get_run(result.run_id).data.params
    assert len([name for name in logged if name.startswith("gate.behaviour.")]) == len(floors)


def test_a_change_that_the_server_did_not_make_is_not_on_the_record_as_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = some_of_the_corpus(tmp_path / "small", ["euro"], 30)
    folder = train(baseline(data, tmp_path / "one")).folder
    for _ in range(2):
        registry.register(registry.log_folder(folder))
    assert registry.decide("promote", "1", None, ["first"], {}).taken

    def fail(*_: object) -> None:
        raise MlflowException("writes are not allowed", error_code=TEMPORARILY_UNAVAILABLE)

    with monkeypatch.context() as patched:
        patched.setattr(mlflow.MlflowClient, "set_registered_model_alias", fail)
        with pytest.raises(StancewireError, match="writes are not allowed; try again"):
            registry.decide("promote", "2", "1", ["better"], {})
    assert [entry.taken for entry in registry.history()] == [True, False]
    why = registry.history()[1].why
    assert why == ("MLflow did not move the alias: writes are not allowed", "better")
    assert registry.champion() == "1"
    assert registry.decide("promote", "2", "1", ["better"], {}).taken
    assert registry.previous_champion() == "1"


def test_what_mlflow_refuses_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("history", "--name", "nobodys") == 0
    assert "no decision on 'nobodys' yet" in capsys.readouterr().err
    assert run("register", "default", "--name", "a/b") == 2
    said = capsys.readouterr().err
    assert said.startswith("stancewire: no name of a registered model: ")
    assert said.count("\n") == 1
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nonsense://here")
    assert run("history") == 2
    said = capsys.readouterr().err
    assert said.startswith("stancewire: MLflow at nonsense://here: ")
    assert said.count("\n") == 1


def test_an_unknown_version_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("promote", "7") == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("stancewire: no version '7' of the registered model 'stancewire'")
    assert "\n" not in said
    Path("article.txt").write_text(TEXT)
    assert run("score", "--model", "models:/stancewire@champion", "article.txt") == 2
    assert "check the name and MLFLOW_TRACKING_URI" in capsys.readouterr().err


def test_several_seeds_give_mean_and_spread(tmp_path: Path) -> None:
    data = some_of_the_corpus(tmp_path / "small", ["euro", "amer"], 60)
    results = train_seeds(baseline(data, tmp_path / "model", seeds=[1, 2]), register="seeded")
    values = [result.figures["validation_label_f1"] for result in results]
    assert [result.folder.name for result in results] == ["seed-1", "seed-2"]
    runs = mlflow.MlflowClient().search_runs([mlflow.get_experiment_by_name("stancewire").experiment_id])  # type: ignore[union-attr]
    (parent,) = [one for one in runs if "mlflow.parentRunId" not in one.data.tags]
    assert parent.data.metrics["validation_label_f1_mean"] == pytest.approx(sum(values) / 2)
    assert len(runs) == 3
    # What was trained is not trained again; a seed named twice counts once.
    again = train_seeds(baseline(data, tmp_path / "model", seeds=[2, 1, 2]))
    assert [one.figures["validation_label_f1"] for one in again] == values[::-1]
    best = Scorer.from_pretrained("models:/seeded@challenger").score(TEXT)
    assert best == Scorer.from_pretrained(results[values.index(max(values))].folder).score(TEXT)


def test_a_run_says_what_went_in_and_shows_what_came_out(tmp_path: Path) -> None:
    data = some_of_the_corpus(tmp_path / "small", ["euro", "amer"], 60)
    result = train(baseline(data, tmp_path / "model"))
    logged = mlflow.get_run(result.run_id)
    (dataset,) = [one.dataset for one in logged.inputs.dataset_inputs]  # type: ignore[union-attr]
    assert (dataset.name, len(dataset.digest)) == ("small", 16)
    (data / "euro.jsonl").write_text((data / "amer.jsonl").read_text())
    again = train(baseline(data, tmp_path / "other"))
    assert mlflow.get_run(again.run_id).inputs.dataset_inputs[0].dataset.digest != dataset.digest  # type: ignore[union-attr]
    plots = {one.path for one in mlflow.MlflowClient().list_artifacts(result.run_id, "plots")}
    assert plots == {f"plots/{name}.png" for name in ("confusion", "reliability", "precision_coverage")}
    assert {"validation_f1_sanctions_support", "validation_label_f1_on_small"} <= set(logged.data.metrics)


def test_a_logged_model_scores_a_frame_without_torch(tmp_path: Path) -> None:
    result = train(baseline(some_of_the_corpus(tmp_path / "small", ["euro"], 60), tmp_path / "one"))
    frame = pd.DataFrame({"id": ["a", "b"], "text": [TEXT, "Nothing happened."], "published": ["2024-02-23", None]})
    code = (
        "import sys, mlflow, pandas as pd; frame = pd.read_json('frame.json', dtype=False);"
        f"model = mlflow.pyfunc.load_model('{result.address}');"
        "model.predict(frame).to_json('rows.json', orient='records');"
        "model.predict(frame, params={'nested': True}).to_json('nested.json', orient='records');"
        "assert 'torch' not in sys.modules and 'transformers' not in sys.modules"
    )
    frame.to_json("frame.json", orient="records")
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    rows = json.loads((tmp_path / "rows.json").read_text())
    expected = Scorer.from_pretrained(result.folder).score_frame(frame)
    assert rows == json.loads(str(expected.to_json(orient="records")))
    nested = json.loads((tmp_path / "nested.json").read_text())
    assert [row for one in nested for row in one["positions"]] == rows
    assert len(nested) == 2


@contextmanager
def server(*command: str) -> Iterator[str]:
    """A server process of MLflow's own on a free port, once it answers; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = [sys.executable, "-m", "mlflow", *command, "--host", "127.0.0.1", "--port", str(port)]
    # MLflow calls the web server by its bare name.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    process = subprocess.Popen(
        arguments,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=os.environ | {"PATH": path},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/{'ping' if command[0] == 'models' else 'health'}", timeout=2).close()
                break
            except (OSError, urllib.error.URLError):
                assert process.poll() is None, "the server died"
                time.sleep(0.2)
        yield address
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_server_keeps_the_registry_and_a_model_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = some_of_the_corpus(tmp_path / "small", ["euro"], 60)
    store = (
        "--backend-store-uri",
        f"sqlite:///{tmp_path}/server.db",
        "--artifacts-destination",
        str(tmp_path / "files"),
    )
    with server("server", *store, "--workers", "1") as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        result = train(baseline(data, tmp_path / "one"), register="stancewire")
        assert mlflow.get_tracking_uri() == address
        model = "models:/stancewire@challenger"
        with server("models", "serve", "--model-uri", model, "--env-manager", "local", "--workers", "1") as served:
            body = {"dataframe_records": [{"id": "a", "text": TEXT}]}
            request = urllib.request.Request(
                f"{served}/invocations", json.dumps(body).encode(), {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=60) as response:
                answer = json.load(response)["predictions"]
    expected = Scorer.from_pretrained(result.folder).score_frame(pd.DataFrame([{"id": "a", "text": TEXT}]))
    assert answer == json.loads(str(expected.to_json(orient="records")))
