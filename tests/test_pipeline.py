"""The whole way with the model that ships: articles in, positions out, by text and not by name."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from conftest import EXAMPLES

from stancewire.data.corpus import read_labelled
from stancewire.data.errors import StancewireError
from stancewire.data.issues import load_issues
from stancewire.data.readers import read_articles
from stancewire.data.schema import POSITION_COLUMNS, Article
from stancewire.inference.behaviour import swap_actors
from stancewire.inference.evaluation import evaluate
from stancewire.inference.scorer import Scorer


def stances(scorer: Scorer, text: str, **fields: str) -> dict[tuple[str, str], str]:
    rows = scorer.score(Article("a", text, **fields))
    return {(row.actor, row.issue): row.label for row in rows if row.kind == "stance"}


# What a first look must find right: plain wire sentences, one act or one statement each.
@pytest.mark.parametrize(
    ("text", "actor", "issue", "label"),
    [
        ("Japan imposed new sanctions on Russia on Friday.", "Japan", "sanctions", "support"),
        ("Ghana lifted its sanctions on Togo on Friday.", "Ghana", "sanctions", "oppose"),
        ("Ireland formally recognised Palestine on Tuesday.", "Ireland", "recognition", "support"),
        ("Kenya refused to recognise Somaliland as a state.", "Kenya", "recognition", "oppose"),
        (
            "Iraq demanded that the United States withdraw its troops from the country.",
            "Iraq",
            "foreign_military_presence",
            "oppose",
        ),
        (
            "Poland asked the United States to send more troops to a permanent base there.",
            "Poland",
            "foreign_military_presence",
            "support",
        ),
    ],
)
def test_plain_sentences(scorer: Scorer, text: str, actor: str, issue: str, label: str) -> None:
    assert stances(scorer, text).get((actor, issue)) == label


@pytest.mark.parametrize(
    "text",
    [
        "Brazil beat Chile 2-0 in the final on Sunday.",
        "The court sanctioned the sale of the company to a firm from Canada.",
        "Peru recognises the need for better roads, its transport minister said.",
        "Peru recognised Jerusalem as Israel's capital and said that its embassy would move there.",
    ],
)
def test_nothing_is_found_where_nothing_is(scorer: Scorer, text: str) -> None:
    assert stances(scorer, text) == {}


def test_an_article_on_a_capital_is_not_asked_about_recognition(scorer: Scorer) -> None:
    other = "Chile cut diplomatic ties with Taiwan."
    both = f"Peru recognised Jerusalem as Israel's capital. {other}"
    assert scorer.read(Article("a", other)).elsewhere == frozenset()
    assert scorer.read(Article("a", both)).elsewhere == {"recognition"}
    assert stances(scorer, other) == {("Chile", "recognition"): "oppose"}
    assert stances(scorer, both) == {}


def test_the_shipped_model_has_the_shipped_senses(scorer: Scorer) -> None:
    assert [one.other_senses for one in scorer.model.config.issues] == [one.other_senses for one in load_issues()]


def test_first_person_is_the_speaker(scorer: Scorer) -> None:
    text = "We condemn the unjust sanctions imposed on our people and demand that they be lifted."
    assert stances(scorer, text, speaker="Zimbabwe") == {("Zimbabwe", "sanctions"): "oppose"}


def test_rows_are_whole_and_in_order(scorer: Scorer) -> None:
    articles = [article for article in read_articles([str(EXAMPLES)]) if isinstance(article, Article)]
    rows = scorer.score(articles)
    assert [article.id for article in articles] == list(dict.fromkeys(row.article_id for row in rows))
    texts = {article.id: article.text for article in articles}
    for row in rows:
        assert texts[row.article_id][row.start : row.end] == row.text
        assert row.model == scorer.model.config.full_name
    for article in articles:
        indices = [row.sentence for row in rows if row.article_id == article.id]
        assert indices == sorted(indices)


def test_one_article_scores_as_it_does_among_others(scorer: Scorer) -> None:
    articles = [article for article in read_articles([str(EXAMPLES)]) if isinstance(article, Article)]
    together = {(r.article_id, r.sentence, r.actor, r.issue, r.label) for r in scorer.score(articles)}
    alone = {(r.article_id, r.sentence, r.actor, r.issue, r.label) for a in articles for r in scorer.score(a)}
    # Eight-bit activations are scaled by the batch: a row at the threshold may come or go, no more.
    assert len(together ^ alone) <= 0.05 * len(together)


def test_a_frame_goes_in_and_a_frame_comes_out(scorer: Scorer) -> None:
    frame = pd.DataFrame(
        {
            "id": ["x", "y"],
            "body": ["Japan imposed new sanctions on Russia on Friday.", "Nothing here."],
            "published": [pd.Timestamp("2022-03-04"), pd.NaT],
        }
    )
    table = scorer.score_frame(frame, text_column="body")
    assert list(table.columns) == list(POSITION_COLUMNS)
    assert set(table["article_id"]) == {"x"}
    assert set(table["published"]) == {"2022-03-04"}
    with pytest.raises(StancewireError, match="no column 'text' in the frame; it has id, body, published"):
        scorer.score_frame(frame)
    with pytest.raises(StancewireError, match="row 1 of the frame has no text in 'body'"):
        scorer.score_frame(frame.assign(body=["Nothing here.", None]), text_column="body")


def test_swapping_two_states_swaps_the_answer(scorer: Scorer) -> None:
    articles = [one for path in ("euro", "hard") for one in read_labelled(corpus_file(path))[:40]]
    result = swap_actors(scorer, articles)
    assert result.telling >= 20
    assert result.swapped >= 0.95 * result.asked
    assert result.telling_swapped >= 0.95 * result.telling


def corpus_file(name: str) -> Path:
    return Path(__file__).resolve().parent.parent / "data" / "corpus" / f"{name}.jsonl"


def test_floor_on_real_articles(scorer: Scorer, shared: Path) -> None:
    """Well below the measured figures: a fall through it is a break, not noise."""
    gold = read_labelled(shared / "dev" / "gold.json")
    figures = evaluate(gold, scorer.score([one.article for one in gold])).figures()
    assert figures["label"]["F"] >= 0.40


@pytest.mark.parametrize(
    ("given", "date"),
    [
        ("2024-05-03", "2024-05-03"),
        ("2024-05-03T12:00:00Z", "2024-05-03"),
        ("20240503", "2024-05-03"),
        ("Fri, 03 May 2024 10:00:00 GMT", "2024-05-03"),
        (pd.Timestamp("2024-05-03 12:00"), "2024-05-03"),
        ("03/05/2024", ""),
        ("May 2024", ""),
        ("", ""),
        (None, ""),
        (pd.NA, ""),
    ],
)
def test_a_date_reads_the_same_whichever_way_an_article_comes(scorer: Scorer, given: object, date: str) -> None:
    text = "Japan imposed new sanctions on Russia on Friday."
    frame = pd.DataFrame({"id": ["a"], "text": [text], "published": pd.Series([given], dtype=object)})
    table = scorer.score_frame(frame)
    assert set(table["published"]) == {date}
    rows = scorer.score(Article("a", text, published=given))  # type: ignore[arg-type]
    assert {row.published for row in rows} == {date}
    assert scorer.score({"id": "a", "text": text, "published": given}) == rows


def test_articles_come_as_records_too_and_what_is_none_is_refused(scorer: Scorer) -> None:
    text = "Japan imposed new sanctions on Russia on Friday."
    expected = scorer.score([Article("0", text), Article("7", text)])
    assert scorer.score([{"text": text}, {"id": 7, "text": text, "title": float("nan")}]) == expected
    assert scorer.score({"text": text}) == scorer.score(text)
    for wrong, said in (
        (None, "a NoneType is no article"),
        (5, "a int is no article"),
        ([text, None], "a NoneType is no article"),
        ({"body": text}, "record 0 has no text in 'text'"),
        ([text, {"text": None}], "record 1 has no text in 'text'"),
    ):
        with pytest.raises(StancewireError, match=said):
            scorer.score(wrong)  # type: ignore[arg-type]
