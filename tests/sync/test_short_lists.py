"""A list of contacts that is not what it should be: one that is cut short is never read as absence."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from sqlalchemy import text

from hamgam.db.engine import Database
from hamgam.errors import Reason, TryLater
from hamgam.model import FinanceContact, Operation, Status
from hamgam.sandbox import Fault, FaultKind, FinanceMood
from hamgam.systems.ports import FinanceConnector
from tests.bench import Bench, bench

CUT = [
    FaultKind.BROKEN_BODY,
    FaultKind.RESET_MIDWAY,
    FaultKind.RESET_BEFORE,
    FaultKind.HTML_BODY,
    FaultKind.STATUS,
]


def fill(b: Bench, count: int) -> None:
    for n in range(count):
        b.box.finance.add_contact(Name=f"مشتری {n}", MobileNo=f"0912000{n:04}", tmpid=f"100-{n}")


async def map_others(b: Bench, count: int) -> None:
    """Mappings of contacts that finance held once."""
    await b.db.execute(
        text(
            'INSERT INTO "EntityMapping" ("entityType", "crmEntity", "crmId", "financeId")'
            " SELECT 'CUSTOMER', 'customer', gen_random_uuid()::text, (70000 + n)::text"
            " FROM generate_series(1, :count) n"
        ),
        {"count": count},
    )


@pytest.mark.parametrize("kind", CUT)
@pytest.mark.parametrize("filters", ["all", "none"])
@pytest.mark.parametrize("skip", [0, 1])
async def test_a_cut_answer_is_no_reason_to_create(
    db: Database, kind: FaultKind, filters: str, skip: int
) -> None:
    """`skip`: the first question of a look-up is cut, or the second.

    Where the filter is ignored the first list is left after one row, so its cut is not even seen.
    """
    async with bench(db, finance_mood=FinanceMood(filters=filters)) as b:
        fill(b, 300)
        own = b.box.finance.add_contact(Name="سارا محمدی", tmpid="900")
        crm_id = b.person(customerNumber="900")
        b.box.faults.add(Fault(kind, system="finance", operation="GetAll", skip=skip))
        done = await b.sync(crm_id)
        if done.status is Status.PENDING:
            assert b.writes("finance") == []
            done = await b.sync(crm_id)
        assert (done.operation, done.finance_id) == (Operation.LINK, str(own))
        assert len(b.box.finance.contacts) == 301


@pytest.mark.parametrize("kind", CUT)
async def test_after_a_lost_answer_a_cut_list_is_no_reason_to_create_again(
    db: Database, kind: FaultKind
) -> None:
    mood = FinanceMood(returns_tmpid=False, duplicate_phone_refused=False)
    async with bench(db, finance_mood=mood) as b:
        fill(b, 300)
        crm_id = b.person(customerNumber="")
        b.box.faults.add(Fault(FaultKind.RESET_AFTER, system="finance", effect="write"))
        await b.sync(crm_id)
        b.box.faults.add(Fault(kind, system="finance", operation="GetAll"))
        assert (await b.sync(crm_id)).status is Status.PENDING
        done = await b.sync(crm_id)
        assert (done.status, done.operation) == (Status.SUCCESS, Operation.LINK)
        assert len(b.box.finance.contacts) == 301


async def test_a_list_with_less_than_half_of_what_is_mapped_is_no_reason_to_create(db: Database) -> None:
    async with bench(db, finance_mood=FinanceMood(filters="none")) as b:
        fill(b, 9)
        crm_id = b.person(customerNumber="900")
        await map_others(b, 19)
        done = await b.sync(crm_id)
        assert (done.status, done.reason) == (Status.PENDING, Reason.BROKEN_ANSWER)
        assert "less than half of the 19" in done.message
        assert b.writes("finance") == []
        fill(b, 1)
        assert (await b.sync(crm_id)).operation is Operation.CREATE


async def test_who_is_mapped_while_a_list_is_read_need_not_be_in_it(db: Database) -> None:
    async with bench(db) as b:
        fill(b, 2)
        contacts = b.site.finance.customers()
        await anext(contacts)
        await map_others(b, 9)
        assert len([each async for each in contacts]) == 1


async def test_an_import_does_not_take_such_a_list_for_all_there_is(db: Database) -> None:
    async with bench(db) as b:
        fill(b, 9)
        await map_others(b, 19)
        with pytest.raises(TryLater, match="less than half"):
            await b.run_import()
        assert b.writes("crm") == []
        [run] = await b.rows('SELECT state, trouble, "finishedAt" FROM "ImportRun"')
        assert tuple(run) == ("FAILED", "BROKEN_ANSWER", None)


@pytest.mark.parametrize("kind", CUT)
async def test_an_import_does_not_take_a_cut_list_for_all_there_is(db: Database, kind: FaultKind) -> None:
    async with bench(db) as b:
        fill(b, 300)
        b.box.faults.add(Fault(kind, system="finance", operation="GetAll", times=4))
        with pytest.raises(TryLater):
            await b.run_import()
        assert b.writes("crm") == []
        assert b.calls("finance") == ["GetAll"] * 4, "as often as a sync"
        result, _ = await b.run_import()
        assert result.outcomes["created"] == 300


@pytest.mark.parametrize("kind", CUT)
async def test_an_import_reads_a_list_again_that_was_cut_off_once(db: Database, kind: FaultKind) -> None:
    async with bench(db) as b:
        fill(b, 300)
        for operation in ("GetAll", "identity/search", "person/find"):
            b.box.faults.add(Fault(kind, operation=operation))
        result, _ = await b.run_import()
        assert (result.outcomes, result.total) == (Counter(created=300), 300)
        assert len(b.box.crm.persons) == 300


@pytest.mark.parametrize("kind", [*CUT, FaultKind.SHORT_LIST])
@pytest.mark.parametrize("skip", [0, 1])
async def test_an_import_does_not_take_a_cut_list_of_the_crm_for_all_there_is(
    db: Database, kind: FaultKind, skip: int
) -> None:
    """Whoever is in the CRM already must be found there, or would be there twice."""
    async with bench(db) as b:
        codes = [b.box.finance.add_contact(Name=f"مشتری {n}") for n in range(700)]
        for code in codes:
            b.box.crm.add_customer("person", nickName=f"مشتری {code}", customerNumber=str(code))
        b.box.faults.add(Fault(kind, system="crm", operation="identity/search", skip=skip))
        result, _ = await b.run_import()
        assert result.outcomes["linked"] == 700
        assert b.writes("crm") == []


class EachTwice:
    """A finance system whose list names everybody twice."""

    def __init__(self, finance: FinanceConnector) -> None:
        self._finance = finance

    def __getattr__(self, name: str) -> Any:
        return getattr(self._finance, name)

    async def customers(self) -> AsyncIterator[FinanceContact]:
        async for contact in self._finance.customers():
            yield contact
            yield contact


async def test_a_contact_that_the_list_names_twice_is_imported_once(db: Database) -> None:
    async with bench(db) as b:
        fill(b, 3)
        twice = b.with_finance(cast("FinanceConnector", EachTwice(b.site.finance)))
        result, _ = await twice.run_import()
        assert (result.outcomes, result.total) == (Counter(created=3), 3)
        assert len(b.box.crm.persons) == 3
