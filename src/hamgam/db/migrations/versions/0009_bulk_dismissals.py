"""What a person says of all rows of an action at once."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column(
        "BulkAction",
        sa.Column("note", sa.Text(), nullable=True, comment="said of each row that is dismissed"),
    )
