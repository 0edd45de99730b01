"""What a lost answer, a crash or another process leaves behind is found again, whatever came in between."""

from uuid import uuid4

import pytest

from hamgam.db.engine import Database
from hamgam.errors import Conflict, InDoubt, Reason, SyncError, TryLater
from hamgam.model import (
    ChangeNotice,
    CrmId,
    Entity,
    EntityKey,
    FinanceId,
    Kind,
    Operation,
    Status,
    TransactionId,
    Trigger,
)
from hamgam.sandbox import Fault, FaultKind, FinanceMood
from hamgam.sync import attempt
from hamgam.sync.attempt import Story
from hamgam.sync.decide import DeletePolicy
from hamgam.sync.match import MatchKey
from hamgam.sync.site import Outcome
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
        fault = b.box.faults.add(Fault(FaultKind.STATUS, system="finance", status=503, times=None))
        for _ in range(2):
            assert (await b.sync(crm_id)).status is Status.FAILED
        assert fault.hits
        b.box.faults.clear()
        done = await b.sync(crm_id)
        assert (done.status, done.operation) == (Status.SUCCESS, Operation.LINK)
        assert len(b.box.finance.contacts) == 1
        assert {row.resolvedAt is not None for row in await b.log() if row.status == "FAILED"} == {True}


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


# The import is under way


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


async def test_a_link_of_the_import_across_the_kinds_still_brings_changes(db: Database) -> None:
    """The CRM's light list does not say the kind, so the mapping has the kind that finance says."""
    async with bench(db, on_delete=DeletePolicy.DEACTIVATE) as b:
        code = b.box.finance.add_contact(Name="شرکت", tmpid="55", TowardType=False)
        crm_id = b.box.crm.add_customer("organization", nickName="شرکت نو", customerNumber="55")
        await b.run_import()
        done = await b.sync(crm_id)
        assert (done.status, done.finance_id) == (Status.SUCCESS, str(code))
        assert (b.contact(str(code))["Name"], b.contact(str(code))["IsActive"]) == ("شرکت نو", True)


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
