"""What an import shows to a person: nothing is linked by guess, and what a later run has settled is gone."""

from collections import Counter

import pytest

from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.sandbox import CrmMood, Fault, FaultKind
from hamgam.trail import numbers
from tests.bench import bench


async def test_a_number_that_two_crm_customers_have_is_not_linked_by_guess(db: Database) -> None:
    async with bench(db, page_size=1) as b:
        code = b.box.finance.add_contact(Name="سارا")
        people = {
            b.person(customerNumber=str(code), mobile=""),
            b.person(customerNumber=f" {code}", mobile=""),
        }
        planned, _ = await b.run_import(dry_run=True)
        result, [line] = await b.run_import()
        assert result.outcomes == planned.outcomes == Counter(failed=1)
        assert (line.reason, line.crm_id) == (Reason.AMBIGUOUS_MATCH, None)
        assert not await b.rows('SELECT 1 FROM "EntityMapping"')
        [row] = await b.log()
        assert (row.status, row.reason) == ("CONFLICT", "AMBIGUOUS_MATCH")
        assert row.errorMessage in people
        assert set(b.box.crm.persons) == people


async def test_a_failure_that_a_later_run_has_settled_asks_nobody_any_more(db: Database) -> None:
    async with bench(db) as b:
        b.box.finance.add_contact(Name="سارا")
        fault = Fault(FaultKind.STATUS, system="crm", operation="person/create", status=400)
        b.box.faults.add(fault)
        first, _ = await b.run_import()
        assert first.outcomes == Counter(failed=1)
        assert await numbers.attention_count(db) == 1
        b.box.faults.add(fault)
        fault.hits = 0
        second, _ = await b.run_import()
        assert second.outcomes == Counter(failed=1)
        assert await numbers.attention_count(db) == 1
        b.box.faults.clear()
        third, _ = await b.run_import()
        assert third.outcomes == Counter(created=1)
        assert await numbers.attention_count(db) == 0


async def test_a_conflict_is_settled_once_the_contact_is_mapped(db: Database) -> None:
    async with bench(db) as b:
        code = b.box.finance.add_contact(Name="سارا")
        first = b.person(customerNumber=str(code), mobile="")
        second = b.person(customerNumber=str(code), mobile="")
        await b.run_import()
        assert await numbers.attention_count(db) == 1
        b.box.crm.edit(second, customerNumber="")
        result, _ = await b.run_import()
        assert result.outcomes == Counter(linked=1)
        [mapping] = await b.rows('SELECT "crmId" FROM "EntityMapping"')
        assert mapping.crmId == first
        assert await numbers.attention_count(db) == 0


@pytest.mark.parametrize("told", [True, False])
async def test_a_customer_of_the_other_kind_is_not_linked_where_the_crm_tells_kinds(
    db: Database, told: bool
) -> None:
    async with bench(db, crm_mood=CrmMood(light_list_kinds=told)) as b:
        b.box.finance.add_contact(Name="شرکت البرز", tmpid="777", TowardType=True)
        b.person(customerNumber="777")
        _, [line] = await b.run_import()
        assert (line.outcome, line.reason) == (
            ("failed", Reason.KIND_MISMATCH) if told else ("linked", Reason.NUMBER_IN_CRM)
        )
        assert b.writes("crm") == []
