"""Where things stand on a plot: points, bands, ticks and marks, as numbers for the SVG of a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

from ..series import Point, bin_start, next_bin

SPARK_WIDTH, SPARK_HEIGHT = 132, 36
_FEW = 16
"""Bins that each have a label of their own."""
_LETTER = 6.4
"""Width of a letter of a label."""
_WIDEST = 44.0
"""A bin is drawn no wider."""


@dataclass(frozen=True)
class Spark:
    """A small course of a net stance: lines through neighbouring weeks, dots where a week stands alone or is thin."""

    lines: tuple[str, ...]
    dots: tuple[tuple[float, float, bool], ...]


def make_spark(nets: Mapping[int, tuple[float, bool]], weeks: int) -> Spark:
    """A spark.

    Args:
        nets: Net stance by number of the week, and whether the week is thin; a week without a story is left out.
        weeks: How many weeks there are.
    """
    places = {
        week: (round((week + 0.5) * SPARK_WIDTH / weeks, 1), round(SPARK_HEIGHT * (0.5 - 0.42 * net), 1))
        for week, (net, _) in nets.items()
    }
    runs = _runs([week for week in sorted(nets) if not nets[week][1]])
    lines = tuple(" ".join(f"{x},{y}" for x, y in map(places.__getitem__, run)) for run in runs if len(run) > 1)
    alone = {run[0] for run in runs if len(run) == 1}
    dots = tuple((*places[week], thin) for week, (_, thin) in sorted(nets.items()) if thin or week in alone)
    return Spark(lines, dots)


def _runs(numbers: Sequence[int]) -> list[list[int]]:
    """Numbers in runs without a gap."""
    groups = groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])
    return [[number for _, number in group] for _, group in groups]


@dataclass(frozen=True)
class Dot:
    """A point of the plot."""

    point: Point
    x: float
    y: float
    is_thin: bool
    bar: float


@dataclass(frozen=True)
class Mark:
    """A shift: a line where it began, and a label in one of two rows above."""

    x: float
    y: float
    label: str
    alert: int
    direction: str
    is_open: bool


@dataclass(frozen=True)
class Plot:
    """A plot of a series, with bars of its stories below.

    Attributes:
        width: Of all of it.
        height: Of all of it.
        left: Where the field begins.
        right: Where it ends.
        top: Where +1 lies.
        bottom: Where -1 lies.
        base: Where the bars stand.
        step: Width of a bin as it is drawn.
        most: Stories of the highest bar.
        dots: The points.
        lines: The line through neighbouring points that are not thin.
        bands: The interval, as polygons.
        ticks: Labels of the time axis.
        marks: Shifts.
    """

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    base: int
    step: float
    most: int
    dots: tuple[Dot, ...]
    lines: tuple[str, ...]
    bands: tuple[str, ...]
    ticks: tuple[tuple[float, str], ...]
    marks: tuple[Mark, ...] = field(default=())

    @property
    def middle(self) -> float:
        """Where a net stance of zero lies."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True)
class ShiftMark:
    """A shift to be marked: its day, what is written there, and its alert."""

    began: date
    label: str
    alert: int
    direction: str
    is_open: bool


def make_plot(
    points: Sequence[Point],
    starts: Sequence[date],
    period: str,
    shifts: Sequence[ShiftMark],
    width: int,
    least: int,
) -> Plot:
    """Lays out a plot.

    Args:
        points: The points; those without a story are gaps.
        starts: First days of all bins that are shown, from the first to the last.
        period: Of the bins.
        shifts: Shifts in order of time; those outside of the bins are left out.
        width: Of the plot.
        least: Stories below which a point is thin.
    """
    left, right = 46, width - 12
    # Room for the labels of shifts, in two rows.
    top = 52 if shifts else 16
    bottom, base = top + 210, top + 278
    step = (right - left) / len(starts)
    place = {start: number for number, start in enumerate(starts)}
    most = max((point.stories for point in points), default=0) or 1

    def x_of(number: float) -> float:
        return round(left + (number + 0.5) * step, 1)

    def y_of(net: float) -> float:
        return round((top + bottom) / 2 - net * (bottom - top) / 2, 1)

    known = {place[point.start]: point for point in points if point.net is not None and point.start in place}
    dots = tuple(
        Dot(point, x_of(number), y_of(point.net or 0.0), point.stories < least, round(50 * point.stories / most, 1))
        for number, point in sorted(known.items())
    )
    lines = [
        " ".join(f"{x_of(number)},{y_of(known[number].net or 0.0)}" for number in run)
        for run in _runs([number for number, point in sorted(known.items()) if point.stories >= least])
        if len(run) > 1
    ]
    bands = []
    for run in _runs(sorted(known)):
        # A point that stands alone has an interval too.
        edges = [(x_of(number), known[number]) for number in run]
        if len(edges) == 1:
            half = min(step, _WIDEST) / 3
            edges = [(edges[0][0] - half, edges[0][1]), (edges[0][0] + half, edges[0][1])]
        outline = [f"{x:.1f},{y_of(one.high)}" for x, one in edges]
        bands.append(" ".join(outline + [f"{x:.1f},{y_of(one.low)}" for x, one in reversed(edges)]))
    ticks = tuple((x_of(number), label) for number, label in _ticks(starts, period, right - left))
    marks = _marks(shifts, place, period, x_of)
    frame = (width, base + 52, left, right, top, bottom, base, min(step, _WIDEST), most)
    return Plot(*frame, dots, tuple(lines), tuple(bands), ticks, marks)


def _ticks(starts: Sequence[date], period: str, width: int) -> list[tuple[int, str]]:
    """Numbers of the bins that get a label, and the labels: as many as have room."""
    if len(starts) <= _FEW and period != "month":
        places, form = list(range(len(starts))), "{0:%-d %b}"
    elif period == "month":
        places, form = list(range(len(starts))), "{0:%b}"
    else:
        months = [start.replace(day=1) for start in starts]
        places = [number for number in range(1, len(starts)) if months[number] != months[number - 1]]
        form = "{0:%b}"
    every = max(1, -(-len(places) * int(9.5 * _LETTER) // width))
    shown = places[::every]
    labels = []
    for number in shown:
        day, before = starts[number], starts[shown[len(labels) - 1]] if labels else None
        is_new_year = before is None or before.year != day.year
        labels.append((number, form.format(day) + (f" {day.year}" if is_new_year else "")))
    return labels


def _marks(
    shifts: Sequence[ShiftMark], place: Mapping[date, int], period: str, x_of: Callable[[float], float]
) -> tuple[Mark, ...]:
    marks: list[Mark] = []
    for shift in shifts:
        number = place.get(bin_start(shift.began, period))
        if number is None:
            continue
        x = round(x_of(number - 0.5), 1)
        # A label that would touch the one before stands in the other row.
        crowded = marks and x - marks[-1].x < (len(shift.label) + 2) * _LETTER and marks[-1].y > 20
        marks.append(Mark(x, 18 if crowded else 36, shift.label, shift.alert, shift.direction, shift.is_open))
    return tuple(marks)


def bins_between(first: date, last: date, period: str) -> list[date]:
    """First days of all bins from one to another."""
    starts = [first]
    while starts[-1] < last:
        starts.append(next_bin(starts[-1], period))
    return starts
