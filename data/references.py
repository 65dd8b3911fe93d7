"""The words that point back, and how salient a mention is as what they point to."""

from __future__ import annotations

import re

from .phrases import OFFICE_HEAD
from .schema import Mention, Span

SUBJECT, OBJECT, GOVERNED, POSSESSOR, ADJECTIVE = 4.0, 2.5, 1.5, 1.7, 0.5

_HEADS = rf"(?:{OFFICE_HEAD})"
_OFFICE_MODIFIER = (
    r"(?:(?:foreign|defen[cs]e|prime|interior|finance|justice|trade|oil|energy|vice|deputy|acting|interim|top|senior|chief|"
    r"special|permanent|head|own|new|first|press|peace|military|naval|army|presidential|national|security|supreme|UN|"
    r"junior|former|political)\s+)*"
)
_FORCES = (
    r"(?:country|nation|government|administration|people|army|navy|air\s+force|military|troops|forces|armed\s+forces|soldiers|"
    r"state|republic|delegation|authorities|regime|embassy|parliament|police)"
)

THIRD = re.compile(
    r"\b(?:(?P<he>he|she|him|his|her|hers|himself|herself)|"
    r"(?P<it>its|itself|it(?=\s+(?:has|had|will|would|said|says|does|did|could|should|want\w*|plans?|intends?|"
    r"also|never|still|may|might|must|(?!seems|appears|was\b|has\b|follows|turns|happens|depends|comes|matters|takes|"
    r"emerged|seemed|appeared|turned|looks|makes|means|is\b|this\b|as\b|needed|its\b|happened|remains|helps|used)[a-z]+(?:s|ed)\b|"
    r"reject\w*|support\w*|oppos\w*|impos\w*|was\s+(?:not\s+)?(?:ready|willing|"
    r"prepared|considering|committed|seeking|ending|pulling|withdrawing|sending)|is\s+(?:not\s+)?(?:ready|willing|prepared|"
    r"considering|committed|seeking|ending|pulling|withdrawing|sending))\b))|"
    r"(?P<they>they|them|their|theirs|themselves))\b",
    re.IGNORECASE,
)
POSSESSED = re.compile(
    rf"\b(?P<owner>my|our|your|his|her|its|their)\s+(?:own\s+)?(?:(?P<state>{_FORCES})|"
    rf"(?P<office>{_OFFICE_MODIFIER}{_HEADS}))\b(?!-)",
    re.VERBOSE | re.IGNORECASE,
)
FIRST = re.compile(
    rf"\b(?:(?:[Mm]y|[Oo]ur)\s+(?:own\s+)?(?:(?P<state>country|nation|government|administration|people|delegation|state|"
    rf"republic|Government|Republic|Administration|Nation|Country)|(?P<office>{_OFFICE_MODIFIER}{_HEADS}))\b(?!-)|"
    r"(?:I|[Ww]e|[Uu]s|[Oo]urs?|[Mm]y|[Mm]e|[Mm]yself|[Oo]urselves)\b(?![.’']?[A-Z]))",
    re.VERBOSE,
)
BOTH = re.compile(
    r"\b(?:[Bb]oth\s+(?:sides|countries|capitals|governments|nations|parties|states|leaders|men|ministers|presidents)|"
    r"[Tt]he\s+two\s+(?:sides|countries|capitals|governments|nations|states|leaders|men|ministers|presidents|allies|"
    r"neighbou?rs)|[Tt]he\s+pair|[Ee]ach\s+side|[Nn]either\s+(?:side|country|government))\b"
)

