"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "drift_checks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("end", sa.Date(), nullable=False),
        sa.Column("checked", sa.DateTime(), nullable=False, comment="UTC"),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "models",
        sa.Column("name", sa.Text(), nullable=False, comment="name and version"),
        sa.Column("added", sa.DateTime(), nullable=False, comment="UTC"),
        sa.Column("state", sa.String(length=16), nullable=False, comment="rescoring, current or past"),
        sa.Column("confusion", sa.JSON(), nullable=False, comment="see stancewire.inference.monitor.series.Confusion"),
        sa.Column("confidence", sa.Double(), nullable=True, comment="mean of the rows that the confusion counts"),
        sa.Column("switched", sa.DateTime(), nullable=True, comment="UTC; when it took another model's place"),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("started", sa.DateTime(), nullable=False, comment="UTC"),
        sa.Column("finished", sa.DateTime(), nullable=False, comment="UTC"),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("corrected", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.JSON(), nullable=False, comment="one line each"),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "series",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("issue", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="counts its changes"),
        sa.Column("checked", sa.Integer(), nullable=False, comment="the version that was last searched for shifts"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("model", "issue", "actor", "object", name="one_series"),
    )
    op.create_table(
        "snoozes",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=False, comment="UTC"),
        sa.PrimaryKeyConstraint("subject"),
    )
    op.create_table(
        "sources",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("modified", sa.Text(), nullable=True),
        sa.Column("due", sa.DateTime(), nullable=True, comment="UTC; when to ask again"),
        sa.Column("succeeded", sa.DateTime(), nullable=True, comment="UTC; last time"),
        sa.Column("failures", sa.Integer(), nullable=False, comment="since then"),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("url"),
    )
    op.create_table(
        "stories",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("first_published", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="shift, drift or health"),
        sa.Column(
            "subject", sa.Text(), nullable=False, comment="what it is about: of two on one subject only one is open"
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("series", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True, comment="of a shift"),
        sa.Column("began", sa.Date(), nullable=True, comment="of a shift"),
        sa.Column("found", sa.Date(), nullable=True, comment="of a shift"),
        sa.Column("raised", sa.DateTime(), nullable=False, comment="UTC"),
        sa.Column("delivered", sa.DateTime(), nullable=True, comment="UTC"),
        sa.Column("acknowledged", sa.DateTime(), nullable=True, comment="UTC"),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["series"],
            ["series.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("alerts_by_subject", "alerts", ["subject", "raised"], unique=False)
    op.create_table(
        "articles",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="the article's own id"),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="hash of all that the article says"),
        sa.Column("story", sa.String(length=32), nullable=False),
        sa.Column("published", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("speaker", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("ingested", sa.DateTime(), nullable=False, comment="UTC"),
        sa.ForeignKeyConstraint(
            ["story"],
            ["stories.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index(op.f("ix_articles_story"), "articles", ["story"], unique=False)
    op.create_index(op.f("ix_articles_published"), "articles", ["published"], unique=False)
    op.create_table(
        "series_stories",
        sa.Column("series", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("story", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("support", sa.Double(), nullable=False),
        sa.Column("oppose", sa.Double(), nullable=False),
        sa.Column("neutral", sa.Double(), nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["series"],
            ["series.id"],
        ),
        sa.ForeignKeyConstraint(
            ["story"],
            ["stories.id"],
        ),
        sa.PrimaryKeyConstraint("series", "story"),
    )
    op.create_index("series_days", "series_stories", ["series", "day"], unique=False)
    op.create_index("stories_series", "series_stories", ["story"], unique=False)
    op.create_table(
        "series_bins",
        sa.Column("series", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("period", sa.String(length=5), nullable=False, comment="day, week or month"),
        sa.Column("start", sa.Date(), nullable=False, comment="its first day"),
        sa.Column("support", sa.Double(), nullable=False),
        sa.Column("oppose", sa.Double(), nullable=False),
        sa.Column("neutral", sa.Double(), nullable=False),
        sa.Column("stories", sa.Integer(), nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["series"],
            ["series.id"],
        ),
        sa.PrimaryKeyConstraint("series", "period", "start"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "story_signatures",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("story", sa.String(length=32), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["story"],
            ["stories.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "story_texts",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("story", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["story"],
            ["stories.id"],
        ),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "positions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("article", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Integer(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("issue", sa.Text(), nullable=False),
        sa.Column("label", sa.String(length=16), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("object", sa.JSON(), nullable=False),
        sa.Column("story", sa.String(length=32), nullable=False),
        sa.Column("published", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["article"], ["articles.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("article", "model", "sentence", "kind", "actor", "issue", name="one_answer"),
    )
    op.create_index("series_rows", "positions", ["kind", "issue", "actor", "model", "published"], unique=False)
    op.create_index("story_rows", "positions", ["story", "model"], unique=False)
    op.create_table(
        "scored",
        sa.Column("article", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["article"], ["articles.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("article", "model"),
    )
    op.create_table(
        "story_bands",
        sa.Column("hash", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["signature"],
            ["story_signatures.id"],
        ),
        sa.PrimaryKeyConstraint("hash", "signature"),
    )


def downgrade() -> None:
    op.drop_table("story_bands")
    op.drop_table("scored")
    op.drop_index("story_rows", table_name="positions")
    op.drop_index("series_rows", table_name="positions")
    op.drop_table("positions")
    op.drop_table("story_texts")
    op.drop_table("story_signatures")
    op.drop_index("stories_series", table_name="series_stories")
    op.drop_index("series_days", table_name="series_stories")
    op.drop_table("series_bins")
    op.drop_table("series_stories")
    op.drop_index(op.f("ix_articles_published"), table_name="articles")
    op.drop_index(op.f("ix_articles_story"), table_name="articles")
    op.drop_table("articles")
    op.drop_index("alerts_by_subject", table_name="alerts")
    op.drop_table("alerts")
    op.drop_table("stories")
    op.drop_table("sources")
    op.drop_table("snoozes")
    op.drop_table("series")
    op.drop_table("runs")
    op.drop_table("models")
    op.drop_table("drift_checks")
