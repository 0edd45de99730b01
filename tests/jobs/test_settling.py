"""What a person decides about a doubt or a conflict: it ends once, and the log tells who decided what."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from hamgam.db.engine import Database
from hamgam.errors import Reason, UsageError
from hamgam.jobs.queue import notice_of
from hamgam.jobs.runner import resume_held_up, retry, run_notice
from hamgam.jobs.settling import Settled, finance_id_of, settle
from hamgam.model import CrmId, Entity, FinanceId, Kind, Operation, SavedDocument, Status, Trigger
from hamgam.sandbox import Fault, FaultKind, FinanceMood
from hamgam.sync.decide import InvoiceUpdatePolicy
from hamgam.sync.site import Outcome
from tests.bench import Bench, bench

CONTACT = "SaveFormData:2BFDA"
DOCUMENT = "SaveFormData:43D81"
LINE = {"productCode": "1", "count": 1, "baseUnitPrice": 10, "productUnitTypeName": "عدد"}


async def lost_invoice(b: Bench, **customer: Any) -> CrmId:
    """An invoice whose pre-invoice was made, and the answer lost."""
    crm_id = CrmId(b.box.crm.add_document("invoice", b.person(**customer), [LINE], subject="نخست"))
    b.box.faults.add(Fault(FaultKind.RESET_AFTER, system="finance", operation=DOCUMENT))
    assert (await b.sync(crm_id, entity=Entity.INVOICE)).status is Status.IN_DOUBT
    return crm_id


async def asking(b: Bench) -> Any:
    """The one row that asks for a person."""
    [row] = await b.rows(
        """SELECT * FROM "SyncLog" WHERE "resolvedAt" IS NULL"""
        """ AND status IN ('FAILED', 'CONFLICT', 'IN_DOUBT')"""
    )
    return row


async def settled(b: Bench, log_id: UUID, code: object = None, by: str = "مریم") -> Settled:
    finance_id = None if code is None else FinanceId(str(code))
    return await settle(b.db, log_id, finance_id, by=by, now=b.clock())


async def refused(b: Bench, log_id: UUID, code: object = None) -> str:
    """What is said instead; nothing has changed."""
    before = await everything(b)
    with pytest.raises(UsageError) as caught:
        await settled(b, log_id, code)
    assert await everything(b) == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


async def everything(b: Bench) -> list[Any]:
    tables = ("SyncLog", "EntityMapping", "procrastinate_jobs")
    return [await b.rows(f'SELECT * FROM "{table}" ORDER BY id') for table in tables]


async def work(b: Bench) -> Outcome:
    """Do the one waiting job, as a worker would."""
    [job] = await b.jobs()
    await b.rows("DELETE FROM procrastinate_jobs WHERE id = :id RETURNING 1", id=job.id)
    assert job.scheduled_at is None
    return await run_notice(b.site, notice_of(job.args))


async def only_mapping(b: Bench, entity_type: str) -> Any:
    [row] = await b.rows('SELECT * FROM "EntityMapping" WHERE "entityType" = :type', type=entity_type)
    return row


# A pre-invoice in doubt


async def test_a_document_that_exists_is_mapped_and_not_written_again(db: Database) -> None:
    async with bench(db) as b:
        crm_id = await lost_invoice(b)
        row = await asking(b)
        [key] = b.box.finance.documents
        b.box.journal.clear()
        done = await settled(b, row.id, key)
        assert (done.key.crm_id, done.finance_id, done.by, done.at) == (crm_id, key, "مریم", b.clock())
        mapping = await only_mapping(b, "PREINVOICE")
        assert (mapping.crmId, mapping.financeId, mapping.crmEntity) == (crm_id, key, "invoice")
        assert mapping.crmChecksum == row.intent["checksum"]
        assert str(mapping.lastSyncTransactionId) == row.intent["transactionId"]
        looked = await work(b)
        assert (looked.status, looked.reason) == (Status.SKIPPED, Reason.CHECKSUM_MATCH)
        assert b.writes("finance") == []


async def test_the_log_tells_who_settled_a_row_when_and_how(db: Database) -> None:
    async with bench(db) as b:
        await lost_invoice(b)
        row = await asking(b)
        [key] = b.box.finance.documents
        await settled(b, row.id, key)
        [told] = await b.rows('SELECT * FROM "SyncLog" WHERE id = :id', id=row.id)
        assert (told.resolvedAt, told.resolvedBy) == (b.clock(), "مریم")
        assert told.resolution == {"exists": key}
        assert (told.status, told.reason, told.intent) == (row.status, row.reason, row.intent)
        await work(b)
        [newest] = await b.rows("""SELECT * FROM "SyncLog" WHERE "triggerType" = 'MANUAL'""")
        assert newest.triggerPayload == {"settled": str(row.id), "by": "مریم"}
        assert newest.targetEntityId == key


@pytest.mark.parametrize("policy", InvoiceUpdatePolicy)
async def test_a_document_that_exists_and_has_changed_since_follows_the_policy(
    db: Database, policy: InvoiceUpdatePolicy
) -> None:
    async with bench(db, on_invoice_update=policy) as b:
        crm_id = await lost_invoice(b)
        [key] = b.box.finance.documents
        b.box.crm.edit_document(crm_id, subject="دوم")
        await settled(b, (await asking(b)).id, key)
        done = await work(b)
        if policy is InvoiceUpdatePolicy.EDIT:
            assert (done.status, done.operation, done.finance_id) == (Status.SUCCESS, Operation.UPDATE, key)
        else:
            assert (done.status, done.reason) == (Status.CONFLICT, Reason.REVIEW_REQUIRED)
        assert list(b.box.finance.documents) == [key]


async def test_a_document_that_is_absent_is_sent_once_more(db: Database) -> None:
    async with bench(db) as b:
        crm_id = await lost_invoice(b)
        b.box.finance.documents.clear()
        row = await asking(b)
        await settled(b, row.id)
        [told] = await b.rows('SELECT * FROM "SyncLog" WHERE id = :id', id=row.id)
        assert (told.status, told.resolvedBy, told.resolution) == ("IN_DOUBT", "مریم", {"absent": []})
        done = await work(b)
        assert (done.status, done.operation) == (Status.SUCCESS, Operation.CREATE)
        assert (await b.sync(crm_id, entity=Entity.INVOICE)).reason is Reason.CHECKSUM_MATCH
        assert len(b.box.finance.documents) == 1


@pytest.mark.parametrize("exists", [True, False])
async def test_a_create_that_ended_in_a_defect_is_settled_likewise(db: Database, exists: bool) -> None:
    async with bench(db) as b:
        await lost_invoice(b)
        [key] = b.box.finance.documents
        await b.rows(
            """UPDATE "SyncLog" SET status = 'FAILED', reason = 'INTERNAL'"""
            """ WHERE status = 'IN_DOUBT' RETURNING 1"""
        )
        await settled(b, (await asking(b)).id, key if exists else None)
        done = await work(b)
        if exists:
            assert done.reason is Reason.CHECKSUM_MATCH
        else:
            assert (done.status, done.operation) == (Status.SUCCESS, Operation.CREATE)


@pytest.mark.parametrize(
    "intent",
    [
        '{"operation": "CREATE", "transactionId": "be8892df-92ea-4c49-8608-2afed6f07dcb", "fields": {}}',
        '{"operation": "CREATE", "transactionId": "be8892df-92ea-4c49-8608-2afed6f07dcb", "more": [1]}',
        None,
    ],
)
async def test_an_older_intent_leads_to_a_mapping_without_a_checksum(
    db: Database, intent: str | None
) -> None:
    async with bench(db) as b:
        await lost_invoice(b)
        row = await asking(b)
        [key] = b.box.finance.documents
        await note(b, row.id, intent)
        await settled(b, row.id, key)
        assert (await only_mapping(b, "PREINVOICE")).crmChecksum is None
        assert (await work(b)).operation is Operation.UPDATE
        assert list(b.box.finance.documents) == [key]


async def note(b: Bench, log_id: UUID, intent: str | None) -> None:
    await b.rows(
        'UPDATE "SyncLog" SET intent = CAST(:intent AS jsonb) WHERE id = :id RETURNING 1',
        intent=intent,
        id=log_id,
    )


@pytest.mark.parametrize(
    "intent",
    [
        "[]",
        "{}",
        '"CREATE"',
        "17",
        '{"operation": "CREATE"}',
        '{"operation": "UPSERT", "transactionId": "be8892df-92ea-4c49-8608-2afed6f07dcb"}',
        '{"operation": "CREATE", "transactionId": "17"}',
        '{"operation": "CREATE", "transactionId": "be8892df-92ea-4c49-8608-2afed6f07dcb", "fields": 1}',
        '{"operation": "CREATE", "transactionId": "be8892df-92ea-4c49-8608-2afed6f07dcb", "checksum": 1}',
    ],
)
@pytest.mark.parametrize("code", ["15459", None])
async def test_an_intent_that_cannot_be_read_is_refused(db: Database, intent: str, code: str | None) -> None:
    async with bench(db) as b:
        await lost_invoice(b)
        row = await asking(b)
        await note(b, row.id, intent)
        assert "troubleshooting" in await refused(b, row.id, code)


# A conflict about who a customer is


async def ambiguous(b: Bench, **customer: Any) -> tuple[CrmId, list[int]]:
    codes = [b.box.finance.add_contact(Name=f"سارا {n}", NationalCode="0012345679") for n in (1, 2)]
    crm_id = b.person(nationalCode="0012345679", **customer)
    assert (await b.sync(crm_id)).reason is Reason.AMBIGUOUS_MATCH
    return crm_id, codes


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


# Another code after an update


async def other_code(b: Bench, linked: bool) -> tuple[CrmId, str, str]:
    """A customer whose update made a second contact, mapped before or just being linked.

    A build that returns the number shows both contacts to the next look at an unlinked one: AMBIGUOUS_MATCH.
    """
    if linked:
        crm_id = b.person(mobile="")
        sent = str((await b.sync(crm_id)).finance_id)
    else:
        sent = str(b.box.finance.add_contact(Name="قدیمی"))
        crm_id = b.person(mobile="", customerNumber=sent)
    b.box.finance.mood = FinanceMood(update_makes_new=True, returns_tmpid=linked)
    b.box.crm.edit(crm_id, nickName="ویرایش")
    assert (await b.sync(crm_id)).reason is Reason.OTHER_CODE
    [written] = [str(code) for code in b.box.finance.contacts if str(code) != sent]
    return crm_id, sent, written


@pytest.mark.parametrize("linked", [True, False])
async def test_another_code_stops_all_writes_until_a_person_says_which(db: Database, linked: bool) -> None:
    async with bench(db) as b:
        crm_id, sent, written = await other_code(b, linked)
        b.box.journal.clear()
        for name in ("یک", "دو"):
            b.box.crm.edit(crm_id, nickName=name)
            assert (await b.sync(crm_id, trigger=Trigger.MANUAL)).reason is Reason.OTHER_CODE
            row = await asking(b)
            assert (row.status, row.errorMessage) == ("CONFLICT", f"{sent} was sent, {written} was written")
        assert b.writes("finance") == []
        mapped = await b.rows('SELECT "financeId" FROM "EntityMapping"')
        assert [row.financeId for row in mapped] == ([sent] if linked else [])
        assert "--exists" in await refused(b, row.id)


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("choice", ["sent", "written"])
@pytest.mark.parametrize("mended", [True, False])
@pytest.mark.parametrize("filters", ["all", "none"])
async def test_either_code_can_be_chosen(
    db: Database, linked: bool, choice: str, mended: bool, filters: str
) -> None:
    """On a build that still makes new contacts the old one is brought to the CRM's values by hand first."""
    async with bench(db) as b:
        crm_id, sent, written = await other_code(b, linked)
        chosen = sent if choice == "sent" else written
        b.box.finance.mood = FinanceMood(update_makes_new=not mended, returns_tmpid=linked, filters=filters)
        if choice == "sent" and not mended:
            b.box.finance.edit_contact(int(sent), Name="ویرایش")
        await settled(b, (await asking(b)).id, chosen)
        mapping = await only_mapping(b, "CUSTOMER")
        assert (mapping.financeId, mapping.blocked, mapping.crmChecksum) == (chosen, None, None)
        done = await work(b)
        assert (done.status, done.operation, done.finance_id) == (Status.SUCCESS, Operation.LINK, chosen)
        assert b.contact(chosen)["Name"] == "ویرایش"
        assert len(b.box.finance.contacts) == 2
        assert (await b.sync(crm_id)).reason is Reason.CHECKSUM_MATCH
        if mended:
            b.box.crm.edit(crm_id, nickName="بعدی")
            assert (await b.sync(crm_id)).status is Status.SUCCESS
            assert b.contact(chosen)["Name"] == "بعدی"