ISLANDS = frozenset({"island", "islands", "kingdom", "emirate", "sultanate", "federation", "republic"})
GOVERNMENT_NOUNS = frozenset({"government", "administration", "authorities", "regime", "junta", "cabinet"})
ADMINISTRATION = "United States"
"""Whose government news calls *the administration*."""
OWN_NOUNS = frozenset({"government", "country", "nation"})
STATE_NOUNS = (
    frozenset({"country", "nation", "state", "ministry", "foreign ministry", "defence ministry", "defense ministry"})
    | ISLANDS
    | GOVERNMENT_NOUNS
)
_ALLIANCE = frozenset({"alliance"})
_UNIONS = frozenset({"alliance", "body", "group"})
# In a speech of a state these capitals mean the house that hears it.
UN_NOUNS = {"assembly": "UN General Assembly", "organization": "UN", "organisation": "UN"}
CHAMBERS = frozenset({"Senate", "Parliament", "Representatives", "Deputies", "Assembly", "Commons", "Congress"})
NOUN_KINDS: dict[str, frozenset[str]] = {
    "alliance": _ALLIANCE,
    "bloc": frozenset({"alliance", "body"}),
    "grouping": _UNIONS,
    "group": frozenset({"movement"}),
    "movement": frozenset({"movement"}),
    "militants": frozenset({"movement"}),
    "militia": frozenset({"movement"}),
    "rebels": frozenset({"movement"}),
    "insurgents": frozenset({"movement"}),
    "guerrillas": frozenset({"movement"}),
    "party": frozenset({"party"}),
    "parliament": frozenset({"legislature"}),
    "chamber": frozenset({"legislature"}),
    "legislature": frozenset({"legislature"}),
    "lawmakers": frozenset({"legislature"}),
}
_NOUNS = (
    r"foreign\s+ministry|defen[cs]e\s+ministry|ministry|country|nation|state|government|administration|authorities|regime|"
    r"junta|cabinet|islands?|kingdom|emirate|sultanate|federation|republic|world\s+body|27-nation\s+bloc|alliance|bloc|"
    r"grouping|union|organi[sz]ation|coalition|council|community|commission|agency|body|group|movement|militants|militia|"
    r"rebels|insurgents|guerrillas|front|party|parliament|chamber|legislature|assembly|court|league|committee|senate|house"
)
DESCRIPTION = re.compile(
    rf"\b(?P<the>[Tt]he|[Tt]his)\s+(?P<noun>(?i:{_NOUNS}))\b(?:(?=['’]s?\b)|(?!['’-]))(?!\s+(?:of|for|led\s+by)\s)"
    r"(?!\s+[A-Z\ue000-\ue003])"
)
THE_OFFICE = re.compile(
    rf"\b[Tt]he\s+(?P<office>(?i:{_OFFICE_MODIFIER}(?:prime\ minister|premier|president|chancellor|minister|secretary|"
    r"secretary[ -]general|spokes(?:man|woman|person)|ambassador|envoy|king|queen|prince|emir|sultan|ayatollah|general|"
    r"pope|supreme\ leader|leader|senator|congressman|congresswoman|lawmaker|candidate|nominee|former\ president|"
    r"governor|commander|diplomat|official|head\ of\ state|high\ representative)))"
    r"\b(?!-)(?!\s+(?:of|for|to|[A-Z\ue000-\ue003]))",
    re.VERBOSE,
)
HEADS = re.compile(r"^(?:president|prime minister|premier|chancellor|head of state|king|emir|sultan|supreme leader)$")
JOINT = re.compile(r"(?:['’]s)?(?:,\s+(?:the\s+)?|,?\s+(?P<and>and)\s+(?:the\s+)?)")
# Somebody without a name: *he* after him is nobody's pronoun.
SOMEBODY = re.compile(
    r"\b(?:[Aa]n?|[Oo]ne|[Aa]nother)\s+(?:[\w-]+\s+){0,2}?(?:man|woman|farmer|soldier|witness|dentist|teacher|student|doctor|driver|"
    r"trader|villager|aide|protester|shopkeeper|lawyer|mother|father|boy|girl|reporter|journalist|resident|analyst|expert|"
    r"professor|researcher|diplomat|officer|sergeant|pilot|grocer|baker|fisherman|priest|minister|delegate|official|"
    r"senator|lawmaker|general|member|source|spokesman|spokeswoman)\b|\b(?:[Nn]obody|[Nn]o\s+one|[Aa]nyone|everyone|somebody|no\s+general|"
    r"whoever)\b"
)
PLURAL_THING = re.compile(
    r"\b(?:the|these|those|its|his|their|our|two|three|four|five|six|ten|\d[\d,]*|some|many|most|several|few|more|other|new)"
    r"\s+(?:[a-z-]+\s+){0,2}?(?!officials|leaders|ministers|countries|governments|envoys|diplomats)[a-z]{3,}(?<!s)s\b(?!['’])"
)
_GOVERNED = re.compile(
    r"\b(?:in|on|at|to|from|of|with|against|by|for|into|over|toward|towards|about|between|near|across|under|than|via|like|"
    r"inside|outside|through|behind|among|upon|within|around)\s+(?:the\s+|its\s+|his\s+|their\s+)?$",
    re.IGNORECASE,
)
_CLAUSE_START = re.compile(
    r"(?:^|[,;:—–(“\"]|\b(?:and|but|that|when|while|as|if|because|which|where|whether|though|although|or|nor|so|what|who|how|"
    r"why|said|says|after|before|since|until))\s*[“\"]?\s*(?:[Tt]he\s+)?$"
)
_VERB_AFTER = re.compile(
    r"\s+(?:also\s+|still\s+|now\s+|never\s+|has\s+)?(?:has|have|had|is|was|were|are|will|would|could|should|may|might|must|"
    r"did|does|do|said|says|wants?|[a-z]+ed|told|went|took|gave|made|sent|kept|held|began|saw|met|left|lost|won|put|"
    r"seeks?|insists?|refuses?|rejects?|imposes?|recogni[sz]es?|backs?|supports?|opposes?|denies|plans?|hopes?)\b"
)


