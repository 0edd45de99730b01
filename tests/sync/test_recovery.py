"""What a lost answer, a crash or another process leaves behind is found again, whatever came in between."""

import asyncio

import pytest

from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.model import CrmId, Entity, Operation, Status
from hamgam.sandbox import Fault, FaultKind, FinanceMood
from tests.bench import Bench, bench

CONTACT = "SaveFormData:2BFDA"
DOCUMENT = "SaveFormData:43D81"
LINE = {"productCode": "1", "count": 1, "baseUnitPrice": 10, "productUnitTypeName": "عدد"}


def lose_the_answer(b: Bench, operation: str = CONTACT, times: int | None = 1) -> None:
    b.box.faults.add(Fault(FaultKind.RESET_AFTER, system="finance", operation=operation, times=times))


# An update whose answer was lost


@pytest.mark.parametrize("given_up", [True, False])
async def test_an_edit_that_is_taken_back_after_its_answer_was_lost(db: Database, given_up: bool) -> None:
    """The stored checksum is the CRM's again, but finance holds what was sent in between."""
    async with bench(db, retries_allowed=0 if given_up else 3) as b:
        crm_id = b.person(nickName="نخست")
        done = await b.sync(crm_id)
        b.box.crm.edit(crm_id, nickName="دوم")
        lose_the_answer(b)
        lost = await b.sync(crm_id)
        assert lost.status is (Status.FAILED if given_up else Status.PENDING)
        assert b.contact(done.finance_id)["Name"] == "دوم"
        b.box.crm.edit(crm_id, nickName="نخست")
        again = await b.sync(crm_id)
        assert (again.status, again.operation) == (Status.SUCCESS, Operation.UPDATE)
        assert b.contact(done.finance_id)["Name"] == "نخست"
        b.box.journal.clear()
        assert (await b.sync(crm_id)).reason is Reason.CHECKSUM_MATCH
        assert b.writes("finance") == []


@pytest.mark.parametrize("given_up", [True, False])
async def test_a_document_that_is_taken_back_after_its_answer_was_lost(db: Database, given_up: bool) -> None:
    async with bench(db, retries_allowed=0 if given_up else 3) as b:
        crm_id = CrmId(b.box.crm.add_document("invoice", b.person(), [LINE], subject="نخست"))
        await b.sync(crm_id, entity=Entity.INVOICE)
        b.box.crm.edit_document(crm_id, subject="دوم")
        lose_the_answer(b, DOCUMENT)
        await b.sync(crm_id, entity=Entity.INVOICE)
        b.box.crm.edit_document(crm_id, subject="نخست")
        again = await b.sync(crm_id, entity=Entity.INVOICE)
        assert (again.status, again.operation) == (Status.SUCCESS, Operation.UPDATE)
        b.box.journal.clear()
        assert (await b.sync(crm_id, entity=Entity.INVOICE)).reason is Reason.CHECKSUM_MATCH
        assert b.writes("finance") == []


async def test_an_update_that_surely_did_not_happen_leaves_no_doubt(db: Database) -> None:
    async with bench(db) as b:
        crm_id = b.person(nickName="نخست")
        await b.sync(crm_id)
        b.box.crm.edit(crm_id, nickName="دوم")
        b.box.faults.add(Fault(FaultKind.STATUS, system="finance", operation=CONTACT, status=503))
        await b.sync(crm_id)
        b.box.crm.edit(crm_id, nickName="نخست")
        assert (await b.sync(crm_id)).reason is Reason.CHECKSUM_MATCH


# A create whose answer was lost


@pytest.mark.parametrize("between", ["unreachable", "retry"])
async def test_a_lost_create_is_found_after_other_failures(db: Database, between: str) -> None:
    """No number, no national id, and finance returns no number: only the sent values recognise it."""
    mood = FinanceMood(returns_tmpid=False, duplicate_phone_refused=False)
    async with bench(db, finance_mood=mood, retries_allowed=0) as b:
        crm_id = b.person(customerNumber="")
        lose_the_answer(b)
        assert (await b.sync(crm_id)).status is Status.FAILED
        fault = b.box.faults.add(Fault(FaultKind.STATUS, system="finance", status=500, times=None))
        for _ in range(2):
            assert (await b.sync(crm_id)).status is Status.FAILED
        assert fault.hits
        b.box.faults.clear()
        done = await b.sync(crm_id)
        assert (done.status, done.operation) == (Status.SUCCESS, Operation.LINK)
        assert len(b.box.finance.contacts) == 1
        assert {row.resolvedAt is not None for row in await b.log() if row.status == "FAILED"} == {True}


