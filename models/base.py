"""The one interface of all models, and the folder that a saved model is.

A model folder holds ``config.json`` (type, name, version, issues, thresholds, checksums) beside the model's own files,
which are ONNX, safetensors or JSON: loading one never executes what is in it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..data.errors import StancewireError
from ..data.issues import Issue
from ..data.schema import SENTIMENTS, STANCES
from ..data.windows import Window
from .locate import CONFIG, find_model

FORMAT = 3
"""Raised when a model folder of this version cannot be read by an older stancewire.

1: an encoder reads one sentence with its context at a time. 2: an encoder reads several sentences and answers
questions about each. 3: thresholds are probabilities of the label that is reported, no more of any stance at all.
Encoders of format 1 are read by a class of their own, and thresholds before format 3 mean what they meant; to migrate
a model, train its recipe anew.
"""

_LAST_FORMAT_OF_ANY_STANCE = 2

CLASSES = ("none", *STANCES)
_TYPES = {
    "encoder": ("encoder", "EncoderModel"),
    "baseline": ("baseline", "BaselineModel"),
}
_NEEDED = {
    "encoder": frozenset({"model.onnx", "tokenizer.json"}),
    "baseline": frozenset({"vocabulary.json", "lexical.safetensors"}),
}
_FIRST_FORMAT = {"encoder": ("encoder_v1", "EncoderV1Model")}


class WindowScores(NamedTuple):
    """What a model says of one window.

    Attributes:
        stance: Probabilities, shape (questions, issues, classes), classes in the order of ``CLASSES``.
        sentiment: Probabilities, shape (questions, 3) in the order of ``SENTIMENTS``; None where the model has none.
    """

    stance: np.ndarray
    sentiment: np.ndarray | None


@dataclass
class ModelConfig:
    """What a model folder says of itself.

    Attributes:
        type: ``encoder`` or ``baseline``.
        name: Name of the model.
        version: Version of the model.
        issues: The issues it was trained for, in the order of its outputs.
        thresholds: For each issue the probability of its label at which a position is reported.
        temperature: Softmax temperature of the stance logits (Guo et al. 2017), fitted on held-out passages.
        sentiment_temperature: The same for sentiment.
        confidence: Slope and intercept that turn the log-odds of a reported label into those of its being right (Platt
            1999), fitted on held-out passages: what is reported is chosen, and a temperature alone leaves it too sure.
        options: What the model's own type needs (length limits and the like).
        files: SHA-256 of the model's other files.
        format: Format of the folder.
    """

    type: str
    name: str
    version: str
    issues: tuple[Issue, ...]
    thresholds: dict[str, float]
    temperature: float = 1.0
    sentiment_temperature: float = 1.0
    confidence: tuple[float, float] = (1.0, 0.0)
    options: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def full_name(self) -> str:
        """Name and version, as they stand in the ``model`` column."""
        return f"{self.name} {self.version}"

    def scores(self, stance: Sequence[np.ndarray], sentiment: Sequence[np.ndarray]) -> list[WindowScores]:
        """Calibrated probabilities of windows from the raw logits that :meth:`StanceModel.logits` gives."""
        return [
            WindowScores(softmax(one, self.temperature), softmax(other, self.sentiment_temperature))
            for one, other in zip(stance, sentiment, strict=True)
        ]

    def report(self, stance: np.ndarray) -> np.ndarray:
        """The class that is reported, the likeliest side where it is likely enough.

        Args:
            stance: Probabilities, shape (…, issues, classes).

        Returns:
            Indices into ``CLASSES``, shape (…, issues), 0 where nothing is reported.
        """
        limits = [self.thresholds[issue.id] for issue in self.issues]
        sides = stance[..., 1:]
        sure = sides.max(-1) if self.format > _LAST_FORMAT_OF_ANY_STANCE else 1 - stance[..., 0]
        return np.where(sure >= limits, 1 + sides.argmax(-1), 0)

    def confidence_of(self, probability: float) -> float:
        """The calibrated confidence of a reported stance: the share of rows as sure as this one that are right."""
        slope, intercept = self.confidence
        kept = min(max(probability, 1e-6), 1 - 1e-6)
        return 1 / (1 + math.exp(-(slope * math.log(kept / (1 - kept)) + intercept)))

    def write(self, folder: Path) -> None:
        """Writes ``config.json``, last of all files, with the checksums of the others."""
        parts = [path for path in sorted(folder.iterdir()) if path.suffix in _HASHED and path.name != CONFIG]
        self.files = {path.name: _sha256(path) for path in parts}
        record = asdict(self) | {
            "issues": [issue.record() for issue in self.issues],
            "labels": {"stance": list(CLASSES), "sentiment": list(SENTIMENTS)},
        }
        (folder / CONFIG).write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


_HASHED = frozenset({".onnx", ".safetensors", ".json"})


class StanceModel(Protocol):
    """A trained model: windows in, probabilities out."""

    config: ModelConfig

    def predict(self, windows: Sequence[Window]) -> list[WindowScores]:
        """Scores windows, one result each, in order."""
        ...

    def logits(self, windows: Sequence[Window]) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Raw stance logits (questions, issues, classes) and sentiment logits (questions, 3) of each window."""
        ...


