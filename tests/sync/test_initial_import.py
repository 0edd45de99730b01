"""The initial import over real HTTP: what it creates, links and skips, and how it goes on after a break."""

from collections import Counter

import pytest

from hamgam.db.engine import Database
from hamgam.errors import Reason, TryLater, UsageError
from hamgam.model import Kind
from hamgam.sandbox import CrmMood, Fault, FaultKind, FinanceMood
from hamgam.sync.numbers import NumberRule
from tests.bench import Bench, bench


def numbers(b: Bench) -> Counter[str]:
    everyone = [*b.box.crm.persons.values(), *b.box.crm.organizations.values()]
    return Counter(each["customerNumber"] for each in everyone)


def fill(b: Bench, count: int) -> list[int]:
    return [
        b.box.finance.add_contact(
            Name=f"مشتری {n}", MobileNo=f"0912000{n:04}", Address=f"خیابان {n}", TowardType=n % 3 == 0
        )
        for n in range(count)
    ]


async def test_everybody_is_created_once_with_number_and_values(db: Database) -> None:
    async with bench(db, numbers=NumberRule("100-", 1000)) as b:
        codes = fill(b, 30)
        result, lines = await b.run_import()
        assert (result.outcomes, result.total) == (Counter(created=30), 30)
        assert numbers(b) == Counter(f"100-{1000 + code}" for code in codes)
        assert len(b.box.crm.organizations) == 10
        assert {line.finance_id for line in lines} == {str(code) for code in codes}
        assert (await b.rows('SELECT count(*) AS n FROM "EntityMapping"'))[0].n == 30
        rows = await b.log()
        assert {(r.status, r.operation, r.direction, r.triggerType) for r in rows} == {
            ("SUCCESS", "CREATE", "FINANCE_TO_CRM", "IMPORT")
        }
        assert all(r.entityMappingId and r.intent is None and r.targetEntityId for r in rows)


async def test_what_the_import_wrote_comes_back_at_one_read_each_and_writes_nothing(db: Database) -> None:
    async with bench(db) as b:
        fill(b, 5)
        b.box.finance.add_contact(Name="با یادداشت", Description="یادداشت حسابدار", NationalCode="0012345679")
        await b.run_import()
        b.box.journal.clear()
        for crm_id in b.box.crm.persons:
            done = await b.sync(crm_id, kind=Kind.PERSON)
            assert done.reason is Reason.CHECKSUM_MATCH
        assert b.calls("crm") == ["person/get"] * len(b.box.crm.persons)
        assert b.calls("finance") == []


async def test_each_skip_has_its_reason(db: Database) -> None:
    async with bench(db) as b:
        b.box.finance.add_contact(Name="مدیر", IsAdminUser=True)
        b.box.finance.add_contact(Name="رفته", IsActive=False)
        b.box.finance.add_contact(Name=" ")
        linked = b.box.finance.add_contact(Name="هست")
        crm_id = b.person(customerNumber=str(linked))
        result, lines = await b.run_import()
        assert result.outcomes == Counter(skipped=3, linked=1)
        assert result.reasons == Counter(
            {
                Reason.ADMINISTRATOR: 1,
                Reason.INACTIVE: 1,
                Reason.UNUSABLE_RECORD: 1,
                Reason.NUMBER_IN_CRM: 1,
            }
        )
        [mapping] = await b.rows('SELECT * FROM "EntityMapping"')
        assert (mapping.crmId, mapping.financeId, mapping.crmChecksum) == (crm_id, str(linked), None)
        assert len(await b.log()) == len(lines) == 4


async def test_a_linked_customer_is_brought_in_step_by_its_next_notice(db: Database) -> None:
    async with bench(db) as b:
        code = b.box.finance.add_contact(Name="نام دفتر")
        crm_id = b.person(customerNumber=str(code), nickName="نام فروش")
        await b.run_import()
        assert b.contact(str(code))["Name"] == "نام دفتر"
        await b.sync(crm_id)
        assert b.contact(str(code))["Name"] == "نام فروش"


