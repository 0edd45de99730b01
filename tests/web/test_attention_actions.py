"""What a person does about a row that asks for one: it counts once, whoever else is at it."""

import csv
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from hamgam.app.problems import ADDRESS
from hamgam.app.words import WORDS, Writer
from hamgam.db.engine import Database
from tests.web.conftest import GUID, NOW, AddSync, Installation, in_json
from tests.web.test_attention import CONFLICT, FAILED, WRITES, clerk, doubt, english, form, held, jobs, one

__all__ = ["clerk"]


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


async def test_all_places_count_the_attempts_before_and_after_it_was_put_back(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    add_sync(**FAILED)
    row = await one(db)
    assert (await clerk.post(f"/attention/{row.id}/retry")).status_code == 303
    await db.execute(text("""UPDATE "SyncLog" SET status = 'FAILED'"""))
    assert "<dt>Attempts</dt><dd>2</dd>" in await english(clerk, f"/syncs/{row.id}")
    assert "tried 2×" in await english(clerk, "/attention")
    assert (await clerk.get(f"/api/v1/attention/{row.id}")).json()["tried"] == 2
    assert (await clerk.get(f"/api/v1/syncs/{row.id}/story")).json()["tried"] == 2
    exported = (await clerk.get("/api/v1/syncs/export?format=csv&lang=en")).text
    heading, told = csv.reader(exported.splitlines())
    assert dict(zip(heading, told, strict=True))["Attempts"] == "2"


async def test_who_acts_while_there_are_no_users_has_no_name_of_ours(
    client: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    add_sync(**FAILED)
    row = await one(db)
    assert (await client.post(f"/attention/{row.id}/retry")).status_code == 303
    await db.execute(text("""UPDATE "SyncLog" SET status = 'FAILED'"""))
    nobody = WORDS["en"]["people.nobody"]
    for path in ("/attention", f"/attention/{row.id}"):
        assert f"put back by {nobody}" in await english(client, path)
    async with held(db, 400):
        assert (await client.post("/attention/held/person", data={"changes": "400"})).status_code == 303
        assert f"{nobody} has let them through" in await english(client, "/attention")
    assert (await client.post(f"/attention/{row.id}/dismiss", data=form(row))).status_code == 303
    exported = (await client.get("/api/v1/syncs/export?format=csv&lang=en")).text
    heading, told = csv.reader(exported.splitlines())
    assert dict(zip(heading, told, strict=True))["Settled by"] == nobody


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
        WORDS["en"]["ask.exists.key"].replace("'", "&#39;"),
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
