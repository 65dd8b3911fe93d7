"""The gazetteer: which names, demonyms, capitals, ministries and office holders stand for which actor.

The files and their fields are described in ``data/gazetteer/README.md``.
"""

from __future__ import annotations

import json
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import ahocorasick_rs

STATE_TYPES = frozenset({"state", "territory"})
NAME, DEMONYM, CAPITAL, GOVERNMENT, PERSON = "name", "demonym", "capital", "government", "person"


@dataclass(frozen=True, slots=True)
class Actor:
    """One line of the gazetteer: a canonical name, what it is, and for a legislature or party whose it is."""

    name: str
    type: str
    of: str | None = None
    adjective: str | None = None
    governs: tuple[tuple[str, str, str | None], ...] = ()
    nouns: tuple[str, ...] = ()
    surname_first: bool = False


class Reading(NamedTuple):
    """One thing a surface form can mean; years bound an office and are None where it is open or not one."""

    actor: str
    kind: str
    first: int | None = None
    last: int | None = None
    ambiguous: bool = False
    office: str = ""

    def holds_in(self, year: int | None) -> bool:
        """Whether the office was held in that year; an unknown year is taken as within it."""
        if year is None or self.first is None:
            return True
        return self.first <= year and (self.last is None or year <= self.last)


class Match(NamedTuple):
    """A surface form found in a text, with its readings."""

    start: int
    end: int
    surface: str
    readings: tuple[Reading, ...]


class Gazetteer:
    """Finds the names it holds in a text, longest first, whole words only.

    Args:
        entries: Gazetteer lines as dictionaries.
        not_actors: Phrases that contain an actor's name and mean something else (*Washington Post*).
        given_names: Given names, by which an unknown person is told from other capitalised words.
    """

    def __init__(
        self, entries: Iterable[dict[str, Any]], not_actors: Iterable[str] = (), given_names: Iterable[str] = ()
    ) -> None:
        self.actors: dict[str, Actor] = {}
        self.given_names = frozenset(given_names)
        self.surnames: dict[str, set[str]] = defaultdict(set)
        self.cities: dict[str, str] = {}
        self.capitals: dict[str, str] = {}
        self.ambiguous: set[str] = set()
        self._readings: dict[str, list[Reading]] = defaultdict(list)
        for entry in entries:
            self._add(entry)
        self._governors = [(actor, span) for actor in self.actors.values() for span in actor.governs]
        self._legislatures = {
            actor.of: actor.name for actor in reversed(self.actors.values()) if actor.of and actor.type == "legislature"
        }
        for phrase in not_actors:
            self._readings.setdefault(phrase, [])
        self._surfaces = [*self._readings]
        upper = {form.upper(): form for form in self._readings if len(form) > 3 and not form.isupper()}
        self._patterns = [*self._surfaces, *(form for form in upper if form not in self._readings)]
        self._plain = {pattern: upper.get(pattern, pattern) for pattern in self._patterns}
        self._automaton = ahocorasick_rs.AhoCorasick(self._patterns, store_patterns=False)

    def _add(self, entry: dict[str, Any]) -> None:
        name = entry["name"]
        demonyms = entry.get("demonyms", [])
        governs = tuple((state, first, last) for state, first, last in entry.get("governs", []))
        adjective = demonyms[0] if demonyms else None
        actor = Actor(
            name,
            entry["type"],
            entry.get("of"),
            adjective,
            governs,
            tuple(entry.get("nouns", ())),
            entry.get("surname_first", False),
        )
        self.actors.setdefault(name, actor)
        ambiguous = set(entry.get("ambiguous", []))
        self.ambiguous |= ambiguous
        own_kind = PERSON if entry["type"] == "person" else NAME
        if own_kind == PERSON:
            for form in (name, *entry.get("names", [])):
                self._add_surname(form)
        forms = [
            (own_kind, [name, *entry.get("names", [])]),
            (DEMONYM, demonyms),
            (CAPITAL, entry.get("capital", [])),
            (GOVERNMENT, entry.get("government", [])),
        ]
        for kind, surfaces in forms:
            for surface in surfaces:
                self._readings[surface].append(Reading(name, kind, ambiguous=surface in ambiguous))
        for capital in entry.get("capital", [])[:1]:
            self.capitals.setdefault(name, capital)
        for city in entry.get("cities", []):
            self.cities.setdefault(city, name)
        for person, office, first, last in entry.get("people", []):
            reading = Reading(name, PERSON, first, last, person in ambiguous, office)
            self._readings[person].append(reading)
            self._add_surname(person)
            plain = _without_accents(person)
            if plain != person:
                self._readings[plain].append(reading)
                self._add_surname(plain)
            if actor.surname_first:
                self.surnames[person.split()[0]].add(person)

    def _add_surname(self, person: str) -> None:
        """Files a full name under its last word and under that word with its particle (*al-Maliki*, *de Gaulle*)."""
        parts = person.split()
        self.surnames[parts[-1]].add(person)
        if len(parts) > 2 and (parts[-2].islower() or parts[-2] in _PARTICLES):
            self.surnames[" ".join(parts[-2:])].add(person)

    def find(self, text: str) -> list[Match]:
        """Finds all names in a text.

        Returns:
            Matches in order, not overlapping; a phrase that is known to be no actor has no readings.
        """
        hits = []
        for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            if _is_word(text, start, end):
                hits.append((start, end, self._plain[self._patterns[index]]))
        hits.sort(key=lambda hit: (hit[0], -hit[1]))
        matches, free = [], 0
        for start, end, surface in hits:
            if start >= free:
                matches.append(Match(start, end, surface, tuple(self._readings[surface])))
                free = end
        return matches

    def person_readings(self, full_name: str) -> list[Reading]:
        """Readings of a person's full name."""
        return [reading for reading in self._readings.get(full_name, []) if reading.kind == PERSON]

    def nouns_of(self, name: str) -> tuple[str, ...]:
        """Common nouns that take an actor up again: *the kingdom*, *the island*, *the bloc*."""
        actor = self.actors.get(name)
        return actor.nouns if actor else ()

    def is_surname_first(self, name: str) -> bool:
        """Whether persons of that state write the surname first."""
        actor = self.actors.get(name)
        return actor is not None and actor.surname_first

    def type_of(self, name: str) -> str:
        """Type of an actor; a name the gazetteer does not hold is a ``person``."""
        actor = self.actors.get(name)
        return actor.type if actor else "person"

    def governor(self, state: str, date: str | None) -> str:
        """Who governs the state at that date: the state itself, or an actor such as the Taliban or the Soviet Union."""
        day = date or "9999"
        for actor, (governed, first, last) in self._governors:
            if governed == state and first <= day and (last is None or day <= last) and (date or last is None):
                return actor.name
        return state

    def legislature(self, state: str, words: str = "Parliament") -> str:
        """Canonical name of a state's legislature, or of the chamber that the words name: *Nigerian Senate*."""
        plain = words.lower()
        chamber = next((name for name in _CHAMBERS if name in plain), None)
        if chamber is None or "congress" in plain:
            return self._legislatures.get(state, f"{self.adjective(state)} Parliament")
        named = f"{self.adjective(state)} {_CHAMBERS[chamber]}"
        own = next((a.name for a in self.actors.values() if a.of == state and _CHAMBERS[chamber] in a.name), None)
        return own or named

    def adjective(self, state: str) -> str:
        """Adjective of a state for naming its groups: *Iraqi*; *US* for the United States."""
        if state in _SHORT_ADJECTIVES:
            return _SHORT_ADJECTIVES[state]
        actor = self.actors.get(state)
        return actor.adjective if actor and actor.adjective else state


