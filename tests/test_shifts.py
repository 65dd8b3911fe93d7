"""Shifts are found where they are, and not where there is none, few stories, one week's news or many copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from math import log

import numpy as np
import pytest

from stancewire.data.corpus import LabelledArticle, Stance
from stancewire.data.schema import Article, Position, Span
from stancewire.inference.monitor import scoreboard
from stancewire.inference.monitor.detect_peers import DETECTORS, Change
from stancewire.inference.monitor.replay import Stories, read_stories
from stancewire.inference.monitor.scoreboard import (
    DAYS,
    LATEST_DAYS,
    NULLS,
    SCENARIOS,
    STORMS,
    Scenario,
    Stream,
    calibrate,
    judge,
    make_stream,
    run_scoreboard,
)
from stancewire.inference.monitor.series import Confusion, StorySide, story_sides
from stancewire.inference.monitor.shifts import FALSE_ALARMS, LEAST_AFTER, THRESHOLD, Shift, ShiftDetector, find_shifts

FIRST = date(2024, 1, 1)
NOISY = Confusion(np.array([[80, 15, 5], [10, 85, 5], [15, 15, 70], [30, 20, 5]], dtype=float))
SUPPORT, OPPOSE, NEUTRAL = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


def stream(*parts: tuple[int, tuple[float, float, float], float]) -> list[StorySide]:
    """Parts of so many stories with one side, so many days apart."""
    sides, day = [], 0.0
    for count, weights, step in parts:
        for _ in range(count):
            sides.append(StorySide(f"s{len(sides)}", FIRST + timedelta(days=int(day)), weights, 1))
            day += step
    return sides


def noisy_streams(scenario: Scenario, number: int, seed: int) -> list[Stream]:
    draw = np.random.default_rng(seed)
    return [make_stream(scenario, NOISY, draw) for _ in range(number)]


def found_in_time(one: Stream, confusion: Confusion) -> Shift | None:
    """The first alarm after the stream's only shift, if it is soon enough."""
    (true,) = one.shifts
    shifts = find_shifts(one.sides, confusion=confusion)
    return next((shift for shift in shifts if 0 <= (shift.found - true.day).days <= LATEST_DAYS), None)


# -- what is found ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [1, -1])
def test_a_shift_is_found_soon_with_its_day_and_size(sign: int) -> None:
    first, second = (SUPPORT, OPPOSE) if sign > 0 else (OPPOSE, SUPPORT)
    sides = stream((30, first, 2), (12, second, 2))
    (shift,) = find_shifts(sides)
    assert shift.began == sides[30].day
    assert 0.8 < sign * shift.before <= 1
    assert -1 <= sign * shift.after < -0.4
    low, high = sorted((sign * shift.low, sign * shift.high))
    assert -2 <= low < sign * (shift.after - shift.before) < high < 0
    assert (shift.found - shift.began).days <= 21
    assert shift.stories_before == 30
    assert LEAST_AFTER <= shift.stories_after <= 10
    assert shift.evidence >= THRESHOLD


def test_a_change_to_neutral_is_found_too() -> None:
    sides = stream((40, SUPPORT, 2), (30, NEUTRAL, 2))
    (shift,) = find_shifts(sides)
    assert abs((shift.began - sides[40].day).days) <= 7
    assert shift.after < shift.before - 0.3


def test_it_is_told_once_and_the_way_back_is_told_too() -> None:
    sides = stream((30, SUPPORT, 2), (30, OPPOSE, 2), (30, SUPPORT, 2))
    first, second = find_shifts(sides)
    assert (first.began, second.began) == (sides[30].day, sides[60].day)
    assert second.stories_before == 30


