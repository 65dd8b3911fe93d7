"""The shipped corpus loads the ways that people load a corpus."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from stancewire.data.corpus import corpus_folder, read_labelled


def test_it_loads_with_one_pandas_call() -> None:
    frame = pd.concat(pd.read_json(path, lines=True) for path in corpus_folder().glob("*.jsonl"))
    assert len(frame) == len(read_labelled("corpus"))
    assert {"id", "text", "sentences", "stances", "sentiments"} <= set(frame.columns)


def test_it_loads_with_datasets(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="datasets comes with the training extra")
    loaded = datasets.load_dataset(str(corpus_folder()), split="train", cache_dir=str(tmp_path))
    assert sorted(loaded["id"]) == sorted(one.article.id for one in read_labelled("corpus"))
    assert set(loaded[0]["stances"][0]) == {"sentence", "actor", "issue", "stance", "object", "optional"}
