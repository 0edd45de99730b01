"""A person retries or dismisses one row: once, by name, and never over somebody else's head."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Row

from hamgam.db.engine import Database
from hamgam.db.tables import sync_log
from hamgam.errors import Reason
from hamgam.jobs.acting import Act, dismiss, possible, put_back
from hamgam.jobs.declining import Declined, Why
from hamgam.jobs.settling import settle
from hamgam.model import CrmId, Direction, Entity, FinanceId, Operation, Status, Trigger
from hamgam.sandbox import Fault, FaultKind, FinanceMood
from hamgam.sync.decide import InvoiceUpdatePolicy
from hamgam.trail import worklist
from hamgam.trail.attention import Asked
from hamgam.trail.numbers import attention_count
from tests.bench import Bench, bench

CONTACT, DOCUMENT = "SaveFormData:2BFDA", "SaveFormData:43D81"
LINE: dict[str, Any] = {"productCode": "1", "count": 1, "baseUnitPrice": 10, "productUnitTypeName": "عدد"}


async def failed(b: Bench) -> tuple[CrmId, int]:
    """A customer whose mobile number another contact has, and that contact."""
    other = b.box.finance.add_contact(Name="کسی دیگر", MobileNo="09121112233")
    crm_id = b.person()
    assert (await b.sync(crm_id)).reason is Reason.DUPLICATE_PHONE
    return crm_id, other


async def asking(b: Bench) -> Row[Any]:
    wanted = worklist.Wanted()
    [row] = await worklist.rows(b.db, wanted, oldest_first=False, after=None, limit=10)
    return row


async def row_of(b: Bench, log_id: UUID) -> Any:
    [row] = await b.rows('SELECT * FROM "SyncLog" WHERE id = :id', id=log_id)
    return row


async def declined(doing: Any) -> Declined:
    with pytest.raises(Declined) as caught:
        await doing
    assert "\n" not in str(caught.value)
    return caught.value


def by(b: Bench, name: str = "مریم") -> Asked:
    return Asked(name, b.clock())


async def test_a_retry_keeps_who_asked(db: Database) -> None:
    async with bench(db) as b:
        _, other = await failed(b)
        row = await asking(b)
        asked = by(b)
        await put_back(db, row.id, asked, row.transactionId)
        [job] = await b.jobs()
        assert job.args["payload"] == {"retry": str(row.id), "retriedBy": "مریم"}
        b.box.finance.edit_contact(other, MobileNo=None)
        assert (await b.sync_next()).status is Status.SUCCESS
        told = (await row_of(b, row.id)).triggerPayload
        assert told["retriedBy"] == "مریم"
        assert told["retriedAt"] == asked.at.isoformat()


async def test_a_double_click_retries_once_and_tells_the_second_who_was_first(db: Database) -> None:
    async with bench(db) as b:
        await failed(b)
        row = await asking(b)
        asked = by(b)
        again = (put_back(db, row.id, asked, row.transactionId) for _ in range(2))
        results = await asyncio.gather(*again, return_exceptions=True)
        assert len(await b.jobs()) == 1
        [refusal] = [result for result in results if result is not None]
        assert isinstance(refusal, Declined)
        # The second comes either while the first holds the entity, or after it.
        assert refusal.why in (Why.BUSY, Why.GOES_ON)
        later = await declined(put_back(db, row.id, by(b, "رضا"), row.transactionId))
        assert (later.why, later.by, later.at) == (Why.GOES_ON, "مریم", asked.at)


async def test_a_row_that_failed_again_is_another_failure(db: Database) -> None:
    async with bench(db) as b:
        await failed(b)
        row = await asking(b)
        asked = by(b)
        await put_back(db, row.id, asked, row.transactionId)
        assert (await b.sync_next()).status is Status.FAILED
        for stale in (
            put_back(db, row.id, by(b, "رضا"), row.transactionId),
            dismiss(db, row.id, "", by="رضا", now=b.clock(), seen=row.transactionId),
        ):
            refusal = await declined(stale)
            assert (refusal.why, refusal.by, refusal.at) == (Why.CHANGED, "مریم", asked.at)
        assert await b.jobs() == []
        await put_back(db, row.id, by(b))


async def test_what_is_worked_on_is_left_alone_and_not_waited_for(db: Database) -> None:
    async with bench(db) as b:
        crm_id, _ = await failed(b)
        row = await asking(b)
        async with db.locked(f"customer:{crm_id}"):
            assert (await declined(put_back(db, row.id, by(b)))).why is Why.BUSY
            settling = settle(db, row.id, None, by="مریم", now=b.clock(), wait=False)
            assert (await declined(settling)).why is Why.BUSY
        assert await b.jobs() == []


async def test_a_row_that_does_not_exist(db: Database) -> None:
    async with bench(db) as b:
        for doing in (put_back(db, uuid4(), by(b)), dismiss(db, uuid4(), "", by="x", now=b.clock())):
            assert (await declined(doing)).why is Why.UNKNOWN


async def test_two_people_settle_one_row(db: Database) -> None:
    async with bench(db) as b:
        codes = [b.box.finance.add_contact(Name=f"سارا {n}", NationalCode="0012345679") for n in (1, 2)]
        await b.sync(b.person(nationalCode="0012345679"))
        row = await asking(b)
        at = b.clock()
        doing = (
            settle(db, row.id, FinanceId(str(code)), by=name, now=at, seen=row.transactionId)
            for code, name in zip(codes, ("مریم", "رضا"), strict=True)
        )
        results = await asyncio.gather(*doing, return_exceptions=True)
        [refusal] = [result for result in results if isinstance(result, Declined)]
        [done] = [result for result in results if not isinstance(result, BaseException)]
        assert (refusal.why, refusal.by, refusal.at) == (Why.SETTLED, done.by, at)
        assert len(await b.jobs()) == 1


# Dismissing


async def dismissed(b: Bench, note: str = "تکراری است") -> Row[Any]:
    row = await asking(b)
    await dismiss(b.db, row.id, note, by="مریم", now=b.clock(), seen=row.transactionId)
    return row


async def test_a_dismissed_failure_asks_no_more_and_says_why(db: Database) -> None:
    async with bench(db) as b:
        await failed(b)
        row = await dismissed(b)
        told = await row_of(b, row.id)
        assert (told.resolvedBy, told.resolvedAt) == ("مریم", b.clock())
        assert (told.status, told.resolution) == ("FAILED", {"dismissed": "تکراری است"})
        assert await attention_count(db) == 0
        assert await b.jobs() == []
        refusal = await declined(put_back(db, row.id, by(b, "رضا")))
        assert (refusal.why, refusal.by) == (Why.SETTLED, "مریم")


async def test_the_poll_leaves_the_dismissed_version_alone_and_brings_the_next(db: Database) -> None:
    async with bench(db) as b:
        crm_id, _ = await failed(b)
        await dismissed(b)
        assert await b.poll_and_sync(after_seconds=700) == []
        b.box.crm.edit(crm_id, nickName="سارا محمدی‌نیا")
        [done] = await b.poll_and_sync()
        assert done.reason is Reason.DUPLICATE_PHONE
        assert await attention_count(db) == 1
        await dismissed(b)
        phones = [{"default": True, "phoneType": "Mobile", "phoneNumber": "09350000000"}]
        b.box.crm.edit(crm_id, phoneContacts=phones)
        [done] = await b.poll_and_sync()
        assert done.status is Status.SUCCESS


async def test_a_dismissed_update_does_not_hold_up_what_is_in_step(db: Database) -> None:
    """The customer takes the change back: the values are the stored ones, so nothing is written."""
    async with bench(db) as b:
        crm_id = b.person()
        await b.sync(crm_id)
        b.box.finance.add_contact(Name="کسی دیگر", MobileNo="09129999999")
        was = b.box.crm.get(crm_id)["phoneContacts"]
        taken = [{"default": True, "phoneType": "Mobile", "phoneNumber": "09129999999"}]
        b.box.crm.edit(crm_id, phoneContacts=taken)
        assert (await b.sync(crm_id)).reason is Reason.DUPLICATE_PHONE
        await dismissed(b)
        b.box.journal.clear()
        b.box.crm.edit(crm_id, phoneContacts=was)
        assert await b.poll_and_sync() == []
        assert b.writes("finance") == []
        assert await b.poll_and_sync() == []


async def test_what_a_poll_has_just_synchronised_cannot_be_dismissed(db: Database) -> None:
    async with bench(db) as b:
        crm_id, other = await failed(b)
        row = await asking(b)
        b.box.finance.edit_contact(other, MobileNo=None)
        b.box.crm.edit(crm_id, nickName="سارا احمدی")
        assert [done.status for done in await b.poll_and_sync()] == [Status.SUCCESS]
        refusal = await declined(dismiss(db, row.id, "", by="مریم", now=b.clock(), seen=row.transactionId))
        assert (refusal.why, refusal.by) == (Why.SETTLED, None)
        told = await row_of(b, row.id)
        assert (told.resolvedBy, told.resolution) == (None, None)
        later = await worklist.later(db, told)
        assert later is not None and later.status == "SUCCESS"


async def test_a_dismissal_beside_a_running_sync_is_one_or_the_other(db: Database) -> None:
    """The sync settles the row, or the person does; neither writes over the other's word."""
    async with bench(db) as b:
        for number in range(8):
            mobile = f"0912000000{number}"
            other = b.box.finance.add_contact(Name=f"دیگری {number}", MobileNo=mobile)
            crm_id = b.person(customerNumber=str(9000 + number), mobile=mobile)
            await b.sync(crm_id)
            row = await asking(b)
            b.box.finance.edit_contact(other, MobileNo=None)
            doing = dismiss(db, row.id, "دستی", by="مریم", now=b.clock(), seen=row.transactionId)
            done, said = await asyncio.gather(b.sync(crm_id), doing, return_exceptions=True)
            assert not isinstance(done, BaseException) and done.status is Status.SUCCESS
            told = await row_of(b, row.id)
            person_first = said is None
            assert told.resolvedBy == ("مریم" if person_first else None)
            assert told.resolution == ({"dismissed": "دستی"} if person_first else None)
            assert await attention_count(db) == 0