@pytest.mark.parametrize(("kind", "weeks"), [("sudden", 6), ("gradual", 12)])
def test_shifts_are_found_through_the_noise_of_the_labels(kind: str, weeks: int) -> None:
    streams = noisy_streams(Scenario(kind, 8, kind), 30, seed=5)
    found = [(one.shifts[0], shift) for one in streams if (shift := found_in_time(one, NOISY))]
    assert len(found) >= 24
    assert sum((shift.after > shift.before) == true.up for true, shift in found) >= 0.9 * len(found)
    missed = [abs((shift.began - true.day).days) for true, shift in found]
    assert np.median(missed) <= 28
    assert sum(days <= 7 * weeks for days in missed) >= 0.9 * len(found)


def test_the_interval_holds_the_true_size() -> None:
    held = []
    for seed in range(40):
        draw = np.random.default_rng([6, seed])
        before, after = [0.8, 0.1, 0.1], [0.15, 0.75, 0.1]
        sides = []
        for number in range(200):
            true = int(draw.choice(3, p=before if number < 120 else after))
            label = int(draw.choice(3, p=NOISY.matrix()[true]))
            weights = (SUPPORT, OPPOSE, NEUTRAL)[label]
            sides.append(StorySide(str(number), FIRST + timedelta(days=2 * number), weights, 1))
        confusion = Confusion(NOISY.counts * [[1], [1], [1], [0]])  # no story without a stance here
        shifts = [one for one in find_shifts(sides, confusion=confusion) if one.found >= sides[120].day]
        held.extend(one.low <= -1.3 <= one.high for one in shifts[:1])
    assert len(held) >= 36
    assert sum(held) >= 0.9 * len(held)


# -- what is not a shift ----------------------------------------------------------------------------------------------


def test_nothing_is_said_of_a_steady_series_or_of_few_stories() -> None:
    assert find_shifts([]) == []
    assert find_shifts(stream((150, SUPPORT, 2))) == []
    assert find_shifts(stream((150, (0.5, 0.4, 0.1), 2))) == []
    assert find_shifts(stream((2, SUPPORT, 2), (20, OPPOSE, 2))) == []
    assert find_shifts(stream((30, SUPPORT, 2), (LEAST_AFTER - 1, OPPOSE, 8))) == []
    assert find_shifts(stream((30, SUPPORT, 2), (LEAST_AFTER + 2, OPPOSE, 8)))


@pytest.mark.parametrize("scenario", [one for one in NULLS if not one.replayed], ids=lambda one: one.name)
def test_false_alarms_are_no_more_than_one_a_year(scenario: Scenario) -> None:
    streams = noisy_streams(scenario, 50, seed=7)
    alarms = sum(len(find_shifts(one.sides, confusion=NOISY)) for one in streams)
    years = len(streams) * DAYS / 365.25
    # One a year would pass in 39 of 40 runs of this; none at all would say that the detector is deaf.
    assert 0.2 * years < alarms <= years + 2 * years**0.5


def test_false_alarms_of_many_series_together_are_those_that_are_allowed() -> None:
    streams = noisy_streams(NULLS[0], 50, seed=8)
    years = DAYS / 365.25
    alone = sum(len(find_shifts(one.sides, confusion=NOISY)) for one in streams)
    together, few = (
        sum(len(find_shifts(one.sides, series=50, confusion=NOISY, false_alarms=a_year)) for one in streams)
        for a_year in (12, 2)
    )
    assert alone > 25
    assert few < together <= 12 * years + 2 * (12 * years) ** 0.5
    assert few <= 2 * years + 2 * (2 * years) ** 0.5


def test_one_weeks_news_is_not_a_shift_however_much_of_it() -> None:
    monday = FIRST + timedelta(days=70)
    week = [StorySide(f"w{n}", monday + timedelta(days=n % 5), OPPOSE, 1) for n in range(40)]
    assert find_shifts([*stream((30, SUPPORT, 2)), *week]) == []
    after = [StorySide(f"x{n}", monday + timedelta(days=8 + n), OPPOSE, 1) for n in range(2)]
    assert len(find_shifts([*stream((30, SUPPORT, 2)), *week, *after])) == 1


