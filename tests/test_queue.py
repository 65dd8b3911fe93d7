"""What to label next: the picks, Label Studio and back, and the replay that shows what it saves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stancewire.data.corpus import corpus_folder, parse_labelled, read_labelled
from stancewire.data.errors import StancewireError
from stancewire.data.label_studio import OPTIONAL, from_label_studio, labelling_config, to_label_studio
from stancewire.data.schema import Article
from stancewire.data.windows import Window
from stancewire.inference.cli import main
from stancewire.inference.queue import make_queue
from stancewire.inference.scorer import Scorer
from stancewire.inference.selection import Worth, judge_windows, pick
from stancewire.models.base import StanceModel, WindowScores


@pytest.fixture(scope="module")
def articles() -> list[Article]:
    return [one.article for one in read_labelled("frozen")[:25]]


class Contrarian:
    """A model that sees support where the other sees opposition."""

    def __init__(self, model: StanceModel) -> None:
        self.model, self.config = model, model.config

    def predict(self, windows: Sequence[Window]) -> list[WindowScores]:
        swapped = [scores.stance[..., [0, 2, 1, 3]] for scores in self.model.predict(windows)]
        return [WindowScores(stance, None) for stance in swapped]

    def logits(self, windows: Sequence[Window]) -> tuple[list[np.ndarray], list[np.ndarray]]:
        return self.model.logits(windows)


def test_windows_are_judged_between_nothing_and_one(articles: list[Article], scorer: Scorer) -> None:
    windows = [window for article in articles for window in scorer.read(article).windows]
    alone = judge_windows(windows, [scorer.model])
    assert all(0 <= part <= 1 for one in alone for part in one)
    assert {one.disagreement for one in alone} == {0.0}
    assert max(one.rarity for one in alone) > 0
    together = judge_windows(windows, [scorer.model, Contrarian(scorer.model)])
    assert max(one.disagreement for one in together) > 0.5
    assert all(0 <= part <= 1 for one in together for part in one)


def test_a_window_without_a_question_on_an_issue_is_worth_nothing(scorer: Scorer) -> None:
    (window,) = scorer.read(Article("a", "Kenya beat Ghana at football on Sunday in front of a large crowd.")).windows
    assert judge_windows([window], [scorer.model]) == [Worth(0.0, 0.0, 0.0)]


def test_copies_are_picked_once_and_an_article_is_not_picked_bare(articles: list[Article], scorer: Scorer) -> None:
    copies = [replace(articles[0], id=f"copy-{k}") for k in range(5)]
    pool = [*copies, *articles[1:]]
    places = [(article.id, window) for article in pool for window in scorer.read(article).windows]
    windows = [window for _, window in places]
    groups = [name for name, _ in places]
    worth = [float(len(windows) - k) for k in range(len(windows))]
    chosen = pick(windows, worth, 12, groups, most=2)
    assert chosen[0] == 0
    assert len({windows[k].plain for k in chosen}) == len(chosen)
    assert max([groups[k] for k in chosen].count(name) for name in groups) == 2
    assert len(chosen) == 12


def finish(tasks: list[dict], annotators: dict[str, str]) -> list[dict]:
    """Submits every task's own predictions, one annotator doing as told: ``agree``, ``doubt``, or ``turn``."""
    exported = []
    for number, task in enumerate(tasks):
        annotations = []
        for who, how in annotators.items():
            result = json.loads(json.dumps(task["predictions"][0]["result"]))
            for part in list(result):
                if part["from_name"] == "stance" and how == "turn":
                    issue, _, stance = part["value"]["labels"][0].partition(": ")
                    part["value"]["labels"] = [f"{issue}: {'oppose' if stance == 'support' else 'support'}"]
                if part["from_name"] == "stance" and how == "doubt":
                    doubt = part | {"from_name": "doubt", "type": "choices"}
                    result.append(doubt | {"value": part["value"] | {"choices": [OPTIONAL]}})
            annotations.append({"completed_by": {"id": 1, "email": who}, "was_cancelled": False, "result": result})
        exported.append({"id": number, "data": task["data"], "annotations": annotations, "predictions": []})
    return exported


@pytest.fixture(scope="module")
def tasks(articles: list[Article], scorer: Scorer) -> list[dict]:
    # A character beyond the basic plane: browsers count it twice.
    lively = [replace(article, text="\U0001f4f0 " + article.text) for article in articles]
    picked = make_queue(lively, [scorer], 12)
    assert len(picked) == 12
    for task in picked:
        article = next(one for one in lively if one.id == task.article_id)
        assert article.text[task.start :].startswith(task.text)
    return to_label_studio(picked, scorer.model.config.full_name)


