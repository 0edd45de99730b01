"""Since when polling holds changes back, and when they were let through"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("PollCursor", sa.Column("heldAt", _TIME, comment="when they were first held back"))
    op.add_column("PollCursor", sa.Column("releasedAt", _TIME))
