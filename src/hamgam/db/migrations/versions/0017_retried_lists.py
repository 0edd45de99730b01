"""What makes the syncs that needed more than one attempt a list"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    several = sa.text("attempts IS NOT NULL")
    columns = ["facet", "startedAt", "id"]
    op.create_index("ix_SyncLog_retried", "SyncLog", columns, postgresql_where=several)
