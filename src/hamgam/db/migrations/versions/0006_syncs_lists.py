"""What lists of the sync log are filtered by, in one column with an index"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_FACET = (
    """status || ' ' || operation || ' ' || "triggerType" || ' ' || "entityType" || ' ' ||"""
    """ coalesce(reason, '-') || CASE WHEN status IN ('FAILED', 'CONFLICT', 'IN_DOUBT')"""
    """ AND "resolvedAt" IS NULL THEN ' !' ELSE ' -' END"""
)


def upgrade() -> None:
    op.add_column(
        "SyncLog",
        sa.Column(
            "facet",
            sa.Text(),
            sa.Computed(_FACET, persisted=True),
            nullable=True,
            comment="what lists are filtered by, in one",
        ),
    )
    op.create_index("ix_SyncLog_facet", "SyncLog", ["facet", "startedAt", "id"], unique=False)
    op.create_index(
        "ix_SyncLog_targetEntityId",
        "SyncLog",
        ["targetEntityId"],
        unique=False,
        postgresql_where=sa.text('"targetEntityId" IS NOT NULL'),
    )
