"""What was taken in from a source is remembered: its files, the entries of a feed, and when it was last asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column(
        "sources",
        sa.Column("asked", sa.DateTime(), nullable=True, comment="UTC; last time, whether it answered or not"),
    )
    op.create_table(
        "taken_files",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("mtime", sa.BigInteger(), nullable=False, comment="nanoseconds"),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="bytes"),
        sa.Column("again", sa.Date(), nullable=True, comment="when a date in it will be believed that lay ahead"),
        sa.PrimaryKeyConstraint("source", "path"),
    )
    op.create_table(
        "feed_entries",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="the id of its article"),
        sa.Column("stamp", sa.Text(), nullable=False, comment="what changes when the entry does"),
        sa.Column("failed", sa.DateTime(), nullable=True, comment="UTC; since when its article cannot be had"),
        sa.Column("again", sa.DateTime(), nullable=True, comment="UTC; not to be worked on before"),
        sa.PrimaryKeyConstraint("source", "key"),
    )


def downgrade() -> None:
    op.drop_table("feed_entries")
    op.drop_table("taken_files")
    op.drop_column("sources", "asked")
