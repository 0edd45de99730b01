"""Every operation of the web service, for everybody who may ask."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from hamgam.app.csrf import HEADER, proof
from hamgam.app.entrance import SESSION_COOKIE
from hamgam.app.web import create_app
from hamgam.db.engine import Database
from hamgam.people import sessions, tokens, users
from hamgam.people.roles import Role
from tests.web.conftest import NOW, Installation
from tests.web.routes import OPEN, Operation, operations

ANY_ROLE = {"/api/openapi.json"}
"""FastAPI's own route takes no dependency; the guard lets nobody in who has no role at all."""
ENDING = {"/sign-out", "/api/v1/me/session"}
"""They end the session with which they are asked, so they come last."""


def undeclared(app: FastAPI) -> set[str]:
    """What anybody could ask for, because its author has forgotten to say who may."""
    return {
        each.path
        for each in operations(app)
        if each.role is None and each.path not in ANY_ROLE and not each.path.startswith((*OPEN, "/webhook/"))
    }


@pytest.fixture
def app(installation: Installation, db: Database) -> FastAPI:
    return create_app(installation.context(db))


def test_every_operation_says_which_role_it_needs(app: FastAPI) -> None:
    assert undeclared(app) == set()
    assert len({each.path for each in operations(app) if each.role}) > 15

    @app.get("/forgotten")
    async def forgotten() -> None: ...

    assert undeclared(app) == {"/forgotten"}


@dataclass(frozen=True)
class Visitor:
    """Somebody at the door. Who has no role is kept out, by a sign-in where pages send people there."""

    role: Role | None
    headers: dict[str, str]
    sent_to_sign_in: bool = True


async def by_session(db: Database, role: Role, age: timedelta = timedelta(0)) -> dict[str, str]:
    user = await users.add(db, f"the {role}", role, "no hash", NOW)
    session = await sessions.start(db, user.id, NOW - age)
    return {"cookie": f"{SESSION_COOKIE}={session}", HEADER: proof(session)}


async def by_token(db: Database, role: Role, *, revoked: bool = False) -> dict[str, str]:
    token, secret = await tokens.make(db, f"a {role}", role, by="x", now=NOW)
    if revoked:
        await tokens.revoke(db, token.id, NOW)
    return {"authorization": f"Bearer {secret}"}


async def arriving(db: Database, who: str) -> Visitor:
    match who.split():
        case ["session", role]:
            return Visitor(Role(role), await by_session(db, Role(role)))
        case ["token", role]:
            return Visitor(Role(role), await by_token(db, Role(role)))
        case ["expired"]:
            return Visitor(None, await by_session(db, Role.ADMIN, timedelta(days=8)))
        case ["forged"]:
            forged = {"cookie": f"{SESSION_COOKIE}=x", HEADER: proof("x")}
            return Visitor(None, forged)
        case ["removed"]:
            headers = await by_session(db, Role.ADMIN)
            await users.disable(db, (await users.named(db, "the admin")).id, NOW)
            return Visitor(None, headers)
        case ["revoked"]:
            return Visitor(None, await by_token(db, Role.ADMIN, revoked=True), sent_to_sign_in=False)
        case ["wrong"]:
            return Visitor(None, {"authorization": "Bearer hamgam_x"}, sent_to_sign_in=False)
    return Visitor(None, {})


WHO = (
    "nobody",
    *(f"{way} {role}" for role in Role for way in ("session", "token")),
    "expired",
    "forged",
    "removed",
    "revoked",
    "wrong",
)


@pytest.fixture
async def client(app: FastAPI, db: Database) -> AsyncIterator[httpx2.AsyncClient]:
    await users.add(db, "somebody", Role.ADMIN, "no hash", NOW)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://x.example.com") as opened:
        yield opened


def as_it_should(answer: httpx2.Response, asked: Operation, who: Visitor) -> bool:
    signing_in = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
    if who.role is None:
        return signing_in if asked.is_page and who.sent_to_sign_in else answer.status_code == 401
    if not who.role.may(asked.role or Role.VIEWER):
        return answer.status_code == 403
    return answer.status_code not in (401, 403) and (not signing_in or asked.path in ENDING)


@pytest.mark.parametrize("who", WHO)
async def test_every_operation_for(app: FastAPI, client: httpx2.AsyncClient, db: Database, who: str) -> None:
    visitor = await arriving(db, who)
    wrong: list[Any] = []
    asked = [each for each in operations(app) if each.role is not None or each.path in ANY_ROLE]
    for each in sorted(asked, key=lambda operation: operation.path in ENDING):
        headers = visitor.headers
        if each.path in ENDING and "cookie" in headers and visitor.role:
            user = await users.named(db, f"the {visitor.role}")
            session = await sessions.start(db, user.id, NOW)
            headers = {"cookie": f"{SESSION_COOKIE}={session}", HEADER: proof(session)}
        answer = await client.request(each.method, each.address(), headers=headers)
        client.cookies.clear()
        if not as_it_should(answer, each, visitor):
            wrong.append((str(each), answer.status_code))
    assert wrong == []
    assert len(asked) > 80


@pytest.mark.parametrize("who", ["nobody", "session viewer", "token admin"])
async def test_what_no_role_guards_is_the_same_for_all(
    app: FastAPI, client: httpx2.AsyncClient, db: Database, who: str
) -> None:
    visitor = await arriving(db, who)
    answers = {
        path: (await client.get(path, headers=visitor.headers)).status_code
        for path in ("/health", "/static/live.js", "/webhook/crm/identity")
    }
    assert answers == {"/health": 200, "/static/live.js": 200, "/webhook/crm/identity": 401}


async def test_a_stranger_learns_nothing_of_what_there_is(client: httpx2.AsyncClient) -> None:
    """Paths that do not exist tell a stranger nothing either."""
    assert (await client.get("/api/v1/nowhere")).status_code == 401
    assert (await client.get("/nowhere")).headers["location"] == "/sign-in?next=/nowhere"
    assert (await client.get("/sign-in")).status_code == 200
    assert (await client.post("/webhook/crm")).status_code == 401
