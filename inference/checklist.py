"""The behaviour suite: templates that any reader gets right, filled with many states.

After M. T. Ribeiro et al., "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList", ACL 2020: minimum
functionality and direction are held against the sides that a template expects, invariance against its own answer.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from ..data.errors import StancewireError
from ..data.gazetteer import Gazetteer
from ..data.schema import STANCES, Article
from .scorer import Scorer

STATES = (
    *("Japan", "Brazil", "Kenya", "Poland", "Vietnam", "Peru", "Morocco", "Finland", "Pakistan", "Australia"),
    *("Nigeria", "Sweden", "Indonesia", "Bolivia", "Turkey", "Hungary", "Ghana", "Mongolia", "Ecuador", "Norway"),
)
"""Fillers: states on every continent whose names and capitals mean nothing else."""

_SLOT = re.compile(r"\{([A-Z])(\.capital)?\}")
Answer = Mapping[str, str]
"""The side of each state that has one."""


@dataclass(frozen=True)
class Template:
    """One sentence or passage with states to fill in.

    Attributes:
        group: What it tests.
        issue: The issue it is about.
        texts: The text, and the rewordings that must leave its answer as it is.
        expect: The side of each role; a role that is not named takes none. None where only the rewordings are tested.
    """

    group: str
    issue: str
    texts: tuple[str, ...]
    expect: Answer | None


class GroupResult(NamedTuple):
    """How often the templates of a group held."""

    passed: int
    asked: int
    failures: tuple[tuple[str, str], ...]

    @property
    def rate(self) -> float:
        """Share that held."""
        return self.passed / self.asked if self.asked else 0.0


def load_suite(path: str | Path | None = None) -> list[Template]:
    """Reads a suite.

    Args:
        path: A YAML file; None is the one that ships with the package.

    Raises:
        StancewireError: The file is missing or not of the documented form.
    """
    source = Path(path) if path is not None else Path(str(files("stancewire.configs") / "behaviour.yaml"))
    try:
        groups = yaml.safe_load(source.read_text(encoding="utf-8"))
        return [_template(group["group"], entry) for group in groups for entry in group["templates"]]
    except OSError as error:
        raise StancewireError(f"suite {source}: cannot be read ({error.strerror}); check the path") from error
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        message = " ".join(str(error).split())
        raise StancewireError(
            f"suite {source}: each template needs issue, text, and expect or same ({message})"
        ) from error


def _template(group: str, entry: dict[str, Any]) -> Template:
    expect = dict(entry.get("expect", {}))
    if wrong := [side for side in expect.values() if side not in STANCES]:
        raise ValueError(f"unknown side {wrong[0]!r}")
    same = tuple(entry.get("same", ()))
    return Template(group, entry["issue"], (entry["text"], *same), None if same else expect)


def run_suite(scorer: Scorer, suite: Sequence[Template], fillers: int = 10, seed: int = 13) -> dict[str, GroupResult]:
    """Fills each template with states and counts how often it holds.

    Args:
        scorer: The scorer under test.
        suite: The templates.
        fillers: How many drawings of states each template is filled with.
        seed: Seed of the drawings.

    Returns:
        Results by group, in the suite's order, their failures as (text, what was answered).
    """
    draw = random.Random(seed)
    results: dict[str, list[tuple[bool, str, str]]] = {}
    for template in suite:
        for _ in range(fillers):
            states = dict(zip("ABC", draw.sample(STATES, 3), strict=True))
            results.setdefault(template.group, []).append(_hold(scorer, template, states))
    return {
        group: GroupResult(
            sum(held for held, _, _ in outcomes),
            len(outcomes),
            tuple((text, answer) for held, text, answer in outcomes if not held),
        )
        for group, outcomes in results.items()
    }


def _hold(scorer: Scorer, template: Template, states: Mapping[str, str]) -> tuple[bool, str, str]:
    filled = [_fill(text, states, scorer.resolver.gazetteer) for text in template.texts]
    answers = [_answer(scorer, text, template.issue, states) for text in filled]
    wanted = answers[0] if template.expect is None else template.expect
    for text, answer in zip(filled, answers, strict=True):
        if answer != wanted:
            return False, text, f"{_named(answer, states)}, not {_named(wanted, states)}"
    return True, filled[0], ""


def _fill(text: str, states: Mapping[str, str], gazetteer: Gazetteer) -> str:
    return _SLOT.sub(lambda slot: gazetteer.capitals[states[slot[1]]] if slot[2] else states[slot[1]], text)


def _answer(scorer: Scorer, text: str, issue: str, states: Mapping[str, str]) -> Answer:
    roles = {state: role for role, state in states.items()}
    rows = scorer.score(Article("template", text))
    return {roles[r.actor]: r.label for r in rows if r.kind == "stance" and r.issue == issue and r.actor in roles}


def _named(answer: Answer, states: Mapping[str, str]) -> str:
    return ", ".join(f"{states[role]} {side}" for role, side in sorted(answer.items())) or "nobody"


def describe_failures(results: Mapping[str, GroupResult]) -> Iterator[str]:
    """One line for each different failure."""
    for group, result in results.items():
        for text, answer in dict(result.failures).items():
            yield f"{group}: {text} -> {answer}"
