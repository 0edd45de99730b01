"""Since when a call to a remote system has been waiting for its answer"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    since = sa.Column(
        "waitingSince", _TIME, nullable=True, comment="the call that has waited longest for its answer"
    )
    op.add_column("RemoteSystem", since)
    noted = sa.Column("waitingNotedAt", _TIME, nullable=True, comment="counts for a few seconds")
    op.add_column("RemoteSystem", noted)
