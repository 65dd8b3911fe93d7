"""The gazetteer is complete, tells its actors apart, and finds whole names only."""

from __future__ import annotations

import json
from collections import defaultdict
from importlib.resources import files

import pytest

from stancewire.data.gazetteer import CAPITAL, NAME, PERSON, STATE_TYPES, Gazetteer, load_gazetteer
from stancewire.data.people import People, surname_of

UN_MEMBERS = """
    Afghanistan; Albania; Algeria; Andorra; Angola; Antigua and Barbuda; Argentina; Armenia; Australia; Austria;
    Azerbaijan; Bahamas; Bahrain; Bangladesh; Barbados; Belarus; Belgium; Belize; Benin; Bhutan; Bolivia; Bosnia
    and Herzegovina; Botswana; Brazil; Brunei; Bulgaria; Burkina Faso; Burundi; Cambodia; Cameroon; Canada; Cape
    Verde; Central African Republic; Chad; Chile; China; Colombia; Comoros; Republic of the Congo; Costa Rica;
    Croatia; Cuba; Cyprus; Czech Republic; North Korea; DR Congo; Denmark; Djibouti; Dominica; Dominican Republic;
    Ecuador; Egypt; El Salvador; Equatorial Guinea; Eritrea; Estonia; Eswatini; Ethiopia; Fiji; Finland; France;
    Gabon; Gambia; Georgia; Germany; Ghana; Greece; Grenada; Guatemala; Guinea; Guinea-Bissau; Guyana; Haiti;
    Honduras; Hungary; Iceland; India; Indonesia; Iran; Iraq; Ireland; Israel; Italy; Ivory Coast; Jamaica; Japan;
    Jordan; Kazakhstan; Kenya; Kiribati; Kuwait; Kyrgyzstan; Laos; Latvia; Lebanon; Lesotho; Liberia; Libya;
    Liechtenstein; Lithuania; Luxembourg; Madagascar; Malawi; Malaysia; Maldives; Mali; Malta; Marshall Islands;
    Mauritania; Mauritius; Mexico; Micronesia; Monaco; Mongolia; Montenegro; Morocco; Mozambique; Myanmar;
    Namibia; Nauru; Nepal; Netherlands; New Zealand; Nicaragua; Niger; Nigeria; North Macedonia; Norway; Oman;
    Pakistan; Palau; Panama; Papua New Guinea; Paraguay; Peru; Philippines; Poland; Portugal; Qatar; South Korea;
    Moldova; Romania; Russia; Rwanda; Saint Kitts and Nevis; Saint Lucia; Saint Vincent and the Grenadines; Samoa;
    San Marino; Sao Tome and Principe; Saudi Arabia; Senegal; Serbia; Seychelles; Sierra Leone; Singapore;
    Slovakia; Slovenia; Solomon Islands; Somalia; South Africa; South Sudan; Spain; Sri Lanka; Sudan; Suriname;
    Sweden; Switzerland; Syria; Tajikistan; Tanzania; Thailand; East Timor; Togo; Tonga; Trinidad and Tobago;
    Tunisia; Turkey; Turkmenistan; Tuvalu; Uganda; Ukraine; United Arab Emirates; United Kingdom; United States;
    Uruguay; Uzbekistan; Vanuatu; Venezuela; Vietnam; Yemen; Zambia; Zimbabwe
"""
MEMBERS = [name.strip() for name in " ".join(UN_MEMBERS.split()).split(";")]

NO_CAPITAL = {
    "Belgium": "Brussels is news for the EU",
    "Luxembourg": "the city has the state's name",
    "Monaco": "the city has the state's name",
    "San Marino": "the city has the state's name",
    "Singapore": "the city has the state's name",
    "Vatican": "the state is a city",
    "Soviet Union": "Moscow, by date",
    "Yugoslavia": "Belgrade stands with Serbia",
    "Serbia and Montenegro": "Belgrade stands with Serbia",
    "Czechoslovakia": "Prague stands with the Czech Republic",
    "North Vietnam": "Hanoi stands with Vietnam",
}


@pytest.fixture(scope="module")
def lines() -> list[dict]:
    folder = files("stancewire.data") / "gazetteer"
    sources = [item for item in folder.iterdir() if item.name.endswith(".jsonl")]
    assert sources
    return [json.loads(line) for source in sources for line in source.read_text("utf-8").split("\n") if line.strip()]


def test_every_state_is_there(lines):
    assert len(set(MEMBERS)) == 193
    states = {line["name"] for line in lines if line["type"] == "state"}
    assert set(MEMBERS) <= states
    types = {line["name"]: line["type"] for line in lines}
    assert types["Vatican"] in STATE_TYPES
    assert types["Palestine"] in STATE_TYPES


def test_the_collective_actors_of_the_issues_are_there(lines):
    collective = {line["name"] for line in lines if line["type"] in ("alliance", "body", "movement", "group")}
    assert len(collective) >= 80
    assert {"NATO", "EU", "UN", "UN Security Council", "Taliban", "Hamas", "West", "Central Asian states"} <= collective
    assert {"Arab states", "African states", "ECOWAS", "ASEAN", "African Union", "Hezbollah", "Houthis"} <= collective