async def test_a_webhook_or_a_person_looks_at_a_dismissed_record_again(db: Database) -> None:
    async with bench(db) as b:
        crm_id, other = await failed(b)
        await dismissed(b)
        b.box.finance.edit_contact(other, MobileNo=None)
        assert (await b.sync(crm_id)).status is Status.SUCCESS


async def test_a_dismissed_review_asks_again_with_the_next_change(db: Database) -> None:
    async with bench(db, on_invoice_update=InvoiceUpdatePolicy.REVIEW) as b:
        crm_id = CrmId(b.box.crm.add_document("invoice", b.person(), [LINE], subject="نخست"))
        await b.sync(crm_id, entity=Entity.INVOICE)
        await b.poll_and_sync()
        b.box.crm.edit_document(crm_id, subject="دوم")
        assert [done.reason for done in await b.poll_and_sync()] == [Reason.REVIEW_REQUIRED]
        await dismissed(b)
        assert await b.poll_and_sync(after_seconds=30) == []
        b.box.crm.edit_document(crm_id, subject="سوم")
        assert [done.reason for done in await b.poll_and_sync()] == [Reason.REVIEW_REQUIRED]


@pytest.mark.parametrize("status", ["IN_DOUBT", "FAILED"])
async def test_what_may_have_been_written_cannot_be_dismissed(db: Database, status: str) -> None:
    async with bench(db) as b:
        crm_id = b.box.crm.add_document("invoice", b.person(), [LINE])
        b.box.faults.add(Fault(FaultKind.RESET_AFTER, system="finance", operation=DOCUMENT))
        assert (await b.sync(crm_id, entity=Entity.INVOICE)).status is Status.IN_DOUBT
        await b.rows('UPDATE "SyncLog" SET status = :s WHERE intent IS NOT NULL RETURNING 1', s=status)
        row = await asking(b)
        assert possible(row, linked=False) == {Act.EXISTS, Act.ABSENT}
        assert (await declined(dismiss(db, row.id, "", by="x", now=b.clock()))).why is Why.NOT_THUS
        assert (await declined(put_back(db, row.id, by(b)))).why is Why.NOT_THUS
        assert await attention_count(db) == 1


