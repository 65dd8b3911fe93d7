"""NewsMTSC (Hamborg and Donnay 2021): sentences of political news with the sentiment toward one target each.

F. Hamborg and K. Donnay, "NewsMTSC: A Dataset for (Multi-)Target-dependent Sentiment Classification in Political News
Articles", EACL 2021.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from .actors import ActorResolver
from .corpus import IGNORED, Example
from .errors import StancewireError
from .issues import Issue
from .schema import SENTIMENTS, Article, Mention, Span
from .windows import make_window

_POLARITY = {2.0: "negative", 4.0: "neutral", 6.0: "positive"}


def read_newsmtsc(path: str | Path, resolver: ActorResolver, issues: Sequence[Issue]) -> Iterator[Example]:
    """Reads a NewsMTSC file as sentiment examples.

    Args:
        path: A JSON Lines file in the data set's own form.
        resolver: Finds the other actors of each sentence.
        issues: The issues of the model; no stance is learnt from these sentences.

    Raises:
        StancewireError: The file cannot be read or a record is not of that form.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise StancewireError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                record = json.loads(line)
                yield from _examples(record, resolver, len(issues))
            except (KeyError, ValueError, TypeError) as error:
                raise StancewireError(f"{path}:{number}: not a NewsMTSC record ({error})") from error


def _examples(record: dict, resolver: ActorResolver, n_issues: int) -> Iterator[Example]:
    text = record["sentence_normalized"]
    sentence = Span(0, len(text))
    targets = [
        (Mention(t["from"], t["to"], (f"target {index}",), "name"), _POLARITY[float(t["polarity"])])
        for index, t in enumerate(record["targets"])
    ]
    others = resolver.resolve(Article(record.get("primary_gid", ""), text), [sentence])
    mentions = [mention for mention, _ in targets]
    mentions += [m for m in others if not any(m.start < t.end and t.start < m.end for t, _ in targets)]
    mentions.sort(key=lambda mention: mention.start)
    window = make_window(text, [sentence], [mentions], 0)
    labels = {mention.actors[0]: SENTIMENTS.index(polarity) for mention, polarity in targets}
    yield Example(
        str(record["primary_gid"]),
        window,
        [[IGNORED] * n_issues for _ in window.actors],
        [labels.get(actor, IGNORED) for actor in window.actors],
    )