_CHAMBERS = {
    "senate": "Senate",
    "house of representatives": "House of Representatives",
    "chamber of deputies": "Chamber of Deputies",
    "house of commons": "House of Commons",
    "national assembly": "National Assembly",
}
_SHORT_ADJECTIVES = {"United States": "US", "United Kingdom": "UK", "European Union": "EU"}

_PARTICLES = frozenset({"Al", "El", "De", "Van", "Von", "Ben", "Bin"})


def _without_accents(name: str) -> str:
    if name.isascii():
        return name
    plain = unicodedata.normalize("NFKD", name.replace("ı", "i").replace("ø", "o").replace("ł", "l"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _is_word(text: str, start: int, end: int) -> bool:
    if start and (text[start - 1].isalnum() or text[start - 1] in "&@"):
        return False
    if end < len(text) and text[end].isalnum():
        return text[end - 1] == "." and text[end].isupper() and text[end - 2 : end - 1].islower()
    return True


@cache
def load_gazetteer() -> Gazetteer:
    """The gazetteer that ships with the package."""
    folder = files("stancewire.data") / "gazetteer"
    entries, phrases, given = [], [], []
    for source in sorted(folder.iterdir(), key=lambda item: item.name):
        if source.name.endswith(".jsonl"):
            entries += [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines() if line.strip()]
        elif source.name == "not_actors.txt":
            phrases = source.read_text(encoding="utf-8").split("\n")
        elif source.name == "given_names.txt":
            given = source.read_text(encoding="utf-8").split()
    # A person in two lines speaks for the state before the organisation.
    entries.sort(key=lambda entry: entry["type"] not in STATE_TYPES)
    return Gazetteer(entries, filter(None, phrases), given)
