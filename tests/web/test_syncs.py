"""The list of syncs: filters by plain links and forms, paging, and what is said when something is wrong."""

import html
import re
from datetime import timedelta
from urllib.parse import urlencode
from uuid import uuid4

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from hamgam.app.filters import FILTERS, end_of, first_moment
from hamgam.app.words import WORDS, Writer
from hamgam.db.engine import Database
from hamgam.model import Operation, Status
from hamgam.people.roles import Role
from tests.web.conftest import NOW, AddSync, Installation, asking
from tests.web.signed_in import asking_as
from tests.web.test_pages import well_formed

EVIL = """<script>alert(1)</script>"'&{{ 7 * 7 }}\u202e=1+1"""
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _links(page: str) -> list[str]:
    return [html.unescape(link) for link in re.findall(r'href="([^"]*)"', page)]


def _link(page: str, rel: str) -> str:
    found = re.search(rf'rel="{rel}" href="([^"]*)"', page)
    assert found is not None
    return html.unescape(found[1])


def _names(page: str) -> list[str]:
    return re.findall(r'<(?:span|a) class="name"[^>]*><bdi>([^<]*)</bdi>', page)


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("1405/01/01", "2026-03-20T20:30:00+00:00"),
        ("۱۴۰۵/۱/۱", "2026-03-20T20:30:00+00:00"),
        ("2026-03-21", "2026-03-20T20:30:00+00:00"),
        ("۲۰۲۶/۰۳/۲۱", "2026-03-20T20:30:00+00:00"),
        (" 1405-01-01 10:30:05 ", "2026-03-21T07:00:05+00:00"),
        ("2026-03-21 10:30", "2026-03-21T07:00:00+00:00"),
        ("2026-03-21T07:00:00Z", "2026-03-21T07:00:00+00:00"),
        ("2026-03-21T07:00:00 00:00", "2026-03-21T07:00:00+00:00"),
    ],
)
def test_days_and_moments_are_read_in_both_calendars(typed: str, moment: str) -> None:
    first = first_moment(typed)
    assert first.isoformat() == moment
    is_day = ":" not in typed
    assert end_of(typed) - first == timedelta(days=1 if is_day else 0)


@pytest.mark.parametrize(
    "typed",
    ["", "yesterday", "1404/12/30", "2026-02-30", "0001-01-01T00:00", "9999-12-31", "1405/01/01 25:00"],
)
def test_what_is_no_day_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"not a day|too far"):
        first_moment(typed)


@given(st.text(max_size=30) | st.from_regex(r"[0-9۰-۹]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}[T ]?[0-9:+Z]{0,9}"))
def test_no_text_is_a_defect_where_a_day_is_asked(typed: str) -> None:
    try:
        moment = first_moment(typed)
    except ValueError:
        return
    assert moment.utcoffset() == timedelta(0)


@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_the_list_is_read_without_a_script(
    client: httpx2.AsyncClient, add_sync: AddSync, lang: str
) -> None:
    words = WORDS["fa" if lang == "fa" else "en"]
    for i, status in enumerate(Status):
        add_sync(status=status, sourceEntityId=str(i), reason="TIME_GATE", sourceData={"number": f"F-{i}"})
    page = (await client.get(f"/syncs?lang={lang}")).text
    assert well_formed(page)
    assert len(_names(page)) == len(Status)
    assert all(words[key] in page for key in ("syncs", "filter.show", *Status))
    assert '<form class="panel filters" method="get" action="/syncs"' in page
    assert set(re.findall(r'name="([a-z]+)"', page)) - {"viewport", "color", "htmx"} == set(FILTERS)


async def test_a_form_with_empty_fields_lists_everything(
    client: httpx2.AsyncClient, add_sync: AddSync
) -> None:
    add_sync()
    empty = urlencode(dict.fromkeys(FILTERS, "") | {"lang": "en"})
    answer = await client.get(f"/syncs?{empty}")
    assert (answer.status_code, answer.text.count('<tr id="log-')) == (200, 1)


