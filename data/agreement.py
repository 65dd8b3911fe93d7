"""How far two annotators who did not see each other's work agree.

Two figures. *Tuple F1* takes one annotator's (sentence, actor, issue, stance) as gold for the other's, as a model is
scored. *Krippendorff's alpha* corrects for agreement by chance (K. Krippendorff, "Content Analysis", 4th ed., 2019,
chapter 12; nominal): its units are each sentence of a passage with each actor that either annotator gives a position,
on each issue that either names, anywhere in it; its values are the three stances and *none*.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .corpus import STANCE_CLASSES, read_records
from .errors import MissingExtraError, StancewireError
from .names import normalise_name
from .schema import STANCES


class Label(NamedTuple):
    """One annotator's ``(sentence, actor, issue, stance)``."""

    sentence: int
    actor: str
    issue: str
    stance: str
    optional: bool = False


@dataclass(frozen=True)
class DoubleAnnotation:
    """A passage as two annotators read it, each without seeing the other's labels."""

    id: str
    sentences: int
    first: tuple[Label, ...]
    second: tuple[Label, ...]


class Agreement(NamedTuple):
    """Agreement on one issue, or over all.

    Attributes:
        alpha: Krippendorff's alpha, nominal.
        tuple_f1: F1 of (sentence, actor, issue, stance) of one annotator against the other.
        detection_f1: The same without the stance.
        stance_accuracy: Share of the tuples that both found on which they give the same stance.
        labels: Firm labels of the first and of the second annotator together.
    """

    alpha: float
    tuple_f1: float
    detection_f1: float
    stance_accuracy: float
    labels: int


def read_annotations(path: str | Path | None = None) -> list[DoubleAnnotation]:
    """Reads double annotations.

    Args:
        path: A JSON Lines file or a folder of them; None is the folder that ships with the package.

    Raises:
        StancewireError: A file is missing or a record is not of the documented form.
    """
    source = Path(path) if path is not None else Path(str(files("stancewire.data") / "annotations"))
    names = sorted(source.glob("*.jsonl")) if source.is_dir() else [source]
    if not names:
        raise StancewireError(f"{source}: holds no .jsonl file; name a file or folder of double annotations")
    return [one for name in names for one in _read(name)]


def _read(path: Path) -> Iterator[DoubleAnnotation]:
    for where, record in read_records(path):
        try:
            first, second = (tuple(_label(label) for label in record[side]) for side in ("first", "second"))
            if type(record["sentences"]) is not int:
                raise ValueError(f"'sentences' is no whole number but {record['sentences']!r}")
            yield DoubleAnnotation(record["id"], record["sentences"], first, second)
        except (KeyError, TypeError, ValueError) as error:
            message = f"{where}: not a double annotation ({error}); see the data card for its form"
            raise StancewireError(message) from error


def _label(given: list[Any]) -> Label:
    label = Label(*given)
    if type(label.sentence) is not int or not all(isinstance(part, str) for part in label[1:4]):
        raise ValueError(f"{given} is not [sentence, actor, issue, stance]")
    if label.stance not in STANCES:
        raise ValueError(f"unknown stance {label.stance!r}; known are {', '.join(STANCES)}")
    return label


def measure_agreement(annotations: list[DoubleAnnotation]) -> dict[str, Agreement]:
    """Agreement for each issue, and for ``all`` of them pooled. Labels marked optional by either count for neither.

    Raises:
        MissingExtraError: The package for alpha is not installed.
    """
    try:
        from krippendorff import alpha
    except ImportError as error:
        raise MissingExtraError("measuring agreement", "training") from error

    cells: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for one in annotations:
        for issue, pair in _cells(one):
            cells[issue].append(pair)
            cells["all"].append(pair)
    result = {}
    for issue, pairs in sorted(cells.items()):
        table = np.array(pairs)
        both = (table > 0).all(axis=1)
        same = both & (table[:, 0] == table[:, 1])
        labels = int((table > 0).sum())
        result[issue] = Agreement(
            float(alpha(reliability_data=table.T, level_of_measurement="nominal")),
            2 * float(same.sum()) / max(1, labels),
            2 * float(both.sum()) / max(1, labels),
            float(same.sum()) / max(1, int(both.sum())),
            labels,
        )
    return result


def _cells(one: DoubleAnnotation) -> Iterator[tuple[str, tuple[int, int]]]:
    """For each issue, sentence and actor what the two say, as indices into ``STANCE_CLASSES``."""
    first, second = _by_cell(one.first), _by_cell(one.second)
    actors = {actor for _, actor, _ in (*first, *second)}
    issues = {issue for _, _, issue in (*first, *second)}
    for cell in (
        (s, actor, issue) for s in range(one.sentences) for actor in sorted(actors) for issue in sorted(issues)
    ):
        labels = (first.get(cell), second.get(cell))
        if not any(label and label.optional for label in labels):
            yield cell[2], tuple(STANCE_CLASSES.index(label.stance) if label else 0 for label in labels)  # type: ignore[misc]


def _by_cell(labels: tuple[Label, ...]) -> Mapping[tuple[int, str, str], Label]:
    return {(label.sentence, normalise_name(label.actor), label.issue): label for label in labels}
