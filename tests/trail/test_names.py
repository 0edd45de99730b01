"""Names of records: stored with what the log says of them, all of it or nothing, and no longer than that."""

import importlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import IntegrityError

from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.model import (
    CrmId,
    Entity,
    EntityKey,
    FinanceId,
    Kind,
    Operation,
    Status,
    TransactionId,
    Trigger,
)
from hamgam.sandbox import Fault, FaultKind
from hamgam.trail import log, names, records
from hamgam.trail.finishing import finish
from hamgam.trail.log import Attempt, Ending, TakenOver
from hamgam.trail.mapping import Binding
from tests.bench import bench

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
KEY = EntityKey(Entity.CUSTOMER, CrmId("441aecdc-97fc-4340-83d8-e4f97fee94c2"))
FIELDS = {"name": "سارا محمدی", "mobile": "09121112233", "national_id": "0012345678"}
READ = {"kind": "person", "number": "C7", "fields": FIELDS}
FAILED = Ending(status=Status.FAILED, reason=Reason.BUSINESS_ERROR, kind=Kind.PERSON, source=READ)
DONE = replace(FAILED, status=Status.SUCCESS, operation=Operation.CREATE, reason=None)

LINES = [{"productCode": "1001", "count": 2, "baseUnitPrice": 1000, "productUnitTypeName": "عدد"}]


async def begin(db: Database, key: EntityKey = KEY) -> Attempt:
    return await log.open_attempt(db, key, Trigger.POLL, {}, TransactionId(uuid4()), AT)


async def end(db: Database, attempt: Attempt, ending: Ending) -> None:
    async with db.transaction() as connection:
        await log.close(connection, attempt, ending, AT)


def binding(attempt: Attempt, code: str = "7") -> Binding:
    return Binding(
        entity=attempt.key.entity,
        crm_id=attempt.key.crm_id,
        finance_id=FinanceId(code),
        kind=Kind.PERSON,
        transaction_id=attempt.transaction_id,
        at=AT,
        crm_checksum="c",
        finance_checksum="f",
        crm_updated_at=None,
    )


async def stored(db: Database) -> list[Any]:
    found = await db.execute(
        text('SELECT entity, id, kind, name, number, "customerId", search FROM "RecordName" ORDER BY 1, 2')
    )
    return [tuple(row) for row in found]


async def found(db: Database, query: str) -> list[tuple[str, str]]:
    hits = await records.search(db, records.by_words(query), 50)
    return [(each.entity, each.id) for each in hits.records]


@pytest.mark.parametrize("status", [Status.FAILED, Status.CONFLICT, Status.SKIPPED, Status.IN_DOUBT])
async def test_whoever_is_in_no_mapping_is_found_as_soon_as_the_log_tells_of_them(
    db: Database, status: Status
) -> None:
    await end(db, await begin(db), replace(FAILED, status=status))
    [(entity, crm_id, kind, name, number, customer, _)] = await stored(db)
    assert (entity, crm_id, kind) == (KEY.entity, KEY.crm_id, "person")
    assert (name, number, customer) == ("سارا محمدی", "C7", None)
    for query in ("محمدي سارا", "۰۹۱۲۱۱۱۲۲۳۳", "0012345678", "c7", KEY.crm_id):
        assert await found(db, query) == [("customer", KEY.crm_id)]


async def test_a_sync_that_waits_for_a_retry_is_found_as_well(db: Database) -> None:
    await log.postpone(db, await begin(db), FAILED, AT, counts=True)
    assert await found(db, "سارا") == [("customer", KEY.crm_id)]


async def test_the_end_of_a_sync_and_the_name_are_one_statement(db: Database) -> None:
    attempt, statements = await begin(db), []

    def count(*arguments: Any) -> None:
        statements.append(arguments[2])

    event.listen(db._engine.sync_engine, "before_cursor_execute", count)
    await finish(db, attempt, binding(attempt), DONE, AT)
    assert len(statements) == 1
    assert await found(db, "سارا") == [("customer", KEY.crm_id)]


async def test_an_attempt_that_was_taken_over_stores_no_name(db: Database) -> None:
    slow = await begin(db)
    await begin(db)
    with pytest.raises(TakenOver):
        await finish(db, slow, binding(slow), DONE, AT)
    with pytest.raises(TakenOver):
        await end(db, slow, FAILED)
    with pytest.raises(TakenOver):
        await log.postpone(db, slow, FAILED, AT, counts=True)
    assert await stored(db) == []


async def test_what_breaks_off_stores_neither_outcome_nor_name(db: Database) -> None:
    first = await begin(db, EntityKey(Entity.CUSTOMER, CrmId("other")))
    await finish(db, first, binding(first), replace(DONE, source=None), AT)
    attempt = await begin(db)
    with pytest.raises(IntegrityError):
        await finish(db, attempt, binding(attempt), DONE, AT)
    with pytest.raises(RuntimeError):
        async with db.transaction() as connection:
            await log.close(connection, attempt, FAILED, AT)
            raise RuntimeError
    assert await stored(db) == []
    [row] = await db.execute(text("""SELECT * FROM "SyncLog" WHERE status <> 'SUCCESS'"""))
    assert (row.status, row.sourceData) == ("IN_PROGRESS", None)