@pytest.mark.parametrize("returns_tmpid", [True, False])
@pytest.mark.parametrize("refuses_phone", [True, False])
@pytest.mark.parametrize("number", ["900", ""])
async def test_a_create_is_found_after_a_crash(
    db: Database, returns_tmpid: bool, refuses_phone: bool, number: str
) -> None:
    mood = FinanceMood(returns_tmpid=returns_tmpid, duplicate_phone_refused=refuses_phone)
    async with bench(db, finance_mood=mood, timeout_seconds=60) as b:
        crm_id = b.person(customerNumber=number)
        b.box.faults.add(Fault(FaultKind.TIMEOUT, system="finance", operation=CONTACT, after=True))
        dies = asyncio.create_task(b.sync(crm_id))
        async with asyncio.timeout(30):
            while not b.box.finance.contacts:
                await asyncio.sleep(0.01)
        dies.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dies
        [row] = await b.log()
        assert (row.status, row.intent["operation"]) == ("IN_PROGRESS", "CREATE")
        done = await b.sync(crm_id)
        assert (done.status, done.operation) == (Status.SUCCESS, Operation.LINK)
        assert len(b.box.finance.contacts) == 1
        [row] = await b.log()
        assert (row.status, row.retryCount, row.intent) == ("SUCCESS", 1, None)


@pytest.mark.parametrize("returns_tmpid", [True, False])
async def test_a_telephone_refused_after_a_lost_create_leads_to_the_link(
    db: Database, returns_tmpid: bool
) -> None:
    """Somebody in finance edited the new contact before it was looked for: not all that was sent is there."""
    async with bench(db, finance_mood=FinanceMood(returns_tmpid=returns_tmpid)) as b:
        crm_id = b.person(customerNumber="")
        lose_the_answer(b)
        await b.sync(crm_id)
        [code] = b.box.finance.contacts
        b.box.finance.edit_contact(code, Email="office@example.com")
        done = await b.sync(crm_id)
        assert (done.status, done.operation, done.finance_id) == (
            Status.SUCCESS,
            Operation.LINK,
            str(code),
        )
        assert not b.contact(str(code))["Email"]
        assert len(b.box.finance.contacts) == 1


async def test_a_telephone_of_somebody_else_links_nobody(db: Database) -> None:
    async with bench(db, finance_mood=FinanceMood(returns_tmpid=False)) as b:
        crm_id = b.person(customerNumber="")
        lose_the_answer(b)
        await b.sync(crm_id)
        [code] = b.box.finance.contacts
        b.box.finance.edit_contact(code, Name="کسی دیگر")
        done = await b.sync(crm_id)
        assert (done.status, done.reason) == (Status.FAILED, Reason.DUPLICATE_PHONE)
        assert await b.rows('SELECT 1 FROM "EntityMapping"') == []


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.RESET_BEFORE])
@pytest.mark.parametrize("given_up", [True, False])
@pytest.mark.parametrize("filters", ["all", "none"])
async def test_a_link_whose_answer_was_lost_too_leads_to_no_second_contact(
    db: Database, kind: FaultKind, given_up: bool, filters: str
) -> None:
    """The lost create was found and is brought to what the CRM says by now: which values it has is open."""
    mood = FinanceMood(returns_tmpid=False, duplicate_phone_refused=False, filters=filters)
    async with bench(db, finance_mood=mood, retries_allowed=0 if given_up else 3) as b:
        crm_id = b.person(customerNumber="", nickName="نخست")
        lose_the_answer(b)
        await b.sync(crm_id)
        b.box.crm.edit(crm_id, nickName="دوم")
        b.box.faults.add(Fault(kind, system="finance", operation=CONTACT))
        assert (await b.sync(crm_id)).reason is Reason.ANSWER_LOST
        b.box.crm.edit(crm_id, nickName="سوم")
        done = await b.sync(crm_id)
        assert (done.status, done.operation) == (Status.SUCCESS, Operation.LINK)
        [contact] = b.box.finance.contacts.values()
        assert contact["Name"] == "سوم"


async def test_a_link_that_is_refused_does_not_forget_the_contact(db: Database) -> None:
    async with bench(db, finance_mood=FinanceMood(returns_tmpid=False)) as b:
        b.box.finance.add_contact(Name="کسی", MobileNo="09120000000")
        crm_id = b.person(customerNumber="")
        lose_the_answer(b)
        await b.sync(crm_id)
        b.box.crm.set_phone(crm_id, "Mobile", "09120000000")
        refused = await b.sync(crm_id)
        assert (refused.status, refused.reason) == (Status.FAILED, Reason.DUPLICATE_PHONE)
        b.box.crm.set_phone(crm_id, "Mobile", "09123334455")
        done = await b.sync(crm_id)
        assert (done.status, done.operation) == (Status.SUCCESS, Operation.LINK)
        assert len(b.box.finance.contacts) == 2


