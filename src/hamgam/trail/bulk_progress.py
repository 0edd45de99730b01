"""How far an action on many rows is: what was asked for, what is under way, and how the rest has ended.

To put a row back is not to be done with it. So a retry counts by the sync that it led to: the row's own next
attempt, or, where the row was settled by being put back, the next sync of its record. How that has ended is
noted once, by a worker: the log is not read through each time that somebody looks, and a later attempt is
another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import text

from hamgam.db.engine import Database


class Stage(StrEnum):
    ASKED = "ASKED"
    """Its turn has not come."""
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    SKIPPED = "SKIPPED"
    """Nothing had to be written any more."""
    FAILED = "FAILED"
    """It asks for a person again."""
    DISMISSED = "DISMISSED"
    LEFT_ALONE = "LEFT_ALONE"
    """Somebody was faster, or was working on it each time; or no sync has come of it."""
    NOT_DONE = "NOT_DONE"
    """The action was stopped before."""


UNDER_WAY = (Stage.ASKED, Stage.QUEUED, Stage.RUNNING)


@dataclass(frozen=True, slots=True)
class Progress:
    counts: Mapping[Stage, int]
    """Stages at which no row is are left out."""

    @property
    def under_way(self) -> int:
        return sum(self.counts.get(stage, 0) for stage in UNDER_WAY)

    @property
    def ended(self) -> int:
        return sum(self.counts.values()) - self.under_way


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One row of an action, and the sync that it led to."""

    log_id: UUID
    sync_id: UUID
    entity: str
    crm_id: str
    name: str
    status: str
    reason: str | None


async def progress(db: Database, bulk_ids: Sequence[UUID]) -> dict[UUID, Progress]:
    """Of some actions at once."""
    found = await db.execute(text(_COUNTS), {"ids": list(bulk_ids)})
    counts: dict[UUID, dict[Stage, int]] = {bulk_id: {} for bulk_id in bulk_ids}
    for row in found:
        counts[row.bulkId][Stage(row.stage)] = row.rows
    return {bulk_id: Progress(_in_order(each)) for bulk_id, each in counts.items()}


def _in_order(counts: Mapping[Stage, int]) -> Mapping[Stage, int]:
    return {stage: counts[stage] for stage in Stage if stage in counts}


async def members(
    db: Database, bulk_id: UUID, stage: Stage, *, after: UUID | None, limit: int
) -> list[Member]:
    """The rows at one stage, in the order of their ids."""
    given = {"id": bulk_id, "stage": stage, "after": after, "limit": limit}
    return [
        Member(
            log_id=row.logId,
            sync_id=row.sync,
            entity=row.sourceEntity,
            crm_id=row.sourceEntityId,
            name=row.name or row.number or "",
            status=row.status,
            reason=row.reason,
        )
        for row in await db.execute(text(_MEMBERS), given)
    ]


async def note_ended(db: Database) -> bool:
    """Note which syncs have ended meanwhile; answers whether there are others that will.

    While one is to come its record has a job, so only those without one are looked up in the log.
    """
    await db.execute(text(_NOTE))
    return bool((await db.execute(text(_TO_COME))).scalar_one())


_UNDER_WAY = "i.outcome = 'DONE' AND i.record IS NOT NULL AND i.ended IS NULL"
# Each of these finds its index, or reads once the few jobs that have ended. Asked in one, the planner may
# compare every row with every job: it knows nothing of an action that has just begun.
_HAS_JOB = """(
  EXISTS (SELECT FROM procrastinate_jobs j WHERE j.queueing_lock = i.record AND j.status = 'todo')
  OR EXISTS (SELECT FROM procrastinate_jobs j WHERE j.lock = i.record AND j.status = 'doing')
  OR i.record IN (
    SELECT j.lock FROM procrastinate_jobs j WHERE j.status NOT IN ('todo', 'doing') AND j.lock IS NOT NULL)
)"""
_TO_COME = f'SELECT EXISTS (SELECT FROM "BulkItem" i WHERE {_UNDER_WAY} AND {_HAS_JOB})'  # noqa: S608

