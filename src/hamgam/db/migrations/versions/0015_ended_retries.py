"""How the syncs have ended that retries of many rows led to, noted once"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_RECORDS = """
UPDATE "BulkItem" i SET record = s."sourceEntity" || ':' || s."sourceEntityId"
FROM "SyncLog" s, "BulkAction" b
WHERE s.id = i."logId" AND b.id = i."bulkId" AND b.what = 'retry'
"""


def upgrade() -> None:
    op.add_column("BulkItem", sa.Column("record", sa.Text, comment="of a retry: whose sync it leads to"))
    ended = sa.Column("ended", sa.Text, comment="how that sync has ended, as a stage")
    op.add_column("BulkItem", ended)
    op.add_column("BulkItem", sa.Column("syncId", sa.Uuid, comment="the log row of that sync"))
    op.execute(_RECORDS)
    under_way = sa.text("outcome = 'DONE' AND record IS NOT NULL AND ended IS NULL")
    op.create_index("ix_BulkItem_under_way", "BulkItem", ["bulkId"], postgresql_where=under_way)
