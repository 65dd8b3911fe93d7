"""NewsMTSC in both of its forms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stancewire.data.actors import ActorResolver
from stancewire.data.corpus import IGNORED
from stancewire.data.errors import StancewireError
from stancewire.data.issues import load_issues
from stancewire.data.newsmtsc import read_newsmtsc, target_actors
from stancewire.data.schema import SENTIMENTS

SENTENCE = "Marta Suarez praised the ministry, while Japan looked on and Peter Lindqvist lied again."
TARGETS = [("Marta Suarez", 0, "m1"), ("Peter Lindqvist", -1, "m2")]
ISSUES = load_issues()


@pytest.fixture(scope="module")
def resolver() -> ActorResolver:
    return ActorResolver()


def own_form(folder: Path) -> Path:
    targets = [
        {"from": SENTENCE.index(name), "to": SENTENCE.index(name) + len(name), "polarity": 4.0 + 2 * polarity}
        for name, polarity, _ in TARGETS
    ]
    path = folder / "train.jsonl"
    path.write_text(json.dumps({"primary_gid": "m1", "sentence_normalized": SENTENCE, "targets": targets}))
    return path


def hub_form(folder: Path) -> Path:
    rows = [
        {
            "mention": name,
            "polarity": polarity,
            "from": SENTENCE.index(name),
            "to": SENTENCE.index(name) + len(name),
            "sentence": SENTENCE,
            "id": key,
        }
        for name, polarity, key in TARGETS
    ]
    path = folder / "hub"
    path.mkdir()
    (path / "train.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return path


def test_targets_have_their_polarity_and_the_others_none(tmp_path: Path, resolver: ActorResolver) -> None:
    (example,) = read_newsmtsc(own_form(tmp_path), resolver, ISSUES)
    asked = [example.window.actors[question.slot] for question in example.window.questions]
    by_actor = dict(zip(asked, example.sentiments, strict=True))
    assert by_actor["target 0"] == SENTIMENTS.index("neutral")
    assert by_actor["target 1"] == SENTIMENTS.index("negative")
    assert by_actor["Japan"] == IGNORED
    assert {label for row in example.stances for label in row} == {IGNORED}
    assert "Lindqvist" not in example.window.texts[0]


def test_the_hubs_form_gives_the_same(tmp_path: Path, resolver: ActorResolver, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("datasets", reason="Hub data sets need the training extra")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    own = list(read_newsmtsc(own_form(tmp_path), resolver, ISSUES))
    assert list(read_newsmtsc(hub_form(tmp_path), resolver, ISSUES)) == own


def test_targets_that_overlap_are_one_mention(tmp_path: Path, resolver: ActorResolver) -> None:
    start = SENTENCE.index(TARGETS[0][0])
    spans = [(start, start + 3), (start, start + 5), (start, start + 3)]
    record = {
        "primary_gid": "a",
        "sentence_normalized": SENTENCE,
        "targets": [{"from": a, "to": b, "polarity": p} for (a, b), p in zip(spans, (2.0, 4.0, 6.0), strict=True)],
    }
    path = tmp_path / "overlap.jsonl"
    path.write_text(json.dumps(record))
    (example,) = read_newsmtsc(path, resolver, ISSUES)
    assert target_actors(record) == ["target 0"] * 3
    assert example.window.texts[0].startswith("[A0] Suarez praised")
    assert example.window.texts[0].count("[A0]") == 1
    assert example.sentiments[0] == SENTIMENTS.index("negative")


def test_what_cannot_be_read_is_named(tmp_path: Path, resolver: ActorResolver) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"targets": []}')
    with pytest.raises(StancewireError, match=r"broken\.jsonl:1: not a NewsMTSC record"):
        list(read_newsmtsc(broken, resolver, ISSUES))
    with pytest.raises(StancewireError, match="cannot be read"):
        list(read_newsmtsc(tmp_path / "missing.jsonl", resolver, ISSUES))
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.jsonl").write_text('{"text": "x"}')
    pytest.importorskip("datasets", reason="Hub data sets need the training extra")
    with pytest.raises(StancewireError, match="not a data set with sentence, from, to and polarity"):
        list(read_newsmtsc(other, resolver, ISSUES))
