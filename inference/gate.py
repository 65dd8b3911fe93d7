"""Whether a new model may take the champion's place."""

from __future__ import annotations

from typing import Protocol

from .comparison import Comparison


class Gate(Protocol):
    """The limits; :class:`stancewire.training.recipe.GateRecipe` says what each means."""

    max_loss: float
    max_slice_loss: float
    slice_size: int
    behaviour: dict[str, float]
    max_behaviour_loss: float
    max_slowdown: float


def broken_rules(comparison: Comparison, gate: Gate) -> list[str]:
    """The rules that the second model breaks against the first, each in one line; none means that it may take over."""
    first, second = comparison.first, comparison.second
    broken = []
    for one in comparison.differences:
        limit = gate.max_loss if one.slice == "all" else gate.max_slice_loss
        judged = one.slice == "all" or one.gold >= gate.slice_size
        if judged and round(one.first - one.second, 6) > limit:
            broken.append(f"label F1 on {one.slice}: {one.second:.3f} against {one.first:.3f}, more than {limit} below")
    for group, floor in gate.behaviour.items():
        rate = second.behaviour.get(group)
        if rate is None:
            broken.append(f"behaviour {group!r}: no such group in the suite")
        elif rate < floor:
            broken.append(f"behaviour {group!r}: {rate:.2f}, below its floor of {floor}")
    if round(first.behaviour_rate - second.behaviour_rate, 6) > gate.max_behaviour_loss:
        broken.append(
            f"behaviour suite: {second.behaviour_rate:.3f} against {first.behaviour_rate:.3f}, more than"
            f" {gate.max_behaviour_loss} below"
        )
    slowdown = first.articles_per_second / max(second.articles_per_second, 1e-9)
    if slowdown > gate.max_slowdown:
        broken.append(f"speed: {slowdown:.1f} times the champion's time an article, more than {gate.max_slowdown}")
    return broken


def figures_of(comparison: Comparison) -> dict[str, float]:
    """What is written down with a decision."""
    found = {}
    for name, side in (("champion", comparison.first), ("challenger", comparison.second)):
        found |= {f"{name}_{key}": value for key, value in side.figures.items()}
        found[f"{name}_behaviour"] = side.behaviour_rate
        found[f"{name}_articles_per_second"] = side.articles_per_second
    overall = comparison.differences[0]
    return found | {"difference_low": overall.low, "difference_high": overall.high, "difference_p": overall.p}
