"""The records that are linked, of each kind the last one first"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    by_time = [sa.text('"createdAt" DESC'), sa.text("id DESC")]
    op.create_index("ix_EntityMapping_createdAt", "EntityMapping", ["entityType", *by_time])
