"""Sales invoices and quotes, CRM to finance: the customer first, exact amounts, one document for ever."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal, cast
from uuid import uuid4

import pytest
from sqlalchemy import text

from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.jobs.runner import resume_held_up
from hamgam.model import (
    CrmId,
    Entity,
    Operation,
    PreInvoice,
    SavedDocument,
    Status,
    System,
    TransactionId,
)
from hamgam.sandbox import Fault, FaultKind, FinanceMood
from hamgam.sync.decide import InvoiceUpdatePolicy
from hamgam.sync.site import SiteCodes
from hamgam.systems.limits import LocalLimiter
from hamgam.systems.ports import FinanceConnector
from tests.bench import Bench, bench

SAVE = "SaveFormData:43D81"


def line(**more: Any) -> dict[str, Any]:
    return {
        "productCode": "1001",
        "productName": "سیمان",
        "count": Decimal("2.5"),
        "baseUnitPrice": Decimal("1234567.25"),
        "totalDiscount": Decimal("100"),
        "productUnitTypeName": "کیلوگرم",
    } | more


def document(b: Bench, entity: Entity = Entity.INVOICE, customer: str | None = None, **header: Any) -> CrmId:
    given = {"crmObjectTypeCode": "PI_5", "subject": "فروش"} | header
    lines = given.pop("lines", [line()])
    return CrmId(b.box.crm.add_document(entity, customer or b.person(), lines, **given))


def only(b: Bench) -> dict[str, Any]:
    [saved] = b.box.finance.documents.values()
    return saved


@pytest.mark.parametrize("entity", [Entity.INVOICE, Entity.QUOTE])
async def test_a_document_is_written_exactly_and_its_customer_first(db: Database, entity: Entity) -> None:
    async with bench(db, codes=SiteCodes(payment_kind=2, sales_center=7, sale_kind=3)) as b:
        crm_id = document(b, entity)
        done = await b.sync(crm_id, entity=entity)
        assert (done.status, done.operation, done.reason) == (Status.SUCCESS, Operation.CREATE, None)
        saved = only(b)
        [customer] = b.box.finance.contacts
        header = saved["header"]
        assert header["codemoshtari"] == str(customer)
        assert header["codesalemodel"] == "5"
        assert header["codenoeepardakht"] == "2"
        assert header["codemarkazforush"] == "7"
        assert header["codenoeeforush"] == "3"
        assert header["codenoeesanad"] == "2"
        assert header["salmali"] == str(b.box.finance.fiscal_year)
        [row] = saved["lines"]
        assert (row["codekala"], row["nameunit"]) == ("1001", "کیلوگرم")
        assert Decimal(str(row["qty"])) == Decimal("2.5")
        assert Decimal(str(row["price"])) == Decimal("1234567.25")
        assert Decimal(str(row["mabtakhfif"])) == Decimal("100")
        assert saved["net"] == Decimal("2.5") * Decimal("1234567.25") - 100
        [mapping] = await b.rows("""SELECT * FROM "EntityMapping" WHERE "entityType" = 'PREINVOICE'""")
        assert (mapping.crmId, mapping.financeId, mapping.crmEntity) == (crm_id, saved["key"], entity)


async def test_a_document_costs_two_calls_when_its_customer_is_known(db: Database) -> None:
    async with bench(db) as b:
        customer = b.person()
        await b.sync(customer)
        b.box.journal.clear()
        await b.sync(document(b, customer=customer), entity=Entity.INVOICE)
        assert (b.calls("crm"), b.calls("finance")) == (["invoice/sales/get"], [SAVE])


async def test_the_same_document_is_never_written_twice(db: Database) -> None:
    async with bench(db) as b:
        crm_id = document(b)
        await b.sync(crm_id, entity=Entity.INVOICE)
        again = await b.sync(crm_id, entity=Entity.INVOICE)
        assert again.reason is Reason.CHECKSUM_MATCH
        only(b)


async def test_a_changed_document_edits_the_one_there_is(db: Database) -> None:
    async with bench(db) as b:
        crm_id = document(b)
        first = await b.sync(crm_id, entity=Entity.INVOICE)
        b.box.crm.edit_document(crm_id, lines=[line(count=Decimal(3))])
        done = await b.sync(crm_id, entity=Entity.INVOICE)
        assert (done.status, done.operation) == (Status.SUCCESS, Operation.UPDATE)
        assert only(b)["key"] == first.finance_id
        assert Decimal(str(only(b)["lines"][0]["qty"])) == 3


async def test_a_changed_document_is_shown_for_review_where_the_site_wants_that(db: Database) -> None:
    async with bench(db, on_invoice_update=InvoiceUpdatePolicy.REVIEW) as b:
        crm_id = document(b)
        await b.sync(crm_id, entity=Entity.INVOICE)
        before = dict(only(b))
        b.box.crm.edit_document(crm_id, lines=[line(count=Decimal(3))])
        done = await b.sync(crm_id, entity=Entity.INVOICE)
        assert (done.status, done.reason) == (Status.CONFLICT, Reason.REVIEW_REQUIRED)
        assert only(b) == before


async def test_a_create_whose_answer_was_lost_is_in_doubt_and_never_repeated(db: Database) -> None:
    async with bench(db) as b:
        crm_id = document(b)
        b.box.faults.add(Fault(FaultKind.RESET_AFTER, system="finance", operation=SAVE))
        lost = await b.sync(crm_id, entity=Entity.INVOICE)
        assert (lost.status, lost.again_at) == (Status.IN_DOUBT, None)
        for _ in range(2):
            b.box.crm.edit_document(crm_id, subject="ویرایش")
            again = await b.sync(crm_id, entity=Entity.INVOICE)
            assert (again.status, again.reason) == (Status.SKIPPED, Reason.IN_DOUBT)
        only(b)
        [row] = await b.rows("""SELECT * FROM "SyncLog" WHERE status = 'IN_DOUBT'""")
        assert row.resolvedAt is None
        assert row.intent["operation"] == "CREATE"


async def test_a_create_that_surely_did_not_happen_is_repeated(db: Database) -> None:
    async with bench(db) as b:
        crm_id = document(b)
        b.box.faults.add(Fault(FaultKind.STATUS, system="finance", operation=SAVE, status=503))
        first = await b.sync(crm_id, entity=Entity.INVOICE)
        assert first.status is Status.PENDING
        done = await b.sync(crm_id, entity=Entity.INVOICE)
        assert done.status is Status.SUCCESS
        only(b)


async def test_a_process_that_died_after_the_intent_leaves_a_doubt_and_no_second_document(
    db: Database,
) -> None:
    async with bench(db) as b:
        crm_id = document(b)
        b.box.faults.add(Fault(FaultKind.STATUS, system="finance", operation=SAVE, status=503))
        await b.sync(crm_id, entity=Entity.INVOICE)
        await b.rows(
            """UPDATE "SyncLog" SET status = 'IN_PROGRESS', intent = CAST(:intent AS jsonb)"""
            """ WHERE "entityType" = 'PREINVOICE' RETURNING 1""",
            intent=f'{{"operation": "CREATE", "transactionId": "{uuid4()}", "fields": {{}}}}',
        )
        done = await b.sync(crm_id, entity=Entity.INVOICE)
        assert (done.status, done.reason) == (Status.IN_DOUBT, Reason.ANSWER_LOST)
        assert not b.box.finance.documents


class Killed(BaseException):
    pass


class Dying:
    """A finance system whose caller dies with the request on its way."""

    def __init__(self, finance: FinanceConnector) -> None:
        self._finance = finance

    def __getattr__(self, name: str) -> Any:
        return getattr(self._finance, name)

    async def create_document(self, document: PreInvoice, *, transaction_id: TransactionId) -> SavedDocument:
        raise Killed


async def test_what_was_sent_is_known_to_the_last_line_though_the_process_died(db: Database) -> None:
    async with bench(db) as b:
        crm_id = document(b, lines=[line(count=Decimal("2.5"))])
        dying = b.with_finance(cast("FinanceConnector", Dying(b.site.finance)))
        with pytest.raises(Killed):
            await dying.sync(crm_id, entity=Entity.INVOICE)
        assert (await b.sync(crm_id, entity=Entity.INVOICE)).status is Status.IN_DOUBT
        [row] = await b.rows("""SELECT * FROM "SyncLog" WHERE status = 'IN_DOUBT'""")
        [sent] = row.targetDataAfter["lines"]
        assert Decimal(sent["quantity"]) == Decimal("2.5")
        assert row.intent["document"] == row.targetDataAfter
        assert row.intent["number"] == b.box.crm.get(crm_id)["number"]


async def test_a_document_waits_for_its_customer_and_goes_on_when_that_is_settled(db: Database) -> None:
    async with bench(db) as b:
        other = b.box.finance.add_contact(Name="کسی دیگر", MobileNo="09121112233")
        customer = b.person()
        crm_id = document(b, customer=customer)
        done = await b.sync(crm_id, entity=Entity.INVOICE)
        assert (done.status, done.reason) == (Status.FAILED, Reason.CUSTOMER_FAILED)
        assert customer in done.message and Reason.DUPLICATE_PHONE in done.message
        await resume_held_up(b.db)
        assert await b.jobs() == []
        b.box.finance.edit_contact(other, MobileNo="09120000000")
        # The customer comes along with another document of theirs, so no sync of its own will tell.
        assert (await b.sync(document(b, customer=customer), entity=Entity.INVOICE)).status is Status.SUCCESS
        await resume_held_up(b.db)
        [job] = await b.jobs()
        assert (job.queueing_lock, job.scheduled_at) == (f"invoice:{crm_id}", None)
        assert (await b.sync(crm_id, entity=Entity.INVOICE)).status is Status.SUCCESS


async def test_a_bad_price_fails_with_the_text_of_finance(db: Database) -> None:
    async with bench(db) as b:
        crm_id = document(b, lines=[line(baseUnitPrice=Decimal(0), totalDiscount=Decimal(0))])
        done = await b.sync(crm_id, entity=Entity.INVOICE)
        assert (done.status, done.reason) == (Status.FAILED, Reason.BAD_PRICE)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], Reason.NO_LINES),
        ([line(productCode=None)], Reason.UNUSABLE_RECORD),
        ([line(count=Decimal(0))], Reason.UNUSABLE_RECORD),
    ],
)
async def test_a_document_nothing_can_be_made_of_fails_and_writes_nothing(
    db: Database, lines: list[dict[str, Any]], reason: Reason
) -> None:
    async with bench(db) as b:
        done = await b.sync(document(b, lines=lines), entity=Entity.INVOICE)
        assert (done.status, done.reason) == (Status.FAILED, reason)
        assert SAVE not in b.writes("finance")


@pytest.mark.parametrize("mood", [FinanceMood(), FinanceMood(adds_vat_percent=Decimal(10))])
async def test_totals_agree_with_and_without_vat(db: Database, mood: FinanceMood) -> None:
    async with bench(db, finance_mood=mood) as b:
        net = Decimal("2.5") * Decimal("1234567.25") - 100
        vat = net / 10 if mood.adds_vat_percent else Decimal(0)
        crm_id = document(b, vat=vat, finalValue=net + vat)
        done = await b.sync(crm_id, entity=Entity.INVOICE)
        assert (done.status, done.reason, done.message) == (Status.SUCCESS, None, "")


async def test_totals_that_differ_are_said(db: Database) -> None:
    async with bench(db) as b:
        crm_id = document(b, finalValue=Decimal(1000))
        done = await b.sync(crm_id, entity=Entity.INVOICE)
        assert (done.status, done.reason) == (Status.SUCCESS, Reason.TOTAL_MISMATCH)
        assert "1000" in done.message


async def test_a_document_that_is_not_in_the_crm_is_skipped(db: Database) -> None:
    async with bench(db) as b:
        done = await b.sync(str(uuid4()), entity=Entity.QUOTE)
        assert (done.status, done.reason) == (Status.SKIPPED, Reason.NOT_IN_CRM)


async def test_a_document_that_only_waited_for_its_turn_is_not_in_doubt(db: Database) -> None:
    """A worker that is told to stop leaves what it had not begun to send to the next one."""
    limiter = LocalLimiter(8, 0)
    limiters = {System.CRM: LocalLimiter(8, 0), System.FINANCE: limiter}
    async with bench(db, limiters=limiters) as b:
        crm_id = document(b)
        await b.sync(next(iter(b.box.crm.persons)))
        limiter.set_share(0, 0)
        looking = asyncio.create_task(b.sync(crm_id, entity=Entity.INVOICE))
        while not await b.rows('SELECT 1 FROM "SyncLog" WHERE intent IS NOT NULL'):
            await asyncio.sleep(0.01)
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
        assert not await b.rows('SELECT 1 FROM "SyncLog" WHERE intent IS NOT NULL')
        limiter.set_share(8, 0)
        done = await b.sync(crm_id, entity=Entity.INVOICE)
        assert (done.status, len(b.box.finance.documents)) == (Status.SUCCESS, 1)


class NoSecondPlace(asyncio.Semaphore):
    """A place to read, and none to write."""

    taken = 0

    async def acquire(self) -> Literal[True]:
        self.taken += 1
        if self.taken > 1:
            await asyncio.Event().wait()
        return await super().acquire()


async def test_a_document_that_only_waited_for_a_place_is_not_in_doubt(db: Database) -> None:
    async with bench(db) as b:
        crm_id = document(b)
        await b.sync(next(iter(b.box.crm.persons)))
        free, places = b.site, NoSecondPlace(1)
        b.site = replace(free, places=places)
        looking = asyncio.create_task(b.sync(crm_id, entity=Entity.INVOICE))
        async with asyncio.timeout(30):
            while places.taken < 2:
                await asyncio.sleep(0.01)
        assert await b.rows('SELECT 1 FROM "SyncLog" WHERE intent IS NOT NULL')
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
        assert not await b.rows('SELECT 1 FROM "SyncLog" WHERE intent IS NOT NULL')
        b.site = free
        done = await b.sync(crm_id, entity=Entity.INVOICE)
        assert (done.status, len(b.box.finance.documents)) == (Status.SUCCESS, 1)


class OneAtADoor(asyncio.Semaphore):
    """Lets the first one in when it is told to."""

    def __init__(self) -> None:
        super().__init__(1)
        self.reached, self.opened = asyncio.Event(), asyncio.Event()

    async def acquire(self) -> Literal[True]:
        self.reached.set()
        await self.opened.wait()
        return await super().acquire()


async def test_a_document_that_is_broken_off_while_its_intent_is_noted_is_not_in_doubt(db: Database) -> None:
    """The statement that is broken off costs the connection its life, and the cancel stays a cancel."""
    async with bench(db) as b:
        crm_id = document(b)
        await b.sync(next(iter(b.box.crm.persons)))
        free, door = b.site, OneAtADoor()
        b.site = replace(free, places=door)
        looking = asyncio.create_task(b.sync(crm_id, entity=Entity.INVOICE))
        async with asyncio.timeout(30):
            await door.reached.wait()
            async with db.transaction() as connection:
                await connection.execute(
                    text("SELECT 1 FROM \"SyncLog\" WHERE status = 'IN_PROGRESS' FOR UPDATE")
                )
                door.opened.set()
                while not await b.rows("SELECT 1 FROM pg_locks WHERE NOT granted"):
                    await asyncio.sleep(0.01)
                looking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await looking
        assert [row.status for row in await b.log() if row.intent or row.reason] == []
        b.site = free
        done = await b.sync(crm_id, entity=Entity.INVOICE)
        assert (done.status, len(b.box.finance.documents)) == (Status.SUCCESS, 1)
