"""A long history in the database, as years of use leave it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from benchmarks.filters import RUN
from hamgam.db.engine import Database
from hamgam.people import sessions, users
from hamgam.people.roles import Role
from hamgam.trail.place import Place

SECONDS_APART = 6
"""Between two syncs."""
PLAN = "3f2504e0-4f89-41d3-9a0c-0305e82c3302"


@dataclass(frozen=True, slots=True)
class Size:
    customers: int
    syncs: int


_MAPPINGS = """
INSERT INTO "EntityMapping"
  ("entityType", "crmId", "financeId", "crmEntity", kind, "lastSyncAt", "lastSyncSource",
   "createdAt")
SELECT 'CUSTOMER', md5(n::text)::uuid::text, n::text, 'customer', 'person', now(), 'CRM',
  now() - make_interval(secs => n)
FROM generate_series(1, :customers) AS n
"""
_LOG = """
INSERT INTO "SyncLog" ("transactionId", "entityType", "sourceEntity", kind, direction, operation, status,
  reason, "triggerType", "triggerPayload",
  "sourceEntityId", "targetEntityId", "sourceData", "errorMessage", "startedAt",
  "completedAt", "durationMs", "resolvedAt", attempts)
SELECT gen_random_uuid(),
  CASE WHEN n % 17 = 0 THEN 'PREINVOICE' ELSE 'CUSTOMER' END,
  CASE WHEN n % 17 = 0 THEN 'invoice' ELSE 'customer' END,
  'person', 'CRM_TO_FINANCE',
  CASE WHEN n % 10 >= 7 THEN 'NONE' WHEN n % 13 = 0 THEN 'CREATE'
    WHEN n % 29 = 0 THEN 'LINK' ELSE 'UPDATE' END,
  CASE WHEN n % 1000 = 0 THEN (ARRAY['FAILED', 'CONFLICT', 'IN_DOUBT'])[1 + n / 1000 % 3]
    WHEN n % 10 < 7 THEN 'SUCCESS' ELSE 'SKIPPED' END,
  CASE WHEN n % 1000 = 0 THEN (ARRAY['DUPLICATE_PHONE', 'WRONG_ADDRESS', 'MATCH_TAKEN'])[1 + n / 3000 % 3]
    WHEN n % 10 < 7 THEN CASE WHEN n % 101 = 0 THEN 'CRM_PRIORITY' END
    ELSE (ARRAY['CHECKSUM_MATCH', 'TIME_GATE', 'OWN_TRANSACTION'])[1 + n % 11 % 3] END,
  (ARRAY['WEBHOOK', 'POLL', 'WEBHOOK', 'POLL', 'MANUAL', 'IMPORT', 'WEBHOOK'])[1 + n % 7],
  CASE WHEN n % 7 = 5 THEN jsonb_build_object('run', CAST(:run AS text)) END,
  md5((n % :customers + 1)::text)::uuid::text, (n % :customers + 1)::text,
  jsonb_build_object('kind', 'person', 'number', (n % :customers + 1)::text,
    'fields', jsonb_build_object('name', 'مشتری ' || n % :customers, 'mobile', '09' || lpad(n::text, 9, '0'))
  ),
  CASE WHEN n % 1000 = 0 THEN 'شماره تلفن همراه تکراری است' END,
  now() - make_interval(secs => n * :apart), now() - make_interval(secs => n * :apart - 1), 20 + n % 200,
  CASE WHEN n % 1000 = 0 AND n > 100000 THEN now() END,
  CASE WHEN n % 50 = 3 AND n % 7 <> 5 THEN jsonb_build_array(jsonb_build_object('endedAt', now())) END
FROM generate_series(:syncs, 1, -1) AS n
"""
"""Oldest first, as a log is written."""

_NAMES = """
INSERT INTO "RecordName" (entity, id, kind, name, number, search)
SELECT 'customer', md5(n::text)::uuid::text, 'person', 'مشتری ' || n, n::text,
  format(' مشتری%s %s %s 0098%s 0%s ', n, n, md5(n::text), 9000000000 + n, 9000000000 + n)
