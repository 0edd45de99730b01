"""What changes something has to come from a page of ours."""

import html
import re
from collections.abc import AsyncIterator

import httpx2
import pytest

from hamgam.app.csrf import FORM_COOKIE, HEADER, proof
from hamgam.app.web import create_app
from hamgam.db.engine import Database
from hamgam.people import sessions, tokens, users
from hamgam.people.roles import Role
from tests.web.conftest import NOW, Installation, asking

HOST = "hamgam.example.com"
OURS, FOREIGN = f"http://{HOST}", "http://evil.example.com"
NEW = {"name": "a program", "role": "viewer"}


@pytest.fixture
async def raw(installation: Installation, db: Database) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that sends nothing by itself."""
    async with asking(installation, db, proven=False) as client:
        yield client


@pytest.fixture
async def signed_in(raw: httpx2.AsyncClient, db: Database) -> httpx2.AsyncClient:
    user = await users.add(db, "Sara", Role.ADMIN, "no hash", NOW)
    raw.cookies.set("hamgam", await sessions.start(db, user.id, NOW))
    return raw


@pytest.fixture(params=["open", "closed"])
async def either(request: pytest.FixtureRequest, raw: httpx2.AsyncClient, db: Database) -> httpx2.AsyncClient:
    """Where there are no users, and signed in where there are."""
    if request.param == "closed":
        user = await users.add(db, "Sara", Role.ADMIN, "no hash", NOW)
        raw.cookies.set("hamgam", await sessions.start(db, user.id, NOW))
    return raw


async def made(db: Database) -> int:
    return len(await tokens.valid(db))


async def token_in(client: httpx2.AsyncClient) -> str:
    """What the forms of a page carry."""
    page = (await client.get("/people")).text
    [*found] = set(re.findall(r'name="csrf" value="([^"]+)"', page))
    assert len(found) == 1
    return html.unescape(found[0])


async def test_a_form_of_ours_is_taken_and_others_are_not(either: httpx2.AsyncClient, db: Database) -> None:
    token = await token_in(either)
    for given in ({}, {"csrf": ""}, {"csrf": "x"}, {"csrf": proof("another session")}):
        answer = await either.post("/people/tokens/add", data=NEW | given)
        assert answer.status_code == 403
    assert (await either.post("/api/v1/tokens", json=NEW)).status_code == 403
    assert (await either.post("/api/v1/tokens", json=NEW | {"csrf": token})).status_code == 403
    assert await made(db) == 0
    assert (await either.post("/people/tokens/add", data=NEW | {"csrf": token})).status_code == 201
    again = NEW | {"name": "another"}
    assert (await either.post("/api/v1/tokens", json=again, headers={HEADER: token})).status_code == 201
    assert await made(db) == 2


async def test_a_token_of_one_session_is_none_of_another(signed_in: httpx2.AsyncClient, db: Database) -> None:
    mine = await token_in(signed_in)
    other = await users.add(db, "Ali", Role.ADMIN, "no hash", NOW)
    signed_in.cookies.set("hamgam", await sessions.start(db, other.id, NOW))
    assert (await signed_in.post("/people/tokens/add", data=NEW | {"csrf": mine})).status_code == 403


async def test_a_cookie_for_forms_is_no_proof_for_a_session(
    signed_in: httpx2.AsyncClient, db: Database
) -> None:
    """Another site of the same domain may be able to plant a cookie."""
    signed_in.cookies.set(FORM_COOKIE, "planted")
    planted = NEW | {"csrf": proof("planted")}
    assert (await signed_in.post("/people/tokens/add", data=planted)).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin", "origin": OURS}, 201),
        ({"sec-fetch-site": "none"}, 201),
        ({"origin": OURS}, 201),
        ({"sec-fetch-site": "same-origin", "origin": "https://proxied.example.com"}, 201),
        ({"sec-fetch-site": "cross-site", "origin": FOREIGN}, 403),
        ({"sec-fetch-site": "same-site", "origin": "http://other.example.com"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"origin": FOREIGN}, 403),
        ({"origin": "null"}, 403),
        ({"origin": f"{OURS}:8080"}, 403),
        ({"origin": "http://[::1"}, 403),
    ],
    ids=range(11),
)
async def test_even_with_a_token_a_page_of_another_site_is_refused(
    either: httpx2.AsyncClient, headers: dict[str, str], status: int
) -> None:
    token = await token_in(either)
    answer = await either.post("/people/tokens/add", data=NEW | {"csrf": token}, headers=headers)
    assert answer.status_code == status


async def test_a_page_that_gives_its_name_our_address_gets_nothing(
    installation: Installation, db: Database
) -> None:
    """DNS rebinding: the browser then takes both for one site, and only the name differs."""
    installation.settings |= {"enable_webhooks": False, "webhook_base_url": None, "host": "hamgam.lan"}
    app = create_app(installation.context(db))
    for host, status in {
        "localhost:3000": 200,
        "127.0.0.1:3000": 200,
        "127.9.9.9": 200,
        "[::1]:3000": 200,
        "HAMGAM.LAN": 200,
        "evil.example.com:3000": 421,
        "localhost.evil.example.com": 421,
        "192.0.2.7": 421,
        "[::1": 421,
        "": 421,
    }.items():
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://x.example.com") as client:
            for path in ("/", "/api/v1/syncs"):
                answer = await client.get(path, headers={"host": host})
                assert (host, answer.status_code) == (host, status)


async def test_bearer_tokens_need_no_proof(raw: httpx2.AsyncClient, db: Database) -> None:
    """No browser sends one by itself; a cookie that comes along gives nothing."""
    _, secret = await tokens.make(db, "boss", Role.ADMIN, by="x", now=NOW)
    _, weak = await tokens.make(db, "clerk", Role.VIEWER, by="x", now=NOW)
    bearer = {"authorization": f"bearer {secret}", "origin": FOREIGN}
    assert (await raw.post("/api/v1/tokens", json=NEW, headers=bearer)).status_code == 201
    user = await users.add(db, "Sara", Role.ADMIN, "no hash", NOW)
    raw.cookies.set("hamgam", await sessions.start(db, user.id, NOW))
    weaker = {"authorization": f"Bearer {weak}"}
    assert (await raw.post("/api/v1/tokens", json=NEW, headers=weaker)).status_code == 403
    unknown = {"authorization": "Bearer hamgam_unknown"}
    assert (await raw.get("/api/v1/me", headers=unknown)).status_code == 401


async def test_a_new_operation_cannot_forget_it(installation: Installation, db: Database) -> None:
    app = create_app(installation.context(db))

    @app.post("/new")
    async def new() -> str:
        return "done"

    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=OURS) as client:
        assert (await client.post("/new")).status_code == 403
        client.cookies.clear()
        client.cookies.set(FORM_COOKIE, "x")
        assert (await client.post("/new", headers={HEADER: proof("x")})).status_code == 200


async def test_a_stranger_cannot_fill_the_memory(signed_in: httpx2.AsyncClient) -> None:
    signed_in.cookies.delete("hamgam")
    for body in (b"x" * 2_000_000, b"a&" * 20_000):
        kind = {"content-type": "application/x-www-form-urlencoded"}
        answer = await signed_in.post("/sign-in", content=body, headers=kind)
        assert answer.status_code in (400, 403, 413)
    assert answer.status_code == 400