def test_what_annotators_agree_on_comes_back_firm_with_its_offsets(tasks: list[dict], tmp_path: Path) -> None:
    export = tmp_path / "export.json"
    export.write_text(json.dumps(finish(tasks, {"ann@desk": "agree", "bob@desk": "agree"})))
    finished = from_label_studio(export)
    assert not finished.left_out
    assert len(finished.pairs) == 12
    wanted = sum(len({part["id"] for part in task["predictions"][0]["result"]}) for task in tasks)
    assert sum(len(record["stances"]) for record in finished.labelled) == wanted > 10
    for record, task in zip(finished.labelled, tasks, strict=True):
        labelled = parse_labelled(record, "export")
        assert not any(stance.optional for stance in labelled.stances)
        regions = [part for part in task["predictions"][0]["result"] if part["from_name"] == "stance"]
        texts = {labelled.article.text[slice(*labelled.sentences[stance.sentence])] for stance in labelled.stances}
        assert texts == {part["value"]["text"] for part in regions}
        encoded = record["text"].encode("utf-16-le")
        for part in regions:
            span = encoded[2 * part["value"]["start"] : 2 * part["value"]["end"]]
            assert span.decode("utf-16-le") == part["value"]["text"]


def test_an_annotator_has_one_voice_however_many_regions(tasks: list[dict], tmp_path: Path) -> None:
    exported = finish(tasks, {"ann@desk": "agree", "bob@desk": "agree"})
    for task in exported:
        again = json.loads(json.dumps(task["annotations"][0]["result"]))
        task["annotations"][0]["result"] += [part | {"id": f"again-{part['id']}"} for part in again]
        task["annotations"][1]["result"] = []
    export = tmp_path / "export.json"
    export.write_text(json.dumps(exported))
    stances = [stance for record in from_label_studio(export).labelled for stance in record["stances"]]
    assert stances
    assert all(stance["optional"] for stance in stances)


@pytest.mark.parametrize("other", ["turn", "doubt"])
def test_what_they_differ_on_comes_back_optional(tasks: list[dict], tmp_path: Path, other: str) -> None:
    export = tmp_path / "export.json"
    export.write_text(json.dumps(finish(tasks, {"ann@desk": "agree", "bob@desk": other})))
    stances = [stance for record in from_label_studio(export).labelled for stance in record["stances"]]
    assert stances
    assert all(stance["optional"] for stance in stances)


def test_label_studio_takes_the_tasks(tasks: list[dict], scorer: Scorer) -> None:
    interface = pytest.importorskip("label_studio_sdk.label_interface", reason="needs label-studio-sdk")
    config = interface.LabelInterface(labelling_config([issue.id for issue in scorer.model.config.issues]))
    config.validate()
    for task in tasks:
        assert config.validate_task({"data": task["data"]})
        assert config.validate_prediction(task["predictions"][0])


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    return int(stopped.value.code or 0)


def test_the_commands_go_there_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "news.jsonl", tmp_path / "tasks.json"
    rows = [{"id": one.article.id, "text": one.article.text} for one in read_labelled("frozen")[:10]]
    source.write_text("\n".join(json.dumps(row) for row in rows))
    assert run("queue", "pick", str(source), "-n", "6", "-o", str(out)) == 0
    assert "6 tasks from 10 articles" in capsys.readouterr().err
    assert (tmp_path / "tasks.xml").read_text().startswith("<View>")
    assert run("queue", "pick", str(source), "-o", str(out)) == 2
    assert "exists already" in capsys.readouterr().err
    exported = finish(json.loads(out.read_text()), {"ann@desk": "agree", "bob@desk": "turn"})
    exported[0]["annotations"] = []
    (tmp_path / "export.json").write_text(json.dumps(exported))
    assert run("queue", "import", str(tmp_path / "export.json"), "-o", str(tmp_path / "labels.jsonl")) == 1
    said = capsys.readouterr()
    assert "nobody has finished it" in said.err
    assert "5 tasks" in said.out
    assert "agreement of the annotators: alpha" in said.out
    assert len(read_labelled(tmp_path / "labels.jsonl")) == 5
    (tmp_path / "other.json").write_text(json.dumps([{"data": {"text": "x"}}]))
    assert run("queue", "import", str(tmp_path / "other.json"), "-o", str(tmp_path / "none.jsonl")) == 2
    assert "no export of tasks" in capsys.readouterr().err