FROM generate_series(1, :customers) AS n
"""
_ACTION = """
WITH action AS (
  INSERT INTO "BulkAction" (id, what, "by", "startedAt", total, done)
  VALUES (gen_random_uuid(), 'retry', 'benchmark', now(), 50000, 50000) RETURNING id
), items AS (
  INSERT INTO "BulkItem" ("bulkId", "logId", seen, outcome, tries, record, ended, "syncId")
  SELECT action.id, s.id, gen_random_uuid(), 'DONE', 1, s."sourceEntity" || ':' || s."sourceEntityId",
    CASE WHEN s.status = 'SUCCESS' THEN s.status END, CASE WHEN s.status = 'SUCCESS' THEN s.id END
  FROM action, (SELECT * FROM "SyncLog" ORDER BY md5(id::text) LIMIT 50000) s
)
SELECT id FROM action
"""
"""A retry of rows from all of the log; most of its syncs have ended, the others wait."""

_DOCUMENTS = """
INSERT INTO "EntityMapping" ("entityType", "crmId", "financeId", "crmEntity", "lastSyncAt", "lastSyncSource",
  "createdAt")
SELECT 'PREINVOICE', "sourceEntityId", "targetEntityId", 'invoice', now(), 'CRM', min("startedAt")
FROM "SyncLog" WHERE "sourceEntity" = 'invoice' AND CAST("targetEntityId" AS integer) <= :documents
GROUP BY "sourceEntityId", "targetEntityId"
"""
_DOCUMENT_NAMES = """
INSERT INTO "RecordName" (entity, id, name, number, "customerId", search)
SELECT 'invoice', "crmId", 'فاکتور ' || "financeId", "financeId", md5('1')::uuid::text,
  format(' فاکتور%s %s ', "financeId", "financeId")
FROM "EntityMapping" WHERE "entityType" = 'PREINVOICE'
"""
_IMPORTS = """
INSERT INTO "ImportRun" (id, "dryRun", state, "startedAt", "endedAt", "finishedAt", counts, reasons)
SELECT CAST(run AS uuid), run = :plan, 'DONE', now(), now(), now(),
  jsonb_build_object('created', :customers - :customers / 10, 'skipped', :customers / 10,
    'total', :customers),
  jsonb_build_object('INACTIVE', :customers / 10)
FROM unnest(ARRAY[:plan, :run]) AS run
"""
_PLANNED = """
INSERT INTO "PlannedContact" ("runId", position, code, name, kind, outcome, reason)
SELECT CAST(:plan AS uuid), n, n::text, 'مشتری ' || n, 'person',
  CASE WHEN n % 10 = 0 THEN 'skipped' ELSE 'created' END, CASE WHEN n % 10 = 0 THEN 'INACTIVE' END
FROM generate_series(1, :customers) AS n
"""
_FILLING = (_MAPPINGS, _NAMES, _LOG, _DOCUMENTS, _DOCUMENT_NAMES, _IMPORTS, _PLANNED)
_PROBLEM = """SELECT id FROM "SyncLog" WHERE status = 'FAILED' AND "resolvedAt" IS NULL LIMIT 1"""
_DOCUMENT = """SELECT "crmId" FROM "EntityMapping" WHERE "entityType" = 'PREINVOICE' LIMIT 1"""
_DOUBT = """SELECT id FROM "SyncLog" WHERE status = 'IN_DOUBT' AND "resolvedAt" IS NULL LIMIT 1"""
_HALF = (
    """SELECT "createdAt", id FROM "EntityMapping" ORDER BY "createdAt" DESC, id DESC OFFSET :half LIMIT 1"""
)


async def fill(db: Database, size: Size) -> dict[str, Any]:
    """What addresses name of it: one row of each kind, and a place in the middle of a list."""
    given = {
        "customers": size.customers,
        "documents": size.customers // 100,
        "syncs": size.syncs,
        "apart": SECONDS_APART,
        "run": RUN,
        "plan": PLAN,
    }
    for statement in map(text, _FILLING):
        await db.execute(statement, {name: given[name] for name in statement.compile().params})
    # Otherwise the database does so by itself a minute later, in the midst of what is measured.
    await db.execute(text("VACUUM ANALYZE"))
    half = (await db.execute(text(_HALF), {"half": size.customers // 2})).one()
    document = await db.execute(text(_DOCUMENT))
    return {
        "plan": PLAN,
        "run": RUN,
        "far": size.customers - 200,
        "problem": (await db.execute(text(_PROBLEM))).scalar_one(),
        "doubt": (await db.execute(text(_DOUBT))).scalar_one(),
        "document": document.scalar_one(),
        "action": (await db.execute(text(_ACTION))).scalar_one(),
        "far_back": Place(*half),
        "since": Place(*half, newer=True),
    }


async def signed_in(db: Database) -> str:
    """The session of an admin; from then on nobody comes in without one."""
    now = datetime.now(UTC)
    user = await users.add(db, "benchmark", Role.ADMIN, "no hash", now)
    return await sessions.start(db, user.id, now)
