"""Customers and documents: found, told, compared and looked at again, for each role and in both languages."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from hamgam.app.records import search
from hamgam.app.words import WORDS
from hamgam.db.engine import Database
from hamgam.intake.webhook import accept
from hamgam.jobs import queue
from hamgam.jobs.runner import run_notice
from hamgam.model import ChangeNotice, CrmId, Entity, EntityKey, Status, Trigger
from hamgam.people.roles import Person, Role
from hamgam.persian import search_key
from hamgam.sync.site import Site
from hamgam.trail.records import Hits
from tests.bench import Bench, bench
from tests.sync.test_document_flow import document
from tests.web.conftest import GUID, WITH_WEBHOOKS, FakeClock, Installation
from tests.web.signed_in import asking_as
from tests.web.test_pages import well_formed

MOBILE, NATIONAL_ID = "09121112233", "0012345678"


def installed(b: Bench) -> Installation:
    @asynccontextmanager
    async def lend() -> AsyncIterator[Site]:
        yield b.site

    return Installation(dict(WITH_WEBHOOKS), site=lend, clock=FakeClock(datetime.now(UTC)))


def person(b: Bench, **more: Any) -> CrmId:
    return b.person(nationalCode=NATIONAL_ID, mobile=MOBILE, **more)


async def notice(b: Bench, crm_id: str) -> ChangeNotice:
    told = ChangeNotice(
        key=EntityKey(Entity.CUSTOMER, CrmId(crm_id)),
        trigger=Trigger.WEBHOOK,
        payload={"eventType": "customer.updated", "by": "سارا"},
    )
    await accept(b.db, told)
    await b.rows("DELETE FROM procrastinate_jobs RETURNING 1")
    return told


@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_a_customer_is_found_in_another_spelling_and_leads_to_its_story(
    db: Database, lang: str
) -> None:
    async with bench(db) as b:
        sara = person(b)
        await run_notice(b.site, await notice(b, sara))
        async with asking_as(Role.OPERATOR, installed(b), db) as client:
            found = await client.get("/records", params={"q": "محمدي سارا", "lang": lang})
            assert found.status_code == 200 and well_formed(found.text)
            assert f'href="/records/customer/{sara}"' in found.text
            assert "سارا محمدی" in found.text
            told = await client.get(f"/records/customer/{sara}", params={"lang": lang})
            assert told.status_code == 200 and well_formed(told.text)
            assert "customer.updated" in told.text
            [row] = await b.log()
            assert f'href="/syncs/{row.id}"' in told.text
            assert row.targetEntityId in told.text
    assert not {f"{name}." for name in ("records", "compare")} & set(told.text.split())


async def test_the_search_page_helps_when_there_is_nothing(db: Database) -> None:
    async with bench(db) as b, asking_as(Role.VIEWER, installed(b), db) as client:
        for params in ({}, {"q": " "}, {"q": "هیچکس"}, {"q": "\x00%_"}, {"q": "x" * 5000}):
            answer = await client.get("/records", params=params)
            assert answer.status_code == 200 and well_formed(answer.text)
            assert '<form class="find" method="get" action="/records"' in answer.text


@pytest.mark.parametrize(
    "address",
    [
        f"/records/customer/{GUID}",
        f"/records/customer/{GUID}/live",
        f"/records/customer/{GUID}/compare",
        "/records/customer/no-guid",
        "/records/customer/%00",
        f"/records/contact/{GUID}",
        "/records/contact/7",
        f"/records/planet/{GUID}",
        f"/records/planet/{GUID}/compare",
    ],
)
async def test_a_forged_address_gets_a_clear_page(db: Database, address: str) -> None:
    async with bench(db) as b, asking_as(Role.ADMIN, installed(b), db) as client:
        answer = await client.get(address)
        assert answer.status_code == 404 and well_formed(answer.text)
        assert 'href="/records"' in answer.text
        api = await client.get(f"/api/v1{address}".removesuffix("/live"))
        assert api.status_code in (200, 400, 404)
        for forged in ("customer/no-guid", f"planet/{GUID}", f"contact/{GUID}", "contact/7"):
            assert (await client.post(f"/records/{forged}/sync")).status_code == 404
            assert (await client.post(f"/api/v1/records/{forged}/sync")).status_code in (400, 404)
        assert await b.jobs() == []


async def test_a_finance_code_leads_to_the_customer_once_there_is_one(db: Database) -> None:
    async with bench(db) as b:
        manager = b.box.finance.add_contact(Name="مدیر آرش", IsAdminUser=True)
        code = b.box.finance.add_contact(Name="سارا محمدی")
        await b.run_import()
        [sara] = b.box.crm.persons
        async with asking_as(Role.VIEWER, installed(b), db) as client:
            answer = await client.get(f"/records/contact/{code}")
            assert (answer.status_code, answer.headers["location"]) == (302, f"/records/customer/{sara}")
            page = await client.get(f"/records/contact/{manager}")
            assert page.status_code == 200 and "ADMINISTRATOR" in page.text
            assert f"/{manager}/sync" not in page.text
            told = (await client.get(f"/api/v1/records/contact/{manager}")).json()
            assert [event["reason"] for event in told["timeline"]] == ["ADMINISTRATOR"]
            imported = (await client.get(f"/api/v1/records/customer/{sara}")).json()
            assert [(e["operation"], e["trigger"]) for e in imported["timeline"]] == [("CREATE", "IMPORT")]


async def story_of_everything(b: Bench) -> CrmId:
    """A notice, a failure, a person's word, and a success."""
    b.box.finance.add_contact(Name="کسی", MobileNo=MOBILE)
    sara = person(b, customerNumber="77")
    failed = await run_notice(b.site, await notice(b, sara))
    assert failed.status is Status.FAILED
    await b.rows(
        """UPDATE "SyncLog" SET "resolvedAt" = now(), "resolvedBy" = 'رضا',"""
        """ resolution = '{"dismissed": "سارا زنگ زد"}' RETURNING 1"""
    )
    b.box.finance.contacts.clear()
    assert (await b.sync(sara)).status is Status.SUCCESS
    b.box.crm.edit(sara, nickName="سارا احمدی")
    assert (await b.sync(sara)).status is Status.SUCCESS
    return sara