async def test_filters_go_together_and_stay_in_the_form_and_its_links(
    client: httpx2.AsyncClient, add_sync: AddSync
) -> None:
    for number in range(60):
        add_sync(
            status="FAILED" if number % 2 else "CONFLICT",
            reason="MATCH_TAKEN",
            sourceEntityId=str(number),
            sourceData={"number": str(number)},
            startedAt=NOW - timedelta(minutes=number),
        )
    add_sync(status="SUCCESS", sourceEntityId="other", sourceData={"number": "other"})
    asked = "status=FAILED&status=CONFLICT&reason=MATCH_TAKEN&from=1404%2F12%2F29&to=2026-03-21"
    page = (await client.get(f"/syncs?{asked}&lang=en")).text
    assert _names(page) == [str(number) for number in range(50)]
    assert "60 in all" in page
    assert page.count(" checked>") == 2
    assert '<option value="MATCH_TAKEN" selected>' in page
    assert 'value="1404/12/29"' in page
    assert f"/api/v1/syncs/export?format=csv&lang=en&{asked}" in _links(page)
    older = (await client.get(_link(page, "next"))).text
    assert _names(older) == [str(number) for number in range(50, 60)]
    assert 'rel="next"' not in older
    newer = (await client.get(_link(older, "prev"))).text
    assert _names(newer) == _names(page)


def _chips(page: str) -> dict[str, str]:
    """The address behind each chip, by its words."""
    found = re.findall(r'<li><a href="([^"]*)"[^>]*>\s*(.*?)\s*<span', page, re.DOTALL)
    return {re.sub(r"<[^>]*>|\s+$", "", words): html.unescape(href) for href, words in found}


async def test_each_filter_that_is_on_can_be_taken_away(client: httpx2.AsyncClient) -> None:
    asked = "status=FAILED&status=CONFLICT&operation=NONE&attention=true&entity=234"
    page = (await client.get(f"/syncs?{asked}&lang=en&reason=")).text
    assert _chips(page) == {
        "Failed": "/syncs?status=CONFLICT&operation=NONE&attention=true&entity=234",
        "Conflict": "/syncs?status=FAILED&operation=NONE&attention=true&entity=234",
        "Nothing done": "/syncs?status=FAILED&status=CONFLICT&attention=true&entity=234",
        "Needs attention only": "/syncs?status=FAILED&status=CONFLICT&operation=NONE&entity=234",
        "CRM id or finance code: 234": "/syncs?status=FAILED&status=CONFLICT&operation=NONE&attention=true",
    }
    assert "5 on" in page
    assert WORDS["en"]["filter.reset"] in page
    assert _chips((await client.get("/syncs?type=CUSTOMER&lang=en")).text) == {"Customer": "/syncs"}
    assert 'class="chips"' not in (await client.get("/syncs")).text


async def test_a_wrong_filter_can_be_taken_away_too(client: httpx2.AsyncClient) -> None:
    page = (await client.get("/syncs?reason=because&status=FAILED&lang=en")).text
    assert _chips(page)["because"] == "/syncs?status=FAILED"


@pytest.mark.parametrize(
    ("lang", "today", "before"),
    [("fa", "۰۰:۳۰:۰۰", "۱۴۰۴/۱۲/۲۹ ۲۳:۵۹"), ("en", "00:30:00", "2026-03-20 23:59")],
)
async def test_a_time_has_its_date_where_it_is_not_of_today(
    client: httpx2.AsyncClient, add_sync: AddSync, lang: str, today: str, before: str
) -> None:
    add_sync()
    add_sync(startedAt=NOW - timedelta(minutes=31), sourceEntityId="before midnight")
    page = (await client.get(f"/syncs?lang={lang}")).text
    times = re.findall(r'<time [^>]*title="([^"]*)"><bdi dir="ltr">([^<]*)</bdi>', page)
    ages = [Writer("fa" if lang == "fa" else "en").ago(seconds) for seconds in (0, 31 * 60)]
    assert times == list(zip(ages, [today, before], strict=True))


