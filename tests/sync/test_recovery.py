"""What a lost answer, a crash or another process leaves behind is found again, whatever came in between."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import psycopg
import pytest

from hamgam.db.engine import Database
from hamgam.errors import Conflict, InDoubt, Reason, SyncError, TryLater
from hamgam.jobs.runner import run_notice
from hamgam.model import (
    ChangeNotice,
    CrmId,
    DocumentLine,
    Entity,
    EntityKey,
    FinanceId,
    Kind,
    Operation,
    PreInvoice,
    Status,
    TransactionId,
    Trigger,
)
from hamgam.sandbox import Fault, FaultKind, FinanceMood
from hamgam.sync import attempt
from hamgam.sync.attempt import Story
from hamgam.sync.decide import DeletePolicy
from hamgam.sync.initial_import import ImportOptions, Watcher, initial_import
from hamgam.sync.match import MatchKey
from hamgam.sync.site import Outcome
from hamgam.systems.lease import LEASE_SECONDS
from hamgam.trail import imports, log
from hamgam.trail.imports import ImportIntent
from tests.bench import Bench, bench

CONTACT = "SaveFormData:2BFDA"
DOCUMENT = "SaveFormData:43D81"
LINE = {"productCode": "1", "count": 1, "baseUnitPrice": 10, "productUnitTypeName": "عدد"}


def lose_the_answer(b: Bench, operation: str = CONTACT, times: int | None = 1) -> None:
    b.box.faults.add(Fault(FaultKind.RESET_AFTER, system="finance", operation=operation, times=times))


# An update whose answer was lost


@pytest.mark.parametrize("given_up", [True, False])
async def test_an_edit_that_is_taken_back_after_its_answer_was_lost(db: Database, given_up: bool) -> None:
    """The stored checksum is the CRM's again, but finance holds what was sent in between."""
    async with bench(db, retries_allowed=0 if given_up else 3) as b:
        crm_id = b.person(nickName="نخست")
        done = await b.sync(crm_id)
        b.box.crm.edit(crm_id, nickName="دوم")
        lose_the_answer(b)
        lost = await b.sync(crm_id)
        assert lost.status is (Status.FAILED if given_up else Status.PENDING)
        assert b.contact(done.finance_id)["Name"] == "دوم"
        b.box.crm.edit(crm_id, nickName="نخست")
        again = await b.sync(crm_id)
        assert (again.status, again.operation) == (Status.SUCCESS, Operation.UPDATE)
        assert b.contact(done.finance_id)["Name"] == "نخست"
        b.box.journal.clear()
        assert (await b.sync(crm_id)).reason is Reason.CHECKSUM_MATCH
        assert b.writes("finance") == []


@pytest.mark.parametrize("given_up", [True, False])
async def test_a_document_that_is_taken_back_after_its_answer_was_lost(db: Database, given_up: bool) -> None:
    async with bench(db, retries_allowed=0 if given_up else 3) as b:
        crm_id = CrmId(b.box.crm.add_document("invoice", b.person(), [LINE], subject="نخست"))
        await b.sync(crm_id, entity=Entity.INVOICE)
        b.box.crm.edit_document(crm_id, subject="دوم")
        lose_the_answer(b, DOCUMENT)
        await b.sync(crm_id, entity=Entity.INVOICE)
        b.box.crm.edit_document(crm_id, subject="نخست")
        again = await b.sync(crm_id, entity=Entity.INVOICE)
        assert (again.status, again.operation) == (Status.SUCCESS, Operation.UPDATE)
        b.box.journal.clear()
        assert (await b.sync(crm_id, entity=Entity.INVOICE)).reason is Reason.CHECKSUM_MATCH
        assert b.writes("finance") == []


async def test_an_update_that_surely_did_not_happen_leaves_no_doubt(db: Database) -> None:
    async with bench(db) as b:
        crm_id = b.person(nickName="نخست")
        await b.sync(crm_id)
        b.box.crm.edit(crm_id, nickName="دوم")
        b.box.faults.add(Fault(FaultKind.STATUS, system="finance", operation=CONTACT, status=503))
        await b.sync(crm_id)
        b.box.crm.edit(crm_id, nickName="نخست")
        assert (await b.sync(crm_id)).reason is Reason.CHECKSUM_MATCH


