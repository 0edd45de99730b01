"""Imports as a person follows them, since when there is a session, and what the last probe of the site said."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"

_OPEN = "state IN ('WAITING', 'RUNNING')"


def upgrade() -> None:
    for column in _columns():
        op.add_column("ImportRun", column)
    op.execute(
        """UPDATE "ImportRun" SET state = CASE WHEN "finishedAt" IS NULL THEN 'STOPPED' ELSE 'DONE' END,"""
        """ "endedAt" = coalesce("finishedAt", "startedAt")"""
    )
    op.create_index(
        "uq_ImportRun_open", "ImportRun", [sa.text("(true)")], unique=True, postgresql_where=sa.text(_OPEN)
    )
    op.create_index("ix_ImportRun_startedAt", "ImportRun", [sa.text('"startedAt" DESC')])
    op.add_column("RemoteSystem", sa.Column("sessionAt", sa.DateTime(timezone=True), nullable=True))
    _site_probe()


def _site_probe() -> None:
    op.create_table(
        "SiteProbe",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("startedAt", sa.DateTime(timezone=True), nullable=False),
        sa.Column("startedBy", sa.Text(), nullable=False),
        sa.Column("endedAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True, comment="why there is no report"),
        sa.Column(
            "report",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="what `check-apis --json` prints",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_SiteProbe")),
    )


def _columns() -> list[sa.Column[object]]:
    time, json = sa.DateTime(timezone=True), postgresql.JSONB(astext_type=sa.Text())
    false = sa.text("false")
    return [
        sa.Column(
            "state",
            sa.Text(),
            nullable=False,
            server_default="DONE",
            comment="WAITING, RUNNING, STOPPED, FAILED or DONE",
        ),
        sa.Column(
            "queued",
            sa.Boolean(),
            nullable=False,
            server_default=false,
            comment="any worker goes on with it; else it ends with the process of its command",
        ),
        sa.Column("dryRun", sa.Boolean(), nullable=False, server_default=false),
        sa.Column("again", sa.Boolean(), nullable=False, server_default=false),
        sa.Column("force", sa.Boolean(), nullable=False, server_default=false),
        sa.Column("limit", sa.Integer(), nullable=True),
        sa.Column("startedBy", sa.Text(), nullable=True, comment="empty: from the command line"),
        sa.Column("stoppedBy", sa.Text(), nullable=True, comment="the person who asked it to stop"),
        sa.Column("resumedBy", sa.Text(), nullable=True, comment="the person who let it go on"),
        sa.Column("reasons", json, nullable=True, comment="contacts by reason code"),
        sa.Column("perSecond", sa.Float(), nullable=True, comment="contacts per second of late"),
        sa.Column("waitsFor", sa.Text(), nullable=True, comment="why it waits for a remote system"),
        sa.Column("heardAt", time, nullable=True, comment="its last sign of life"),
        sa.Column("endedAt", time, nullable=True, comment="when it ended in any way"),
        sa.Column("trouble", sa.Text(), nullable=True, comment="a code for what ended it early"),
        sa.Column("detail", sa.Text(), nullable=True, comment="what the remote system said of it"),
    ]
