"""What an older version, or somebody's SQL, may have left in the database: told, harmless, not for ever."""

import json
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from hamgam.db.engine import Database
from hamgam.intake.poll import poll
from hamgam.jobs import queue
from hamgam.model import Status, Trigger
from tests.bench import Bench, bench
from tests.jobs.test_worker import until, worker

GUID = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"


async def put(db: Database, args: Any, task: str = "sync", status: str = "todo") -> None:
    await db.execute(
        text(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args, status)"
            " VALUES ('hamgam', :task, :lock, :lock, cast(:args AS jsonb),"
            " cast(:status AS procrastinate_job_status))"
        ),
        {"task": task, "lock": str(uuid4()), "args": json.dumps(args), "status": status},
    )


UNUSABLE: list[Any] = [
    {},
    {"entity": "customer"},
    {"entity": "supplier", "crm_id": GUID, "trigger": "WEBHOOK"},
    {"entity": ["customer"], "crm_id": GUID},
    {"entity": "customer", "crm_id": 17, "trigger": "WEBHOOK"},
    {"entity": "customer", "crm_id": None},
    {"crm_id": GUID, "self": 1, "args": 2, "timestamp": 3},
    [],
    ["customer", GUID],
    "customer",
    17,
    None,
]


@pytest.mark.parametrize("status", ["todo", "failed"])
async def test_jobs_that_name_no_entity_are_dropped_and_the_worker_lives_on(
    db: Database, status: str
) -> None:
    async with bench(db) as b:
        for args in UNUSABLE:
            await put(db, args, status=status)
        await put(db, {"anything": 1}, task="of_another_version", status=status)
        crm_id = b.person()
        await put(db, {"entity": "customer", "crm_id": crm_id, "trigger": "WEBHOOK"})
        with capture_logs() as logs:
            async with worker(b):
                await b.box.journal.wait_for(1, system="finance", effect="write")

                async def empty() -> bool:
                    return not await b.rows(
                        "SELECT 1 FROM procrastinate_jobs WHERE task_name IN ('sync', 'of_another_version')"
                    )

                await until(empty)
        assert not any(entry["event"] == "worker.defect" for entry in logs)
        assert sum(entry["event"] in ("job.unusable", "job.dropped") for entry in logs) >= len(UNUSABLE)
        assert {row.sourceEntityId for row in await b.log()} == {crm_id}


async def test_what_else_is_odd_about_a_job_harms_nobody(db: Database) -> None:
    """Only the entity counts: it is looked at, as a notice without any of the rest would be."""
    for odd in (
        {"trigger": "GOSSIP"},
        {"kind": 7},
        {"transaction_id": "x"},
        {"transaction_id": 5},
        {"payload": [1]},
    ):
        notice = queue.notice_of({"entity": "customer", "crm_id": GUID, "trigger": "MANUAL"} | odd)
        assert notice is not None
        assert (str(notice.key), notice.kind, notice.transaction_id) == (f"customer:{GUID}", None, None)
        assert notice.trigger in (Trigger.MANUAL, Trigger.POLL)
        assert notice.payload == {}


SESSIONS: list[Any] = [
    [],
    "token",
    17,
    {},
    {"token": "t"},
    {"token": None, "attributes": {}},
    {"token": "a\r\nHost: elsewhere", "attributes": {}},
    {"token": "t", "attributes": []},
    {"token": "t", "attributes": {"expires_at": 5}},
    {"token": "t", "attributes": {"expires_at": "never"}},
    {"token": "t", "attributes": {"expires_at": "0001-01-01T00:00:00"}},
    {"token": "علی", "attributes": {}},
]


@pytest.mark.parametrize("session", SESSIONS, ids=range(len(SESSIONS)))
async def test_a_stored_session_that_cannot_be_read_costs_one_login(db: Database, session: Any) -> None:
    async with bench(db) as b:
        for system in ("crm", "finance"):
            await db.execute(
                text(
                    'INSERT INTO "RemoteSystem" (system, session) VALUES (:system, cast(:session AS jsonb))'
                ),
                {"system": system, "session": json.dumps(session)},
            )
        assert (await b.sync(b.person())).status is Status.SUCCESS
        assert len(b.box.journal.calls(system="crm", effect="login")) <= 2
        assert len(b.box.journal.calls(system="finance", effect="login")) == 1