def test_every_state_has_a_capital_or_a_reason(lines):
    without = {line["name"] for line in lines if line["type"] == "state" and not line.get("capital")}
    assert without == set(NO_CAPITAL)


def test_every_member_has_people_in_office_and_a_demonym(lines):
    thin = [
        line["name"] for line in lines if line["name"] in MEMBERS and not (line.get("people") and line.get("demonyms"))
    ]
    assert thin == ["Dominica"], "its demonym is that of the Dominican Republic"


def test_no_name_stands_in_two_lines_of_one_kind(lines):
    owners = defaultdict(set)
    for line in lines:
        kind = "person" if line["type"] == "person" else "actor"
        for field in ("names", "demonyms", "capital", "government"):
            for form in line.get(field, []):
                owners[kind, field, form].add(line["name"])
        owners[kind, "names", line["name"]].add(line["name"])
    assert {key: names for key, names in owners.items() if len(names) > 1} == {}


def test_fields_are_the_documented_ones(lines):
    documented = (files("stancewire.data") / "gazetteer" / "README.md").read_text("utf-8")
    fields = {field for line in lines for field in line}
    assert [field for field in sorted(fields) if f"| `{field}` |" not in documented] == []


def test_years_are_sane(lines):
    for line in lines:
        for person, office, first, last in line.get("people", []):
            where = f"{line['name']}: {person}, {office}"
            assert 1900 < first <= 2026, where
            assert last is None or first <= last <= 2026, where
            assert len(person) > 2, where


def test_what_belongs_to_a_state_names_one(lines):
    known = {line["name"] for line in lines}
    owners = {line["of"] for line in lines if line.get("of")}
    governed = {state for line in lines for state, _, _ in line.get("governs", [])}
    assert owners | governed <= known | {None}


def test_the_longest_name_wins_and_only_whole_words_count():
    entries = [
        {"name": "Guinea", "type": "state", "demonyms": ["Guinean"]},
        {"name": "Papua New Guinea", "type": "state"},
        {"name": "Mali", "type": "state", "capital": ["Bamako"]},
    ]
    gazetteer = Gazetteer(entries, ["Mali Empire"])
    found = [
        (m.surface, [r.actor for r in m.readings]) for m in gazetteer.find("Papua New Guinea, Mali, Malian, BAMAKO.")
    ]
    assert found == [("Papua New Guinea", ["Papua New Guinea"]), ("Mali", ["Mali"]), ("Bamako", ["Mali"])]
    assert [m.readings for m in gazetteer.find("the Mali Empire")] == [()]
    assert gazetteer.find("Malice and formali") == []
    assert gazetteer.find("Bamako")[0].readings[0].kind == CAPITAL
    assert gazetteer.find("Mali")[0].readings[0].kind == NAME


def test_offsets_are_those_of_the_text():
    text = "“Türkiye” and Côte d'Ivoire — Kyiv’s envoy"
    for match in load_gazetteer().find(text):
        assert text[match.start : match.end].lower() == match.surface.lower()


def test_names_are_known_without_their_accents():
    plain = load_gazetteer().person_readings("Mevlut Cavusoglu")
    assert {reading.actor for reading in plain} == {"Turkey"}
    gazetteer = Gazetteer([{"name": "Mali", "type": "state", "people": [["Ibé Żółć", "president", 2001, 2003]]}])
    assert [reading.kind for reading in gazetteer.person_readings("Ibe Zolc")] == [PERSON]


def test_who_governs_depends_on_the_date():
    gazetteer = load_gazetteer()
    assert gazetteer.governor("Afghanistan", "2021-08-01") == "Afghanistan"
    assert gazetteer.governor("Afghanistan", "2021-09-01") == "Taliban"
    assert gazetteer.governor("Ghana", "2021-09-01") == "Ghana"


def test_chambers_are_named_after_their_state():
    gazetteer = load_gazetteer()
    assert gazetteer.legislature("United States") == "US Congress"
    assert gazetteer.legislature("United States", "Senate") == "US Senate"
    assert gazetteer.legislature("Nigeria", "Senate") == "Nigerian Senate"
    assert gazetteer.legislature("Bhutan", "parliament").endswith("Parliament")


def test_a_spelling_that_the_gazetteer_lacks_needs_the_state_in_the_article():
    gazetteer = Gazetteer(
        [{"name": "Mali", "type": "state", "people": [["Oumar Diarrassouba", "minister", 2001, 2003]]}]
    )
    people = People(gazetteer, 2002)
    assert people.known("Omar K. Diarrassouba", {"Mali"}) == ("Mali", "minister")
    assert people.known("Omar K. Diarrassouba", set()) is None
    assert people.known("Boubacar Diarrassouba", {"Mali"}) is None


@pytest.mark.parametrize(
    ("name", "surname"),
    [("Nouri al-Maliki", "al-Maliki"), ("Chris Van Hollen", "Van Hollen"), ("Ann Lee", "Lee"), ("Lula", "Lula")],
)
def test_surnames_keep_their_particle(name, surname):
    assert surname_of(name) == surname
