"""Both sides of a record on demand: equal and different values, and systems that are down or refuse us."""

import asyncio
from typing import Any

import pytest

from hamgam.app.pages.shell import marked
from hamgam.app.words import WORDS
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
from tests.web.test_records import MOBILE, installed, person


async def compared(b: Bench, crm_id: str, entity: str = "customer") -> dict[str, Any]:
    async with asking_as(Role.OPERATOR, installed(b), b.db) as client:
        answer = await client.get(f"/api/v1/records/{entity}/{crm_id}/compare")
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found


def equal(found: dict[str, Any]) -> dict[str, bool | None]:
    return {pair["name"]: pair["equal"] for pair in found["fields"]}


async def page_of(b: Bench, crm_id: str, entity: str = "customer", lang: str = "en", **headers: str) -> str:
    async with asking_as(Role.OPERATOR, installed(b), b.db) as client:
        answer = await client.get(f"/records/{entity}/{crm_id}/compare?lang={lang}", headers=headers)
        assert answer.status_code == 200 and well_formed(answer.text)
        return answer.text


SAME = WORDS["en"]["compared.same"]


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
        assert '<h2 tabindex="-1" autofocus>' in part
        contact(b)["Name"] = "دیگری"
        differs = await page_of(b, sara)
        assert WORDS["en"]["compared.differs"] in differs and "دیگری" in differs and SAME not in differs


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
        assert not found["finance"]["found"] and found["finance"]["writtenAt"]
        assert equal(found)["name"] is True
        assert (found["verdict"], found["finance"]["gone"]) == ("as_written", False)
        page = await page_of(b, sara)
        assert WORDS["en"]["compare.written"] in page and WORDS["en"]["compared.as_written"] in page
        assert SAME not in page and "message good" not in page
        await b.rows('UPDATE "SyncLog" SET "targetDataAfter" = NULL RETURNING 1')
        assert "not in the log any more" in await page_of(b, sara)


async def test_a_contact_that_was_deleted_in_finance_is_not_called_the_same(db: Database) -> None:
    async with bench(db) as b:
        b.box.finance.add_contact(Name="کسی", MobileNo="09120000000")
        sara = await synced(b)
        del b.box.finance.contacts[max(b.box.finance.contacts)]
        for _ in range(2):
            found = await compared(b, sara)
            assert found["finance"] == {
                "found": False, "gone": True, "trouble": None, "changed": None, "writtenAt": None
            }  # fmt: skip
            assert (found["verdict"], set(equal(found).values())) == (None, {None})
        page = await page_of(b, sara)
        for word in ("compare.gone", "compare.gone.next"):
            assert str(marked(WORDS["en"][word])) in page
        assert SAME not in page and WORDS["en"]["compare.unreadable"] not in page


async def test_a_code_by_which_no_contact_can_be_asked_for_is_not_called_gone(db: Database) -> None:
    async with bench(db) as b:
        sara = await synced(b)
        await b.rows("""UPDATE "EntityMapping" SET "financeId" = 'A-12' RETURNING 1""")
        finance = (await compared(b, sara))["finance"]
        assert (finance["found"], finance["gone"]) == (False, False)


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
        assert (found["crm"]["changed"], found["verdict"]) == (False, "as_written")
        page = await page_of(b, invoice, "invoice")
        assert WORDS["en"]["compared.as_written"] in page
        assert SAME not in page and "message good" not in page
        b.box.crm.edit_document(invoice, lines=[line(), line(productCode="1002", count=4), line()])
        found = await compared(b, invoice, "invoice")
        assert [row["differs"] for row in found["lines"]][:2] == [[], ["quantity"]]
        assert "product" in found["lines"][2]["differs"] and found["lines"][2]["finance"] == {}
        assert (equal(found)["net"], found["crm"]["changed"]) == (False, True)
        assert found["verdict"] == "unlike_written"
        page = await page_of(b, invoice, "invoice")
        assert "1002" in page and WORDS["en"]["compared.unlike_written"] in page


async def test_amounts_are_written_as_people_read_them_and_nothing_else_is(db: Database) -> None:
    async with bench(db) as b:
        sara = person(b)
        invoice = document(b, customer=sara)
        await b.sync(invoice, entity=Entity.INVOICE)
        page = await page_of(b, invoice, "invoice", "fa")
        for amount in ("۲٫۵", "۱٬۲۳۴٬۵۶۷٫۲۵", "۳٬۰۸۶٬۳۱۸٫۱۲۵"):
            assert page.count(f'<bdi dir="ltr">{amount}</bdi>') == 2
        assert '<td data-label="قیمت واحد"><bdi dir="ltr">' in page and "</bdi> ریال</td>" in page
        assert "<bdi>1001</bdi>" in page
        assert f"<bdi>{MOBILE}</bdi>" in await page_of(b, sara, lang="fa")


async def test_a_process_without_remote_systems_says_so(db: Database) -> None:
    async with bench(db) as b:
        sara = await synced(b)
    async with asking_as(Role.OPERATOR, Installation(dict(WITH_WEBHOOKS)), db) as client:
        for address in (f"/records/customer/{sara}/compare", f"/api/v1/records/customer/{sara}/compare"):
            assert (await client.get(address)).status_code == 503
