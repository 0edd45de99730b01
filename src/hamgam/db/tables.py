"""The tables. Names and columns of `"EntityMapping"` and `"SyncLog"` are a public interface.

Invariants live here as unique indexes: one mapping per id on either side, one open log row per entity.
Every time is stored with its zone, in UTC.
"""

from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Computed,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    literal_column,
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
_FALSE = text("false")
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
    Index("ix_EntityMapping_createdAt", "entityType", text('"createdAt" DESC'), text("id DESC")),
)

ASKS_FOR_PERSON = text("""status IN ('FAILED', 'CONFLICT', 'IN_DOUBT') AND "resolvedAt" IS NULL""")
"""In the words of its index, which is not used for a list that is a parameter."""
ASKS = "!"
"""The last word of a facet: the row asks for a person. Otherwise it is -, as for no reason."""
_FACET = (
    """status || ' ' || operation || ' ' || "triggerType" || ' ' || "entityType" || ' ' ||"""
    """ coalesce(reason, '-') || CASE WHEN status IN ('FAILED', 'CONFLICT', 'IN_DOUBT')"""
    """ AND "resolvedAt" IS NULL THEN ' !' ELSE ' -' END"""
)
_RUN = """("triggerPayload" ->> 'run')"""

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
    Column("attempts", _JSON, comment="those before the latest one, and why they ended"),
    Column("startedAt", _TIME, nullable=False),
    Column("completedAt", _TIME),
    Column("durationMs", Integer),
    Column("resolvedAt", _TIME, comment="when a later sync or a person settled what this row asks for"),
    Column("resolvedBy", Text, comment="the person who settled it; empty where a sync did"),
    Column("resolution", _JSON, comment="what that person said: exists, absent, retried or dismissed"),
    Column("facet", Text, Computed(_FACET, persisted=True), comment="what lists are filtered by, in one"),
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
        postgresql_where=ASKS_FOR_PERSON,
    ),
    Index("ix_SyncLog_facet", "facet", "startedAt", "id"),
    Index(
        "ix_SyncLog_retried",
        "facet",
        "startedAt",
        "id",
        postgresql_where=text("attempts IS NOT NULL"),
    ),
    Index(
        "ix_SyncLog_run",
        text(_RUN),
        "facet",
        "startedAt",
        "id",
        postgresql_where=text(f"{_RUN} IS NOT NULL"),
    ),
    Index(
        "ix_SyncLog_targetEntityId",
        "targetEntityId",
        postgresql_where=text('"targetEntityId" IS NOT NULL'),
    ),
    Index("ix_SyncLog_outcome", "status", "operation", "triggerType", "durationMs"),
)

record_name = Table(
    "RecordName",
    metadata,
    Column("entity", Text, primary_key=True, comment="customer, invoice, quote or contact"),
    Column("id", Text, primary_key=True, comment="of the CRM; the finance code of a contact"),
    Column("kind", Text, comment="person or organization, where it is known"),
    Column("name", Text, nullable=False, comment="a customer's name or a document's subject"),
    Column("number", Text, nullable=False, comment="that people know it by"),
    Column("customerId", Text, comment="whose document it is"),
    Column("search", Text, nullable=False, comment="what a search looks at, in normal form"),
    Column("updatedAt", _TIME, nullable=False, server_default=_NOW),
    Index("ix_RecordName_customerId", "customerId", postgresql_where=text('"customerId" IS NOT NULL')),
)
"""What people look for a record by. `search` has no index that each sync would pay for: to read it through
takes 30 ms for 100,000 records, and finds any part of a word."""


def written_by(run_id: UUID) -> ColumnElement[bool]:
    """The rows of the log that an import has written, in the words of their index."""
    run: ColumnElement[str] = literal_column(_RUN, Text)
    return run == str(run_id)


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
    Column("heldAt", _TIME, comment="when they were first held back"),
    Column("released", Integer, comment="up to so many of them a person lets through at the next poll"),
    Column("releasedBy", Text),
    Column("releasedAt", _TIME),
)

remote_system = Table(
    "RemoteSystem",
    metadata,
    Column("system", Text, primary_key=True),
    Column("session", _JSON, comment="the login that all processes share"),
    Column("sessionAt", _TIME),
    Column("refusedCredentials", Text, comment="a fingerprint, never the password"),
    Column("refusedAt", _TIME),
    Column("lastContactAt", _TIME, comment="the last answer of any kind"),
    Column("state", Text, comment="ok, or the reason code of the last failed call"),
    Column("stateAt", _TIME),
    Column("downSince", _TIME),
    Column("nextTryAt", _TIME),
    Column("downNotedAt", _TIME, comment="counts for a few seconds"),
    Column("waitingSince", _TIME, comment="the call that has waited longest for its answer"),
    Column("waitingNotedAt", _TIME, comment="counts for a few seconds"),
    Column("calls", BigInteger, nullable=False, server_default="0"),
    Column("errors", _JSON, nullable=False, server_default="{}", comment="failed calls by reason"),
    Column("milliseconds", BigInteger, nullable=False, server_default="0", comment="time spent in calls"),
)

