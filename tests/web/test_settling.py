"""A word on a row is repeated before it is recorded, and what was typed wrongly comes back."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from psycopg.types.json import Jsonb
from sqlalchemy import text

from hamgam.app.words import WORDS, Writer
from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.people.roles import Role
from tests.web.conftest import GUID, AddSync, Installation
from tests.web.signed_in import asking_as
from tests.web.test_attention import CONFLICT, doubt, english, form, jobs, one, unescaped

WORDS_EN = WORDS["en"]
NAME = "سمیه محمدی"
OWN_STEPS = [reason for reason in Reason if "hamgam settle" in Writer("en").next_step(reason)]


@pytest.fixture
async def clerk(installation: Installation, db: Database) -> AsyncIterator[httpx2.AsyncClient]:
    async with asking_as(Role.OPERATOR, installation, db) as client:
        yield client


def plain(page: str) -> str:
    return re.sub("[\u2068\u2069]", "", unescaped(page))


def asked(row: Any, answer: str, number: str = "") -> str:
    return f"/attention/{row.id}/settle?seen={row.transactionId}&answer={answer}&number={number}"


async def link(db: Database, code: str) -> None:
    await db.execute(
        text(
            """INSERT INTO "EntityMapping" ("entityType", "crmId", "financeId", "crmEntity")"""
            """ VALUES ('CUSTOMER', 'another', :code, 'customer')"""
        ),
        {"code": code},
    )


async def test_a_code_is_repeated_beside_the_document_before_it_is_recorded(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    add_sync(**doubt(), sourceData=Jsonb({"number": "1722"}))
    row = await one(db)
    assert f'method="get" action="/attention/{row.id}/settle"' in await english(clerk, f"/attention/{row.id}")
    page = plain(await english(clerk, asked(row, "exists", "۱۶۱۵۹")))
    assert "Invoice 1722 is in finance with the code 16159: correct?" in page
    assert "1,250,000" in page and 'name="answer" value="16159"' in page
    assert WORDS_EN["ask.exists.key"] in page
    assert (await one(db), await jobs(db)) == (row, [])
    done = await clerk.post(f"/attention/{row.id}/settle", data=form(row, answer="16159"))
    told = plain(await english(clerk, done.headers["location"]))
    assert "Recorded: Invoice 1722 is 16159 in finance." in told
    assert (await one(db)).resolution == {"exists": "16159"}


@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_before_it_is_sent_again_it_is_said_that_it_may_be_there_twice(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync, lang: Any
) -> None:
    add_sync(**doubt(), sourceData=Jsonb({"number": "1722"}))
    row = await one(db)
    page = plain((await clerk.get(asked(row, "absent") + f"&lang={lang}")).text)
    assert WORDS[lang]["sure.then.absent.PREINVOICE"] in page
    assert 'name="answer" value="absent"' in page
    assert (await one(db), await jobs(db)) == (row, [])
    done = await clerk.post(f"/attention/{row.id}/settle", data=form(row, answer="absent"))
    told = plain((await clerk.get(done.headers["location"])).text)
    assert WORDS[lang]["ask.done.absent"].format(WORDS[lang]["entity.invoice"], "1722") in told


async def test_the_choice_of_a_contact_is_repeated_with_the_name(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    add_sync(**CONFLICT, sourceData=Jsonb({"fields": {"name": NAME}}))
    row = await one(db)
    page = plain(await english(clerk, asked(row, "235") + "&reason=AMBIGUOUS_MATCH"))
    assert f"Customer {NAME} is 235 in finance: correct?" in page
    assert 'name="reason" value="AMBIGUOUS_MATCH"' in page
    assert f'href="/attention/{row.id}?reason=AMBIGUOUS_MATCH"' in page
    assert WORDS_EN["sure.then.absent.CUSTOMER"] in plain(await english(clerk, asked(row, "absent")))
    assert await one(db) == row


@pytest.mark.parametrize("answer", ["234", "absent", "exists"])
async def test_who_is_second_is_told_before_being_asked(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync, answer: str
) -> None:
    add_sync(**CONFLICT)
    row = await one(db)
    await clerk.post(f"/attention/{row.id}/settle", data=form(row, answer="235"))
    late = await clerk.get(asked(row, answer) + "&lang=en")
    assert late.status_code == 409
    assert WORDS_EN["ask.refused.settled"] in late.text and "by somebody at" in late.text
    again = WORDS_EN["ask.refused.changed"]
    await db.execute(text('UPDATE "SyncLog" SET "resolvedAt" = NULL, "transactionId" = gen_random_uuid()'))
    assert again in (await clerk.get(asked(row, answer))).text


async def test_what_the_row_does_not_offer_is_not_asked(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    add_sync(status="FAILED", reason="DUPLICATE_PHONE")
    row = await one(db)
    answer = await clerk.get(asked(row, "absent"))
    assert (answer.status_code, WORDS["fa"]["ask.refused.not thus"] in answer.text) == (409, True)
    assert (await clerk.get(f"/attention/{GUID}/settle?answer=absent")).status_code == 404


@pytest.mark.parametrize("sent_by", ["get", "post"])
@pytest.mark.parametrize("asks", ["doubt", "conflict"])
async def test_what_is_no_code_comes_back_in_its_field(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync, asks: str, sent_by: str
) -> None:
    add_sync(**doubt() if asks == "doubt" else CONFLICT)
    row = await one(db)
    path = f"/attention/{row.id}/settle"
    if sent_by == "get":
        answer = await clerk.get(asked(row, "exists", "abc!!"))
    else:
        answer = await clerk.post(path, data=form(row, answer="exists", number="abc!!"))
    assert answer.status_code == 400
    assert WORDS["fa"]["ask.refused.code"] in answer.text
    [field] = re.findall(r'<input id="number"[^>]*>', answer.text)
    assert 'value="abc!!"' in field and 'aria-invalid="true"' in field
    assert (await one(db)).resolvedAt is None


async def test_a_code_of_another_record_is_refused_beside_the_field(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    add_sync(**CONFLICT)
    await link(db, "777")
    answer = await clerk.get(asked(await one(db), "exists", "777"))
    assert answer.status_code == 409
    assert WORDS["fa"]["ask.refused.taken"] in answer.text and 'value="777"' in answer.text


async def test_a_conflict_asks_which_it_is_and_names_the_codes(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    add_sync(**CONFLICT)
    await db.execute(
        text(
            """INSERT INTO "RecordName" (entity, id, name, number, search)"""
            """ VALUES ('contact', '235', :name, '', '')"""
        ),
        {"name": NAME},
    )
    page = await english(clerk, f"/attention/{(await one(db)).id}")
    assert "Which of them is it?" in page and "Is it in finance?" not in page
    assert "Contacts in finance: Code 234, Code 235" in page
    assert f"Contact 235<br><bdi>{NAME}</bdi>" in page
    assert 'class="main"' not in page
    assert "Contacts in finance: Code 234, Code 235" in await english(clerk, "/attention")


@pytest.mark.parametrize("lang", ["fa", "en"])
@pytest.mark.parametrize("reason", OWN_STEPS)
async def test_a_page_names_no_command_for_what_is_done_on_it(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync, reason: Reason, lang: Any
) -> None:
    add_sync(status="CONFLICT", reason=reason)
    log_id = (await one(db)).id
    for path in (f"/attention/{log_id}", "/attention", f"/syncs/{log_id}", f"/records/customer/{GUID}"):
        page = unescaped((await clerk.get(path, params={"lang": lang})).text)
        assert (path, "hamgam settle" in page) == (path, False)
        assert Writer(lang).page_step(reason, "CUSTOMER") in page


def test_a_document_is_not_told_what_is_done_about_customers() -> None:
    customer, document = (Writer("en").page_step("ANSWER_LOST", kind) for kind in ("CUSTOMER", "PREINVOICE"))
    assert "customer" in customer and "customer" not in document
