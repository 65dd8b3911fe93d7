"""Names of states that are part of a place's name, or another place of that name."""

from __future__ import annotations

import re

from .phrases import PLACE_AFTER

_PLACE_BEFORE = re.compile(
    r"\b(?:Little|New|Lake|Mount|Cape|Fort|(?:Gulf|Strait|Straits|Sea|Bay|Bank|Treaty|Battle)\s(?:of|de)(?:\sthe)?)\s$|\b(?:one|non|anti|pro)-$"
)
_LINE_AFTER = re.compile(
    r"\s(?:line|voters?|primary|primaries|runoff|Gov\b|Gov\.|governor|Senate|Rep\.|Sen\.|Democrats?|Republicans?)"
)
_US_STATES = re.compile(
    r"\b(?:Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Idaho|Illinois|Indiana|Iowa|"
    r"Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|Montana|Nebraska|"
    r"Nevada|Ohio|Oklahoma|Oregon|Pennsylvania|Carolina|Tennessee|Texas|Utah|Vermont|Virginia|Wisconsin|Wyoming|Atlanta|"
    r"Savannah|Raffensperger|Kemp|Fulton|Bulldogs|electoral votes|swing state|Ga\.)"
)
_STATE_OF_THAT_NAME = {
    "Georgia": re.compile(
        r"\b(?:Tbilisi|Georgians?\b|Abkhazia|South Ossetia|Saakashvili|Caucasus|Ivanishvili|Zourabichvili|Kobakhidze|"
        r"Garibashvili|Armenia|Azerbaijan|Batumi|Sukhumi|SUKHUMI|TBILISI|Shevardnadze|Moldova|NATO member)"
    )
}
"""States that share their name with a federal state of another one, with what speaks for them."""


class Places:
    """Which names of states in a text are parts of other place names.

    Args:
        text: The article's text.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def is_place(self, start: int, end: int) -> bool:
        """Whether the name is part of a longer place name: *Panama Canal*, *Little Havana*, *West Point*."""
        return (
            PLACE_AFTER.match(self._text, end) is not None
            or _PLACE_BEFORE.search(self._text, max(0, start - 16), start) is not None
        )

    def is_us_state(self, name: str, start: int, end: int) -> bool:
        """Whether a name that a federal state of the US bears as well means that one."""
        own = _STATE_OF_THAT_NAME.get(name)
        if own is None:
            return False
        if _LINE_AFTER.match(self._text, end):
            return True
        return _US_STATES.search(self._text) is not None and own.search(self._text) is None
