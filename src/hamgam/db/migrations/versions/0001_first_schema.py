"""First schema"""

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _entity_mapping()
    _import_run()
    _poll_cursor()
    _remote_system()
    _sync_log()
    _sync_log_indexes()
    _webhook_delivery()
    _webhook_delivery_indexes()
    # The job engine's own tables, by its own script; it holds % signs, so it goes to the driver as it is.
    op.get_bind().connection.cursor().execute(SchemaManager.get_schema())


def _entity_mapping() -> None:
    op.create_table(
        "EntityMapping",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("entityType", sa.Text(), nullable=False),
        sa.Column("crmId", sa.Text(), nullable=False),
        sa.Column("financeId", sa.Text(), nullable=False),
        sa.Column("crmEntity", sa.Text(), nullable=False, comment="customer, invoice or quote"),
        sa.Column("kind", sa.Text(), nullable=True, comment="person or organization"),
        sa.Column("lastSyncTransactionId", sa.Uuid(), nullable=True),
        sa.Column("lastSyncAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lastSyncSource", sa.Text(), nullable=True),
        sa.Column("crmChecksum", sa.Text(), nullable=True),
        sa.Column("financeChecksum", sa.Text(), nullable=True),
        sa.Column("crmUpdatedAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("financeUpdatedAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "blocked", sa.Text(), nullable=True, comment="why nothing may be written until a person has acted"
        ),
        sa.Column("createdAt", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updatedAt", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_EntityMapping")),
        sa.UniqueConstraint("entityType", "crmId", name=op.f("uq_EntityMapping_entityType_crmId")),
        sa.UniqueConstraint("entityType", "financeId", name=op.f("uq_EntityMapping_entityType_financeId")),
    )


def _import_run() -> None:
    op.create_table(
        "ImportRun",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("startedAt", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "finishedAt",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="set only when every record was looked at",
        ),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ImportRun")),
    )


def _poll_cursor() -> None:
    op.create_table(
        "PollCursor",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column(
            "cursor",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="the newest modification time seen, by the CRM's clock",
        ),
        sa.Column(
            "polledAt",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when the last poll of this stream ended well, by our clock",
        ),
        sa.Column(
            "held",
            sa.Integer(),
            nullable=True,
            comment="changes found but not queued, because they are suspiciously many",
        ),
        sa.PrimaryKeyConstraint("stream", name=op.f("pk_PollCursor")),
    )


def _remote_system() -> None:
    op.create_table(
        "RemoteSystem",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column(
            "session",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="the login that all processes share",
        ),
        sa.Column(
            "refusedCredentials", sa.Text(), nullable=True, comment="a fingerprint, never the password"
        ),
        sa.Column("refusedAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "lastContactAt", sa.DateTime(timezone=True), nullable=True, comment="the last answer of any kind"
        ),
        sa.Column(
            "state", sa.Text(), nullable=True, comment="ok, or the reason code of the last failed call"
        ),
        sa.Column("stateAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("calls", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "errors",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
            comment="failed calls by reason",
        ),
        sa.Column(
            "milliseconds", sa.BigInteger(), server_default="0", nullable=False, comment="time spent in calls"
        ),
        sa.PrimaryKeyConstraint("system", name=op.f("pk_RemoteSystem")),
    )


def _sync_log() -> None:
    op.create_table(
        "SyncLog",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("transactionId", sa.Uuid(), nullable=False),
        sa.Column("entityMappingId", sa.Uuid(), nullable=True),
        sa.Column("entityType", sa.Text(), nullable=False),
        sa.Column("sourceEntity", sa.Text(), nullable=False, comment="customer, invoice, quote or contact"),
        sa.Column("kind", sa.Text(), nullable=True, comment="person or organization, where it is known"),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("triggerType", sa.Text(), nullable=False),
        sa.Column("triggerPayload", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("sourceEntityId", sa.Text(), nullable=False),
        sa.Column("targetEntityId", sa.Text(), nullable=True),
        sa.Column("sourceData", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("targetDataBefore", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("targetDataAfter", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "intent",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="the write that was about to be sent, noted before it left",
        ),
        sa.Column("errorMessage", sa.Text(), nullable=True),
        sa.Column("retryCount", sa.Integer(), server_default="0", nullable=False),
        sa.Column("startedAt", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completedAt", sa.DateTime(timezone=True), nullable=True),
        sa.Column("durationMs", sa.Integer(), nullable=True),
        sa.Column(
            "resolvedAt",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when a later sync or a person settled what this row asks for",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_SyncLog")),
    )


def _sync_log_indexes() -> None:
    op.create_index(
        "ix_SyncLog_attention",
        "SyncLog",
        [sa.literal_column('"startedAt" DESC')],
        unique=False,
        postgresql_where=sa.text("status IN ('FAILED', 'CONFLICT', 'IN_DOUBT') AND \"resolvedAt\" IS NULL"),
    )
    op.create_index(
        "ix_SyncLog_outcome", "SyncLog", ["status", "operation", "triggerType", "durationMs"], unique=False
    )
    op.create_index(
        "ix_SyncLog_sourceEntityId",
        "SyncLog",
        ["sourceEntityId", sa.literal_column('"startedAt" DESC')],
        unique=False,
    )
    op.create_index(
        "ix_SyncLog_startedAt",
        "SyncLog",
        [sa.literal_column('"startedAt" DESC'), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_SyncLog_status_startedAt",
        "SyncLog",
        ["status", sa.literal_column('"startedAt" DESC')],
        unique=False,
    )
    op.create_index(
        "uq_SyncLog_open",
        "SyncLog",
        ["direction", "entityType", "sourceEntityId"],
        unique=True,
        postgresql_where=sa.text("status IN ('PENDING', 'IN_PROGRESS')"),
    )


def _webhook_delivery() -> None:
    op.create_table(
        "WebhookDelivery",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("crmId", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("receivedAt", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_WebhookDelivery")),
    )


def _webhook_delivery_indexes() -> None:
    op.create_index("ix_WebhookDelivery_crmId", "WebhookDelivery", ["crmId"], unique=False)
    op.create_index(
        "ix_WebhookDelivery_receivedAt",
        "WebhookDelivery",
        [sa.literal_column('"receivedAt" DESC')],
        unique=False,
    )