def test_one_thin_week_is_not_a_shift() -> None:
    monday = FIRST + timedelta(days=70)
    thin = [StorySide(f"w{n}", monday + timedelta(days=n), OPPOSE, 1) for n in range(3)]
    later = [StorySide(f"x{n}", monday + timedelta(days=7 + 2 * n), SUPPORT, 1) for n in range(30)]
    assert find_shifts([*stream((30, SUPPORT, 2)), *thin, *later]) == []


def test_fifty_reprints_of_one_story_are_no_shift() -> None:
    rows = [(f"own{n}", n, FIRST + timedelta(days=2 * n), "support", 0.9) for n in range(30)]
    storm = [("wire", 100 + n, FIRST + timedelta(days=60 + n % 20), "oppose", 0.9) for n in range(50)]
    assert find_shifts(story_sides([*rows, *storm])) == []
    unknown = [(f"wire{n}", *row[1:]) for n, row in enumerate(storm)]
    assert find_shifts(story_sides([*rows, *unknown])), "not even as stories of their own: the test shows nothing"


# -- the order of stories ---------------------------------------------------------------------------------------------


def test_the_order_in_which_stories_are_given_does_not_matter() -> None:
    draw = np.random.default_rng(9)
    sides = [
        StorySide(
            f"s{n}", FIRST + timedelta(days=n // 5), tuple(draw.dirichlet((3, 1, 1) if n < 300 else (1, 3, 1))), 1
        )
        for n in range(600)
    ]
    shifts = find_shifts(sides)
    assert shifts
    for _ in range(3):
        shuffled: Sequence[StorySide] = [sides[place] for place in draw.permutation(len(sides))]
        assert find_shifts(shuffled) == shifts


def test_a_detector_that_is_fed_day_by_day_finds_what_a_search_of_the_past_finds() -> None:
    sides = stream((60, SUPPORT, 0.5), (60, OPPOSE, 0.5))
    detector, online = ShiftDetector(), list[Shift]()
    for day in sorted({side.day for side in sides}):
        shift = detector.update([side for side in sides if side.day == day])
        if shift:
            assert shift.found == day
            online.append(shift)
    assert online == find_shifts(sides)
    assert len(online) == 1


def test_more_series_need_more_evidence() -> None:
    sides = stream((200, (0.7, 0.3, 0.0), 1), (90, (0.3, 0.7, 0.0), 1))
    alone, among = find_shifts(sides)[0], find_shifts(sides, series=1000)[0]
    assert among.found > alone.found
    assert among.evidence >= THRESHOLD + log(1000 / FALSE_ALARMS)
    assert find_shifts(sides, series=10) == find_shifts(sides), "no series raises more than one a year"


def test_a_dense_series_does_not_overflow() -> None:
    sides = stream((3000, SUPPORT, 0.01), (3000, OPPOSE, 0.01), (3000, SUPPORT, 0.01))
    assert [shift.stories_after > 0 for shift in find_shifts(sides)] == [True, True]


# -- the scoreboard ---------------------------------------------------------------------------------------------------


def test_the_scoreboard_judges_a_detector_by_the_shifts_there_were() -> None:
    begun = FIRST + timedelta(days=300)
    back = begun + timedelta(days=70)
    one = Stream(stream((300, SUPPORT, 2)), [Change(begun, True), Change(back, False)])
    years = DAYS / 365.25

    def after(days: int, up: bool) -> Change:
        return Change(begun + timedelta(days=days), up)

    def score(*alarms: Change) -> tuple[float, float, float]:
        found = judge([one], lambda sides, threshold: list(alarms), 0)
        return found.recall, found.delay, round(found.false_a_year * years, 6)

    assert score(after(10, True), after(90, False)) == (1, 15, 0)
    assert score(after(10, True), after(20, True)) == (0.5, 10, 1), "told twice"
    assert score(after(10, False), after(69, True)) == (0.5, 69, 1), "the wrong direction"
    assert score(after(-1, True), after(70, True))[::2] == (0, 2), "too early, and over"
    assert score(after(70, False), after(191, False)) == (0.5, 0, 1), "too late"
    nothing = judge([one], lambda sides, threshold: [], 0)
    assert (nothing.recall, nothing.false_a_year) == (0, 0)
    assert np.isnan(nothing.delay)


@pytest.mark.parametrize("name", DETECTORS)
def test_each_detector_finds_shifts_and_their_direction(name: str) -> None:
    draw = np.random.default_rng(1)
    streams = [make_stream(Scenario("sudden", 6, "sudden"), Confusion.perfect(), draw) for _ in range(6)]
    make, low, high = DETECTORS[name]
    detect = make(Confusion.perfect())
    assert judge(streams, detect, calibrate(streams, detect, low, high)).recall >= 0.8
    assert not [alarm for one in streams for alarm in detect(one.sides, 1e3)]


def test_calibration_holds_false_alarms_down() -> None:
    nulls = noisy_streams(Scenario("steady", 3, "none"), 10, seed=2)
    make, low, high = DETECTORS["Page-Hinkley"]
    threshold = calibrate(nulls, make(NOISY), low, high)
    assert judge(nulls, make(NOISY), threshold).false_a_year <= 1.0
    assert judge(nulls, make(NOISY), 0.8 * threshold).false_a_year > 1.0


STORIES: Stories = {0: [(0.9, 0.1, 0.0), (0.5, 0.5, 0.0)], 1: [SUPPORT, OPPOSE], 2: [(0.2, 0.2, 0.6)], 3: [OPPOSE]}


def test_stories_are_read_by_the_side_that_was_annotated() -> None:
    def row(actor: str, label: str, confidence: float) -> Position:
        return Position("a", 0, 0, 4, "Text", "stance", actor, "sanctions", label, confidence, [], "", "m 1")

    gold = [
        LabelledArticle(
            Article("a", "Text"), (Span(0, 4),), (Stance(0, "The United States|Washington", "sanctions", "oppose"),)
        )
    ]
    rows = [row("United States", "support", 0.2), row("United States", "oppose", 0.6), row("Cuba", "neutral", 0.5)]
    found = read_stories(gold, [*rows, replace(rows[2], kind="sentiment", label="positive")])
    assert found[1] == [pytest.approx((0.25, 0.75, 0.0))]
    assert found[3] == [(0.0, 0.0, 1.0)]
    assert found[0] == found[2] == []


def test_each_copy_counts_only_where_it_is_to() -> None:
    one, all_copies = (make_stream(kind, NOISY, np.random.default_rng(3)) for kind in STORMS)
    assert {side.articles for side in one.sides} == {1, 50}
    assert {side.articles for side in all_copies.sides} == {1}
    assert len(all_copies.sides) == sum(side.articles for side in one.sides)


def test_every_scenario_makes_streams() -> None:
    for scenario in SCENARIOS:
        made = make_stream(scenario, NOISY, np.random.default_rng(3), STORIES)
        said = {weights for found in STORIES.values() for weights in found}
        assert ({side.weights for side in made.sides} == said) == scenario.replayed
        assert len(made.sides) > 60
        assert [one.up for one in made.shifts] in ([[True], [False], [True, False], [False, True]])
        assert len(made.shifts) == (2 if scenario.shift == "temporary" else 1)
        assert any(side.articles == 50 for side in made.sides) == scenario.storms


def test_the_scoreboard_has_a_row_for_each_stream_with_the_models_labels_and_with_true_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scoreboard, "CALIBRATION_STREAMS", 5)
    rows = list(run_scoreboard(NOISY, STORIES, 2, 1, ["Page-Hinkley"]))
    kinds = (*SCENARIOS, *NULLS, *STORMS)
    perfect = [f"{one.name}, perfect model" for one in kinds if not one.replayed]
    assert [scenario for _, scenario, _, _ in rows] == [one.name for one in kinds] + perfect
    scores = {scenario: score for _, scenario, _, score in rows}
    assert scores["sudden, perfect model"].recall == 1
    thresholds = {scenario: threshold for _, scenario, threshold, _ in rows}
    assert thresholds["sudden"] == thresholds["steady"] != thresholds["steady, thin"]