async def test_a_choice_that_finance_answers_with_yet_another_code_asks_again_once(db: Database) -> None:
    async with bench(db) as b:
        crm_id, sent, _ = await other_code(b, linked=True)
        await settled(b, (await asking(b)).id, sent)
        done = await work(b)
        assert (done.status, done.reason) == (Status.CONFLICT, Reason.OTHER_CODE)
        third = max(b.box.finance.contacts)
        assert (await asking(b)).errorMessage == f"{sent} was sent, {third} was written"
        for _ in range(2):
            assert (await b.sync(crm_id)).reason is Reason.OTHER_CODE
        assert len(b.box.finance.contacts) == 3
        assert (await only_mapping(b, "CUSTOMER")).financeId == sent


class AnswersAnotherKey:
    """Finance, but an edit of a pre-invoice makes a second one."""

    def __init__(self, finance: Any) -> None:
        self._finance = finance

    def __getattr__(self, name: str) -> Any:
        return getattr(self._finance, name)

    async def update_document(self, key: FinanceId, document: Any, *, transaction_id: Any) -> SavedDocument:
        return await self._finance.create_document(document, transaction_id=transaction_id)


@pytest.mark.parametrize("choice", [0, 1])
async def test_another_key_of_a_pre_invoice(db: Database, choice: int) -> None:
    async with bench(db) as b:
        crm_id = CrmId(b.box.crm.add_document("invoice", b.person(), [LINE], subject="نخست"))
        await b.sync(crm_id, entity=Entity.INVOICE)
        site = b.site
        b.site = replace(site, finance=AnswersAnotherKey(site.finance))
        b.box.crm.edit_document(crm_id, subject="دوم")
        assert (await b.sync(crm_id, entity=Entity.INVOICE)).reason is Reason.OTHER_CODE
        b.site = site
        keys = list(b.box.finance.documents)
        row = await asking(b)
        assert row.errorMessage == f"{keys[0]} was sent, {keys[1]} was written"
        assert "--exists" in await refused(b, row.id)
        await settled(b, row.id, keys[choice])
        done = await work(b)
        assert (done.status, done.operation, done.finance_id) == (
            Status.SUCCESS,
            Operation.UPDATE,
            keys[choice],
        )
        assert list(b.box.finance.documents) == keys


