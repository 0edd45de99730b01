"""The processes that are measured: how they are started, watched and stopped."""

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import psutil

_START_SECONDS = 60
_LINE_BYTES = 64 * 1024 * 1024
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT")


class Running:
    """A process with its costs."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self._figures = psutil.Process(process.pid)

    def cpu_seconds(self) -> float:
        times = self._figures.cpu_times()
        return float(times.user + times.system)

    def rss_megabytes(self) -> float:
        return float(self._figures.memory_info().rss) / 1e6

    async def peak_megabytes(self) -> float:
        """Watches until it is cancelled or the process ends."""
        peak = 0.0
        with suppress(asyncio.CancelledError, psutil.Error):
            while self.process.returncode is None:
                peak = max(peak, self.rss_megabytes())
                await asyncio.sleep(0.05)
        return peak

    async def line(self) -> Any:
        """The next line of JSON on its stdout. Raises RuntimeError when it has ended."""
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"a measured process ended with status {await self.process.wait()}")
        return json.loads(line)


@asynccontextmanager
async def python(*arguments: str, environment: Mapping[str, str], folder: Path) -> AsyncIterator[Running]:
    """`python -m …` that speaks by lines of JSON."""
    async with _started(arguments, environment, folder, talks=True) as running:
        yield running


@asynccontextmanager
async def hamgam(command: str, environment: Mapping[str, str], folder: Path) -> AsyncIterator[Running]:
    """The real program, one of the commands that stay, once it has started."""
    log = folder / f"{command}.log"
    async with _started(("hamgam", command), environment, folder, log=log) as running:
        async with asyncio.timeout(_START_SECONDS):
            while "hamgam.started" not in log.read_text("utf-8"):
                if running.process.returncode is not None:
                    raise RuntimeError(log.read_text("utf-8"))
                await asyncio.sleep(0.05)
        yield running


@asynccontextmanager
async def _started(
    arguments: tuple[str, ...],
    environment: Mapping[str, str],
    folder: Path,
    *,
    talks: bool = False,
    log: Path | None = None,
) -> AsyncIterator[Running]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    root = Path(__file__).parent.parent
    with log.open("wb") if log else nullcontext() as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *arguments,
            cwd=folder,
            env=kept | {"PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}"} | dict(environment),
            stdin=PIPE if talks else DEVNULL,
            stdout=PIPE if talks else DEVNULL,
            stderr=errors,
            limit=_LINE_BYTES,
        )
        try:
            yield Running(process)
        finally:
            await _stop(process, talks)


async def _stop(process: Process, talks: bool) -> None:
    """What listens on stdin ends with it; the program is asked to stop as a service manager would."""
    if process.stdin is not None:
        process.stdin.close()
    elif process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(40):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
