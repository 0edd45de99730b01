"""Which finance contact a customer is linked to, and when that is a conflict."""

import pytest

from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.model import Operation, Status
from hamgam.sandbox import FinanceMood
from hamgam.sync.numbers import NumberRule
from tests.bench import bench


@pytest.mark.parametrize("filters", ["all", "tel_only", "none"])
@pytest.mark.parametrize("returns_tmpid", [True, False])
async def test_a_contact_with_the_number_is_linked_and_brought_to_the_crm(
    db: Database, filters: str, returns_tmpid: bool
) -> None:
    mood = FinanceMood(filters=filters, returns_tmpid=returns_tmpid)
    rule = NumberRule("100-", 1000)
    async with bench(db, finance_mood=mood, numbers=rule) as b:
        for number in range(20):
            b.box.finance.add_contact(Name=f"کسی {number}")
        code = b.box.finance.add_contact(Name="نام کهنه", MobileNo="09120000000")
        crm_id = b.person(customerNumber=f"100-{1000 + code}", nickName="نام تازه")
        done = await b.sync(crm_id)
        assert (done.status, done.operation, done.finance_id) == (
            Status.SUCCESS,
            Operation.LINK,
            str(code),
        )
        assert b.contact(done.finance_id)["Name"] == "نام تازه"
        assert len(b.box.finance.contacts) == 21


async def test_a_linked_contact_that_is_equal_already_is_not_written(db: Database) -> None:
    async with bench(db) as b:
        code = b.box.finance.add_contact(Name="سارا محمدی", MobileNo="09121112233")
        done = await b.sync(b.person(customerNumber=str(code)))
        assert (done.status, done.operation) == (Status.SUCCESS, Operation.LINK)
        assert b.writes("finance") == []


async def test_the_national_id_links_where_the_number_finds_nobody(db: Database) -> None:
    async with bench(db) as b:
        code = b.box.finance.add_contact(Name="سارا", NationalCode="0012345679")
        done = await b.sync(b.person(customerNumber="7777", nationalCode="۰۰۱۲۳۴۵۶۷۹"))
        assert (done.operation, done.finance_id) == (Operation.LINK, str(code))


async def test_several_matches_are_a_conflict_and_nothing_is_written(db: Database) -> None:
    async with bench(db) as b:
        for _ in range(2):
            b.box.finance.add_contact(Name="سارا", NationalCode="0012345679")
        done = await b.sync(b.person(nationalCode="0012345679"))
        assert (done.status, done.reason) == (Status.CONFLICT, Reason.AMBIGUOUS_MATCH)
        assert b.writes("finance") == []


async def test_a_match_that_belongs_to_another_customer_is_a_conflict(db: Database) -> None:
    async with bench(db) as b:
        first = await b.sync(b.person(nationalCode="0012345679"))
        second = await b.sync(b.person(customerNumber="901", mobile="", nationalCode="0012345679"))
        assert (second.status, second.reason) == (Status.CONFLICT, Reason.MATCH_TAKEN)
        assert second.message == first.finance_id


async def test_a_match_of_the_other_kind_is_a_conflict(db: Database) -> None:
    async with bench(db) as b:
        code = b.box.finance.add_contact(Name="شرکت", TowardType=True)
        done = await b.sync(b.person(customerNumber=str(code)))
        assert (done.status, done.reason) == (Status.CONFLICT, Reason.KIND_MISMATCH)


async def test_another_code_after_an_update_is_a_conflict_and_stops_further_writes(db: Database) -> None:
    async with bench(db) as b:
        crm_id = b.person(mobile="")
        first = await b.sync(crm_id)
        b.box.finance.mood = FinanceMood(update_makes_new=True)
        b.box.crm.edit(crm_id, nickName="ویرایش")
        done = await b.sync(crm_id)
        assert (done.status, done.reason) == (Status.CONFLICT, Reason.OTHER_CODE)
        [mapping] = await b.rows('SELECT * FROM "EntityMapping"')
        assert mapping.financeId == first.finance_id
        b.box.journal.clear()
        b.box.crm.edit(crm_id, nickName="ویرایش دیگر")
        again = await b.sync(crm_id)
        assert (again.status, again.reason) == (Status.CONFLICT, Reason.OTHER_CODE)
        assert b.writes("finance") == []