# A change that waits for review


async def reviewed(b: Bench) -> tuple[CrmId, str]:
    crm_id = CrmId(b.box.crm.add_document("invoice", b.person(), [LINE], subject="نخست"))
    key = str((await b.sync(crm_id, entity=Entity.INVOICE)).finance_id)
    b.box.crm.edit_document(crm_id, subject="دوم")
    assert (await b.sync(crm_id, entity=Entity.INVOICE)).reason is Reason.REVIEW_REQUIRED
    return crm_id, key


async def test_a_review_ends_when_a_person_says_that_the_two_agree(db: Database) -> None:
    async with bench(db, on_invoice_update=InvoiceUpdatePolicy.REVIEW) as b:
        crm_id, key = await reviewed(b)
        b.box.journal.clear()
        await settled(b, (await asking(b)).id, key)
        assert (await work(b)).reason is Reason.CHECKSUM_MATCH
        assert b.writes("finance") == []
        b.box.crm.edit_document(crm_id, subject="سوم")
        assert (await b.sync(crm_id, entity=Entity.INVOICE)).reason is Reason.REVIEW_REQUIRED


async def test_what_changed_after_the_review_is_reviewed_again(db: Database) -> None:
    async with bench(db, on_invoice_update=InvoiceUpdatePolicy.REVIEW) as b:
        crm_id, key = await reviewed(b)
        b.box.crm.edit_document(crm_id, subject="سوم")
        await settled(b, (await asking(b)).id, key)
        assert (await work(b)).reason is Reason.REVIEW_REQUIRED


