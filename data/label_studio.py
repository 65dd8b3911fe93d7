"""Labelling tasks for Label Studio with the model's answers filled in, and the finished work back as labelled articles.

A stance is a region over its sentence: a label (``sanctions: support``), and for the region the actor, the objects and
whether careful readers could differ. The task's text is an exact stretch of the article. Label Studio counts offsets in
UTF-16 units, as browsers do; here they are Python string indices again.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from .agreement import DoubleAnnotation, Label
from .corpus import read_records
from .names import normalise_name
from .schema import STANCES, Position, Span
from .writers import write_whole

_COLOURS = {"support": "#2e7d32", "oppose": "#c62828", "neutral": "#6d6d6d"}
_PARTS = frozenset({"stance", "actor", "object", "doubt"})
OPTIONAL = "careful readers could differ"


@dataclass(frozen=True)
class Task:
    """A stretch of an article to label.

    Attributes:
        id: Its id: the article's, and the index of its first sentence there.
        article_id: The article's id.
        start: First character of the stretch in the article's text.
        text: The stretch.
        sentences: Its sentences, offsets into ``text``.
        positions: What the model says, offsets into the article.
        meta: Title, date, source, address and speaker of the article, those that are known.
        worth: Why it was picked: uncertainty, disagreement, rarity.
    """

    id: str
    article_id: str
    start: int
    text: str
    sentences: tuple[Span, ...]
    positions: tuple[Position, ...]
    meta: dict[str, str]
    worth: dict[str, float]

    def to_record(self) -> dict[str, Any]:
        """The task as a labelled article without labels yet; fill ``stances`` from ``predicted``."""
        starts = {span.start + self.start: index for index, span in enumerate(self.sentences)}
        return {
            "id": self.id,
            **self.meta,
            "text": self.text,
            "sentences": [span._asdict() for span in self.sentences],
            "stances": [],
            "predicted": [
                {
                    "sentence": starts[p.start],
                    "actor": p.actor,
                    "issue": p.issue,
                    "stance": p.label,
                    "object": p.object,
                    "confidence": p.confidence,
                }
                for p in self.positions
            ],
            "article_id": self.article_id,
            "start": self.start,
            "worth": self.worth,
        }


def labelling_config(issues: Sequence[str]) -> str:
    """The labelling interface for a Label Studio project, as XML."""
    labels = "\n".join(
        f"    <Label value={quoteattr(f'{issue}: {stance}')} background={quoteattr(_COLOURS[stance])}/>"
        for issue in issues
        for stance in STANCES
    )
    return f"""<View>
  <Header value="$title"/>
  <Text name="meta" value="$about"/>
  <Labels name="stance" toName="text">
{labels}
  </Labels>
  <Text name="text" value="$text" granularity="sentence"/>
  <TextArea name="actor" toName="text" perRegion="true" required="true" maxSubmissions="1" editable="true"
            placeholder="who holds the position"/>
  <TextArea name="object" toName="text" perRegion="true" editable="true" placeholder="whom or where it concerns"/>
  <Choices name="doubt" toName="text" perRegion="true" choice="multiple">
    <Choice value={quoteattr(OPTIONAL)}/>
  </Choices>
</View>
"""


def to_label_studio(tasks: Sequence[Task], model: str) -> list[dict[str, Any]]:
    """Tasks in the form that Label Studio imports, the model's answers as predictions.

    Args:
        tasks: The tasks.
        model: Name and version of the model.
    """
    return [
        {
            "data": {
                "text": task.text,
                "title": task.meta.get("title") or task.article_id,
                "about": ", ".join(f"{key}: {value}" for key, value in task.meta.items() if key != "title") or "-",
                "task": {key: value for key, value in task.to_record().items() if key not in ("stances", "predicted")},
            },
            "predictions": [
                {
                    "model_version": model,
                    "score": min((p.confidence for p in task.positions), default=1.0),
                    "result": [part for n, p in enumerate(task.positions) for part in _region(task, p, f"p{n}")],
                }
            ],
        }
        for task in tasks
    ]


def _region(task: Task, position: Position, name: str) -> Iterator[dict[str, Any]]:
    start, end = position.start - task.start, position.end - task.start
    span = {"start": _to_utf16(task.text, start), "end": _to_utf16(task.text, end)}
    base = {"id": name, "to_name": "text"}
    label = f"{position.issue}: {position.label}"
    yield base | {
        "from_name": "stance",
        "type": "labels",
        "value": span | {"text": task.text[start:end], "labels": [label]},
        "score": position.confidence,
    }
    yield base | {"from_name": "actor", "type": "textarea", "value": span | {"text": [position.actor]}}
    if position.object:
        yield base | {"from_name": "object", "type": "textarea", "value": span | {"text": list(position.object)}}


@dataclass(frozen=True)
class Finished:
    """What several annotators made of the tasks.

    Attributes:
        labelled: Labelled articles, as the corpus has them: what all annotators of a task gave is firm, the rest is
            optional.
        pairs: For each two annotators of a task both their labels, for the agreement.
        left_out: Why something was left out, one line each.
    """

    labelled: list[dict[str, Any]]
    pairs: list[DoubleAnnotation]
    left_out: list[str]


def from_label_studio(path: str | Path) -> Finished:
    """Reads the JSON export of a Label Studio project.

    Raises:
        StancewireError: It cannot be read.
    """
    labelled, pairs, left_out = list[dict[str, Any]](), list[DoubleAnnotation](), list[str]()
    for where, exported in read_records(Path(path)):
        try:
            record = dict(exported["data"]["task"])
            sentences = len(record["sentences"])
            if record["text"] != exported["data"]["text"]:
                left_out.append(f"{where} ({record['id']}): its text was changed after the export")
                continue
            works = {
                _annotator(one): _labels(one["result"], record, f"{where} ({record['id']})", left_out)
                for one in exported["annotations"]
                if not one.get("was_cancelled")
            }
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            left_out.append(
                f"{where}: no export of tasks that `stancewire queue pick` wrote ({type(error).__name__}: {error})"
            )
            continue
        if not works:
            left_out.append(f"{where} ({record['id']}): nobody has finished it")
            continue
        labelled.append(_merge(record, list(works.values())))
        names = sorted(works)
        pairs += [
            DoubleAnnotation(
                f"{record['id']}:{first}:{second}",
                sentences,
                tuple(label for label, _ in works[first]),
                tuple(label for label, _ in works[second]),
            )
            for number, first in enumerate(names)
            for second in names[number + 1 :]
        ]
    return Finished(labelled, pairs, left_out)


_Work = list[tuple[Label, list[str]]]
"""One annotator's labels, each with its objects."""


