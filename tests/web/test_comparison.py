"""Both sides of a record on demand: equal and different values, and systems that are down or refuse us."""

import asyncio
from typing import Any

import pytest

from hamgam.db.engine import Database
from hamgam.model import CrmId, Entity, EntityKey, FinanceId, Kind, System
from hamgam.people.roles import Role
from hamgam.sandbox import Fault, FaultKind, FinanceMood
from hamgam.trail import mapping
from tests.bench import Bench, bench
from tests.sync.test_document_flow import document, line
from tests.web.conftest import WITH_WEBHOOKS, Installation
from tests.web.signed_in import asking_as
from tests.web.test_pages import well_formed
from tests.web.test_records import installed, person


async def compared(b: Bench, crm_id: str, entity: str = "customer") -> dict[str, Any]:
    async with asking_as(Role.OPERATOR, installed(b), b.db) as client:
        answer = await client.get(f"/api/v1/records/{entity}/{crm_id}/compare")
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found


def equal(found: dict[str, Any]) -> dict[str, bool | None]:
    return {pair["name"]: pair["equal"] for pair in found["fields"]}


async def page_of(b: Bench, crm_id: str, entity: str = "customer", **headers: str) -> str:
    async with asking_as(Role.OPERATOR, installed(b), b.db) as client:
        answer = await client.get(f"/records/{entity}/{crm_id}/compare?lang=en", headers=headers)
        assert answer.status_code == 200 and well_formed(answer.text)
        return answer.text


async def synced(b: Bench) -> CrmId:
    sara = person(b)
    await b.sync(sara)
    return sara


def contact(b: Bench) -> dict[str, Any]:
    [only] = b.box.finance.contacts.values()
    return only


async def test_spelling_is_no_difference_and_an_edit_is(db: Database) -> None:
    async with bench(db) as b:
        sara = await synced(b)
        contact(b)["Name"] = "سارا محمدي"
        contact(b)["MobileNo"] = "+98 912 111 2233"
        found = await compared(b, sara)
        assert equal(found)["name"] and equal(found)["mobile"] and equal(found)["national_id"]
        assert False not in equal(found).values()
        assert (found["crm"]["changed"], found["finance"]["changed"]) == (False, False)
        b.box.crm.edit(sara, nickName="سارا احمدی")
        contact(b)["NationalCode"] = "0000000000"
        found = await compared(b, sara)
        assert [name for name, same in equal(found).items() if same is False] == ["name", "national_id"]
        assert (found["crm"]["changed"], found["finance"]["changed"]) == (True, True)


async def test_each_system_is_read_once_and_nothing_is_written(db: Database) -> None:
    async with bench(db) as b:
        sara = await synced(b)
        b.box.journal.clear()
        log = await b.log()
        await compared(b, sara)
        assert (b.calls("crm"), b.calls("finance")) == (["person/get"], ["GetAll"])
        assert await b.log() == log
        assert await b.jobs() == []


async def test_the_page_works_with_and_without_scripts(db: Database) -> None:
    async with bench(db) as b:
        sara = await synced(b)
        whole = await page_of(b, sara)
        assert "<html" in whole and "Both systems hold the same." in whole
        part = await page_of(b, sara, **{"hx-request": "true"})
        assert "<html" not in part and "Both systems hold the same." in part
        contact(b)["Name"] = "دیگری"
        differs = await page_of(b, sara)
        assert "differs" in differs and "دیگری" in differs and "hold the same" not in differs


async def test_who_is_not_linked_shows_the_side_of_the_crm(db: Database) -> None:
    async with bench(db) as b:
        b.box.finance.add_contact(Name="کسی", MobileNo="09121112233")
        sara = person(b, customerNumber="77")
        await b.sync(sara)
        found = await compared(b, sara)
        assert set(equal(found).values()) == {None}
        assert "It is not linked to finance" in await page_of(b, sara)


async def test_a_build_that_cannot_read_one_contact_shows_what_was_written(db: Database) -> None:
    async with bench(db, finance_mood=FinanceMood(filters="none")) as b:
        b.box.finance.add_contact(Name="کسی")
        sara = await synced(b)
        found = await compared(b, sara)
        assert not found["finance"]["found"] and found["finance"]["written_at"]
        assert equal(found)["name"] is True
        assert "what Hamgam has written at" in await page_of(b, sara)
        await b.rows('UPDATE "SyncLog" SET "targetDataAfter" = NULL RETURNING 1')
        assert "not in the log any more" in await page_of(b, sara)


