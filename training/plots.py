"""Plots of a run's held-out passages, for MLflow."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from ..data.corpus import STANCE_CLASSES
from ..models.calibration import reliability
from .diagnosis import Diagnosis


def plots(diagnosis: Diagnosis) -> dict[str, Figure]:
    """Confusion, reliability and precision/coverage, by file name."""
    found = {"plots/confusion.png": confusion_plot(diagnosis.confusion)}
    if len(diagnosis.confidence):
        found["plots/reliability.png"] = reliability_plot(diagnosis.confidence, diagnosis.right)
        found["plots/precision_coverage.png"] = coverage_plot(diagnosis.confidence, diagnosis.right)
    return found


def confusion_plot(confusion: np.ndarray) -> Figure:
    """Gold by row, given by column; shades by share of the row, as *none* outnumbers all others."""
    figure = Figure(figsize=(4.6, 4), layout="constrained")
    axes = figure.subplots()
    share = confusion / np.maximum(confusion.sum(1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*confusion.shape):
        shade = "white" if share[row, column] > 0.5 else "black"
        axes.text(column, row, f"{confusion[row, column]:,}", ha="center", va="center", color=shade)
    axes.set_xticks(range(len(STANCE_CLASSES)), STANCE_CLASSES)
    axes.set_yticks(range(len(STANCE_CLASSES)), STANCE_CLASSES)
    axes.set_xlabel("given")
    axes.set_ylabel("gold")
    axes.set_title("Held-out passages: gold and given")
    return figure


def reliability_plot(confidence: np.ndarray, right: np.ndarray) -> Figure:
    """Share of right labels over confidence, in ten bins, with the number of rows in each."""
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="as sure as right")
    means, shares, counts = zip(*reliability(confidence, right), strict=True)
    axes.plot(means, shares, marker="o", label="held-out rows")
    for count, x, y in zip(counts, means, shares, strict=True):
        axes.annotate(f"{count}", (x, y), textcoords="offset points", xytext=(4, -12), fontsize=8)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="share of right labels", title="Reliability")
    axes.legend(loc="upper left")
    return figure


def coverage_plot(confidence: np.ndarray, right: np.ndarray) -> Figure:
    """Precision of the surest rows over their share of all rows."""
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.subplots()
    hits = right[np.argsort(-confidence, kind="stable")]
    number = np.arange(1, len(hits) + 1)
    axes.plot(number / len(hits), np.cumsum(hits) / number)
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="share of the rows kept, the surest first", ylabel="precision")
    axes.set_title("Precision over coverage")
    return figure
