"""The initial import over real HTTP: what it creates, links and skips, and how it goes on after a break."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import datetime

import pytest

from hamgam.db.engine import Database
from hamgam.errors import NeedsOperator, Reason, TryLater, UsageError
from hamgam.model import Kind, Operation, Status
from hamgam.sandbox import CrmMood, Fault, FaultKind, FinanceMood
from hamgam.sync.initial_import import ImportOptions, Watcher, initial_import
from hamgam.sync.numbers import NumberRule
from hamgam.systems.ports import NumberedCustomer
from tests.bench import Bench, bench
from tests.fakes import FakeCrm


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


async def test_a_repeated_import_that_would_create_suspiciously_many_asks_first(db: Database) -> None:
    async with bench(db) as b:
        fill(b, 200)
        b.box.finance.add_contact(Name="هست", tmpid="900")
        await b.run_import()
        codes = fill(b, 101)
        b.box.journal.clear()
        with pytest.raises(UsageError, match="MAX_CHANGE_PERCENT: 101 customers"):
            await b.run_import(again=True)
        assert b.writes("crm") == []
        runs = await b.rows('SELECT state, trouble FROM "ImportRun" ORDER BY state')
        assert [tuple(run) for run in runs] == [("DONE", None), ("FAILED", "TOO_MANY_NEW")]
        assert (await b.run_import(again=True, dry_run=True))[0].outcomes["created"] == 101
        limited, _ = await b.run_import(again=True, limit=1)
        assert limited.outcomes["created"] == 1
        del b.box.finance.contacts[codes[-1]]
        result, _ = await b.run_import(again=True)
        assert result.outcomes["created"] == 99, "a hundred are few"


async def test_a_person_may_let_them_all_through(db: Database) -> None:
    async with bench(db) as b:
        fill(b, 100)
        await b.run_import()
        fill(b, 150)
        result, _ = await b.run_import(again=True, force=True)
        assert result.outcomes == Counter(created=150, skipped=100)


async def test_an_import_that_broke_off_goes_on_however_much_is_left(db: Database) -> None:
    async with bench(db) as b:
        fill(b, 150)
        await b.run_import(limit=10)
        result, _ = await b.run_import()
        assert result.outcomes == Counter(created=140, skipped=10)


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


async def die_in_mid_create(b: Bench) -> None:
    """The state of a process that died between the CRM's answer and its own commit."""
    await b.rows('DELETE FROM "EntityMapping" RETURNING 1')
    await b.rows('DELETE FROM "ImportRun" RETURNING 1')
    await b.rows(
        "UPDATE \"SyncLog\" SET status = 'IN_PROGRESS', intent = jsonb_build_object('operation', 'CREATE',"
        " 'number', \"sourceEntityId\", 'fields', \"sourceData\" -> 'fields') RETURNING 1"
    )


async def test_an_edit_in_finance_between_two_runs_is_not_taken_for_the_crms_value(db: Database) -> None:
    async with bench(db) as b:
        code = b.box.finance.add_contact(Name="سارا")
        await b.run_import()
        await die_in_mid_create(b)
        b.box.finance.contacts[code]["Name"] = "ساره"
        await b.run_import()
        [crm_id] = b.box.crm.persons
        b.box.crm.edit(crm_id, description="نو")
        assert (await b.sync(crm_id)).reason is Reason.CRM_PRIORITY
        assert b.contact(str(code))["Name"] == "سارا"


async def test_a_create_that_an_earlier_run_sent_is_looked_for_first(db: Database) -> None:
    """It may land after this run has read the CRM's numbers."""
    async with bench(db) as b:
        code = b.box.finance.add_contact(Name="سارا")
        crm = LandsLate(b.clock, str(code))
        crm.fail_next["create_customer"] = NeedsOperator(Reason.WRONG_ADDRESS)
        late = b.with_crm(crm)
        await late.run_import()
        result, _ = await late.run_import()
        assert result.complete
        assert [each.number for each in crm.records.values()] == [str(code)]


class LandsLate(FakeCrm):
    """A CRM that carries out the first create only after its numbers were read once more."""

    def __init__(self, clock: Callable[[], datetime], number: str) -> None:
        super().__init__(clock)
        self._number = number

    async def customer_numbers(self) -> AsyncIterator[NumberedCustomer]:
        if self.called("create_customer"):
            assert [each async for each in super().customer_numbers()] == []
            self.put(Kind.PERSON, self._number, name="سارا")
            return
        async for each in super().customer_numbers():
            yield each


async def test_a_contact_of_another_number_is_not_linked_by_its_code(db: Database) -> None:
    async with bench(db) as b:
        code = b.box.finance.add_contact(Name="علی", tmpid="777")
        b.person(customerNumber=str(code), nickName="مریم")
        _, [line] = await b.run_import()
        assert (line.outcome, line.reason) == ("failed", Reason.AMBIGUOUS_MATCH)
        assert b.contact(str(code))["Name"] == "علی"
        assert not await b.rows('SELECT 1 FROM "EntityMapping"')


async def test_a_contact_that_a_sync_has_just_made_is_left_to_it(db: Database) -> None:
    """This build does not return the number, so the import could not know whose it is."""
    async with bench(db, finance_mood=FinanceMood(returns_tmpid=False)) as b:
        customer = b.person()
        fault = Fault(FaultKind.RESET_AFTER, system="finance", operation="SaveFormData:2BFDA")
        b.box.faults.add(fault)
        assert (await b.sync(customer)).status is Status.PENDING
        _, [line] = await b.run_import()
        assert (line.outcome, line.reason) == ("skipped", Reason.BEING_CREATED)
        assert (await b.sync(customer)).operation is Operation.LINK
        assert list(b.box.crm.persons) == [customer]
        assert len(b.box.finance.contacts) == 1


