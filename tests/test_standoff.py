"""Labels and the text that they are of, kept apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stancewire.data.errors import StancewireError
from stancewire.data.schema import Span
from stancewire.data.standoff import checksum, read_standoff

TEXT = "Chile opposes the sanctions."


def write(folder: Path, digest: str = checksum(TEXT), name: str = "s1") -> tuple[Path, Path]:
    labels, source = folder / "labels.jsonl", folder / "source.jsonl"
    stance = {"sentence": 0, "actor": "Chile", "issue": "sanctions", "stance": "oppose", "object": []}
    sentences = [{"start": 0, "end": len(TEXT)}]
    labels.write_text(json.dumps({"id": name, "sha256": digest, "sentences": sentences, "stances": [stance]}))
    source.write_text(json.dumps({"primary_gid": "s1", "sentence_normalized": TEXT, "targets": []}))
    return labels, source


def test_labels_find_their_text(tmp_path: Path) -> None:
    (one,) = read_standoff(*write(tmp_path))
    assert one.article.text == TEXT
    assert one.sentences == (Span(0, len(TEXT)),)
    assert [(stance.actor, stance.stance) for stance in one.stances] == [("Chile", "oppose")]


def test_a_text_that_was_changed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StancewireError, match=r"labels\.jsonl:1: text 's1' in .* is not the one that was labelled"):
        list(read_standoff(*write(tmp_path, digest=checksum("other"))))


def test_a_text_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(StancewireError, match="has no text 's2'"):
        list(read_standoff(*write(tmp_path, name="s2")))


def test_a_source_without_texts_says_what_it_lacks(tmp_path: Path) -> None:
    labels, source = write(tmp_path)
    source.write_text('{"id": "s1"}')
    with pytest.raises(StancewireError, match=r"source\.jsonl:1: has no text or sentence_normalized"):
        list(read_standoff(labels, source))
