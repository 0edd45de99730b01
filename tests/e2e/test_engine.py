"""`hamgam start` and its parts against both systems: changes arrive, once, and the log says how."""

import signal
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from hamgam.sandbox import Sandbox
from tests.e2e.conftest import SHAPES, Program, free_port, until

SECRET = "a-secret-for-signatures"
TOKEN = "a-token-for-queries"


def webhooks(program: Program, **more: str) -> dict[str, str]:
    return {
        "ENABLE_WEBHOOKS": "true",
        "WEBHOOK_BASE_URL": f"http://127.0.0.1:{program.environment['PORT']}",
        "WEBHOOK_SECRET": SECRET,
    } | more


def names(box: Sandbox) -> list[str]:
    return [contact["Name"] for contact in box.finance.contacts.values()]


def rows(program: Program, sql: str) -> list[Any]:
    with psycopg.connect(program.environment["DATABASE_URL"]) as connection:
        return connection.execute(sql).fetchall()


in_every_shape = pytest.mark.parametrize("processes", list(SHAPES))


@pytest.mark.parametrize(("rights", "warned"), [(0o644, 1), (0o600, 0)])
async def test_the_start_says_where_the_dashboard_is_and_who_can_read_the_passwords(
    program: Program, folder: Path, rights: int, warned: int
) -> None:
    env = folder / ".env"
    env.write_text("LOG_FORMAT=json\n", encoding="utf-8")
    env.chmod(rights)
    async with program.running("web") as running:
        [started] = running.logged("hamgam.started")
    assert started["url"] == f"http://127.0.0.1:{program.environment['PORT']}/"
    assert len(running.logged("settings.open_to_others")) == warned
    assert all(line.startswith("{") for line in running.lines)


async def test_an_outage_is_waited_out(box: Sandbox, program: Program) -> None:
    crm_id = box.crm.add_customer("person", nickName="مریم", customerNumber="1", deliver=False)
    await box.take_down("finance")
    async with program.running("worker") as running:
        # By hand nothing waits: it is said, and the engine goes on with it.
        said = await program.run("sync", "customer", crm_id, "--json")
        assert (said.status, said.json["results"][0]["reason"]) == (3, "UNREACHABLE")

        async def noticed() -> bool:
            systems = (await program.run("status", "--json")).json["systems"]
            known = systems["finance"]["state"] == "UNREACHABLE" and systems["finance"]["since"]
            return bool(known) and any("system.down" in line for line in running.lines)

        await until(noticed, 60)
        await box.bring_up("finance")

        async def created() -> bool:
            return names(box) == ["مریم"] and rows(program, 'SELECT 1 FROM "EntityMapping"') != []

        await until(created, 60)
    assert sum("system.down" in line for line in running.lines) == 1
    assert sum("system.back" in line for line in running.lines) == 1
    assert rows(program, 'SELECT status, "retryCount" FROM "SyncLog"') == [("SUCCESS", 0)]


@in_every_shape
@pytest.mark.parametrize("shape", ["nested", "flat"])
async def test_a_webhook_becomes_a_contact_and_an_edit_its_update(
    box: Sandbox, program: Program, shape: str, processes: str
) -> None:
    from dataclasses import replace

    box.crm.mood = replace(box.crm.mood, webhook_shape=shape, webhook_signed=True)
    box.crm.webhook_secret = SECRET
    async with program.together(*SHAPES[processes], **webhooks(program)):

        async def registered() -> bool:
            return bool(box.crm.registrations)

        await until(registered)
        crm_id = box.crm.add_customer("person", nickName="مریم", customerNumber="1")

        async def created() -> bool:
            return names(box) == ["مریم"]

        await until(created)
        box.crm.edit(crm_id, nickName="مریم رضایی")

        async def updated() -> bool:
            return names(box) == ["مریم رضایی"]

        await until(updated)
    [(crm_id_stored, finance_id)] = rows(program, 'SELECT "crmId", "financeId" FROM "EntityMapping"')
    assert (crm_id_stored, finance_id) == (crm_id, str(next(iter(box.finance.contacts))))
    done = rows(program, """SELECT operation, "triggerType" FROM "SyncLog" WHERE status = 'SUCCESS'""")
    assert sorted(done) == [("CREATE", "WEBHOOK"), ("UPDATE", "WEBHOOK")]
    assert {status for (status,) in rows(program, 'SELECT DISTINCT status FROM "SyncLog"')} <= {
        "SUCCESS",
        "SKIPPED",
    }


