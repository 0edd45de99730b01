"""What tests with several real processes have in common: customers, deliveries, and the look at the end."""

from collections.abc import Awaitable, Callable

import httpx2

from hamgam.db.engine import Database
from hamgam.jobs import queue
from hamgam.model import ChangeNotice, CrmId, Entity, EntityKey, Trigger
from hamgam.sandbox import Sandbox
from tests.e2e.conftest import TOKEN, Program, Running

OPEN = """SELECT 1 FROM "SyncLog" WHERE status IN ('PENDING', 'IN_PROGRESS')"""
JOBS = "SELECT 1 FROM procrastinate_jobs WHERE task_name = 'sync'"
Condition = Callable[[], Awaitable[object]]


def holds(condition: Callable[[], object]) -> Condition:
    """A condition that needs no waiting, for `until`."""

    async def look() -> bool:
        return bool(condition())

    return look


def customers(box: Sandbox, count: int) -> list[str]:
    """New customers whose numbers no finance contact has."""
    return [
        box.crm.add_customer("person", deliver=False, nickName=f"مشتری {n}", customerNumber=str(900_000 + n))
        for n in range(count)
    ]


async def deliver(client: httpx2.AsyncClient, crm_id: str) -> int:
    """Tell of a change as the CRM does; answers the status, 0 when there was no answer."""
    try:
        query = {"event": "Insert", "id": crm_id, "token": TOKEN}
        return (await client.get("/webhook/crm/identity", params=query, timeout=20)).status_code
    except httpx2.HTTPError:
        return 0


async def enqueue(program: Program, entity: Entity, *ids: str) -> None:
    db = Database(program.environment["DATABASE_URL"])
    notices = [ChangeNotice(key=EntityKey(entity, CrmId(id)), trigger=Trigger.WEBHOOK) for id in ids]
    async with db.transaction() as connection:
        await queue.enqueue(connection, notices)
    await db.aclose()


def at_rest(program: Program, entities: int) -> Condition:
    """Everything is mapped, no log row is open, and no job waits or runs."""

    async def settled() -> bool:
        mapped = program.rows('SELECT count(*) FROM "EntityMapping"')
        return mapped == [(entities,)] and not program.rows(OPEN) and not program.rows(JOBS)

    return settled


def each_once(box: Sandbox, program: Program) -> None:
    """Both systems hold every customer once, and the mappings say which is which."""
    people = {crm_id: person["nickName"] for crm_id, person in box.crm.persons.items()}
    contacts = {str(code): contact["Name"] for code, contact in box.finance.contacts.items()}
    assert len(set(people.values())) == len(people)
    assert sorted(contacts.values()) == sorted(people.values())
    pairs = program.rows(
        """SELECT "crmId", "financeId" FROM "EntityMapping" WHERE "crmEntity" = 'customer'"""
    )
    assert {people[crm_id]: contacts[code] for crm_id, code in pairs} == {
        name: name for name in people.values()
    }


def released(*workers: Running) -> list[int]:
    return [line["job"] for worker in workers for line in worker.logged("job.released")]


def doing(program: Program) -> set[int]:
    """The jobs that somebody has taken; one that is put back comes back under another number."""
    return {row[0] for row in program.rows("SELECT id FROM procrastinate_jobs WHERE status = 'doing'")}