async def test_a_viewer_sees_masks_everywhere(db: Database) -> None:
    async with bench(db) as b:
        sara = await story_of_everything(b)
        await b.sync(document(b, customer=sara, subject="فرش سارا"), entity=Entity.INVOICE)
        async with asking_as(Role.VIEWER, installed(b), db) as client:
            answers = [
                await client.get(address)
                for address in (
                    "/records?q=77",
                    f"/records?q={sara}",
                    f"/records/customer/{sara}",
                    f"/records/customer/{sara}/live",
                    "/api/v1/records?q=77",
                    f"/api/v1/records/customer/{sara}",
                )
            ]
            for answer in answers:
                assert answer.status_code == 200
                for word in ("سارا", "احمدی", "زنگ", MOBILE[3:], NATIONAL_ID):
                    assert word not in answer.text
                assert sara in answer.text
            for address in (f"/records/customer/{sara}/compare", f"/api/v1/records/customer/{sara}/compare"):
                assert (await client.get(address)).status_code == 403
            for address in (f"/records/customer/{sara}/sync", f"/api/v1/records/customer/{sara}/sync"):
                assert (await client.post(address)).status_code == 403
            assert "/compare" not in answers[2].text


async def found_by(b: Bench, role: Role, query: str) -> list[str]:
    """The ids that the API answers, which are those that the page shows."""
    async with asking_as(role, installed(b), b.db) as client:
        answer = (await client.get("/api/v1/records", params={"q": query})).json()
        page = (await client.get("/records", params={"q": query})).text
        assert [each["id"] for each in answer["records"]] == re.findall(
            r'class="name" href="/records/\w+/([^"]+)"', page
        )
        return [each["id"] for each in answer["records"]]


async def test_a_viewer_finds_by_whole_numbers_that_are_shown_and_by_nothing_that_is_masked(
    db: Database,
) -> None:
    async with bench(db) as b:
        sara = person(b, customerNumber="C-1042")
        known_by_id = b.person(customerNumber="0087654321", nickName="مینا راد", mobile="09351112233")
        for each in (sara, known_by_id):
            await b.sync(each)
        by_number = {"C-1042": sara, "c-۱۰۴۲ ": sara, sara: sara, sara.replace("-", "").upper(): sara}
        for query, customer in by_number.items():
            assert await found_by(b, Role.VIEWER, query) == [customer]
        [first, _] = await b.log()
        assert await found_by(b, Role.VIEWER, first.targetEntityId) == [first.sourceEntityId]
        masked = ["سارا", "سارا محمدی", MOBILE, MOBILE[1:], NATIONAL_ID, "0087654321", "مینا"]
        for query in masked:
            assert await found_by(b, Role.OPERATOR, query) != []
            assert await found_by(b, Role.VIEWER, query) == []
        codes = {row.targetEntityId for row in await b.log()}
        viewer = Person("v", Role.VIEWER)
        for value in ("سارامحمدی", MOBILE, NATIONAL_ID, "0087654321", "C-1042", sara):
            parts = {value[at : at + size] for size in (1, 2, 3, 5) for at in range(len(value) - size + 1)}
            for part in parts - {value}:
                if search_key(part).lstrip("0") not in codes:
                    assert await search(db, viewer, part) == Hits(), part


