"""A comparison as one HTML page that needs no network."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.errors import MissingExtraError
from ..data.writers import write_whole
from ..models.calibration import reliability
from .comparison import Comparison, side_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def require_packages() -> None:
    """Says in one line if what a page takes is not installed.

    Raises:
        MissingExtraError: It is not.
    """
    try:
        import jinja2  # noqa: F401
        import matplotlib as mpl  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"an HTML page ({error.name} is missing)", "report") from error


def write_page(comparison: Comparison, path: str) -> None:
    """Writes the page.

    Raises:
        MissingExtraError: The packages for plots and pages are not installed.
        StancewireError: The file cannot be written.
    """
    require_packages()
    import jinja2
    import matplotlib as mpl

    loader = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
    page = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    # Text stays text in the SVG, so that it can be searched and takes the page's font.
    with mpl.rc_context({"svg.fonttype": "none", "font.size": 10}):
        plots = {"differences": _svg(_forest(comparison)), "reliability": _svg(_reliability(comparison))}
    html = page.get_template("comparison.html").render(
        comparison=comparison, rows=side_rows(comparison.first, comparison.second), **plots
    )
    write_whole(path, html)


def _forest(comparison: Comparison) -> Figure:
    """The difference in label F1 on each slice with its interval, one line a slice."""
    from matplotlib.figure import Figure

    found = comparison.differences[::-1]
    figure = Figure(figsize=(7.5, 0.9 + 0.3 * len(found)), layout="constrained")
    axes = figure.subplots()
    gaps = np.array([one.second - one.first for one in found])
    reach = np.abs(np.array([[one.low for one in found], [one.high for one in found]]) - gaps)
    axes.errorbar(gaps, range(len(found)), xerr=reach, fmt="o", color="#1f5f8b", capsize=3)
    axes.axvline(0, color="grey", linewidth=1)
    axes.set_yticks(range(len(found)), [f"{one.slice} ({one.gold})" for one in found])
    axes.set_xlabel("label F1 of B minus A, with 95 % interval")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _reliability(comparison: Comparison) -> Figure:
    """Share of right labels over confidence for both models."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="as sure as right")
    for name, key, colour in (("A", "first", "#1f5f8b"), ("B", "second", "#c2571a")):
        confidence, right = np.array(comparison.reliability[key], dtype=float).reshape(-1, 2).T
        points = reliability(confidence, right)
        means, shares = [point[0] for point in points], [point[1] for point in points]
        axes.plot(means, shares, marker="o", color=colour, label=name, clip_on=False)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="share of right labels")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper left", frameon=False)
    return figure


def _svg(figure: Figure) -> Any:
    from markupsafe import Markup

    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    drawn = text.getvalue()
    # Made here, not taken from anybody's input; matplotlib escapes the labels.
    return Markup(drawn[drawn.index("<svg") :])
