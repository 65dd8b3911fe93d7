"""The model as a Spark function, through MLflow: the rows that the scorer gives."""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip("mlflow", reason="the MLflow flavour needs the training extra")
pytest.importorskip("pyspark", reason="needs pyspark, which is no part of stancewire")

import mlflow

from stancewire.data.schema import Article
from stancewire.inference.pyfunc import SPARK_TYPE
from stancewire.inference.scorer import Scorer
from stancewire.training.flavour import save_model

pytestmark = pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java")

MODEL = Path(__file__).parent / "models" / "format-1"
TEXTS = {
    "a": "Japan imposed new sanctions on Russia on Friday. Russia condemned the sanctions.",
    "b": "Chile recognised Kosovo.",
    "c": "It rained.",
}


def test_a_spark_frame_gets_the_positions_of_each_article(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The Python of its workers; by default Spark takes whichever comes first on the path.
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    pyspark = import_module("pyspark.sql")
    save_model(MODEL, tmp_path / "model")
    session = pyspark.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        articles = session.createDataFrame(list(TEXTS.items()), ["id", "text"])
        score = mlflow.pyfunc.spark_udf(
            session, str(tmp_path / "model"), result_type=SPARK_TYPE, env_manager="local", params={"nested": True}
        )
        scored = articles.withColumn("scored", score(pyspark.functions.struct("id", "text")))
        found = {row["id"]: [one.asDict() for one in row["scored"]["positions"]] for row in scored.collect()}
    finally:
        session.stop()
    scorer = Scorer.from_pretrained(MODEL)
    wanted = {name: [asdict(row) for row in scorer.score(Article(name, text))] for name, text in TEXTS.items()}
    assert found == wanted
    assert wanted["a"]
