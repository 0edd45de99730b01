"""The search among the filters of the syncs: by what people know a record by, in whatever spelling."""

import html
import re
from datetime import timedelta
from urllib.parse import quote

import httpx2
import psycopg
import pytest

from hamgam.app.words import WORDS, Writer, isolated
from hamgam.db.engine import Database
from hamgam.people.roles import Role
from hamgam.persian import search_text
from hamgam.trail.records import MOST_FOUND
from tests.web.conftest import GUID, NOW, AddSync, Installation
from tests.web.signed_in import asking_as
from tests.web.test_export import _sheet, _table
from tests.web.test_pages import well_formed
from tests.web.test_search_pages import name

SARA, DOCUMENT, CODE = GUID, "9b2d7e1c-0000-4000-8000-000000000001", "4711"
MOBILE, NATIONAL_ID = "09121112233", "0012345678"
_OF_SARA = {"of sara", "of her document", "of her contact"}
_LANGUAGES = pytest.mark.parametrize("lang", ["fa", "en"])


@pytest.fixture(autouse=True)
def log(database_url: str, add_sync: AddSync) -> None:
    """Of Sara, of an invoice of hers, of the contact that she was imported from, and of somebody else."""
    search = search_text(["سارا محمدی‌راد", "C-1042", NATIONAL_ID, SARA], [MOBILE])
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            """INSERT INTO "RecordName" (entity, id, kind, name, number, "customerId", search) VALUES"""
            """ ('customer', %s, 'person', 'سارا محمدی‌راد', 'C-1042', NULL, %s),"""
            """ ('invoice', %s, NULL, 'فرش', 'F-9', %s, ' فرش f9 ')""",
            [SARA, search, DOCUMENT, SARA],
        )
        connection.execute(
            """INSERT INTO "EntityMapping" ("entityType", "crmId", "financeId", "crmEntity")"""
            """ VALUES ('CUSTOMER', %s, %s, 'customer')""",
            [SARA, CODE],
        )
    contact = {"sourceEntity": "contact", "direction": "FINANCE_TO_CRM", "triggerType": "IMPORT"}
    document = {"sourceEntity": "invoice", "entityType": "PREINVOICE", "status": "FAILED"}
    add_sync(sourceEntityId=SARA, sourceData={"fields": {"name": "of sara"}})
    add_sync(**document, sourceEntityId=DOCUMENT, sourceData={"number": "of her document"})
    add_sync(**contact, sourceEntityId=CODE, sourceData={"number": "of her contact"})
    for n in range(60):
        at = NOW - timedelta(minutes=n)
        add_sync(sourceEntityId=f"other {n}", sourceData={"number": "of another"}, startedAt=at)


def listed(page: str) -> set[str]:
    return set(re.findall(r'<(?:span|a) class="name"[^>]*><bdi>([^<]*)</bdi>', page))


@pytest.mark.parametrize(
    "typed",
    [
        "محمدي‌راد سارا",
        "سارا محمدی راد",
        "۰۹۱۲۱۱۱۲۲۳۳",
        "+98 912 111 2233",
        "٠٠١٢٣٤٥٦٧٨",
        "c1042",
        "C-۱۰۴۲",
        SARA.upper(),
    ],
)
async def test_a_record_is_found_by_whatever_it_is_known_by(client: httpx2.AsyncClient, typed: str) -> None:
    asked = f"q={quote(typed)}"
    page = (await client.get(f"/syncs?{asked}&lang=en")).text
    assert listed(page) == _OF_SARA
    assert "3 in all" in page
    rows = (await client.get(f"/api/v1/syncs?{asked}")).json()
    assert {row["sourceEntityId"] for row in rows} == {SARA, DOCUMENT, CODE}
    assert (await client.get(f"/api/v1/syncs/count?{asked}")).json() == {"count": 3, "more": False}


@pytest.mark.parametrize("typed", [CODE, "۴۷۱۱"])
async def test_a_finance_code_finds_the_customer_and_the_contact(
    client: httpx2.AsyncClient, typed: str
) -> None:
    assert listed((await client.get(f"/syncs?q={typed}")).text) == {"of sara", "of her contact"}


async def test_a_search_goes_together_with_the_other_filters(client: httpx2.AsyncClient) -> None:
    for asked, found in (
        ("q=سارا&status=FAILED", {"of her document"}),
        ("q=سارا&status=SUCCESS&trigger=IMPORT", {"of her contact"}),
        (f"q=سارا&entity={SARA}", {"of sara"}),
        ("q=سارا&reason=TIME_GATE", set()),
        ("q=فرش", {"of her document"}),
        ("q=سارا&to=2020-01-01", set()),
    ):
        assert listed((await client.get(f"/syncs?{asked}")).text) == found, asked


async def test_a_file_holds_what_is_found(client: httpx2.AsyncClient) -> None:
    csv = await client.get("/api/v1/syncs/export?format=csv&q=سارا")
    assert {row[10] for row in _table(csv.content)[1:]} == {SARA, DOCUMENT, ""}
    xlsx = await client.get("/api/v1/syncs/export?format=xlsx&q=سارا")
    assert len(_sheet(xlsx.content)) == 4
    page = html.unescape((await client.get("/syncs?q=سارا&lang=en")).text)
    assert f"/api/v1/syncs/export?format=csv&lang=en&q={quote('سارا')}" in page


@pytest.mark.parametrize("blank", ["", "%20"])
async def test_a_blank_search_is_none(client: httpx2.AsyncClient, blank: str) -> None:
    for path in ("syncs", "syncs/count", "syncs/export"):
        all_rows = await client.get(f"/api/v1/{path}?status=SUCCESS")
        assert (await client.get(f"/api/v1/{path}?status=SUCCESS&q={blank}")).content == all_rows.content


