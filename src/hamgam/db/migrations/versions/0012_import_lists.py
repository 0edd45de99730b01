"""The rows of the log that one import has written, of each kind by time"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_RUN = """("triggerPayload" ->> 'run')"""


def upgrade() -> None:
    op.create_index(
        "ix_SyncLog_run",
        "SyncLog",
        [sa.text(_RUN), "facet", "startedAt", "id"],
        postgresql_where=sa.text(f"{_RUN} IS NOT NULL"),
    )
