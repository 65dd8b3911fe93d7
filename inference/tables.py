"""Position tables with the article tables beside them, as the commands read them that show what was scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..data.schema import ArticleRow, Position
from ..data.writers import article_table_of, read_article_rows, read_positions


def read_tables(paths: Sequence[str], min_confidence: float = 0.0) -> tuple[list[Position], dict[str, ArticleRow]]:
    """Reads position tables, and the article tables that `stancewire score` wrote beside them.

    Args:
        paths: Position tables. Article tables among them, as a pattern such as ``*.csv`` brings them, are passed over.
        min_confidence: Leaves out positions that are less sure.

    Returns:
        The positions, and the articles by id; none where there is no article table.

    Raises:
        StancewireError: A file is missing or is no such table.
    """
    beside = {str(article_table_of(path)) for path in paths}
    tables = [path for path in paths if path not in beside]
    rows = [row for path in tables for row in read_positions(path) if row.confidence >= min_confidence]
    found = (article_table_of(path) for path in tables)
    return rows, {one.article_id: one for path in found if path.is_file() for one in read_article_rows(path)}


def story_of(articles: Mapping[str, ArticleRow]) -> dict[str, str]:
    """The story of each article that has one."""
    return {name: article.story_id for name, article in articles.items() if article.story_id}
