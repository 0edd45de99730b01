"""An hour of a finance clerk at the real program: find, understand, settle, retry, import, read the chart."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from hamgam.app.words import Lang
from hamgam.model import Entity, Status
from hamgam.persian import to_persian_digits
from hamgam.sandbox import Fault, FaultKind, Sandbox
from tests.e2e.clerk import PASSWORD, Clerk, at_work, browser
from tests.e2e.conftest import Program, until
from tests.e2e.crew import JOBS, OPEN, enqueue

LANGUAGES: list[Lang] = ["fa", "en"]
SEARCHED, MOBILE = "علي كاظمي", "09121112233"
"""As the CRM has it: with the letters of an Arabic keyboard."""
REFUSED = ("زهرا صادقی", "رضا مرادی", "نرگس جعفری")
PRICES = (1_250_000, 7_400_000)
SAVE_DOCUMENT = "SaveFormData:43D81"
SAVE_CONTACT = "SaveFormData:2BFDA"
WAIT = 120
"""Seconds."""


@dataclass(frozen=True)
class Office:
    """The program at work, the two systems that it keeps in step, and a browser."""

    box: Sandbox
    program: Program
    chromium: Browser
    lang: Lang

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.program.environment['PORT']}"

    def clerk(self, name: str) -> Any:
        return at_work(self.chromium, name, self.lang, self.address)

    def log(self, columns: str, crm_id: str) -> list[Any]:
        """What the log holds of a record, oldest first; ids are made by us."""
        return self.program.rows(
            f"""SELECT {columns} FROM "SyncLog" WHERE "sourceEntityId" = '{crm_id}' ORDER BY "startedAt" """
        )

    def writes(self, operation: str) -> int:
        return len(self.box.journal.calls("finance", operation=operation))

    async def looks_at(self, entity: Entity, *crm_ids: str) -> None:
        """The engine hears of changes, and is done with them."""
        await enqueue(self.program, entity, *crm_ids)
        await self.rests()

    async def rests(self) -> None:
        async def idle() -> bool:
            return not self.program.rows(OPEN) and not self.program.rows(JOBS)

        await until(idle, WAIT)


@asynccontextmanager
async def office(box: Sandbox, program: Program, lang: Lang) -> AsyncIterator[Office]:
    for name, role in (("مریم", "admin"), ("بهرام", "operator")):
        added = await program.run("user", "add", name, "--role", role, typed=f"{PASSWORD}\n")
        assert added.status == 0, added.err
    async with program.running("start"), browser() as chromium:
        yield Office(box, program, chromium, lang)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("lang", LANGUAGES)
async def test_an_hour_of_a_clerk(box: Sandbox, program: Program, lang: Lang) -> None:
    async with office(box, program, lang) as at, at.clerk("مریم") as maryam:
        customer = await finds_a_customer(at, maryam)
        await understands_why_nothing_was_done(at, maryam, customer)
        await settles_a_document_in_doubt(at, maryam, customer)
        await retries_what_was_refused(at, maryam)
        await imports_new_contacts(at, maryam)
        await reads_the_chart(at, maryam)
        assert maryam.complaints == []


async def finds_a_customer(at: Office, maryam: Clerk) -> str:
    """By a name in other letters, and by a mobile number in other digits."""
    other = at.box.crm.add_customer("person", nickName="علی کریمی", customerNumber="1002", deliver=False)
    customer = at.box.crm.add_customer("person", nickName=SEARCHED, customerNumber="1001", deliver=False)
    at.box.crm.set_phone(customer, "Mobile", MOBILE, deliver=False)
    await at.looks_at(Entity.CUSTOMER, customer, other)
    for written in ("علی کاظمی", to_persian_digits(MOBILE)):
        await maryam.go("nav.records")
        await expect(maryam.page.get_by_role("searchbox")).to_be_focused()
        await maryam.page.keyboard.type(written)
        await maryam.page.keyboard.press("Enter")
        await maryam.reads("records.count", 1)
        await maryam.picture("found")
        await maryam.page.get_by_role("link", name=SEARCHED).click()
        await expect(maryam.page.get_by_role("heading", level=1)).to_have_text(SEARCHED)
    return customer


async def understands_why_nothing_was_done(at: Office, maryam: Clerk, customer: str) -> None:
    """Asks for a sync, twice by a nervous finger: one look, which finds nothing to do and says why."""
    await maryam.button("records.sync").dblclick()
    skipped = maryam.page.locator(".event.SKIPPED")
    await expect(skipped).to_have_count(1)
    await at.rests()
    assert at.log("status", customer) == [("SUCCESS",), ("SKIPPED",)]
    await maryam.picture("record")
    await skipped.get_by_role("link").first.click()
    await maryam.reads("told.SKIPPED")
    await maryam.reads_text(maryam.writer.reason("CHECKSUM_MATCH"))
    before = maryam.page.get_by_role("columnheader", name=maryam.word("sync.before"))
    await expect(before).to_have_count(0)
    await maryam.picture("skipped")


async def settles_a_document_in_doubt(at: Office, maryam: Clerk, customer: str) -> None:
    """Two documents were made though the answers were lost: one she settles, one a colleague did before."""
    lines = [{"productCode": "1", "count": 1, "baseUnitPrice": price} for price in PRICES]
    for line in lines:
        line["productUnitTypeName"] = "عدد"
    documents = [at.box.crm.add_document("invoice", customer, [line], deliver=False) for line in lines]
    at.box.faults.add(Fault(FaultKind.RESET_AFTER, system="finance", operation=SAVE_DOCUMENT, times=2))
    await at.looks_at(Entity.INVOICE, *documents)
    await maryam.go("nav.attention")
    await expect(maryam.button("ask.retry.chosen")).to_have_count(0)
    await maryam.picture("attention")
    await maryam.link("ask.settle").first.click()
    async with at.clerk("بهرام") as bahram:
        await bahram.go("nav.attention")
        await bahram.link("ask.settle").first.click()
        await says_that_it_exists(at, bahram)
    await maryam.button("ask.absent").click()
    await maryam.reads("ask.refused")
    await expect(maryam.page.get_by_role("alert")).to_contain_text("بهرام")
    await maryam.picture("stale")
    [complaint] = maryam.complaints
    assert "409" in complaint
    maryam.complaints.clear()
    await maryam.link("ask.back").click()
    await maryam.link("ask.settle").click()
    await says_that_it_exists(at, maryam)
    await at.rests()
    assert len(at.box.finance.documents) == len(documents)
    assert at.program.rows("""SELECT count(*) FROM "EntityMapping" WHERE "crmEntity" = 'invoice'""") == [(2,)]


async def says_that_it_exists(at: Office, clerk: Clerk) -> None:
    """Compares the evidence with finance, where the document is found by its amount."""
    evidence = clerk.panel("ask.sent")
    await clerk.picture("doubt")
    [key] = [
        key
        for key, document in at.box.finance.documents.items()
        if await evidence.get_by_text(clerk.writer.exact(str(document["net"]))).count()
    ]
    await clerk.page.get_by_label(clerk.word("ask.exists")).fill(clerk.writer.digits(key))
    await clerk.picture("evidence")
    await clerk.button("ask.exists.send").click()
    await expect(clerk.page.get_by_role("heading", level=1)).to_contain_text(key)
    await clerk.picture("sure")
    await clerk.button("sure.yes.exists.PREINVOICE").click()
    await expect(clerk.page.get_by_role("status")).to_contain_text(key)


async def retries_what_was_refused(at: Office, maryam: Clerk) -> None:
    """Three customers whose mobile number another contact has: one by itself, the rest in one go."""
    refused = []
    for place, name in enumerate(REFUSED):
        mobile = f"0935111000{place}"
        at.box.finance.add_contact(Name=f"{name} (قدیمی)", MobileNo=mobile)
        crm_id = at.box.crm.add_customer("person", nickName=name, customerNumber=f"200{place}", deliver=False)
        at.box.crm.set_phone(crm_id, "Mobile", mobile, deliver=False)
        refused.append(crm_id)
    await at.looks_at(Entity.CUSTOMER, *refused)
    for code, contact in tuple(at.box.finance.contacts.items()):
        if "(قدیمی)" in contact["Name"]:
            at.box.finance.edit_contact(code, MobileNo=None)
    before = at.writes(SAVE_CONTACT)

    await maryam.go("nav.attention")
    reason = maryam.writer.reason("DUPLICATE_PHONE")
    await maryam.page.get_by_label(maryam.word("ask.reason")).select_option(reason)
    await maryam.button("ask.filter").click()
    await maryam.reads("ask.retry.all", 3)
    await maryam.page.get_by_role("button", name=f"{maryam.word('ask.retry')}: {REFUSED[0]}").dblclick()
    await maryam.reads("ask.done.retried")
    await at.rests()
    assert at.writes(SAVE_CONTACT) == before + 1

    await maryam.picture("retried")
    await maryam.link("ask.retry.all", 2).click()
    await maryam.reads("bulk.confirm.retry", 2)
    await maryam.picture("count")
    await maryam.button("bulk.go.retry", 2).dblclick()
    await expect(maryam.page.locator("#bulk .pill")).to_have_text(maryam.word("bulk.over"))
    await maryam.reads("bulk.progress", 2, 2)
    succeeded = f"{maryam.word('bulk.stage.SUCCESS')} {maryam.writer.number(2)}"
    await expect(maryam.page.get_by_role("link", name=succeeded)).to_be_visible()
    await maryam.picture("progress")
    await at.rests()
    assert at.writes(SAVE_CONTACT) == before + 3
    names = [contact["Name"] for contact in at.box.finance.contacts.values()]
    assert [names.count(name) for name in REFUSED] == [1, 1, 1]
    await maryam.go("nav.attention")
    await maryam.reads("ask.none")


async def imports_new_contacts(at: Office, maryam: Clerk) -> None:
    """Plan, start, follow to the end: the contacts of finance that the CRM does not have."""
    unknown = len(at.box.finance.contacts) - len(at.box.crm.persons)
    new = ("شرکت پخش البرز", "فاطمه رستمی")
    for name in new:
        at.box.finance.add_contact(Name=name)
    await maryam.go("nav.import")
    await maryam.button("import.make_plan").click()
    await ends(maryam, "import.kind.plan", "import.plan.created", unknown + len(new))
    assert not any(person["nickName"] in new for person in at.box.crm.persons.values())
    await maryam.button("import.to_confirm").click()
    await maryam.reads("import.confirm.counts", unknown + len(new), 0)
    await maryam.picture("confirm")
    await maryam.button("import.start.count", unknown + len(new), 0).dblclick()
    await ends(maryam, "import.kind.import", "import.created", unknown + len(new))
    names = [person["nickName"] for person in at.box.crm.persons.values()]
    assert [names.count(name) for name in new] == [1, 1]
    await at.rests()


async def ends(maryam: Clerk, kind: str, outcome: str, count: int) -> None:
    """The page of the import follows it by itself."""
    run = maryam.page.locator("section.run")
    await expect(run.get_by_role("heading")).to_contain_text(maryam.word(kind))
    await expect(run.locator("header .pill")).to_have_text(maryam.word("import.state.DONE"))
    tile = run.locator(".tile").filter(has_text=maryam.word(outcome))
    await expect(tile.locator("dd")).to_have_text(maryam.writer.number(count))
    await maryam.picture(kind.removeprefix("import.kind."))


async def reads_the_chart(at: Office, maryam: Clerk) -> None:
    """It is drawn, and each number beside it is that of the log and of the list that it leads to."""
    counted = dict(at.program.rows('SELECT status, count(*) FROM "SyncLog" GROUP BY status'))
    assert counted[Status.IN_DOUBT] == 2 and counted[Status.SUCCESS] > len(REFUSED)
    await maryam.go("nav.overview")
    await expect(maryam.page.locator(".plot canvas")).to_be_visible()
    await maryam.picture("chart")
    for status in (Status.SUCCESS, Status.SKIPPED, Status.CONFLICT, Status.IN_DOUBT, Status.FAILED):
        count = counted.get(status, 0)
        number = maryam.page.locator(f".legend a.{status}")
        await expect(number.locator("b")).to_have_text(maryam.writer.number(count))
        await number.click()
        await maryam.reads("syncs.count", count)
        await maryam.go("nav.overview")
