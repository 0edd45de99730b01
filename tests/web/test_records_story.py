"""The story of a record: everything that happened, in the order of time, page by page."""

from typing import Any

import pytest

from hamgam.app.words import WORDS
from hamgam.db.engine import Database
from hamgam.db.tables import sync_log
from hamgam.errors import Reason
from hamgam.people.roles import NOBODY_SIGNED_IN, Role
from hamgam.reasons import SENTENCES
from tests.bench import bench
from tests.web.signed_in import asking_as
from tests.web.test_pages import well_formed
from tests.web.test_records import MOBILE, installed, story_of_everything

BEGUN, ENDED = "2026-01-05T08:00:00Z", "2026-01-05T08:00:09Z"


async def test_the_story_tells_everything_in_the_order_of_time(db: Database) -> None:
    async with bench(db) as b:
        sara = await story_of_everything(b)
        async with asking_as(Role.OPERATOR, installed(b), db) as client:
            told = (await client.get(f"/api/v1/records/customer/{sara}")).json()
            events = told["timeline"]
            assert sorted(events, key=lambda event: event["at"], reverse=True) == events
            kinds = [event["what"] for event in events]
            assert sorted(kinds) == ["notice", "settled", "sync", "sync", "sync"]
            update, create, *_ = (event for event in events if event["what"] == "sync")
            assert (create["operation"], update["operation"]) == ("CREATE", "UPDATE")
            assert update["changed"] == ["name"]
            [word] = (event for event in events if event["what"] == "settled")
            assert (word["by"], word["resolution"]) == ("رضا", {"dismissed": "سارا زنگ زد"})
            assert told["linked"]["blocked"] is None and told["financeId"]
            page = (await client.get(f"/records/customer/{sara}")).text
            assert "سارا زنگ زد" in page and "رضا" in page


async def test_the_story_calls_nobody_by_the_name_that_the_log_has_for_it(db: Database) -> None:
    async with bench(db) as b:
        sara = await story_of_everything(b)
        by = f""""resolvedBy" = '{NOBODY_SIGNED_IN.name}'"""
        await b.rows(f"""UPDATE "SyncLog" SET {by} WHERE "resolvedAt" IS NOT NULL RETURNING 1""")
        async with asking_as(Role.OPERATOR, installed(b), db) as client:
            page = (await client.get(f"/records/customer/{sara}", params={"lang": "en"})).text
    assert f"<bdi>{NOBODY_SIGNED_IN.name}</bdi>" not in page
    assert f"<bdi>{WORDS['en']['people.nobody']}</bdi>" in page


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_the_story_tells_what_came_of_earlier_attempts_at_a_sync(db: Database, role: Role) -> None:
    tried = [
        {"endedAt": ENDED, "begunAt": BEGUN, "reason": "SERVER_ERROR", "errorMessage": f"{MOBILE} fell over"},
        {"endedAt": "2026-01-05T08:01:00Z", "reason": None, "errorMessage": None},
    ]  # fmt: skip
    async with bench(db) as b:
        customer = b.person()
        await b.sync(customer)
        await db.execute(sync_log.update().values(attempts=tried))
        async with asking_as(role, installed(b), db) as client:
            [told] = (await client.get(f"/api/v1/records/customer/{customer}")).json()["timeline"]
            page = (await client.get(f"/records/customer/{customer}", params={"lang": "en"})).text
    first, second = told["attempts"]
    assert (first["at"], first["begun"], first["reason"]) == (ENDED, BEGUN, "SERVER_ERROR")
    assert (MOBILE in first["message"]) == (role is Role.OPERATOR)
    assert (second["at"], second["reason"]) == ("2026-01-05T08:01:00Z", None)
    shown = [page.index(said) for said in (SENTENCES[Reason.SERVER_ERROR].en, WORDS["en"]["sync.broke_off"])]
    assert shown == sorted(shown)
    assert page.count(WORDS["en"]["records.earlier_attempt"]) == 2


async def test_the_story_goes_on_page_by_page_and_shows_each_event_once(db: Database) -> None:
    async with bench(db) as b:
        sara = await story_of_everything(b)
        await b.rows("""UPDATE "SyncLog" SET "startedAt" = '2026-01-01Z' RETURNING 1""")
        await b.rows(
            """UPDATE "SyncLog" SET "resolvedAt" = '2026-01-01Z' WHERE "resolvedBy" IS NOT NULL RETURNING 1"""
        )
        await b.rows("""UPDATE "WebhookDelivery" SET "receivedAt" = '2026-01-01Z' RETURNING 1""")
        async with asking_as(Role.OPERATOR, installed(b), db) as client:
            whole = (await client.get(f"/api/v1/records/customer/{sara}")).json()["timeline"]
            assert len(whole) == 5
            for size in (1, 2, 4):
                seen: list[Any] = []
                params: dict[str, Any] = {"limit": size}
                while params.get("before", "first"):
                    part = (await client.get(f"/api/v1/records/customer/{sara}", params=params)).json()
                    seen += part["timeline"]
                    params["before"] = part["older"]
                assert seen == whole
            wrong = await client.get(f"/api/v1/records/customer/{sara}?before=yesterday")
            assert wrong.status_code == 400
            page = await client.get(f"/records/customer/{sara}?before=yesterday")
            assert page.status_code == 400 and well_formed(page.text)