# A create whose answer was lost


@pytest.mark.parametrize("between", ["unreachable", "retry"])
async def test_a_lost_create_is_found_after_other_failures(db: Database, between: str) -> None:
    """No number, no national id, and finance returns no number: only the sent values recognise it."""
    mood = FinanceMood(returns_tmpid=False, duplicate_phone_refused=False)
    async with bench(db, finance_mood=mood, retries_allowed=0) as b:
        crm_id = b.person(customerNumber="")
        lose_the_answer(b)
        assert (await b.sync(crm_id)).status is Status.FAILED
        fault = b.box.faults.add(Fault(FaultKind.STATUS, system="finance", status=500, times=None))
        for _ in range(2):
            assert (await b.sync(crm_id)).status is Status.FAILED
        assert fault.hits
        b.box.faults.clear()
        done = await b.sync(crm_id)
        assert (done.status, done.operation) == (Status.SUCCESS, Operation.LINK)
        assert len(b.box.finance.contacts) == 1
        assert {row.resolvedAt is not None for row in await b.log() if row.status == "FAILED"} == {True}


@pytest.mark.parametrize("returns_tmpid", [True, False])
@pytest.mark.parametrize("refuses_phone", [True, False])
@pytest.mark.parametrize("number", ["900", ""])
async def test_a_create_is_found_after_a_crash(
    db: Database, returns_tmpid: bool, refuses_phone: bool, number: str
) -> None:
    mood = FinanceMood(returns_tmpid=returns_tmpid, duplicate_phone_refused=refuses_phone)
    async with bench(db, finance_mood=mood, timeout_seconds=60) as b:
        crm_id = b.person(customerNumber=number)
        b.box.faults.add(Fault(FaultKind.TIMEOUT, system="finance", operation=CONTACT, after=True))
        dies = asyncio.create_task(b.sync(crm_id))
        async with asyncio.timeout(30):
            while not b.box.finance.contacts:
                await asyncio.sleep(0.01)
        dies.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dies
        [row] = await b.log()
        assert (row.status, row.intent["operation"]) == ("IN_PROGRESS", "CREATE")
        done = await b.sync(crm_id)
        assert (done.status, done.operation) == (Status.SUCCESS, Operation.LINK)
        assert len(b.box.finance.contacts) == 1
        [row] = await b.log()
        assert (row.status, row.retryCount, row.intent) == ("SUCCESS", 1, None)


@pytest.mark.parametrize("returns_tmpid", [True, False])
async def test_a_telephone_refused_after_a_lost_create_leads_to_the_link(
    db: Database, returns_tmpid: bool
) -> None:
    """Somebody in finance edited the new contact before it was looked for: not all that was sent is there."""
    async with bench(db, finance_mood=FinanceMood(returns_tmpid=returns_tmpid)) as b:
        crm_id = b.person(customerNumber="")
        lose_the_answer(b)
        await b.sync(crm_id)
        [code] = b.box.finance.contacts
        b.box.finance.edit_contact(code, Email="office@example.com")
        done = await b.sync(crm_id)
        assert (done.status, done.operation, done.finance_id) == (
            Status.SUCCESS,
            Operation.LINK,
            str(code),
        )
        assert not b.contact(str(code))["Email"]
        assert len(b.box.finance.contacts) == 1


