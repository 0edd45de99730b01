"""A look at a record that a person asks for: queued once, hastened, and told of while it waits."""

import asyncio
import re
from datetime import UTC, datetime

import pytest

from hamgam.app.words import WORDS
from hamgam.db.engine import Database
from hamgam.jobs import queue
from hamgam.model import ChangeNotice, Entity, EntityKey, Trigger
from hamgam.people.roles import Role
from tests.bench import bench
from tests.web.conftest import GUID, in_json
from tests.web.signed_in import asking_as
from tests.web.test_pages import well_formed
from tests.web.test_records import installed, person


async def test_sync_now_queues_one_look_however_often_one_page_is_clicked(db: Database) -> None:
    async with bench(db) as b:
        sara = person(b)
        await b.sync(sara)
        async with asking_as(Role.OPERATOR, installed(b), db) as client:
            page = (await client.get(f"/records/customer/{sara}")).text
            action = page.split('action="/records/customer/')[1].split('"')[0]
            clicks = [client.post(f"/records/customer/{action}") for _ in range(3)]
            for answer in await asyncio.gather(*clicks):
                assert answer.status_code == 303
                assert answer.headers["location"] == f"/records/customer/{sara}"
            [job] = await b.jobs()
            assert (job.args["trigger"], job.args["payload"]["by"], job.args["kind"]) == (
                "MANUAL",
                "somebody",
                "person",
            )
            waiting = (await client.get(f"/records/customer/{sara}/live?lang=en")).text
            assert "as soon as its turn comes" in waiting and "somebody" in waiting
            await b.sync_next()
            await client.post(f"/records/customer/{action}")
            assert await b.jobs() == []
            told = (await client.get(f"/records/customer/{sara}/live?lang=en")).text
            assert "not in the queue" in told and "asked for by" in told
            twin = await client.post(f"/api/v1/records/customer/{replace_asked(action, 'api')}")
            [job] = await b.jobs()
            assert (twin.status_code, job.args["kind"]) == (202, "person")
            await b.sync_next()
            later = replace_asked(action, "later")
            await client.post(f"/records/customer/{later}")
            assert len(await b.jobs()) == 1


def replace_asked(action: str, asked: str) -> str:
    return f"{action.split('?')[0]}?asked={asked}"


async def test_sync_now_hastens_a_look_that_waits_for_its_time(db: Database) -> None:
    async with bench(db) as b:
        sara = person(b)
        await b.sync(sara)
        key = EntityKey(Entity.CUSTOMER, sara)
        at = datetime(2100, 1, 1, tzinfo=UTC)
        async with db.transaction() as connection:
            await queue.enqueue(connection, [ChangeNotice(key=key, trigger=Trigger.POLL)], at=at)
        async with asking_as(Role.OPERATOR, installed(b), db) as client:
            told = (await client.get(f"/api/v1/records/customer/{sara}")).json()
            assert told["looks"] == [{"running": False, "due": in_json(at), "by": None}]
            assert "2100" in (await client.get(f"/records/customer/{sara}?lang=en")).text
            answer = await client.post(f"/api/v1/records/customer/{sara}/sync")
            assert (answer.status_code, answer.json()) == (202, {"queued": True})
            told = (await client.get(f"/api/v1/records/customer/{sara}")).json()
            assert told["looks"] == [{"running": False, "due": None, "by": "somebody"}]


@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_what_is_new_in_the_crm_can_be_asked_for_by_its_id(db: Database, lang: str) -> None:
    async with bench(db) as b:
        sara = person(b)
        async with asking_as(Role.OPERATOR, installed(b), db) as client:
            found = await client.get("/records", params={"q": sara.upper(), "lang": lang})
            assert found.status_code == 200 and well_formed(found.text)
            for entity in Entity:
                assert f'action="/records/{entity}/{sara}/sync?' in found.text
            unread = await client.get(f"/records/customer/{sara}", params={"lang": lang})
            assert unread.status_code == 404 and well_formed(unread.text)
            assert WORDS["fa" if lang == "fa" else "en"]["records.unread"] in unread.text
            action = re.search(r'action="(/records/customer/[^"]+)"', unread.text)
            assert action and "/records/invoice/" not in unread.text
            answer = await client.post(action[1])
            assert (answer.status_code, answer.headers["location"]) == (303, f"/records/customer/{sara}")
            assert (await client.get(f"/records/customer/{sara}")).status_code == 200
            await b.sync_next()
            assert "سارا محمدی" in (await client.get(f"/records/customer/{sara}")).text
            assert (await client.get(f"/records?q={sara}")).text.count("/sync?") == 0
            await client.post(f"/api/v1/records/quote/{GUID}/sync")
            assert len(await b.jobs()) == 1


async def test_a_viewer_is_told_of_an_unread_id_and_offered_nothing(db: Database) -> None:
    async with bench(db) as b, asking_as(Role.VIEWER, installed(b), db) as client:
        for address in (f"/records?q={GUID}&lang=en", f"/records/invoice/{GUID}?lang=en"):
            page = (await client.get(address)).text
            assert WORDS["en"]["records.unread"] in page and "/sync?" not in page


async def test_a_look_that_nobody_takes_is_said_to_wait_for_a_worker(db: Database) -> None:
    async with bench(db) as b:
        sara = person(b)
        await b.sync(sara)
        warning = WORDS["en"]["verdict.no_worker"]
        site = installed(b)
        async with asking_as(Role.OPERATOR, site, db) as client:
            address = f"/records/customer/{sara}"
            assert warning not in (await client.get(f"{address}?lang=en")).text
            await client.post(f"{address}/sync")
            for page in (f"{address}?lang=en", f"{address}/live?lang=en"):
                assert warning in (await client.get(page)).text
            await b.rows(
                "INSERT INTO procrastinate_workers (last_heartbeat) SELECT now() FROM generate_series(1, 3)"
                " RETURNING 1"
            )
            assert warning not in (await client.get(f"{address}/live?lang=en")).text
