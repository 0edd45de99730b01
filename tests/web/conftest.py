"""The web service in process, and served on loopback by a thread of its own."""

import asyncio
import base64
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2
import psycopg
import pytest
import uvicorn
from fastapi.dependencies import models as of_fastapi
from psycopg.types.json import Jsonb

from hamgam.app.csrf import FORM_COOKIE, HEADER, proof
from hamgam.app.reaching import OpenSite, no_site
from hamgam.app.web import WebContext, create_app
from hamgam.db.engine import Database
from hamgam.settings import Settings
from tests.web.browser import chromium, watched
from tests.web.described import as_described

__all__ = ["chromium", "watched"]

NOW = datetime(2026, 3, 20, 21, 0, tzinfo=UTC)  # half past midnight of 1405/01/01 in Tehran
SECRET = "a-key-for-signatures"
TOKEN = "a-token-for-addresses"
GUID = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"


@dataclass
class FakeClock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class FakeSeconds:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Installation:
    """Settings and clocks of a web service under test."""

    settings: dict[str, Any] = field(default_factory=dict)
    clock: FakeClock = field(default_factory=FakeClock)
    seconds: FakeSeconds = field(default_factory=FakeSeconds)
    worker: bool = False
    body_seconds: float = 10
    site: OpenSite = no_site
    probe_seconds: float = 60
    given: Settings | None = None
    """As they were loaded, in place of `settings`."""

    def context(self, db: Database) -> WebContext:
        return WebContext(
            self.given or Settings(**{"host": "hamgam.example.com"} | self.settings),
            db,
            self.clock,
            lambda: self.worker,
            monotonic=self.seconds,
            body_seconds=self.body_seconds,
            site=self.site,
            probe_seconds=self.probe_seconds,
        )


@pytest.fixture(autouse=True)
def _forget_applications() -> Iterator[None]:
    """FastAPI remembers the endpoints of each application as long as the process lives.

    One in service makes one application. Those of a thousand tests would be walked over by every collection
    of garbage, which then takes longer than the tests.
    """
    yield
    for kept in vars(of_fastapi).values():
        if hasattr(kept, "cache_clear"):
            kept.cache_clear()


WITH_WEBHOOKS = {
    "enable_webhooks": True,
    "webhook_base_url": "https://hamgam.example.com",
    "webhook_secret": SECRET,
    "webhook_token": TOKEN,
}


@pytest.fixture
def installation() -> Installation:
    return Installation(dict(WITH_WEBHOOKS))


_OF_A_PAGE = "what one of our pages has left in this browser"
PROOF_COOKIE = {FORM_COOKIE: _OF_A_PAGE.replace(" ", "-")}
PROOF = {HEADER: proof(PROOF_COOKIE[FORM_COOKIE])}
"""What a request that changes something carries while there are no users."""


@asynccontextmanager
async def asking(
    installation: Installation, db: Database, *, proven: bool = True
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a web service in process; `proven`, it sends what the forms of our pages send."""
    transport = httpx2.ASGITransport(app=create_app(installation.context(db)))
    more: dict[str, Any] = {"headers": PROOF, "cookies": PROOF_COOKIE} if proven else {}
    hooks: Any = {"response": [as_described]}
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://hamgam.example.com", event_hooks=hooks, **more
    ) as client:
        yield client


@pytest.fixture
async def client(installation: Installation, db: Database) -> AsyncIterator[httpx2.AsyncClient]:
    async with asking(installation, db) as opened:
        yield opened


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def in_json(moment: datetime) -> str:
    """As the API writes it."""
    return moment.isoformat().replace("+00:00", "Z")


AddSync = Callable[..., None]


@pytest.fixture
def add_sync(database_url: str) -> Iterator[AddSync]:
    """Inserts one row into the sync log, as another process would."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield lambda **values: insert_sync(connection, values)


def insert_sync(connection: psycopg.Connection[Any], values: dict[str, Any]) -> None:
    row = {
        "entityType": "CUSTOMER",
        "sourceEntity": "customer",
        "sourceEntityId": GUID,
        "direction": "CRM_TO_FINANCE",
        "operation": "UPDATE",
        "status": "SUCCESS",
        "triggerType": "WEBHOOK",
        "startedAt": NOW,
        "completedAt": NOW,
        "durationMs": 40,
    } | values
    columns = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join(["%s"] * len(row))
    stored = [Jsonb(value) if isinstance(value, dict | list) else value for value in row.values()]
    connection.execute(
        f'INSERT INTO "SyncLog" ("transactionId", {columns}) VALUES (gen_random_uuid(), {marks})', stored
    )


@contextmanager
def serving(installation: Installation, database_url: str) -> Iterator[str]:
    """The address of the service, which runs in a thread with a loop and a database pool of its own."""
    server: list[uvicorn.Server] = []
    started = threading.Event()

    class Announced(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            started.set()

    async def serve() -> None:
        db = Database(database_url)
        app = create_app(installation.context(db))
        config = uvicorn.Config(app, port=0, log_config=None, access_log=False, ws="none", lifespan="off")
        server.append(Announced(config))
        try:
            await server[0].serve()
        finally:
            await db.aclose()
            started.set()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert started.wait(30)
        host, port = server[0].servers[0].sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}"
    finally:
        server[0].should_exit = True
        thread.join(30)


@pytest.fixture
def served(installation: Installation, database_url: str) -> Iterator[str]:
    with serving(installation, database_url) as address:
        yield address