async def test_a_record_that_the_crm_forbids_does_not_stop_the_others(db: Database) -> None:
    async with bench(db) as b:
        fill(b, 5)
        b.box.faults.add(Fault(FaultKind.STATUS, system="crm", operation="person/create", status=403))
        result, _ = await b.run_import()
        assert result.outcomes == Counter(created=4, failed=1)


async def test_a_run_that_died_in_mid_create_is_linked_and_its_echo_writes_nothing(db: Database) -> None:
    async with bench(db) as b:
        [code] = [b.box.finance.add_contact(Name="نیمه‌کاره")]
        await b.run_import()
        await die_in_mid_create(b)
        result, _ = await b.run_import()
        assert result.outcomes == Counter(linked=1)
        [row] = await b.log()
        assert (row.status, row.operation) == ("SUCCESS", "LINK")
        [crm_id] = b.box.crm.persons
        assert (await b.sync(crm_id)).reason is Reason.CHECKSUM_MATCH
        assert b.box.crm.persons[crm_id]["customerNumber"] == str(code)


async def test_a_name_with_a_zero_character_stops_neither_the_plan_nor_the_import(db: Database) -> None:
    async with bench(db) as b:
        b.box.finance.add_contact(Name="نام\x00بد")
        for dry_run in (True, False):
            assert (await b.run_import(dry_run=dry_run))[0].outcomes == {"created": 1}


async def test_a_dry_run_writes_nowhere_and_says_the_same_plan(db: Database) -> None:
    async with bench(db, read_only=True) as b:
        fill(b, 4)
        b.box.finance.add_contact(Name="رفته", IsActive=False)
        result, lines = await b.run_import(dry_run=True)
        assert result.outcomes == Counter(created=4, skipped=1)
        assert len(lines) == 5
        assert b.writes("crm") == b.writes("finance") == []
        assert await b.log() == []
        [run] = await b.rows('SELECT * FROM "ImportRun"')
        assert (run.state, run.dryRun, run.finishedAt) == ("DONE", True, None)
        assert run.counts == {"created": 4, "skipped": 1, "total": 5}
        assert run.reasons == {"INACTIVE": 1}


async def test_a_cut_off_list_is_an_error_and_never_a_short_list(db: Database) -> None:
    async with bench(db) as b:
        fill(b, 50)
        b.box.faults.add(Fault(FaultKind.BROKEN_BODY, system="finance", operation="GetAll", times=None))
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
            kind = "organization" if b.contact(str(code))["TowardType"] else "person"
            b.box.crm.add_customer(kind, nickName=f"مشتری {code}", customerNumber=str(code))
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


async def test_a_broken_run_goes_on_as_if_it_had_not_broken(db: Database) -> None:
    """Each contact's own number is the number that the next contact's customer is created under."""
    async with bench(db) as b:
        codes = fill(b, 20)
        for code in codes:
            b.box.finance.edit_contact(code, tmpid=str(code + 1))
        b.box.faults.add(
            Fault(FaultKind.STATUS, system="crm", effect="write", status=402, skip=7, times=None)
        )
        broken, _ = await b.run_import(concurrency=1)
        assert broken.stopped_by is not None
        # And one whose end was not stored, as after a kill.
        await b.rows('DELETE FROM "EntityMapping" WHERE "financeId" = :code RETURNING 1', code=str(codes[2]))
        await b.rows(
            """UPDATE "SyncLog" SET status = 'IN_PROGRESS', intent = '{"number": ""}'"""
            ' WHERE "sourceEntityId" = :code RETURNING 1',
            code=str(codes[2]),
        )
        b.box.faults.clear()
        done, _ = await b.run_import()
        assert done.complete
        assert done.outcomes == Counter(skipped=6, linked=1, created=13)
        assert numbers(b) == Counter(str(code) for code in codes)
        everyone = b.box.crm.persons | b.box.crm.organizations
        pairs = await b.rows('SELECT "crmId", "financeId" FROM "EntityMapping"')
        assert all(everyone[pair.crmId]["customerNumber"] == pair.financeId for pair in pairs)


@pytest.mark.parametrize("kind", [None, FaultKind.HTML_BODY, FaultKind.RATE_LIMITED, FaultKind.STATUS])
async def test_a_run_waits_for_the_crm_instead_of_failing_records(
    db: Database, kind: FaultKind | None
) -> None:
    b: Bench
    passed: list[float] = []

    async def pause(seconds: float) -> None:
        await asyncio.sleep(0.02)
        passed.append(seconds)
        if sum(passed) >= 60:
            b.box.faults.clear()
            await b.box.bring_up("crm")

    async def go_away() -> None:
        await b.box.journal.wait_for(10, system="crm", operation="person/create")
        if kind is None:
            await b.box.take_down("crm")
        else:
            b.box.faults.add(Fault(kind, system="crm", times=None))

    async with bench(db, pause=pause, retries_allowed=1) as b:
        codes = fill(b, 60)
        said: list[Reason | None] = []
        watcher = Watcher(planned=lambda total: None, ended=lambda line: None, waits=said.append)
        result, _ = await asyncio.gather(
            initial_import(b.site, ImportOptions(concurrency=4), watcher), go_away()
        )
        assert result.outcomes == Counter(created=60)
        assert result.complete
        assert numbers(b) == Counter(map(str, codes))
        assert any(said)
        assert said[-1] is None
        assert sum(passed) >= 60
        assert len(b.outages.seen) == 2
        met = [entry for entry in b.box.journal.calls("crm") if entry.fault]
        assert len(met) <= 2 * 4 + 1 + len(passed), "those who wait do not knock"
