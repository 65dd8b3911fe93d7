"""The shipped corpus loads the ways that people load a corpus."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from stancewire.data.corpus import corpus_folder, read_labelled
from stancewire.data.schema import Span


def test_it_loads_with_one_pandas_call() -> None:
    frame = pd.concat(pd.read_json(path, lines=True) for path in corpus_folder().glob("*.jsonl"))
    assert len(frame) == len(read_labelled("corpus"))
    assert {"id", "text", "sentences", "stances", "sentiments"} <= set(frame.columns)


def test_it_loads_with_datasets(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="datasets comes with the training extra")
    loaded = datasets.load_dataset(str(corpus_folder()), split="train", cache_dir=str(tmp_path))
    assert sorted(loaded["id"]) == sorted(one.article.id for one in read_labelled("corpus"))
    assert set(loaded[0]["stances"][0]) == {"sentence", "actor", "issue", "stance", "object", "optional"}


def test_the_frozen_test_set_is_whole_and_apart_from_the_corpus() -> None:
    frozen = read_labelled("frozen")
    assert len(frozen) == 135
    assert not {one.article.id for one in frozen} & {one.article.id for one in read_labelled("corpus")}
    for one in frozen:
        assert all(0 <= a.start < a.end <= b.start for a, b in pairwise([*one.sentences, Span(10**9, 10**9)]))
        assert one.sentences[-1].end <= len(one.article.text)
        assert all(0 <= stance.sentence < len(one.sentences) for stance in one.stances)
    assert {one.article.source for one in frozen} >= {"wire", "statement", "briefing", "speech", "opinion"}
    assert sum(not one.stances for one in frozen) >= 20
