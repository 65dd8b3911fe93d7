"""How far a confidence can be trusted."""

from __future__ import annotations

import numpy as np


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = 10) -> float:
    """Mean gap between confidence and accuracy over equal-width bins, weighted by size.

    M. P. Naeini, G. Cooper and M. Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning",
    AAAI 2015.

    Args:
        confidence: Shape (answers,), 0 to 1.
        right: Shape (answers,), whether each is right.
        bins: Number of bins.
    """
    if not len(confidence):
        return 0.0
    gaps = [abs(sure - share) * count / len(right) for sure, share, count in reliability(confidence, right, bins)]
    return float(sum(gaps))


def reliability(confidence: np.ndarray, right: np.ndarray, bins: int = 10) -> list[tuple[float, float, int]]:
    """Mean confidence, share of right answers and number of answers of each equal-width bin that holds any."""
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        (float(confidence[which == b].mean()), float(right[which == b].mean()), int((which == b).sum()))
        for b in range(bins)
        if (which == b).any()
    ]
