"""An import and the syncs beside it take each other's contacts for what they are."""

from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest

from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.model import FinanceId, Kind, Operation, Status, TransactionId
from hamgam.sandbox import Fault, FaultKind, FinanceMood
from hamgam.sync.decide import DeletePolicy
from hamgam.sync.initial_import import ImportOptions, Watcher, initial_import
from hamgam.sync.match import MatchKey
from hamgam.systems.lease import LEASE_SECONDS
from hamgam.trail import imports
from hamgam.trail.imports import ImportIntent
from tests.bench import Bench, bench


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
        b.box.faults.add(
            Fault(FaultKind.RESET_AFTER, system="finance", operation="SaveFormData:2BFDA", times=1)
        )
        assert (await b.sync(crm_id)).reason is Reason.ANSWER_LOST
        result, _ = await b.run_import()
        assert (result.reasons, len(b.box.crm.persons)) == ({Reason.BEING_CREATED: 1}, 1)
        done = await b.sync(crm_id)
        assert (done.operation, len(b.box.finance.contacts)) == (Operation.LINK, 1)
        result, _ = await b.run_import(again=True)
        assert result.reasons == {Reason.ALREADY_MAPPED: 1}