INTENTS: list[Any] = [
    [],
    "CREATE",
    {"operation": "CREATE"},
    {"operation": "DESTROY", "transactionId": GUID, "fields": {}},
    {"operation": "CREATE", "transactionId": 5, "fields": {}},
    {"operation": "CREATE", "transactionId": "x", "fields": []},
]


async def leave_intent(b: Bench, crm_id: str, status: str, intent: Any) -> None:
    await b.db.execute(
        text(
            'INSERT INTO "SyncLog" ("transactionId", "entityType", "sourceEntity", direction, operation,'
            ' status, "triggerType", "sourceEntityId", "startedAt", intent) VALUES (gen_random_uuid(),'
            " 'CUSTOMER',"
            " 'customer', 'CRM_TO_FINANCE', 'CREATE', :status, 'WEBHOOK', :id, now(), cast(:intent AS jsonb))"
        ),
        {"status": status, "id": crm_id, "intent": json.dumps(intent)},
    )


@pytest.mark.parametrize("status", ["IN_PROGRESS", "FAILED"])
@pytest.mark.parametrize("intent", INTENTS, ids=range(len(INTENTS)))
async def test_a_write_that_cannot_be_read_stops_this_entity_and_no_other(
    db: Database, intent: Any, status: str
) -> None:
    """Nobody can know what was sent, so nothing may be sent again: a person has to look."""
    async with bench(db) as b:
        crm_id, other = b.person(), b.person(customerNumber="901", mobile="09121112299")
        await leave_intent(b, crm_id, status, intent)
        outcome = await b.sync(crm_id)
        if intent:
            assert (outcome.status, outcome.reason) == (Status.FAILED, "INTERNAL")
            assert b.writes("finance") == []
            assert {row.status for row in await b.log()} == {"FAILED"}
        assert (await b.sync(other)).status is Status.SUCCESS


async def test_cursors_that_cannot_be_right_are_started_again(db: Database) -> None:
    async with bench(db) as b:
        b.person()
        await db.execute(
            text(
                """INSERT INTO "PollCursor" (stream, cursor, "polledAt") VALUES"""
                """ ('person', 'infinity', now()), ('organization', '9999-12-31', 'infinity'),"""
                """ ('invoice', '-infinity', '-infinity'),"""
                """ ('quote', '2090-01-01', NULL), ('of another version', now(), now())"""
            )
        )
        with capture_logs() as logs:
            assert await poll(b.site, overlap_seconds=120, max_change_percent=30) == 1
        told = [entry["stream"] for entry in logs if entry["event"] == "poll.cursor_unusable"]
        assert sorted(told) == ["organization", "person", "quote"]
        rows = await b.rows("""SELECT stream FROM "PollCursor" WHERE cursor > now() + interval '1 day'""")
        assert rows == []
        b.person(customerNumber="901", mobile="09121112299")
        b.clock.pass_seconds(60)
        assert await poll(b.site, overlap_seconds=0, max_change_percent=30) >= 1


async def test_an_open_row_of_another_version_does_not_stop_the_worker(db: Database) -> None:
    async with bench(db) as b:
        crm_id = b.person()
        for entity, key in (("supplier", "1"), ("customer", crm_id)):
            await db.execute(
                text(
                    'INSERT INTO "SyncLog" ("transactionId", "entityType", "sourceEntity", direction,'
                    ' operation, status, "triggerType", "sourceEntityId", "startedAt") VALUES'
                    " (gen_random_uuid(), :type, :entity, 'CRM_TO_FINANCE', 'NONE', 'PENDING', 'GOSSIP',"
                    " :id, now())"
                ),
                {"type": entity.upper(), "entity": entity, "id": key},
            )
        async with worker(b):

            async def ended() -> bool:
                return [row.status for row in await b.log() if row.sourceEntityId == crm_id] != ["PENDING"]

            await until(ended)
