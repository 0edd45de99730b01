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
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from hamgam.sandbox import CRM_PASSWORD, CRM_USERNAME, FINANCE_PASSWORD_MD5, FINANCE_USERNAME, Sandbox


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

    async def start(self, *arguments: str, **more: str) -> Process:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "hamgam",
            *arguments,
            cwd=self.folder,
            env=kept | self.environment | more,
            stdout=PIPE,
            stderr=PIPE,
        )

    async def run(self, *arguments: str, **more: str) -> Ended:
        process = await self.start(*arguments, **more)
        async with asyncio.timeout(60):
            out, err = await process.communicate()
        assert process.returncode is not None
        return Ended(process.returncode, out.decode(), err.decode())

    @asynccontextmanager
    async def running(self, *arguments: str, **more: str) -> AsyncIterator["Running"]:
        """A process that stays; it is told to stop at the end and has to end well."""
        process = await self.start(*arguments, **more)
        assert process.stderr is not None
        lines: list[str] = []

        async def read() -> None:
            assert process.stderr is not None
            async for line in process.stderr:
                lines.append(line.decode())

        reading = asyncio.create_task(read())
        try:
            await until(lambda: _has(lines, "hamgam.started"))
            yield Running(process, lines)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(40):
                status = await process.wait()
            await reading
        assert status == 0, "".join(lines)
        assert not any("Traceback" in line for line in lines), "".join(lines)


@dataclass(frozen=True)
class Running:
    process: Process
    lines: list[str]


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
