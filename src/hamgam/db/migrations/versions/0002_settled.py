"""Who settled a row of the sync log, and how."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column(
        "SyncLog",
        sa.Column(
            "resolvedBy",
            sa.Text(),
            nullable=True,
            comment="the person who settled it; empty where a sync did",
        ),
    )
    op.add_column(
        "SyncLog",
        sa.Column(
            "resolution",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="what that person said: it exists there, or it is absent",
        ),
    )
