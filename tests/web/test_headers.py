"""What every answer carries, whatever was asked, by whom, and however it ended."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from hamgam.app.web import create_app
from hamgam.db.engine import Database
from hamgam.people import users
from hamgam.people.roles import Role
from tests.web.conftest import NOW, PROOF, PROOF_COOKIE, Installation
from tests.web.routes import operations

STRICT = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "font-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
}
EVERY_METHOD = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")


@pytest.fixture
def app(installation: Installation, db: Database) -> FastAPI:
    app = create_app(installation.context(db))

    @app.get("/defect")
    async def defect() -> None:
        raise RuntimeError

    return app


@pytest.fixture(params=["open", "stranger"])
async def client(
    request: pytest.FixtureRequest, app: FastAPI, db: Database
) -> AsyncIterator[httpx2.AsyncClient]:
    if request.param == "stranger":
        await users.add(db, "Sara", Role.ADMIN, "no hash", NOW)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://localhost", headers=PROOF, cookies=PROOF_COOKIE
    ) as client:
        yield client


def loose(answer: httpx2.Response, path: str) -> list[str]:
    """What this answer lacks."""
    wrong = [name for name, value in STRICT.items() if answer.headers.get(name) != value]
    policy = answer.headers.get("content-security-policy", "")
    if dict(part.split(" ", 1) for part in policy.split("; ")) != POLICY:
        wrong.append("content-security-policy")
    kept = "public, max-age=86400" if path.startswith("/static/") else "no-store"
    if answer.headers.get("cache-control") != kept:
        wrong.append("cache-control")
    return [f"{answer.status_code} {path}: {name}" for name in wrong]


async def test_on_every_route_and_every_refusal(app: FastAPI, client: httpx2.AsyncClient) -> None:
    asked = {(each.method, each.address()) for each in operations(app)}
    asked |= {(method, "/nowhere") for method in EVERY_METHOD}
    asked |= {(method, path) for method in EVERY_METHOD for path in ("/syncs", "/api/v1/syncs")}
    asked |= {("GET", path) for path in ("/static/live.js", "/static/nothing", "/defect", "/syncs?from=x")}
    asked |= {("GET", path) for path in ("/import/x", "/api/v1/syncs?limit=x", "/%00", "/%ff")}
    found: list[str] = []
    seen: set[int] = set()
    for method, path in sorted(asked):
        answer = await client.request(method, path)
        found += loose(answer, path)
        seen.add(answer.status_code)
    large = await client.post("/people/add", content=b"x" * 2**21)
    found += loose(large, "/people/add")
    assert found == []
    assert large.status_code == 413
    assert seen >= ({200, 303, 400, 404, 405, 500} if 500 in seen else {200, 303, 401})


async def test_where_nobody_can_be_recognised(installation: Installation) -> None:
    nowhere = Database("postgresql://someone@127.0.0.1:1/books")
    transport = httpx2.ASGITransport(app=create_app(installation.context(nowhere)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answers = await asyncio.gather(*(client.get(path) for path in ("/", "/api/v1/me", "/ready")))
    assert [loose(answer, "/") for answer in answers] == [[], [], []]
    await nowhere.aclose()


async def test_https_is_asked_for_only_where_there_is_one(app: FastAPI) -> None:
    for scheme, expected in (("http", None), ("https", "max-age=31536000")):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url=f"{scheme}://localhost") as client:
            for path in ("/", "/nowhere", "/static/live.js"):
                assert (await client.get(path)).headers.get("strict-transport-security") == expected
