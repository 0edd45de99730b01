"""What a person decides about a pre-invoice in doubt or under review: it ends once, and the log tells who."""

import pytest

from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.model import CrmId, Entity, Operation, Status
from hamgam.sync.decide import InvoiceUpdatePolicy
from tests.bench import Bench, bench
from tests.jobs.settling import LINE, asking, lost_invoice, note, only_mapping, refused, settled, work

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
