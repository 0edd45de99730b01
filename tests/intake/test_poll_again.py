"""What polling looks at again and what it leaves: a failure that stands, a time that two saves share."""

from typing import Any

import pytest

from hamgam.db.engine import Database
from hamgam.db.tables import sync_log
from hamgam.errors import Reason
from hamgam.model import Entity, Status
from hamgam.sandbox import CrmMood, Fault, FaultKind, FinanceMood
from hamgam.trail import numbers
from tests.bench import bench

LINE: dict[str, Any] = {"productCode": "1", "count": 1, "baseUnitPrice": 10, "productUnitTypeName": "عدد"}
TAKEN = "09121112233"
EXACT = CrmMood(fraction_digits=7)
"""Every save has a time of its own."""


async def test_a_refusal_is_not_asked_for_again_until_the_customer_changes(db: Database) -> None:
    async with bench(db, crm_mood=EXACT) as b:
        await b.poll_and_sync()
        b.box.finance.add_contact(Name="کسی دیگر", MobileNo=TAKEN)
        customer = b.person(mobile=TAKEN)
        outcomes = [await b.poll_and_sync() for _ in range(4)]
        assert [[one.reason for one in each] for each in outcomes] == [[Reason.DUPLICATE_PHONE], [], [], []]
        b.box.crm.set_phone(customer, "Mobile", "09120000000", deliver=False)
        [done] = await b.poll_and_sync()
        assert done.status is Status.SUCCESS
        assert await numbers.attention_count(db) == 0


async def test_a_conflict_is_not_looked_at_again_until_the_customer_changes(db: Database) -> None:
    finance_mood = FinanceMood(filters="none", duplicate_phone_refused=False)
    async with bench(db, crm_mood=EXACT, finance_mood=finance_mood) as b:
        await b.poll_and_sync()
        for name in "یک", "دو":
            b.box.finance.add_contact(Name=name, tmpid="900")
        b.person()
        assert [len(await b.poll_and_sync()) for _ in range(4)] == [1, 0, 0, 0]
        assert len(await b.log()) == 1


async def test_a_document_in_doubt_is_left_to_the_person(db: Database) -> None:
    async with bench(db) as b:
        customer = b.person()
        await b.sync(customer)
        await b.poll_and_sync()
        document = b.box.crm.add_document("invoice", customer, [LINE])
        b.box.faults.add(Fault(FaultKind.RESET_AFTER, system="finance", operation="SaveFormData:43D81"))
        [done] = await b.poll_and_sync()
        assert done.status is Status.IN_DOUBT
        b.box.crm.edit_document(document, subject="نو", deliver=False)
        assert [await b.poll_and_sync() for _ in range(2)] == [[], []]


async def test_a_failure_before_the_customer_was_read_is_looked_at_again(db: Database) -> None:
    async with bench(db, retries_allowed=0) as b:
        await b.poll_and_sync()
        b.person()
        b.box.faults.add(Fault(FaultKind.STATUS, system="crm", operation="person/get", status=400))
        [failed] = await b.poll_and_sync()
        assert failed.status is Status.FAILED
        [done] = await b.poll_and_sync()
        assert done.status is Status.SUCCESS


@pytest.mark.parametrize("stored", ["soon", "2026-11-24T10:00:00", "", 7])
async def test_a_time_in_the_log_that_is_none_does_not_stop_the_poll(db: Database, stored: Any) -> None:
    async with bench(db, crm_mood=EXACT) as b:
        await b.poll_and_sync()
        b.box.finance.add_contact(Name="کسی دیگر", MobileNo=TAKEN)
        b.person(mobile=TAKEN)
        await b.poll_and_sync()
        await db.execute(sync_log.update().values(sourceData={"modifiedAt": stored}))
        [again] = await b.poll_and_sync()
        assert again.reason is Reason.DUPLICATE_PHONE


