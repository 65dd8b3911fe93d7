"""SemEval-2016 Task 6A: tweets with the stance of their author toward one of five targets, in TweetEval's form.

S. Mohammad, S. Kiritchenko, P. Sobhani, X. Zhu and C. Cherry, "SemEval-2016 Task 6: Detecting Stance in Tweets", 2016.
F. Barbieri, J. Camacho-Collados, L. Espinosa Anke and L. Neves, "TweetEval", Findings of EMNLP 2020.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from .corpus import IGNORED, NO_STANCE, STANCE_CLASSES, Example
from .errors import StancewireError
from .issues import Issue, issue_ids
from .schema import Mention, Span
from .windows import make_windows

CLASSES = (NO_STANCE, STANCE_CLASSES.index("oppose"), STANCE_CLASSES.index("support"))
"""The class of each label of the files, which are 0 for none, 1 for against and 2 for favor."""


def read_tweets(folder: str | Path, part: str, issues: Sequence[Issue]) -> Iterator[Example]:
    """Reads one part of the data set: each tweet is a statement of its author, asked about its target alone.

    Args:
        folder: Holds a folder for each target, in it ``PART_text.txt`` and ``PART_labels.txt``.
        part: ``train``, ``val`` or ``test``. Without a file of labels the labels are ``IGNORED``.
        issues: The targets; their ids are the names of the folders.

    Raises:
        StancewireError: A file is missing, or texts and labels are not as many.
    """
    for column, target in enumerate(issue_ids(issues)):
        texts = _lines(Path(folder) / target / f"{part}_text.txt")
        path = Path(folder) / target / f"{part}_labels.txt"
        labels = _lines(path) if path.exists() else None
        if labels is not None and (len(labels) != len(texts) or not set(labels) <= {"0", "1", "2"}):
            raise StancewireError(f"{path}: not one label, 0, 1 or 2, for each of the {len(texts)} tweets")
        for index, text in enumerate(texts):
            label = IGNORED if labels is None else CLASSES[int(labels[index])]
            yield tweet_example(f"{target} {part} {index}", text, column, label, len(issues))


def tweet_example(name: str, text: str, column: int, label: int, n_issues: int) -> Example:
    """A tweet as what its author says; only the cell of its target is asked."""
    mention = Mention(0, 0, ("author",), "speaker")
    (window,) = make_windows(text, [Span(0, len(text))], [[mention]])
    return Example(name, window, [[label if k == column else IGNORED for k in range(n_issues)]], [IGNORED])


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    except OSError as error:
        raise StancewireError(f"{path}: cannot be read ({error.strerror}); check the path") from error
