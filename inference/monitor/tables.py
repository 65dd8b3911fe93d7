"""The monitor's database: articles, stories, positions, the series made of them, alerts, and what the service did."""

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
    Column("story", String(32), ForeignKey("stories.id"), nullable=False, index=True),
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
    Index("series_rows", "kind", "issue", "actor", "model", "published"),
    Index("story_rows", "story", "model"),
)

# A model has scored an article even where it found nothing.
scored = Table(
    "scored",
    metadata,
    Column("article", _Id, ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True),
    Column("model", Text, primary_key=True),
)

models = Table(
    "models",
    metadata,
    Column("name", Text, primary_key=True, comment="name and version"),
    Column("added", DateTime, nullable=False, comment="UTC"),
    Column("state", String(16), nullable=False, comment="rescoring, current or past"),
    Column("confusion", JSON, nullable=False, comment="see stancewire.inference.monitor.series.Confusion"),
    Column("confidence", Double, comment="mean of the rows that the confusion counts"),
    Column("switched", DateTime, comment="UTC; when it took another model's place"),
)

# One actor on one issue, as one model reads it; `object` is empty for all objects together.
series = Table(
    "series",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("model", Text, nullable=False),
    Column("issue", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("version", Integer, nullable=False, comment="counts its changes"),
    Column("checked", Integer, nullable=False, comment="the version that was last searched for shifts"),
    UniqueConstraint("model", "issue", "actor", "object", name="one_series"),
)

# What each story says in a series: the rows of `positions` summed up, so that ten million of them need not be read.
series_stories = Table(
    "series_stories",
    metadata,
    Column("series", _Id, ForeignKey("series.id"), primary_key=True),
    Column("story", String(32), ForeignKey("stories.id"), primary_key=True),
    Column("day", Date, nullable=False),
    Column("support", Double, nullable=False),
    Column("oppose", Double, nullable=False),
    Column("neutral", Double, nullable=False),
    Column("articles", Integer, nullable=False),
    Index("series_days", "series", "day"),
    Index("stories_series", "story"),
)

# The stories of a series by bin: what a page shows is read from here, however many stories there are.
series_bins = Table(
    "series_bins",
    metadata,
    Column("series", _Id, ForeignKey("series.id"), primary_key=True),
    Column("period", String(5), primary_key=True, comment="day, week or month"),
    Column("start", Date, primary_key=True, comment="its first day"),
    Column("support", Double, nullable=False),
    Column("oppose", Double, nullable=False),
    Column("neutral", Double, nullable=False),
    Column("stories", Integer, nullable=False),
    Column("articles", Integer, nullable=False),
    sqlite_with_rowid=False,
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("kind", String(16), nullable=False, comment="shift, drift or health"),
    Column("subject", Text, nullable=False, comment="what it is about: of two on one subject only one is open"),
    Column("title", Text, nullable=False),
    Column("details", JSON, nullable=False),
    Column("series", _Id, ForeignKey("series.id"), comment="of a shift"),
    Column("began", Date, comment="of a shift"),
    Column("found", Date, comment="of a shift"),
    Column("raised", DateTime, nullable=False, comment="UTC"),
    Column("delivered", DateTime, comment="UTC"),
    Column("acknowledged", DateTime, comment="UTC"),
    Column("acknowledged_by", Text),
    Column("note", Text),
    Index("alerts_by_subject", "subject", "raised"),
)

# A subject that raises no alert until then.
snoozes = Table(
    "snoozes",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("until", DateTime, nullable=False, comment="UTC"),
)

sources = Table(
    "sources",
    metadata,
    Column("url", Text, primary_key=True),
    Column("etag", Text),
    Column("modified", Text),
    Column("due", DateTime, comment="UTC; when to ask again"),
    Column("succeeded", DateTime, comment="UTC; last time"),
    Column("failures", Integer, nullable=False, comment="since then"),
    Column("error", Text),
    Column("asked", DateTime, comment="UTC; last time, whether it answered or not"),
)

# The files of a source as they were when they were taken in: none is read again until it changes.
taken_files = Table(
    "taken_files",
    metadata,
    Column("source", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("mtime", BigInteger, nullable=False, comment="nanoseconds"),
    Column("size", BigInteger, nullable=False, comment="bytes"),
    Column("again", Date, comment="when a date in it will be believed that lay ahead"),
)

# The entries of a feed as they were when they were worked on; see stancewire.inference.monitor.feed_memory.
feed_entries = Table(
    "feed_entries",
    metadata,
    Column("source", Text, primary_key=True),
    Column("key", Text, primary_key=True, comment="the id of its article"),
    Column("stamp", Text, nullable=False, comment="what changes when the entry does"),
    Column("failed", DateTime, comment="UTC; since when its article cannot be had"),
    Column("again", DateTime, comment="UTC; not to be worked on before"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("source", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("started", DateTime, nullable=False, comment="UTC"),
    Column("finished", DateTime, nullable=False, comment="UTC"),
    Column("new", Integer, nullable=False),
    Column("corrected", Integer, nullable=False),
    Column("known", Integer, nullable=False),
    Column("skipped", JSON, nullable=False, comment="one line each"),
    Column("error", Text),
)

# What the input looked like in a period, and how it differs from the one before.
drift_checks = Table(
    "drift_checks",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("model", Text, nullable=False),
    Column("start", Date, nullable=False),
    Column("end", Date, nullable=False),
    Column("checked", DateTime, nullable=False, comment="UTC"),
    Column("figures", JSON, nullable=False),
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