async def test_a_lost_write_of_a_customer_can_only_be_looked_for(db: Database) -> None:
    async with bench(db, retries_allowed=0) as b:
        b.box.faults.add(Fault(FaultKind.RESET_AFTER, system="finance", operation=CONTACT, times=None))
        assert (await b.sync(b.person())).reason is Reason.ANSWER_LOST
        row = await asking(b)
        assert possible(row, linked=False) == {Act.RETRY}
        assert (await declined(dismiss(db, row.id, "", by="x", now=b.clock()))).why is Why.NOT_THUS


async def test_a_second_code_can_only_be_chosen(db: Database) -> None:
    """To dismiss or to repeat it would let the next sync make one more contact."""
    async with bench(db, finance_mood=FinanceMood(update_makes_new=True)) as b:
        crm_id = b.person()
        first = (await b.sync(crm_id)).finance_id
        b.box.crm.edit(crm_id, nickName="سارا محمدی‌نیا")
        assert (await b.sync(crm_id)).reason is Reason.OTHER_CODE
        row = await asking(b)
        assert possible(row, linked=True) == {Act.EXISTS}
        assert (await declined(dismiss(db, row.id, "", by="x", now=b.clock()))).why is Why.NOT_THUS
        assert (await declined(put_back(db, row.id, by(b)))).why is Why.NOT_THUS
        assert await worklist.count_fit(db, worklist.Together.RETRY, worklist.Wanted()) == 0
        await settle(db, row.id, first, by="مریم", now=b.clock(), wait=False, seen=row.transactionId)


