"""Several processes on one installation: they keep the limits together, poll once, and share one login."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import aiohttp
import pytest

from hamgam.model import Entity
from hamgam.sandbox import FINANCE_PASSWORD_MD5, FINANCE_USERNAME, Sandbox
from hamgam.sandbox.journal import Entry
from tests.e2e.conftest import Program, until
from tests.e2e.crew import at_rest, customers, each_once, enqueue, holds

pytestmark = pytest.mark.timeout(300)

AWARE = """
    SELECT count(*), coalesce(min(state_change) > :since, false) FROM pg_stat_activity
    WHERE pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = 7340912 AND objid = 1)
    AND datname = current_database()
"""


async def all_know_each_other(program: Program, members: int) -> None:
    """Wait until so many processes share the load, and each has counted them since the last one came."""

    def present() -> bool:
        return program.rows(AWARE.replace(":since", "now()"))[0][0] == members

    await until(holds(present), seconds=60)
    for _ in range(2):  # who counts a second time has taken the share that follows from the first
        [(since,)] = program.rows("SELECT now()::text")
        counted = AWARE.replace(":since", f"'{since}'")
        await until(holds(lambda sql=counted: program.rows(sql)[0][1]), seconds=60)


async def test_three_workers_and_an_import_keep_the_limits_together(box: Sandbox, crew: Program) -> None:
    """A process may be ahead of its even stream by one burst: that is what the limits here leave room for."""
    crew.environment |= {
        "CRM_MAX_CONCURRENCY": "5",
        "FINANCE_MAX_CONCURRENCY": "5",
        "CRM_RATE_PER_SECOND": "40",
        "FINANCE_RATE_PER_SECOND": "40",
    }
    for number in range(1000):
        box.finance.add_contact(Name=f"از پیش {number}")
    box.latency_seconds = 0.05
    async with crew.together("web", "worker", "worker", "worker"), crew.doomed("initial-import") as importing:
        await all_know_each_other(crew, 5)
        await until(holds(lambda: box.crm.persons), seconds=60)
        box.journal.clear()
        box.violations.clear()
        box.limits = dict.fromkeys(("crm", "finance"), (5, 40 + 5 * (40 / 5 * 0.125 + 1)))
        imported = len(box.crm.persons)
        await enqueue(crew, Entity.CUSTOMER, *customers(box, 40))
        written = "SELECT count(*) FROM \"SyncLog\" WHERE direction = 'CRM_TO_FINANCE' AND status = 'SUCCESS'"
        await until(holds(lambda: crew.rows(written) == [(40,)]), seconds=90)
        assert box.violations == []
        assert importing.process.returncode is None
        assert len(box.crm.persons) > imported + 40
        assert box.journal.max_parallel("finance") > 1


async def test_polls_fire_once_however_many_workers_there_are(box: Sandbox, crew: Program) -> None:
    customers(box, 1)

    def polls() -> list[Entry]:
        return box.journal.calls(system="crm", operation="person/find")

    async with crew.together("worker", "worker", "worker", POLL_INTERVAL_SECONDS="2"):
        await until(holds(lambda: len(polls()) >= 6), seconds=60)
    # The first poll asks for the newest change and then for the changes since.
    times = [call.at for call in polls()[1:]]
    gaps = [after - before for before, after in pairwise(times)]
    assert min(gaps) >= timedelta(seconds=1.5)


async def test_a_stolen_session_is_no_login_war(box: Sandbox, crew: Program) -> None:
    """A person works in finance with the engine's account: each login of theirs costs us one, and no sync."""
    thefts = 0
    for number in range(100):
        box.finance.add_contact(Name=f"از پیش {number}")
    ids = customers(box, 100)
    account = {"UserName": FINANCE_USERNAME, "Password": FINANCE_PASSWORD_MD5}

    def done() -> bool:
        return len(box.finance.contacts) == 200

    async with (
        crew.together("worker", "worker", "worker"),
        crew.doomed("initial-import") as importing,
        aiohttp.ClientSession() as person,
    ):
        box.latency_seconds = 0.1
        await enqueue(crew, Entity.CUSTOMER, *ids)
        while not done():
            enough = box.finance.logins + 2  # theirs, and ours in answer to it
            async with person.post(f"{box.finance_url}/GeneralApi/LoginUser", json=account) as answer:
                assert answer.status == 200
            thefts += 1
            await until(holds(lambda n=enough: box.finance.logins >= n or done()), seconds=60)
            more = len(box.finance.contacts) + 10
            await until(holds(lambda n=more: len(box.finance.contacts) >= n or done()), seconds=60)
        assert thefts >= 3
        await until(at_rest(crew, 200), seconds=90)
        async with asyncio.timeout(60):
            assert await importing.process.wait() == 0
    assert box.finance.logins - thefts <= thefts + 1
    each_once(box, crew)
