"""Where a model lies: in the package, in a folder, in an MLflow store, or on the Hugging Face Hub."""

from __future__ import annotations

import logging
import os
import re
from importlib.resources import files
from pathlib import Path

from ..data.errors import MissingExtraError, StancewireError

CONFIG = "config.json"
STORE = "sqlite:///mlflow.db"
"""Where MLflow keeps runs and models unless a recipe or ``MLFLOW_TRACKING_URI`` says otherwise."""
_MLFLOW = ("models:/", "runs:/")
_HUB_NAME = re.compile(r"(?!\.)[\w.-]+/[\w.-]+(?:@[\w./-]+)?")


def find_model(name: str | Path | None = None) -> Path:
    """The folder of a model.

    Args:
        name: A folder; ``default`` (or None) for the model that ships with the package; an MLflow address
            (``models:/stancewire@champion``, ``models:/stancewire/3``, ``runs:/RUN/model``); or a Hub name
            (``organisation/model``, with ``@revision`` for one of its revisions).

    Raises:
        StancewireError: There is no such model.
        MissingExtraError: It is an MLflow address and MLflow is not installed.
    """
    if name is None or str(name) == "default":
        folder = Path(str(files("stancewire.models") / "default"))
        if not (folder / CONFIG).exists():
            raise StancewireError(
                "the default model is not in this installation; reinstall stancewire, or name a folder"
            )
        return folder
    if str(name).startswith(_MLFLOW):
        return _from_mlflow(str(name))
    folder = Path(name)
    if (folder / CONFIG).exists():
        return folder
    if folder.exists():
        raise StancewireError(
            f"{folder}: no model here, {CONFIG} is missing; name a folder that `stancewire train` wrote"
        )
    # `runs/model` beside a folder `runs` is a slip and not the Hub's.
    if _HUB_NAME.fullmatch(str(name)) and not folder.parent.exists():
        return _from_hub(str(name))
    raise StancewireError(
        f"unknown model {str(name)!r}: no such folder; name a model folder, or leave it out for the default"
    )


def connect_mlflow(store: str | None = None) -> None:
    """Points MLflow at ``MLFLOW_TRACKING_URI``, or else at a store, by default ``STORE``.

    Raises:
        MissingExtraError: MLflow is not installed.
    """
    try:
        import mlflow
    except ModuleNotFoundError as error:
        raise MissingExtraError("MLflow", "training") from error
    # Its notes on the tables that it makes are no news to whoever scores an article.
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    wanted = os.environ.get("MLFLOW_TRACKING_URI") or store
    if wanted or not mlflow.is_tracking_uri_set():
        mlflow.set_tracking_uri(wanted or STORE)


def _from_mlflow(address: str) -> Path:
    connect_mlflow()
    import mlflow
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    try:
        place = Path(download_artifacts(artifact_uri=address))
    except (MlflowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise StancewireError(
            f"model {address}: MLflow at {mlflow.get_tracking_uri()} does not give it ({reason}); check the name and"
            " MLFLOW_TRACKING_URI"
        ) from error
    found = sorted(place.rglob(CONFIG), key=lambda path: len(path.parts))
    if not found:
        raise StancewireError(f"model {address}: is no stancewire model, it holds no {CONFIG}")
    return found[0].parent


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    repository, _, revision = name.partition("@")
    try:
        folder = Path(snapshot_download(repository, revision=revision or None))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise StancewireError(
            f"unknown model {name!r}: no such folder, and the Hub does not give it ({reason}); name a model folder, or"
            " leave it out for the default"
        ) from error
    if not (folder / CONFIG).exists():
        raise StancewireError(f"model {name!r} on the Hub is no stancewire model, it holds no {CONFIG}")
    return folder
