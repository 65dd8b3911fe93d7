"""Shifts are found where they are, and not where there is none, few stories, one week's news or many copies."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from stancewire.inference.monitor.scoreboard import DETECTORS, SCENARIOS, Scenario, calibrate, judge, make_stream
from stancewire.inference.monitor.series import Confusion, StorySide, story_sides
from stancewire.inference.monitor.shifts import LEAST_AFTER, ShiftDetector, find_shifts

FIRST = date(2024, 1, 1)
NOISY = Confusion(np.array([[80, 15, 5], [10, 85, 5], [15, 15, 70], [30, 20, 5]], dtype=float))
SUPPORT, OPPOSE = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)


def stream(*parts: tuple[int, tuple[float, float, float], float]) -> list[StorySide]:
    """Parts of so many stories with one side, so many days apart."""
    sides, day = [], 0.0
    for count, weights, step in parts:
        for _ in range(count):
            sides.append(StorySide(f"s{len(sides)}", FIRST + timedelta(days=int(day)), weights, 1))
            day += step
    return sides


def test_a_shift_is_found_soon_with_its_day_and_size() -> None:
    sides = stream((30, SUPPORT, 2), (12, OPPOSE, 2))
    (shift,) = find_shifts(sides)
    assert shift.began == sides[30].day
    assert (shift.before, shift.after) == (1.0, -1.0)
    assert (shift.found - shift.began).days <= 21
    assert shift.stories_before == 30
    assert LEAST_AFTER <= shift.stories_after <= 10


def test_it_is_told_once_and_the_way_back_is_told_too() -> None:
    sides = stream((30, SUPPORT, 2), (30, OPPOSE, 2), (30, SUPPORT, 2))
    assert [shift.began for shift in find_shifts(sides)] == [sides[30].day, sides[60].day]


def test_nothing_is_said_of_a_steady_series_or_of_few_stories() -> None:
    assert find_shifts(stream((150, SUPPORT, 2))) == []
    assert find_shifts(stream((2, SUPPORT, 2), (20, OPPOSE, 2))) == []
    assert find_shifts(stream((30, SUPPORT, 2), (LEAST_AFTER - 1, OPPOSE, 8))) == []


def test_one_weeks_news_is_not_a_shift_however_much_of_it() -> None:
    day = FIRST + timedelta(days=70)
    week = [StorySide(f"w{n}", day + timedelta(days=n % 5), OPPOSE, 1) for n in range(40)]
    assert find_shifts([*stream((30, SUPPORT, 2)), *week]) == []
    after = [StorySide(f"x{n}", day + timedelta(days=8 + n), OPPOSE, 1) for n in range(2)]
    assert len(find_shifts([*stream((30, SUPPORT, 2)), *week, *after])) == 1


def test_fifty_reprints_of_one_story_are_no_shift() -> None:
    rows = [(f"own{n}", n, FIRST + timedelta(days=2 * n), "support", 0.9) for n in range(30)]
    storm = [("wire", 100 + n, FIRST + timedelta(days=60 + n % 20), "oppose", 0.9) for n in range(50)]
    assert find_shifts(story_sides([*rows, *storm])) == []
    unknown = [(f"wire{n}", *row[1:]) for n, row in enumerate(storm)]
    assert find_shifts(story_sides([*rows, *unknown])), "not even as stories of their own: the test shows nothing"


def test_more_series_need_more_evidence() -> None:
    sides = stream((30, (0.7, 0.3, 0.0), 2), (30, (0.3, 0.7, 0.0), 2))
    alone, among = find_shifts(sides)[0], find_shifts(sides, series=1000)[0]
    assert among.found > alone.found
    assert ShiftDetector(series=1000).threshold > ShiftDetector().threshold


def test_the_scoreboard_judges_a_detector_by_the_shifts_there_were() -> None:
    draw = np.random.default_rng(1)
    streams = [make_stream(Scenario("sudden", 6, "sudden"), Confusion.perfect(), draw) for _ in range(4)]
    everything = judge(streams, lambda sides, threshold: [side.day for side in sides], 0)
    assert everything.recall == 1
    assert everything.delay <= 4
    assert everything.false_a_year > 100
    nothing = judge(streams, lambda sides, threshold: [], 0)
    assert (nothing.recall, nothing.false_a_year) == (0, 0)
    ours = judge(streams, DETECTORS["stancewire"][0], 3)
    assert ours.recall >= 0.75


def test_calibration_holds_false_alarms_down() -> None:
    draw = np.random.default_rng(2)
    nulls = [make_stream(Scenario("steady", 3, "none"), NOISY, draw) for _ in range(6)]
    detect, low, high = DETECTORS["stancewire"]
    threshold = calibrate(nulls, detect, low, high)
    assert judge(nulls, detect, threshold).false_a_year <= 1.0
    assert judge(nulls, detect, threshold - 2).false_a_year > judge(nulls, detect, threshold).false_a_year


def test_every_scenario_makes_streams() -> None:
    for scenario in SCENARIOS:
        stream_ = make_stream(scenario, NOISY, np.random.default_rng(3))
        assert len(stream_.sides) > 60
        assert len(stream_.began) == (2 if scenario.shift == "temporary" else 1)
        assert any(side.articles == 50 for side in stream_.sides) == scenario.storms
