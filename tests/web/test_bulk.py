"""Retries of many rows in the pages: agreed to by number, begun once, followed and stopped."""

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from markupsafe import escape
from sqlalchemy import text

from hamgam.app.words import WORDS
from hamgam.db.engine import Database
from hamgam.jobs.bulk import step
from hamgam.people.roles import Role
from hamgam.trail import bulk
from hamgam.trail.bulk_progress import note_ended
from tests.web.conftest import NOW, AddSync, Installation
from tests.web.signed_in import asking_as

FAILED = {"status": "FAILED", "reason": "DUPLICATE_PHONE"}


@pytest.fixture
async def clerk(installation: Installation, db: Database) -> AsyncIterator[httpx2.AsyncClient]:
    async with asking_as(Role.OPERATOR, installation, db) as client:
        client.headers["accept-language"] = "en"
        yield client


def several(add_sync: AddSync, count: int, **values: Any) -> None:
    for _ in range(count):
        add_sync(**FAILED | values, sourceEntityId=str(uuid4()))


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the form that begins it."""
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    return {name: value.replace("&amp;", "&") for name, value in fields}


async def follow(db: Database) -> None:
    while await step(db, lambda: NOW) is not None:
        pass


async def ends(db: Database, status: str, count: int) -> None:
    """The next attempts of rows that wait end so."""
    await db.execute(
        text(
            """UPDATE "SyncLog" SET status = :status, "transactionId" = gen_random_uuid() WHERE id IN"""
            """ (SELECT id FROM "SyncLog" WHERE status = 'PENDING' LIMIT :count)"""
        ),
        {"status": status, "count": count},
    )
    await db.execute(text("DELETE FROM procrastinate_jobs WHERE task_name = 'sync'"))
    await note_ended(db)


async def test_all_that_match_are_counted_agreed_to_and_retried(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    several(add_sync, 3)
    several(add_sync, 2, reason="BAD_PRICE")
    page = (await clerk.get("/attention?reason=DUPLICATE_PHONE")).text
    [link, _] = re.findall(r'href="(/attention/confirm[^"]*)"', page)
    asked = (await clerk.get(link.replace("&amp;", "&"))).text
    assert WORDS["en"]["bulk.confirm.retry"].format(3) in asked
    begun = await clerk.post("/attention/bulk", data=hidden(asked))
    assert begun.status_code == 303
    place = begun.headers["location"]
    assert "0 of 3 have ended" in (await clerk.get(place)).text
    await follow(db)
    queued = (await clerk.get(place)).text
    assert "0 of 3 have ended" in queued and "hx-get" in queued
    await ends(db, "SUCCESS", 2)
    await ends(db, "FAILED", 1)
    over = (await clerk.get(place)).text
    assert "3 of 3 have ended" in over
    assert "hx-get" not in over
    assert "somebody" in over
    assert WORDS["en"]["bulk.stage.FAILED"] in over
    shown = (await clerk.get(f"{place}?show=FAILED")).text
    assert shown.count('class="name" href="/syncs/') == 1
    await db.execute(text("""UPDATE "SyncLog" SET "resolvedAt" = now() WHERE "triggerPayload" IS NOT NULL"""))
    assert "3 of 3 have ended" in (await clerk.get("/attention")).text
    left = (await clerk.get("/api/v1/attention")).json()
    assert (left["count"], left["items"][0]["reason"]) == (2, "BAD_PRICE")


async def test_another_number_is_asked_for_again(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    several(add_sync, 3)
    asked = hidden((await clerk.get("/attention/confirm")).text)
    several(add_sync, 1)
    again = await clerk.post("/attention/bulk", data=asked)
    assert again.status_code == 409
    assert WORDS["en"]["bulk.changed"].format(3, 4) in again.text
    assert await bulk.latest(db, 5) == []
    assert (await clerk.post("/attention/bulk", data=hidden(again.text))).status_code == 303
    assert [action.total for action in await bulk.latest(db, 5)] == [4]


async def test_a_double_click_begins_one_action(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    several(add_sync, 3)
    asked = hidden((await clerk.get("/attention/confirm")).text)
    places = {(await clerk.post("/attention/bulk", data=asked)).headers["location"] for _ in range(3)}
    assert len(places) == 1
    assert [action.total for action in await bulk.latest(db, 5)] == [3]


async def test_chosen_rows_only(clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync) -> None:
    several(add_sync, 4)
    page = (await clerk.get("/attention")).text
    boxes = re.findall(r'name="row" value="([^"]+)"', page)
    assert len(boxes) == 4
    asked = (await clerk.get("/attention/confirm", params={"chosen": "1", "row": boxes[:2]})).text
    assert WORDS["en"]["bulk.confirm.retry"].format(2) in asked
    begun = await clerk.post("/attention/bulk", data=hidden(asked))
    await follow(db)
    assert "0 of 2 have ended" in (await clerk.get(begun.headers["location"])).text
    rows = (await db.execute(text("""SELECT id FROM "SyncLog" WHERE status = 'PENDING'"""))).scalars()
    assert {str(row) for row in rows} == {box.partition(".")[0] for box in boxes[:2]}


async def test_all_that_match_are_dismissed_with_one_note(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    several(add_sync, 3)
    several(add_sync, 1, status="CONFLICT", reason="OTHER_CODE", errorMessage="7 was sent, 8 was written")
    page = (await clerk.get("/attention")).text
    for what in ("retry", "dismiss"):
        assert escape(WORDS["en"][f"ask.{what}.all"].format(3)) in page
        assert escape(WORDS["en"][f"ask.left_out.{what}"]) in page
    [link] = re.findall(r'class="button quiet" href="(/attention/confirm[^"]*what=dismiss[^"]*)"', page)
    asked = (await clerk.get(link)).text
    assert WORDS["en"]["bulk.confirm.dismiss"].format(3) in asked
    assert WORDS["en"]["bulk.left_out.dismiss"] in asked
    given = hidden(asked) | {"note": " همه تکراری‌اند "}
    several(add_sync, 1)
    again = await clerk.post("/attention/bulk", data=given)
    assert again.status_code == 409
    assert 'value="همه تکراری‌اند"' in again.text
    given = hidden(again.text) | {"note": "همه تکراری‌اند"}
    places = {(await clerk.post("/attention/bulk", data=given)).headers["location"] for _ in range(2)}
    await follow(db)
    [place] = places
    over = (await clerk.get(place)).text
    assert "4 of 4 have ended" in over and "همه تکراری‌اند" in over and "hx-get" not in over
    [left] = (await clerk.get("/api/v1/attention")).json()["items"]
    assert left["reason"] == "OTHER_CODE"
    said = (await db.execute(text("""SELECT DISTINCT "resolvedBy", resolution FROM "SyncLog" """))).all()
    assert ("somebody", {"dismissed": "همه تکراری‌اند"}) in [tuple(row) for row in said]


async def test_a_viewer_follows_without_the_note_and_the_names(
    clerk: httpx2.AsyncClient, installation: Installation, db: Database, add_sync: AddSync
) -> None:
    several(add_sync, 1)
    given = hidden((await clerk.get("/attention/confirm?what=dismiss")).text) | {"note": "سمیه محمدی"}
    place = (await clerk.post("/attention/bulk", data=given)).headers["location"]
    async with asking_as(Role.VIEWER, installation, db) as viewer:
        for path in (place, f"{place}/live", f"{place}?show=ASKED"):
            assert "سمیه" not in (await viewer.get(path)).text
        told = (await viewer.get(f"/api/v1/bulk/{place.rpartition('/')[2]}")).json()
        assert "سمیه" not in str(told)
        assert "سمیه" not in str((await viewer.get("/api/v1/bulk")).json())


async def test_the_api_dismisses_many_and_tells_the_stages(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    several(add_sync, 2)
    assert (await clerk.get("/api/v1/bulk/count?what=dismiss")).json() == {"count": 2}
    begun = await clerk.post("/api/v1/bulk", json={"what": "dismiss", "note": "x", "count": 2, "filter": {}})
    assert (begun.status_code, begun.json()["stages"]) == (202, {"ASKED": 2})
    await follow(db)
    told = (await clerk.get(f"/api/v1/bulk/{begun.json()['id']}")).json()
    assert (told["what"], told["note"], told["stages"]) == ("dismiss", "x", {"DISMISSED": 2})


async def test_nothing_chosen(clerk: httpx2.AsyncClient, add_sync: AddSync) -> None:
    several(add_sync, 1)
    assert WORDS["en"]["bulk.none.retry"] in (await clerk.get("/attention/confirm?chosen=1")).text


async def test_it_can_be_stopped_and_says_by_whom(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    several(add_sync, 3)
    place = (
        await clerk.post("/attention/bulk", data=hidden((await clerk.get("/attention/confirm")).text))
    ).headers["location"]
    live = (await clerk.get(f"{place}/live")).text
    assert "<html" not in live
    assert f'hx-get="{place}/live?lang=en"' in live
    for _ in range(2):
        assert (await clerk.post(f"{place}/cancel")).headers["location"] == place
    await follow(db)
    page = (await clerk.get(place)).text
    assert WORDS["en"]["bulk.cancelled"] in page
    assert (await clerk.get("/api/v1/attention")).json()["count"] == 3


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"id": "x", "count": "1"},
        {"id": str(uuid4()), "count": "-1"},
        {"id": str(uuid4()), "count": "x"},
        {"id": str(uuid4()), "count": "1", "query": "reason=x"},
        {"id": str(uuid4()), "count": "1", "query": "chosen=1&row=1.2"},
        {"id": str(uuid4()), "count": "1", "query": "what=delete"},
    ],
)
async def test_a_forged_form_begins_nothing(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync, data: dict[str, str]
) -> None:
    several(add_sync, 1)
    answer = await clerk.post("/attention/bulk", data=data)
    assert answer.status_code == 400
    assert await bulk.latest(db, 5) == []


async def test_the_api_begins_follows_and_stops(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    several(add_sync, 3)
    assert (await clerk.get("/api/v1/bulk/count?reason=DUPLICATE_PHONE")).json() == {"count": 3}
    wrong = await clerk.post("/api/v1/bulk", json={"count": 2, "filter": {}})
    assert (wrong.status_code, wrong.json()["count"]) == (409, 3)
    wish = {"id": str(uuid4()), "count": 3, "filter": {"status": "FAILED"}}
    begun = [await clerk.post("/api/v1/bulk", json=wish) for _ in range(2)]
    assert [answer.status_code for answer in begun] == [202, 202]
    assert begun[0].json()["by"] == "somebody"
    await step(db, lambda: NOW)
    told = (await clerk.get(f"/api/v1/bulk/{wish['id']}")).json()
    assert (told["done"], told["left"], told["outcomes"]["DONE"]) == (3, 0, 3)
    assert [action["id"] for action in (await clerk.get("/api/v1/bulk")).json()] == [wish["id"]]
    late = (await clerk.post(f"/api/v1/bulk/{wish['id']}/cancel")).json()
    assert (late["done"], late["cancelledBy"]) == (3, None)
    several(add_sync, 1)
    another = wish | {"id": str(uuid4()), "count": 1}
    assert (await clerk.post("/api/v1/bulk", json=another)).status_code == 202
    stopped = (await clerk.post(f"/api/v1/bulk/{another['id']}/cancel")).json()
    assert stopped["cancelledBy"] == "somebody"


async def test_the_api_retries_rows_that_were_chosen(
    clerk: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    several(add_sync, 2)
    [first, second] = (await clerk.get("/api/v1/attention")).json()["items"]
    rows = [{"id": first["id"], "seen": first["seen"]}, {"id": second["id"], "seen": str(uuid4())}]
    refused = await clerk.post("/api/v1/bulk", json={"count": 2, "rows": rows})
    assert (refused.status_code, refused.json()["count"]) == (409, 1)
    assert (await clerk.post("/api/v1/bulk", json={"count": 1, "rows": rows})).status_code == 202