async def test_a_telephone_of_somebody_else_links_nobody(db: Database) -> None:
    async with bench(db, finance_mood=FinanceMood(returns_tmpid=False)) as b:
        crm_id = b.person(customerNumber="")
        lose_the_answer(b)
        await b.sync(crm_id)
        [code] = b.box.finance.contacts
        b.box.finance.edit_contact(code, Name="کسی دیگر")
        done = await b.sync(crm_id)
        assert (done.status, done.reason) == (Status.FAILED, Reason.DUPLICATE_PHONE)
        assert await b.rows('SELECT 1 FROM "EntityMapping"') == []


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.RESET_BEFORE])
@pytest.mark.parametrize("given_up", [True, False])
@pytest.mark.parametrize("filters", ["all", "none"])
async def test_a_link_whose_answer_was_lost_too_leads_to_no_second_contact(
    db: Database, kind: FaultKind, given_up: bool, filters: str
) -> None:
    """The lost create was found and is brought to what the CRM says by now: which values it has is open."""
    mood = FinanceMood(returns_tmpid=False, duplicate_phone_refused=False, filters=filters)
    async with bench(db, finance_mood=mood, retries_allowed=0 if given_up else 3) as b:
        crm_id = b.person(customerNumber="", nickName="نخست")
        lose_the_answer(b)
        await b.sync(crm_id)
        b.box.crm.edit(crm_id, nickName="دوم")
        b.box.faults.add(Fault(kind, system="finance", operation=CONTACT))
        assert (await b.sync(crm_id)).reason is Reason.ANSWER_LOST
        b.box.crm.edit(crm_id, nickName="سوم")
        done = await b.sync(crm_id)
        assert (done.status, done.operation) == (Status.SUCCESS, Operation.LINK)
        [contact] = b.box.finance.contacts.values()
        assert contact["Name"] == "سوم"


async def test_a_link_that_is_refused_does_not_forget_the_contact(db: Database) -> None:
    async with bench(db, finance_mood=FinanceMood(returns_tmpid=False)) as b:
        b.box.finance.add_contact(Name="کسی", MobileNo="09120000000")
        crm_id = b.person(customerNumber="")
        lose_the_answer(b)
        await b.sync(crm_id)
        b.box.crm.set_phone(crm_id, "Mobile", "09120000000")
        refused = await b.sync(crm_id)
        assert (refused.status, refused.reason) == (Status.FAILED, Reason.DUPLICATE_PHONE)
        b.box.crm.set_phone(crm_id, "Mobile", "09123334455")
        done = await b.sync(crm_id)
        assert (done.status, done.operation) == (Status.SUCCESS, Operation.LINK)
        assert len(b.box.finance.contacts) == 2


@pytest.mark.parametrize("status", ["FAILED", "IN_DOUBT"])
@pytest.mark.parametrize("intent", ['{"operation": "UPSERT"}', '"CREATE"', "[]", "{}"])
async def test_an_intent_that_cannot_be_read_is_a_doubt_and_repeats_nothing(
    db: Database, status: str, intent: str
) -> None:
    async with bench(db) as b:
        crm_id = CrmId(b.box.crm.add_document("invoice", b.person(), [LINE]))
        lose_the_answer(b, DOCUMENT)
        await b.sync(crm_id, entity=Entity.INVOICE)
        await b.rows(
            """UPDATE "SyncLog" SET status = :status, intent = CAST(:intent AS jsonb)"""
            """ WHERE status = 'IN_DOUBT' RETURNING 1""",
            status=status,
            intent=intent,
        )
        assert (await b.sync(crm_id, entity=Entity.INVOICE)).reason is Reason.IN_DOUBT
        assert len(b.box.finance.documents) == 1


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.RESET_BEFORE])
@pytest.mark.parametrize("given_up", [True, False])
async def test_a_lost_create_is_found_although_the_write_after_it_was_lost_too(
    db: Database, kind: FaultKind, given_up: bool
) -> None:
    """It was edited in between: what was sent first is what recognises it, until it is bound."""
    mood = FinanceMood(returns_tmpid=False, duplicate_phone_refused=False)
    async with bench(db, finance_mood=mood, retries_allowed=0 if given_up else 3) as b:
        crm_id = b.person(customerNumber="")
        lose_the_answer(b)
        await b.sync(crm_id)
        b.box.crm.edit(crm_id, nickName="سارا احمدی")
        b.box.faults.add(Fault(kind, system="finance", operation=CONTACT))
        assert (await b.sync(crm_id)).reason is Reason.ANSWER_LOST
        assert (await b.sync(crm_id)).status is Status.SUCCESS
        [contact] = b.box.finance.contacts.values()
        assert contact["Name"] == "سارا احمدی"


# Another attempt has the row