@in_every_shape
@pytest.mark.parametrize("shape", ["query", "query_numeric"])
async def test_the_query_shape_reaches_customers_and_quotes(
    box: Sandbox, program: Program, shape: str, processes: str
) -> None:
    from dataclasses import replace

    box.crm.mood = replace(box.crm.mood, webhook_shape=shape, webhook_api=False)
    base = f"http://127.0.0.1:{program.environment['PORT']}/webhook/crm"
    box.crm.webhook_targets.update(
        identity=f"{base}/identity/{TOKEN}",
        quote=f"{base}/quote?token={TOKEN}",
        invoice=f"{base}/invoice/wrong",
    )
    async with program.together(*SHAPES[processes], **webhooks(program, WEBHOOK_TOKEN=TOKEN)):
        customer = box.crm.add_customer("organization", nickName="شرکت نور", customerNumber="5")
        line = {"productCode": "1", "count": 1, "baseUnitPrice": 1000, "productUnitTypeName": "عدد"}
        box.crm.add_document("quote", customer, [line], crmObjectTypeCode="PI_3")
        box.crm.add_document("invoice", customer, [line])
        await box.crm.deliveries_settled()

        async def arrived() -> bool:
            return len(box.finance.documents) == 1 and names(box) == ["شرکت نور"]

        await until(arrived)
    # The address of invoices was typed in with a wrong token, so of three deliveries one is turned away.
    answered = sorted((entry.event, entry.status) for entry in box.crm.delivery_log)
    assert answered == [("customer.created", 202), ("invoice.created", 401), ("quote.created", 202)]
    told = rows(
        program, """SELECT "sourceEntity" FROM "SyncLog" WHERE "triggerType" = 'WEBHOOK' ORDER BY 1"""
    )
    assert {entity for (entity,) in told} == {"customer", "quote"}


@in_every_shape
async def test_polling_finds_what_no_webhook_told(box: Sandbox, program: Program, processes: str) -> None:
    async with program.together(*SHAPES[processes], POLL_INTERVAL_SECONDS="1"):

        async def polled() -> bool:
            return bool(rows(program, 'SELECT 1 FROM "PollCursor" WHERE "polledAt" IS NOT NULL'))

        await until(polled)
        customer = box.crm.add_customer("person", nickName="بی‌خبر", customerNumber="3")
        line = {"productCode": "1", "count": 2, "baseUnitPrice": 1000, "productUnitTypeName": "عدد"}
        box.crm.add_document("invoice", customer, [line])

        async def arrived() -> bool:
            return names(box) == ["بی‌خبر"] and len(box.finance.documents) == 1

        await until(arrived)
    assert {trigger for (trigger,) in rows(program, 'SELECT DISTINCT "triggerType" FROM "SyncLog"')} == {
        "POLL"
    }


async def test_web_and_workers_apart_share_one_database(
    box: Sandbox, program: Program, client: httpx2.AsyncClient
) -> None:
    settings = webhooks(program, POLL_INTERVAL_SECONDS="2")
    box.crm.webhook_secret = SECRET
    async with (
        program.running("web", **settings),
        program.running("worker", **settings, PORT=str(free_port())),
        program.running("worker", **settings, PORT=str(free_port())),
    ):

        async def registered() -> bool:
            return bool(box.crm.registrations)

        await until(registered)
        for number in range(20):
            box.crm.add_customer("person", nickName=f"مشتری {number}", customerNumber=str(number + 1))

        async def all_there() -> bool:
            status = (await client.get("/api/v1/status")).json()
            return len(box.finance.contacts) == 20 and status["queue_depth"] == 0

        await until(all_there)
        assert (await client.get("/health")).json()["status"] == "ok"
        assert (await client.get("/ready")).status_code == 200
    assert sorted(names(box)) == sorted(f"مشتری {number}" for number in range(20))
    # One login for all processes: they share the session.
    assert len(box.journal.calls(system="finance", effect="login")) == 1


async def test_the_embedded_database_starts_with_the_first_and_stops_with_the_last(
    box: Sandbox, program: Program, folder: Path
) -> None:
    del program.environment["DATABASE_URL"]
    box.finance.add_contact(Name="یکی")
    async with program.running("start"):
        imported = await program.run("initial-import", "--json")
        assert (imported.status, imported.json["created"]) == (0, 1)
        status = await program.run("status", "--json")
        assert status.json["mappings"]["CUSTOMER"] == 1
        assert (folder / "data" / "pg" / "postmaster.pid").exists()
    assert not (folder / "data" / "pg" / "postmaster.pid").exists()
    assert (folder / "data" / "pg").stat().st_mode & 0o077 == 0


async def test_a_killed_engine_leaves_a_usable_database_and_loses_nothing(
    box: Sandbox, program: Program, folder: Path
) -> None:
    del program.environment["DATABASE_URL"]
    crm_id = box.crm.add_customer("person", nickName="پیش از مرگ", customerNumber="1")
    process = await program.start("start", POLL_INTERVAL_SECONDS="1")

    async def begun() -> bool:
        return bool(box.journal.calls(system="crm", operation="person/find"))

    await until(begun)
    process.send_signal(signal.SIGKILL)
    await process.communicate()
    done = await program.run("sync", "customer", crm_id, "--json")
    assert (done.status, done.json["results"][0]["status"]) == (0, "SUCCESS")
    assert not (folder / "data" / "pg" / "postmaster.pid").exists()