async def test_who_was_not_read_is_listed_by_the_name_that_is_known(
    client: httpx2.AsyncClient, add_sync: AddSync, db: Database
) -> None:
    await db.execute(
        text(
            """INSERT INTO "RecordName" (entity, id, name, number, search)
            VALUES ('customer', '1', 'سمیه محمدی', 'C-1', ''), ('invoice', '2', 'a subject', 'F-17', '')"""
        )
    )
    gated = {"status": "SKIPPED", "reason": "TIME_GATE", "operation": "NONE"}
    ids = [uuid4(), uuid4()]
    add_sync(**gated, id=ids[0], sourceEntityId="1")
    document = {"entityType": "PREINVOICE", "sourceEntity": "invoice", "sourceEntityId": "2"}
    add_sync(**gated, **document, id=ids[1], startedAt=NOW - timedelta(seconds=1))
    assert _names((await client.get("/syncs")).text) == ["سمیه محمدی", "F-17"]
    for log_id, name in zip(ids, ("سمیه محمدی", "F-17"), strict=True):
        assert f"<h1><bdi>{name}</bdi>" in (await client.get(f"/syncs/{log_id}")).text
    assert "name" not in (await client.get(f"/api/v1/syncs/{ids[0]}")).json()


async def test_only_what_asks_for_a_person(client: httpx2.AsyncClient, add_sync: AddSync) -> None:
    add_sync(status="FAILED", sourceEntityId="1", sourceData={"number": "open"})
    add_sync(status="FAILED", sourceEntityId="2", sourceData={"number": "settled"}, resolvedAt=NOW)
    assert _names((await client.get("/syncs?attention=true")).text) == ["open"]


async def test_only_what_needed_more_than_one_attempt(client: httpx2.AsyncClient, add_sync: AddSync) -> None:
    add_sync(sourceEntityId="1", sourceData={"number": "twice"}, attempts=[{"endedAt": NOW.isoformat()}])
    add_sync(sourceEntityId="2", sourceData={"number": "once"})
    page = (await client.get("/syncs?retried=true&lang=en")).text
    assert _names(page) == ["twice"]
    assert _chips(page) == {WORDS["en"]["filter.retried"]: "/syncs"}


@pytest.mark.parametrize(
    ("query", "key"),
    [("", "syncs.none"), ("status=FAILED", "syncs.none_such"), ("entity=nobody", "syncs.none_such")],
)
@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_an_empty_list_says_why_and_leads_on(
    client: httpx2.AsyncClient, lang: str, query: str, key: str
) -> None:
    page = (await client.get(f"/syncs?lang={lang}&{query}")).text
    assert well_formed(page)
    assert WORDS["fa" if lang == "fa" else "en"][key] in page


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=GOOD", "status"),
        ("status=FAILED&status=x", "status"),
        ("operation=x", "operation"),
        ("trigger=%00", "trigger"),
        ("type=customer", "type"),
        ("reason=because", "reason"),
        ("from=yesterday", "from"),
        ("to=1404/13/01", "to"),
        ("from=2026-03-20&to=2026-03-19", "to"),
        ("entity=%00", "entity"),
        (f"entity={'x' * 101}", "entity"),
        ("attention=perhaps", "attention"),
        ("cursor=forged", "cursor"),
    ],
)
@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_a_wrong_parameter_is_named(
    client: httpx2.AsyncClient, lang: str, query: str, field: str
) -> None:
    answer = await client.get(f"/syncs?lang={lang}&{query}")
    assert answer.status_code == 400
    assert well_formed(answer.text)
    writer = Writer("fa" if lang == "fa" else "en")
    page = html.unescape(answer.text)
    assert writer.word("syncs.wrong") in page
    assert writer.word(f"wrong.{field}", writer.day(NOW)) in page
    told = (await client.get(f"/api/v1/syncs?{query}")).json()["detail"]
    assert told.startswith(f"{field}: ")


