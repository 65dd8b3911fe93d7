"""The model registry: who is champion, who challenges it, and the record of every decision.

All of it lies in MLflow: versions and the aliases ``champion`` and ``challenger`` in its registry, and each decision
as a run of the experiment ``stancewire-decisions``, to which runs are only ever added.
"""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from ..data.errors import StancewireError
from ..models.locate import find_model
from .flavour import log_model

NAME = "stancewire"
CHAMPION, CHALLENGER = "champion", "challenger"
EXPERIMENT, _DECISIONS = "stancewire", "stancewire-decisions"
# What MLflow answers where there is no such model or alias; anything else is a failure, not an answer.
_NOT_THERE = frozenset({"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"})


@dataclass(frozen=True)
class Decision:
    """One entry of the record.

    Attributes:
        when: Time in UTC, ISO 8601.
        who: User name.
        action: ``adopt``, ``promote`` or ``rollback``.
        taken: Whether the alias moved.
        name: Name of the registered model.
        champion: Version that was champion before; None for none.
        challenger: Version that was to take its place.
        why: The reasons, each in one line.
        figures: The figures that were compared.
    """

    when: str
    who: str
    action: str
    taken: bool
    name: str
    champion: str | None
    challenger: str
    why: tuple[str, ...]
    figures: dict[str, float]


@contextmanager
def mlflow_errors() -> Iterator[None]:
    """Turns a failure of MLflow, in this block or function, into one clear line."""
    try:
        yield
    except (MlflowException, OSError) as error:
        raise StancewireError(f"MLflow at {mlflow.get_tracking_uri()}: {_one_line(error)}; try again") from error


@mlflow_errors()
def check_name(name: str) -> None:
    """Asks MLflow whether it can have a registered model of that name, before a training and not after it.

    Raises:
        StancewireError: It cannot, or does not answer.
    """
    try:
        _client().get_registered_model(name)
    except MlflowException as error:
        if error.error_code == "INVALID_PARAMETER_VALUE":
            raise StancewireError(f"no name of a registered model: {_one_line(error)}") from error
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise


@mlflow_errors()
def register(address: str, name: str = NAME) -> str:
    """Registers a logged model as the next version, the ``challenger``; gives the version."""
    version = str(mlflow.register_model(address, name).version)
    _client().set_registered_model_alias(name, CHALLENGER, version)
    return version


@mlflow_errors()
def log_folder(folder: Path) -> str:
    """Logs a model folder in a run of its own; gives its address in MLflow."""
    mlflow.set_experiment(EXPERIMENT)
    with mlflow.start_run(run_name=f"folder {folder.name}"):
        return str(log_model(folder).model_uri)


@mlflow_errors()
def adopt_default(name: str = NAME) -> Decision:
    """Makes the model that ships with the package a version and the first champion."""
    version = str(mlflow.register_model(log_folder(find_model()), name).version)
    return decide("adopt", version, None, ["no champion yet: the model that ships with the package"], {}, name)


@mlflow_errors()
def champion(name: str = NAME) -> str | None:
    """The version that is champion, or None."""
    try:
        return str(_client().get_model_version_by_alias(name, CHAMPION).version)
    except MlflowException as error:
        if error.error_code in _NOT_THERE:
            return None
        raise


@mlflow_errors()
def version_of(reference: str, name: str = NAME) -> str:
    """The version that a reference means: a number, an alias, or ``models:/NAME/…`` with either.

    Raises:
        StancewireError: There is no such version.
    """
    short = reference.removeprefix(f"models:/{name}").lstrip("/@") or reference
    try:
        found: ModelVersion = (
            _client().get_model_version(name, short)
            if short.isdigit()
            else _client().get_model_version_by_alias(name, short)
        )
    except MlflowException as error:
        if error.error_code not in _NOT_THERE:
            raise
        raise StancewireError(
            f"no version {reference!r} of the registered model {name!r} at {mlflow.get_tracking_uri()}; register one"
            f" with: stancewire train RECIPE --register {name}"
        ) from error
    return str(found.version)