async def test_a_finished_import_is_repeated_only_when_it_is_asked_for(db: Database) -> None:
    async with bench(db) as b:
        fill(b, 3)
        await b.run_import()
        with pytest.raises(UsageError, match="--again"):
            await b.run_import()
        b.box.finance.add_contact(Name="تازه")
        result, _ = await b.run_import(again=True)
        assert result.outcomes == Counter(created=1, skipped=3)
        assert len(numbers(b)) == 4


async def test_a_limited_run_does_not_count_as_finished(db: Database) -> None:
    async with bench(db) as b:
        fill(b, 5)
        result, _ = await b.run_import(limit=2)
        assert result.outcomes["created"] == 2
        result, _ = await b.run_import()
        assert result.outcomes == Counter(created=3, skipped=2)


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.BROKEN_BODY, FaultKind.RESET_BEFORE])
async def test_a_lost_answer_never_makes_a_second_customer(db: Database, kind: FaultKind) -> None:
    async with bench(db) as b:
        codes = fill(b, 12)
        b.box.faults.add(Fault(kind, system="crm", operation="person/create", times=4))
        result, _ = await b.run_import(concurrency=3)
        assert result.outcomes == Counter(created=12)
        assert numbers(b) == Counter(map(str, codes))


async def test_a_broken_run_goes_on_where_it_stopped(db: Database) -> None:
    async with bench(db, retries_allowed=0) as b:
        codes = fill(b, 20)
        b.box.faults.add(Fault(FaultKind.RESET_AFTER, system="crm", operation="person/create", times=3))
        first, _ = await b.run_import(concurrency=2)
        assert first.outcomes["failed"] == 3
        second, _ = await b.run_import(concurrency=2)
        assert second.outcomes["failed"] == 0
        assert numbers(b) == Counter(map(str, codes))
        assert (await b.rows('SELECT count(*) AS n FROM "EntityMapping"'))[0].n == 20


async def test_a_dry_run_writes_nowhere_and_says_the_same_plan(db: Database) -> None:
    async with bench(db, read_only=True) as b:
        fill(b, 4)
        b.box.finance.add_contact(Name="رفته", IsActive=False)
        result, lines = await b.run_import(dry_run=True)
        assert result.outcomes == Counter(created=4, skipped=1)
        assert len(lines) == 5
        assert b.writes("crm") == b.writes("finance") == []
        assert await b.log() == []
        assert await b.rows('SELECT 1 FROM "ImportRun"') == []


async def test_a_cut_off_list_is_an_error_and_never_a_short_list(db: Database) -> None:
    async with bench(db) as b:
        fill(b, 50)
        b.box.faults.add(Fault(FaultKind.BROKEN_BODY, system="finance", operation="GetAll"))
        with pytest.raises(TryLater):
            await b.run_import()
        assert b.writes("crm") == []


@pytest.mark.parametrize(
    ("crm", "finance"),
    [
        (CrmMood(moving_pages=True), FinanceMood()),
        (CrmMood(id_key="id", fraction_digits=7), FinanceMood(returns_tmpid=False)),
        (CrmMood(extra_fields=True, unknown_id="null"), FinanceMood(filters="none")),
    ],
)
async def test_nobody_is_doubled_in_any_mood(db: Database, crm: CrmMood, finance: FinanceMood) -> None:
    async with bench(db, crm_mood=crm, finance_mood=finance) as b:
        codes = fill(b, 700)
        for code in codes[:600]:
            b.box.crm.add_customer("person", nickName=f"مشتری {code}", customerNumber=str(code))
        result, _ = await b.run_import()
        assert result.outcomes == Counter(created=100, linked=600)
        assert max(numbers(b).values()) == 1


async def test_two_contacts_with_one_number_are_shown_and_not_joined(db: Database) -> None:
    async with bench(db) as b:
        first = b.box.finance.add_contact(Name="یک")
        b.box.finance.add_contact(Name="دو", tmpid=str(first))
        b.person(customerNumber=str(first))
        result, _ = await b.run_import()
        assert result.outcomes == Counter(linked=1, failed=1)
        assert result.reasons[Reason.MATCH_TAKEN] == 1
