"""The figures of the overview: each says its unit, and leads to what it counts."""

import html
import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import httpx2
import psycopg
import pytest
from sqlalchemy import text

from hamgam.app.glance import Window
from hamgam.app.words import WORDS, Writer
from hamgam.db.engine import Database
from hamgam.jobs import queue
from hamgam.model import ChangeNotice, CrmId, Entity, EntityKey, Status, Trigger
from hamgam.people.roles import Role
from hamgam.trail import deliveries
from tests.web.conftest import GUID, NOW, AddSync, Installation
from tests.web.signed_in import asking_as
from tests.web.test_pages import well_formed


def _figures(add_sync: AddSync) -> None:
    for number, status in enumerate((Status.SUCCESS, Status.SUCCESS, Status.SKIPPED, Status.FAILED)):
        add_sync(status=status, sourceEntityId=str(number), startedAt=NOW - timedelta(minutes=1 + number))
    add_sync(sourceEntityId="old", startedAt=NOW - timedelta(days=30))


async def _counted(client: httpx2.AsyncClient, link: str) -> int:
    """How many syncs there are behind a link of a page."""
    found = await client.get(f"/api/v1/syncs?{urlsplit(html.unescape(link)).query}&limit=100")
    assert found.status_code == 200, link
    return len(found.json())


@pytest.mark.parametrize("window", Window)
async def test_every_figure_of_the_chart_leads_to_as_many_syncs(
    client: httpx2.AsyncClient, add_sync: AddSync, window: Window
) -> None:
    _figures(add_sync)
    part = (await client.get(f"/chart?window={window}&lang=en")).text
    assert well_formed(part)
    legend = re.findall(r'<a class="[A-Z_]+" href="([^"]*)".*?<b>([0-9,]+)</b>', part)
    cells = re.findall(r'<td class="number"[^>]*><a href="([^"]*)">([0-9,]+)</a>', part)
    assert [int(number) for _, number in legend] == [2, 1, 0, 0, 1]
    assert sum(int(number) for _, number in cells) == 4
    for link, number in legend + cells:
        assert await _counted(client, link) == int(number), link


@pytest.mark.parametrize("lang", ["fa", "en"])
@pytest.mark.parametrize("window", Window)
async def test_the_chart_says_what_a_bar_stands_for(
    client: httpx2.AsyncClient, add_sync: AddSync, window: Window, lang: str
) -> None:
    _figures(add_sync)
    page = (await client.get(f"/?window={window}&lang={lang}")).text
    title = WORDS["fa" if lang == "fa" else "en"][f"chart.{window}"]
    assert page.count(title) == 2  # the heading, and what a screen reader says of the picture
    assert 'aria-describedby="figures"' in page
    seconds = {"chart.1h": 60, "chart.24h": 15 * 60, "chart.7d": 2 * 3600}
    assert window.span.total_seconds() == seconds[f"chart.{window}"]


def _tiles(page: str) -> dict[str, str]:
    """Where the value of each tile leads to; "" where it is no link."""
    part = page[page.index('class="tiles') : page.index('id="chart"')]
    tiles = re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", part)
    links = {label: re.search(r'<a href="([^"]*)"', value) for label, value in tiles}
    return {label: html.unescape(found[1]) if found else "" for label, found in links.items()}


