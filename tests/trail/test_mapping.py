"""Entity mappings: one partner for each id on either side, and no partner is ever swapped."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from hamgam.db.engine import Database
from hamgam.model import (
    Change,
    CrmId,
    Entity,
    EntityKey,
    EntityMapping,
    EntityType,
    FinanceId,
    Kind,
    Status,
    TransactionId,
    Trigger,
)
from hamgam.trail import log, mapping
from hamgam.trail.finishing import finish
from hamgam.trail.log import Ending
from hamgam.trail.mapping import Binding

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)


def binding(crm_id: str = "c", finance_id: str = "7", entity: Entity = Entity.CUSTOMER) -> Binding:
    return Binding(
        entity=entity,
        crm_id=CrmId(crm_id),
        finance_id=FinanceId(finance_id),
        kind=Kind.PERSON,
        transaction_id=TransactionId(uuid4()),
        at=AT,
        crm_checksum="crm",
        finance_checksum="finance",
        crm_updated_at=AT - timedelta(minutes=1),
    )


async def bind(db: Database, each: Binding) -> UUID:
    key = EntityKey(each.entity, each.crm_id)
    attempt = await log.open_attempt(db, key, Trigger.WEBHOOK, {}, each.transaction_id, AT)
    return await finish(db, attempt, each, Ending(status=Status.SUCCESS), AT)


async def stored(
    db: Database, crm_id: str = "c", entity_type: EntityType = EntityType.CUSTOMER
) -> EntityMapping:
    found = await mapping.by_crm_id(db, entity_type, CrmId(crm_id))
    assert found is not None
    return found


async def test_everything_comes_back(db: Database) -> None:
    each = binding()
    mapping_id = await bind(db, each)
    assert await stored(db) == EntityMapping(
        id=mapping_id,
        entity=Entity.CUSTOMER,
        crm_id=each.crm_id,
        finance_id=each.finance_id,
        kind=Kind.PERSON,
        transaction_id=each.transaction_id,
        last_sync_at=AT,
        crm_checksum="crm",
        finance_checksum="finance",
        crm_updated_at=each.crm_updated_at,
    )
    assert await mapping.by_crm_id(db, EntityType.PREINVOICE, CrmId("c")) is None


async def test_binding_again_renews_the_one_row(db: Database) -> None:
    first = await bind(db, binding())
    newer = replace(binding(), crm_checksum="new", finance_checksum=None, at=AT + timedelta(hours=1))
    assert await bind(db, newer) == first
    now = await stored(db)
    assert (now.crm_checksum, now.finance_checksum, now.last_sync_at) == ("new", None, newer.at)
    assert now.transaction_id == newer.transaction_id


async def test_a_customer_never_moves_to_another_contact(db: Database) -> None:
    await bind(db, binding())
    before = await stored(db)
    with pytest.raises(LookupError):
        await bind(db, binding(finance_id="8"))
    assert await stored(db) == before
    assert await mapping.count_customers(db) == 1


async def test_a_contact_has_one_customer(db: Database) -> None:
    await bind(db, binding())
    with pytest.raises(IntegrityError):
        await bind(db, binding(crm_id="other"))
    assert await mapping.count_customers(db) == 1


async def test_customers_and_documents_are_numbered_apart(db: Database) -> None:
    await bind(db, binding())
    await bind(db, binding("i", "7", Entity.INVOICE))
    await bind(db, binding("q", "8", Entity.QUOTE))
    assert (await stored(db, "i", EntityType.PREINVOICE)).entity is Entity.INVOICE
    with pytest.raises(IntegrityError):
        await bind(db, binding("another quote", "7", Entity.QUOTE))
    assert await mapping.count_customers(db) == 1
    assert [pair async for pair in mapping.pairs(db)] == [("7", "c")]


async def test_owners_are_customers(db: Database) -> None:
    await bind(db, binding())
    await bind(db, binding("i", "8", Entity.INVOICE))
    codes = [FinanceId(code) for code in ("7", "8", "9")]
    assert await mapping.owners(db, codes) == {"7": "c"}
    assert await mapping.owners(db, []) == {}


async def test_versions_of_what_is_mapped(db: Database) -> None:
    mapping_id = await bind(db, binding())
    keys = [EntityKey(Entity.CUSTOMER, CrmId("c")), EntityKey(Entity.CUSTOMER, CrmId("unknown"))]
    changes = [Change(key=key, kind=None, modified_at=AT) for key in keys]
    assert list(await mapping.versions(db, changes)) == keys[:1]
    assert await mapping.versions(db, []) == {}
    await mapping.mark_seen(db, [])
    await mapping.mark_seen(db, [(mapping_id, AT)])
    version = (await mapping.versions(db, changes))[keys[0]]
    assert (version.mapping_id, version.crm_updated_at, version.checksum) == (mapping_id, AT, "crm")
    async with db.transaction() as connection:
        await mapping.note_seen(connection, mapping_id, AT + timedelta(1))
    assert (await stored(db)).crm_updated_at == AT + timedelta(1)


async def test_a_block_lasts_until_it_is_lifted(db: Database) -> None:
    mapping_id = await bind(db, binding())
    async with db.transaction() as connection:
        await mapping.block(connection, mapping_id, "7 was sent, 9 was written")
    await bind(db, binding())
    assert (await stored(db)).blocked == "7 was sent, 9 was written"
    async with db.transaction() as connection:
        await mapping.unblock(connection, [EntityKey(Entity.CUSTOMER, CrmId("c"))])
    assert (await stored(db)).blocked is None
