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

from hamgam.app.problems import ADDRESS
from hamgam.app.words import WORDS, Writer
from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.people.roles import Role
from hamgam.remote_errors import REMOTE_ERRORS, explain
from hamgam.trail.place import Place
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


def unescaped(page: str) -> str:
    page = re.sub(r'<bdi dir="ltr"><code>|</code></bdi>', "", page)
    return page.replace("&#39;", "'").replace("&#34;", '"').replace("&amp;", "&")


@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_a_known_remote_error_says_more_than_its_code(
    clerk: httpx2.AsyncClient, add_sync: AddSync, lang: Any
) -> None:
    add_sync(status="FAILED", reason="BUSINESS_ERROR", errorMessage="سال مالي بسته شده است [salmali]")
    known = explain("سال مالی")
    assert known in REMOTE_ERRORS
    page = unescaped((await clerk.get(f"/attention?lang={lang}")).text)
    assert Writer(lang).cause(known.sentence) in page
    assert Writer(lang).advice(known.sentence) in page
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


# What is done


def form(row: Any, **fields: str) -> dict[str, str]:
    return {"seen": str(row.transactionId), **fields}


async def test_a_row_is_retried_in_the_name_of_who_asked(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    add_sync(**FAILED)
    row = await one(db)
    page = await english(clerk, "/attention")
    assert str(row.transactionId) in page
    answer = await clerk.post(f"/attention/{row.id}/retry", data=form(row, reason="DUPLICATE_PHONE"))
    assert answer.status_code == 303
    assert answer.headers["location"] == "/attention?reason=DUPLICATE_PHONE&done=retried"
    assert WORDS["en"]["ask.done.retried"] in await english(clerk, answer.headers["location"])
    after = await one(db)
    assert (after.status, after.triggerPayload["retriedBy"]) == ("PENDING", "somebody")
    [job] = await jobs(db)
    assert job.args["payload"]["retriedBy"] == "somebody"


@pytest.mark.parametrize("what", WRITES)
async def test_a_stale_page_tells_who_was_faster_and_does_nothing(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync, what: str
) -> None:
    add_sync(**CONFLICT)
    row = await one(db)
    first = await clerk.post(f"/attention/{row.id}/settle", data=form(row, answer="235"))
    assert first.status_code == 303
    settled, queued = await one(db), await jobs(db)
    second = await clerk.post(
        f"/attention/{row.id}/{what}", data=form(row, answer="234"), headers={"accept-language": "en"}
    )
    assert second.status_code == 409
    assert WORDS["en"]["ask.refused.settled"] in second.text
    assert "by somebody at" in second.text
    assert "00:30:00" in second.text
    assert WORDS["en"]["ask.said.exists"].format("235") in second.text
    assert await one(db) == settled
    assert await jobs(db) == queued

    body = {"exists": "234"} if what == "settle" else {}
    program = await clerk.post(f"/api/v1/attention/{row.id}/{what}", json=body)
    assert program.status_code == 409
    assert program.headers["content-type"] == "application/problem+json"
    told = program.json()
    assert (told["type"], told["by"], told["at"]) == (ADDRESS + "settled", "somebody", in_json(NOW))
    assert (told["row"]["resolution"], told["later"]) == ({"exists": "235"}, None)


async def test_a_double_click_does_it_once(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    add_sync(**FAILED)
    row = await one(db)
    first, second = [await clerk.post(f"/attention/{row.id}/retry", data=form(row)) for _ in range(2)]
    assert (first.status_code, second.status_code) == (303, 409)
    assert WORDS["fa"]["ask.refused.goes on"] in second.text
    assert len(await jobs(db)) == 1


async def test_a_row_that_a_sync_was_faster_with_tells_how_that_ended(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    add_sync(**FAILED)
    row = await one(db)
    await db.execute(text('UPDATE "SyncLog" SET "resolvedAt" = :at'), {"at": NOW})
    add_sync(reason="TOTAL_MISMATCH", startedAt=NOW + timedelta(seconds=9))
    newest = (await db.execute(text("SELECT id FROM \"SyncLog\" WHERE reason = 'TOTAL_MISMATCH'"))).scalar()
    answer = await clerk.post(f"/attention/{row.id}/dismiss?lang=en", data=form(row))
    assert answer.status_code == 409
    assert WORDS["en"]["ask.resolved.sync"] in answer.text
    assert f'href="/syncs/{newest}"' in answer.text
    assert Writer("en").reason("TOTAL_MISMATCH") in answer.text
    program = (await clerk.post(f"/api/v1/attention/{row.id}/dismiss", json={})).json()
    assert (program["by"], program["later"]["status"]) == (None, "SUCCESS")


async def test_every_retry_stays_in_the_story_of_the_sync_and_of_its_record(
    clerk: httpx2.AsyncClient, installation: Installation, db: Database, add_sync: AddSync
) -> None:
    add_sync(**FAILED)
    row = await one(db)
    for minute in (1, 2):
        installation.clock.now = NOW + timedelta(minutes=minute)
        assert (await clerk.post(f"/attention/{row.id}/retry")).status_code == 303
        await db.execute(text("""UPDATE "SyncLog" SET status = 'FAILED'"""))
    for path in (f"/syncs/{row.id}", f"/records/customer/{GUID}"):
        page = await english(clerk, path)
        assert "00:31:00" in page and "00:32:00" in page and "somebody" in page


async def test_a_row_that_was_tried_since_is_shown_anew(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    add_sync(**FAILED)
    row = await one(db)
    await clerk.post(f"/attention/{row.id}/retry", data=form(row))
    again = """status = 'FAILED', reason = 'BAD_PRICE', "errorMessage" = NULL"""
    await db.execute(text(f'UPDATE "SyncLog" SET "transactionId" = gen_random_uuid(), {again}'))
    answer = await clerk.post(f"/attention/{row.id}/dismiss", data=form(row))
    assert answer.status_code == 409
    assert WORDS["fa"]["ask.refused.changed"] in answer.text
    assert WORDS["fa"]["ask.retried"].format("somebody") in answer.text
    assert Writer("fa").reason("BAD_PRICE") in answer.text
    assert (await one(db)).resolvedAt is None


@pytest.mark.parametrize(("answer", "said"), [("exists", {"exists": "15462"}), ("absent", {"absent": []})])
async def test_a_document_in_doubt_is_settled_beside_its_evidence(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync, answer: str, said: dict[str, Any]
) -> None:
    add_sync(**doubt())
    row = await one(db)
    page = await english(clerk, f"/attention/{row.id}")
    for evidence in (
        "1,250,000",
        f"/records/invoice/{row.sourceEntityId}",
        "K-1",
        "77",
        "00:30:00",
        WORDS["en"]["ask.what.doubt"],
    ):
        assert evidence in page
    assert f"/attention/{row.id}/retry" not in page
    assert f"/attention/{row.id}/dismiss" not in page
    given = form(row, answer=answer, number="۱۵۴۶۲" if answer == "exists" else "")
    assert (await clerk.post(f"/attention/{row.id}/settle", data=given)).status_code == 303
    after = await one(db)
    assert (after.resolvedBy, after.resolvedAt, after.resolution) == ("somebody", NOW, said)
    assert WORDS["en"]["ask.resolved"] in await english(clerk, f"/attention/{row.id}")


async def test_a_conflict_offers_its_candidates_and_names_whose_they_are(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    add_sync(**CONFLICT)
    row = await one(db)
    await db.execute(
        text(
            """INSERT INTO "EntityMapping" ("entityType", "crmId", "financeId", "crmEntity")"""
            """ VALUES ('CUSTOMER', 'another', '234', 'customer')"""
        )
    )
    page = await english(clerk, f"/attention/{row.id}")
    assert 'name="answer" value="235"' in page
    assert 'name="answer" value="234"' not in page
    assert "another" in page
    taken = await clerk.post(f"/attention/{row.id}/settle", data=form(row, answer="234"))
    assert taken.status_code == 409
    assert WORDS["fa"]["ask.refused.taken"] in taken.text
    none = await clerk.post(f"/attention/{row.id}/settle", data=form(row, answer="absent"))
    assert none.status_code == 303
    assert (await one(db)).resolution == {"absent": ["234", "235"]}


@pytest.mark.parametrize("number", ["", "x", "12; DROP", "9" * 40, "\0"], ids=range(5))
async def test_a_code_that_is_none_is_refused(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync, number: str
) -> None:
    add_sync(**CONFLICT)
    row = await one(db)
    answer = await clerk.post(f"/attention/{row.id}/settle", data=form(row, answer="exists", number=number))
    assert answer.status_code == 400
    assert WORDS["fa"]["ask.refused.code"] in answer.text
    assert (await one(db)).resolvedAt is None


async def test_a_failure_is_dismissed_with_a_note(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    add_sync(**FAILED)
    row = await one(db)
    answer = await clerk.post(f"/attention/{row.id}/dismiss", data=form(row, note=" با مشتری صحبت شد\0 "))
    assert answer.status_code == 303
    assert (await one(db)).resolution == {"dismissed": "با مشتری صحبت شد"}
    assert "با مشتری صحبت شد" in await english(clerk, f"/attention/{row.id}")
    assert (await clerk.get("/api/v1/attention")).json()["count"] == 0


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
