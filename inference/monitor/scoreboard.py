"""Detectors of shifts held against each other on streams whose shifts are known.

Every detector is given the same stories. Its threshold is set on streams without any shift, for each volume apart, so
that all raise false alarms as often: only then do recall and delay compare. Streams last two years. The labels of their
stories are as wrong as the model's are; or they are replayed, what the model said of a real story of that side; and
then as a perfect model's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from .detect_peers import DETECTORS, Change, Detect
from .replay import NO_SIDE, Stories, Weights
from .series import Confusion, StorySide
from .shifts import FALSE_ALARMS

FIRST_DAY = date(2024, 1, 1)
DAYS = 730
LATEST_DAYS = 120
"""An alarm counts for a shift when it comes within so many days, and before the next shift."""
CALIBRATION_STREAMS = 100
"""Streams without a shift on which thresholds are set, of each volume; more if more are asked for."""


@dataclass(frozen=True)
class Scenario:
    """A kind of stream.

    Attributes:
        name: Its name.
        stories_a_week: Mean number.
        shift: ``none``, ``sudden``, ``gradual`` (over eight weeks) or ``temporary`` (for ten weeks).
        bursty: Whether some weeks have many stories and most have few.
        storms: Whether a story on the other side is reprinted fifty times now and then: one story all the same.
        copies: Whether each reprint counts as a story, as it would without the story index.
        replayed: Whether the stories are replayed.
    """

    name: str
    stories_a_week: float
    shift: str
    bursty: bool = False
    storms: bool = False
    copies: bool = False
    replayed: bool = False


SCENARIOS = (
    Scenario("sudden", 5, "sudden"),
    Scenario("gradual", 5, "gradual"),
    Scenario("temporary", 5, "temporary"),
    Scenario("sudden, thin", 1.5, "sudden"),
    Scenario("sudden, bursty", 4, "sudden", bursty=True),
    Scenario("sudden, reprint storms", 5, "sudden", storms=True),
    Scenario("sudden, replayed", 5, "sudden", replayed=True),
    Scenario("gradual, replayed", 5, "gradual", replayed=True),
    Scenario("temporary, replayed", 5, "temporary", replayed=True),
)
NULLS = (
    Scenario("steady", 5, "none"),
    Scenario("steady, thin", 1.5, "none"),
    Scenario("steady, bursty", 4, "none", bursty=True),
    Scenario("steady, replayed", 5, "none", replayed=True),
)
"""Streams without a shift, on which thresholds are set: one for each volume."""
STORMS = (
    Scenario("steady, reprint storms", 5, "none", storms=True),
    Scenario("steady, reprint storms, each copy counted", 5, "none", storms=True, copies=True),
)


class Stream(NamedTuple):
    """A made-up series.

    Attributes:
        sides: Its stories.
        shifts: Its shifts; a temporary one shifts back.
    """

    sides: list[StorySide]
    shifts: list[Change]


class Score(NamedTuple):
    """A detector on the streams of one scenario.

    Attributes:
        recall: Share of the shifts that an alarm of the same direction followed in time.
        delay: Median days from a shift to its alarm; NaN where none was found.
        false_a_year: Alarms that belong to no shift, in a year and series.
    """

    recall: float
    delay: float
    false_a_year: float


def make_stream(
    scenario: Scenario, confusion: Confusion, draw: np.random.Generator, stories: Stories | None = None
) -> Stream:
    """Draws a stream.

    Args:
        scenario: What kind of stream.
        confusion: How labels are wrong, and how many rows are false.
        draw: Draws it.
        stories: The stories to be replayed, where the scenario is.
    """
    begin = int(draw.integers(250, 480))
    back = begin + 70
    before, after = draw.permutation([draw.uniform(0.65, 0.85), draw.uniform(0.15, 0.35)])
    matrix = confusion.matrix()
    none = float(confusion.prior()[NO_SIDE])
    sides: list[StorySide] = []
    for week in range(DAYS // 7):
        rate = scenario.stories_a_week
        if scenario.bursty:
            rate *= float(draw.gamma(0.5, 2.0))
        for number in range(int(draw.poisson(rate))):
            day = week * 7 + int(draw.integers(7))
            share = _share(scenario.shift, day, begin, back, float(before), float(after))
            shares = [share * 0.85, (1 - share) * 0.85, 0.15]
            true = NO_SIDE if draw.random() < none else int(draw.choice(3, p=shares))
            weights = _said(true, matrix, draw, stories if scenario.replayed else None)
            copies = 1
            if scenario.storms and draw.random() < 0.02:
                copies, weights = 50, (weights[1], weights[0], weights[2])
            name, when = f"{week}-{number}", FIRST_DAY + timedelta(days=day)
            if scenario.copies:
                sides += [StorySide(f"{name}-{copy}", when, weights, 1) for copy in range(copies)]
            else:
                sides.append(StorySide(name, when, weights, copies))
    sides.sort(key=lambda one: one.day)
    up = bool(after > before)
    days = {"none": [], "temporary": [(begin, up), (back, not up)]}.get(scenario.shift, [(begin, up)])
    return Stream(sides, [Change(FIRST_DAY + timedelta(days=day), up) for day, up in days])


def _said(true: int, matrix: np.ndarray, draw: np.random.Generator, stories: Stories | None) -> Weights:
    """Weights of the labels of a story whose true side is known."""
    if stories is None:
        support, oppose, neutral = np.eye(3)[draw.choice(3, p=matrix[true])].tolist()
        return support, oppose, neutral
    return stories[true][draw.integers(len(stories[true]))]


def _share(shift: str, day: int, begin: int, back: int, before: float, after: float) -> float:
    """Share of support among the stories of a day that take a side."""
    if shift == "none" or day < begin:
        return before
    if shift == "gradual":
        return before + (after - before) * min(1.0, (day - begin) / 56)
    return before if shift == "temporary" and day >= back else after


def judge(streams: Sequence[Stream], detect: Detect, threshold: float) -> Score:
    """Alarms of a detector against the shifts that there were."""
    delays, alarms, shifts = list[int](), 0, 0
    for stream in streams:
        found = detect(stream.sides, threshold)
        alarms += len(found)
        shifts += len(stream.shifts)
        for number, shift in enumerate(stream.shifts):
            ends = [following.day for following in stream.shifts[number + 1 :]]
            end = min([shift.day + timedelta(days=LATEST_DAYS + 1), *ends])
            hits = [alarm for alarm in found if shift.day <= alarm.day < end and alarm.up == shift.up]
            delays.extend((alarm.day - shift.day).days for alarm in hits[:1])
    years = len(streams) * DAYS / 365.25
    delay = float(np.median(delays)) if delays else float("nan")
    return Score(len(delays) / max(1, shifts), delay, (alarms - len(delays)) / years)


def calibrate(streams: Sequence[Stream], detect: Detect, low: float, high: float, most_a_year: float = 1.0) -> float:
    """The lowest threshold at which a detector raises no more false alarms in a year and series (bisection)."""
    for _ in range(10):
        middle = (low + high) / 2
        if judge(streams, detect, middle).false_a_year > most_a_year:
            low = middle
        else:
            high = middle
    return high


def run_scoreboard(
    confusion: Confusion,
    stories: Stories,
    streams: int,
    seed: int,
    detectors: Sequence[str] | None = None,
    series: int = 1,
) -> Iterator[tuple[str, str, float, Score]]:
    """Calibrates each detector and runs it on each scenario, with this confusion and then with a perfect model.

    Args:
        confusion: The model's confusion.
        stories: What it said of real stories, for the streams that replay them.
        streams: Streams of each scenario.
        seed: Seed of the streams; those for calibration are others.
        detectors: Names out of ``DETECTORS``; None is all.
        series: Series that are watched together: each may raise one false alarm in a year, all of them
            ``FALSE_ALARMS``.

    Yields:
        Detector, scenario, the threshold it was set to, and its score.

    Raises:
        MissingExtraError: A peer is not installed.
    """
    most_a_year = min(1.0, FALSE_ALARMS / series)
    for labels, suffix in ((confusion, ""), (Confusion.perfect(), ", perfect model")):
        # What is replayed is what the model said.
        scenarios, steady = (
            [one for one in kinds if not (suffix and one.replayed)] for kinds in ((*SCENARIOS, *NULLS, *STORMS), NULLS)
        )
        draw = np.random.default_rng([seed, 1])
        nulls = {
            _volume(one): [make_stream(one, labels, draw, stories) for _ in range(max(streams, CALIBRATION_STREAMS))]
            for one in steady
        }
        draw = np.random.default_rng([seed, 2])
        trials = [(one, [make_stream(one, labels, draw, stories) for _ in range(streams)]) for one in scenarios]
        for name in detectors or DETECTORS:
            make, low, high = DETECTORS[name]
            detect = make(labels)
            thresholds = {volume: calibrate(found, detect, low, high, most_a_year) for volume, found in nulls.items()}
            for scenario, tried in trials:
                threshold = thresholds[_volume(scenario)]
                yield name, scenario.name + suffix, threshold, judge(tried, detect, threshold)


def _volume(scenario: Scenario) -> tuple[float, bool, bool]:
    return scenario.stories_a_week, scenario.bursty, scenario.replayed
