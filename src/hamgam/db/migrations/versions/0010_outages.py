"""Which remote system a process holds its calls back from, since when, and when it asks again"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("RemoteSystem", sa.Column("downSince", _TIME, nullable=True))
    op.add_column("RemoteSystem", sa.Column("nextTryAt", _TIME, nullable=True))
    noted = sa.Column("downNotedAt", _TIME, nullable=True, comment="counts for a few seconds")
    op.add_column("RemoteSystem", noted)
