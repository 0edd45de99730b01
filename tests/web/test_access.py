"""Every operation of the web service, for everybody who may ask."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from hamgam.app.access import Needs
from hamgam.app.csrf import HEADER, proof
from hamgam.app.entrance import SESSION_COOKIE
from hamgam.app.web import create_app
from hamgam.db.engine import Database
from hamgam.people import sessions, tokens, users
from hamgam.people.roles import Role
from tests.web.conftest import NOW, Installation

FOR_ALL = {"/health", "/sign-in", "/static"}
"""Paths that no role guards; the webhooks have their own secrets."""
ANY_ROLE = {"/api/openapi.json"}
"""FastAPI's own route takes no dependency; the guard lets nobody in who has no role at all."""
SOMETHING = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    role: Role | None


def needed(dependant: Dependant) -> Role | None:
    found = [each.call.role for each in dependant.dependencies if isinstance(each.call, Needs)]
    return found[0] if found else None


def operations(app: FastAPI) -> Iterator[Operation]:
    for route in iter_route_contexts(app.routes):
        path = route.path or ""
        dependant = getattr(route, "dependant", None)
        role = needed(dependant) if isinstance(dependant, Dependant) else None
        for method in sorted(getattr(route, "methods", None) or {"GET"}):
            yield Operation(method, path, role)


def undeclared(app: FastAPI) -> set[str]:
    """What anybody could ask for, because its author has forgotten to say who may."""
    return {
        each.path
        for each in operations(app)
        if each.role is None and each.path not in FOR_ALL | ANY_ROLE and not each.path.startswith("/webhook/")
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


async def ways(db: Database) -> dict[str, tuple[Role | None, dict[str, str]]]:
    """Headers with which somebody of each role comes, by session and by token."""
    found: dict[str, tuple[Role | None, dict[str, str]]] = {"nobody": (None, {})}
    for role in reversed(Role):
        user = await users.add(db, f"the {role}", role, "no hash", NOW)
        session = await sessions.start(db, user.id, NOW)
        found[role] = role, {"cookie": f"{SESSION_COOKIE}={session}", HEADER: proof(session)}
        _, secret = await tokens.make(db, f"a {role}", role, by="x", now=NOW)
        found[f"token {role}"] = role, {"authorization": f"Bearer {secret}"}
    return found


def address(path: str) -> str:
    return re.sub(r"\{[^}]*\}", SOMETHING, path)


def kept_out(answer: httpx2.Response) -> bool:
    signing_in = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
    return answer.status_code == 401 or signing_in


async def test_every_operation_for_everybody(app: FastAPI, db: Database) -> None:
    people = await ways(db)
    wrong: list[Any] = []
    for each in operations(app):
        if each.role is None and each.path not in ANY_ROLE:
            continue
        for who, (role, headers) in people.items():
            # Each on its own: signing out must not end the session for the next.
            transport = httpx2.ASGITransport(app=app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://x.example.com") as client:
                if who != "nobody" and each.path == "/sign-out":
                    continue
                answer = await client.request(each.method, address(each.path), headers=headers)
            allowed = role is not None and role.may(each.role or Role.VIEWER)
            fine = answer.status_code not in (401, 403) and not kept_out(answer)
            expected = fine if allowed else kept_out(answer) if role is None else answer.status_code == 403
            if not expected:
                wrong.append((who, each.method, each.path, answer.status_code))
    assert wrong == []


async def test_a_stranger_learns_nothing_of_what_there_is(app: FastAPI, db: Database) -> None:
    """Paths that do not exist tell a stranger nothing either."""
    await users.add(db, "somebody", Role.ADMIN, "no hash", NOW)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://x.example.com") as client:
        assert (await client.get("/api/v1/nowhere")).status_code == 401
        assert (await client.get("/nowhere")).headers["location"] == "/sign-in?next=/nowhere"
        for path in ("/health", "/static/live.js", "/sign-in"):
            assert (await client.get(path)).status_code == 200
        assert (await client.post("/webhook/crm")).status_code == 401
