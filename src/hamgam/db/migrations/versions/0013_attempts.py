"""What came of the attempts at a sync before the latest one"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column(
        "SyncLog",
        sa.Column(
            "attempts", JSONB(), nullable=True, comment="those before the latest one, and why they ended"
        ),
    )
