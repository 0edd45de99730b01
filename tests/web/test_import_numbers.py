"""Each number of an import leads to as many rows of the log, whatever happened around it."""

from datetime import timedelta
from typing import Any

import httpx2

from hamgam.db.engine import Database
from hamgam.sandbox import Fault, FaultKind
from hamgam.trail import log
from tests.bench import Bench, bench
from tests.jobs.test_worker import worker
from tests.web.test_every_number import rows_behind
from tests.web.test_import_page import ask, fill, reached, visiting

_STATUSES = {
    "created": "status=SUCCESS&operation=CREATE",
    "skipped": "status=SKIPPED",
    "failed": "status=FAILED&status=CONFLICT",
}


def refused(b: Bench, status: int, times: int, skip: int = 0) -> None:
    fault = Fault(FaultKind.STATUS, system="crm", operation="person/create", status=status)
    fault.times, fault.skip = times, skip
    b.box.faults.add(fault)


async def behind(client: httpx2.AsyncClient, run: dict[str, Any]) -> dict[str, int]:
    return {
        outcome: await rows_behind(client, f"/syncs?run={run['id']}&{query}")
        for outcome, query in _STATUSES.items()
    }


def said(run: dict[str, Any]) -> dict[str, int]:
    return {outcome: run[outcome] for outcome in _STATUSES}


async def test_its_numbers_lead_to_its_rows(db: Database) -> None:
    """It fails with some contacts and breaks off, another runs in between, and it goes on and fails again."""
    async with bench(db) as b, worker(b), visiting(db) as client:
        fill(b, 80)
        b.box.finance.add_contact(Name="رفته", IsActive=False)
        refused(b, 403, times=3)
        refused(b, 402, times=60, skip=20)
        broken = await reached(client, (await ask(client))["id"], "FAILED")
        assert broken["failed"] == 3
        b.box.faults.clear()
        other = await reached(client, (await ask(client, limit=5))["id"], "DONE")
        assert other["created"] == 5
        refused(b, 403, times=2)
        await client.post(f"/import/{broken['id']}/resume")
        done = await reached(client, broken["id"], "DONE")
        assert done["failed"] == 2
        for run in (done, other):
            assert await behind(client, run) == said(run)
        reasons = (f"/syncs?run={done['id']}&reason={reason}" for reason in done["reasons"])
        assert [await rows_behind(client, each) for each in reasons] == list(done["reasons"].values())
        await log.purge(db, b.clock() + timedelta(days=1))
        assert await behind(client, done) == said(done)
        assert all(row.sourceData is None for row in await b.log() if row.status == "SUCCESS")
