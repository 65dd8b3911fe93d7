"""Copies of a story share an id, stable across runs; other stories on the same event do not."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from stancewire.data.errors import StancewireError
from stancewire.data.stories import StoryIndex, story_key
from stancewire.data.story_evaluation import measure_stories, read_story_gold

GOLD = read_story_gold()
TEXTS = [record.text for record in GOLD]


def test_copies_are_joined_and_other_stories_are_not() -> None:
    # The thresholds were chosen on the events with an even number.
    figures = measure_stories([one for one in GOLD if int(one.event[1:]) % 2])
    assert figures.precision >= 0.98, figures.wrong
    assert figures.recall >= 0.95, figures.missed
    assert set(figures.recall_by_kind) == {"embedded", "reprint", "rewrite", "trimmed", "update"}


def test_the_same_texts_get_the_same_ids_in_parts_and_in_another_run(tmp_path: Path) -> None:
    with StoryIndex() as index:
        at_once = index.assign(TEXTS)
    parts = []
    for start in range(0, len(TEXTS), 50):
        with StoryIndex(tmp_path / "stories.sqlite") as index:
            parts += index.assign(TEXTS[start : start + 50])
    assert parts == at_once
    with StoryIndex(tmp_path / "stories.sqlite") as index:
        assert index.assign(TEXTS[::-1]) == at_once[::-1]


def test_ten_thousand_copies_are_one_story_and_leave_the_index_small(tmp_path: Path) -> None:
    path = tmp_path / "stories.sqlite"
    with StoryIndex(path) as index:
        first = index.assign([TEXTS[0]])[0]
        size = path.stat().st_size
        copies = [f"{TEXTS[0]} Printed in edition {number}." for number in range(10_000)]
        assert set(index.assign(copies)) == {first}
    assert path.stat().st_size < size + 10_000 * 200


def test_short_texts_are_copies_only_word_for_word() -> None:
    with StoryIndex() as index:
        one, same, other = index.assign(["No comment.", "no  comment.", "No further comment."])
    assert one == same != other


def test_a_story_takes_in_what_comes_within_thirty_days_of_one_of_its_articles(tmp_path: Path) -> None:
    changed = f"{TEXTS[0]} Printed again."
    said = [
        (TEXTS[0], "2022-02-07"),
        (changed, "2022-03-09"),
        (TEXTS[0], "2022-04-08"),
        (TEXTS[0], "2022-05-09"),
        (changed, "2023-02-07"),
        (TEXTS[0], "2022-02-10"),
        (TEXTS[0], None),
    ]
    found = []
    for text, day in said:
        with StoryIndex(tmp_path / "stories.sqlite") as index:
            found += index.assign_keys([story_key(text, day)])
    first, again, year = found[0], found[3], found[4]
    assert found == [first, first, first, again, year, first, found[6]]
    assert len({first, again, year}) == 3
    assert again == f"{first}-20220509"
    assert found[6] in (first, again, year)


def test_a_story_without_dates_takes_in_the_first_that_has_one(tmp_path: Path) -> None:
    keys = [story_key("No comment.", day) for day in (None, "2022-02-07", "2023-02-07", None)]
    with StoryIndex(tmp_path / "stories.sqlite") as index:
        first, same, later, last = index.assign_keys(keys)
    assert first == same != later == last


def test_an_index_from_before_there_were_dates_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "stories.sqlite"
    with StoryIndex(path) as index:
        stories = index.assign(TEXTS[:20])
    with sqlite3.connect(path) as base:
        base.execute("DROP TABLE days")
    base.close()
    with StoryIndex(path) as index:
        assert index.assign(TEXTS[:20]) == stories
        assert index.assign_keys([story_key(TEXTS[0], "2024-01-01")]) == stories[:1]


def test_what_is_no_index_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("these are notes, and long enough to be taken for something else\n" * 50)
    with pytest.raises(StancewireError, match="index of stories"):
        StoryIndex(tmp_path / "notes.txt")
    with StoryIndex(tmp_path / "old.sqlite") as index:
        index.assign(TEXTS[:1])
    with sqlite3.connect(tmp_path / "old.sqlite") as base:
        base.execute("UPDATE about SET value = '0' WHERE key = 'format'")
    base.close()
    with pytest.raises(StancewireError, match="another version"):
        StoryIndex(tmp_path / "old.sqlite")
