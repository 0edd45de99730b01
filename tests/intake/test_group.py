"""Deliveries that come together share a commit, and none suffers for another."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from hamgam.db.engine import Database
from hamgam.intake.group import GroupCommit
from hamgam.intake.webhook import accept
from hamgam.model import ChangeNotice, CrmId, Entity, EntityKey, Trigger


def notice(number: int) -> ChangeNotice:
    return ChangeNotice(key=EntityKey(Entity.CUSTOMER, CrmId(str(UUID(int=number)))), trigger=Trigger.WEBHOOK)


async def stored(db: Database) -> list[int]:
    rows = await db.execute(text('SELECT "crmId" FROM "WebhookDelivery"'))
    return sorted(UUID(crm_id).int for crm_id in rows.scalars())


async def commits(db: Database) -> int:
    """Transactions that have written a delivery."""
    return int(
        (await db.execute(text('SELECT count(DISTINCT xmin::text) FROM "WebhookDelivery"'))).scalar_one()
    )


async def test_what_comes_together_shares_a_commit(db: Database) -> None:
    group = GroupCommit(db)
    await asyncio.gather(*(group.accept(notice(n)) for n in range(1, 451)))
    assert await stored(db) == list(range(1, 451))
    assert await commits(db) <= 4


async def test_each_is_durable_when_it_is_accepted(db: Database) -> None:
    group = GroupCommit(db)
    for n in (1, 2, 3):
        await group.accept(notice(n))
        assert await stored(db) == list(range(1, n + 1))


async def test_what_the_database_refuses_is_refused_alone(db: Database) -> None:
    await db.execute(text(f"""ALTER TABLE "WebhookDelivery" ADD CHECK ("crmId" <> '{UUID(int=3)}')"""))
    group = GroupCommit(db)
    answers = await asyncio.gather(*(group.accept(notice(n)) for n in range(1, 6)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None), type(None), IntegrityError] + [type(None)] * 2
    assert await stored(db) == [1, 2, 4, 5]


async def test_without_a_database_every_sender_is_told() -> None:
    nowhere = Database("postgresql://someone@127.0.0.1:1/books")
    group = GroupCommit(nowhere)
    answers = await asyncio.gather(*(group.accept(notice(n)) for n in range(1, 4)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [OperationalError] * 3
    with pytest.raises(OperationalError):
        await group.accept(notice(4))
    await nowhere.aclose()


async def test_a_sender_that_left_harms_nobody(db: Database) -> None:
    group = GroupCommit(db)
    leaving = asyncio.create_task(group.accept(notice(1)))
    staying = asyncio.create_task(group.accept(notice(2)))
    await asyncio.sleep(0)
    leaving.cancel()
    await staying
    assert 2 in await stored(db)


async def test_groups_queue_their_entities_in_one_order(db: Database) -> None:
    await accept(db, *(notice(n) for n in (3, 1, 2)))
    locks = (await db.execute(text("SELECT lock FROM procrastinate_jobs ORDER BY id"))).scalars()
    assert list(locks) == [f"customer:{UUID(int=n)}" for n in (1, 2, 3)]
