"""Actions on many rows of the sync log at once, and what a person may say of one row."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.alter_column(
        "SyncLog",
        "resolution",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        comment="what that person said: exists, absent, retried or dismissed",
        existing_comment="what that person said: it exists there, or it is absent",
    )
    op.add_column(
        "PollCursor",
        sa.Column(
            "released",
            sa.Integer(),
            nullable=True,
            comment="up to so many of them a person lets through at the next poll",
        ),
    )
    op.add_column("PollCursor", sa.Column("releasedBy", sa.Text(), nullable=True))
    _bulk_action()
    _bulk_item()


def _bulk_action() -> None:
    op.create_table(
        "BulkAction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column(
            "filter",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="which rows were wanted; empty where they were chosen one by one",
        ),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("startedAt", sa.DateTime(timezone=True), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "failed",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="left alone; the items say why",
        ),
        sa.Column("finishedAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelledAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelledBy", sa.Text(), nullable=True),
        sa.CheckConstraint("done + failed <= total", name="ck_BulkAction_counts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_BulkAction")),
    )
    op.create_index(
        "ix_BulkAction_open",
        "BulkAction",
        ["startedAt"],
        postgresql_where=sa.text('"finishedAt" IS NULL'),
    )
    op.create_index("ix_BulkAction_startedAt", "BulkAction", [sa.literal_column('"startedAt" DESC')])


def _bulk_item() -> None:
    op.create_table(
        "BulkItem",
        sa.Column("bulkId", sa.Uuid(), nullable=False),
        sa.Column("logId", sa.Uuid(), nullable=False),
        sa.Column(
            "seen", sa.Uuid(), nullable=False, comment="the attempt that the row told of when it was chosen"
        ),
        sa.Column(
            "outcome", sa.Text(), nullable=True, comment="empty: not tried yet; BUSY: to be tried again"
        ),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["bulkId"], ["BulkAction.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("bulkId", "logId", name=op.f("pk_BulkItem")),
    )
    op.create_index(
        "ix_BulkItem_left",
        "BulkItem",
        ["bulkId", "tries"],
        postgresql_where=sa.text("outcome IS NULL OR outcome = 'BUSY'"),
    )
