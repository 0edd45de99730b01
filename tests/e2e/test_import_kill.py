"""An import that a person asked for, and workers that die under it."""

import asyncio
import signal
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from uuid import uuid4

from hamgam.db.engine import Database
from hamgam.jobs import importing
from hamgam.sandbox import Sandbox
from hamgam.trail import import_runs
from hamgam.trail.import_runs import Run, RunRequest, RunState
from tests.e2e.conftest import Program, until
from tests.e2e.crew import each_once, holds

CONTACTS = 150
SLOW = {"CRM_RATE_PER_SECOND": "20"}


async def test_another_worker_goes_on_where_one_was_killed_and_nothing_is_twice(
    box: Sandbox, crew: Program
) -> None:
    for number in range(CONTACTS):
        box.finance.add_contact(Name=f"مشتری {number}", tmpid=str(number))
    box.finance.add_contact(Name="رفته", IsActive=False)
    db = Database(crew.environment["DATABASE_URL"])
    request = RunRequest(id=uuid4(), started_by="مینا")
    await importing.start(db, request, datetime.now(UTC))
    async with AsyncExitStack() as stack:
        doomed = await stack.enter_async_context(crew.doomed("worker", **SLOW))
        await until(holds(lambda: len(box.crm.persons) >= 5), seconds=60)
        others = [await stack.enter_async_context(crew.doomed("worker", **SLOW)) for _ in range(2)]
        for other in others:
            await until(holds(lambda other=other: other.logged("hamgam.started")), seconds=60)
        doomed.signal(signal.SIGKILL)
        await doomed.process.wait()
        assert len(box.crm.persons) < CONTACTS

        async def done() -> bool:
            return (await _found(db, request)).state is RunState.DONE

        await until(done, seconds=120)
        # The one that died is found by the search for stalled jobs, and by one of the two alone.
        assert sum(len(other.logged("import.ended")) for other in others) == 1
    run = await _found(db, request)
    await db.aclose()
    assert run.outcomes["skipped"] == 1
    assert run.written == CONTACTS
    assert run.finished_at is not None
    del box.finance.contacts[max(box.finance.contacts)]  # the inactive one
    each_once(box, crew)
    logged = crew.rows('SELECT count(*), count(DISTINCT "sourceEntityId") FROM "SyncLog"')
    assert logged == [(CONTACTS + 1, CONTACTS + 1)], "one row for each contact"


async def _found(db: Database, request: RunRequest) -> Run:
    run = await import_runs.find(db, request.id)
    assert run is not None
    return run


async def test_the_command_stops_when_a_person_says_so_in_the_dashboard(box: Sandbox, crew: Program) -> None:
    for number in range(CONTACTS):
        box.finance.add_contact(Name=f"مشتری {number}", tmpid=str(number))
    db = Database(crew.environment["DATABASE_URL"])
    running = asyncio.create_task(crew.run("initial-import", **SLOW))
    await until(holds(lambda: len(box.crm.persons) >= 5), seconds=60)
    [run] = await import_runs.recent(db, 5)
    await importing.stop(db, run.id, "مینا", datetime.now(UTC))
    ended = await running
    assert ended.status == 1
    assert "stopped in the dashboard" in ended.err
    assert 5 <= len(box.crm.persons) < CONTACTS
    run = await _found(db, run.request)
    await db.aclose()
    assert (run.state, run.outcomes["created"]) == (RunState.STOPPED, len(box.crm.persons))
