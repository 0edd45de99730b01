"""Two CRM customers that finance holds once: whoever comes second asks a person and writes nothing."""

import asyncio

import pytest

from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.model import CrmId, Operation, Status
from hamgam.sandbox import FinanceMood
from hamgam.sync.site import Outcome
from tests.bench import Bench, bench
from tests.fakes import FakeFinance


async def at_once(b: Bench, *customers: CrmId) -> list[Outcome]:
    """Both pass the point at which each of them, alone, would find nothing in its way."""
    b.clock.pass_seconds(60)
    return list(await asyncio.gather(*(b.sync(customer, later=False) for customer in customers)))


async def test_one_number_makes_one_contact(db: Database) -> None:
    async with bench(db) as b:
        outcomes = await at_once(b, *(b.person(customerNumber="7", mobile="") for _ in range(2)))
        assert sorted(outcome.status for outcome in outcomes) == [Status.CONFLICT, Status.SUCCESS]
        assert {outcome.reason for outcome in outcomes} == {None, Reason.MATCH_TAKEN}
        assert len(b.box.finance.contacts) == 1


@pytest.mark.parametrize("spelled", ["0079000000", "۰۰۷۹۰۰۰۰۰۰"])
async def test_one_national_id_makes_one_contact(db: Database, spelled: str) -> None:
    async with bench(db) as b:
        one = b.person(customerNumber="1", mobile="", nationalCode="0079000000")
        two = b.person(customerNumber="2", mobile="", nationalCode=spelled)
        outcomes = await at_once(b, one, two)
        assert sorted(outcome.status for outcome in outcomes) == [Status.CONFLICT, Status.SUCCESS]
        assert len(b.box.finance.contacts) == 1


async def test_one_contact_is_linked_once_although_two_keys_lead_to_it(db: Database) -> None:
    async with bench(db) as b:
        code = b.box.finance.add_contact(Name="قدیم", tmpid="1", NationalCode="0079000000")
        by_number = b.person(customerNumber="1", mobile="", nickName="الف")
        by_national_id = b.person(customerNumber="2", mobile="", nickName="ب", nationalCode="0079000000")
        outcomes = await at_once(b, by_number, by_national_id)
        assert sorted(outcome.status for outcome in outcomes) == [Status.CONFLICT, Status.SUCCESS]
        (mapped,) = await b.rows('SELECT "crmId" FROM "EntityMapping"')
        wanted = "الف" if mapped.crmId == by_number else "ب"
        assert b.contact(str(code))["Name"] == wanted
        assert b.writes("finance") == ["SaveFormData:2BFDA"]


async def test_a_link_writes_a_value_that_the_row_does_not_show(db: Database) -> None:
    """Some builds leave out what is null, so a missing key proves nothing."""
    async with bench(db) as b:
        finance = FakeFinance()
        code = finance.put(number="900", name="سارا محمدی")
        finance.leave_out(code, "mobile")
        outcome = await b.with_finance(finance).sync(b.person())
        assert (outcome.status, outcome.operation) == (Status.SUCCESS, Operation.LINK)
        assert finance.records[code].fields["mobile"] == "09121112233"


@pytest.mark.parametrize("spelled", ["100-1234", "۱۰۰-۱۲۳۴", "١٠٠-١٢٣٤"])
async def test_a_contact_is_found_by_a_number_in_any_digits(db: Database, spelled: str) -> None:
    async with bench(db) as b:
        b.box.finance.add_contact(Name="سارا", tmpid=spelled)
        assert (await b.sync(b.person(customerNumber="100-1234"))).operation is Operation.LINK
        assert len(b.box.finance.contacts) == 1


@pytest.mark.parametrize("typed", ["0079000000", "۰۰۷۹۰۰۰۰۰۰"])
@pytest.mark.parametrize("spelled", ["0079000000", "۰۰۷۹۰۰۰۰۰۰", "٠٠٧٩٠٠٠٠٠٠"])
async def test_a_contact_is_found_by_a_national_id_in_any_digits(
    db: Database, typed: str, spelled: str
) -> None:
    async with bench(db) as b:
        b.box.finance.add_contact(Name="سارا", NationalCode=spelled)
        assert (await b.sync(b.person(nationalCode=typed))).operation is Operation.LINK
        assert len(b.box.finance.contacts) == 1


async def test_a_build_that_leaves_out_nulls_is_not_taken_for_an_edit_in_finance(db: Database) -> None:
    async with bench(db, finance_mood=FinanceMood(leaves_out_nulls=True)) as b:
        customer = b.person(description="")
        await b.sync(customer)
        b.box.crm.edit(customer, nickName="نو")
        assert (await b.sync(customer)).reason is None
