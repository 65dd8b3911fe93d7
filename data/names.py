"""When two actor names mean the same actor."""

from __future__ import annotations

import re

_ALIASES = {
    "us": "united states",
    "usa": "united states",
    "u.s.": "united states",
    "america": "united states",
    "united states of america": "united states",
    "white house": "united states",
    "russian federation": "russia",
    "uk": "united kingdom",
    "britain": "united kingdom",
    "great britain": "united kingdom",
    "afghan taliban": "taliban",
    "islamic emirate of afghanistan": "taliban",
    "islamic emirate": "taliban",
    "european union": "eu",
    "united nations": "un",
    "western countries": "west",
    "republic of korea": "south korea",
    "dprk": "north korea",
    "prc": "china",
    "people's republic of china": "china",
    "türkiye": "turkey",
    "turkiye": "turkey",
    "czechia": "czech republic",
    "holy see": "vatican",
    "vatican city": "vatican",
    "north atlantic treaty organization": "nato",
    "democratic republic of congo": "dr congo",
    "democratic republic of the congo": "dr congo",
    "palestinian authority": "palestine",
    "state of palestine": "palestine",
    "palestinians": "palestine",
    "burma": "myanmar",
    "uae": "united arab emirates",
    "au": "african union",
    "republicans": "republican party",
    "democrats": "democratic party",
    "security council": "un security council",
    "unsc": "un security council",
    "general assembly": "un general assembly",
    "european countries": "europe",
}
# Last words that many different names share: two names are not the same because both end in one of these.
_GENERIC = frozenset(
    """korea states kingdom republic guinea emirates sudan council party government congress senate house leaders
    countries union nations minister president authority forces administration assembly group officials members
    powers allies senators republicans democrats lawmakers""".split()
)


def normalise_name(name: str) -> str:
    """Lower-case form of an actor's name under which its spellings are equal."""
    plain = re.sub(r"\s+", " ", name.strip().lower().replace("’", "'")).removeprefix("the ")
    plain = _ALIASES.get(plain, plain)
    if plain not in ("us", "united states"):
        plain = re.sub(r"^(u\.s\.|us|american) ", "", plain)
    return _ALIASES.get(plain, plain)


def alternatives(name: str) -> frozenset[str]:
    """Normalised names of a gold actor, which may list alternatives with ``|``."""
    return frozenset(normalise_name(part) for part in name.split("|"))


def same_actor(name: str, gold: frozenset[str]) -> bool:
    """Whether a normalised name is one of the normalised gold names.

    Persons and bodies match by their last word too (*McCain* and *John McCain*), unless many names share it.
    """
    if name in gold:
        return True
    last = name.split()[-1] if name else ""
    return len(last) > 3 and last not in _GENERIC and any(other.split()[-1:] == [last] for other in gold)
