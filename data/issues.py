"""Issues and their cues, read from a YAML file: what there is to take a side on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from ahocorasick_rs import AhoCorasick

from .errors import StancewireError
from .schema import Span


@dataclass(frozen=True)
class Issue:
    """One issue.

    Attributes:
        id: Identifier, as it stands in the position table.
        definition: What is and is not part of it.
        cues: Words and phrases that make a sentence worth asking about; ``*`` stands for any ending (or beginning,
            or word between), ``?`` for one letter.
        has_owner: Whether what it is about belongs to somebody, as forces do and sanctions do not: the object of a
            position is then whose they are and where.
        subjects: Words of which at least one stands in any article on the issue, in the form of cues; without any the
            cues are these words.
        other_senses: Phrases around one of the cues in which it means something else: *recognised the border*.
    """

    id: str
    definition: str
    cues: tuple[str, ...]
    has_owner: bool = False
    subjects: tuple[str, ...] = ()
    other_senses: tuple[str, ...] = ()
    _finder: _CueFinder = field(init=False, repr=False, compare=False)
    _subject_finder: _CueFinder = field(init=False, repr=False, compare=False)
    _sense_finder: _SenseFinder | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_finder", _CueFinder(self.cues))
        object.__setattr__(self, "_subject_finder", _CueFinder(self.subjects or self.cues))
        senses = _SenseFinder(self.id, self.cues, self.other_senses) if self.other_senses else None
        object.__setattr__(self, "_sense_finder", senses)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Issue:
        """An issue as an issues file and a model's configuration have it.

        Raises:
            KeyError: Its id, definition or cues are missing.
            ValueError: One of its other senses is around none of its cues.
        """
        return cls(
            record["id"],
            record["definition"].strip(),
            tuple(record["cues"]),
            bool(record.get("has_owner")),
            tuple(record.get("subjects", ())),
            tuple(record.get("other_senses", ())),
        )

    def record(self) -> dict[str, Any]:
        """The record that :meth:`from_record` reads."""
        return {
            "id": self.id,
            "definition": self.definition,
            "cues": list(self.cues),
            "has_owner": self.has_owner,
            "subjects": list(self.subjects),
            "other_senses": list(self.other_senses),
        }

    def has_cue(self, text: str) -> bool:
        """Whether one of the cues stands in the text."""
        return self._finder.is_in(text)

    def may_be_subject_of(self, text: str) -> bool:
        """Whether one of the words stands in an article without which it is not on the issue."""
        return self._subject_finder.is_in(text)

    def count_senses(self, text: str) -> Senses:
        """How often the cues that have another sense stand in the text, and how often in that sense."""
        return self._sense_finder.count(text) if self._sense_finder else Senses(0, 0)

    def find_cues(self, text: str) -> list[Span]:
        """Where its cues stand in the text."""
        if not self._finder.may_match(text):
            return []
        return [Span(*match.span()) for match in self._finder.pattern.finditer(text)]


class Senses(NamedTuple):
    """How often the cues that have another sense stand in a text, and how often in that sense."""

    all: int
    other: int


class _CueFinder:
    """The cues as one pattern, and a test that tells most texts without a cue before the pattern is tried."""

    def __init__(self, cues: tuple[str, ...]) -> None:
        self.cues = cues
        self.pattern = re.compile(rf"\b(?:{'|'.join(map(_cue_pattern, cues))})\b", re.IGNORECASE)
        stems = {max(re.split(r"[\s*?]+", cue.casefold()), key=len) for cue in cues}
        self._stems = AhoCorasick(sorted(stems)) if all(stems) else None

    def may_match(self, text: str) -> bool:
        """Whether the longest part of any cue stands in the text."""
        return self._stems is None or bool(self._stems.find_matches_as_indexes(text.casefold()))

    def is_in(self, text: str) -> bool:
        """Whether one of the cues stands in the text."""
        return self.may_match(text) and self.pattern.search(text) is not None

    def __deepcopy__(self, memo: dict[int, Any]) -> _CueFinder:
        return self

    def __reduce__(self) -> tuple[type[_CueFinder], tuple[tuple[str, ...]]]:
        # The automaton cannot be pickled, and is soon made again.
        return _CueFinder, (self.cues,)


class _SenseFinder:
    """The phrases in which cues mean something else, and the cues that stand in them."""

    def __init__(self, issue: str, cues: tuple[str, ...], phrases: tuple[str, ...]) -> None:
        self.made_of = issue, cues, phrases
        for phrase in phrases:
            if not set(cues) & set(phrase.split()):
                raise ValueError(f"issue {issue}: {phrase!r} of other_senses holds none of its cues; write one out")
        words = {word for phrase in phrases for word in phrase.split()}
        self.cues = _CueFinder(tuple(cue for cue in cues if cue in words))
        self.pattern = re.compile(rf"\b(?:{'|'.join(map(_sense_pattern, phrases))})\b", re.IGNORECASE)

    def count(self, text: str) -> Senses:
        """Counts the cues, those inside the phrases and all."""
        if not self.cues.may_match(text):
            return Senses(0, 0)
        cues = [match.start() for match in self.cues.pattern.finditer(text)]
        spans = [match.span() for match in self.pattern.finditer(text)] if cues else []
        return Senses(len(cues), sum(any(start <= cue < end for start, end in spans) for cue in cues))

    def __deepcopy__(self, memo: dict[int, Any]) -> _SenseFinder:
        return self

    def __reduce__(self) -> tuple[type[_SenseFinder], tuple[str, tuple[str, ...], tuple[str, ...]]]:
        return _SenseFinder, self.made_of


def _cue_pattern(cue: str) -> str:
    words = [r"\w+(?:\W+\w+){0,2}" if word == "*" else _word_pattern(word) for word in cue.split()]
    return r"\W+".join(words)


def _word_pattern(word: str) -> str:
    return re.escape(word).replace(r"\*", r"\w*").replace(r"\?", r"\w")


# Within a phrase nothing stands between words but spaces, hyphens and quotation marks.
_GAP = r"[\s\"“”‘’'-]+"
# A word of the same noun phrase: none that begins another one.
_OWN_WORD = (
    r"(?!(?:in|within|on|at|with|without|to|for|from|by|and|or|but|that|which|who|whose|if|when|while|after|before|until|"
    r"unless|because|despite)\b)(?:(?:[a-z]\.)+|\w+(?:['’]s?\b)?)"
)


def _sense_pattern(phrase: str) -> str:
    between = rf"{_OWN_WORD}(?:{_GAP}{_OWN_WORD}){{0,3}}"
    return _GAP.join(between if word == "*" else _word_pattern(word) for word in phrase.split())


def load_issues(path: str | Path | None = None) -> tuple[Issue, ...]:
    """Reads an issues file.

    Args:
        path: A YAML file; None is the one that ships with the package.

    Raises:
        StancewireError: The file is missing or is not a list of ``{id, definition, cues}``.
    """
    if path is None:
        return _default_issues()
    try:
        source = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise StancewireError(f"issues file {path}: cannot be read ({error.strerror}); check the path") from error
    return parse_issues(source, str(path))


@cache
def _default_issues() -> tuple[Issue, ...]:
    source = (files("stancewire.configs") / "issues.yaml").read_text(encoding="utf-8")
    return parse_issues(source, "issues.yaml")


def parse_issues(source: str, where: str) -> tuple[Issue, ...]:
    """Reads issues from YAML text; ``where`` names it in errors.

    Raises:
        StancewireError: It is not a list of ``{id, definition, cues}``, or one of its other senses holds no cue.
    """
    try:
        entries = yaml.safe_load(source)
        issues = tuple(map(Issue.from_record, entries))
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        message = " ".join(str(error).split())
        raise StancewireError(f"issues file {where}: each entry needs id, definition and cues ({message})") from error
    except ValueError as error:
        raise StancewireError(f"issues file {where}: {error}") from error
    if len({issue.id for issue in issues}) != len(issues):
        raise StancewireError(f"issues file {where}: an id stands twice; give each issue an id of its own")
    return issues


def issue_ids(issues: Sequence[Issue]) -> list[str]:
    """The ids in file order, which is the order of a model's outputs."""
    return [issue.id for issue in issues]
