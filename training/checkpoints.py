"""Checkpoints of a run, so that one that was killed goes on where it was."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from ..data.issues import Issue
from ..models.locate import CONFIG, find_model
from .dataset import Split
from .recipe import Recipe

CHECKPOINTS = "checkpoints"
_FINGERPRINT = "fingerprint.txt"


def fingerprint(recipe: Recipe, split: Split, issues: Sequence[Issue]) -> str:
    """A digest of what a run's weights come from: recipe, examples, issues and teacher.

    The base encoder goes by its name: its files are taken to stay as they are.
    """
    digest = hashlib.sha256(recipe.model_dump_json(exclude={"output", "tracking"}).encode())
    digest.update(repr(issues).encode())
    if recipe.encoder.teacher:
        # Holds the checksums of the teacher's other files.
        digest.update((find_model(recipe.encoder.teacher) / CONFIG).read_bytes())
    for example in (*split.train, *split.validation, *split.unlabelled):
        digest.update(repr((example.window, example.stances, example.sentiments)).encode())
    return digest.hexdigest()


def last_checkpoint(folder: Path, of: str) -> str | None:
    """The last whole checkpoint of the same run in a folder, or None; what another run left there is removed.

    Args:
        folder: Folder of the checkpoints; made if it is not there.
        of: Fingerprint of the run.
    """
    from transformers.trainer_utils import get_last_checkpoint

    note = folder / _FINGERPRINT
    if not note.exists() or note.read_text() != of:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        note.write_text(of)
    for path in sorted(folder.glob("checkpoint-*")):
        # The trainer writes its state last: a checkpoint without it was cut off.
        if not (path / "trainer_state.json").exists():
            shutil.rmtree(path)
    return get_last_checkpoint(str(folder))