@mlflow_errors()
def decide(
    action: str,
    challenger: str,
    expected: str | None,
    why: list[str],
    figures: dict[str, float],
    name: str = NAME,
    taken: bool = True,
) -> Decision:
    """Moves ``champion`` if the decision is to, and adds the decision to the record, taken or refused.

    Args:
        action: ``adopt``, ``promote`` or ``rollback``.
        challenger: The version that is to be champion.
        expected: The champion on which the decision rests; where it is another one by now, the decision is refused.
        why: The reasons.
        figures: The figures that were compared.
        name: Name of the registered model.
        taken: Whether the decision is to move the alias.
    """
    now = champion(name)
    if taken and now != expected:
        taken, why = False, [f"the champion is version {now} by now and no longer {expected}: decide again", *why]
    when = datetime.now(UTC).isoformat(timespec="milliseconds")
    entry = Decision(when, getpass.getuser(), action, taken, name, now, challenger, tuple(why), figures)
    # First the record: a crash between the two leaves a decision to take again, not a change that nobody can explain.
    run = _record(entry)
    if taken:
        try:
            _client().set_registered_model_alias(name, CHAMPION, challenger)
        except Exception as error:
            # What was not done is not to stand there as done.
            _client().set_tag(run, "taken", str(False))
            _client().set_tag(run, "why", json.dumps([f"MLflow did not move the alias: {_one_line(error)}", *why]))
            raise
    return entry


@mlflow_errors()
def history(name: str = NAME) -> list[Decision]:
    """Every decision on a registered model, oldest first."""
    experiment = _client().get_experiment_by_name(_DECISIONS)
    if experiment is None:
        return []
    query, found, token = f"tags.name = '{name}'", list[Any](), None
    while True:
        page = _client().search_runs([experiment.experiment_id], query, page_token=token)
        found += page
        token = page.token
        if not token:
            break
    entries = [_entry(run) for run in found]
    return sorted(entries, key=lambda entry: entry.when)


def previous_champion(name: str = NAME) -> str:
    """The version that the present champion took over from, by the record.

    Raises:
        StancewireError: There is none to go back to.
    """
    now = champion(name)
    stack: list[str] = []
    for entry in history(name):
        if not entry.taken:
            continue
        if entry.action == "rollback":
            stack = stack[:-1]
        else:
            # One that was made champion by other hands is in no entry of its own.
            stack += [entry.champion] if entry.champion and stack[-1:] != [entry.champion] else []
            stack.append(entry.challenger)
    before = stack[:-1] if stack[-1:] == [now] else stack
    if not before:
        raise StancewireError(f"nothing to go back to: the record names no champion of {name!r} before the present one")
    return before[-1]


def _record(entry: Decision) -> str:
    """Writes a decision down; gives the id of its run."""
    client = _client()
    experiment = client.get_experiment_by_name(_DECISIONS)
    number = experiment.experiment_id if experiment else client.create_experiment(_DECISIONS)
    tags = {
        "when": entry.when,
        "who": entry.who,
        "action": entry.action,
        "taken": str(entry.taken),
        "name": entry.name,
        "champion": entry.champion or "",
        "challenger": entry.challenger,
        "why": json.dumps(entry.why),
    }
    verdict = "taken" if entry.taken else "refused"
    run = client.create_run(number, tags=tags, run_name=f"{entry.action} {entry.challenger}: {verdict}")
    for key, value in entry.figures.items():
        client.log_metric(run.info.run_id, key, value)
    client.set_terminated(run.info.run_id)
    return str(run.info.run_id)


def _entry(run: Any) -> Decision:
    tags = run.data.tags
    return Decision(
        tags["when"],
        tags["who"],
        tags["action"],
        tags["taken"] == "True",
        tags["name"],
        tags["champion"] or None,
        tags["challenger"],
        tuple(json.loads(tags["why"])),
        dict(run.data.metrics),
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _client() -> mlflow.MlflowClient:
    return mlflow.MlflowClient()