async def test_a_review_cannot_be_absent_nor_of_nobody_knows_what(db: Database) -> None:
    async with bench(db, on_invoice_update=InvoiceUpdatePolicy.REVIEW) as b:
        crm_id, key = await reviewed(b)
        row = await asking(b)
        assert key in await refused(b, row.id)
        for source in ("null", "[]", '{"checksum": 1}', "{}"):
            await b.rows(
                'UPDATE "SyncLog" SET "sourceData" = CAST(:source AS jsonb) WHERE id = :id RETURNING 1',
                source=source,
                id=row.id,
            )
            assert f"hamgam sync invoice {crm_id}" in await refused(b, row.id, key)


# What cannot be settled


async def test_a_row_that_does_not_exist(db: Database) -> None:
    async with bench(db) as b:
        assert "no row" in await refused(b, uuid4(), "17")


async def test_rows_that_ask_for_nothing(db: Database) -> None:
    async with bench(db) as b:
        crm_id = b.person()
        await b.sync(crm_id)
        await b.sync(crm_id)
        done, skipped = await b.log()
        assert "SUCCESS" in await refused(b, done.id, "17")
        assert "SKIPPED" in await refused(b, skipped.id)


async def test_a_failure_is_retried_and_not_settled(db: Database) -> None:
    async with bench(db, retries_allowed=0) as b:
        b.box.finance.add_contact(Name="کسی", MobileNo="09121112233")
        await b.sync(b.person())
        row = await asking(b)
        said = await refused(b, row.id, "1")
        assert "DUPLICATE_PHONE" in said and f"hamgam retry {row.id}" in said


