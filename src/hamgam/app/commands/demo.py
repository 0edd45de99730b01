"""`hamgam demo`: everything in one process, with people in the CRM whose changes can be watched arriving."""

import asyncio
import secrets
import socket
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from hamgam.app.commands.importing import import_with_progress
from hamgam.app.commands.output import console
from hamgam.app.commands.sandboxing import environment
from hamgam.app.commands.serving import dashboard, engine, listen, until_told_to_stop
from hamgam.app.logs import configure
from hamgam.app.status import recent_syncs
from hamgam.app.wiring import open_database, open_site, utcnow
from hamgam.db.engine import Database
from hamgam.errors import UsageError
from hamgam.sandbox import Action, Mishaps, People, Sandbox, seed_finance
from hamgam.settings import load_settings
from hamgam.sync.initial_import import ImportOptions

_SHOWN = 14
_LATENCY_SECONDS = 0.02
_TICK_SECONDS = 0.5
_PORTS_TO_TRY = 20
_LAST_PORT = 65535
_LONGEST_SECONDS = 10**8
_ENDED = ("SUCCESS", "FAILED", "CONFLICT", "IN_DOUBT")
_ON_PURPOSE = (
    "Three things go wrong on purpose, for you to settle: a customer with a mobile number that finance has "
    "already, one who could be either of two contacts, and a pre-invoice whose answer is lost. A fourth "
    "change is skipped, because it touches nothing that is kept in step.\n"
)


@dataclass(slots=True)
class Watched:
    """What somebody did in the CRM, and the sync that followed."""

    at: datetime
    action: Action
    sync: Mapping[str, Any] | None = None
    told: bool = False
    """Whether a line about it was printed, where there is no terminal for the table."""

    @property
    def ended(self) -> bool:
        row = self.sync or {}
        return row.get("status") in _ENDED or row.get("reason") == "CHECKSUM_MATCH"


async def run(*, port: int, customers: int, seconds: float | None) -> int:
    _check(port, customers, seconds)
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
            await import_with_progress(site, ImportOptions())
        await stack.enter_async_context(engine(settings, db, listener, worker=True))
        while not box.crm.registrations:  # noqa: ASYNC110 - the simulated CRM has no event for this
            await asyncio.sleep(_TICK_SECONDS / 10)
        _announce(dashboard(settings.host, settings.port), box)
        await _watch(box, db, random, seconds)
    return 0


def _announce(url: str, box: Sandbox) -> None:
    out = console()
    out.print("\nDashboard:      ", Text(url, style="bold"), "  (Ctrl-C ends the demo)")
    out.print("Needs attention:", Text(f"{url}attention", style="bold"))
    out.print(f"Sandbox:         {box.crm_url} (CRM)")
    out.print(f"                 {box.finance_url} (finance); see docs/sandbox.md\n")
    out.print(_ON_PURPOSE)


def _check(port: int, customers: int, seconds: float | None) -> None:
    if not 1 <= port <= _LAST_PORT:
        raise UsageError(f"--port: {port} is no port; give 1 to {_LAST_PORT}")
    if customers < 0:
        raise UsageError(f"--customers: {customers} is not a number of customers")
    if seconds is not None and not 0 <= seconds <= _LONGEST_SECONDS:
        raise UsageError(f"--seconds: {seconds} is not a time in seconds")


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
    ports = range(first, min(first + _PORTS_TO_TRY, _LAST_PORT + 1))
    for port in ports:
        with suppress(UsageError):
            return listen("127.0.0.1", port)
    raise UsageError(f"--port: none of {first} to {ports[-1]} is free")


async def _watch(box: Sandbox, db: Database, random: Random, seconds: float | None) -> None:
    mishaps = [Watched(utcnow(), action) for action in Mishaps(box.crm, box.finance, box.faults).arrange()]
    people = People(box.crm, spared={mishap.action.crm_id for mishap in mishaps})
    seen = deque(mishaps, maxlen=_SHOWN)
    ends = None if seconds is None else utcnow() + timedelta(seconds=seconds)
    stopping = asyncio.ensure_future(until_told_to_stop())
    try:
        with _shown_as_it_goes(seen) as show:
            while not stopping.done() and (ends is None or utcnow() < ends):
                if all(mishap.ended for mishap in mishaps) and random.random() < 0.5:
                    seen.append(Watched(utcnow(), people.act(random)))
                await asyncio.wait({stopping}, timeout=_TICK_SECONDS)
                await _look(db, seen)
                show()
    finally:
        stopping.cancel()
        await asyncio.gather(stopping, return_exceptions=True)
        await box.crm.deliveries_settled()


async def _look(db: Database, seen: deque[Watched]) -> None:
    """Find the sync of each change that has not arrived yet, rather one that wrote than one that skipped."""
    rows = await recent_syncs(db, limit=100)
    for watched in seen:
        if not watched.ended:
            following = [row for row in rows if _follows(row, watched)]
            watched.sync = max(following, key=lambda row: row["status"] in _ENDED, default=watched.sync)


def _follows(row: Mapping[str, Any], watched: Watched) -> bool:
    started = datetime.fromisoformat(str(row["startedAt"]))
    return row["sourceEntityId"] == watched.action.crm_id and started >= watched.at


@contextmanager
def _shown_as_it_goes(seen: deque[Watched]) -> Iterator[Callable[[], None]]:
    """A table on a terminal; in a file or a pipe one line for each change, once it has arrived."""
    out = console()
    if out.is_terminal:
        with Live(_table(seen), console=out, auto_refresh=False) as live:
            yield lambda: live.update(_table(seen), refresh=True)
        return
    yield lambda: _tell(out, seen)
    _tell(out, seen, last=True)


def _tell(out: Console, seen: deque[Watched], *, last: bool = False) -> None:
    """Print what has arrived and was not told yet; what is about to be forgotten is told as it is."""
    for place, watched in enumerate(seen):
        leaving = last or (place == 0 and len(seen) == seen.maxlen)
        if not watched.told and (watched.ended or leaving):
            out.print(*(cell for cell in _cells(watched) if cell), sep="  ", soft_wrap=True)
            watched.told = True


def _table(seen: deque[Watched]) -> Table:
    made = Table()
    for heading in ("time", "in the CRM", "", "in finance", "code", "after"):
        made.add_column(heading, no_wrap=True, overflow="ellipsis")
    for watched in reversed(seen):
        made.add_row(*_cells(watched))
    return made


def _cells(watched: Watched) -> tuple[str | Text, ...]:
    row = watched.sync or {}
    return (
        watched.at.astimezone().strftime("%H:%M:%S"),
        watched.action.what,
        watched.action.detail,
        _state(row),
        str(row.get("targetEntityId") or ""),
        _after(watched, row),
    )


def _state(row: Mapping[str, Any]) -> Text:
    if not row:
        return Text("on its way", style="yellow")
    reason = f" {row['reason']}" if row["reason"] else ""
    color = {"SUCCESS": "green", "FAILED": "red", "CONFLICT": "red"}.get(str(row["status"]), "yellow")
    return Text(f"{row['operation']} {row['status']}{reason}", style=color)


def _after(watched: Watched, row: Mapping[str, Any]) -> str:
    if not row.get("completedAt"):
        return ""
    took = datetime.fromisoformat(str(row["completedAt"])) - watched.at
    return f"{took.total_seconds() * 1000:.0f} ms"
