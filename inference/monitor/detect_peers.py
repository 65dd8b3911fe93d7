"""Detectors of shifts that the scoreboard compares: ours, and peers of river and ruptures.

The peers take the net stance of each story, and run with the settings that found most shifts at equal false alarms on
streams of other seeds than the scoreboard's, among those that their users would try.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from ...data.errors import MissingExtraError
from .series import Confusion, StorySide
from .shifts import find_shifts


class Change(NamedTuple):
    """A shift of a stream, or an alarm.

    Attributes:
        day: When it was.
        up: Whether towards support.
    """

    day: date
    up: bool


Detect = Callable[[Sequence[StorySide], float], list[Change]]
"""Stories and a threshold to alarms; a higher threshold means fewer of them."""


def _ours(sides: Sequence[StorySide], threshold: float, confusion: Confusion) -> list[Change]:
    shifts = find_shifts(sides, threshold, confusion=confusion)
    return [Change(shift.found, shift.after > shift.before) for shift in shifts]


def _cusum(sides: Sequence[StorySide], threshold: float) -> list[Change]:
    """E. Page, "Continuous inspection schemes", 1954: two sums of what goes beyond the usual.

    The first 20 stories after an alarm show what is usual; a quarter of their deviation goes for nothing.
    """
    alarms: list[Change] = []
    usual: list[float] = []
    up = down = 0.0
    for side, value in zip(sides, _nets(sides), strict=True):
        if len(usual) < 20:
            usual.append(value)
            continue
        step = (value - float(np.mean(usual))) / max(float(np.std(usual)), 0.3)
        up, down = max(0.0, up + step - 0.25), max(0.0, down - step - 0.25)
        if max(up, down) > threshold:
            alarms.append(Change(side.day, up > down))
            usual, up, down = [], 0.0, 0.0
    return alarms


def _page_hinkley(sides: Sequence[StorySide], threshold: float) -> list[Change]:
    """River's Page-Hinkley with a ``delta`` of 0.1 (0.05 to 0.15 do as well; its default, 0.005, finds fewer).

    As it does not say in which direction, each direction has one, and an alarm of either resets both.
    """
    make = partial(_peer("river.drift").PageHinkley, min_instances=10, delta=0.1, threshold=threshold)
    alarms, up, down = list[Change](), make(mode="up"), make(mode="down")
    for side, value in zip(sides, _nets(sides), strict=True):
        up.update(value)
        down.update(value)
        if up.drift_detected or down.drift_detected:
            alarms.append(Change(side.day, up.drift_detected))
            up, down = make(mode="up"), make(mode="down")
    return alarms


def _adwin(sides: Sequence[StorySide], threshold: float) -> list[Change]:
    """River's ADWIN; its ``delta`` is a probability, and the threshold minus its logarithm.

    Its bound is so careful that no probability gives as many false alarms as are allowed: the threshold may go below 0.
    """
    detector = _peer("river.drift").ADWIN(delta=float(np.exp(-threshold)), clock=1)
    alarms: list[Change] = []
    for side, value in zip(sides, _nets(sides), strict=True):
        before = detector.estimation
        detector.update(value)
        if detector.drift_detected:
            alarms.append(Change(side.day, detector.estimation > before))
    return alarms


def _pelt(sides: Sequence[StorySide], threshold: float) -> list[Change]:
    """PELT over the stories since the last alarm, at the end of each week (R. Killick et al., 2012).

    With a linear kernel (the cost is that of the mean, and ruptures has it in C) and 20 stories on either side.
    """
    ruptures = _peer("ruptures")
    values, alarms, first = np.array(_nets(sides)), list[Change](), 0
    for index in range(1, len(sides) + 1):
        ends_week = index == len(sides) or sides[index].day.isocalendar()[:2] != sides[index - 1].day.isocalendar()[:2]
        if not ends_week or index - first < 40:
            continue
        now = values[first:index]
        cuts = ruptures.KernelCPD(kernel="linear", min_size=20).fit(now[:, None]).predict(pen=threshold)
        if len(cuts) > 1:
            last = cuts[-2]
            alarms.append(Change(sides[index - 1].day, bool(now[last:].mean() > now[:last].mean())))
            first += last
    return alarms


def _nets(sides: Sequence[StorySide]) -> list[float]:
    return [side.weights[0] - side.weights[1] for side in sides]


def _peer(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"the scoreboard ({error.name} is missing)", "peers") from error


DETECTORS: dict[str, tuple[Callable[[Confusion], Detect], float, float]] = {
    "stancewire": (lambda confusion: partial(_ours, confusion=confusion), 3.0, 15.0),
    "CUSUM": (lambda _: _cusum, 0.5, 50.0),
    "Page-Hinkley": (lambda _: _page_hinkley, 0.5, 50.0),
    "ADWIN": (lambda _: _adwin, -2.0, 15.0),
    "PELT": (lambda _: _pelt, 0.5, 40.0),
}
"""For each detector what makes it, given the confusion, and the lowest and the highest threshold to be tried."""