async def test_a_customer_whose_answer_was_lost_is_looked_for_by_itself(db: Database) -> None:
    async with bench(db, retries_allowed=0) as b:
        crm_id = b.person()
        b.box.faults.add(Fault(FaultKind.RESET_AFTER, system="finance", operation=CONTACT))
        await b.sync(crm_id)
        row = await asking(b)
        assert f"hamgam retry {row.id}" in await refused(b, row.id, "1")
        assert "hamgam retry" in await refused(b, row.id)


async def test_a_row_that_has_not_ended(db: Database) -> None:
    async with bench(db) as b:
        b.box.faults.add(Fault(FaultKind.STATUS, system="finance", status=503, times=None))
        await b.sync(b.person())
        [row] = await b.log()
        assert "not ended" in await refused(b, row.id, "1")


async def test_a_later_skip_points_to_the_row_in_doubt(db: Database) -> None:
    async with bench(db) as b:
        crm_id = await lost_invoice(b)
        await b.sync(crm_id, entity=Entity.INVOICE)
        [row] = await b.rows("""SELECT id FROM "SyncLog" WHERE status = 'SKIPPED'""")
        assert "--status IN_DOUBT" in await refused(b, row.id)


async def test_a_conflict_of_the_import(db: Database) -> None:
    async with bench(db) as b:
        await ambiguous(b)
        row = await asking(b)
        await b.rows(
            """UPDATE "SyncLog" SET direction = 'FINANCE_TO_CRM', "sourceEntity" = 'contact' WHERE id = :id"""
            " RETURNING 1",
            id=row.id,
        )
        assert "initial-import --again" in await refused(b, row.id, "1")


async def test_a_row_that_is_settled_says_by_whom(db: Database) -> None:
    async with bench(db) as b:
        await lost_invoice(b)
        [key] = b.box.finance.documents
        row = await asking(b)
        await settled(b, row.id, key)
        for code in (key, "99", None):
            said = await refused(b, row.id, code)
            assert "مریم" in said and "Tehran" in said
        crm_id, _ = await ambiguous(b, customerNumber="901")
        old = await asking(b)
        b.clock.pass_seconds(60)
        await b.sync(crm_id)
        assert "later sync" in await refused(b, old.id, "1")


async def test_absent_is_refused_for_what_is_linked_meanwhile(db: Database) -> None:
    async with bench(db) as b:
        crm_id, (first, second) = await ambiguous(b)
        row = await asking(b)
        await b.rows(
            """INSERT INTO "EntityMapping" ("entityType", "crmEntity", "crmId", "financeId")"""
            " VALUES ('CUSTOMER', 'customer', :crm, :code) RETURNING 1",
            crm=crm_id,
            code=str(first),
        )
        assert str(first) in await refused(b, row.id)
        await settled(b, row.id, second)
        assert (await only_mapping(b, "CUSTOMER")).financeId == str(second)


async def test_a_key_that_is_taken(db: Database) -> None:
    async with bench(db) as b:
        first = CrmId(b.box.crm.add_document("invoice", b.person(mobile=""), [LINE]))
        key = (await b.sync(first, entity=Entity.INVOICE)).finance_id
        await lost_invoice(b, customerNumber="901")
        said = await refused(b, (await asking(b)).id, key)
        assert first in said


