"""The three layers against loops: our own transaction, the gate, the checksum."""

from datetime import timedelta
from uuid import uuid4

from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.model import Status, TransactionId, Trigger
from hamgam.sandbox import CrmMood
from tests.bench import bench


async def test_a_notice_of_our_own_transaction_is_skipped_without_a_call(db: Database) -> None:
    async with bench(db) as b:
        crm_id = b.person()
        await b.sync(crm_id)
        [mapping] = await b.rows('SELECT * FROM "EntityMapping"')
        b.box.journal.clear()
        done = await b.sync(crm_id, transaction_id=TransactionId(mapping.lastSyncTransactionId))
        assert (done.status, done.reason) == (Status.SKIPPED, Reason.OWN_TRANSACTION)
        assert b.box.journal.calls() == []
        b.box.crm.edit(crm_id, nickName="تازه")
        other = await b.sync(crm_id, transaction_id=TransactionId(uuid4()))
        assert other.status is Status.SUCCESS


async def test_an_edit_inside_the_gate_arrives_when_the_gate_opens(db: Database) -> None:
    async with bench(db, gate_seconds=10) as b:
        crm_id = b.person()
        done = await b.sync(crm_id)
        b.box.crm.edit(crm_id, nickName="ویرایش دوم")
        b.box.journal.clear()
        b.clock.pass_seconds(4)
        gated = await b.sync(crm_id, later=False)
        assert (gated.status, gated.reason) == (Status.SKIPPED, Reason.TIME_GATE)
        assert b.box.journal.calls() == []
        [job] = await b.jobs()
        assert job.queueing_lock == f"customer:{crm_id}"
        assert job.scheduled_at == b.clock.now + timedelta(seconds=6)
        b.clock.pass_seconds(6)
        await b.sync(crm_id, later=False)
        assert b.contact(done.finance_id)["Name"] == "ویرایش دوم"


async def test_many_notices_inside_the_gate_leave_one_look(db: Database) -> None:
    async with bench(db) as b:
        crm_id = b.person()
        await b.sync(crm_id)
        for _ in range(5):
            await b.sync(crm_id, later=False)
        assert len(await b.jobs()) == 1


async def test_a_person_passes_the_gate(db: Database) -> None:
    async with bench(db) as b:
        crm_id = b.person()
        await b.sync(crm_id)
        b.box.crm.edit(crm_id, nickName="با دست")
        done = await b.sync(crm_id, later=False, trigger=Trigger.MANUAL)
        assert done.status is Status.SUCCESS


async def test_an_edit_of_an_unmapped_field_writes_nothing(db: Database) -> None:
    async with bench(db, crm_mood=CrmMood(extra_fields=True)) as b:
        crm_id = b.person()
        await b.sync(crm_id)
        b.box.journal.clear()
        b.box.crm.edit(crm_id, tags="vip", customerDate="2026-01-01T00:00:00")
        done = await b.sync(crm_id)
        assert done.reason is Reason.CHECKSUM_MATCH
        assert b.writes("finance") == []


async def test_another_spelling_of_the_same_text_writes_nothing(db: Database) -> None:
    async with bench(db) as b:
        crm_id = b.person(nickName="علي كريمي", mobile="09121112233")
        await b.sync(crm_id)
        b.box.crm.edit(crm_id, nickName=" علی  کریمی ")
        b.box.crm.set_phone(crm_id, "Mobile", "+98 912 111 2233")
        done = await b.sync(crm_id)
        assert done.reason is Reason.CHECKSUM_MATCH
