"""`hamgam demo`: everything in one process, with people in the CRM whose changes can be watched arriving."""

import asyncio
import secrets
import socket
import tempfile
from collections import deque
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from rich.live import Live
from rich.table import Table

from hamgam.app.commands.importing import Report, import_with_progress
from hamgam.app.commands.output import console
from hamgam.app.commands.sandboxing import environment
from hamgam.app.commands.serving import engine, listen, until_told_to_stop
from hamgam.app.logs import configure
from hamgam.app.status import recent_syncs
from hamgam.app.wiring import open_database, open_site, utcnow
from hamgam.db.engine import Database
from hamgam.errors import UsageError
from hamgam.sandbox import Action, People, Sandbox, seed_finance
from hamgam.settings import load_settings
from hamgam.sync.initial_import import ImportOptions

_SHOWN = 14
_LATENCY_SECONDS = 0.02
_TICK_SECONDS = 0.5
_PORTS_TO_TRY = 20


@dataclass(slots=True)
class Watched:
    """What somebody did in the CRM, and the sync that followed."""

    at: datetime
    action: Action
    sync: Mapping[str, Any] | None = None


async def run(*, port: int, customers: int, seconds: float | None) -> int:
    configure("console", "error")
    random = Random()  # noqa: S311
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hamgam-demo-")))
        listener = _free_port(port)
        stack.callback(listener.close)
        box = Sandbox(latency_seconds=_LATENCY_SECONDS)
        seed_finance(box.finance, customers, random)
        await stack.enter_async_context(box)
        box.crm.webhook_secret = secret = secrets.token_hex(16)
        settings = load_settings(_environment(box, listener, folder, secret), folder)
        db = await stack.enter_async_context(open_database(settings))
        async with open_site(settings, db) as site:
            await import_with_progress(site, ImportOptions(), Report())
        await stack.enter_async_context(engine(settings, db, listener, worker=True))
        console().print(
            f"\nStatus page: [bold]http://127.0.0.1:{settings.port}/[/bold]   (Ctrl-C ends the demo)\n"
        )
        await _watch(box, db, random, seconds)
    return 0


def _environment(box: Sandbox, listener: socket.socket, folder: Path, secret: str) -> dict[str, str]:
    port = listener.getsockname()[1]
    return environment(box) | {
        "DATA_DIR": str(folder / "data"),
        "PORT": str(port),
        "ENABLE_WEBHOOKS": "true",
        "WEBHOOK_BASE_URL": f"http://127.0.0.1:{port}",
        "WEBHOOK_SECRET": secret,
        "POLL_INTERVAL_SECONDS": "5",
        "SYNC_GATE_SECONDS": "3",
        "CRM_RATE_PER_SECOND": "200",
        "FINANCE_RATE_PER_SECOND": "100",
        "LOG_LEVEL": "error",
    }


def _free_port(first: int) -> socket.socket:
    """The wished port, or the next one that is free."""
    for port in range(first, first + _PORTS_TO_TRY):
        with suppress(UsageError):
            return listen("127.0.0.1", port)
    raise UsageError(f"--port: none of {first} to {first + _PORTS_TO_TRY - 1} is free")


async def _watch(box: Sandbox, db: Database, random: Random, seconds: float | None) -> None:
    people = People(box.crm)
    seen: deque[Watched] = deque(maxlen=_SHOWN)
    ends = None if seconds is None else utcnow() + timedelta(seconds=seconds)
    stopping = asyncio.ensure_future(until_told_to_stop())
    try:
        with Live(_table(seen), console=console(), auto_refresh=False) as live:
            while not stopping.done() and (ends is None or utcnow() < ends):
                if random.random() < 0.5:
                    seen.append(Watched(utcnow(), people.act(random)))
                await asyncio.wait({stopping}, timeout=_TICK_SECONDS)
                await _look(db, seen)
                live.update(_table(seen), refresh=True)
    finally:
        stopping.cancel()
        await asyncio.gather(stopping, return_exceptions=True)
        await box.crm.deliveries_settled()


async def _look(db: Database, seen: deque[Watched]) -> None:
    """Find the sync of each change that has not arrived yet."""
    rows = await recent_syncs(db, limit=100)
    for watched in seen:
        if watched.sync is None or watched.sync["status"] not in ("SUCCESS", "FAILED", "CONFLICT"):
            watched.sync = next((row for row in rows if _follows(row, watched)), watched.sync)


def _follows(row: Mapping[str, Any], watched: Watched) -> bool:
    started = datetime.fromisoformat(str(row["startedAt"]))
    return row["sourceEntityId"] == watched.action.crm_id and started >= watched.at


def _table(seen: deque[Watched]) -> Table:
    made = Table()
    for heading in ("time", "in the CRM", "", "in finance", "code", "after"):
        made.add_column(heading, no_wrap=True, overflow="ellipsis")
    for watched in reversed(seen):
        row = watched.sync or {}
        made.add_row(
            watched.at.astimezone().strftime("%H:%M:%S"),
            watched.action.what,
            watched.action.detail,
            _state(row),
            str(row.get("targetEntityId") or ""),
            _after(watched, row),
        )
    return made


def _state(row: Mapping[str, Any]) -> str:
    if not row:
        return "[yellow]on its way[/yellow]"
    reason = f" {row['reason']}" if row["reason"] else ""
    color = {"SUCCESS": "green", "FAILED": "red", "CONFLICT": "red"}.get(str(row["status"]), "yellow")
    return f"[{color}]{row['operation']} {row['status']}{reason}[/{color}]"


def _after(watched: Watched, row: Mapping[str, Any]) -> str:
    if not row.get("completedAt"):
        return ""
    took = datetime.fromisoformat(str(row["completedAt"])) - watched.at
    return f"{took.total_seconds() * 1000:.0f} ms"
