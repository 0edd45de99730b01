"""Imports that a person asks for: one at a time, followed, stopped, resumed, and gone on with by others."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from hamgam.db.engine import Database
from hamgam.jobs import importing
from hamgam.jobs.worker import Work, Worker
from hamgam.sandbox import Fault, FaultKind
from hamgam.sync.initial_import import NotNow
from hamgam.trail import import_runs
from hamgam.trail.import_runs import Run, RunRequest, RunState
from tests.bench import Bench, bench
from tests.jobs.test_worker import until, worker

NOW = datetime(2026, 3, 20, 21, 0, tzinfo=UTC)


def fill(b: Bench, count: int) -> list[int]:
    return [b.box.finance.add_contact(Name=f"مشتری {n}") for n in range(count)]


def still(b: Bench) -> Work:
    """What a worker does that is told to do nothing by itself."""

    async def never() -> None:
        raise AssertionError

    return Work(site=b.site, poll=never, poll_interval_seconds=0, concurrency=1, retention_days=365)


def numbers(b: Bench) -> Counter[str]:
    return Counter(person["customerNumber"] for person in b.box.crm.persons.values())


async def ask(db: Database, **options: Any) -> Run:
    request = RunRequest(id=uuid4(), started_by="مینا", **options)
    return await importing.start(db, request, datetime.now(UTC))


async def reached(db: Database, run_id: UUID, *states: RunState) -> Run:
    found: list[Run] = []

    async def there() -> bool:
        run = await import_runs.find(db, run_id)
        assert run is not None
        found.append(run)
        return run.state in states

    await until(there)
    return found[-1]


async def test_a_worker_carries_out_what_a_person_asked_for(db: Database) -> None:
    async with bench(db) as b:
        codes = fill(b, 30)
        b.box.finance.add_contact(Name="رفته", IsActive=False)
        asked = await ask(db)
        assert (asked.state, asked.request.started_by, asked.queued) == (RunState.WAITING, "مینا", True)
        async with worker(b):
            run = await reached(db, asked.id, RunState.DONE)
        assert (run.total, run.outcomes) == (31, {"created": 30, "skipped": 1})
        assert run.reasons == {"INACTIVE": 1}
        assert run.finished_at is not None
        assert numbers(b) == Counter(map(str, codes))
        assert {row.triggerPayload["run"] for row in await b.log()} == {str(run.id)}
        assert await b.jobs() == []


async def test_a_plan_writes_nothing_and_keeps_its_result(db: Database) -> None:
    async with bench(db) as b, worker(b):
        fill(b, 4)
        plan = await reached(db, (await ask(db, dry_run=True)).id, RunState.DONE)
        assert (plan.outcomes, plan.finished_at, plan.can_resume) == ({"created": 4}, None, False)
        assert b.writes("crm") == []
        assert await b.log() == []


async def test_one_run_at_a_time_and_asking_twice_for_one_is_asking_once(db: Database) -> None:
    request = RunRequest(id=uuid4(), started_by="مینا")
    asked = await asyncio.gather(*(importing.start(db, request, NOW) for _ in range(3)))
    assert {run.id for run in asked} == {request.id}
    for dry_run in (False, True):
        with pytest.raises(NotNow) as refused:
            await ask(db, dry_run=dry_run)
        assert refused.value.code == "RUNS_ALREADY"
    assert [run.id for run in await import_runs.recent(db, 10)] == [request.id]


async def test_many_who_ask_at_the_same_moment_get_one_run(db: Database) -> None:
    answers = await asyncio.gather(*(ask(db) for _ in range(5)), return_exceptions=True)
    assert Counter(type(answer) for answer in answers) == Counter({NotNow: 4, Run: 1})


async def test_after_one_that_finished_another_needs_to_be_meant(db: Database) -> None:
    async with bench(db) as b, worker(b):
        fill(b, 2)
        await reached(db, (await ask(db)).id, RunState.DONE)
        with pytest.raises(NotNow) as refused:
            await ask(db)
        assert refused.value.code == "FINISHED_BEFORE"
        again = await reached(db, (await ask(db, again=True)).id, RunState.DONE)
        assert again.outcomes == {"skipped": 2}


async def test_it_stops_after_what_is_in_flight_and_goes_on_where_it_was(db: Database) -> None:
    async with bench(db) as b, worker(b):
        b.box.latency_seconds = 0.05
        codes = fill(b, 250)
        fill_inactive = [b.box.finance.add_contact(Name="رفته", IsActive=False) for _ in range(3)]
        asked = await ask(db)
        await b.box.journal.wait_for(10, system="crm", operation="person/create")
        stopping = await importing.stop(db, asked.id, "رضا", NOW)
        assert (stopping.stopped_by, stopping.is_open) == ("رضا", True)
        stopped = await reached(db, asked.id, RunState.STOPPED)
        made = len(b.box.crm.persons)
        assert 10 <= made < 250
        assert stopped.outcomes["created"] == made, "what was in flight is stored"
        assert (stopped.stopped_by, stopped.can_resume, stopped.finished_at) == ("رضا", True, None)
        b.box.latency_seconds = 0
        going = await importing.resume(db, asked.id, "مینا", NOW)
        assert (going.stopped_by, going.resumed_by) == (None, "مینا")
        run = await reached(db, asked.id, RunState.DONE)
        assert run.outcomes == {"created": 250, "skipped": 3}
        assert run.reasons == {"INACTIVE": 3}
        assert run.finished_at is not None
        assert numbers(b) == Counter(map(str, codes))
        rows = Counter(row.sourceEntityId for row in await b.log())
        assert rows == Counter(map(str, [*codes, *fill_inactive])), "one row for each contact"


async def test_a_limit_counts_over_all_parts_of_a_run(db: Database) -> None:
    async with bench(db) as b, worker(b):
        b.box.latency_seconds = 0.05
        fill(b, 250)
        asked = await ask(db, limit=200)
        await b.box.journal.wait_for(10, system="crm", operation="person/create")
        await importing.stop(db, asked.id, "رضا", NOW)
        await reached(db, asked.id, RunState.STOPPED)
        b.box.latency_seconds = 0
        await importing.resume(db, asked.id, "رضا", NOW)
        run = await reached(db, asked.id, RunState.DONE)
        assert (run.written, run.expected, run.finished_at) == (200, 200, None)
        assert len(b.box.crm.persons) == 200


async def test_one_that_waits_stops_at_once_and_is_not_carried_out(db: Database) -> None:
    async with bench(db) as b:
        fill(b, 3)
        asked = await ask(db)
        assert (await importing.stop(db, asked.id, "رضا", NOW)).state is RunState.STOPPED
        async with worker(b):

            async def no_job() -> bool:
                return not await b.jobs()

            await until(no_job)
        assert b.writes("crm") == []
        assert (await importing.stop(db, asked.id, "مینا", NOW)).stopped_by == "رضا", "asked twice"


async def test_it_stops_while_it_waits_for_a_system_that_is_down(db: Database) -> None:
    async def pause(seconds: float) -> None:
        await asyncio.sleep(0.02)

    async with bench(db, pause=pause) as b, worker(b):
        codes = fill(b, 20)
        b.box.faults.add(Fault(FaultKind.MAINTENANCE, system="crm", operation="*/create", times=None))
        asked = await ask(db)
        await b.box.journal.wait_for(1, system="crm", operation="person/create")
        await importing.stop(db, asked.id, "رضا", NOW)
        stopped = await reached(db, asked.id, RunState.STOPPED)
        assert stopped.outcomes.get("failed", 0) == 0
        b.box.faults.clear()
        await importing.resume(db, asked.id, "رضا", NOW)
        assert (await reached(db, asked.id, RunState.DONE)).outcomes == {"created": 20}
        assert numbers(b) == Counter(map(str, codes))


async def test_a_worker_that_is_told_to_stop_hands_over_to_another(db: Database) -> None:
    async with bench(db) as b:
        b.box.latency_seconds = 0.05
        codes = fill(b, 250)
        asked = await ask(db)
        async with worker(b):
            await b.box.journal.wait_for(10, system="crm", operation="person/create")
        left = await import_runs.find(db, asked.id)
        assert left is not None
        assert (left.state, left.stopped_by) == (RunState.WAITING, None)
        assert 0 < left.outcomes["created"] < 250
        b.box.latency_seconds = 0
        async with worker(b, count=2):
            run = await reached(db, asked.id, RunState.DONE)
        assert run.outcomes == {"created": 250}
        assert numbers(b) == Counter(map(str, codes))


async def test_a_job_that_comes_while_the_worker_ends_is_left_to_another(db: Database) -> None:
    async with bench(db) as b:
        fill(b, 3)
        asked = await ask(db)
        await b.rows("DELETE FROM procrastinate_jobs RETURNING 1")
        await Worker(db.url, still(b))._import()
        left = await import_runs.find(db, asked.id)
        assert left is not None
        assert (left.state, b.writes("crm")) == (RunState.WAITING, [])
        assert len(await b.jobs()) == 1


async def test_a_side_that_cannot_be_read_ends_the_run_with_its_reason(db: Database) -> None:
    async with bench(db) as b, worker(b):
        codes = fill(b, 2)
        b.box.faults.add(Fault(FaultKind.BROKEN_BODY, system="finance", operation="GetAll", times=None))
        asked = await ask(db)
        failed = await reached(db, asked.id, RunState.FAILED)
        assert (failed.trouble, failed.can_resume) == ("BROKEN_ANSWER", True)
        b.box.faults.clear()
        await importing.resume(db, asked.id, "مینا", NOW)
        await reached(db, asked.id, RunState.DONE)
        assert numbers(b) == Counter(map(str, codes))


async def test_suspiciously_many_are_left_to_a_person(db: Database) -> None:
    async with bench(db) as b, worker(b):
        fill(b, 1)
        await reached(db, (await ask(db)).id, RunState.DONE)
        fill(b, 150)
        failed = await reached(db, (await ask(db, again=True)).id, RunState.FAILED)
        assert failed.trouble == "TOO_MANY_NEW"
        assert len(b.box.crm.persons) == 1
        forced = await reached(db, (await ask(db, again=True, force=True)).id, RunState.DONE)
        assert forced.outcomes == {"created": 150, "skipped": 1}


async def test_an_import_by_hand_is_seen_and_one_that_died_is_not_in_the_way(db: Database) -> None:
    async with bench(db) as b:
        fill(b, 2)
        await b.run_import(limit=1)
        [by_hand] = await import_runs.recent(db, 5)
        assert (by_hand.state, by_hand.queued, by_hand.request.started_by) == (RunState.DONE, False, None)
        died = RunRequest(id=uuid4())
        assert await import_runs.begin(db, died, NOW)
        asked = await ask(db)
        left = await import_runs.find(db, died.id)
        assert left is not None
        assert (left.state, left.trouble) == (RunState.STOPPED, import_runs.DIED)
        async with worker(b):
            await reached(db, asked.id, RunState.DONE)


async def test_a_stop_ends_the_run_of_a_command_that_died(db: Database) -> None:
    died = RunRequest(id=uuid4())
    assert await import_runs.begin(db, died, NOW)
    run = await importing.stop(db, died.id, "رضا", NOW)
    assert (run.state, run.trouble, run.stopped_by) == (RunState.STOPPED, import_runs.DIED, "رضا")
    assert run.can_resume


async def test_while_a_command_imports_nobody_else_does(db: Database) -> None:
    async with bench(db) as b:
        b.box.latency_seconds = 0.05
        fill(b, 250)
        by_hand = asyncio.create_task(b.run_import())
        await b.box.journal.wait_for(5, system="crm", operation="person/create")
        with pytest.raises(NotNow) as refused:
            await ask(db)
        assert refused.value.code == "RUNS_ALREADY"
        by_hand.cancel()
        await asyncio.gather(by_hand, return_exceptions=True)
        [run] = await import_runs.recent(db, 5)
        assert (run.state, run.trouble, run.can_resume) == (RunState.STOPPED, import_runs.DIED, True)


async def test_a_run_whose_job_was_lost_is_taken_up(db: Database) -> None:
    async with bench(db) as b:
        fill(b, 2)
        asked = await ask(db)
        await b.rows("DELETE FROM procrastinate_jobs RETURNING 1")
        async with worker(b):
            await reached(db, asked.id, RunState.DONE)


async def test_what_has_ended_or_is_unknown_cannot_be_stopped_or_resumed(db: Database) -> None:
    async with bench(db) as b, worker(b):
        done = await reached(db, (await ask(db)).id, RunState.DONE)
    for change in (
        importing.stop(db, done.id, "x", NOW),
        importing.resume(db, done.id, "x", NOW),
        importing.stop(db, uuid4(), "x", NOW),
        importing.resume(db, uuid4(), "x", NOW),
    ):
        with pytest.raises(NotNow):
            await change