async def test_the_newest_name_counts_and_one_that_stays_is_not_written_again(db: Database) -> None:
    await end(db, await begin(db), FAILED)
    [before] = await db.execute(text('SELECT ctid::text, * FROM "RecordName"'))
    await end(db, await begin(db), FAILED)
    await end(db, await begin(db), replace(FAILED, source=None))
    assert [before] == list(await db.execute(text('SELECT ctid::text, * FROM "RecordName"')))
    married = {**READ, "fields": {**FIELDS, "name": "سارا احمدی\x00"}}
    await end(db, await begin(db), replace(FAILED, source=married))
    assert await found(db, "محمدی") == []
    assert await found(db, "احمدی") == [("customer", KEY.crm_id)]


async def test_a_document_is_found_by_its_number_and_by_its_customer(db: Database) -> None:
    invoice = EntityKey(Entity.INVOICE, CrmId("9b2d7e1c-0000-4000-8000-000000000001"))
    await end(db, await begin(db), FAILED)
    read = {"number": "1405/33", "subject": "پیش‌فاکتور فرش", "customerId": KEY.crm_id, "lines": 1}
    await end(db, await begin(db, invoice), replace(FAILED, kind=None, source=read))
    for query in ("1405/33", "140533", "فرش"):
        assert await found(db, query) == [("invoice", invoice.crm_id)]
    assert set(await found(db, "محمدی")) == {("invoice", invoice.crm_id), ("customer", KEY.crm_id)}
    [document] = (await records.search(db, records.by_words("فرش"), 5)).records
    assert document.customer_name == "سارا محمدی"


async def test_an_import_makes_everybody_known(db: Database) -> None:
    async with bench(db) as b:
        created = b.box.finance.add_contact(Name="آذر کاوه", MobileNo="09123334455")
        skipped = b.box.finance.add_contact(Name="مدیر آرش", IsAdminUser=True)
        await b.run_import()
        [crm_id] = b.box.crm.persons
        assert await found(db, "كاوه") == await found(db, "+98 912 333 4455") == [("customer", crm_id)]
        assert await found(db, str(created)) == [("customer", crm_id)]
        assert await found(db, "آرش") == [("contact", str(skipped))]
        assert (await found(db, str(skipped)))[0] == ("contact", str(skipped))


async def test_a_contact_that_failed_is_found_as_its_customer_once_it_is_linked(db: Database) -> None:
    async with bench(db) as b:
        code = str(b.box.finance.add_contact(Name="آذر کاوه"))
        refusal = Fault(FaultKind.STATUS, system="crm", operation="person/create", status=400)
        b.box.faults.add(refusal)
        await b.run_import()
        assert await found(db, "آذر") == [("contact", code)]
        b.box.faults.clear()
        await b.run_import()
        [crm_id] = b.box.crm.persons
        assert await found(db, "آذر") == await found(db, code) == [("customer", crm_id)]


async def test_a_name_goes_when_nothing_else_is_known_of_who_is_not_mapped(db: Database) -> None:
    now = datetime.now(UTC) + timedelta(minutes=1)
    mapped = await begin(db, EntityKey(Entity.CUSTOMER, CrmId("mapped")))
    await finish(db, mapped, binding(mapped), DONE, AT)
    await end(db, await begin(db), replace(FAILED, status=Status.SKIPPED))
    await log.postpone(
        db, await begin(db, EntityKey(Entity.CUSTOMER, CrmId("open"))), FAILED, AT, counts=True
    )
    await names.purge(db, now)
    assert [row[1] for row in await stored(db)] == [KEY.crm_id, "mapped", "open"]
    await log.purge(db, now)
    await names.purge(db, AT)
    assert [row[1] for row in await stored(db)] == [KEY.crm_id, "mapped", "open"]
    await names.purge(db, now)
    assert [row[1] for row in await stored(db)] == ["mapped", "open"]


async def test_the_upgrade_finds_in_the_log_what_syncs_would_have_stored(db: Database) -> None:
    async with bench(db) as b:
        b.box.finance.add_contact(Name="آذر کاوه", MobileNo="09123334455")
        b.box.finance.add_contact(Name="مدیر آرش", IsAdminUser=True)
        await b.run_import()
        sara = b.person(nationalCode="0012345678")
        document = b.box.crm.add_document("invoice", sara, LINES, subject="فرش")
        await b.sync(sara)
        await b.sync(document, entity=Entity.INVOICE)
        b.box.crm.edit(sara, nickName="سارا احمدی")
        await b.sync(sara)
    before = await stored(db)
    assert len(before) == 4
    await db.execute(text('DELETE FROM "RecordName"'))
    migration = importlib.import_module("hamgam.db.migrations.versions.0007_record_names")
    engine = create_engine(db.url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        migration._fill(connection)
    engine.dispose()
    assert [without_number(row) for row in await stored(db)] == [without_number(row) for row in before]
    assert len(await found(db, "سارا احمدی")) == 2


def without_number(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """An import does not log which number it gave to a customer."""
    return (
        row if row[3] not in ("آذر کاوه", "مدیر آرش") else (*row[:4], row[5], set(row[6].split()) - {row[4]})
    )
