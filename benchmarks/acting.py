"""A person's word on many rows at once, carried out by a worker."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import text

from benchmarks.installation import Installation
from benchmarks.processes import hamgam
from benchmarks.report import Figure
from hamgam.jobs.bulk import submit
from hamgam.trail import bulk
from hamgam.trail.worklist import Together, Wanted

_ROWS = 10_000
_BUDGET_PER_SECOND = 300
_FAILED = """
INSERT INTO "SyncLog" ("transactionId", "entityType", "sourceEntity", direction, operation, status, reason,
  "triggerType", "sourceEntityId", "sourceData", "startedAt", "completedAt")
SELECT gen_random_uuid(), 'CUSTOMER', 'customer', 'CRM_TO_FINANCE', 'CREATE', 'FAILED', :reason, 'POLL',
  gen_random_uuid()::text, '{"fields": {"name": "مشتری"}}', now(), now()
FROM generate_series(1, :rows)
"""


async def on_many(site: Installation) -> list[Figure]:
    """The retried syncs begin while others are still being put back, so both share the worker."""
    async with hamgam("worker", site.environment, site.folder):
        return [await _rate(site, what) for what in (Together.DISMISS, Together.RETRY)]


async def _rate(site: Installation, what: Together) -> Figure:
    reason = f"BENCHMARK_{what.name}"
    await site.db.execute(text(_FAILED), {"rows": _ROWS, "reason": reason})
    action, now = uuid4(), datetime.now(UTC)
    await submit(site.db, action, what, Wanted(reason=reason), expected=_ROWS, by="benchmark", now=now)
    while (done := await bulk.load(site.db, action)) is None or done.finished_at is None:
        await asyncio.sleep(0.2)
    assert done.done == _ROWS, done
    rate = _ROWS / (done.finished_at - now).total_seconds()
    return Figure(
        f"{what} of {_ROWS:,} failed syncs at once",
        f"{rate:.0f} rows/s",
        budget=f"≥ {_BUDGET_PER_SECOND}/s",
        met=rate >= _BUDGET_PER_SECOND,
    )
