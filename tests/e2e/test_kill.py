"""Real processes die, are stopped, and lose their database under load: all arrives, and nothing twice."""

import asyncio
import os
import random
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import httpx2
import pytest

from hamgam.db.embedded import embedded_server, postgres_program
from hamgam.db.schema import upgrade
from hamgam.model import Entity
from hamgam.sandbox import Sandbox
from tests.e2e.conftest import Program, until
from tests.e2e.crew import at_rest, customers, deliver, doing, each_once, enqueue, holds, released

LINE = {"productCode": "1", "count": 1, "baseUnitPrice": 1000, "productUnitTypeName": "عدد"}
TAKEN_OVER_SECONDS = 60
"""Within this time what a dead process was doing is put back; how soon it is done is up to the machine."""

pytestmark = pytest.mark.timeout(300)


async def test_300_webhooks_survive_workers_that_are_killed(
    box: Sandbox, crew: Program, client: httpx2.AsyncClient
) -> None:
    ids = customers(box, 300)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(crew.running("web"))
        answers = await asyncio.gather(*(deliver(client, crm_id) for crm_id in ids))
        assert answers == [202] * 300
        box.latency_seconds = 0.15
        workers = [await stack.enter_async_context(crew.doomed("worker")) for _ in range(3)]

        async def written(count: int) -> None:
            await until(holds(lambda: len(box.finance.contacts) >= count), seconds=60)

        await written(40)
        workers[0].signal(signal.SIGKILL)
        workers.append(await stack.enter_async_context(crew.doomed("worker")))
        await written(120)
        workers[1].signal(signal.SIGKILL)
        left = doing(crew)
        assert left
        box.latency_seconds = 0.02
        await until(holds(lambda: not left & doing(crew)), seconds=TAKEN_OVER_SECONDS)
        await until(at_rest(crew, 300), seconds=90)
        put_back = released(*workers)
        assert put_back
        assert len(put_back) == len(set(put_back))
    each_once(box, crew)


async def test_a_stopped_worker_loses_its_jobs_and_writes_nothing_when_it_wakes_up(
    box: Sandbox, crew: Program
) -> None:
    """It is stopped with some writes noted and not sent, for want of a place in the limited stream."""
    slow = {"FINANCE_RATE_PER_SECOND": "4", "ENABLE_WEBHOOKS": "false"}
    ids = customers(box, 8)
    invoice = box.crm.add_document("invoice", ids[0], [LINE], deliver=False)
    async with AsyncExitStack() as stack:
        stopped = await stack.enter_async_context(crew.doomed("worker", **slow))
        await until(holds(lambda: stopped.logged("hamgam.started")))
        await enqueue(crew, Entity.CUSTOMER, *ids)
        await enqueue(crew, Entity.INVOICE, invoice)

        async def writes_wait() -> bool:
            noted = crew.rows('SELECT count(*) FROM "SyncLog" WHERE intent IS NOT NULL')[0][0]
            return noted >= 2 and bool(box.finance.contacts)

        await until(writes_wait)
        stopped.signal(signal.SIGSTOP)
        left = doing(crew)
        assert left
        others = [await stack.enter_async_context(crew.doomed("worker", **slow)) for _ in range(2)]
        await until(holds(lambda: not left & doing(crew)), seconds=TAKEN_OVER_SECONDS)
        await until(at_rest(crew, 9), seconds=60)
        assert any(other.logged("process.evicted") for other in others)
        assert len(released(*others)) == len(set(released(*others)))
        for other in others:
            other.signal(signal.SIGKILL)
            await other.process.wait()
        box.journal.clear()
        stopped.signal(signal.SIGCONT)
        last = box.crm.add_customer("person", deliver=False, nickName="پس از بیداری", customerNumber="99")
        await enqueue(crew, Entity.CUSTOMER, last)
        await until(at_rest(crew, 10), seconds=60)
        assert len(box.journal.calls(system="finance", effect="write")) == 1
    each_once(box, crew)
    assert len(box.finance.documents) == 1


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server of the test's own, which stores as one in service does."""

    url: str
    data: Path

    async def control(self, *arguments: str) -> None:
        command = [str(postgres_program("pg_ctl")), "-w", "-D", str(self.data), *arguments]
        as_user = {"user": "pgserver"} if os.geteuid() == 0 else {}
        await asyncio.to_thread(
            subprocess.run, command, check=True, timeout=60, stdout=subprocess.DEVNULL, cwd="/", **as_user
        )

    async def stop(self, how: str) -> None:
        await self.control("stop", "-m", how)

    async def start(self) -> None:
        folder = unquote(self.url.split("host=")[1].split("&")[0])
        await self.control("start", "-o", f'-h "" -k {folder}', "-l", str(self.data / "log"))


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    with tempfile.TemporaryDirectory(prefix="hamgam-tests-") as folder, embedded_server(Path(folder)) as url:
        own = Server(url, Path(folder) / "pg")
        try:
            yield own
        finally:
            with suppress(subprocess.CalledProcessError):
                await own.stop("immediate")