@given(query=st.lists(st.tuples(st.sampled_from([*FILTERS, "cursor", "lang", "x"]), st.text(max_size=12))))
@MANY
async def test_no_address_is_a_defect(client: httpx2.AsyncClient, query: list[tuple[str, str]]) -> None:
    written = urlencode(query, errors="replace")
    for path in ("/syncs", "/syncs/new", "/api/v1/syncs"):
        assert (await client.get(f"{path}?{written}")).status_code in (200, 400)


async def test_what_came_since_is_counted_and_moves_nothing(
    client: httpx2.AsyncClient, add_sync: AddSync
) -> None:
    add_sync(sourceEntityId="1")
    page = (await client.get("/syncs?lang=en&operation=UPDATE")).text
    found = re.search(r'<p id="fresh"[^>]*hx-get="([^"]*)"', page)
    assert found is not None
    fresh = html.unescape(found[1])
    assert "new" not in (await client.get(fresh)).text.partition("outerMorph")[2]
    for number in range(3):
        add_sync(sourceEntityId=f"new {number}", startedAt=NOW + timedelta(seconds=1 + number))
    add_sync(sourceEntityId="5", operation="CREATE", startedAt=NOW + timedelta(seconds=5))
    part = (await client.get(fresh)).text
    assert "3 new; show" in part
    assert _links(part) == ["/syncs?operation=UPDATE"]
    assert html.unescape(part).count(fresh.partition("cursor=")[2]) == 1


async def test_names_are_text_and_never_markup(client: httpx2.AsyncClient, add_sync: AddSync) -> None:
    add_sync(sourceData={"fields": {"name": EVIL}}, targetEntityId=EVIL, errorMessage=EVIL, status="FAILED")
    page = (await client.get("/syncs", params={"lang": "en", "entity": EVIL})).text
    assert well_formed(page)
    assert "<script>alert" not in page
    assert _names(page) == [
        html.escape(EVIL, quote=True).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")
    ]


@pytest.mark.parametrize("role", Role)
async def test_viewers_see_masks(
    installation: Installation, db: Database, add_sync: AddSync, role: Role
) -> None:
    add_sync(sourceData={"fields": {"name": "سمیه محمدی"}}, status="FAILED", reason="X", errorMessage="سمیه")
    async with asking_as(role, installation, db) as client:
        page = (await client.get("/syncs")).text
    assert ("سمیه" in page) is role.may(Role.OPERATOR)
    assert ("س••• م•••" in page) is not role.may(Role.OPERATOR)


async def test_the_api_goes_on_by_link(client: httpx2.AsyncClient, add_sync: AddSync) -> None:
    for number in range(5):
        add_sync(sourceEntityId=str(number), startedAt=NOW - timedelta(seconds=number))
    add_sync(sourceEntityId="x", operation=Operation.LINK)
    found, url = [], "/api/v1/syncs?limit=2&operation=UPDATE"
    while url:
        answer = await client.get(url)
        found += [row["sourceEntityId"] for row in answer.json()]
        link = re.fullmatch(r'<(/api/v1/syncs\?[^>]*)>; rel="next"', answer.headers.get("link", ""))
        url = link[1] if link else ""
    assert found == ["0", "1", "2", "3", "4"]


async def test_without_a_database_the_list_says_so(installation: Installation) -> None:
    nowhere = Database("postgresql://someone@127.0.0.1:1/books")
    async with asking(installation, nowhere) as client:
        answer = await client.get("/syncs?lang=en")
    await nowhere.aclose()
    assert answer.status_code == 503
    assert WORDS["en"]["gone"] in answer.text