async def test_an_edit_that_is_taken_back_settles_its_failure(db: Database) -> None:
    async with bench(db) as b:
        await b.poll_and_sync()
        customer = b.person()
        await b.poll_and_sync()
        b.box.finance.add_contact(Name="کسی دیگر", MobileNo="09120000000")
        b.box.crm.set_phone(customer, "Mobile", "09120000000", deliver=False)
        [failed] = await b.poll_and_sync()
        assert failed.status is Status.FAILED
        assert await numbers.attention_count(db) == 1
        b.box.crm.set_phone(customer, "Mobile", TAKEN, deliver=False)
        [back] = await b.poll_and_sync()
        assert back.reason is Reason.CHECKSUM_MATCH
        assert await numbers.attention_count(db) == 0


async def test_a_save_that_mends_a_refused_one_within_its_second_arrives(db: Database) -> None:
    """A CRM that counts whole seconds gives both the same time, so the failure must not hide the second."""
    async with bench(db, crm_mood=CrmMood(fraction_digits=0)) as b:
        await b.poll_and_sync()
        b.box.finance.add_contact(Name="کسی دیگر", MobileNo=TAKEN)
        customer = b.person(mobile=TAKEN)
        [refused] = await b.poll_and_sync(after_seconds=0)
        assert refused.reason is Reason.DUPLICATE_PHONE
        b.box.crm.set_phone(customer, "Mobile", "09120000000", deliver=False)
        [mended] = await b.poll_and_sync()
        assert mended.status is Status.SUCCESS


async def test_a_refusal_in_whole_seconds_stands_once_its_second_is_surely_over(db: Database) -> None:
    """By a clock that may be ten minutes behind ours; this one is five, and five more with each poll."""
    async with bench(db, crm_mood=CrmMood(fraction_digits=0)) as b:
        await b.poll_and_sync()
        b.box.finance.add_contact(Name="کسی دیگر", MobileNo=TAKEN)
        b.person(mobile=TAKEN)
        assert [len(await b.poll_and_sync()) for _ in range(5)] == [1, 1, 0, 0, 0]


@pytest.mark.parametrize("digits", [0, 3, 7])
async def test_two_saves_within_one_second_both_arrive(db: Database, digits: Any) -> None:
    """A CRM that counts whole seconds gives both one time, and the first was synchronised between them."""
    async with bench(db, crm_mood=CrmMood(fraction_digits=digits)) as b:
        await b.poll_and_sync()
        customer = b.person(nickName="یک")
        await b.poll_and_sync(after_seconds=0)
        b.box.crm.edit(customer, nickName="دو", deliver=False)
        await b.poll_and_sync()
        assert [contact["Name"] for contact in b.box.finance.contacts.values()] == ["دو"]
        assert await b.poll_and_sync() == []


@pytest.mark.parametrize("digits", [0, 3, 7])
async def test_two_saves_of_a_document_within_one_second_both_arrive(db: Database, digits: Any) -> None:
    async with bench(db, crm_mood=CrmMood(fraction_digits=digits)) as b:
        await b.poll_and_sync()
        document = b.box.crm.add_document("invoice", b.person(), [LINE], subject="یک")
        await b.poll_and_sync(after_seconds=0)
        b.box.crm.edit_document(document, subject="دو", deliver=False)
        await b.poll_and_sync()
        [written] = b.box.finance.documents.values()
        assert written["header"]["namenoesanad"] == "دو"
        await b.poll_and_sync()
        assert await b.poll_and_sync() == [], "one more look and no more"


async def test_documents_of_unknown_kinds_of_customers_do_not_mix_up_the_keys(db: Database) -> None:
    """What asks for a person under one entity says nothing of another one."""
    async with bench(db) as b:
        customer = b.person(mobile=TAKEN)
        b.box.finance.add_contact(Name="کسی دیگر", MobileNo=TAKEN)
        document = b.box.crm.add_document("quote", customer, [LINE])
        outcomes = {one.key.entity: one for one in await b.poll_and_sync()}
        assert outcomes.keys() == {Entity.CUSTOMER, Entity.QUOTE}
        assert outcomes[Entity.QUOTE].reason is Reason.CUSTOMER_FAILED
        assert outcomes[Entity.QUOTE].key.crm_id == document
