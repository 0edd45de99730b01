"""What a plan of an import would do with each contact."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "PlannedContact",
        sa.Column("runId", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, comment="in finance's list"),
        sa.Column("code", sa.Text(), nullable=False, comment="finance's code of the contact"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="person or organization"),
        sa.Column("outcome", sa.Text(), nullable=False, comment="created, linked, skipped or failed"),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("customer", sa.Text(), nullable=True, comment="CRM id of the customer that it belongs to"),
        sa.ForeignKeyConstraint(
            ["runId"], ["ImportRun.id"], name=op.f("fk_PlannedContact_runId"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("runId", "position", name=op.f("pk_PlannedContact")),
    )
