"""Noun phrases around names: who *Russian Foreign Minister Sergey Lavrov* or *former senator X* speaks for.

The rules run on a *tagged* copy of the text of the same length, in which every name that the gazetteer knows is
overwritten by a letter of a private alphabet, so that one regular expression can say "a state, then a title, then a
name" and offsets stay those of the article.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

STATE, BODY, KNOWN_PERSON, OTHER, CHAMBER = "\ue000", "\ue001", "\ue002", "\ue003", "\ue004"
_S = f"{STATE}+"
_SB = f"[{STATE}{BODY}]+"

_MODIFIER = r"""(?:deputy|vice|acting|interim|senior|chief|top|special|then|new|outgoing|incoming|caretaker|first|second
|assistant|under|permanent|joint|national|security|foreign|defen[cs]e|finance|economy|economic|interior|home|justice|
trade|treasury|press|state|military|naval|navy|army|air\ force|prime|external|affairs|relations|policy|nuclear|climate|
homeland|intelligence|information|oil|energy|commerce|transport|health|european|federal|supreme|crown|ruling|
presidential|royal|cabinet|government|parliamentary|political|diplomatic|high|main|lead|head|powerful|veteran|
hard-?line|moderate|pro-western|u\.?n\.?|peace|ceasefire|arms|control|counter-?terrorism|sanctions|coordinator\ for|
veteran|newly\ elected|elected|current|long-?time|embattled|conservative|reformist|centrist|populist|communist|
socialist|military-backed|western-backed|us-backed|russian-backed|islamic|revolutionary|left-wing|right-wing|far-right|
civilian|deposed-elect|regional|provincial|local|public|spiritual|late|former|ex)"""

OFFICE_HEAD = r"""(?:prime\ ministers?|premiers?|presidents?(?:-elect)?|chancellors?|ministers?|secretary[\ -]general|
secretary\ of\ state|secretary\ of\ defense|secretary\ of\ the\ treasury|secretary|secretaries|
spokes(?:man|woman|person|
men|people|persons)|ambassadors?|envoys?|emissar(?:y|ies)|representatives?|commanders?(?:[\ -]in[\ -]chief)?|
chief\ of\ (?:the\ )?(?:general\ )?staff|chiefs?|kings?|queens?|princes?|emperors?|sultans?|emirs?|sheikhs?|popes?|
ayatollah|supreme\ leader|leaders?|officials?|diplomats?|negotiators?|advis[eo]rs?|directors?(?:[\ -]general)?|
charg[eé]\ d['’]affaires|attach[eé]|consul(?:[\ -]general)?|generals?|admirals?|colonels?|delegates?|delegations?|
governments?|administrations?|authorit(?:y|ies)|ministr(?:y|ies)|cabinet|foreign\ office|embass(?:y|ies)|mission|
regime|junta|presidency|monarch|strongman|ruler|rulers|dictator|czar|tsar|coordinator|undersecretary|chairman|
chair|head|heads|chairwoman|chairperson|rulers|leadership|politburo|side)"""

_OFFICE = rf"(?:(?:{_MODIFIER}[\s,-]+(?:and\s+|of\s+|for\s+)?){{0,4}}{OFFICE_HEAD}\b)"
_RANK = (
    r"(?:General|Colonel|Admiral|Captain|Major|Lieutenant|Brigadier|Marshal|Gen|Lt\.?\ Gen|Maj\.?\ Gen|Brig\.?\ Gen|"
    r"Adm|"
    r"Vice\ Adm|Rear\ Adm|Col|Lt\.?\ Col|Capt|Maj|Amb|Lt|Sgt)(?:\.|(?=\s))"
)
_SERVICE = r"(?:(?:Army|Navy|Air\ Force|Marine(?:\ Corps)?|Coast\ Guard)\ )"
_HONORIFIC = (
    r"(?:Mr|Mrs|Ms|Dr|Messrs|Prof|Sir|Lord|Lady|Baroness|Dame|Sheikh|Sheik|Mullah|Maulvi|Mawlawi|Haji|Father|Rev)"
    r"(?:\.|(?=\s))"
)

NON_OFFICE = r"""(?:(?<=[.:]\ )leader(?=\ [A-Z])|senators?|sens?(?:\.|(?=\ ))|reps?|
(?<!special\ )(?<!permanent\ )(?<!trade\ )(?<!high\ )representative|gov(?:\.|(?=\ ))|
senate\ president|congress(?:man|woman|men)|delegate|assembly(?:man|woman)|lawmakers?|
legislators?|mps?|mp|deput(?:y|ies)|parliamentarians?|majority\ leader|minority\ leader|majority\ whip|minority\ whip|
house\ speaker|speaker|candidate|nominee|hopeful|frontrunner|contender|opposition|dissident|activist|analyst|expert|
professor|fellow|scholar|historian|lawyer|attorney|journalist|reporter|columnist|author|economist|researcher|
billionaire|businessman|tycoon|banker|singer|actor|archbishop|bishop|cardinal|cleric|rabbi|imam|mayor|governor|
candidate|presidential\ candidate|opposition\ leader|party\ leader|rebel|warlord|militant|prisoner|republican|democrat|
independent|tory|labour|socialist|chairman|ranking\ member|co-founder|founder|executive|ceo|chief\ executive)"""

_FORMER = re.compile(
    r"\b(?:former|ex|one-time|onetime|ousted|deposed|exiled|late|retired|toppled|then-candidate)\b|\bex-", re.I
)

_NAME_TOKEN = r"(?:[A-Z][\w’'\-]*[\w]|[A-Z]\.|[A-Z])"
_PARTICLE = r"(?:al|el|bin|ibn|bint|de|da|di|do|dos|du|del|della|la|le|van|von|der|den|ter|abu|ben|ould|ul|ur)"
_NAME = rf"{_NAME_TOKEN}(?:[\s-]+(?:{_PARTICLE}[\s-]+){{0,2}}{_NAME_TOKEN}){{0,4}}"

# Not to try a hundred alternatives again at every letter of a word.
_WORD_START = r"(?<![A-Za-z])"

NAME_RUN = re.compile(rf"{_NAME}")

# What stands beside a person's full name and beside little else.
BESIDE_PERSON = re.compile(
    r",\s+(?:who|whose|of\s+the|an?|the|another|its|his|her|their|one|aged|\d\d)\b|"
    r"\s+(?:wants?|thinks?|believes?|asked|asks|calls|called|demand(?:s|ed)|promise[sd]|thanked|voted|spoke|agree[sd]|"
    r"oppose[sd]|support(?:s|ed)|back(?:s|ed)|rejected|rejects|urged|urges|condemned|welcomed|told)\b"
)
ASKED = re.compile(r"\b(?:asked|told|added|wrote)\s$")

# A party, league or union that the gazetteer does not know, by the last word of its name.
_ORGANISATION_HEAD = (
    r"(?:Party|Front|Federation|Movement|Alliance|League|Association|Coalition|Campaign|Legion|Confederation|Bloc)"
)
_NO_ORGANISATION = r"(?:The|An?|And|But|In|On|At|By|For|With|From|This|That|Our|Their|His|Its)\s"
_ORGANISATION_WORD = rf"(?:(?!{_NO_ORGANISATION})[A-Z][\w’'&-]*\w['’]?|{STATE}+)"
ORGANISATION = re.compile(
    rf"{_WORD_START}(?<!{STATE})(?P<name>{_ORGANISATION_WORD}(?:\s+(?:(?:of|for|and|the|de)\s+){{0,2}}"
    rf"{_ORGANISATION_WORD}){{0,5}}?\s+{_ORGANISATION_HEAD}(?!\s+{_ORGANISATION_HEAD})"
    rf"(?:\s+(?:of|for)\s+(?:the\s+)?{_ORGANISATION_WORD}(?:\s+{_ORGANISATION_WORD})*)?)"
    r"(?![\w\ue000-\ue004])"
)

# A title phrase before a name: optional owner (*Russia's*, *Pentagon*), office, optional *of/for/to* owner.
TITLE = re.compile(
    rf"{_WORD_START}(?:(?:(?:\b[Tt]he\s+)?(?P<owner>{_SB})(?:['’]s?)?[\s-]+(?:{_S}\s+)?)?"
    rf"(?P<office>(?:(?i:{_OFFICE})|{_RANK}))"
    rf"(?:\s+(?:of|for|to|at|in)\s+(?:the\s+)?(?P<owner2>{_SB}))?)",
    re.VERBOSE,
)
BEFORE_NAME = re.compile(
    rf"{_WORD_START}(?:(?P<former>(?i:former|ex-?|one-time|ousted|deposed|exiled|late|retired)[\s-]+))?"
    rf"(?:\b[Tt]he\s+)?(?:(?P<owner>{_SB})(?:['’]s?)?[\s-]+(?:{_SB}[\s-]+)?)?"
    rf"(?:(?P<former2>(?i:former|ex-?|one-time|ousted|deposed|exiled|late|retired)[\s-]+))?"
    rf"(?:(?P<non>{CHAMBER}+(?:['’]s?)?\s+(?:[A-Za-z]+\s+){{0,2}}(?i:{OFFICE_HEAD}|speaker|whip)|"
    rf"(?:[A-Za-z]+\s+){{0,1}}(?i:{NON_OFFICE})\.?(?:\s+(?:of|for)\s+(?:the\s+)?{_SB})?)"
    rf"|{_SERVICE}?(?P<office>(?:(?i:{_OFFICE})|{_RANK})(?:\s+(?i:{_OFFICE})|\s+{_RANK})?)"
    rf"(?:\s+(?:of|for|to|at|in)\s+(?:the\s+)?(?P<owner2>{_SB}))?|(?P<hon>{_HONORIFIC}))?"
    rf",?\s*$",
    re.VERBOSE,
)
AFTER_NAME = re.compile(
    rf"\s*(?:,|\(|--|–|—|-)\s*(?:who\s+(?:is|was|serves\ as|heads)\s+)?(?:the\s+|a\s+|an\s+|his\s+|its\s+)?"
    rf"(?P<former>(?i:former|ex-?|one-time|ousted|deposed|exiled|retired)[\s-]+)?"
    rf"(?:(?P<owner>{_SB})(?:['’]s?)?[\s-]+)?(?P<former2>(?i:former|ex-?)[\s-]+)?"
    rf"(?:(?P<non>(?:[A-Za-z-]+\s+){{0,2}}(?i:{NON_OFFICE})\b|[RD]-[A-Z])"
    rf"|(?P<office>(?i:{_OFFICE})\b)(?:\s+(?:of|for|to|at|in)\s+(?:the\s+)?(?P<owner2>{_SB}))?)",
    re.VERBOSE,
)

_GROUP_NOUN = (
    r"lawmakers|senators|legislators|congressmen|MPs|parliamentarians|opposition|dissidents|protesters|demonstrators|allies|"
    r"republicans|democrats|hardliners|conservatives|rebels|militias|separatists|exiles|politicians|opposition\ parties"
)
GROUP = re.compile(
    rf"(?P<owner>{_S})(?:['’]s?)?\s+(?:(?!-)[a-z-]+\s+)?(?P<noun>(?i:{_GROUP_NOUN}))\b(?!\s+[A-Z\ue002])", re.VERBOSE
)
# Lawmakers without a state: those of the state that the article is about.
BARE_GROUP = re.compile(
    r"(?:\b(?:[Tt]he|[Oo]ther|[Ss]ome|[Mm]any|[Mm]ost|[Ss]everal|[Tt]op|[Ss]enior|[Bb]ipartisan|[Ff]ellow|[Tt]hree|[Tt]wo|[Ff]our)\s+)?"
    r"\b(?P<noun>[Ss]enators|[Ll]awmakers|[Ll]egislators|[Cc]ongressmen|MPs|[Pp]arliamentarians)\b(?!\s+(?:[A-Z\ue002]|from\b))"
)
# Words of politics that hardly any other country's news uses without its name.
CONGRESS = re.compile(
    r"\b(?:Sen\.|Sens\.|Rep\.|[Ss]enators|House (?:vote|bill|Speaker)|Capitol Hill|bipartisan|GOP|Congress)"
)
ADMINISTRATION_OFFICIALS = re.compile(
    r"\b(?:(?:[Ss]enior|[Tt]op|[Hh]igh-ranking|[Ss]ome|[Tt]he|[Tt]wo|[Ss]everal|[Mm]any)\s+){0,2}[Aa]dministration\s+officials?\b"
)
LEGISLATURE = re.compile(
    rf"(?P<owner>{_S})(?:['’]s?)?\s+(?:(?i:national|federal|lower\ house\ of|new|elected|upper|lower)\s+)*"
    rf"(?:(?P<known>{CHAMBER}+)|"
    r"(?P<noun>(?i:parliaments?|legislature|national\ assembly|congress|parliamentarians?|senate|lower\ house|"
    r"upper\ house|"
    r"house\ of\ representatives|chamber\ of\ deputies|house\ of\ commons|assembly|members\ of\ parliament))\b)",
    re.VERBOSE,
)
BARE_LEGISLATURE = re.compile(
    r"\b(?:the\s+)?(?P<noun>Parliament|National\s+Assembly)\b(?!\s+(?:of|[A-Z\ue000-\ue004]))"
)
THE_HOUSE = re.compile(
    r"\b[Tt]he\s+(?P<noun>House)\b(?!\s+(?:of|[A-Z\ue000-\ue004]))|\b(?P<with>House)(?=-passed|\s+and\s+Senate\b|\s+\ue004)"
)
THE_NORTH = re.compile(r"\b[Tt]he\s+(?P<side>North|South)\b(?!\s+[A-Z]|-)")
PLACE_AFTER = re.compile(
    r"\s(?:Canal|Rivers?|Sea|Straits?|Gulf|Peninsula|peninsula|Valley|Desert|Delta|Basin|Ocean|Mountains|Channel|Airport|"
    r"Street|Avenue|Road|Hotel|Airlines|Airways|Papua|Point|Bank|Virginia|Square)\b"
)
_LEADS = re.compile(
    r"^(?:acting |interim |transitional |federal )?(?:president|prime minister|premier|chancellor|king|queen|"
    r"emir|sultan|pope|"
    r"supreme leader|foreign minister|foreign secretary|secretary of state|general secretary|secretary[- ]general|"
    r"crown prince|"
    r"leader|junta leader|head of state|party general secretary|de facto leader|leader of .*)"
)

# Whom a reporter's question addresses: *Senator, …*, *…, Mr. President.*
VOCATIVE = re.compile(
    r"(?:[:,“\"]\s|\n)(?P<title>(?:(?:Mr|Mrs|Ms)\.?\s|Madam\s)?(?:Prime\s+Minister|President|Senator|Secretary|Minister|"
    r"Ambassador|Chairman|Congressman|Congresswoman|Governor|General|Admiral|High\s+Representative))(?=[,.?])"
)
_BODIES = re.compile(
    r"(?:government|administration|authorit(?:y|ies)|ministr(?:y|ies)|cabinet|office|embass(?:y|ies)|mission|regime|junta|"
    r"presidency|leadership|politburo|side|delegations?|officials|leaders|ministers|diplomats|envoys)$"
)
_OTHER_WORDS = """
    The A An In On At By For From With But And Or If As When While After Before Since However Meanwhile Then Also
    He She It They We I You His Her Their Our My This That These Those There Here What Who Why How Where Which Not
    No Yes Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July
    August September October November December Jan Feb Mar Apr Jun Jul Aug Sept Sep Oct Nov Dec Mr Mrs Ms Dr Sen
    Rep Gen Gov President Minister Prime Foreign Secretary State Department Ministry Government Council Committee
    Congress Senate House Parliament Court Party Army Navy Force Forces Air Act Agreement Treaty Deal Security
    General Assembly Union Summit Conference National International Republic Kingdom States United West Western
    East Eastern North Northern South Southern Middle God Islam Islamic Muslim Christian Jewish Arab European
    Asian African American Reuters AP AFP CNN BBC Fox News Twitter Facebook According Asked Speaking Both Some
    Many Most All Other Another Such One Two Three Four Five First Last Next Now Today Yesterday Earlier Later
    Under Over Between During Despite Although Even So Yet Just Only Still Let Please Editing Reporting Additional
    Writing Photo Image Caption Related Read More Click Share Story Breaking Exclusive Analysis Opinion Watch
    Listen Updated Published Cold War World Great Big White Black Red Green Blue Resolution Chapter Article
    Section Paragraph Charter Declaration Protocol Convention Madam Ambassador Question Answer Senior
    Administration Official Officials Operation River Sea Ocean Gulf Island Islands Mountains Valley Province City
    Airport Base University Institute Center Centre School College Street Avenue Road Bank Company Corporation
    Group Inc Ltd Corp Foundation Association Federation Organization Organisation Agency Office Bureau Commission
"""
_NOT_NAMES = frozenset(_OTHER_WORDS.split())


_OF_PLACES_AND_BODIES = """
    Party Front Federation Movement Alliance League Association Coalition Campaign Legion Confederation Bloc Accord
    Initiative Round Mission Freedom Asia Heights Energy Control Camp Fort Port Lake Mount Cape Bay Beach Hills Hill
    City Town County Park House Hall Palace Prison Base Barracks Field San Santa Saint St Los Las New Old Upper Lower
    Le La El Al Hotel Bridge Gate Plaza Times Post News Daily Herald Tribune Day Week Peace Nobel Prize Cup Games
    Olympic Olympics Station Tower Hospital Church Mosque Square
"""
_NO_PERSON_WORDS = frozenset(_OF_PLACES_AND_BODIES.split())

_TITLE_WORDS = """
    Senator Senators Representative Congressman Congresswoman Legislator Colonel Captain Major Admiral Lieutenant
    Brigadier Marshal Chancellor King Queen Prince Princess Emir Sultan Sheikh Pope Chairman Chairwoman Speaker
    Leader Premier Spokesman Spokeswoman Deputy Vice Mayor Governor Judge Justice Lord Lady Baroness Sir Comrade
"""
_TITLES = frozenset(_TITLE_WORDS.split())
_PARTICLES = frozenset({"al", "el", "de", "van", "von", "di", "da", "Al", "El", "De", "Van", "Von", "bin", "ben"})


def tag_text(text: str, spans: Iterable[tuple[int, int, str]]) -> str:
    """Overwrites each ``(start, end, letter)`` span of the text with its letter; the length stays the same."""
    pieces, done = [], 0
    for start, end, letter in spans:
        pieces += [text[done:start], letter * (end - start)]
        done = end
    pieces.append(text[done:])
    return "".join(pieces)


def trim_name(run: str, given_names: frozenset[str]) -> tuple[int, int] | None:
    """Finds the part of a run of capitalised words that can be a person's full name.

    Returns:
        Offsets into ``run``, or None where it holds no two words that can be a name with a known given name first.
    """
    words = list(re.finditer(r"[^\s]+", run))
    while words and (words[0][0] in _NOT_NAMES or (words[0][0] in _TITLES and words[0][0] not in given_names)):
        words.pop(0)
    for index, word in enumerate(words):
        if word[0] in _NOT_NAMES:
            words = words[:index]
            break
    if len(words) < 2:
        return None
    if re.split(r"[-.]", words[0][0])[0] not in given_names:
        return None
    return words[0].start(), words[-1].end()


def trim_unknown_name(run: str) -> tuple[int, int] | None:
    """Finds the part of a run of capitalised words that could be a full name of which no word is known.

    Returns:
        Offsets into ``run``, or None where it holds no two to four such words, or one that no person is called.
    """
    words = list(re.finditer(r"\S+", run))
    while words and (words[0][0] in _NOT_NAMES or words[0][0] in _TITLES or words[0][0].endswith(("'s", "’s"))):
        words.pop(0)
    end = next((index for index, word in enumerate(words) if word[0] in _NOT_NAMES), len(words))
    words = words[:end]
    capitalised = [word[0] for word in words if word[0][0].isupper()]
    if not 2 <= len(capitalised) <= 4 or any(word in _NO_PERSON_WORDS or word.isupper() for word in capitalised):
        return None
    return words[0].start(), words[-1].end()


def can_be_name(word: str) -> bool:
    """Whether a capitalised word can be part of a person's name."""
    return word not in _NOT_NAMES and not word.isupper()


def is_title(word: str) -> bool:
    """Whether a capitalised word is a title that can stand before a name."""
    return word in _TITLES


def is_particle(word: str) -> bool:
    """Whether a word opens a surname of two words: *de Gaulle*, *al-Sadr*, *Van Hollen*."""
    return word in _PARTICLES


def is_body(office: str) -> bool:
    """Whether a title names a body (*ministry*, *embassy*) and no person."""
    return _BODIES.search(office) is not None


def leads(office: str) -> bool:
    """Whether an office is one whose holder news names by the surname alone."""
    return _LEADS.match(office.lower()) is not None


def is_former(phrase: str) -> bool:
    """Whether a title phrase says that the office is past."""
    return _FORMER.search(phrase) is not None
