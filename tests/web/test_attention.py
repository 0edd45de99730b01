"""Needs attention: what a person sees, and that what a person says counts once, whoever else is at it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from psycopg.types.json import Jsonb
from sqlalchemy import text

from hamgam.app.words import WORDS, Writer
from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.jobs.declining import UNMATCHED
from hamgam.people.roles import Role
from hamgam.remote_errors import REMOTE_ERRORS, explain
from hamgam.trail.place import Place
from hamgam.trail.releases import Release
from tests.web.conftest import GUID, NOW, AddSync, Installation, in_json
from tests.web.signed_in import asking_as
from tests.web.test_pages import well_formed

CONFLICT = {"status": "CONFLICT", "reason": "AMBIGUOUS_MATCH", "errorMessage": "234, 235"}
FAILED = {
    "status": "FAILED",
    "reason": "DUPLICATE_PHONE",
    "errorMessage": "شماره تلفن نمی تواند تکراری باشد.",
}


def doubt() -> dict[str, Any]:
    intent = {"operation": "CREATE", "transactionId": str(uuid4()), "fields": {}, "notedAt": NOW.isoformat()}
    return {
        "status": "IN_DOUBT",
        "reason": "ANSWER_LOST",
        "entityType": "PREINVOICE",
        "sourceEntity": "invoice",
        "intent": Jsonb(intent),
        "targetDataAfter": Jsonb({"customer": "77", "net": "1250000", "lines": [{"product": "K-1"}]}),
    }


@pytest.fixture
async def clerk(installation: Installation, db: Database) -> AsyncIterator[httpx2.AsyncClient]:
    async with asking_as(Role.OPERATOR, installation, db) as client:
        yield client


async def one(db: Database) -> Any:
    [row] = (await db.execute(text('SELECT * FROM "SyncLog" ORDER BY "startedAt"'))).all()
    return row


async def jobs(db: Database) -> list[Any]:
    return list((await db.execute(text("SELECT * FROM procrastinate_jobs WHERE task_name = 'sync'"))).all())


async def english(client: httpx2.AsyncClient, path: str) -> str:
    answer = await client.get(path, headers={"accept-language": "en"})
    assert answer.status_code == 200, answer.text
    assert well_formed(re.sub(r"<(input|option)\b[^>]*>|</option>", "", answer.text))
    return answer.text


def form(row: Any, **fields: str) -> dict[str, str]:
    return {"seen": str(row.transactionId), **fields}


# What is shown


async def test_nothing_asks(clerk: httpx2.AsyncClient, add_sync: AddSync) -> None:
    add_sync(status="SUCCESS")
    assert WORDS["en"]["ask.none"] in await english(clerk, "/attention")


@pytest.mark.parametrize("lang", ["fa", "en"])
@pytest.mark.parametrize("reason", Reason)
async def test_every_reason_shows_cause_and_next_step(
    clerk: httpx2.AsyncClient, add_sync: AddSync, reason: Reason, lang: Any
) -> None:
    add_sync(status="FAILED", reason=reason)
    page = (await clerk.get(f"/attention?lang={lang}")).text
    writer = Writer(lang)
    for sentence in (writer.reason(reason), writer.page_step(reason, "CUSTOMER")):
        assert sentence.replace("`", "") in unescaped(page)


@pytest.mark.parametrize("reason", UNMATCHED)
async def test_a_conflict_of_the_import_leads_to_another_run_and_to_no_retry(
    clerk: httpx2.AsyncClient, add_sync: AddSync, reason: Reason
) -> None:
    log_id = uuid4()
    imported = {"direction": "FINANCE_TO_CRM", "sourceEntity": "contact", "sourceEntityId": "234"}
    add_sync(
        id=log_id, **imported, triggerType="IMPORT", targetEntityId=GUID, status="CONFLICT", reason=reason
    )
    for path in ("/attention", f"/attention/{log_id}", f"/syncs/{log_id}"):
        page = unescaped(await english(clerk, path))
        assert WORDS["en"]["step.of_import"] in page
        assert Writer("en").page_step(reason, "CUSTOMER") not in page


def unescaped(page: str) -> str:
    page = re.sub(r'<bdi dir="ltr"><code>|</code></bdi>', "", page)
    return page.replace("&#39;", "'").replace("&#34;", '"').replace("&amp;", "&")


@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_a_known_remote_error_says_more_than_its_code_wherever_its_sync_is_shown(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync, lang: Any
) -> None:
    add_sync(status="FAILED", reason="BUSINESS_ERROR", errorMessage="سال مالي بسته شده است [salmali]")
    known = explain("سال مالی")
    assert known in REMOTE_ERRORS
    for path in ("/attention", f"/syncs/{(await one(db)).id}", f"/records/customer/{GUID}"):
        page = unescaped((await clerk.get(f"{path}?lang={lang}")).text)
        assert Writer(lang).cause(known.sentence) in page
        assert Writer(lang).advice(known.sentence) in page
        assert Writer(lang).next_step("BUSINESS_ERROR") not in page
        assert "سال مالي بسته شده است [salmali]" in page


async def test_reasons_are_counted_and_lead_to_their_rows(
    clerk: httpx2.AsyncClient, add_sync: AddSync
) -> None:
    for number in range(3):
        add_sync(**FAILED, sourceEntityId=f"first-{number}")
    add_sync(**CONFLICT, sourceEntityId="second")
    page = unescaped(await english(clerk, "/attention"))
    [link] = re.findall(r'href="(/attention\?reason=DUPLICATE_PHONE[^"]*)"', page)
    only = await english(clerk, link)
    assert "first-1" in only
    assert "second" not in only
    for path, shown in (
        ("/attention?status=CONFLICT", "second"),
        ("/attention?type=CUSTOMER&sort=oldest", "first-0"),
        ("/attention?reason=&status=&type=", "second"),
    ):
        assert shown in await english(clerk, path)
    assert WORDS["en"]["ask.none.filtered"] in await english(clerk, "/attention?type=PREINVOICE")


@pytest.mark.parametrize("sort", ["newest", "oldest"])
async def test_pages_show_each_row_once_though_rows_come_in_between(
    clerk: httpx2.AsyncClient, add_sync: AddSync, sort: str
) -> None:
    for number in range(120):
        add_sync(**FAILED, sourceEntityId=f"row-{number}", startedAt=NOW - timedelta(seconds=number // 2))
    seen: list[str] = []
    path = f"/attention?sort={sort}"
    while path:
        page = unescaped(await english(clerk, path))
        seen += re.findall(r"<bdi>(row-\d+)</bdi>", page)
        [path] = re.findall(r'href="([^"]*after=[^"]*)"[^>]*rel="next"', page) or [""]
        when = NOW + timedelta(days=1 if sort == "newest" else -1)
        add_sync(**FAILED, sourceEntityId=f"late-{len(seen)}", startedAt=when)
    assert len(seen) == 120
    assert set(seen) == {f"row-{number}" for number in range(120)}


@pytest.mark.parametrize(
    "path",
    [
        "/attention?reason=NOPE",
        "/attention?reason=%00",
        "/attention?status=SUCCESS",
        "/attention?type=contact",
        "/attention?sort=up",
        "/attention?after=x",
        "/attention?after=" + str(Place(NOW, UUID(GUID), newer=True)),
        "/attention/confirm?chosen=1&row=x",
        "/attention/confirm?status=%00",
    ],
)
async def test_a_wrong_address_gets_a_page_that_says_so(clerk: httpx2.AsyncClient, path: str) -> None:
    answer = await clerk.get(path)
    assert answer.status_code == 400
    assert WORDS["fa"]["ask.refused"] in answer.text


@pytest.mark.parametrize(
    "path",
    ["/attention/x", f"/attention/{GUID}", "/attention/bulk/x", f"/attention/bulk/{GUID}", "/attention/%00"],
)
async def test_a_forged_id_gets_a_page_that_says_so(clerk: httpx2.AsyncClient, path: str) -> None:
    answer = await clerk.get(path)
    assert answer.status_code == 404
    assert WORDS["fa"]["ask.refused"] in answer.text


async def test_a_viewer_reads_masked_and_is_offered_nothing(
    installation: Installation, db: Database, add_sync: AddSync
) -> None:
    add_sync(**CONFLICT, sourceData=Jsonb({"fields": {"name": "سمیه محمدی"}, "number": "9"}))
    log_id = (await one(db)).id
    async with asking_as(Role.VIEWER, installation, db) as viewer:
        for path in ("/attention", f"/attention/{log_id}"):
            page = (await viewer.get(path)).text
            assert "سمیه" not in page
            assert 'method="post"' not in page
        told = (await viewer.get("/api/v1/attention")).json()
        assert "سمیه" not in str(told)
        assert told["items"][0]["actions"] == []


WRITES = ["retry", "settle", "dismiss"]


@pytest.mark.parametrize("what", WRITES)
async def test_a_viewer_does_nothing(
    installation: Installation, db: Database, add_sync: AddSync, what: str
) -> None:
    add_sync(**CONFLICT)
    before = await one(db)
    async with asking_as(Role.VIEWER, installation, db) as viewer:
        body = {"absent": True} if what == "settle" else {}
        assert (
            await viewer.post(f"/attention/{before.id}/{what}", data={"answer": "absent"})
        ).status_code == 403
        answer = await viewer.post(f"/api/v1/attention/{before.id}/{what}", json=body)
        assert answer.status_code == 403
        for path in ("/attention/bulk", f"/attention/bulk/{GUID}/cancel", "/attention/held/person"):
            assert (await viewer.post(path)).status_code == 403
        assert (await viewer.get("/attention/confirm")).status_code == 403
        assert (await viewer.post("/api/v1/bulk", json={"count": 1, "filter": {}})).status_code == 403
    assert await one(db) == before
    assert await jobs(db) == []


# Changes that a poll holds back


@asynccontextmanager
async def held(db: Database, changes: int) -> AsyncIterator[None]:
    await db.execute(
        text("""INSERT INTO "PollCursor" (stream, cursor, held) VALUES ('person', now(), :held)"""),
        {"held": changes},
    )
    yield


async def test_held_changes_are_explained_and_let_through(clerk: httpx2.AsyncClient, db: Database) -> None:
    async with held(db, 400):
        page = await english(clerk, "/attention")
        assert "MAX_CHANGE_PERCENT" in page
        assert "hamgam sync --since 1d --force" in page
        stale = await clerk.post("/attention/held/person", data={"changes": "399"})
        assert (stale.status_code, await released(db)) == (409, None)
        for path in ("/attention/held/nothing", "/attention/held/person"):
            assert (await clerk.post(path, data={"changes": "x"})).status_code == 409
        done = await clerk.post("/attention/held/person", data={"changes": "400"})
        assert done.status_code == 303
        assert await released(db) == (400, "somebody")
        waiting = (await db.execute(text("SELECT task_name FROM procrastinate_jobs"))).scalars().all()
        assert waiting == ["poll"]
        assert "somebody has let them through" in await english(clerk, "/attention")


async def released(db: Database) -> Any:
    [row] = (await db.execute(text('SELECT released, "releasedBy" FROM "PollCursor"'))).all()
    return tuple(row) if row.released else None


async def test_a_record_that_polling_held_back_tells_who_let_it_through(
    clerk: httpx2.AsyncClient, add_sync: AddSync
) -> None:
    held_at, at = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
    release = Release(400, held_at, "مریم", at)
    shown = {"changes": 400, "heldAt": in_json(held_at), "by": "مریم", "at": in_json(at)}
    add_sync(triggerType="POLL", triggerPayload=release.as_payload())
    told = (await clerk.get(f"/api/v1/records/customer/{GUID}")).json()
    assert told["timeline"][0]["release"] == shown
    log_id = told["timeline"][0]["id"]
    assert (await clerk.get(f"/api/v1/syncs/{log_id}/story")).json()["release"] == shown
    for lang in WORDS:
        writer = Writer(lang)
        for path in (f"/records/customer/{GUID}", f"/syncs/{log_id}"):
            page = (await clerk.get(path, params={"lang": lang})).text
            assert writer.word("released.held", 400) in page
            assert writer.word("released.by", "مریم") in page