async def test_a_tile_leads_to_what_it_counts_or_is_measured_from(
    client: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    _figures(add_sync)
    async with db.transaction() as connection:
        await deliveries.record(
            connection,
            [ChangeNotice(key=EntityKey(Entity.QUOTE, CrmId(GUID)), trigger=Trigger.WEBHOOK)],
        )
    words, tiles = WORDS["en"], _tiles((await client.get("/?lang=en")).text)
    plain = {words["workers"], words["last_poll"]}
    assert len(tiles) == 10
    assert {label for label, link in tiles.items() if not link} == plain
    assert tiles[words["last_webhook"]] == f"/records/quote/{GUID}"
    newest = (await client.get(tiles[words["last_success"]].replace("/syncs", "/api/v1/syncs"))).json()[0]
    assert datetime.fromisoformat(newest["startedAt"]) == NOW - timedelta(minutes=1)


async def test_how_long_a_sync_takes_leads_to_the_syncs_that_tell(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(_MANY, {"now": NOW})
        connection.execute('ANALYZE "SyncLog"')
    link = _tiles((await client.get("/?lang=en")).text)[WORDS["en"]["duration"]]
    counted = await client.get(link.replace("/syncs", "/api/v1/syncs/count"))
    assert counted.json() == {"count": 1000, "more": False}


_MANY = """
INSERT INTO "SyncLog" ("transactionId", "entityType", "sourceEntity", "sourceEntityId", direction, operation,
                       status, "triggerType", "startedAt", "durationMs")
SELECT gen_random_uuid(), 'CUSTOMER', 'customer', n::text, 'CRM_TO_FINANCE', 'UPDATE', 'SUCCESS', 'POLL',
       %(now)s - make_interval(secs => n), 40
FROM generate_series(1, 1200) AS n
"""


@pytest.mark.parametrize("window", ["1h", "24h", "7d"])
async def test_a_failure_that_went_well_when_it_was_tried_again_is_not_hidden_by_the_chart(
    client: httpx2.AsyncClient, add_sync: AddSync, window: str
) -> None:
    tried = {"attempts": [{"endedAt": NOW.isoformat(), "reason": "SERVER_ERROR"}]}
    for number, ago in enumerate((timedelta(minutes=1), timedelta(minutes=2), timedelta(days=8))):
        add_sync(startedAt=NOW - ago, sourceEntityId=str(number), **tried)
    add_sync()
    part = (await client.get(f"/chart?window={window}&lang=en")).text
    assert WORDS["en"]["chart.counts"] in part
    [link] = re.findall(rf'<a href="([^"]*)">{WORDS["en"]["chart.retried"].format(2)}</a>', part)
    assert await _counted(client, link) == 2
    assert (await client.get(f"/api/v1/charts/syncs?window={window}")).json()["retried"] == 2


async def test_the_success_rate_leads_to_what_it_is_of(client: httpx2.AsyncClient, add_sync: AddSync) -> None:
    _figures(add_sync)
    page = (await client.get("/?lang=en")).text
    [link] = re.findall(r'<a href="([^"]*)">66.6%</a>', page)
    assert await _counted(client, link) == 3


@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_the_queue_leads_to_what_waits(client: httpx2.AsyncClient, db: Database, lang: str) -> None:
    keys = [EntityKey(Entity.CUSTOMER, CrmId(GUID)), EntityKey(Entity.QUOTE, CrmId("<b>7"))]
    async with db.transaction() as connection:
        await queue.enqueue(connection, [ChangeNotice(key=keys[0], trigger=Trigger.WEBHOOK)])
        later = [ChangeNotice(key=keys[1], trigger=Trigger.POLL)]
        await queue.enqueue(connection, later, at=NOW + timedelta(minutes=5))
    overview = (await client.get(f"/?lang={lang}")).text
    two = Writer("fa" if lang == "fa" else "en").number(2)
    assert f'<a href="/queue">{two}</a>' in overview
    page = (await client.get(f"/queue?lang={lang}")).text
    assert well_formed(page)
    assert page.count("<tr>") == 1 + 2
    assert f'href="/records/customer/{GUID}"' in page
    assert 'href="/records/quote/%3Cb%3E7"' in page
    assert Writer("fa" if lang == "fa" else "en").clock(NOW + timedelta(minutes=5)) in page
    listed = (await client.get("/api/v1/queue")).json()
    assert [(each["entity"], each["crmId"]) for each in listed] == [("customer", GUID), ("quote", "<b>7")]


async def test_a_viewer_sees_no_number_in_the_queue_that_may_be_somebodys(db: Database) -> None:
    notice = ChangeNotice(key=EntityKey(Entity.CUSTOMER, CrmId("09121234567")), trigger=Trigger.POLL)
    async with db.transaction() as connection:
        await queue.enqueue(connection, [notice])
    for role, seen in ((Role.VIEWER, False), (Role.OPERATOR, True)):
        async with asking_as(role, Installation(), db) as client:
            for path in ("/queue", "/api/v1/queue"):
                assert ("09121234567" in (await client.get(path)).text) is seen


async def test_an_empty_queue_says_so(client: httpx2.AsyncClient) -> None:
    assert WORDS["en"]["queue.empty"] in (await client.get("/queue?lang=en")).text


async def test_an_empty_chart_says_so(client: httpx2.AsyncClient) -> None:
    assert WORDS["en"]["chart.empty"] in (await client.get("/chart?lang=en")).text


@pytest.mark.parametrize("lang", ["fa", "en"])
@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_who_cannot_decide_is_told_who_can(
    db: Database, add_sync: AddSync, role: Role, lang: str
) -> None:
    words = WORDS["fa" if lang == "fa" else "en"]
    add_sync(status=Status.IN_DOUBT)
    async with asking_as(role, Installation(worker=True), db) as client:
        page = (await client.get(f"/live?lang={lang}")).text
    for key in ("verdict.attention", "attention.some"):
        assert (words[key] in page) is (role is Role.OPERATOR)
        assert (words[f"{key}.viewer"] in page) is (role is Role.VIEWER)


async def test_the_worst_is_told_first_and_nothing_is_hidden_behind_it(
    client: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    add_sync(status=Status.FAILED)
    await db.execute(text("""INSERT INTO "RemoteSystem" (system, state) VALUES ('crm', 'TIMEOUT')"""))
    page = (await client.get("/live?lang=en")).text
    assert well_formed(page)
    words = WORDS["en"]
    [worst] = re.findall(r"<h1>(.*?)</h1>", page)
    assert worst == words["verdict.down"]
    others = re.findall(r'<li class="(\w+)"><b>(.*?)</b>', page)
    assert others == [(name, words[f"verdict.{name}"]) for name in ("no_worker", "attention")]
    assert (await client.get("/api/v1/overview")).json()["troubles"] == ["down", "no_worker", "attention"]


async def test_a_queue_that_does_not_get_shorter_stands_out(client: httpx2.AsyncClient, db: Database) -> None:
    async with db.transaction() as connection:
        notice = ChangeNotice(key=EntityKey(Entity.CUSTOMER, CrmId(GUID)), trigger=Trigger.WEBHOOK)
        await queue.enqueue(connection, [notice])
    assert 'class="tile warn"' not in (await client.get("/live?lang=en")).text
    await db.execute(text("UPDATE procrastinate_events SET at = now() - interval '75 seconds'"))
    page = (await client.get("/live?lang=en")).text
    assert page.count('class="tile warn"') == 1
    assert WORDS["en"]["queue.late"].partition("{}")[2] in page


async def test_a_call_that_was_refused_for_what_it_sent_does_not_colour_its_system(
    client: httpx2.AsyncClient, db: Database
) -> None:
    await db.execute(text("""INSERT INTO "RemoteSystem" (system, state) VALUES ('crm', 'BAD_REQUEST')"""))
    for path in ("/live", "/connections/live"):
        page = (await client.get(f"{path}?lang=en")).text
        assert WORDS["en"]["state.ok"] in page
        assert not re.search(r'class="[^"]*\bbad\b', page)
