"""What is linked, the last one first: the customers and pre-invoices that the overview counts."""

import re
from typing import Any
from uuid import UUID

import httpx2
import psycopg
import pytest

from hamgam.app.records import ROWS
from hamgam.app.words import WORDS, Writer
from hamgam.db.engine import Database
from hamgam.people.roles import Role
from hamgam.trail.place import Place
from tests.web.conftest import NOW, Installation
from tests.web.filled import link
from tests.web.signed_in import asking_as
from tests.web.test_pages import well_formed

_MANY = 2 * ROWS + 3


@pytest.fixture
def many(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        link(connection, "CUSTOMER", "customer", _MANY)
        link(connection, "PREINVOICE", "invoice", 2)


async def pages(client: httpx2.AsyncClient, address: str) -> list[str]:
    """Every page of a list, as a reader turns them."""
    shown = []
    while address:
        answer = await client.get(address)
        assert answer.status_code == 200 and well_formed(answer.text), address
        shown.append(answer.text)
        further = re.search(r'rel="next" href="([^"]+)"', answer.text)
        address = further[1].replace("&amp;", "&") if further else ""
    return shown


@pytest.mark.usefixtures("many")
async def test_each_stands_there_once_the_last_one_first(client: httpx2.AsyncClient) -> None:
    shown = await pages(client, "/records?linked=CUSTOMER&lang=en")
    found = [id_ for page in shown for id_ in re.findall(r'href="/records/customer/0*([0-9-]+)"', page)]
    codes = [int(id_.replace("-", "")) for id_ in found]
    assert len(shown) == 3
    assert len(codes) == len(set(codes)) == _MANY
    assert [code // 2 for code in codes] == sorted(code // 2 for code in codes)
    documents = await pages(client, "/records?linked=PREINVOICE&lang=en")
    assert [page.count('href="/records/invoice/') for page in documents] == [2]


@pytest.mark.parametrize("lang", ["fa", "en"])
@pytest.mark.usefixtures("many")
async def test_the_tile_the_start_of_the_search_and_the_list_say_one_number(
    client: httpx2.AsyncClient, lang: str
) -> None:
    w = Writer("fa" if lang == "fa" else "en")
    for type_, number in (("CUSTOMER", _MANY), ("PREINVOICE", 2)):
        link_to = f'<a href="/records?linked={type_}">{w.number(number)}</a>'
        for leads_there in ("/", "/records"):
            assert link_to in (await client.get(f"{leads_there}?lang={lang}")).text
        assert (
            w.word("linked.count", number) in (await client.get(f"/records?linked={type_}&lang={lang}")).text
        )


@pytest.mark.usefixtures("many")
async def test_a_program_reads_the_same_list(client: httpx2.AsyncClient) -> None:
    asked: dict[str, Any] = {"type": "CUSTOMER", "limit": 40}
    found: list[dict[str, Any]] = []
    while True:
        part = (await client.get("/api/v1/records/linked", params=asked)).json()
        assert part["count"] == _MANY
        found += part["records"]
        if part["older"] is None:
            break
        asked["before"] = part["older"]
    assert len({each["id"] for each in found}) == len(found) == _MANY
    since = [each["linked"]["since"] for each in found]
    assert since == sorted(since, reverse=True)


@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_an_empty_list_says_how_it_fills(client: httpx2.AsyncClient, lang: str) -> None:
    for type_ in ("CUSTOMER", "PREINVOICE"):
        page = (await client.get(f"/records?linked={type_}&lang={lang}")).text
        words = WORDS["fa" if lang == "fa" else "en"]
        assert words[f"linked.none.{type_}"] in page and words[f"linked.none.{type_}.note"] in page
        assert well_formed(page)


async def test_the_end_of_the_list_is_no_empty_list(client: httpx2.AsyncClient, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        link(connection, "CUSTOMER", "customer", ROWS + 1)
    first, _ = await pages(client, "/records?linked=CUSTOMER&lang=en")
    [place] = re.findall(r"before=([^\"]+)", first)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute('DELETE FROM "EntityMapping"')
    page = (await client.get(f"/records?linked=CUSTOMER&before={place}&lang=en")).text
    assert WORDS["en"]["linked.end"] in page
    assert WORDS["en"]["linked.none.CUSTOMER"] not in page


@pytest.mark.parametrize(
    "query",
    [
        "linked=PLANET",
        "linked=CUSTOMER&before=x",
        f"linked=CUSTOMER&before={Place(NOW, UUID(int=1), newer=True)}",
    ],
)
async def test_a_forged_list_gets_a_clear_page(client: httpx2.AsyncClient, query: str) -> None:
    answer = await client.get(f"/records?{query}&lang=en")
    assert answer.status_code == 400 and well_formed(answer.text)
    assert WORDS["en"]["refused.400"] in answer.text
    asked = query.replace("linked=", "type=")
    assert (await client.get(f"/api/v1/records/linked?{asked}")).status_code in (400, 422)


async def test_a_viewer_sees_no_name_in_it(db: Database, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        link(connection, "CUSTOMER", "customer", 1)
        connection.execute(
            """INSERT INTO "RecordName" (entity, id, kind, name, number, search)"""
            """ SELECT 'customer', "crmId", 'person', 'Sara Mohammadi', '1', '' FROM "EntityMapping" """
        )
    for role, seen in ((Role.VIEWER, False), (Role.OPERATOR, True)):
        async with asking_as(role, Installation(), db) as client:
            for path in ("/records?linked=CUSTOMER", "/api/v1/records/linked?type=CUSTOMER"):
                assert ("Sara Mohammadi" in (await client.get(path)).text) is seen