async def test_a_customer_that_the_crm_has_not_any_more(db: Database) -> None:
    async with bench(db) as b:
        sara = await synced(b)
        b.box.crm.delete(sara)
        assert "The CRM does not have this record now." in await page_of(b, sara)


TROUBLES = [
    ("crm", Fault(FaultKind.STATUS, system="crm", operation="person/get", times=None), "SERVER_ERROR"),
    ("finance", Fault(FaultKind.STATUS, system="finance", operation="GetAll", times=None), "SERVER_ERROR"),
    ("crm", Fault(FaultKind.TIMEOUT, system="crm", operation="person/get", times=None), "TIMEOUT"),
    ("finance", Fault(FaultKind.TIMEOUT, system="finance", operation="GetAll", times=None), "TIMEOUT"),
]


@pytest.mark.parametrize(("system", "fault", "reason"), TROUBLES, ids=range(len(TROUBLES)))
async def test_one_system_in_trouble_is_said_and_the_other_is_shown(
    db: Database, system: str, fault: Fault, reason: str
) -> None:
    async with bench(db, timeout_seconds=0.5) as b:
        sara = await synced(b)
        b.box.faults.add(fault)
        found = await compared(b, sara)
        other = "finance" if system == "crm" else "crm"
        assert (found[system]["trouble"], found[system]["found"]) == (reason, False)
        assert (found[other]["trouble"], found[other]["found"]) == (None, True)
        assert "could not be read" in await page_of(b, sara)


async def test_a_refused_login_is_said_and_not_tried_again_and_again(db: Database) -> None:
    async with bench(db, finance_password="0" * 32) as b:
        sara = person(b)
        key = EntityKey(Entity.CUSTOMER, sara)
        async with db.transaction() as connection:
            await mapping.link(
                connection, key, FinanceId("7"), kind=Kind.PERSON, transaction_id=None, crm_checksum=None
            )
        for _ in range(3):
            assert (await compared(b, sara))["finance"]["trouble"] == "BAD_CREDENTIALS"
        logins = b.box.journal.calls(system="finance", effect="login")
        assert len(logins) == 1
        assert "User name or password is wrong." in await page_of(b, sara)


async def test_a_system_that_is_known_to_be_down_is_left_alone(db: Database) -> None:
    async def never(_: float) -> None:
        await asyncio.Event().wait()

    async with bench(db, pause=never) as b:
        sara = await synced(b)
        fault = Fault(FaultKind.STATUS, system="finance", status=503)
        b.box.faults.add(fault)
        b.box.crm.edit(sara, nickName="سارا احمدی")
        await b.sync(sara)
        assert b.site.breakers[System.FINANCE].is_down
        b.box.faults.clear()
        b.box.journal.clear()
        found = await compared(b, sara)
        assert found["finance"]["trouble"] == "UNREACHABLE" and found["crm"]["found"]
        assert b.calls("finance") == []


async def test_a_document_is_compared_line_by_line_with_what_was_written(db: Database) -> None:
    async with bench(db) as b:
        invoice = document(b, lines=[line(), line(productCode="1002", count=3)])
        await b.sync(invoice, entity=Entity.INVOICE)
        b.box.journal.clear()
        found = await compared(b, invoice, "invoice")
        assert (b.calls("crm"), b.calls("finance")) == (["invoice/sales/get"], [])
        assert [row["differs"] for row in found["lines"]] == [[], []]
        assert equal(found) == {"customer": True, "title": True, "net": True}
        assert found["crm"]["changed"] is False
        assert "Both systems hold the same." in await page_of(b, invoice, "invoice")
        b.box.crm.edit_document(invoice, lines=[line(), line(productCode="1002", count=4), line()])
        found = await compared(b, invoice, "invoice")
        assert [row["differs"] for row in found["lines"]][:2] == [[], ["quantity"]]
        assert "product" in found["lines"][2]["differs"] and found["lines"][2]["finance"] == {}
        assert (equal(found)["net"], found["crm"]["changed"]) == (False, True)
        assert "1002" in await page_of(b, invoice, "invoice")


async def test_a_process_without_remote_systems_says_so(db: Database) -> None:
    async with bench(db) as b:
        sara = await synced(b)
    async with asking_as(Role.OPERATOR, Installation(dict(WITH_WEBHOOKS)), db) as client:
        for address in (f"/records/customer/{sara}/compare", f"/api/v1/records/customer/{sara}/compare"):
            assert (await client.get(address)).status_code == 503