async def test_a_failure_of_an_attempt_that_was_taken_over_does_no_harm(db: Database) -> None:
    async with bench(db) as b:
        key = EntityKey(Entity.CUSTOMER, CrmId(str(uuid4())))
        for error in (
            TryLater(Reason.TIMEOUT),
            Conflict(Reason.AMBIGUOUS_MATCH),
            InDoubt(Reason.ANSWER_LOST),
        ):
            outcome = await attempt.run(b.site, notice(key), taken_over_and_then(error), repeatable=True)
            assert (outcome.status, outcome.reason) == (Status.SKIPPED, Reason.TAKEN_OVER)
            [row] = await b.log()
            assert (row.status, row.reason) == ("IN_PROGRESS", None)


def notice(key: EntityKey) -> ChangeNotice:
    return ChangeNotice(key=key, trigger=Trigger.WEBHOOK)


def taken_over_and_then(error: SyncError) -> attempt.Flow:
    async def flow(story: Story) -> Outcome:
        site, key = story.site, story.notice.key
        await log.open_attempt(site.db, key, Trigger.WEBHOOK, {}, site.new_transaction(), site.clock())
        raise error

    return flow


# Held up between the intent and the write


class Seconds:
    """A monotonic clock that is set, or that runs on by `step` each time somebody looks."""

    def __init__(self, step: float = 0) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.mark.parametrize("entity", [Entity.CUSTOMER, Entity.INVOICE])
@pytest.mark.parametrize("taken_over", [True, False])
async def test_a_write_that_was_held_up_leaves_only_if_nobody_else_went_on(
    db: Database, taken_over: bool, entity: Entity
) -> None:
    seconds = Seconds()

    async def flow(story: Story) -> Outcome:
        finance, transaction_id = story.site.finance, story.attempt.transaction_id
        async with story.writing(Operation.CREATE, {"name": "سارا"}):
            seconds.now += LEASE_SECONDS
            if taken_over:
                site, key = story.site, story.notice.key
                await log.open_attempt(
                    site.db, key, Trigger.WEBHOOK, {}, site.new_transaction(), site.clock()
                )
            if entity is Entity.CUSTOMER:
                await finance.create_customer(
                    Kind.PERSON, "", {"name": "سارا"}, transaction_id=transaction_id
                )
            else:
                await finance.create_document(an_order(b), transaction_id=transaction_id)
        return attempt.outcome(story, story.ending(Status.SUCCESS))

    async with bench(db) as b:
        site = replace(b.site, monotonic=seconds)
        key = EntityKey(entity, CrmId(str(uuid4())))
        outcome = await attempt.run(site, notice(key), flow, repeatable=True)
        if taken_over:
            assert (outcome.status, outcome.reason) == (Status.SKIPPED, Reason.TAKEN_OVER)
        else:
            assert outcome.status is Status.SUCCESS
        assert len(b.writes("finance")) == (0 if taken_over else 1)


def an_order(b: Bench) -> PreInvoice:
    return PreInvoice(
        customer_code=FinanceId(str(b.box.finance.add_contact(Name="خریدار"))),
        sale_model=1,
        payment_kind=1,
        sales_center=1,
        sale_kind=1,
        intermediary=0,
        contact=None,
        title="",
        notes="",
        lines=(
            DocumentLine(
                product_code="1",
                product_name="",
                unit="عدد",
                quantity=Decimal(1),
                unit_price=Decimal(10),
                discount=Decimal(0),
            ),
        ),
    )


async def test_a_write_that_is_late_at_the_very_socket_is_tried_again(db: Database) -> None:
    async with bench(db) as b:
        late = replace(b.site, monotonic=Seconds(step=LEASE_SECONDS + 1))
        crm_id = b.person()
        key = EntityKey(Entity.CUSTOMER, crm_id)
        outcome = await run_notice(late, notice(key))
        assert (outcome.status, outcome.reason) == (Status.PENDING, Reason.UNREACHABLE)
        assert b.writes("finance") == []
        [row] = await b.log()
        assert row.intent is None
        assert (await b.sync(crm_id)).status is Status.SUCCESS
        assert len(b.writes("finance")) == 1


# The import is under way


