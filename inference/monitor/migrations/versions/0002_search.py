"""Articles can be searched by their words: FTS5 on SQLite, an index of text vectors on PostgreSQL."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

_SQLITE = (
    # The table holds no text of its own, and triggers keep it in step with the articles.
    """CREATE VIRTUAL TABLE article_words USING fts5
    (title, text, content='articles', content_rowid='id', tokenize='porter unicode61')""",
    """CREATE TRIGGER article_words_insert AFTER INSERT ON articles BEGIN
    INSERT INTO article_words (rowid, title, text) VALUES (new.id, new.title, new.text); END""",
    """CREATE TRIGGER article_words_delete AFTER DELETE ON articles BEGIN
    INSERT INTO article_words (article_words, rowid, title, text)
    VALUES ('delete', old.id, old.title, old.text); END""",
    """CREATE TRIGGER article_words_update AFTER UPDATE OF title, text ON articles BEGIN
    INSERT INTO article_words (article_words, rowid, title, text) VALUES ('delete', old.id, old.title, old.text);
    INSERT INTO article_words (rowid, title, text) VALUES (new.id, new.title, new.text); END""",
    "INSERT INTO article_words (article_words) VALUES ('rebuild')",
)
# A text vector has a largest size; no article of that length is news.
_POSTGRES = """CREATE INDEX article_words ON articles USING gin
    (to_tsvector('english', left(coalesce(title, '') || ' ' || text, 100000)))"""


def upgrade() -> None:
    statements = _SQLITE if op.get_bind().dialect.name == "sqlite" else (_POSTGRES,)
    for statement in statements:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for trigger in ("insert", "delete", "update"):
            op.execute(f"DROP TRIGGER article_words_{trigger}")
        op.execute("DROP TABLE article_words")
    else:
        op.execute("DROP INDEX article_words")