site_probe = Table(
    "SiteProbe",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=_NEW_ID),
    Column("startedAt", _TIME, nullable=False),
    Column("startedBy", Text, nullable=False),
    Column("endedAt", _TIME),
    Column("trouble", Text, comment="why there is no report"),
    Column("report", _JSON, comment="what `check-apis --json` prints"),
)

import_run = Table(
    "ImportRun",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=_NEW_ID),
    Column("startedAt", _TIME, nullable=False, server_default=_NOW),
    Column("finishedAt", _TIME, comment="set only when every record was looked at"),
    Column("counts", _JSON),
    Column(
        "state",
        Text,
        nullable=False,
        server_default="DONE",
        comment="WAITING, RUNNING, STOPPED, FAILED or DONE",
    ),
    Column(
        "queued",
        Boolean,
        nullable=False,
        server_default=_FALSE,
        comment="any worker goes on with it; else it ends with the process of its command",
    ),
    Column("dryRun", Boolean, nullable=False, server_default=_FALSE),
    Column("again", Boolean, nullable=False, server_default=_FALSE),
    Column("force", Boolean, nullable=False, server_default=_FALSE),
    Column("limit", Integer),
    Column("startedBy", Text, comment="empty: from the command line"),
    Column("stoppedBy", Text, comment="the person who asked it to stop"),
    Column("resumedBy", Text, comment="the person who let it go on"),
    Column("reasons", _JSON, comment="contacts by reason code"),
    Column("perSecond", Float, comment="contacts per second of late"),
    Column("waitsFor", Text, comment="why it waits for a remote system"),
    Column("heardAt", _TIME, comment="its last sign of life"),
    Column("endedAt", _TIME, comment="when it ended in any way"),
    Column("trouble", Text, comment="a code for what ended it early"),
    Column("detail", Text, comment="what the remote system said of it"),
    Index(
        "uq_ImportRun_open",
        text("(true)"),
        unique=True,
        postgresql_where=text("state IN ('WAITING', 'RUNNING')"),
    ),
    Index("ix_ImportRun_startedAt", text('"startedAt" DESC')),
)

planned_contact = Table(
    "PlannedContact",
    metadata,
    Column("runId", Uuid, ForeignKey(import_run.c.id, ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, comment="in finance's list"),
    Column("code", Text, nullable=False, comment="finance's code of the contact"),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False, comment="person or organization"),
    Column("outcome", Text, nullable=False, comment="created, linked, skipped or failed"),
    Column("reason", Text),
    Column("customer", Text, comment="CRM id of the customer that it belongs to"),
)

bulk_action = Table(
    "BulkAction",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("what", Text, nullable=False),
    Column("note", Text, comment="said of each row that is dismissed"),
    Column("filter", _JSON, comment="which rows were wanted; empty where they were chosen one by one"),
    Column("by", Text, nullable=False),
    Column("startedAt", _TIME, nullable=False),
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False, server_default="0"),
    Column("failed", Integer, nullable=False, server_default="0", comment="left alone; the items say why"),
    Column("finishedAt", _TIME),
    Column("cancelledAt", _TIME),
    Column("cancelledBy", Text),
    CheckConstraint("done + failed <= total", name="ck_BulkAction_counts"),
    Index("ix_BulkAction_open", "startedAt", postgresql_where=text('"finishedAt" IS NULL')),
    Index("ix_BulkAction_startedAt", text('"startedAt" DESC')),
)

bulk_item = Table(
    "BulkItem",
    metadata,
    Column("bulkId", Uuid, ForeignKey("BulkAction.id", ondelete="CASCADE"), primary_key=True),
    Column("logId", Uuid, primary_key=True),
    Column("seen", Uuid, nullable=False, comment="the attempt that the row told of when it was chosen"),
    Column("outcome", Text, comment="empty: not tried yet; BUSY: to be tried again"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("record", Text, comment="of a retry: whose sync it leads to"),
    Column("ended", Text, comment="how that sync has ended, as a stage"),
    Column("syncId", Uuid, comment="the log row of that sync"),
    Index(
        "ix_BulkItem_under_way",
        "bulkId",
        postgresql_where=text("outcome = 'DONE' AND record IS NOT NULL AND ended IS NULL"),
    ),
    Index(
        "ix_BulkItem_left",
        "bulkId",
        "tries",
        postgresql_where=text("outcome IS NULL OR outcome = 'BUSY'"),
    ),
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
