"""Sign-in and sign-out: sessions, their ends, and what those hear who may not come in."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx2
import pytest
import structlog
from argon2 import PasswordHasher
from sqlalchemy import text

from hamgam.app.addresses import local_path
from hamgam.app.csrf import HEADER, proof
from hamgam.app.entrance import POLLING
from hamgam.app.web import create_app
from hamgam.app.words import WORDS
from hamgam.db.engine import Database
from hamgam.people import users
from hamgam.people.roles import Role
from tests.web.conftest import GUID, NOW, PROOF, PROOF_COOKIE, TOKEN, Installation, asking, basic
from tests.web.routes import operations
from tests.web.test_pages import well_formed

PASSWORD = "correct horse battery"
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@pytest.fixture
async def sara(db: Database) -> users.User:
    return await users.add(db, "Sara", Role.ADMIN, HASH, NOW)


async def sign_in(
    client: httpx2.AsyncClient, name: str = "Sara", password: str = PASSWORD, **more: str
) -> httpx2.Response:
    fields = {"name": name, "password": password, **more}
    session = client.cookies.get("hamgam")
    headers = {HEADER: proof(session)} if session else PROOF
    return await client.post("/sign-in", data=fields, headers=headers)


@asynccontextmanager
async def from_address(
    installation: Installation, db: Database, *addresses: str, scheme: str = "http"
) -> AsyncIterator[list[httpx2.AsyncClient]]:
    """Several browsers at one service."""
    app = create_app(installation.context(db))
    clients = []
    for address in addresses:
        transport = httpx2.ASGITransport(app=app, client=(address, 4000))
        url = f"{scheme}://hamgam.example.com"
        clients.append(httpx2.AsyncClient(transport=transport, base_url=url, cookies=PROOF_COOKIE))
    yield clients
    for client in clients:
        await client.aclose()


async def test_the_right_password_opens_the_pages(client: httpx2.AsyncClient, sara: users.User) -> None:
    answer = await sign_in(client, next="/me?lang=en")
    assert (answer.status_code, answer.headers["location"]) == (303, "/me?lang=en")
    session, browser = answer.headers.get_list("set-cookie")
    assert re.fullmatch(r"hamgam=[\w-]{43}; HttpOnly; Path=/; SameSite=lax", session)
    assert re.fullmatch(
        r"hamgam-browser=[\w.-]{108}; HttpOnly; Max-Age=31536000; Path=/sign-in; SameSite=lax", browser
    )
    page = await client.get("/me?lang=en")
    assert page.status_code == 200
    assert "<bdi>Sara</bdi>" in page.text
    assert (await client.get("/api/v1/me")).json() == {"name": "Sara", "role": "admin"}


@pytest.mark.parametrize("name", ["SARA", " sara "])
async def test_a_name_counts_in_all_its_spellings(
    client: httpx2.AsyncClient, sara: users.User, name: str
) -> None:
    assert (await sign_in(client, name)).status_code == 303


async def test_the_cookie_stays_on_https(installation: Installation, db: Database, sara: users.User) -> None:
    async with from_address(installation, db, "192.0.2.1", scheme="https") as [client]:
        answer = await sign_in(client)
    assert all("; Secure" in cookie for cookie in answer.headers.get_list("set-cookie"))
    assert answer.headers["strict-transport-security"].startswith("max-age=")


@pytest.mark.parametrize(
    ("name", "password"),
    [("Sara", "wrong horse battery"), ("Nobody", PASSWORD), ("", ""), ("a:b", "x"), ("\0", "\0" * 500)],
)
async def test_what_is_wrong_is_not_told_and_nothing_typed_is_logged(
    client: httpx2.AsyncClient, sara: users.User, name: str, password: str
) -> None:
    with structlog.testing.capture_logs() as logs:
        answer = await sign_in(client, name, password)
    assert answer.status_code == 401
    assert WORDS["fa"]["sign_in.failed"] in answer.text
    assert logs == [{"event": "people.sign_in_failed", "source": "127.0.0.1", "log_level": "warning"}]
    assert "set-cookie" not in answer.headers


async def test_the_name_is_kept_and_the_password_is_not(client: httpx2.AsyncClient, sara: users.User) -> None:
    for status in [401] * 5 + [429]:
        answer = await sign_in(client, 'مریم "رضایی"', "wrong horse battery")
        assert answer.status_code == status
        [name] = re.findall(r'<input name="name"[^>]*>', answer.text)
        [password] = re.findall(r'<input name="password"[^>]*>', answer.text)
        assert 'value="مریم &#34;رضایی&#34;"' in name
        assert "wrong horse battery" not in answer.text
        assert "autofocus" in password
        for field in (name, password):
            assert ('aria-invalid="true" aria-describedby="failed"' in field) is (status == 401)
        assert 'role="alert" id="failed"' in answer.text


async def test_a_success_is_logged_with_the_name(client: httpx2.AsyncClient, sara: users.User) -> None:
    with structlog.testing.capture_logs() as logs:
        await sign_in(client)
    assert [(line["event"], line["name"]) for line in logs] == [("people.signed_in", "Sara")]


async def test_a_name_can_be_tried_only_so_often_from_anywhere(
    installation: Installation, db: Database, sara: users.User
) -> None:
    addresses = [f"10.0.0.{n}" for n in range(7)]
    async with from_address(installation, db, *addresses) as clients:
        for client in clients[:5]:
            assert (await sign_in(client, "sara", "wrong")).status_code == 401
        held = await sign_in(clients[5])
        assert (held.status_code, held.headers["retry-after"]) == (429, "60")
        assert WORDS["fa"]["sign_in.too_often"].format("۶۰") in held.text
        clients[5].cookies.set("lang", "en")
        assert WORDS["en"]["sign_in.too_often"].format(60) in (await sign_in(clients[5])).text
        assert (await sign_in(clients[6], "another", "x")).status_code == 401
        installation.seconds.now += 61
        assert (await sign_in(clients[5])).status_code == 303
        for client in clients[:5]:
            assert (await sign_in(client, "sara", "wrong")).status_code == 401


async def test_an_address_can_try_only_so_many_names(
    installation: Installation, db: Database, sara: users.User
) -> None:
    async with from_address(installation, db, "192.0.2.1", "192.0.2.2") as (guesser, other):
        for n in range(5):
            assert (await sign_in(guesser, f"name {n}", "wrong")).status_code == 401
        assert (await sign_in(guesser)).status_code == 429
        assert (await sign_in(other)).status_code == 303


async def test_who_knows_one_password_gets_no_more_tries_for_others(
    installation: Installation, db: Database, sara: users.User
) -> None:
    async with from_address(installation, db, "192.0.2.1") as [client]:
        for n in range(4):
            assert (await sign_in(client, f"name {n}", "wrong")).status_code == 401
            assert (await sign_in(client)).status_code == 303
        client.cookies.delete("hamgam")
        assert (await sign_in(client, "name 5", "wrong")).status_code == 401
        assert (await sign_in(client, "name 6", "wrong")).status_code == 429


async def test_a_session_ends_when_it_rests_or_grows_old(
    client: httpx2.AsyncClient, installation: Installation, db: Database, sara: users.User
) -> None:
    await sign_in(client)
    installation.clock.now = NOW + timedelta(hours=7, minutes=59)
    assert (await client.get("/me")).status_code == 200
    installation.clock.now += timedelta(hours=8)
    assert (await client.get("/me")).headers["location"] == "/sign-in?next=/me&ended=1"

    client.cookies.delete("hamgam")
    begun = installation.clock.now
    await sign_in(client)
    for hours in range(7, 7 * 24, 7):
        installation.clock.now = begun + timedelta(hours=hours)
        assert (await client.get("/me")).status_code == 200
    installation.clock.now = begun + timedelta(days=7)
    assert (await client.get("/me")).status_code == 303
    await sign_in(client)
    left = await db.execute(text('SELECT count(*) FROM "UserSession"'))
    assert left.scalar_one() == 1  # what is over is cleared away


@pytest.mark.parametrize("path", ["/live", "/api/v1/charts/syncs"])
async def test_an_open_page_alone_does_not_keep_a_session(
    client: httpx2.AsyncClient, installation: Installation, sara: users.User, path: str
) -> None:
    await sign_in(client)
    polling = {POLLING: "true", "hx-request": "true", "accept": "*/*"}
    for minutes in range(0, 8 * 60, 30):
        installation.clock.now = NOW + timedelta(minutes=minutes)
        assert (await client.get(path, headers=polling)).status_code == 200
    installation.clock.now = NOW + timedelta(hours=8)
    assert (await client.get(path, headers=polling)).status_code == 401


@pytest.mark.parametrize(
    ("referer", "location"),
    [
        ("http://hamgam.example.com/syncs?q=1", "/sign-in?next=/syncs%3Fq%3D1&ended=1"),
        ("http://evil.example.com/syncs", "/sign-in?ended=1"),
        ("http://hamgam.example.com//evil.example.com", "/sign-in?ended=1"),
        ("http://[", "/sign-in?ended=1"),
        ("", "/sign-in?ended=1"),
    ],
)
async def test_who_sends_a_form_too_late_hears_so_and_comes_back_to_its_page(
    client: httpx2.AsyncClient, installation: Installation, sara: users.User, referer: str, location: str
) -> None:
    await sign_in(client)
    headers = {HEADER: proof(client.cookies["hamgam"]), "referer": referer}
    installation.clock.now = NOW + timedelta(hours=9)
    late = await client.post("/me/password", headers=headers)
    assert (late.status_code, late.headers["location"]) == (303, location)
    page = await client.get(f"{location}&lang=en")
    assert WORDS["en"]["sign_in.ended"] in page.text
    wanted = re.search('name="next" value="([^"]*)"', page.text)
    assert wanted
    came_back = "/syncs?q=1" if "next" in location else "/"
    client.cookies.delete("hamgam")
    assert (await sign_in(client, next=wanted[1])).headers["location"] == came_back


async def test_no_token_stands_in_the_database(
    client: httpx2.AsyncClient, db: Database, sara: users.User
) -> None:
    await sign_in(client)
    [row] = (await db.execute(text('SELECT s::text FROM "UserSession" s'))).scalars()
    assert client.cookies["hamgam"] not in row


async def test_sign_out_ends_the_session_itself(client: httpx2.AsyncClient, sara: users.User) -> None:
    await sign_in(client)
    token = client.cookies["hamgam"]
    answer = await client.post("/sign-out", headers={HEADER: proof(token)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "hamgam" not in client.cookies
    client.cookies.set("hamgam", token)
    assert (await client.get("/me")).status_code == 303


async def test_a_sign_in_begins_a_session_of_its_own_and_ends_the_one_before(
    client: httpx2.AsyncClient, sara: users.User
) -> None:
    """Whoever planted the first cookie, or has read it, is not signed in with it."""
    await sign_in(client)
    planted = client.cookies["hamgam"]
    await sign_in(client)
    assert client.cookies["hamgam"] != planted
    client.cookies.set("hamgam", planted, domain="hamgam.example.com")
    assert (await client.get("/me")).status_code == 303


async def test_a_program_that_has_a_session_can_end_it(client: httpx2.AsyncClient, sara: users.User) -> None:
    await sign_in(client)
    proven = {HEADER: proof(client.cookies["hamgam"])}
    assert (await client.delete("/api/v1/me/session", headers=proven)).status_code == 204
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_who_is_removed_is_out_at_once(
    client: httpx2.AsyncClient, db: Database, sara: users.User
) -> None:
    boss = await users.add(db, "Boss", Role.ADMIN, HASH, NOW)
    await sign_in(client)
    await users.disable(db, sara.id, NOW)
    assert (await client.get("/me")).status_code == 303
    ended = client.cookies.pop("hamgam")
    assert (await sign_in(client)).status_code == 401
    back = await users.add(db, "sara", Role.VIEWER, HASH, NOW)
    assert (back.id, boss.role) == (sara.id, Role.ADMIN)
    client.cookies.set("hamgam", ended)
    assert (await client.get("/me")).status_code == 303


async def test_programs_and_parts_of_pages_hear_it_in_their_own_way(
    client: httpx2.AsyncClient, sara: users.User
) -> None:
    problem = await client.get("/api/v1/status")
    assert (problem.status_code, problem.headers["www-authenticate"]) == (401, 'Bearer realm="hamgam"')
    assert problem.headers["content-type"] == "application/problem+json"
    here = {"hx-request": "true", "hx-current-url": "http://hamgam.example.com/me?lang=en&q=%D8%B3"}
    part = await client.get("/live", headers=here)
    assert (part.status_code, part.headers["hx-redirect"]) == (
        401,
        "/sign-in?next=/me%3Flang%3Den%26q%3D%25D8%25B3&ended=1",
    )
    elsewhere = here | {"hx-current-url": "http://evil.example.com/x"}
    assert (await client.get("/live", headers=elsewhere)).headers["hx-redirect"] == "/sign-in?ended=1"
    for lang in ("fa", "en"):
        assert (
            WORDS["fa" if lang == "fa" else "en"]["sign_in.ended"]
            in (await client.get(f"/sign-in?ended=1&lang={lang}")).text
        )
    assert (await client.post("/people/add")).headers["location"] == "/sign-in"
    assert (await client.get("/?lang=en")).headers["location"] == "/sign-in?next=/%3Flang%3Den&lang=en"


@pytest.mark.parametrize(
    "wanted",
    [
        "",
        "https://evil.example.com",
        "//evil.example.com",
        "/\\evil.example.com",
        "\\\\evil.example.com",
        "/\t/evil.example.com",
        "/\n/evil.example.com",
        " //evil.example.com",
        "javascript:alert(1)",
        "evil.example.com",
        "/sign-in?next=/sign-in",
        "/sign-out",
    ],
)
async def test_nobody_is_sent_elsewhere(client: httpx2.AsyncClient, sara: users.User, wanted: str) -> None:
    assert local_path(wanted) == "/"
    assert (await sign_in(client, next=wanted)).headers["location"] == "/"
    asked = await client.get("/sign-in", params={"next": wanted})
    assert asked.headers["location"] == "/"


def test_a_path_of_ours_is_followed() -> None:
    for path in ("/", "/me", "/syncs?status=FAILED&q=%D8%B3", "/a//b"):
        assert local_path(path) == path


@pytest.mark.parametrize(
    ("form", "its_page"),
    [
        ("/people/add", "/people"),
        ("/people/tokens/add?lang=fa", "/people"),
        (f"/people/tokens/{GUID}/revoke", "/people"),
        ("/attention/bulk", "/attention"),
        ("/attention/held/person", "/attention"),
        (f"/attention/bulk/{GUID}/cancel", f"/attention/bulk/{GUID}"),
        (f"/attention/{GUID}/retry", f"/attention/{GUID}"),
        (f"/records/customer/{GUID}/sync", f"/records/customer/{GUID}"),
        ("/import/start", "/import"),
        ("/connections/probe", "/connections"),
        ("/me/password", "/me"),
        ("/webhook/finance", "/"),
    ],
)
async def test_nobody_is_sent_to_where_only_a_form_goes(
    client: httpx2.AsyncClient, sara: users.User, form: str, its_page: str
) -> None:
    assert (await client.get("/sign-in", params={"next": form})).status_code == 200
    late = await client.post("/me/password", headers={"referer": f"http://hamgam.example.com{form}"})
    assert late.headers["location"] == ("/sign-in" if its_page == "/" else f"/sign-in?next={its_page}")
    assert (await sign_in(client, next=form)).headers["location"] == its_page


async def test_after_the_sign_in_no_form_address_is_asked_for(
    client: httpx2.AsyncClient, installation: Installation, db: Database, sara: users.User
) -> None:
    await sign_in(client)
    sent = [each for each in operations(create_app(installation.context(db))) if each.method == "POST"]
    for form in (each for each in sent if each.is_page):
        answer = await client.get("/sign-in", params={"next": form.address(entity="customer")})
        there = await client.get(answer.headers["location"])
        assert there.status_code != 405, form


@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_the_page_says_little_and_keeps_where_one_wanted_to_go(
    client: httpx2.AsyncClient, sara: users.User, lang: str
) -> None:
    page = await client.get("/sign-in", params={"next": '/me"><script>', "lang": lang})
    assert page.status_code == 200
    assert well_formed(page.text)
    assert "<script>" not in page.text.partition("<body>")[2]
    assert 'href="/people"' not in page.text
    assert "Sara" not in page.text


async def test_without_users_there_is_nothing_to_sign_in_to(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/sign-in")).headers["location"] == "/"
    assert (await sign_in(client)).status_code == 401


async def test_the_first_user_closes_the_house_within_a_second(
    client: httpx2.AsyncClient, installation: Installation, db: Database
) -> None:
    assert (await client.get("/api/v1/me")).json() == {"name": "local", "role": "admin"}
    await users.add(db, "Sara", Role.ADMIN, HASH, NOW)
    installation.seconds.now += 1
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_the_dashboards_password_then_only_serves_monitoring(
    installation: Installation, db: Database, sara: users.User
) -> None:
    installation.settings["dashboard_password"] = "word"
    async with asking(installation, db) as client:
        for path in ("/metrics", "/ready"):
            unknown = await client.get(path)
            assert (unknown.status_code, unknown.headers["www-authenticate"][:5]) == (401, "Basic")
            assert (await client.get(path, headers=basic("x", "wrong"))).status_code == 401
            assert (await client.get(path, headers=basic("x", "word"))).status_code in (200, 503)
        for path in ("/", "/api/v1/me", "/api/v1/people"):
            assert (await client.get(path, headers=basic("x", "word"))).status_code in (303, 401)


async def test_without_a_database_nobody_comes_in(installation: Installation, db: Database) -> None:
    nowhere = Database("postgresql://someone@127.0.0.1:1/books")
    async with asking(installation, nowhere) as client:
        client.cookies.set("hamgam", "x")
        for headers in ({}, {"authorization": "Bearer hamgam_x"}):
            for path in ("/", "/api/v1/me", "/ready", "/sign-in"):
                assert (await client.get(path, headers=headers)).status_code == 503
        assert (await sign_in(client)).status_code == 503
    await nowhere.aclose()


async def test_a_webhook_asks_nothing_about_people(
    client: httpx2.AsyncClient, db: Database, sara: users.User
) -> None:
    await db.execute(text('ALTER TABLE "User" RENAME TO "Gone"'))
    answer = await client.post(f"/webhook/crm/identity/{TOKEN}?id={GUID}")
    assert answer.status_code == 202
