"""What is refused is told as a page in the reader's language, as a notice, or as a problem to programs."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.exceptions import HTTPException

from hamgam.app.csrf import HEADER, proof
from hamgam.app.pages.shell import marked
from hamgam.app.web import create_app
from hamgam.app.words import WORDS, Lang
from hamgam.db.engine import Database
from hamgam.people import sessions, users
from hamgam.people.roles import Role
from tests.web.conftest import NOW, PROOF, PROOF_COOKIE, Installation
from tests.web.test_pages import well_formed

LANGS: tuple[Lang, ...] = ("fa", "en")
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PART = {"accept": "text/html", "hx-request": "true", "hx-current-url": "http://localhost/syncs?status=FAILED"}
PROGRAM = {"accept": "application/json"}


@dataclass(frozen=True)
class Case:
    """A request, and what becomes of it."""

    method: str
    path: str
    status: int
    words: str
    more: dict[str, Any] = field(default_factory=dict)


UNPROVEN = {HEADER: ""}
FORM = {"content-type": "application/x-www-form-urlencoded"}
CASES = {
    "too old": Case("POST", "/people/add", 403, "refused.old", {"headers": UNPROVEN}),
    "foreign": Case("POST", "/people/add", 403, "refused.foreign", {"headers": {"sec-fetch-site": "x"}}),
    "no page": Case("GET", "/nowhere", 404, "refused.404"),
    "no such import": Case("GET", f"/import/{'0' * 32}", 404, "refused.import"),
    "forged id": Case("POST", "/people/x/role", 400, "refused.400"),
    "only forms": Case("GET", "/people/add", 405, "refused.405"),
    "too large": Case("POST", "/people/add", 413, "refused.413", {"content": b"x" * 2**21, "headers": FORM}),
    "another host": Case("GET", "/", 421, "refused.host", {"headers": {"host": "evil.example.com"}}),
    "revoked": Case("GET", "/", 401, "refused.token", {"headers": {"authorization": "Bearer x"}}),
    "a defect": Case("GET", "/test/defect", 500, "refused.500"),
    "too many": Case("GET", "/test/429", 429, "refused.429"),
    "meanwhile": Case("POST", "/test/409", 409, "refused.409"),
    "something new": Case("POST", "/test/418", 418, "refused.other"),
}


def with_trouble(app: FastAPI) -> FastAPI:
    @app.get("/test/defect")
    async def defect() -> None:
        raise RuntimeError("a customer's secret")

    @app.get("/test/429")
    async def too_many() -> None:
        raise HTTPException(429, "others are being written", {"retry-after": "10"})

    @app.post("/test/{status}")
    async def refusing(status: int) -> None:
        raise HTTPException(status, "no")

    return app


@pytest.fixture
async def browser(installation: Installation, db: Database) -> AsyncIterator[httpx2.AsyncClient]:
    app = with_trouble(create_app(installation.context(db)))
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app),
        base_url="http://localhost",
        headers=PROOF,
        cookies=PROOF_COOKIE,
    ) as client:
        yield client


async def sent(
    browser: httpx2.AsyncClient, case: Case, headers: dict[str, str], lang: str
) -> httpx2.Response:
    more = case.more | {"headers": headers | case.more.get("headers", {})}
    return await browser.request(case.method, case.path, params={"lang": lang}, **more)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_everybody_hears_it_in_the_own_way(browser: httpx2.AsyncClient, case: Case) -> None:
    for lang in LANGS:
        words = WORDS[lang]
        note = words[f"{case.words}.note"].replace("{}", "۱۰" if lang == "fa" else "10")
        whole = await sent(browser, case, BROWSER | {"referer": "http://localhost/people?x=1"}, lang)
        assert (whole.status_code, whole.headers["content-type"]) == (case.status, "text/html; charset=utf-8")
        assert f"<h1>{words[case.words]}</h1>" in whole.text.replace("&#39;", "'")
        assert str(marked(note)) in whole.text
        assert f'<html lang="{lang}"' in whole.text
        assert "secret" not in whole.text
        assert well_formed(whole.text)
        part = await sent(browser, case, PART, lang)
        assert (part.status_code, part.headers["hx-retarget"]) == (case.status, "#notice")
        assert part.text.startswith("<section") and str(marked(note)) in part.text
        problem = await sent(browser, case, PROGRAM, lang)
        assert problem.status_code == case.status
        assert problem.headers["content-type"] == "application/problem+json"
        assert problem.json()["status"] == case.status


async def test_the_way_back_is_a_page_of_ours(browser: httpx2.AsyncClient) -> None:
    for referer, back in {
        "http://localhost/people?x=1": "/people?x=1",
        "http://localhost/people/add": "/people",
        "http://evil.example.com/people": "/",
        "http://localhost//evil.example.com": "/",
        "http://[::1": "/",
        "": "/",
    }.items():
        page = await browser.post("/people/add", headers=BROWSER | UNPROVEN | {"referer": referer})
        assert f'<a class="button" href="{back}">' in page.text
        other = page.text.partition('hreflang="')[0].rpartition('href="')[2]
        assert other.startswith(back + ("&amp;lang=" if "?" in back else "?lang="))


async def test_a_body_without_a_length_is_bounded_too(browser: httpx2.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 100_000

    page = await browser.post("/people/add", headers=BROWSER | FORM | {HEADER: ""}, content=endless())
    assert (page.status_code, WORDS["fa"]["refused.413"] in page.text) == (413, True)
    answer = await browser.post(
        "/api/v1/tokens", headers={"content-type": "application/json"}, content=endless()
    )
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


async def test_the_api_speaks_to_programs_alone(browser: httpx2.AsyncClient) -> None:
    for method, path in (("GET", "/api/v1/nowhere"), ("POST", "/api/v1/tokens"), ("GET", "/webhook/x")):
        answer = await browser.request(method, path, headers=BROWSER | UNPROVEN)
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await browser.get("/api/docs/", headers=BROWSER)).status_code in (307, 404)


async def test_a_role_that_is_not_enough(browser: httpx2.AsyncClient, db: Database) -> None:
    await users.add(db, "Boss", Role.ADMIN, "no hash", NOW)
    ali = await users.add(db, "Ali", Role.VIEWER, "no hash", NOW)
    session = await sessions.start(db, ali.id, NOW)
    browser.cookies.set("hamgam", session)
    for method, path in (("GET", "/people"), ("POST", "/people/add")):
        answer = await browser.request(method, f"{path}?lang=en", headers=BROWSER | {HEADER: proof(session)})
        assert (answer.status_code, WORDS["en"]["refused.role"] in answer.text) == (403, True)
        assert 'href="/syncs"' in answer.text and 'href="/people"' not in answer.text


async def test_the_dashboards_password(installation: Installation, db: Database) -> None:
    installation.settings["dashboard_password"] = "word"
    transport = httpx2.ASGITransport(app=create_app(installation.context(db)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/?lang=en", headers=BROWSER)
    assert (answer.status_code, answer.headers["www-authenticate"][:5]) == (401, "Basic")
    assert WORDS["en"]["refused.password"].replace("'", "&#39;") in answer.text
    assert 'href="/syncs"' not in answer.text


@pytest.mark.parametrize("path", ["/", "/syncs", "/attention", "/records?q=x", "/people", "/me"])
async def test_without_a_database_every_page_says_so_and_tries_again(
    installation: Installation, path: str
) -> None:
    nowhere = Database("postgresql://someone@127.0.0.1:1/books")
    transport = httpx2.ASGITransport(app=create_app(installation.context(nowhere)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        whole = await client.get(path, headers=BROWSER | {"accept-language": "en"})
        assert (whole.status_code, whole.headers["retry-after"]) == (503, "5")
        assert WORDS["en"]["gone"] in whole.text and 'http-equiv="refresh"' in whole.text
        assert (await client.get(path, headers=PART)).headers["hx-refresh"] == "true"
        assert (await client.get(path, headers=PROGRAM)).json()["status"] == 503
    await nowhere.aclose()
