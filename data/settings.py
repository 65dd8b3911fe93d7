"""Settings in a YAML file: read into a class that says what they may be; unknown keys name the nearest known one."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from .errors import StancewireError


class Section(BaseModel):
    """Settings that belong together; a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Settings = TypeVar("Settings", bound=Section)


def load_settings(path: str | Path, section: type[Settings], name: str, overrides: Sequence[str] = ()) -> Settings:
    """Reads settings.

    Args:
        path: A YAML file.
        section: What the file holds.
        name: What such a file is called, for messages.
        overrides: ``dotted.key=value`` settings that go before the file's; values are read as YAML.

    Raises:
        StancewireError: The file is missing or broken, a key is unknown or a value does not fit.
    """
    try:
        record = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise StancewireError(f"{name} {path}: cannot be read ({error.strerror}); check the path") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StancewireError(f"{name} {path}: broken YAML ({' '.join(str(error).split())})") from error
    if not isinstance(record, dict):
        raise StancewireError(f"{name} {path}: is not a mapping of keys to values")
    for override in overrides:
        _override(record, override)
    try:
        return section.model_validate(record)
    except ValidationError as error:
        raise StancewireError(f"{name} {path}: {_explain(error, section, name)}") from error


def _override(record: dict[str, Any], override: str) -> None:
    key, sign, value = override.partition("=")
    if not sign or not key:
        raise StancewireError(f"override {override!r}: write it as dotted.key=value, such as encoder.epochs=3")
    *parents, last = key.split(".")
    for parent in parents:
        record = record.setdefault(parent, {})
        if not isinstance(record, dict):
            raise StancewireError(f"override {override!r}: {parent} holds a value, not a section")
    try:
        record[last] = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise StancewireError(f"override {override!r}: broken YAML ({' '.join(str(error).split())})") from error


def _explain(error: ValidationError, section: type[BaseModel], name: str) -> str:
    problems = []
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            known = _known_keys(section, problem["loc"][:-1])
            nearest = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1, cutoff=0.4)
            hint = f"did you mean {nearest[0]!r}?" if nearest else f"known are {', '.join(known)}"
            problems.append(f"unknown key {where!r}; {hint}")
        else:
            problems.append(f"{where or name}: {problem['msg'].lower()}")
    return "; ".join(problems)


def _known_keys(section: type[BaseModel], path: Sequence[Any]) -> list[str]:
    for part in path:
        if not isinstance(part, int):  # an index into a list of sections
            section = _section_in(section.model_fields[str(part)].annotation)
    return list(section.model_fields)


def _section_in(annotation: Any) -> type[BaseModel]:
    """The section that a field holds: itself, or that of ``Section | None`` or ``list[Section]``."""
    parts = (annotation, *get_args(annotation))
    return next(part for part in parts if isinstance(part, type) and issubclass(part, BaseModel))
