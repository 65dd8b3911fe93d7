"""What happens beside the steps of a training run: checkpoints between epochs, and a line for each epoch."""

from __future__ import annotations

import logging
import time
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

SAVE_SECONDS = 600
"""So much work is lost at most when a run is killed."""

_log = logging.getLogger(__name__)


class SaveBetween(TrainerCallback):
    """Saves a checkpoint every ten minutes too: an epoch may take hours."""

    def __init__(self) -> None:
        self._saved = time.monotonic()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if time.monotonic() - self._saved >= SAVE_SECONDS:
            control.should_save = True

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._saved = time.monotonic()


class TellEpoch(TrainerCallback):
    """One line an epoch, for whoever has no terminal with a bar to watch."""

    def __init__(self) -> None:
        self._told = 0.0

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any) -> None:
        epoch = state.epoch or 0.0
        # The last evaluation, of the best epoch, is no epoch.
        if epoch > self._told:
            self._told = epoch
            loss = next((entry["loss"] for entry in reversed(state.log_history) if "loss" in entry), float("nan"))
            held_out = given["metrics"].get("eval_macro_f1", float("nan"))
            _log.info(
                "epoch %.0f of %.0f: loss %.3f, held-out macro-F1 %.3f", epoch, args.num_train_epochs, loss, held_out
            )
