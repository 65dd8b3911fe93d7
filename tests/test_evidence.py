"""The words behind a position."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from stancewire.data.errors import StancewireError
from stancewire.data.schema import Article
from stancewire.inference.cli import main
from stancewire.inference.evidence import find_evidence
from stancewire.inference.explanation import explain
from stancewire.inference.scorer import Scorer

TEXT = (
    "Talks in Geneva went on. Japan on Friday imposed new sanctions on Russia over the shipment, officials said. "
    "The yen rose."
)


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer.from_pretrained()


def test_the_words_that_carry_a_position_are_its_verb_and_its_cue(scorer: Scorer) -> None:
    article = Article("a", TEXT)
    row = next(row for row in scorer.score(article) if (row.actor, row.issue) == ("Japan", "sanctions"))
    words = find_evidence(scorer, article, row)
    assert {"imposed", "sanctions"} & {word.text for word in words[:2]}
    assert all(TEXT[word.start : word.end] == word.text for word in words)
    assert [word.weight for word in words] == sorted((word.weight for word in words), reverse=True)
    assert all(0 < word.weight <= 1 for word in words)
    assert not {"Japan", "Russia"} & {word.text for word in words}


def test_a_position_of_another_article_is_refused(scorer: Scorer) -> None:
    row = scorer.score(Article("a", TEXT))[0]
    with pytest.raises(StancewireError, match="not of article b"):
        find_evidence(scorer, Article("b", TEXT), row)


def test_an_article_is_explained_in_the_terminal(scorer: Scorer) -> None:
    console = Console(file=io.StringIO(), width=200)
    explain(scorer, Article("a", TEXT), console=console)
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert "Japan on Friday imposed new sanctions" in printed
    assert "Japan  sanctions  + support" in printed
    assert "by: " in printed
    assert "The yen rose" not in printed


def test_an_article_without_a_side_says_so(scorer: Scorer) -> None:
    console = Console(file=io.StringIO())
    explain(scorer, Article("a", "The yen rose."), console=console)
    assert console.file.getvalue() == "Nobody takes a side on any issue.\n"  # type: ignore[attr-defined]


def test_the_command_explains_a_file(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    with pytest.raises(SystemExit) as stopped:
        main(["explain", str(tmp_path / "a.txt")])
    assert stopped.value.code == 0
    assert "Japan  sanctions  + support" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stopped:
        main(["explain", str(tmp_path / "missing.txt")])
    assert stopped.value.code == 2
    assert "missing.txt" in capsys.readouterr().err