async def test_pages_of_what_is_found_go_on(client: httpx2.AsyncClient, add_sync: AddSync) -> None:
    for n in range(60):
        read = {"fields": {"name": str(n)}}
        add_sync(sourceEntityId=SARA, sourceData=read, startedAt=NOW - timedelta(days=n + 1))
    first = (await client.get("/syncs?q=سارا")).text
    [further] = re.findall(r'rel="next" href="([^"]+)"', first)
    second = (await client.get(html.unescape(further))).text
    assert listed(first) | listed(second) == _OF_SARA | {str(n) for n in range(60)}
    assert len(listed(second)) == 13


async def test_an_open_page_does_not_repeat_its_search(client: httpx2.AsyncClient) -> None:
    for asked, told in (("q=سارا", False), ("q=سارا&status=SUCCESS", False), ("status=SUCCESS&q=+", True)):
        page = (await client.get(f"/syncs?{asked}")).text
        assert ('id="fresh"' in page) is told, asked


@_LANGUAGES
async def test_nothing_found_leads_to_the_search_of_customers(client: httpx2.AsyncClient, lang: str) -> None:
    w = Writer("fa" if lang == "fa" else "en")
    page = html.unescape((await client.get(f"/syncs?lang={lang}&q=بهرام&status=FAILED")).text)
    assert well_formed(page)
    assert w.word("syncs.unmatched", isolated("بهرام")) in page
    assert f'href="/records?q={quote("بهرام")}">{w.word("syncs.search_records", isolated("بهرام"))}' in page
    assert (await client.get("/api/v1/syncs?q=بهرام")).json() == []
    for nothing in ("؟!", "_", "%"):
        assert listed((await client.get(f"/syncs?q={quote(nothing)}")).text) == set()


@_LANGUAGES
async def test_found_records_without_a_sync_lead_there_too(client: httpx2.AsyncClient, lang: str) -> None:
    page = html.unescape((await client.get(f"/syncs?lang={lang}&q=سارا&reason=NO_LINES")).text)
    words = WORDS["fa" if lang == "fa" else "en"]
    assert words["syncs.none_such"] in page
    assert f'href="/records?q={quote("سارا")}"' in page


@_LANGUAGES
async def test_too_many_records_are_said_and_none_of_them_is_listed(
    client: httpx2.AsyncClient, database_url: str, lang: str
) -> None:
    name(database_url, MOST_FOUND)
    w = Writer("fa" if lang == "fa" else "en")
    asked = f"q={quote('محمدی')}"
    page = (await client.get(f"/syncs?lang={lang}&{asked}")).text
    assert well_formed(page)
    assert w.word("syncs.too_many", MOST_FOUND, isolated("محمدی")) in page
    assert f'class="button" href="/records?{asked}"' in page
    assert listed(page) == set()
    for path in ("syncs", "syncs/count", "syncs/export"):
        answer = await client.get(f"/api/v1/{path}?{asked}")
        assert (answer.status_code, answer.json()["detail"][:2]) == (400, "q:")
    assert (await client.get(f"/syncs/new?{asked}")).status_code == 200
    assert listed((await client.get(f"/syncs?q={quote('سارا ۱۰۴۲')}")).text) == _OF_SARA


@_LANGUAGES
async def test_of_too_many_records_those_that_are_named_whole_are_listed(
    client: httpx2.AsyncClient, database_url: str, lang: str
) -> None:
    name(database_url, MOST_FOUND, extra=f"9{CODE}9")
    w = Writer("fa" if lang == "fa" else "en")
    page = (await client.get(f"/syncs?lang={lang}&q={CODE}")).text
    assert well_formed(page)
    assert listed(page) == {"of sara", "of her contact"}
    assert w.word("syncs.whole_only", isolated(CODE), MOST_FOUND) in page
    assert page.count(f'href="/records?q={CODE}"') == 1
    assert len((await client.get(f"/api/v1/syncs?q={CODE}")).json()) == 2
    empty = (await client.get(f"/syncs?lang={lang}&q={CODE}&status=CONFLICT")).text
    assert empty.count(f'href="/records?q={CODE}"') == 1


async def test_a_viewer_finds_by_what_is_shown_and_cannot_spell_out_what_is_masked(
    installation: Installation, db: Database
) -> None:
    shown, masked = ["C-1042", CODE, SARA], ["سارا", MOBILE, "0912", NATIONAL_ID, "2233", "C-104", "فرش"]
    for role in (Role.VIEWER, Role.OPERATOR):
        async with asking_as(role, installation, db) as client:
            for typed in (*shown, *masked):
                found = typed in shown or role is Role.OPERATOR
                rows = (await client.get("/api/v1/syncs", params={"q": typed})).json()
                assert bool(rows) is found, (role, typed)
                page = (await client.get("/syncs", params={"q": typed})).text
                assert ('<tr id="log-' in page) is found
                count = (await client.get("/api/v1/syncs/count", params={"q": typed})).json()["count"]
                assert bool(count) is found
                csv = (await client.get("/api/v1/syncs/export", params={"q": typed})).content
                assert (len(_table(csv)) > 1) is found


async def test_no_page_offers_to_clear_the_filters_twice(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    clear = f">{WORDS['en']['filter.reset']}</a>"
    for asked in (
        "status=SUCCESS&q=سارا",
        "status=CONFLICT&q=سارا",
        "status=CONFLICT&q=بهرام",
        "q=بهرام&type=x",
    ):
        page = (await client.get(f"/syncs?lang=en&{asked}")).text
        assert page.count(clear) == 1, asked
    name(database_url, MOST_FOUND)
    assert (await client.get("/syncs?lang=en&status=CONFLICT&q=محمدی")).text.count(clear) == 1
