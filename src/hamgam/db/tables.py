"""The tables. Names and columns of `"EntityMapping"` and `"SyncLog"` are a public interface.

Invariants live here as unique indexes: one mapping per id on either side, one open log row per entity.
Every time is stored with its zone, in UTC.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

_JSON = JSONB(none_as_null=True)
_TIME = DateTime(timezone=True)
_NOW = func.now()
_NEW_ID = text("gen_random_uuid()")


entity_mapping = Table(
    "EntityMapping",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=_NEW_ID),
    Column("entityType", Text, nullable=False),
    Column("crmId", Text, nullable=False),
    Column("financeId", Text, nullable=False),
    Column("crmEntity", Text, nullable=False, comment="customer, invoice or quote"),
    Column("kind", Text, comment="person or organization"),
    Column("lastSyncTransactionId", Uuid),
    Column("lastSyncAt", _TIME),
    Column("lastSyncSource", Text),
    Column("crmChecksum", Text),
    Column("financeChecksum", Text),
    Column("crmUpdatedAt", _TIME),
    Column("financeUpdatedAt", _TIME),
    Column("blocked", Text, comment="why nothing may be written until a person has acted"),
    Column("createdAt", _TIME, nullable=False, server_default=_NOW),
    Column("updatedAt", _TIME, nullable=False, server_default=_NOW),
    UniqueConstraint("entityType", "crmId"),
    UniqueConstraint("entityType", "financeId"),
)

sync_log = Table(
    "SyncLog",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=_NEW_ID),
    Column("transactionId", Uuid, nullable=False),
    Column("entityMappingId", Uuid),
    Column("entityType", Text, nullable=False),
    Column("sourceEntity", Text, nullable=False, comment="customer, invoice, quote or contact"),
    Column("kind", Text, comment="person or organization, where it is known"),
    Column("direction", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("triggerType", Text, nullable=False),
    Column("triggerPayload", _JSON),
    Column("sourceEntityId", Text, nullable=False),
    Column("targetEntityId", Text),
    Column("sourceData", _JSON),
    Column("targetDataBefore", _JSON),
    Column("targetDataAfter", _JSON),
    Column("intent", _JSON, comment="the write that was about to be sent, noted before it left"),
    Column("errorMessage", Text),
    Column("retryCount", Integer, nullable=False, server_default="0"),
    Column("startedAt", _TIME, nullable=False),
    Column("completedAt", _TIME),
    Column("durationMs", Integer),
    Column("resolvedAt", _TIME, comment="when a later sync or a person settled what this row asks for"),
    Column("resolvedBy", Text, comment="the person who settled it; empty where a sync did"),
    Column("resolution", _JSON, comment="what that person said: it exists there, or it is absent"),
    Index("ix_SyncLog_startedAt", text('"startedAt" DESC'), text("id DESC")),
    Index("ix_SyncLog_status_startedAt", "status", text('"startedAt" DESC')),
    Index("ix_SyncLog_sourceEntityId", "sourceEntityId", text('"startedAt" DESC')),
    Index(
        "uq_SyncLog_open",
        "direction",
        "entityType",
        "sourceEntityId",
        unique=True,
        postgresql_where=text("status IN ('PENDING', 'IN_PROGRESS')"),
    ),
    Index(
        "ix_SyncLog_attention",
        text('"startedAt" DESC'),
        postgresql_where=text("""status IN ('FAILED', 'CONFLICT', 'IN_DOUBT') AND "resolvedAt" IS NULL"""),
    ),
    Index("ix_SyncLog_outcome", "status", "operation", "triggerType", "durationMs"),
)

webhook_delivery = Table(
    "WebhookDelivery",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=_NEW_ID),
    Column("entity", Text, nullable=False),
    Column("crmId", Text, nullable=False),
    Column("payload", _JSON),
    Column("receivedAt", _TIME, nullable=False, server_default=_NOW),
    Index("ix_WebhookDelivery_receivedAt", text('"receivedAt" DESC')),
    Index("ix_WebhookDelivery_crmId", "crmId"),
)

poll_cursor = Table(
    "PollCursor",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("cursor", _TIME, nullable=False, comment="the newest modification time seen, by the CRM's clock"),
    Column("polledAt", _TIME, comment="when the last poll of this stream ended well, by our clock"),
    Column("held", Integer, comment="changes found but not queued, because they are suspiciously many"),
)

remote_system = Table(
    "RemoteSystem",
    metadata,
    Column("system", Text, primary_key=True),
    Column("session", _JSON, comment="the login that all processes share"),
    Column("refusedCredentials", Text, comment="a fingerprint, never the password"),
    Column("refusedAt", _TIME),
    Column("lastContactAt", _TIME, comment="the last answer of any kind"),
    Column("state", Text, comment="ok, or the reason code of the last failed call"),
    Column("stateAt", _TIME),
    Column("calls", BigInteger, nullable=False, server_default="0"),
    Column("errors", _JSON, nullable=False, server_default="{}", comment="failed calls by reason"),
    Column("milliseconds", BigInteger, nullable=False, server_default="0", comment="time spent in calls"),
)

import_run = Table(
    "ImportRun",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=_NEW_ID),
    Column("startedAt", _TIME, nullable=False, server_default=_NOW),
    Column("finishedAt", _TIME, comment="set only when every record was looked at"),
    Column("counts", _JSON),
)

user = Table(
    "User",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=_NEW_ID),
    Column("name", Text, nullable=False),
    Column("nameKey", Text, nullable=False, comment="the form in which spellings are equal"),
    Column("passwordHash", Text, nullable=False, comment="argon2id"),
    Column("role", Text, nullable=False, comment="viewer, operator or admin"),
    Column("createdAt", _TIME, nullable=False),
    Column("disabledAt", _TIME),
    UniqueConstraint("nameKey"),
)

user_session = Table(
    "UserSession",
    metadata,
    Column("tokenHash", Text, primary_key=True, comment="SHA-256 of what the browser holds"),
    Column("userId", Uuid, ForeignKey(user.c.id, ondelete="CASCADE"), nullable=False),
    Column("createdAt", _TIME, nullable=False),
    Column("lastSeenAt", _TIME, nullable=False, comment="to the minute"),
    Index("ix_UserSession_userId", "userId"),
)

api_token = Table(
    "ApiToken",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=_NEW_ID),
    Column("name", Text, nullable=False),
    Column("nameKey", Text, nullable=False, comment="the form in which spellings are equal"),
    Column("role", Text, nullable=False, comment="viewer, operator or admin"),
    Column("tokenHash", Text, nullable=False, comment="SHA-256 of the token"),
    Column("createdAt", _TIME, nullable=False),
    Column("createdBy", Text, nullable=False),
    Column("lastUsedAt", _TIME, comment="to the minute"),
    Column("revokedAt", _TIME),
    UniqueConstraint("tokenHash"),
    Index("uq_ApiToken_valid_name", "nameKey", unique=True, postgresql_where=text('"revokedAt" IS NULL')),
)