async def test_nothing_of_a_search_is_in_the_process_log(
    db: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    async with bench(db) as b, asking_as(Role.VIEWER, installed(b), db) as client:
        await client.get("/records", params={"q": "قناری محرمانه"})
        await client.get("/api/v1/records", params={"q": "قناری محرمانه" * 50})
        await db.execute(text('DROP TABLE "RecordName"'))
        assert (await client.get("/records", params={"q": "قناری محرمانه"})).status_code == 500
    shown = capfd.readouterr()
    assert "web.defect" in shown.out + shown.err
    assert "قناری" not in shown.out + shown.err


async def test_the_title_says_whose_page_it_is_as_the_reader_may_see_it(db: Database) -> None:
    async with bench(db) as b:
        sara = person(b, customerNumber="C-77")
        await b.sync(sara)
        nameless = document(b, customer=sara, subject="", number="N-5")
        await b.sync(nameless, entity=Entity.INVOICE)
        titles = {
            (Role.OPERATOR, f"/records/customer/{sara}"): "سارا محمدی · Customer · Hamgam",
            (Role.OPERATOR, f"/records/customer/{sara}/compare"): "سارا محمدی · Comparison · Hamgam",
            (Role.OPERATOR, f"/records/invoice/{nameless}"): "سارا محمدی · Invoice · Hamgam",
            (Role.VIEWER, f"/records/customer/{sara}"): "س••• م••• · Customer · Hamgam",
        }
        for (role, address), title in titles.items():
            async with asking_as(role, installed(b), db) as client:
                assert f"<title>{title}</title>" in (await client.get(f"{address}?lang=en")).text


@pytest.mark.parametrize(
    ("entity", "called"),
    [(Entity.INVOICE, "فاکتور"), (Entity.QUOTE, "پیش‌فاکتور"), (Entity.CUSTOMER, "مشتری")],
)
async def test_a_record_is_called_the_same_everywhere(db: Database, entity: Entity, called: str) -> None:
    async with bench(db) as b:
        sara = person(b)
        record = sara if entity is Entity.CUSTOMER else document(b, entity, sara, lines=[])
        await b.sync(record, entity=entity)
        [row] = await b.rows(f"""SELECT id FROM "SyncLog" WHERE "sourceEntityId" = '{record}'""")
        async with asking_as(Role.OPERATOR, installed(b), db) as client:
            for address in (
                "/syncs",
                f"/syncs/{row.id}",
                f"/records?q={record}",
                f"/records/{entity}/{record}",
            ):
                page = (await client.get(f"{address}{'&' if '?' in address else '?'}lang=fa")).text
                assert re.search(rf"[>·] ?{called}( ·|<)", page), address
            listed = (await client.get("/attention?lang=fa")).text
            assert entity is Entity.CUSTOMER or f">{called}" in listed
            file = (await client.get("/api/v1/syncs/export?format=csv&lang=fa")).text
            assert f'"{called}"' in file


async def test_a_sync_under_way_is_said_once(db: Database) -> None:
    async with bench(db) as b:
        sara = person(b)
        await b.sync(sara)
        await b.rows("""UPDATE "SyncLog" SET status = 'IN_PROGRESS', "completedAt" = NULL RETURNING 1""")
        async with asking_as(Role.OPERATOR, installed(b), db) as client:
            page = (await client.get(f"/records/customer/{sara}?lang=fa")).text
            story = page[page.index('<ol class="events">') :]
            assert story.count(WORDS["fa"]["IN_PROGRESS"]) == 1


async def test_what_was_found_stands_in_the_order_of_the_times_that_are_shown(db: Database) -> None:
    async with bench(db) as b:
        customers = [
            b.person(nickName=f"سارا محمدی {n}", mobile=f"0912111000{n}", customerNumber=f"C{n}")
            for n in range(3)
        ]
        for customer in (*customers, customers[0]):
            await b.sync(customer)
        assert await found_by(b, Role.OPERATOR, "سارا") == [customers[0], customers[2], customers[1]]


async def test_a_record_that_only_waits_has_a_page(db: Database) -> None:
    async with bench(db) as b:
        key = EntityKey(Entity.CUSTOMER, CrmId(GUID))
        async with db.transaction() as connection:
            await queue.enqueue(connection, [ChangeNotice(key=key, trigger=Trigger.POLL)])
        async with asking_as(Role.VIEWER, installed(b), db) as client:
            assert (await client.get(f"/records/customer/{GUID.upper()}")).status_code == 200


async def test_a_database_that_is_away_is_said(db: Database) -> None:
    away = Database(replace_port(db.url))
    async with asking_as(Role.ADMIN, Installation(dict(WITH_WEBHOOKS)), away) as client:
        for address in ("/records?q=a", f"/records/customer/{GUID}", "/records/contact/7"):
            answer = await client.get(address)
            assert answer.status_code == 503 and well_formed(answer.text)
        assert (await client.post(f"/records/customer/{GUID}/sync")).status_code == 503
    await away.aclose()


def replace_port(_: str) -> str:
    return "postgresql://nobody@127.0.0.1:1/nowhere"
