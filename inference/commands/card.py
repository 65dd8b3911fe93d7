"""``stancewire card``: measures a model and writes its card."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...data.errors import StancewireError
from .options import gold_option

if TYPE_CHECKING:
    from ...data.corpus import LabelledArticle
    from ..scorer import Scorer


@click.command(
    "card",
    epilog="""\b
Examples:
  stancewire card runs/mine
  stancewire card runs/mine --gold gold.jsonl""",
)
@click.argument("model", metavar="FOLDER")
@gold_option
@click.option("--fillers", type=click.IntRange(1), default=10, show_default=True, help="Fillings of each template.")
def command(model: str, gold: str, fillers: int) -> int:
    """Measures the model in FOLDER on labelled articles and writes its card (README.md) from the figures."""
    from ...data.corpus import read_labelled
    from ...models.base import read_config
    from ...models.card import CARD, MEASURED, write_card
    from ...models.locate import CONFIG
    from ..scorer import Scorer

    folder = Path(model)
    if not (folder / CONFIG).exists():
        # Not `find_model`: what lies in a registry, a cache or the package is not for this command to change.
        raise StancewireError(f"{model}: no model folder; name one that `stancewire train` wrote")
    config = read_config(folder)
    found = _measure(Scorer.from_pretrained(folder), read_labelled(gold), fillers)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    measured = {"gold": f"`{gold}`", **found, "megabytes": size}
    (folder / MEASURED).write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    write_card(folder, config)
    # The new file is one of those whose checksums the configuration holds.
    config.write(folder)
    click.echo(f"{folder / CARD}: written")
    return 0


def _measure(scorer: Scorer, articles: list[LabelledArticle], fillers: int) -> dict[str, Any]:
    import numpy as np

    from ...models.calibration import expected_calibration_error
    from ..checklist import load_suite, run_suite
    from ..comparison import differences
    from ..evaluation import evaluate
    from ..monitor.series import Confusion
    from ..uncertainty import bootstrap_intervals, operating_points

    began = time.perf_counter()
    rows = scorer.score([one.article for one in articles])
    seconds = time.perf_counter() - began
    result = evaluate(articles, rows)
    figures = result.figures()
    values = {
        "detection": figures["detection"]["F"],
        "label": figures["label"]["F"],
        **figures["issue_F"],
        "stance_accuracy": figures["stance_accuracy"],
        "false_per_100": figures["false_per_100_sentences_of_empty_articles"],
    }
    names = {
        "detection": "detection F1",
        "label": "label F1",
        "false_per_100": "false rows in 100 sentences of articles without a stance",
        **{issue: f"label F1 on {issue}" for issue in figures["issue_F"]},
    }
    intervals = bootstrap_intervals(articles, rows)
    confidence, right = np.array(result.reported, dtype=float).reshape(-1, 2).T
    behaviour = run_suite(scorer, load_suite(), fillers)
    return {
        "articles": len(articles),
        "figures": {
            names.get(name, name): (value, *intervals[name]) for name, value in values.items() if value is not None
        },
        "calibration_error": expected_calibration_error(confidence, right),
        "threads": os.cpu_count(),
        "articles_per_second": len(articles) / seconds,
        # The model against itself: its own figures by slice.
        "slices": [(one.slice, one.gold, one.first) for one in differences(articles, rows, rows)],
        "points": [tuple(point) for point in operating_points(result)],
        "behaviour": {group: one.rate for group, one in behaviour.items()},
        # For the monitor.
        "confusion": Confusion.measured(result).counts.tolist(),
        "confidence": float(confidence.mean()) if len(confidence) else 0.0,
    }