_WOMAN = re.compile(
    r"\b(?:Mrs|Ms|Miss|Lady|Baroness|Dame|Queen|Madam|Princess|[Ss]pokeswoman|[Cc]ongresswoman|[Cc]hairwoman)\b"
)
_MAN = re.compile(
    r"\b(?:Mr|Lord|Sir|King|Prince|Sheikh|Sheik|Emir|Mullah|Pope|[Ss]pokesman|[Cc]ongressman|[Cc]leric|Ayatollah)\b"
)
_DATELINE_AFTER = re.compile(
    r"(?:,\s+[A-Z][\w. ]+)?\s*(?:\(\w+\)\s*)?(?:,?\s+[A-Z][a-z]+\.?\s+\d+\s*)?(?:\s[-—–]+\s|—|\()"
)


def weigh(text: str, sentence: Span, mention: Mention) -> float:
    """How salient a mention is for what comes after it: subjects most, adjectives least."""
    after = text[mention.end : mention.end + 24]
    surface = text[mention.start : mention.end]
    if mention.kind == "demonym" and not surface.endswith("s") and not _VERB_AFTER.match(after):
        return ADJECTIVE
    if re.match(r"['’]s?\b", after) or re.match(r"['’]\s", after):
        return POSSESSOR
    if mention.start - sentence.start < 24 and _DATELINE_AFTER.match(after):
        return ADJECTIVE
    before = text[max(sentence.start, mention.start - 24) : mention.start]
    if _GOVERNED.search(before):
        return GOVERNED
    if _VERB_AFTER.match(after) or _CLAUSE_START.search(before):
        return SUBJECT
    return OBJECT


def sex_of(surface: str) -> bool | None:
    """Whether a title makes a person a woman; None where it does not tell."""
    if _WOMAN.search(surface):
        return True
    return False if _MAN.search(surface) else None


def same_office(held: str, meant: str) -> bool:
    """Whether *the minister* can mean the holder of an office: the last words of one are those of the other."""
    if not held:
        return False
    short, long = sorted((held.split(), meant.split()), key=len)
    return long[len(long) - len(short) :] == short and not (short == ["minister"] and "prime" in long)
