"""What a person cannot decide, and what is said then."""

from uuid import uuid4

import pytest

from hamgam.db.engine import Database
from hamgam.errors import UsageError
from hamgam.jobs.settling import finance_id_of
from hamgam.model import CrmId, Entity
from hamgam.sandbox import Fault, FaultKind
from tests.bench import bench
from tests.jobs.settling import CONTACT, LINE, ambiguous, asking, lost_invoice, only_mapping, refused, settled


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
