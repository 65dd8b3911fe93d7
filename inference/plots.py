"""Plots of summed-up positions: who stands where, and since when. For files, and for notebooks as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..data.errors import MissingExtraError, StancewireError
from .aggregate import LEAST, Cell
from .report import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Green and orange that the colour-blind tell apart; grey where the interval holds zero.
_SUPPORTS, _OPPOSES, _UNSURE = "#1b7837", "#b35806", "#7f7f7f"
# Of the first ten actors, the next ten, and so on: there are ten colours.
_LINES = "-", "--", ":", "-."


def pick_actors(cells: Sequence[Cell], named: Sequence[str] = (), most: int = 20, dated: bool = False) -> list[str]:
    """The actors that a plot shows: those named, or those with most stories of those that have a net stance.

    Args:
        cells: What :func:`stancewire.inference.aggregate.aggregate` gives.
        named: The actors; without any those with most stories.
        most: Most actors where none are named.
        dated: They must have articles with a date, as in a trend.

    Raises:
        StancewireError: One that is named is not there or, in a trend, has no date; or none has enough stories.
    """
    known = list(dict.fromkeys(cell.actor for cell in cells))
    unknown = [actor for actor in named if actor not in known]
    if unknown:
        there = f"the table has {', '.join(known[:20])}" if known else "the table has no stances"
        raise StancewireError(f"no positions of {', '.join(unknown)}; {there}")
    sure = list(dict.fromkeys(cell.actor for cell in cells if cell.net))
    found = list(dict.fromkeys(named)) or sure
    # In a trend the stories of an actor that is named are drawn, however few they are.
    if not (set(found) & set(sure) or (named and dated)):
        who = f"of {', '.join(found)} none" if named else "no actor"
        raise StancewireError(f"nothing to plot: {who} has {LEAST} stories on an issue; score more articles")
    undated = set(found) - {cell.actor for cell in cells if cell.trend} if dated else set[str]()
    if undated and (named or undated == set(found)):
        about = f" with a position of {', '.join(sorted(undated))}" if named else ""
        raise StancewireError(f"nothing to plot: no article{about} has a date; give one in the column 'published'")
    return [actor for actor in found if actor not in undated][: len(named) or most]


def plot_stances(cells: Sequence[Cell], actors: Sequence[str] = (), most: int = 20) -> Figure:
    """Net stance of each actor, one panel an issue, with its interval; actors with most stories first.

    Args:
        cells: What :func:`stancewire.inference.aggregate.aggregate` gives.
        actors: The actors, in their order; without any those with most stories. On an issue on which one has too few
            stories stands their number alone.
        most: Most actors where none are named.

    Raises:
        StancewireError: One of the actors is not there, or none has enough stories for a net stance.
        MissingExtraError: Matplotlib is not installed.
    """
    names = pick_actors(cells, actors, most)
    shown = [cell for cell in cells if cell.actor in names]
    issues = sorted({cell.issue for cell in shown})
    figure = _figure(2.2 + 2.7 * len(issues), 1.4 + 0.34 * len(names))
    panels = figure.subplots(1, len(issues), sharey=True, squeeze=False)[0]
    for axes, issue in zip(panels, issues, strict=True):
        _net_axis(axes)
        axes.set_title(_written(issue.replace("_", " ")), fontsize=10)
        for cell in shown:
            if cell.issue != issue:
                continue
            place = names.index(cell.actor)
            if cell.net:
                colour = _SUPPORTS if cell.net.low > 0 else _OPPOSES if cell.net.high < 0 else _UNSURE
                axes.plot([cell.net.low, cell.net.high], [place, place], color=colour, linewidth=2, alpha=0.6)
                axes.plot([cell.net.value], [place], "o", color=colour, markersize=5)
            axes.annotate(
                f"{cell.stories}" if cell.net else f"{cell.stories}, too few",
                (1.02, place),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=7,
            )
    panels[0].set_yticks(range(len(names)), map(_written, names))
    panels[0].set_ylim(len(names) - 0.4, -0.6)
    figure.suptitle("Net stance with 95 % interval, and the number of stories", fontsize=11)
    return figure


def plot_trend(cells: Sequence[Cell], actors: Sequence[str] = (), most: int = 8) -> Figure:
    """Net stance over time, one panel an issue, one line an actor; a period without a story is a gap.

    Args:
        cells: What :func:`stancewire.inference.aggregate.aggregate` gives.
        actors: The actors; without any those with most stories.
        most: Most actors where none are named.

    Raises:
        StancewireError: One of the actors is not there, none is named and none has enough stories, or no article has
            a date.
        MissingExtraError: Matplotlib is not installed.
    """
    names = pick_actors(cells, actors, most, dated=True)
    shown = [cell for cell in cells if cell.actor in names and cell.trend]
    issues = sorted({cell.issue for cell in shown})
    periods = _all_periods([period for cell in shown for period, _, _ in cell.trend])
    figure = _figure(8, 0.8 + 2.1 * len(issues))
    panels = figure.subplots(len(issues), 1, sharex=True, squeeze=False)[:, 0]
    for axes, issue in zip(panels, issues, strict=True):
        axes.set_title(_written(issue.replace("_", " ")), fontsize=10)
        axes.axhline(0, color="grey", linewidth=0.6)
        axes.set(ylim=(-1.1, 1.1), ylabel="net stance")
        for cell in shown:
            if cell.issue == issue:
                _draw_trend(axes, cell, periods, names.index(cell.actor))
        axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    step = max(1, len(periods) // 12)
    panels[-1].set_xticks(range(0, len(periods), step), periods[::step], rotation=45, ha="right", fontsize=8)
    figure.suptitle(f"Net stance over time; hollow points have fewer than {LEAST} stories", fontsize=11)
    return figure


def _draw_trend(axes: Axes, cell: Cell, periods: Sequence[str], place: int) -> None:
    """A line through the periods with enough stories; those with fewer are hollow points beside it."""
    colour, line = f"C{place % 10}", _LINES[place // 10 % len(_LINES)]
    points = {period: (stories, net) for period, stories, net in cell.trend}
    gap = 0, float("nan")
    enough = [points.get(period, gap)[1] if points.get(period, gap)[0] >= LEAST else gap[1] for period in periods]
    style = {"color": colour, "linestyle": line, "linewidth": 1.2, "marker": "o", "markersize": 5}
    axes.plot(range(len(periods)), enough, label=_written(cell.actor), **style)
    few = [(periods.index(period), net) for period, (stories, net) in points.items() if stories < LEAST]
    if few:
        axes.scatter(*zip(*few, strict=True), s=14, facecolors="none", edgecolors=colour, linewidths=0.8)


def _written(name: str) -> str:
    """A name as matplotlib writes it: between dollar signs it reads formulas, what begins with _ it leaves out."""
    return ("\u200b" if name.startswith("_") else "") + plain(name).replace("$", r"\$")


def _net_axis(axes: Axes) -> None:
    axes.axvline(0, color="grey", linewidth=0.6)
    axes.set_xlim(-1.08, 1.08)
    axes.set_xticks([-1, 0, 1], ["opposes", "0", "supports"], fontsize=8)
    axes.grid(axis="y", linewidth=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _all_periods(found: Sequence[str]) -> list[str]:
    """The months (``2024-03``) or years (``2024``) from the first to the last, those without a story too."""
    if len(min(found, key=len)) == 4:
        years = sorted({period[:4] for period in found})
        return [str(year) for year in range(int(years[0]), int(years[-1]) + 1)]
    first, last = (int(p[:4]) * 12 + int(p[5:7]) - 1 for p in (min(found), max(found)))
    return [f"{month // 12}-{month % 12 + 1:02}" for month in range(first, last + 1)]


def _figure(width: float, height: float) -> Figure:
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise MissingExtraError("a plot", "report") from error
    return Figure(figsize=(width, height), layout="constrained")
