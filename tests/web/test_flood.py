"""Ten thousand deliveries for one customer: each is stored, and they lead to a handful of syncs."""

import asyncio
from collections import Counter

import httpx2
import pytest
from sqlalchemy import text

from hamgam.app.web import create_app
from hamgam.db.engine import Database
from hamgam.jobs import queue
from tests.bench import bench
from tests.jobs.test_worker import until, worker
from tests.web.conftest import TOKEN, Installation

_DELIVERIES = 10_000
_AT_ONCE = 64


async def flood(installation: Installation, db: Database, crm_id: str) -> Counter[int]:
    transport = httpx2.ASGITransport(app=create_app(installation.context(db)))
    answers: Counter[int] = Counter()
    left = iter(range(_DELIVERIES))

    async with httpx2.AsyncClient(transport=transport, base_url="http://hamgam.example.com") as client:

        async def send_on() -> None:
            for _ in left:
                answer = await client.get(f"/webhook/crm/identity/{TOKEN}?event=Update&id={crm_id}")
                answers[answer.status_code] += 1

        await asyncio.gather(*(send_on() for _ in range(_AT_ONCE)))
    return answers


async def count(db: Database, sql: str) -> int:
    return int((await db.execute(text(sql))).scalar_one())


async def test_without_a_worker_one_job_waits(installation: Installation, db: Database) -> None:
    async with bench(db) as b:
        answers = await flood(installation, db, b.person())
        assert answers == {202: _DELIVERIES}
        assert await count(db, 'SELECT count(*) FROM "WebhookDelivery"') == _DELIVERIES
        assert await queue.depth(db) == 1
        async with worker(b):
            await b.box.journal.wait_for(1, system="finance", effect="write")

            async def idle() -> bool:
                return await queue.depth(db) == 0

            await until(idle)
        assert await count(db, 'SELECT count(*) FROM "SyncLog"') == 1


@pytest.mark.parametrize("refused", [False, True])
async def test_beside_a_worker_a_handful_of_looks_is_made(
    installation: Installation, db: Database, refused: bool
) -> None:
    """The time gate holds back what was synced; what cannot be synced is not tried all the time either."""
    async with bench(db) as b:
        if refused:
            b.box.finance.add_contact(Name="کسی", MobileNo="09121112233")
        crm_id = b.person(customerNumber="77")
        async with worker(b):
            started = asyncio.get_running_loop().time()
            answers = await flood(installation, db, crm_id)
            seconds = asyncio.get_running_loop().time() - started
        assert answers == {202: _DELIVERIES}
        assert await count(db, 'SELECT count(*) FROM "WebhookDelivery"') == _DELIVERIES
        # A slow machine takes longer for the flood, and each further gate or pause allows one more look.
        assert 1 <= await count(db, 'SELECT count(*) FROM "SyncLog"') <= 4 + seconds / 2
        assert len(b.writes("finance")) <= (2 + seconds / 2 if refused else 1)