def test_one_odd_region_or_task_is_left_out_and_the_rest_taken(tasks: list[dict], tmp_path: Path) -> None:
    exported = finish(tasks, {"ann@desk": "agree"})
    export = tmp_path / "export.json"
    export.write_text(json.dumps(exported))
    wanted = from_label_studio(export).labelled
    relation = {"type": "relation", "from_id": "p0", "to_id": "p1", "direction": "right"}
    number = {"id": "n1", "from_name": "rating", "type": "number", "value": {"number": 3}}
    first = exported[0]["annotations"][0]["result"]
    value = {"start": 10**6, "end": 10**6 + 5, "text": "?"}
    outside = {
        "id": "far",
        "from_name": "stance",
        "type": "labels",
        "value": value | {"labels": ["sanctions: support"]},
    }
    actor = {"id": "far", "from_name": "actor", "type": "textarea", "value": value | {"text": ["Chile"]}}
    strange = {
        "id": "odd",
        "from_name": "stance",
        "type": "labels",
        "value": {"start": 0, "end": 5, "labels": ["ships"]},
    }
    about = actor | {"id": "odd"}
    first += [relation, number, outside, actor, strange, about]
    exported += [{"data": {"text": "another project's"}, "annotations": []}]
    del exported[1]["annotations"][0]["result"]
    export.write_text(json.dumps(exported))
    finished = from_label_studio(export)
    assert finished.labelled == [wanted[0], *wanted[2:]]
    said = "\n".join(finished.left_out)
    assert len(finished.left_out) == 4
    for words in (
        "lies in no sentence",
        "'ships' is no label of the interface",
        "KeyError: 'task'",
        "KeyError: 'result'",
    ):
        assert words in said


def test_the_queue_replaces_nothing_unasked_and_leaves_nothing_where_there_is_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("Japan imposed new sanctions on Russia on Friday.")
    (tmp_path / "tasks.xml").write_text("mine")
    assert run("queue", "pick", str(tmp_path / "a.txt"), "-o", str(tmp_path / "tasks.json")) == 2
    assert "tasks.xml' exists already" in capsys.readouterr().err
    assert (tmp_path / "tasks.xml").read_text() == "mine"
    assert not (tmp_path / "tasks.json").exists()
    (tmp_path / "empty.csv").write_text("id,text\n")
    assert run("queue", "pick", str(tmp_path / "empty.csv"), "-o", str(tmp_path / "none.json")) == 2
    assert "nothing to score" in capsys.readouterr().err
    assert not list(tmp_path.glob("none.*"))


def test_the_replay_gives_both_ways_the_same_start_and_number_of_labels() -> None:
    simulation = pytest.importorskip("stancewire.training.simulation", reason="needs the training extra")
    curves = simulation.simulate("frozen", str(corpus_folder() / "euro.jsonl"), 30, 20, 2, [1, 2])
    assert curves.sizes == [30, 50, 70]
    assert curves.queue.shape == curves.random.shape == (2, 3)
    np.testing.assert_array_equal(curves.queue[:, 0], curves.random[:, 0])
    assert (curves.queue[:, 1:] != curves.random[:, 1:]).any()
    with pytest.raises(StancewireError, match="too few to choose 100030 from"):
        simulation.simulate("frozen", "frozen", 30, 50_000, 2, [1])


def test_what_the_queue_saves_is_read_off_the_mean_curves() -> None:
    simulation = pytest.importorskip("stancewire.training.simulation", reason="needs the training extra")
    drawn = np.array([[0.1, 0.2, 0.3, 0.35], [0.1, 0.2, 0.3, 0.35]])
    ahead = simulation.Curves([100, 200, 300, 400], drawn + np.array([0, 0.1, 0.1, 0.1]), drawn)
    assert ahead.saving() == pytest.approx(1 / 3)
    assert ahead.gain().mean() == pytest.approx(0.1)
    behind = simulation.Curves([100, 200, 300, 400], drawn - np.array([0, 0.05, 0.04, 0.05]), drawn)
    assert behind.saving() == pytest.approx(-1 / 3)
    never = simulation.Curves([100, 200, 300, 400], drawn - np.array([0, 0.1, 0.1, 0.1]), drawn)
    assert never.saving() is None
