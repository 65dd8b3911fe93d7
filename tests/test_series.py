"""Series: stories counted once, labels adjusted to the model's confusion, gaps left as gaps."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from stancewire.inference.monitor.series import (
    Confusion,
    StorySide,
    bin_start,
    make_series,
    net_stances,
    next_bin,
    story_sides,
)

MONDAY = date(2024, 1, 1)
NOISY = Confusion(np.array([[80, 15, 5], [10, 85, 5], [15, 15, 70], [30, 20, 5]], dtype=float))


def side(number: int, label: int, day: date = MONDAY) -> StorySide:
    weights = [0.0, 0.0, 0.0]
    weights[label] = 1.0
    return StorySide(f"s{number}", day, (weights[0], weights[1], weights[2]), 1)


def test_a_story_counts_once_where_it_first_appeared_however_often_it_is_reprinted() -> None:
    rows = [("storm", article, MONDAY + timedelta(days=article % 9), "oppose", 0.9) for article in range(50)]
    rows += [(f"own{n}", 100 + n, MONDAY, "support", 0.9) for n in range(3)]
    sides = story_sides(rows)
    assert [(one.story, one.day, one.articles) for one in sides if one.story == "storm"] == [("storm", MONDAY, 50)]
    (point,) = make_series(sides, "week", Confusion.perfect())
    assert (point.stories, point.articles) == (4, 53)
    assert point.net is not None
    assert 0.2 < point.net < 0.6


def test_bins_without_a_story_are_gaps() -> None:
    sides = [side(1, 0), side(2, 0, MONDAY + timedelta(days=21))]
    series = make_series(sides, "week", NOISY)
    assert [point.start for point in series] == [MONDAY + timedelta(days=7 * n) for n in range(4)]
    assert [point.net is None for point in series] == [False, True, True, False]
    assert (series[1].low, series[1].high) == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("period", "start", "after"),
    [
        ("day", date(2024, 2, 29), date(2024, 3, 1)),
        ("week", date(2024, 2, 26), date(2024, 3, 4)),
        ("month", date(2024, 2, 1), date(2024, 3, 1)),
    ],
)
def test_bins(period: str, start: date, after: date) -> None:
    assert bin_start(date(2024, 2, 29), period) == start
    assert next_bin(start, period) == after


def test_adjusted_counts_undo_the_models_confusion() -> None:
    draw = np.random.default_rng(3)
    truth = np.array([0.7, 0.2, 0.1])
    matrix = NOISY.matrix()
    plain, adjusted = [], []
    for _ in range(40):
        true = draw.choice(4, size=200, p=[*(truth * 0.85), 0.15])
        labels = [int(draw.choice(3, p=matrix[one])) for one in true]
        (point,) = make_series([side(n, label) for n, label in enumerate(labels)], "week", NOISY)
        adjusted.append(point.net)
        plain.append((labels.count(0) - labels.count(1)) / 200)
    wanted = 0.5
    assert abs(np.mean(plain) - wanted) > 0.1
    assert abs(np.mean(adjusted) - wanted) < 0.08


@pytest.mark.parametrize("stories", [4, 12, 40])
def test_intervals_hold_the_truth_as_often_as_they_say(stories: int) -> None:
    draw = np.random.default_rng(stories)
    matrix = NOISY.matrix()
    held = 0
    for run in range(150):
        truth = draw.dirichlet([2, 2, 1])
        true = draw.choice(4, size=stories, p=[*(truth * 0.85), 0.15])
        sides = [side(n, int(draw.choice(3, p=matrix[one]))) for n, one in enumerate(true)]
        (point,) = make_series(sides, "week", NOISY, seed=run)
        held += point.low <= truth[0] - truth[1] <= point.high
    assert held / 150 >= 0.9


@pytest.mark.parametrize("truth", [(0.9, 0.05, 0.05), (0.05, 0.9, 0.05)])
@pytest.mark.parametrize(("stories", "false"), [(5, 0.35), (30, 0.35), (200, 0.35), (30, 0.1)])
def test_intervals_hold_the_truth_of_an_actor_of_one_mind(
    truth: tuple[float, float, float], stories: int, false: float
) -> None:
    # As the default model errs on news: a third of the rows false, and more of them oppose than support.
    confusion = Confusion(np.array([[103, 23, 8], [31, 129, 3], [2, 7, 30], [69, 87, 27]], dtype=float))
    draw = np.random.default_rng(stories)
    held, runs = 0, 100
    for run in range(runs):
        true = draw.multinomial(stories, [*(np.array(truth) * (1 - false)), false])
        sums = sum(draw.multinomial(n, row) for n, row in zip(true, confusion.matrix(draw), strict=True))
        _, low, high, _ = net_stances(np.array([sums]), confusion, run)
        held += low[0] <= truth[0] - truth[1] <= high[0]
    assert held / runs >= 0.8


def test_a_point_does_not_change_when_other_bins_come() -> None:
    sides = [side(n, n % 2) for n in range(6)]
    alone = make_series(sides, "week", NOISY)
    later = make_series([*sides, side(9, 1, MONDAY + timedelta(days=70))], "week", NOISY)
    assert (later[0].low, later[0].high) == pytest.approx((alone[0].low, alone[0].high))