# A row that was not tried since it was chosen tells nothing of the retry; the record's next sync does. A
# notice that was skipped before anything was read is none.
_NOTE = f"""
UPDATE "BulkItem" noted SET "syncId" = led.sync,
  ended = CASE WHEN led.status IN ('SUCCESS', 'SKIPPED', 'LEFT_ALONE') THEN led.status ELSE 'FAILED' END
FROM (
  SELECT i."bulkId", i."logId", coalesce(n.id, s.id) AS sync,
         coalesce(n.status, CASE WHEN still THEN 'LEFT_ALONE' ELSE s.status END) AS status
  FROM "BulkItem" i
  JOIN "BulkAction" b ON b.id = i."bulkId"
  JOIN "SyncLog" s ON s.id = i."logId"
  CROSS JOIN LATERAL (
    SELECT s."transactionId" = i.seen AND s.status IN ('FAILED', 'CONFLICT', 'IN_DOUBT') AS still
  ) untried
  LEFT JOIN LATERAL (
    SELECT id, status FROM "SyncLog" later
    WHERE still AND later."sourceEntityId" = s."sourceEntityId" AND later."entityType" = s."entityType"
      AND later.direction = s.direction AND later."startedAt" > s."startedAt"
      AND coalesce(later."completedAt" >= b."startedAt", true)
      AND coalesce(later.reason, '') NOT IN ('TIME_GATE', 'OWN_TRANSACTION')
    ORDER BY later."startedAt" LIMIT 1
  ) n ON true
  WHERE {_UNDER_WAY} AND NOT {_HAS_JOB}
) led
WHERE noted."bulkId" = led."bulkId" AND noted."logId" = led."logId"
  AND led.status NOT IN ('PENDING', 'IN_PROGRESS')
"""  # noqa: S608 - it is put together of constants

_STAGE = """CASE
  WHEN i.ended IS NOT NULL THEN i.ended
  WHEN i.outcome IN ('GONE', 'DEFECT') THEN 'LEFT_ALONE'
  WHEN i.outcome = 'DONE' AND b.what = 'dismiss' THEN 'DISMISSED'
  WHEN i.outcome = 'DONE' THEN CASE WHEN i.runs THEN 'RUNNING' ELSE 'QUEUED' END
  WHEN b."cancelledAt" IS NOT NULL THEN 'NOT_DONE'
  WHEN b."finishedAt" IS NOT NULL THEN 'LEFT_ALONE'
  ELSE 'ASKED' END"""
_RECORD = """ "sourceEntity" || ':' || "sourceEntityId" """
_RUNS = f"""coalesce(record = ANY(ARRAY(
  SELECT {_RECORD} FROM "SyncLog" WHERE status = 'IN_PROGRESS' AND direction = 'CRM_TO_FINANCE'
)), false)"""  # noqa: S608

# What one action has is counted, or one page of it taken, before anything is joined to it: of an action that
# has just begun the planner knows nothing, and takes its rows for a few.
_COUNTS = f"""
SELECT i."bulkId", {_STAGE} AS stage, sum(i.rows)::int AS rows
FROM (
  SELECT "bulkId", outcome, ended, {_RUNS} AS runs, count(*) AS rows
  FROM "BulkItem" WHERE "bulkId" = ANY(:ids) GROUP BY 1, 2, 3, 4
) i
JOIN "BulkAction" b ON b.id = i."bulkId"
GROUP BY 1, 2
"""  # noqa: S608

_MEMBERS = f"""
SELECT i."logId", told.id AS sync, told."sourceEntity", told."sourceEntityId", told.reason,
       CASE i.stage WHEN 'QUEUED' THEN 'PENDING' ELSE told.status END AS status, r.name, r.number
FROM (
  SELECT i.*, {_STAGE} AS stage
  FROM (SELECT *, {_RUNS} AS runs FROM "BulkItem" WHERE "bulkId" = :id) i
  JOIN "BulkAction" b ON b.id = :id
  WHERE {_STAGE} = :stage AND (CAST(:after AS uuid) IS NULL OR i."logId" > CAST(:after AS uuid))
  ORDER BY i."logId" LIMIT :limit
) i
LEFT JOIN LATERAL (
  SELECT id FROM "SyncLog"
  WHERE i.runs AND "sourceEntityId" = split_part(i.record, ':', 2) AND {_RECORD} = i.record
    AND status = 'IN_PROGRESS' LIMIT 1
) running ON true
JOIN "SyncLog" told ON told.id = coalesce(i."syncId", running.id, i."logId")
LEFT JOIN "RecordName" r ON r.entity = told."sourceEntity" AND r.id = told."sourceEntityId"
ORDER BY i."logId"
"""  # noqa: S608
