"""One installation for the measurements: both remote systems, a database, and the settings that join them."""

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks.bare import Request
from benchmarks.processes import Running, free_port, python
from hamgam.db.embedded import embedded_server
from hamgam.db.engine import Database
from hamgam.jobs import queue
from hamgam.model import ChangeNotice, CrmId, Entity, EntityKey, System, Trigger
from hamgam.sandbox.wire import encode
from hamgam.trail.remote import SharedSessions

LATENCY_SECONDS = 0.02

_NO_LIMITS = {
    # No gate, no rate and no ceiling: what is left is what the engine itself costs.
    "SYNC_GATE_SECONDS": "0",
    "CRM_RATE_PER_SECOND": "1000",
    "FINANCE_RATE_PER_SECOND": "1000",
    "CRM_MAX_CONCURRENCY": "64",
    "FINANCE_MAX_CONCURRENCY": "64",
    "POLL_INTERVAL_SECONDS": "0",
    "LOG_FORMAT": "json",
}


class Installation:
    def __init__(self, db: Database, remote: Running, environment: Mapping[str, str], folder: Path) -> None:
        self.db = db
        self.environment = environment
        self.folder = folder
        self._remote = remote

    async def ask(self, command: str, **arguments: Any) -> Any:
        """A command of `remote`."""
        stdin = self._remote.process.stdin
        assert stdin is not None
        stdin.write(encode([command, arguments]) + b"\n")
        await stdin.drain()
        return await self._remote.line()

    @asynccontextmanager
    async def piece(self, name: str, **settings: str) -> AsyncIterator[Running]:
        """A piece of `inside`, once it is ready."""
        environment = dict(self.environment) | settings
        arguments = ("benchmarks.inside", name)
        async with python(*arguments, environment=environment, folder=self.folder) as running:
            await running.line()
            yield running

    async def fill(self) -> None:
        """Import every contact quickly, so that there are mapped customers."""
        await self.ask("latency", seconds=0)
        async with self.piece("import", CRM_MAX_CONCURRENCY="16") as running:
            assert (await running.line())["complete"]
        await self.ask("latency", seconds=LATENCY_SECONDS)
        await self.ask("requests")

    async def enqueue(self, entity: Entity, ids: list[str]) -> None:
        notices = [
            ChangeNotice(key=EntityKey(entity, CrmId(crm_id)), trigger=Trigger.WEBHOOK) for crm_id in ids
        ]
        async with self.db.transaction() as connection:
            await queue.enqueue(connection, notices)

    async def bare_requests(self, asked: list[dict[str, Any]]) -> list[Request]:
        """Journaled requests, ready to be made again with the installation's own logins."""
        sessions = SharedSessions(self.db)
        crm, finance = await sessions.load(System.CRM), await sessions.load(System.FINANCE)
        assert crm and finance
        tokens = {"crm": f"Bearer {crm.token}", "finance": finance.token}
        return [
            Request(
                entry["method"],
                self.environment[f"{entry['system'].upper()}_API_BASE_URL"] + entry["path"],
                tokens[entry["system"]],
                encode(entry["body"]),
            )
            for entry in asked
        ]

    async def rows(self, sql: str, **parameters: Any) -> list[Any]:
        return list(await self.db.execute(text(sql), parameters))


@asynccontextmanager
async def installation(contacts: int) -> AsyncIterator[Installation]:
    """Both systems with so many contacts in finance, and an empty database with default durability."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hamgam-bench-")))
        url = stack.enter_context(embedded_server(folder / "data"))
        remote = await stack.enter_async_context(
            python("benchmarks.remote", str(contacts), environment={}, folder=folder)
        )
        addresses = await remote.line()
        environment = _NO_LIMITS | addresses | {"DATABASE_URL": url, "PORT": str(free_port())}
        db = Database(url)
        stack.push_async_callback(db.aclose)
        yield Installation(db, remote, environment, folder)
