"""A model folder in MLflow's form: ``python_function`` with signature and input example."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import Array

from ..data.schema import ARTICLE_FIELDS, POSITION_COLUMNS

# By name: what scores is loaded by whoever serves the model, not by training.
_LOADER = "stancewire.inference.pyfunc"
_TYPES = {
    "sentence": DataType.long,
    "start": DataType.long,
    "end": DataType.long,
    "confidence": DataType.double,
    "object": Array(DataType.string),
}


def log_model(folder: Path, name: str = "model", registered_name: str | None = None) -> Any:
    """Logs a model folder to the open MLflow run.

    Args:
        folder: The model folder.
        name: Name of the logged model.
        registered_name: Registers it as the next version under this name.

    Returns:
        MLflow's ``ModelInfo``.
    """
    return mlflow.pyfunc.log_model(name=name, registered_model_name=registered_name, **_flavour(folder))


def save_model(folder: Path, path: Path) -> None:
    """Saves a model folder as an MLflow model, for ``mlflow models serve`` without a tracking server."""
    mlflow.pyfunc.save_model(path=str(path), **_flavour(folder))


def _flavour(folder: Path) -> dict[str, Any]:
    example = {"id": "a1", "text": "Japan imposed new sanctions on Russia on Friday.", "published": "2024-02-23"}
    return {
        "loader_module": _LOADER,
        "data_path": str(folder),
        "signature": _signature(),
        "input_example": pd.DataFrame([example]),
        "pip_requirements": [f"stancewire=={version('stancewire')}", f"mlflow=={mlflow.__version__}"],
    }


def _signature() -> ModelSignature:
    articles = [ColSpec(DataType.string, name, required=name == "text") for name in ARTICLE_FIELDS]
    rows = [ColSpec(_TYPES.get(name, DataType.string), name) for name in POSITION_COLUMNS]
    nested = ParamSpec("nested", DataType.boolean, False)
    return ModelSignature(Schema(articles), Schema(rows), ParamSchema([nested]))  # type: ignore[arg-type]