@pytest.mark.parametrize("held_up", [True, False])
async def test_an_import_that_lost_its_lock_creates_no_more(db: Database, held_up: bool) -> None:
    """It may go on for as long as an answer is good, which is over before anybody else can take the lock."""
    looks, later = 0, 0.0

    def monotonic() -> float:
        nonlocal looks, later
        looks += 1
        if looks == 20:
            with psycopg.connect(db.url, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database d ON d.oid = database"
                    " WHERE datname = current_database() AND locktype = 'advisory' AND objsubid = 1"
                )
            later = LEASE_SECONDS if held_up else 0
        return later

    async with bench(db) as b:
        for number in range(20):
            b.box.finance.add_contact(Name=f"مشتری {number}")
        watcher = Watcher(planned=lambda total: None, ended=lambda line: None)
        site = replace(b.site, monotonic=monotonic)
        running = initial_import(site, ImportOptions(concurrency=1), watcher)
        if held_up:
            with pytest.raises(ExceptionGroup):
                await running
            assert 0 < len(b.box.crm.persons) < 20
        else:
            await running
        await b.run_import(again=True)
        names = sorted(person["nickName"] for person in b.box.crm.persons.values())
        assert names == sorted(f"مشتری {number}" for number in range(20))


async def test_a_customer_that_the_import_is_creating_is_that_contact(db: Database) -> None:
    """Its webhook arrives before the mapping is stored; what finance knows it by is another number."""
    async with bench(db) as b:
        code = b.box.finance.add_contact(Name="سارا محمدی", tmpid="old-77", MobileNo="09121112233")
        await imports.note_intents(db, [intended(b, code, {"name": "سارا محمدی", "mobile": "09121112233"})])
        crm_id = b.person(customerNumber=str(code))
        done = await b.sync(crm_id)
        assert (done.status, done.operation, done.finance_id) == (
            Status.SUCCESS,
            Operation.LINK,
            str(code),
        )
        assert len(b.box.finance.contacts) == 1
        assert b.writes("finance") == []
        result, _ = await b.run_import()
        assert (result.outcomes["skipped"], len(b.box.crm.persons)) == (1, 1)


async def test_the_import_is_asked_whatever_the_match_keys_are(db: Database) -> None:
    async with bench(db, match_keys=(MatchKey.NATIONAL_ID,)) as b:
        code = b.box.finance.add_contact(Name="سارا محمدی")
        await imports.note_intents(db, [intended(b, code, {"name": "سارا محمدی"})])
        done = await b.sync(b.person(customerNumber=str(code), mobile=""))
        assert (done.operation, done.finance_id) == (Operation.LINK, str(code))


def intended(b: Bench, code: int, fields: dict[str, str]) -> ImportIntent:
    return ImportIntent(
        finance_id=FinanceId(str(code)),
        kind=Kind.PERSON,
        number=str(code),
        fields=fields,
        transaction_id=TransactionId(uuid4()),
        at=b.clock(),
    )


async def test_a_link_of_the_import_across_the_kinds_is_for_a_person(db: Database) -> None:
    """The CRM's light list does not say the kind, so the mapping has the kind that finance says."""
    async with bench(db, on_delete=DeletePolicy.DEACTIVATE) as b:
        code = b.box.finance.add_contact(Name="شرکت", tmpid="55", TowardType=False)
        crm_id = b.box.crm.add_customer("organization", nickName="شرکت نو", customerNumber="55")
        await b.run_import()
        done = await b.sync(crm_id)
        assert (done.status, done.reason) == (Status.CONFLICT, Reason.KIND_MISMATCH)
        assert (b.contact(str(code))["Name"], b.contact(str(code))["IsActive"]) == ("شرکت", True)