@pytest.mark.parametrize("status", ["FAILED", "IN_DOUBT"])
@pytest.mark.parametrize("intent", ['{"operation": "UPSERT"}', '"CREATE"', "[]", "{}"])
async def test_an_intent_that_cannot_be_read_is_a_doubt_and_repeats_nothing(
    db: Database, status: str, intent: str
) -> None:
    async with bench(db) as b:
        crm_id = CrmId(b.box.crm.add_document("invoice", b.person(), [LINE]))
        lose_the_answer(b, DOCUMENT)
        await b.sync(crm_id, entity=Entity.INVOICE)
        await b.rows(
            """UPDATE "SyncLog" SET status = :status, intent = CAST(:intent AS jsonb)"""
            """ WHERE status = 'IN_DOUBT' RETURNING 1""",
            status=status,
            intent=intent,
        )
        assert (await b.sync(crm_id, entity=Entity.INVOICE)).reason is Reason.IN_DOUBT
        assert len(b.box.finance.documents) == 1


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.RESET_BEFORE])
@pytest.mark.parametrize("given_up", [True, False])
async def test_a_lost_create_is_found_although_the_write_after_it_was_lost_too(
    db: Database, kind: FaultKind, given_up: bool
) -> None:
    """It was edited in between: what was sent first is what recognises it, until it is bound."""
    mood = FinanceMood(returns_tmpid=False, duplicate_phone_refused=False)
    async with bench(db, finance_mood=mood, retries_allowed=0 if given_up else 3) as b:
        crm_id = b.person(customerNumber="")
        lose_the_answer(b)
        await b.sync(crm_id)
        b.box.crm.edit(crm_id, nickName="سارا احمدی")
        b.box.faults.add(Fault(kind, system="finance", operation=CONTACT))
        assert (await b.sync(crm_id)).reason is Reason.ANSWER_LOST
        assert (await b.sync(crm_id)).status is Status.SUCCESS
        [contact] = b.box.finance.contacts.values()
        assert contact["Name"] == "سارا احمدی"


# A build that makes a second contact instead of updating


async def test_a_link_makes_at_most_one_second_contact(db: Database) -> None:
    mood = FinanceMood(update_makes_new=True, returns_tmpid=False, duplicate_phone_refused=False)
    async with bench(db, finance_mood=mood) as b:
        code = b.box.finance.add_contact(Name="قدیمی")
        crm_id = b.person(customerNumber=str(code))
        for _ in range(3):
            done = await b.sync(crm_id)
            assert (done.status, done.reason) == (Status.CONFLICT, Reason.OTHER_CODE)
            assert "was written" in done.message
        assert len(b.box.finance.contacts) == 2


async def test_a_found_create_that_the_link_has_doubled_is_not_created_again(db: Database) -> None:
    """After the conflict nothing recognises the customer any more; that is no reason to create it."""
    mood = FinanceMood(update_makes_new=True, returns_tmpid=False, duplicate_phone_refused=False)
    async with bench(db, finance_mood=mood) as b:
        crm_id = b.person(customerNumber="")
        lose_the_answer(b)
        await b.sync(crm_id)
        b.box.crm.edit(crm_id, nickName="سارا احمدی")
        for _ in range(3):
            done = await b.sync(crm_id)
            assert (done.status, done.reason) == (Status.CONFLICT, Reason.OTHER_CODE)
        assert len(b.box.finance.contacts) == 2


async def test_a_block_keeps_saying_what_happened(db: Database) -> None:
    async with bench(db) as b:
        crm_id = b.person(mobile="")
        await b.sync(crm_id)
        b.box.finance.mood = FinanceMood(update_makes_new=True)
        messages = []
        for name in ("یک", "دو", "سه"):
            b.box.crm.edit(crm_id, nickName=name)
            messages.append((await b.sync(crm_id)).message)
        assert len(set(messages)) == 1
        [mapping] = await b.rows('SELECT blocked FROM "EntityMapping"')
        assert mapping.blocked == messages[0]


# Values that the database refuses


async def test_a_value_with_a_zero_character_is_synchronised(db: Database) -> None:
    async with bench(db) as b:
        crm_id = b.person(nickName="نام\x00بد", description="\x00")
        done = await b.sync(crm_id)
        assert done.status is Status.SUCCESS
        assert (await b.sync(crm_id)).reason is Reason.CHECKSUM_MATCH
        assert len(b.box.finance.contacts) == 1
