"""The pages of a search: each record that it finds stands on one of them, in the order that is shown."""

import re
from datetime import timedelta
from uuid import UUID

import httpx2
import psycopg
import pytest

from hamgam.app.records import ROWS
from hamgam.app.words import Writer
from hamgam.persian import search_text
from hamgam.trail.place import Place
from hamgam.trail.records import MOST_FOUND
from tests.web.conftest import NOW, AddSync
from tests.web.test_linked import pages
from tests.web.test_pages import well_formed

_MANY = 2 * ROWS + 7


def name(database_url: str, many: int, extra: str = "") -> None:
    """So many customers called Mohammadi; every third has the number C1, and the others C12."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            """INSERT INTO "RecordName" (entity, id, kind, name, number, search)"""
            """ SELECT 'customer', '00000000-0000-4000-8000-' || lpad(n::text, 12, '0'), 'person', 'x', '',"""
            """ %s || CASE WHEN n %% 3 = 0 THEN 'c1 ' ELSE 'c12 ' END FROM generate_series(1, %s) AS n""",
            [search_text(["سارا محمدی", extra]), many],
        )


@pytest.fixture
def many(database_url: str, add_sync: AddSync) -> None:
    """Some were synchronised, some of these at the same moment."""
    name(database_url, _MANY)
    for n in range(1, 31):
        at = NOW - timedelta(minutes=n // 4)
        add_sync(sourceEntityId=f"00000000-0000-4000-8000-{n:012}", startedAt=at)


def found(page: str) -> list[int]:
    return [int(id_[-12:]) for id_ in re.findall(r'class="name" href="/records/customer/([^"]+)"', page)]


@pytest.mark.usefixtures("many")
async def test_every_record_stands_on_one_page(client: httpx2.AsyncClient) -> None:
    shown = await pages(client, "/records?q=محمدی&lang=en")
    assert [len(found(page)) for page in shown] == [ROWS, ROWS, 7]
    listed = [n for page in shown for n in found(page)]
    assert sorted(listed) == list(range(1, _MANY + 1))
    assert [n // 4 for n in listed[:30]] == sorted(n // 4 for n in range(1, 31))
    assert all(f"{_MANY} found" in page for page in shown)


@pytest.mark.usefixtures("many")
async def test_what_is_named_whole_comes_first_on_whatever_page(client: httpx2.AsyncClient) -> None:
    listed = [n for page in await pages(client, "/records?q=c1") for n in found(page)]
    assert len(listed) == _MANY
    assert {n % 3 for n in listed[: _MANY // 3]} == {0}


@pytest.mark.usefixtures("many")
async def test_a_program_turns_the_same_pages(client: httpx2.AsyncClient) -> None:
    asked: dict[str, str | int] = {"q": "محمدی", "limit": 20}
    listed = []
    while True:
        part = (await client.get("/api/v1/records", params=asked)).json()
        assert (part["count"], part["more"]) == (_MANY, False)
        listed += [each["id"] for each in part["records"]]
        if part["older"] is None:
            break
        asked["before"] = part["older"]
    assert len(listed) == len(set(listed)) == _MANY


@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_too_many_to_list_are_said_to_be(
    client: httpx2.AsyncClient, database_url: str, lang: str
) -> None:
    name(database_url, MOST_FOUND + 5)
    w = Writer("fa" if lang == "fa" else "en")
    page = (await client.get(f"/records?q=محمدی&lang={lang}")).text
    assert w.word("records.more", MOST_FOUND) in page
    assert w.word("records.more.note", MOST_FOUND) in page
    told = (await client.get("/api/v1/records?q=محمدی")).json()
    assert (told["count"], told["more"]) == (MOST_FOUND, True)


async def test_no_more_are_listed_than_are_said_to_be(client: httpx2.AsyncClient, database_url: str) -> None:
    name(database_url, MOST_FOUND + 5)
    asked, listed = {"q": "محمدی", "limit": "200"}, 0
    while asked.get("before") != "None":
        part = (await client.get("/api/v1/records", params=asked)).json()
        listed, asked["before"] = listed + len(part["records"]), str(part["older"])
    assert listed == MOST_FOUND


@pytest.mark.usefixtures("many")
async def test_the_end_of_the_pages_is_no_empty_search(client: httpx2.AsyncClient, database_url: str) -> None:
    first = (await client.get("/records?q=محمدی&lang=en")).text
    [further] = re.findall(r'rel="next" href="([^"]+)"', first)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute('DELETE FROM "RecordName"')
    page = (await client.get(further.replace("&amp;", "&"))).text
    assert Writer("en").word("linked.end") in page
    assert Writer("en").word("records.none") not in page


@pytest.mark.parametrize("before", ["x", str(Place(NOW, UUID(int=1), newer=True))])
async def test_a_forged_page_is_refused(client: httpx2.AsyncClient, before: str) -> None:
    answer = await client.get(f"/records?q=a&before={before}&lang=en")
    assert answer.status_code == 400 and well_formed(answer.text)
    told = await client.get(f"/api/v1/records?q=a&before={before}")
    assert (told.status_code, told.json()["detail"][:7]) == (400, "before:")