async def test_the_import_leaves_a_contact_that_a_sync_is_creating_to_that_sync(db: Database) -> None:
    """Nothing but the sent values tells whose it is; the import must not make a second customer of it."""
    mood = FinanceMood(returns_tmpid=False, duplicate_phone_refused=False)
    async with bench(db, finance_mood=mood) as b:
        crm_id = b.person(customerNumber="")
        lose_the_answer(b)
        assert (await b.sync(crm_id)).reason is Reason.ANSWER_LOST
        result, _ = await b.run_import()
        assert (result.reasons, len(b.box.crm.persons)) == ({Reason.BEING_CREATED: 1}, 1)
        done = await b.sync(crm_id)
        assert (done.operation, len(b.box.finance.contacts)) == (Operation.LINK, 1)
        result, _ = await b.run_import(again=True)
        assert result.reasons == {Reason.ALREADY_MAPPED: 1}


# A build that makes a second contact instead of updating


async def test_a_link_makes_at_most_one_second_contact(db: Database) -> None:
    mood = FinanceMood(update_makes_new=True, returns_tmpid=False, duplicate_phone_refused=False)
    async with bench(db, finance_mood=mood) as b:
        code = b.box.finance.add_contact(Name="قدیمی")
        crm_id = b.person(customerNumber=str(code))
        for _ in range(3):
            done = await b.sync(crm_id)
            assert (done.status, done.reason) == (Status.CONFLICT, Reason.OTHER_CODE)
            assert "was written" in done.message
        assert len(b.box.finance.contacts) == 2


async def test_a_found_create_that_the_link_has_doubled_is_not_created_again(db: Database) -> None:
    """After the conflict nothing recognises the customer any more; that is no reason to create it."""
    mood = FinanceMood(update_makes_new=True, returns_tmpid=False, duplicate_phone_refused=False)
    async with bench(db, finance_mood=mood) as b:
        crm_id = b.person(customerNumber="")
        lose_the_answer(b)
        await b.sync(crm_id)
        b.box.crm.edit(crm_id, nickName="سارا احمدی")
        for _ in range(3):
            done = await b.sync(crm_id)
            assert (done.status, done.reason) == (Status.CONFLICT, Reason.OTHER_CODE)
        assert len(b.box.finance.contacts) == 2


async def test_a_block_keeps_saying_what_happened(db: Database) -> None:
    async with bench(db) as b:
        crm_id = b.person(mobile="")
        await b.sync(crm_id)
        b.box.finance.mood = FinanceMood(update_makes_new=True)
        messages = []
        for name in ("یک", "دو", "سه"):
            b.box.crm.edit(crm_id, nickName=name)
            messages.append((await b.sync(crm_id)).message)
        assert len(set(messages)) == 1
        [mapping] = await b.rows('SELECT blocked FROM "EntityMapping"')
        assert mapping.blocked == messages[0]


# Values that the database refuses


async def test_a_value_with_a_zero_character_is_synchronised(db: Database) -> None:
    async with bench(db) as b:
        crm_id = b.person(nickName="نام\x00بد", description="\x00")
        done = await b.sync(crm_id)
        assert done.status is Status.SUCCESS
        assert (await b.sync(crm_id)).reason is Reason.CHECKSUM_MATCH
        assert len(b.box.finance.contacts) == 1


async def test_who_takes_over_a_fresh_intent_waits_until_the_write_has_landed(db: Database) -> None:
    """The one who was sending it has lost the database, not finance: its contact is about to be there."""
    async with bench(db) as b:
        crm_id = b.person()
        b.box.faults.add(Fault(FaultKind.RESET_BEFORE, system="finance", operation="SaveFormData:2BFDA"))
        await b.sync(crm_id)
        await b.rows("""UPDATE "SyncLog" SET status = 'IN_PROGRESS' RETURNING 1""")
        b.box.journal.clear()
        early = await b.sync(crm_id, later=False, trigger=Trigger.MANUAL)
        assert (early.status, early.reason) == (Status.PENDING, Reason.ANSWER_LOST)
        assert early.again_at is not None
        assert b.calls("finance") == b.calls("crm") == []
        b.box.finance.add_contact(Name="سارا محمدی", MobileNo="09121112233", tmpid="900")
        b.clock.now = early.again_at
        done = await b.sync(crm_id, later=False)
        assert (done.status, done.operation) == (Status.SUCCESS, Operation.LINK)
        assert len(b.box.finance.contacts) == 1
        [row] = await b.log()
        assert row.retryCount == 2, "the lost answer and the process that was gone, but not the wait"
