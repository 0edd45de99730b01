"""Asks the web service as a person of some role, past the door, which tests of its own check."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from hamgam.app.web import create_app
from hamgam.db.engine import Database
from hamgam.people.roles import Person, Role
from tests.web.conftest import PROOF, PROOF_COOKIE, Installation
from tests.web.described import as_described


class _Within:
    """Behind the guard, so that its word about who asks does not count."""

    def __init__(self, app: ASGIApp, person: Person) -> None:
        self._app, self._person = app, person

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["person"] = self._person
        await self._app(scope, receive, send)


@asynccontextmanager
async def asking_as(
    role: Role, installation: Installation, db: Database
) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(installation.context(db))
    app.user_middleware.append(Middleware(_Within, person=Person("somebody", role)))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(
        transport=transport,
        base_url="http://localhost",
        headers=PROOF,
        cookies=PROOF_COOKIE,
        event_hooks={"response": [as_described]},
    ) as client:
        yield client
