"""`hamgam start`, `web` and `worker`: the processes that stay."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from ipaddress import ip_address
from pathlib import Path

import structlog
import uvicorn
from rich.console import Console
from rich.text import Text

from hamgam import __version__
from hamgam.app.background import background
from hamgam.app.commands.output import progress_console
from hamgam.app.reaching import SharedSite
from hamgam.app.signals import on_stop_signals
from hamgam.app.subscriptions import address, keep_registering
from hamgam.app.web import WebContext, create_app
from hamgam.app.wiring import open_database, open_site, utcnow, work
from hamgam.db.engine import Database
from hamgam.errors import UsageError
from hamgam.jobs.worker import Worker
from hamgam.settings import Settings
from hamgam.settings_source import DOTENV, open_to_others

logger = structlog.get_logger()

_GRACE_SECONDS = 10


async def run(settings: Settings, *, web: bool, worker: bool) -> int:
    """Serve until a signal says to stop; what runs then is finished first."""
    settings.require_remote()
    if open_to_others(Path(DOTENV)):
        logger.warning("settings.open_to_others", file=DOTENV, advice=f"chmod 600 {DOTENV}")
    listener = listen(settings.host, settings.port) if web else None
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(open_database(settings))
        await stack.enter_async_context(engine(settings, db, listener, worker=worker))
        url = dashboard(settings.host, listener.getsockname()[1]) if listener else None

        def started() -> None:
            logger.info("hamgam.started", version=__version__, url=url, web=web, worker=worker)
            if url and settings.log_format == "console":
                point_to(url, progress_console())

        await until_told_to_stop(started)
        logger.info("hamgam.stopping")
    return 0


def dashboard(host: str, port: int) -> str:
    """The address of the pages, for a browser on this machine where the service listens on all addresses."""
    try:
        address = ip_address(host)
    except ValueError:
        return f"http://{host}:{port}/"
    if address.is_unspecified:
        address = ip_address("127.0.0.1" if address.version == 4 else "::1")
    return f"http://{address if address.version == 4 else f'[{address}]'}:{port}/"


def point_to(url: str, out: Console) -> None:
    """Say on a terminal where the dashboard is, apart from the lines of the log and whatever its level is."""
    if out.is_terminal:
        out.print("\nDashboard:", Text(url, style="bold"), "  (Ctrl-C ends it)\n")


@asynccontextmanager
async def engine(
    settings: Settings, db: Database, listener: socket.socket | None, *, worker: bool
) -> AsyncIterator[None]:
    """The web service on `listener` and a worker, running while the block runs."""
    async with AsyncExitStack() as stack:
        running: Callable[[], bool] = lambda: False  # noqa: E731
        sites = await stack.enter_async_context(SharedSite(lambda: open_site(settings, db)))
        if worker:
            site = await stack.enter_async_context(sites())
            processor = Worker(db.url, work(settings, site))
            running = lambda: processor.running  # noqa: E731
            await stack.enter_async_context(background("worker", processor.run))
        if listener is not None:
            if settings.enable_webhooks:
                where = address(settings)
                await stack.enter_async_context(background("webhooks", lambda: _register(sites, where)))
            context = WebContext(settings, db, utcnow, running, site=sites)
            await stack.enter_async_context(_web(context, listener))
        yield


async def _register(sites: SharedSite, where: str) -> None:
    async with sites() as site:
        await keep_registering(site, where)


def listen(host: str, port: int, option: str = "HOST, PORT") -> socket.socket:
    """Take the port before anything else starts. Raises `UsageError`, which names `option`, if it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    if sys.platform != "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{option}: {host}:{port} cannot be used: {reason}") from None
    return listener


async def until_told_to_stop(listening: Callable[[], object] = lambda: None) -> None:
    """Wait for Ctrl-C, a service manager's signal, or the end of the terminal.

    `listening` is called once a signal counts: whoever hears of it may send one at once.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    with on_stop_signals(lambda _: loop.call_soon_threadsafe(stop.set)):
        listening()
        # A loop that only waits does not look at signals on Windows.
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1)


class _Server(uvicorn.Server):
    """Leaves signals to us: it stops with the engine, in order."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def _web(context: WebContext, listener: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(
        create_app(context),
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = _Server(config)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110 - it has no event for this
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await serving
