"""The real program as its own process, beside both sandbox systems."""

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from hamgam.sandbox import CRM_PASSWORD, CRM_USERNAME, FINANCE_PASSWORD_MD5, FINANCE_USERNAME, Sandbox

SHAPES = {"one process": ("start",), "three workers": ("web", "worker", "worker", "worker")}
"""The ways to run the service, and the commands that each takes."""


_KEPT = ("PATH", "PYTHONPATH", "HOME", "LANG", "TMPDIR")


def kept() -> dict[str, str]:
    """What a program gets of our own environment; with the path its modules are the ones that are tested."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Program:
    """Runs `hamgam` with an environment of its own, in an empty directory of its own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment

    async def start(
        self, *arguments: str, stdin: int | None = None, stdout: int = PIPE, **more: str
    ) -> Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "hamgam",
            *arguments,
            cwd=self.folder,
            env=kept() | self.environment | more,
            stdin=stdin,
            stdout=stdout,
            stderr=PIPE,
        )

    async def run(self, *arguments: str, typed: str | None = None, **more: str) -> Ended:
        """A process that ends by itself; `typed` is what somebody types into it."""
        process = await self.start(*arguments, stdin=None if typed is None else PIPE, **more)
        async with asyncio.timeout(60):
            out, err = await process.communicate(None if typed is None else typed.encode())
        assert process.returncode is not None
        return Ended(process.returncode, out.decode(), err.decode())

    @asynccontextmanager
    async def running(self, *arguments: str, started: bool = True, **more: str) -> AsyncIterator["Running"]:
        """A process that stays, `started` or about to; it is told to stop at the end and has to end well."""
        process = await self.start(*arguments, **more)
        assert process.stderr is not None
        lines: list[str] = []

        async def read() -> None:
            assert process.stderr is not None
            async for line in process.stderr:
                lines.append(line.decode())

        reading = asyncio.create_task(read())
        try:
            if started:
                await until(lambda: _has(lines, "hamgam.started"), seconds=60)
            yield Running(process, lines)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(40):
                status = await process.wait()
            await reading
        assert status == 0, "".join(lines)
        assert not any("Traceback" in line for line in lines), "".join(lines)

    @asynccontextmanager
    async def doomed(self, *arguments: str, **more: str) -> AsyncIterator["Running"]:
        """A process that a test may stop or kill as it likes; whatever is left of it at the end is killed."""
        process = await self.start(*arguments, **more)
        lines: list[str] = []
        reading = asyncio.create_task(_collect(process, lines))
        try:
            yield Running(process, lines)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            await reading

    @asynccontextmanager
    async def together(self, *commands: str, **more: str) -> AsyncIterator[list["Running"]]:
        """Processes that stay, started side by side."""
        async with AsyncExitStack() as stack:
            processes = [
                await stack.enter_async_context(self.running(command, started=False, **more))
                for command in commands
            ]
            for each in processes:
                await until(lambda lines=each.lines: _has(lines, "hamgam.started"), seconds=60)
            yield processes

    def rows(self, sql: str) -> list[Any]:
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            return connection.execute(sql).fetchall()


@dataclass(frozen=True)
class Running:
    process: Process
    lines: list[str]

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The lines of the process log about this event; needs LOG_FORMAT=json."""
        read = [json.loads(line) for line in self.lines if line.startswith("{")]
        return [line for line in read if line["event"] == event]


async def _collect(process: Process, lines: list[str]) -> None:
    async def read(stream: asyncio.StreamReader | None) -> None:
        assert stream is not None
        async for line in stream:
            lines.append(line.decode())

    await asyncio.gather(read(process.stdout), read(process.stderr))


async def _has(lines: list[str], word: str) -> bool:
    return any(word in line for line in lines)


async def until(condition: Callable[[], Awaitable[object]], seconds: float = 30) -> None:
    """Wait for something that another process brings about."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def folder() -> Iterator[Path]:
    """A working directory that the embedded server's own user can reach."""
    with tempfile.TemporaryDirectory(prefix="hamgam-e2e-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def program(box: Sandbox, folder: Path, database_url: str) -> Program:
    return Program(
        folder,
        {
            "CRM_API_BASE_URL": box.crm_url,
            "CRM_USERNAME": CRM_USERNAME,
            "CRM_PASSWORD": CRM_PASSWORD,
            "FINANCE_API_BASE_URL": box.finance_url,
            "FINANCE_USERNAME": FINANCE_USERNAME,
            "FINANCE_PASSWORD": FINANCE_PASSWORD_MD5,
            "DATABASE_URL": database_url,
            "PORT": str(free_port()),
            "POLL_INTERVAL_SECONDS": "0",
            "SYNC_GATE_SECONDS": "1",
            "CRM_RATE_PER_SECOND": "500",
            "FINANCE_RATE_PER_SECOND": "500",
        },
    )


@pytest.fixture
async def client(program: Program) -> AsyncIterator[httpx2.AsyncClient]:
    address = f"http://127.0.0.1:{program.environment['PORT']}"
    async with httpx2.AsyncClient(base_url=address) as made:
        yield made


TOKEN = "a-token-for-queries"


@pytest.fixture
def crew(program: Program) -> Program:
    program.environment |= {
        "ENABLE_WEBHOOKS": "true",
        "WEBHOOK_BASE_URL": f"http://127.0.0.1:{program.environment['PORT']}",
        "WEBHOOK_TOKEN": TOKEN,
        "LOG_FORMAT": "json",
    }
    return program