def _annotator(annotation: dict[str, Any]) -> str:
    who = annotation.get("completed_by", "")
    return str(who.get("email") or who.get("id")) if isinstance(who, dict) else str(who)


def _labels(result: Sequence[dict[str, Any]], record: dict[str, Any], where: str, left_out: list[str]) -> _Work:
    regions: dict[str, dict[str, Any]] = defaultdict(dict)
    for part in result:
        if part.get("from_name") not in _PARTS:
            continue  # a relation, or what a desk has added to its interface
        region = regions[part["id"]]
        value = part["value"]
        if part["from_name"] == "stance":
            start, end = (_from_utf16(record["text"], value[side]) for side in ("start", "end"))
            region |= {"start": start, "end": end, "label": value["labels"][0]}
        elif part["from_name"] == "doubt":
            region["optional"] = OPTIONAL in value["choices"]
        else:
            region[part["from_name"]] = [entry.strip() for entry in value["text"] if entry.strip()]
    found: _Work = []
    for region in regions.values():
        if "label" not in region or not region.get("actor"):
            lack = "label" if "label" not in region else "actor"
            left_out.append(f"{where}: a region at {region.get('start', '?')} has no {lack}")
            continue
        issue, _, stance = region["label"].partition(": ")
        if stance not in STANCES:
            left_out.append(f"{where}: {region['label']!r} is no label of the interface that goes with the tasks")
            continue
        sentence = _sentence_of(region["start"], region["end"], record["sentences"])
        if sentence is None:
            left_out.append(f"{where}: a region at {region['start']} lies in no sentence")
            continue
        label = Label(sentence, region["actor"][0], issue, stance, bool(region.get("optional")))
        found.append((label, region.get("object", [])))
    return found


def _to_utf16(text: str, index: int) -> int:
    return len(text[:index].encode("utf-16-le")) // 2


def _from_utf16(text: str, index: int) -> int:
    return len(text.encode("utf-16-le")[: 2 * index].decode("utf-16-le", "ignore"))


def _sentence_of(start: int, end: int, sentences: Sequence[dict[str, int]]) -> int | None:
    """The sentence that a region overlaps most, if any: a hand does not always hit its ends."""
    overlaps = [min(end, span["end"]) - max(start, span["start"]) for span in sentences]
    best = max(range(len(overlaps)), key=overlaps.__getitem__, default=-1)
    return best if best >= 0 and overlaps[best] > 0 else None


def _merge(record: dict[str, Any], works: Sequence[_Work]) -> dict[str, Any]:
    """The labels of all annotators of a task: firm where all agree, otherwise optional."""
    votes: dict[tuple[int, str, str], dict[int, tuple[Label, list[str]]]] = defaultdict(dict)
    for annotator, work in enumerate(works):
        for label, objects in work:
            # One voice an annotator, however many regions: the last one is what was meant.
            votes[label.sentence, normalise_name(label.actor), label.issue][annotator] = (label, objects)
    stances = []
    for given in (list(voices.values()) for voices in votes.values()):
        sides = [label.stance for label, _ in given]
        side = max(dict.fromkeys(sides), key=sides.count)
        label, objects = next((label, objects) for label, objects in given if label.stance == side)
        firm = len(given) == len(works) and len(set(sides)) == 1 and not any(one.optional for one, _ in given)
        stances.append(
            {
                "sentence": label.sentence,
                "actor": label.actor,
                "issue": label.issue,
                "stance": side,
                "object": objects,
                **({} if firm else {"optional": True}),
            }
        )
    kept = {key: value for key, value in record.items() if key != "worth"}
    return kept | {"stances": sorted(stances, key=lambda one: (one["sentence"], one["actor"], one["issue"]))}


def write_json(path: Path, value: Any, lines: bool) -> None:
    """Writes records as one JSON value, or a line each; the file appears when it is whole.

    Raises:
        StancewireError: It cannot be written.
    """
    text = (
        "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in value)
        if lines
        else json.dumps(value, ensure_ascii=False, indent=2) + "\n"
    )
    write_whole(path, text)
