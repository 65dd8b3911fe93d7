"""The monitor's database: articles, their stories and their positions."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

# SQLite counts up only columns of this very type.
_Id = BigInteger().with_variant(Integer, "sqlite")

stories = Table(
    "stories",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("first_published", Date),
)

articles = Table(
    "articles",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("key", Text, nullable=False, unique=True, comment="the article's own id"),
    Column("digest", LargeBinary, nullable=False, comment="hash of all that the article says"),
    Column("story", String(32), ForeignKey("stories.id"), nullable=False),
    Column("published", Date, index=True),
    Column("source", Text),
    Column("url", Text),
    Column("title", Text),
    Column("speaker", Text),
    Column("text", Text, nullable=False),
    Column("ingested", DateTime, nullable=False, comment="UTC"),
)

positions = Table(
    "positions",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("article", _Id, ForeignKey("articles.id", ondelete="CASCADE"), nullable=False),
    Column("model", Text, nullable=False),
    Column("sentence", Integer, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("actor", Text, nullable=False),
    Column("issue", Text, nullable=False),
    Column("label", String(16), nullable=False),
    Column("confidence", Double, nullable=False),
    Column("object", JSON, nullable=False),
    # The article's own, here too: a series is read from this table alone.
    Column("story", String(32), nullable=False),
    Column("published", Date),
    UniqueConstraint("article", "model", "sentence", "kind", "actor", "issue", name="one_answer"),
    Index("series", "kind", "issue", "actor", "model", "published"),
)

# A model has scored an article even where it found nothing.
scored = Table(
    "scored",
    metadata,
    Column("article", _Id, ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True),
    Column("model", Text, primary_key=True),
)

# What the index of stories remembers; see stancewire.data.stories.
story_texts = Table(
    "story_texts",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("story", String(32), ForeignKey("stories.id"), nullable=False),
)
story_signatures = Table(
    "story_signatures",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("story", String(32), ForeignKey("stories.id"), nullable=False),
    Column("size", Integer, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)
story_bands = Table(
    "story_bands",
    metadata,
    Column("hash", BigInteger, primary_key=True),
    Column("signature", _Id, ForeignKey("story_signatures.id"), primary_key=True),
)
