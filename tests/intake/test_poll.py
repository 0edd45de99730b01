"""Polling: what changed is found once, whatever the pages do, and costs what changed."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hamgam.app.records import story
from hamgam.db.engine import Database
from hamgam.errors import TryLater
from hamgam.intake.poll import poll
from hamgam.jobs import queue
from hamgam.jobs.acting import release
from hamgam.jobs.runner import run_notice
from hamgam.model import CrmId, Entity, Stream, Trigger
from hamgam.people.roles import Person, Role
from hamgam.sandbox import CrmMood, Fault, FaultKind
from hamgam.trail import cursor
from hamgam.trail.releases import Release
from tests.bench import Bench, bench
from tests.fakes import FakeCrm


async def poll_once(b: Bench, **options: int) -> list[str]:
    """Poll, and answer and empty the queue."""
    settings = {"overlap_seconds": 120, "max_change_percent": 30} | options
    await poll(b.site, **settings)
    waiting = [job.queueing_lock for job in await b.jobs()]
    await b.rows("DELETE FROM procrastinate_jobs RETURNING 1")
    return waiting


async def test_the_first_poll_sees_what_changed_since_the_newest_change(db: Database) -> None:
    async with bench(db) as b:
        b.person(customerNumber="1", mobile="")
        await poll_once(b)
        crm_id = b.person(customerNumber="2", mobile="")
        assert f"customer:{crm_id}" in await poll_once(b)


async def test_persons_organizations_invoices_and_quotes_are_found(db: Database) -> None:
    async with bench(db) as b:
        await poll_once(b)
        person = b.person()
        organization = b.box.crm.add_customer("organization", nickName="شرکت")
        invoice = b.box.crm.add_document("invoice", person, [])
        quote = b.box.crm.add_document("quote", person, [])
        assert Counter(await poll_once(b)) == Counter(
            [f"customer:{person}", f"customer:{organization}", f"invoice:{invoice}", f"quote:{quote}"]
        )


async def test_what_was_synchronised_is_not_queued_again_by_the_overlap(db: Database) -> None:
    async with bench(db) as b:
        await poll_once(b)
        crm_id = b.person()
        await poll_once(b)
        await b.sync(crm_id)
        assert await poll_once(b) == []
        b.box.crm.edit(crm_id, nickName="تازه")
        assert await poll_once(b) == [f"customer:{crm_id}"]


async def test_an_import_does_not_come_back_by_polling(db: Database) -> None:
    async with bench(db) as b:
        for n in range(250):
            b.box.finance.add_contact(Name=f"مشتری {n}")
        await b.run_import()
        b.box.journal.clear()
        assert await poll_once(b) == []
        assert set(b.calls("crm")) == {
            "person/find",
            "organization/find",
            "invoice/sales/find",
            "quote/sales/find",
        }


@pytest.mark.parametrize("moving", [True, False])
@pytest.mark.parametrize("page_size", [1, 3, 7])
async def test_nothing_is_missed_while_pages_move(db: Database, moving: bool, page_size: int) -> None:
    async with bench(db, crm_mood=CrmMood(moving_pages=moving), page_size=page_size) as b:
        await poll_once(b)
        ids = {b.person(customerNumber=str(n), mobile="") for n in range(20)}
        assert set(await poll_once(b)) == {f"customer:{crm_id}" for crm_id in ids}


async def test_a_poll_costs_what_changed_and_not_what_exists(db: Database) -> None:
    async with bench(db) as b:
        for n in range(500):
            b.person(customerNumber=str(n), mobile="")
        await poll_once(b, overlap_seconds=0)
        b.box.journal.clear()
        changed = list(b.box.crm.persons)[:3]
        for crm_id in changed:
            b.box.crm.edit(crm_id, nickName="تازه")
        assert set(await poll_once(b, overlap_seconds=0)) >= {f"customer:{crm_id}" for crm_id in changed}
        assert len(b.calls("crm")) == len(Stream)


async def test_a_poll_that_breaks_off_loses_nothing(db: Database) -> None:
    async with bench(db, page_size=2) as b:
        await poll_once(b)
        ids = [b.person(customerNumber=str(n), mobile="") for n in range(6)]
        before = await cursor.load(db)
        b.box.faults.add(
            Fault(FaultKind.STATUS, system="crm", operation="person/find", status=500, times=1, skip=1)
        )
        with pytest.raises(TryLater):
            await poll(b.site, overlap_seconds=0, max_change_percent=30)
        assert (await cursor.load(db))[Stream.PERSON] == before[Stream.PERSON]
        assert {f"customer:{crm_id}" for crm_id in ids} <= set(await poll_once(b))


async def test_a_stream_that_cannot_be_read_does_not_hold_the_others_up(db: Database) -> None:
    async with bench(db) as b:
        await poll_once(b)
        customer = b.person()
        invoice = b.box.crm.add_document("invoice", customer, [])
        b.box.faults.add(Fault(FaultKind.STATUS, system="crm", operation="person/find", status=500))
        with pytest.raises(TryLater):
            await poll(b.site, overlap_seconds=0, max_change_percent=30)
        assert [job.queueing_lock for job in await b.jobs()] == [f"invoice:{invoice}"]
        assert f"customer:{customer}" in await poll_once(b)


async def test_suspiciously_many_changes_are_held_back(db: Database) -> None:
    async with bench(db) as b:
        for n in range(150):
            b.box.finance.add_contact(Name=f"مشتری {n}")
        await b.run_import()
        await poll_once(b)
        for crm_id in b.box.crm.persons:
            b.box.crm.edit(crm_id, nickName="همه یکی شدند", deliver=False)
        assert await poll_once(b) == []
        assert (await cursor.load(db))[Stream.PERSON].held == 150
        assert len(await poll_once(b, max_change_percent=100)) == 150
        assert (await cursor.load(db))[Stream.PERSON].held is None


@pytest.mark.parametrize("more", [0, 1])
async def test_a_person_lets_as_many_changes_through_as_were_shown(db: Database, more: int) -> None:
    """One more by then, and the person is asked again."""
    async with bench(db) as b:
        for n in range(120):
            b.box.finance.add_contact(Name=f"مشتری {n}")
        await b.run_import()
        await poll_once(b)
        people = list(b.box.crm.persons)
        for crm_id in people[1:]:
            b.box.crm.edit(crm_id, nickName="همه یکی شدند", deliver=False)
        assert await poll_once(b) == []
        assert not await release(db, Stream.PERSON, 118, by="مریم", now=b.clock())
        assert await release(db, Stream.PERSON, 119, by="مریم", now=b.clock())
        for crm_id in people[:more]:
            b.box.crm.edit(crm_id, nickName="یکی دیگر", deliver=False)
        await b.rows("DELETE FROM procrastinate_jobs WHERE task_name = 'poll' RETURNING 1")
        assert len(await poll_once(b)) == (0 if more else 119)
        state = (await cursor.load(db))[Stream.PERSON]
        assert (state.held, state.release and state.release.changes) == ((120, 119) if more else (None, None))


async def test_the_story_of_a_record_tells_why_it_had_to_wait(db: Database) -> None:
    """And not of the next change of the record, which nobody has held back."""
    async with bench(db) as b:
        for n in range(120):
            b.box.finance.add_contact(Name=f"مشتری {n}")
        await b.run_import()
        await poll_once(b)
        for crm_id in b.box.crm.persons:
            b.box.crm.edit(crm_id, nickName="همه یکی شدند", deliver=False)
        held_at = b.clock()
        for _ in range(2):
            await poll_once(b)
            b.clock.pass_seconds(60)
        assert await release(db, Stream.PERSON, 120, by="مریم", now=b.clock())
        let_through = Release(120, held_at, "مریم", b.clock())
        assert await polled_and_told(b) == let_through
        b.box.crm.edit(crm_id, nickName="دیگر", deliver=False)
        assert await polled_and_told(b) is None


async def polled_and_told(b: Bench) -> Release | None:
    """What the newest event in the story of one record says that the poll has found."""
    await poll(b.site, overlap_seconds=120, max_change_percent=100)
    [job, *_] = await b.rows("SELECT args FROM procrastinate_jobs WHERE task_name = 'sync' ORDER BY id DESC")
    await b.rows("DELETE FROM procrastinate_jobs RETURNING 1")
    notice = queue.notice_of(job.args)
    assert notice is not None
    await run_notice(b.site, notice)
    told = await story(b.site.db, Person("رضا", Role.VIEWER), notice.key.entity, notice.key.crm_id)
    assert told is not None
    return told.events[0].release


async def test_a_held_poll_goes_on_once_a_person_has_let_the_changes_through(db: Database) -> None:
    """As `hamgam sync --since … --force` does: it finds the same changes and runs them."""
    async with bench(db) as b:
        for n in range(110):
            b.box.finance.add_contact(Name=f"مشتری {n}")
        await b.run_import()
        await poll_once(b)
        for crm_id in b.box.crm.persons:
            b.box.crm.edit(crm_id, nickName="همه یکی شدند", deliver=False)
        assert await poll_once(b) == []
        for crm_id in b.box.crm.persons:
            await b.sync(crm_id, trigger=Trigger.MANUAL)
        assert await poll_once(b) == []
        assert (await cursor.load(db))[Stream.PERSON].held is None
        b.box.crm.edit(crm_id, nickName="تازه", deliver=False)
        assert await poll_once(b) == [f"customer:{crm_id}"]


async def test_a_poll_over_documents_finds_an_edit(db: Database) -> None:
    async with bench(db) as b:
        customer = b.person()
        invoice = b.box.crm.add_document(
            "invoice",
            customer,
            [{"productCode": "1", "count": 1, "baseUnitPrice": 10, "productUnitTypeName": "عدد"}],
        )
        await poll_once(b)
        await b.sync(invoice, entity=Entity.INVOICE)
        assert f"invoice:{invoice}" not in await poll_once(b)
        b.box.crm.edit_document(invoice, subject="ویرایش")
        assert f"invoice:{invoice}" in await poll_once(b)


async def test_a_stream_that_the_crm_does_not_know_is_left_out(db: Database) -> None:
    async with bench(db) as b:
        b.box.faults.add(
            Fault(FaultKind.STATUS, system="crm", operation="quote/sales/find", status=404, times=None)
        )
        assert await poll_once(b) == []
        crm_id = b.person()
        assert await poll_once(b) == [f"customer:{crm_id}"]
        assert Stream.QUOTE not in await cursor.load(db)
        b.box.faults.clear()
        quote = b.box.crm.add_document("quote", crm_id, [])
        assert f"quote:{quote}" in await poll_once(b)


async def test_a_record_from_the_future_hides_nothing(db: Database) -> None:
    """A CRM whose clock was once ahead keeps such records for ever."""
    async with bench(db) as b:
        crm = FakeCrm(b.clock)
        site = replace(b.site, crm=crm)

        def modify(at: datetime, number: str) -> CrmId:
            crm_id = crm.put(name="سارا", number=number)
            crm.records[crm_id] = replace(crm.records[crm_id], modified_at=at)
            return crm_id

        async def found() -> set[str]:
            await poll(site, overlap_seconds=120, max_change_percent=30)
            jobs = await b.rows("DELETE FROM procrastinate_jobs RETURNING queueing_lock")
            return {job.queueing_lock for job in jobs}

        future = b.clock() + timedelta(days=1500)
        modify(future, "1")
        await found()
        for number in ("2", "3"):
            b.clock.pass_seconds(3600)
            crm_id = modify(b.clock(), number)
            assert f"customer:{crm_id}" in await found()
            position = (await cursor.load(db))[Stream.PERSON].position
            assert position == b.clock()
            modify(future, number + "0")
