"""A notice may come before its change can be read: one later look, and no more."""

import pytest

from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.jobs.runner import SECOND_LOOK_SECONDS
from hamgam.model import Entity, Status, Trigger
from hamgam.sandbox import Fault, FaultKind
from tests.bench import Bench, bench

LINE = {"productCode": "1", "count": 1, "baseUnitPrice": 10, "productUnitTypeName": "عدد"}


def not_readable_yet(b: Bench, operation: str, times: int) -> None:
    b.box.faults.add(Fault(FaultKind.STATUS, system="crm", operation=operation, status=404, times=times))


async def test_a_customer_that_cannot_be_read_yet_arrives(db: Database) -> None:
    async with bench(db) as b:
        customer = b.person()
        not_readable_yet(b, "*/get", 2)  # as a person and as an organization
        early = await b.sync(customer)
        assert (early.status, early.reason) == (Status.SKIPPED, Reason.NOT_IN_CRM)
        [job] = await b.jobs()
        assert (job.scheduled_at - b.clock()).total_seconds() == SECOND_LOOK_SECONDS
        assert (await b.sync_next()).status is Status.SUCCESS
        assert await b.jobs() == []


async def test_a_document_that_cannot_be_read_yet_arrives(db: Database) -> None:
    async with bench(db) as b:
        document = b.box.crm.add_document("invoice", b.person(), [LINE])
        not_readable_yet(b, "invoice/sales/get", 1)
        await b.sync(document, entity=Entity.INVOICE)
        assert (await b.sync_next()).status is Status.SUCCESS


async def test_who_is_not_there_the_second_time_is_not_looked_for_a_third(db: Database) -> None:
    async with bench(db) as b:
        customer = b.person()
        b.box.crm.delete(customer)
        await b.sync(customer)
        assert (await b.sync_next()).reason is Reason.NOT_IN_CRM
        assert await b.jobs() == []


@pytest.mark.parametrize("trigger", [Trigger.POLL, Trigger.MANUAL])
async def test_only_a_webhook_comes_early(db: Database, trigger: Trigger) -> None:
    async with bench(db) as b:
        customer = b.person()
        b.box.crm.delete(customer)
        await b.sync(customer, trigger=trigger)
        assert await b.jobs() == []


@pytest.mark.parametrize("polls", [True, False])
async def test_an_edit_that_cannot_be_read_yet_is_found_without_polling_too(
    db: Database, polls: bool
) -> None:
    async with bench(db, polls=polls) as b:
        customer = b.person()
        await b.sync(customer)
        assert (await b.sync(customer)).reason is Reason.CHECKSUM_MATCH
        assert len(await b.jobs()) == (0 if polls else 1)
        b.box.crm.edit(customer, nickName="نو", deliver=False)
        outcomes = await b.poll_and_sync() if polls else [await b.sync_next()]
        assert [one.status for one in outcomes] == [Status.SUCCESS]