async def test_nothing_is_lost_when_the_database_is_restarted_under_load(
    box: Sandbox, crew: Program, client: httpx2.AsyncClient, server: Server
) -> None:
    crew.environment["DATABASE_URL"] = server.url
    upgrade(server.url)
    box.latency_seconds = 0.3
    ids = iter(customers(box, 2000))
    accepted: set[str] = set()
    refused: list[int] = []
    sending = True

    async def send() -> None:
        while sending:
            crm_id = next(ids)
            status = await deliver(client, crm_id)
            if status == 202:
                accepted.add(crm_id)
            else:
                refused.append(status)
            await asyncio.sleep(0.05)

    async def more(count: int) -> None:
        enough = len(accepted) + count
        await until(holds(lambda: len(accepted) >= enough), seconds=60)

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(crew.running("web"))
        workers = await stack.enter_async_context(crew.together("worker", "worker"))
        sender = asyncio.gather(*(send() for _ in range(3)))
        for how in ("immediate", "fast"):
            await more(40)
            await until(holds(lambda: doing(crew)))
            await server.stop(how)
            assert (await client.get("/health", timeout=20)).status_code == 503
            assert await deliver(client, "e7a6d1f4-0000-4000-8000-000000000001") == 503
            await server.start()
            await until(lambda: _healthy(client))
        await more(20)
        sending = False
        await sender
        assert 503 in refused
        assert set(refused) == {503}
        box.latency_seconds = 0.02
        for crm_id in set(box.crm.persons) - accepted:
            box.crm.delete(crm_id, deliver=False)
        await until(at_rest(crew, len(accepted)), seconds=90)
        assert len(released(*workers)) == len(set(released(*workers)))
    each_once(box, crew)


async def _healthy(client: httpx2.AsyncClient) -> bool:
    return (await client.get("/health", timeout=20)).status_code == 200


async def test_an_import_that_is_killed_again_and_again_finishes(box: Sandbox, crew: Program) -> None:
    chance = random.Random(1)
    for number in range(300):
        box.finance.add_contact(Name=f"مشتری {number}", tmpid=str(number))
    box.latency_seconds = 0.05
    for moment in sorted(chance.randrange(300) for _ in range(4)):

        async def reached(moment: int = moment) -> bool:
            return len(box.crm.persons) >= moment

        async with crew.doomed("initial-import") as running:
            await until(reached, seconds=60)
            await asyncio.sleep(chance.random() * 0.1)
            running.signal(signal.SIGKILL)
    done = await crew.run("initial-import", "--json")
    assert done.status == 0, done.out
    await until(at_rest(crew, 300))
    each_once(box, crew)
    assert len({person["customerNumber"] for person in box.crm.persons.values()}) == 300
    [(finished,)] = crew.rows('SELECT count("finishedAt") FROM "ImportRun"')
    assert finished == 1
