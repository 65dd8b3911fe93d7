"""Detectors of shifts held against each other on made-up streams whose shifts are known.

Every detector is given the same stories, and its threshold is set on streams without any shift so that all raise false
alarms as often: only then do recall and delay compare. Streams last two years, with labels as wrong as the model's are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from ...data.errors import MissingExtraError
from .series import Confusion, StorySide
from .shifts import find_shifts, nets

FIRST_DAY = date(2024, 1, 1)
DAYS = 730
LATEST_DAYS = 120
"""An alarm counts for a shift when it comes within so many days."""
TARGET_A_YEAR = 1.0
"""False alarms in a year and series that each detector is set to."""
WARM_UP = 10
"""Stories from which CUSUM learns what is usual."""


@dataclass(frozen=True)
class Scenario:
    """A kind of stream.

    Attributes:
        name: Its name.
        stories_a_week: Mean number.
        shift: ``none``, ``sudden``, ``gradual`` (over eight weeks) or ``temporary`` (for ten weeks).
        bursty: Whether some weeks have many stories and most have few.
        storms: Whether a story on the other side is reprinted fifty times now and then: one story all the same.
    """

    name: str
    stories_a_week: float
    shift: str
    bursty: bool = False
    storms: bool = False


SCENARIOS = (
    Scenario("sudden", 5, "sudden"),
    Scenario("gradual", 5, "gradual"),
    Scenario("temporary", 5, "temporary"),
    Scenario("sudden, thin", 1.5, "sudden"),
    Scenario("sudden, bursty", 4, "sudden", bursty=True),
    Scenario("sudden, reprint storms", 5, "sudden", storms=True),
)
NULLS = (
    Scenario("steady", 5, "none"),
    Scenario("steady, thin", 1.5, "none"),
    Scenario("steady, bursty", 4, "none", bursty=True),
)


class Stream(NamedTuple):
    """A made-up series.

    Attributes:
        sides: Its stories.
        began: When it shifted, and, for a temporary shift, when it shifted back.
    """

    sides: list[StorySide]
    began: list[date]


class Score(NamedTuple):
    """A detector on the streams of one scenario.

    Attributes:
        recall: Share of the shifts that an alarm followed within ``LATEST_DAYS``.
        delay: Median days from a shift to its alarm; NaN where none was found.
        false_a_year: Alarms that belong to no shift, in a year and series.
    """

    recall: float
    delay: float
    false_a_year: float


Detect = Callable[[Sequence[StorySide], float], list[date]]
"""Stories and a threshold to the days of alarms."""


def make_stream(scenario: Scenario, confusion: Confusion, draw: np.random.Generator) -> Stream:
    """Draws a stream."""
    begin = int(draw.integers(250, 480))
    back = begin + 70
    before, after = draw.permutation([draw.uniform(0.65, 0.85), draw.uniform(0.15, 0.35)])
    matrix = confusion.matrix()
    none = float(confusion.prior()[3])
    sides: list[StorySide] = []
    for week in range(DAYS // 7):
        rate = scenario.stories_a_week
        if scenario.bursty:
            rate *= float(draw.gamma(0.5, 2.0))
        for number in range(int(draw.poisson(rate))):
            day = week * 7 + int(draw.integers(7))
            share = _share(scenario.shift, day, begin, back, float(before), float(after))
            true = 3 if draw.random() < none else int(draw.choice(3, p=[share * 0.85, (1 - share) * 0.85, 0.15]))
            label = int(draw.choice(3, p=matrix[true]))
            copies = 1
            if scenario.storms and draw.random() < 0.02:
                copies, label = 50, 1 - label if label < 2 else label
            weights = np.eye(3)[label]
            sides.append(
                StorySide(
                    f"{week}-{number}",
                    FIRST_DAY + timedelta(days=day),
                    (float(weights[0]), float(weights[1]), float(weights[2])),
                    copies,
                )
            )
    sides.sort(key=lambda one: one.day)
    began = {"none": [], "temporary": [begin, back]}.get(scenario.shift, [begin])
    return Stream(sides, [FIRST_DAY + timedelta(days=day) for day in began])


def _share(shift: str, day: int, begin: int, back: int, before: float, after: float) -> float:
    """Share of support among the stories of a day that take a side."""
    if shift == "none" or day < begin:
        return before
    if shift == "gradual":
        return before + (after - before) * min(1.0, (day - begin) / 56)
    return before if shift == "temporary" and day >= back else after


def judge(streams: Sequence[Stream], detect: Detect, threshold: float) -> Score:
    """Alarms of a detector against the shifts that there were."""
    found, delays, false, shifts = 0, list[int](), 0, 0
    for stream in streams:
        alarms = detect(stream.sides, threshold)
        taken: set[date] = set()
        for began in stream.began:
            shifts += 1
            hits = [day for day in alarms if 0 <= (day - began).days <= LATEST_DAYS and day not in taken]
            if hits:
                taken.add(hits[0])
                found += 1
                delays.append((hits[0] - began).days)
        false += sum(day not in taken for day in alarms)
    years = len(streams) * DAYS / 365.25
    return Score(found / max(1, shifts), float(np.median(delays)) if delays else float("nan"), false / years)


def calibrate(streams: Sequence[Stream], detect: Detect, low: float, high: float) -> float:
    """The lowest threshold at which a detector raises no more false alarms than ``TARGET_A_YEAR`` (bisection)."""
    for _ in range(9):
        middle = (low + high) / 2
        if judge(streams, detect, middle).false_a_year > TARGET_A_YEAR:
            low = middle
        else:
            high = middle
    return high


def run_scoreboard(
    confusion: Confusion, streams: int, seed: int, detectors: Sequence[str] | None = None
) -> Iterator[tuple[str, str, float, Score]]:
    """Calibrates each detector and runs it on each scenario.

    Args:
        confusion: The model's confusion.
        streams: Streams of each scenario.
        seed: Seed of the streams; those for calibration are others.
        detectors: Names out of ``DETECTORS``; None is all.

    Yields:
        Detector, scenario, the threshold it was set to, and its score.

    Raises:
        MissingExtraError: A peer is not installed.
    """
    draw = np.random.default_rng([seed, 1])
    nulls = [make_stream(scenario, confusion, draw) for scenario in NULLS for _ in range(streams)]
    draw = np.random.default_rng([seed, 2])
    trials = {one.name: [make_stream(one, confusion, draw) for _ in range(streams)] for one in (*SCENARIOS, *NULLS)}
    for name in detectors or DETECTORS:
        detect, low, high = DETECTORS[name]
        threshold = calibrate(nulls, detect, low, high)
        for scenario, tried in trials.items():
            yield name, scenario, threshold, judge(tried, detect, threshold)


# -- the detectors; a higher threshold means fewer alarms in each -----------------------------------------------------


def _ours(sides: Sequence[StorySide], threshold: float) -> list[date]:
    return [shift.found for shift in find_shifts(sides, threshold)]


def _cusum(sides: Sequence[StorySide], threshold: float) -> list[date]:
    """E. Page, "Continuous inspection schemes", 1954: two sums of what goes beyond the usual, half a shift allowed."""
    alarms: list[date] = []
    usual: list[float] = []
    up = down = 0.0
    for side, value in zip(sides, nets(sides), strict=True):
        if len(usual) < WARM_UP:
            usual.append(float(value))
            continue
        mean, spread = float(np.mean(usual)), max(float(np.std(usual)), 0.3)
        step = (float(value) - mean) / spread
        up, down = max(0.0, up + step - 0.5), max(0.0, down - step - 0.5)
        if max(up, down) > threshold:
            alarms.append(side.day)
            usual, up, down = [], 0.0, 0.0
    return alarms


def _page_hinkley(sides: Sequence[StorySide], threshold: float) -> list[date]:
    make = _peer("river.drift").PageHinkley
    return _river(sides, lambda: make(min_instances=WARM_UP, delta=0.05, threshold=threshold))


def _adwin(sides: Sequence[StorySide], threshold: float) -> list[date]:
    # Its parameter is a probability: the threshold is minus its logarithm.
    make = _peer("river.drift").ADWIN
    return _river(sides, lambda: make(delta=float(np.exp(-threshold)), clock=1, grace_period=WARM_UP))


def _river(sides: Sequence[StorySide], make: Callable[[], Any]) -> list[date]:
    detector, alarms = make(), []
    for side, value in zip(sides, nets(sides), strict=True):
        detector.update(float(value))
        if detector.drift_detected:
            alarms.append(side.day)
            detector = make()
    return alarms


def _pelt(sides: Sequence[StorySide], threshold: float) -> list[date]:
    """PELT over the stories since the last alarm, at the end of each week (R. Killick et al., 2012).

    With a linear kernel: the cost is that of the mean, and ruptures has it in C.
    """
    ruptures = _peer("ruptures")
    values, alarms, first = nets(sides), [], 0
    for index in range(1, len(sides) + 1):
        ends_week = index == len(sides) or sides[index].day.isocalendar()[:2] != sides[index - 1].day.isocalendar()[:2]
        if not ends_week or index - first < 10:
            continue
        cuts = ruptures.KernelCPD(kernel="linear", min_size=4).fit(values[first:index, None]).predict(pen=threshold)
        if len(cuts) > 1:
            alarms.append(sides[index - 1].day)
            first += cuts[-2]
    return alarms


def _peer(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"the scoreboard ({error.name} is missing)", "peers") from error


DETECTORS: dict[str, tuple[Detect, float, float]] = {
    "stancewire": (_ours, 0.5, 40.0),
    "CUSUM": (_cusum, 0.5, 30.0),
    "Page-Hinkley": (_page_hinkley, 0.5, 60.0),
    "ADWIN": (_adwin, 0.01, 12.0),
    "PELT": (_pelt, 0.5, 40.0),
}
"""Each detector with the lowest and the highest threshold that calibration tries."""
