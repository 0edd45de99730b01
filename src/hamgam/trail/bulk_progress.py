"""How far an action on many rows is: what was asked for, what is under way, and how the rest has ended.

To put a row back is not to be done with it. So a retry counts by the sync that it led to: the row's own next
attempt, or, where the row was settled by being put back, the next sync of its record.
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
    """Somebody was faster, or was working on it each time."""
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
    given = {"ids": [bulk_id], "stage": stage, "after": after, "limit": limit}
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


# A row that was not tried since it was chosen tells nothing of the retry; the record's next sync does. A
# notice that was skipped before anything was read is none.
_LED = """
SELECT i."bulkId", i."logId", i.outcome, b.what, b."finishedAt", b."cancelledAt",
       coalesce(n.id, i."logId") AS sync,
       coalesce(n.status, CASE WHEN still THEN 'PENDING' ELSE s.status END) AS status
FROM "BulkItem" i
JOIN "BulkAction" b ON b.id = i."bulkId"
LEFT JOIN "SyncLog" s ON s.id = i."logId" AND i.outcome = 'DONE' AND b.what = 'retry'
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
WHERE i."bulkId" = ANY(:ids)
"""

_STAGED = f"""
SELECT led.*, CASE
  WHEN outcome IN ('GONE', 'DEFECT') THEN 'LEFT_ALONE'
  WHEN outcome = 'DONE' AND what = 'dismiss' THEN 'DISMISSED'
  WHEN outcome = 'DONE' THEN CASE status
    WHEN 'PENDING' THEN 'QUEUED' WHEN 'IN_PROGRESS' THEN 'RUNNING'
    WHEN 'SUCCESS' THEN 'SUCCESS' WHEN 'SKIPPED' THEN 'SKIPPED' ELSE 'FAILED' END
  WHEN "cancelledAt" IS NOT NULL THEN 'NOT_DONE'
  WHEN "finishedAt" IS NOT NULL THEN 'LEFT_ALONE'
  ELSE 'ASKED' END AS stage
FROM ({_LED}) led
"""  # noqa: S608 - it is put together of constants

_COUNTS = f'SELECT "bulkId", stage, count(*) AS rows FROM ({_STAGED}) staged GROUP BY 1, 2'  # noqa: S608

_MEMBERS = f"""
SELECT staged."logId", sync, told."sourceEntity", told."sourceEntityId", told.reason,
       coalesce(staged.status, told.status) AS status, r.name, r.number
FROM ({_STAGED}) staged
JOIN "SyncLog" told ON told.id = staged.sync
LEFT JOIN "RecordName" r ON r.entity = told."sourceEntity" AND r.id = told."sourceEntityId"
WHERE stage = :stage AND (CAST(:after AS uuid) IS NULL OR "logId" > CAST(:after AS uuid))
ORDER BY "logId" LIMIT :limit
"""  # noqa: S608