@pytest.mark.parametrize(
    "text", ["", " ", "0", "-1", "1.5", "12a", "x", "9" * 19, "9" * 5000, "1 2", "²", "1\n2"]
)
def test_what_is_no_finance_code(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        finance_id_of(text)
    assert len(str(caught.value).splitlines()) == 1 and len(str(caught.value)) < 200


@pytest.mark.parametrize("text", ["15462", " 15462 ", "۱۵۴۶۲", "0015462"])
def test_one_code_has_one_spelling(text: str) -> None:
    assert finance_id_of(text) == "15462"


# At the same moment


async def at_once(db: Database, what: list[Callable[[Database], Awaitable[object]]]) -> list[object]:
    """All of it over connections of its own, begun together; a refusal is an answer too."""
    start = asyncio.Event()

    async def one(own: Database, call: Callable[[Database], Awaitable[object]]) -> object:
        await own.check()
        await start.wait()
        try:
            return await call(own)
        except UsageError as error:
            return error

    async with AsyncExitStack() as stack:
        tasks = []
        for call in what:
            own = Database(db.url, pool_size=2)
            stack.push_async_callback(own.aclose)
            tasks.append(asyncio.create_task(one(own, call)))
        await asyncio.sleep(0)
        start.set()
        return list(await asyncio.gather(*tasks))


async def test_of_people_who_settle_one_row_exactly_one_wins(db: Database) -> None:
    async with bench(db) as b:
        await lost_invoice(b)
        row = await asking(b)
        [key] = b.box.finance.documents
        now = b.clock() + timedelta(seconds=1)

        def person(number: int) -> Callable[[Database], Awaitable[object]]:
            choice = FinanceId(key) if number % 2 else None
            return lambda own: settle(own, row.id, choice, by=f"person {number}", now=now)

        answers = await at_once(db, [person(number) for number in range(8)])
        [winner] = [answer for answer in answers if isinstance(answer, Settled)]
        told = [str(answer) for answer in answers if isinstance(answer, UsageError)]
        assert len(told) == 7 and all(f"by {winner.by}" in each for each in told)
        [stored] = await b.rows('SELECT * FROM "SyncLog" WHERE id = :id', id=row.id)
        assert stored.resolvedBy == winner.by
        mapped = await b.rows("""SELECT 1 FROM "EntityMapping" WHERE "entityType" = 'PREINVOICE'""")
        assert len(mapped) == (1 if winner.finance_id else 0)
        assert len(await b.jobs()) == 1


async def test_of_two_records_that_get_one_code_at_once_one_is_told(db: Database) -> None:
    async with bench(db) as b:
        code = b.box.finance.add_contact(Name="کسی")
        rows = []
        for number in ("1", "2"):
            national_id = f"000000000{number}"
            for _ in range(2):
                b.box.finance.add_contact(Name="سارا", NationalCode=national_id)
            crm_id = b.person(nationalCode=national_id, customerNumber=f"90{number}", mobile="")
            await b.sync(crm_id)
            rows += await b.rows('SELECT id FROM "SyncLog" WHERE "sourceEntityId" = :id', id=crm_id)

        def chosen(log_id: UUID) -> Callable[[Database], Awaitable[object]]:
            return lambda own: settle(own, log_id, FinanceId(str(code)), by="مریم", now=b.clock())

        answers = await at_once(db, [chosen(row.id) for row in rows])
        assert sorted(type(answer).__name__ for answer in answers) == ["Declined", "Settled"]
        assert (await only_mapping(b, "CUSTOMER")).financeId == str(code)
        assert len(await b.jobs()) == 1


async def test_a_retry_beside_a_decision_does_nothing_twice(db: Database) -> None:
    async with bench(db) as b:
        _, (first, _) = await ambiguous(b)
        row = await asking(b)
        await at_once(
            db,
            [
                lambda own: settle(own, row.id, FinanceId(str(first)), by="مریم", now=b.clock()),
                lambda own: retry(own, row.id),
            ],
        )
        [stored] = await b.rows('SELECT * FROM "SyncLog" WHERE id = :id', id=row.id)
        assert stored.resolvedAt is not None
        assert len(await b.jobs()) == 1
        mapped = await b.rows('SELECT 1 FROM "EntityMapping"')
        assert len(mapped) == (1 if stored.resolvedBy else 0)


async def test_a_decision_waits_for_the_sync_that_is_running(db: Database) -> None:
    async with bench(db) as b:
        crm_id, (first, _) = await ambiguous(b)
        row = await asking(b)
        async with db.locked(f"customer:{crm_id}"):
            waits = asyncio.create_task(settled(b, row.id, first))
            async with asyncio.timeout(30):
                while not await b.rows("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
                    await asyncio.sleep(0.01)
            assert await b.rows('SELECT 1 FROM "EntityMapping"') == []
        await waits
        assert (await only_mapping(b, "CUSTOMER")).financeId == str(first)
