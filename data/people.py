"""Who a person speaks for: an office held at the article's date, or himself."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from . import phrases
from .gazetteer import Gazetteer, Reading

_LONG_SURNAME = re.compile(
    r"\b(?:al|el|de|van|von|di|da|Al|El|De|Van|Von|bin|ben|Ben)[ -](?:(?:der|den|la)[ -])?[A-Z][\w’'-]+$"
)
_SURNAME_FIRST = re.compile(r"[A-Z][a-z]+ (?:[A-Z][a-z]+-[a-z]+|[A-Z][a-z]+ [A-Z][a-z]+)$")
_INITIAL = re.compile(r"\b[A-Z]\.\s+")
_OWN_YEARS = 6
"""How many years from an office a surname alone still calls its holder to mind."""


class People:
    """The persons of one article, by full name and by surname.

    Args:
        gazetteer: For known office holders and others.
        year: The article's year; None takes every office as held.
    """

    def __init__(self, gazetteer: Gazetteer, year: int | None) -> None:
        self.gazetteer = gazetteer
        self.year = year
        self.met: dict[str, str] = {}
        self.offices: dict[str, str] = {}

    def office_of(self, name: str, readings: Iterable[Reading]) -> tuple[str, str]:
        """For whom a known person speaks and in which office: one still held, else himself."""
        readings = list(readings)
        held = [reading for reading in readings if reading.first is not None and reading.holds_in(self.year)]
        if held:
            return held[0].actor, held[0].office
        own = [reading for reading in readings if reading.first is None]
        return (own[0].actor if own else name), ""

    def known(self, name: str, present: Collection[str]) -> tuple[str, str] | None:
        """For whom a full name in a spelling that the gazetteer lacks speaks: another initial, another middle name.

        The last name and the first letter must be those of one known person whose state is in the article, or of one
        who speaks for himself.
        """
        plain = _INITIAL.sub("", name)
        readings = self.gazetteer.person_readings(plain) if plain != name else []
        if readings:
            return self.office_of(plain, readings)
        if len(name) < 6 or " " not in name:
            return None
        fits = set()
        for full_name in self.gazetteer.surnames.get(surname_of(name), ()):
            if not _similar(full_name.split()[0], name.split()[0]):
                continue
            actor, office = self.office_of(full_name, self.gazetteer.person_readings(full_name))
            if actor in present or office == "":
                fits.add((actor, office))
        return fits.pop() if len(fits) == 1 else None

    def remember(self, name: str, actor: str, office: str) -> None:
        """Notes a person named in full, for his surname later."""
        surnames = {name.split()[-1], surname_of(name)}
        if _SURNAME_FIRST.match(name) or self.gazetteer.is_surname_first(actor):
            surnames.add(name.split()[0])
        for surname in surnames:
            if len(surname) > 1 and phrases.can_be_name(surname):
                self.met[surname] = actor
                self.offices[surname] = office

    def by_surname(
        self, surname: str, present: Collection[str], titled: bool = False, politics: bool = True, spoken: bool = False
    ) -> tuple[str, str] | None:
        """For whom a surname speaks: a person of the article, else the one well-known person of that name.

        Args:
            surname: The surname.
            present: States that the article names.
            titled: Whether a title stands before it; without one a surname that is a given name as well is none, and
                the state that its holder speaks for must be in the article unless he leads it.
            politics: Whether one who holds no office can be meant: his country's politics is the article's matter.
            spoken: Whether a verb of saying stands beside it: then it is a surname, even if it is a given name as well.
        """
        if surname in self.met:
            return self.met[surname], self.offices[surname]
        if len(surname) < 3 or not phrases.can_be_name(surname):
            return None
        is_given = surname in self.gazetteer.given_names
        if is_given and not (titled or spoken):
            return None
        if not (titled or spoken) and (len(surname) < 4 or surname in self.gazetteer.ambiguous):
            return None
        in_office: dict[str, str] = {}
        themselves: dict[str, int] = {}
        for full_name in sorted(self.gazetteer.surnames.get(surname, ())):
            self._sort_reading(full_name, titled, in_office, themselves)
        near = {actor: office for actor, office in in_office.items() if actor in present}
        leaders = {actor: office for actor, office in in_office.items() if phrases.leads(office) and not is_given}
        for choice in (near, leaders, in_office if titled else {}):
            if len(choice) == 1:
                return next(iter(choice.items()))
        if in_office or not themselves or not (titled or politics):
            return None
        nearest = min(themselves.values())
        best = [actor for actor, years in themselves.items() if years == nearest]
        return (best[0], "") if len(best) == 1 else None

    def _sort_reading(
        self, full_name: str, titled: bool, in_office: dict[str, str], themselves: dict[str, int]
    ) -> None:
        for reading in self.gazetteer.person_readings(full_name):
            if reading.ambiguous and not titled:
                continue
            if reading.first is None:
                themselves[reading.actor] = min(self._years_off(full_name), themselves.get(reading.actor, 99))
            elif reading.holds_in(self.year):
                known = in_office.get(reading.actor, "")
                in_office[reading.actor] = known if phrases.leads(known) else reading.office

    def _years_off(self, full_name: str) -> int:
        """How many years lie between the article and an office of the person; the same for all who are far off."""
        if self.year is None:
            return _OWN_YEARS
        years = [
            year for r in self.gazetteer.person_readings(full_name) for year in (r.first, r.last) if year is not None
        ]
        return min([abs(year - self.year) for year in years] + [_OWN_YEARS])


def surname_of(name: str) -> str:
    """Last name with its particle: *al-Maliki*, *Van Hollen*, *de Gaulle*."""
    found = _LONG_SURNAME.search(name)
    return found[0] if found and found.start() > 0 else name.split()[-1]


def _similar(one: str, other: str) -> bool:
    """Whether two given names can be spellings or short forms of one: *Ahmad* and *Ahmed*, *Ed* and *Edward*."""
    if one[0] != other[0]:
        return False
    short, long = sorted((one.rstrip("."), other.rstrip(".")), key=len)
    return len(short) == 1 or long.startswith(short[:3]) or _skeleton(one) == _skeleton(other)


def _skeleton(name: str) -> str:
    """A name without vowels and doubled letters, which is what its transliterations share."""
    return re.sub(r"(.)\1+", r"\1", re.sub(r"[aeiouy'’-]", "", name.lower()))