async def test_a_row_of_the_import_can_be_dismissed_and_not_retried(db: Database) -> None:
    async with bench(db) as b:
        values = {"entityType": "CUSTOMER", "sourceEntity": "contact", "sourceEntityId": "7"}
        await db.execute(
            sync_log.insert().values(
                **values,
                transactionId=uuid4(),
                direction=Direction.FINANCE_TO_CRM,
                operation=Operation.CREATE,
                status=Status.FAILED,
                reason=Reason.BAD_REQUEST,
                triggerType=Trigger.IMPORT,
                startedAt=b.clock(),
            )
        )
        row = await asking(b)
        assert possible(row, linked=False) == {Act.DISMISS}
        refusal = await declined(put_back(db, row.id, by(b)))
        assert "initial-import --again" in str(refusal)
        await dismissed(b)
        assert await attention_count(db) == 0


def attributes(**values: Any) -> Any:
    told = {
        "direction": "CRM_TO_FINANCE",
        "resolvedAt": None,
        "intent": None,
        "entityType": "CUSTOMER",
        "sourceData": None,
    }
    return type("Row", (), told | values)()


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("status", ["FAILED", "CONFLICT", "IN_DOUBT"])
def test_there_is_something_to_do_about_every_reason(status: str, reason: Reason) -> None:
    row = attributes(status=status, reason=reason)
    assert bool(possible(row, linked=True)) == (reason is not Reason.IN_DOUBT)
    for over in (
        {"resolvedAt": datetime(2026, 1, 1, tzinfo=UTC), "resolvedBy": None},
        {"status": "PENDING"},
        {"status": "SUCCESS"},
    ):
        assert possible(attributes(**({"status": status, "reason": reason} | over)), linked=True) == set()
