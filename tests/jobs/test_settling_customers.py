"""What a person decides about which contact a customer is."""

import pytest

from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.jobs.runner import resume_held_up
from hamgam.model import CrmId, Entity, Kind, Operation, Status
from hamgam.sandbox import Fault, FaultKind, FinanceMood
from tests.bench import bench
from tests.jobs.settling import CONTACT, LINE, ambiguous, asking, only_mapping, refused, settled, work


@pytest.mark.parametrize("filters", ["all", "none"])
async def test_the_chosen_contact_is_linked_and_brought_to_the_crm(db: Database, filters: str) -> None:
    async with bench(db, finance_mood=FinanceMood(filters=filters)) as b:
        crm_id, (first, second) = await ambiguous(b)
        await settled(b, (await asking(b)).id, second)
        done = await work(b)
        assert (done.status, done.operation, done.finance_id) == (
            Status.SUCCESS,
            Operation.LINK,
            str(second),
        )
        assert b.contact(str(second))["Name"] == "سارا محمدی"
        assert b.contact(str(first))["Name"] == "سارا 1"
        assert (await b.sync(crm_id)).reason is Reason.CHECKSUM_MATCH


async def test_none_of_the_contacts_makes_a_new_one_for_good(db: Database) -> None:
    async with bench(db) as b:
        crm_id, (first, second) = await ambiguous(b)
        row = await asking(b)
        await settled(b, row.id)
        [told] = await b.rows('SELECT * FROM "SyncLog" WHERE id = :id', id=row.id)
        assert told.resolution == {"absent": [str(first), str(second)]}
        b.box.faults.add(Fault(FaultKind.RESET_AFTER, system="finance", operation=CONTACT))
        assert (await work(b)).reason is Reason.ANSWER_LOST
        # Meanwhile one of the two is the only one left, and still it is somebody else.
        b.box.finance.edit_contact(first, NationalCode=None)
        done = await b.sync(crm_id)
        assert (done.status, done.operation) == (Status.SUCCESS, Operation.LINK)
        assert done.finance_id not in (str(first), str(second))
        assert len(b.box.finance.contacts) == 3


async def test_a_third_contact_that_nobody_has_spoken_of_is_a_question_again(db: Database) -> None:
    async with bench(db) as b:
        crm_id, _ = await ambiguous(b)
        await settled(b, (await asking(b)).id)
        third = b.box.finance.add_contact(Name="سارا 3", NationalCode="0012345679")
        done = await b.sync(crm_id)
        assert (done.operation, done.finance_id) == (Operation.LINK, str(third))


@pytest.mark.parametrize("exists", [True, False])
async def test_a_contact_of_the_other_kind(db: Database, exists: bool) -> None:
    async with bench(db) as b:
        code = b.box.finance.add_contact(Name="شرکت", TowardType=True)
        crm_id = b.person(customerNumber=str(code))
        assert (await b.sync(crm_id)).reason is Reason.KIND_MISMATCH
        await settled(b, (await asking(b)).id, code if exists else None)
        done = await work(b)
        assert (done.status, done.finance_id == str(code)) == (Status.SUCCESS, exists)
        assert (await only_mapping(b, "CUSTOMER")).kind == Kind.PERSON


async def test_a_contact_that_is_taken_stays_with_its_owner(db: Database) -> None:
    async with bench(db) as b:
        first = b.person(nationalCode="0012345679")
        code = (await b.sync(first)).finance_id
        second = b.person(customerNumber="901", mobile="", nationalCode="0012345679")
        assert (await b.sync(second)).reason is Reason.MATCH_TAKEN
        row = await asking(b)
        said = await refused(b, row.id, code)
        assert str(code) in said and first in said
        await settled(b, row.id)
        done = await work(b)
        assert (done.status, done.operation) == (Status.SUCCESS, Operation.CREATE)
        assert len(b.box.finance.contacts) == 2


async def test_invoices_that_waited_for_the_customer_go_on(db: Database) -> None:
    async with bench(db) as b:
        crm_id, (first, _) = await ambiguous(b)
        invoice = CrmId(b.box.crm.add_document("invoice", crm_id, [LINE]))
        assert (await b.sync(invoice, entity=Entity.INVOICE)).reason is Reason.CUSTOMER_FAILED
        [row] = await b.rows(
            """SELECT id FROM "SyncLog" WHERE status = 'CONFLICT' AND "resolvedAt" IS NULL"""
        )
        await settled(b, row.id, first)
        assert (await work(b)).key.crm_id == crm_id
        await resume_held_up(b.db)
        assert (await work(b)).key.crm_id == invoice
        assert len(b.box.finance.documents) == 1