def read_config(folder: Path) -> ModelConfig:
    """Reads and checks ``config.json`` and the checksums of the files it lists.

    Raises:
        StancewireError: It is broken, of a newer format, or a file was changed since it was written.
    """
    try:
        record = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        written = record["format"]
        if written > FORMAT:
            raise StancewireError(
                f"{folder}: model format {written} is newer than {FORMAT}; upgrade stancewire to load it"
            )
        record.pop("labels")
        record["issues"] = tuple(map(Issue.from_record, record["issues"]))
        record["confidence"] = tuple(record.get("confidence", (1.0, 0.0)))
        config = ModelConfig(**record)
        _check_values(config)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StancewireError(
            f"{folder / CONFIG}: not a model configuration ({error}); train or copy the model anew"
        ) from error
    for name, digest in config.files.items():
        path = folder / name
        if not path.exists() or _sha256(path) != digest:
            raise StancewireError(f"{path}: missing or changed since the model was written; copy the model folder anew")
    return config


def _check_values(config: ModelConfig) -> None:
    """Refuses figures with which a model would answer at random or not at all.

    Raises:
        ValueError: One is missing or out of its range.
    """
    if not config.issues:
        raise ValueError("'issues' is empty")
    for issue in config.issues:
        if not 0 <= config.thresholds[issue.id] <= 1:
            raise ValueError(f"'thresholds' has {config.thresholds[issue.id]} for {issue.id}")
    for name in ("temperature", "sentiment_temperature"):
        if not 0 < getattr(config, name) < math.inf:
            raise ValueError(f"{name!r} is {getattr(config, name)}")
    slope, intercept = config.confidence
    if not (math.isfinite(slope) and math.isfinite(intercept)):
        raise ValueError(f"'confidence' is {config.confidence}")
    if missing := _NEEDED.get(config.type, frozenset()) - config.files.keys():
        raise ValueError(f"'files' has no checksum of {', '.join(sorted(missing))}")
    if config.type == "encoder" and not isinstance(config.options.get("max_length"), int):
        raise ValueError("'options' has no 'max_length'")


def load_model(name: str | Path | None = None, threads: int | None = None) -> StanceModel:
    """Loads a model.

    Args:
        name: A model, as :func:`~stancewire.models.locate.find_model` takes it.
        threads: Threads of the encoder; None leaves it to ONNX Runtime.

    Raises:
        StancewireError: There is no such model, or its folder is broken.
    """
    folder = find_model(name)
    config = read_config(folder)
    if config.type not in _TYPES:
        raise StancewireError(f"{folder}: unknown model type {config.type!r}; known are {', '.join(_TYPES)}")
    module, cls = (_TYPES | _FIRST_FORMAT if config.format == 1 else _TYPES)[config.type]
    return getattr(import_module(f".{module}", __package__), cls)(folder, config, threads)


def softmax(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Softmax over the last axis at a temperature."""
    scaled = logits / temperature
    exp = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return exp / exp.sum(axis=-1, keepdims=True)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
