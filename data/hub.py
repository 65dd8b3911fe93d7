"""Rows of a data set on the Hugging Face Hub."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from .errors import MissingExtraError, StancewireError

_NAME = re.compile(r"[\w.-]+/[\w.-]+(?::[\w.-]+)?")


def is_hub_name(name: str) -> bool:
    """Whether a name is no path here but could be a data set's: ``organisation/name`` or ``…:configuration``.

    ``data/lables`` beside a folder ``data`` is a slip and not the Hub's.
    """
    path = Path(name)
    return not path.exists() and not path.parent.exists() and not path.suffix and _NAME.fullmatch(name) is not None


def load_rows(source: str, form: str) -> list[dict[str, Any]]:
    """The training rows of a data set.

    Args:
        source: A Hub name, after a colon its configuration, or a folder, as ``datasets.load_dataset`` takes it.
        form: What each row should hold, for the message.

    Raises:
        MissingExtraError: ``datasets`` is not installed.
        StancewireError: It cannot be loaded.
    """
    try:
        from datasets import load_dataset
    except ImportError as error:
        raise MissingExtraError("reading a data set by its Hub name", "training") from error

    name, _, configuration = source.partition(":")
    # The Hub's own conversion: the data set's loading script is code, and code of a data set is not run.
    revision = None if Path(name).exists() else "refs/convert/parquet"
    try:
        return list(load_dataset(name, configuration or None, split="train", revision=revision))  # type: ignore[arg-type]
    except Exception as error:  # a network, a missing name and a wrong file all raise their own kind
        message = " ".join(str(error).split())
        raise StancewireError(f"{source}: not a data set with {form} ({message})") from error
