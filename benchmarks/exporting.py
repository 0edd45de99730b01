"""A long part of the log as a file, and whether others still get answers meanwhile."""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from statistics import quantiles

import aiohttp

from benchmarks.processes import Running
from benchmarks.report import Figure

_MOST_MEGABYTES = 200
_PAUSE_SECONDS = 0.1


async def exports(
    client: aiohttp.ClientSession, server: Running, seconds_apart: int, rows: int
) -> list[Figure]:
    """The newest rows of a log that has one every so many seconds."""
    since = datetime.now(UTC) - timedelta(seconds=seconds_apart * rows)
    query = f"lang=fa&from={since:%Y-%m-%dT%H:%M:%SZ}"
    return [await _export(client, server, format_, query, rows) for format_ in ("csv", "xlsx")]


async def _export(
    client: aiohttp.ClientSession, server: Running, format_: str, query: str, rows: int
) -> Figure:
    peak, others = asyncio.create_task(server.peak_megabytes()), asyncio.create_task(_others(client))
    started, cpu, size = time.perf_counter(), server.cpu_seconds(), 0
    async with client.get(f"/api/v1/syncs/export?format={format_}&{query}", timeout=_PATIENT) as answer:
        assert answer.status == 200, answer.status
        async for part in answer.content.iter_any():
            size += len(part)
    seconds, cpu = time.perf_counter() - started, server.cpu_seconds() - cpu
    peak.cancel()
    others.cancel()
    megabytes, answered = await peak, await others
    return Figure(
        f"export, {format_}, {rows:,} syncs",
        f"{seconds:.0f} s, CPU {cpu:.0f} s, {size / 1e6:.0f} MB; peak memory {megabytes:.0f} MB;"
        f" meanwhile p95 {quantiles(answered, n=20)[18]:.0f} ms",
        budget=f"≤ {_MOST_MEGABYTES} MB of memory",
        met=megabytes <= _MOST_MEGABYTES,
    )


_PATIENT = aiohttp.ClientTimeout(total=None)


async def _others(client: aiohttp.ClientSession) -> list[float]:
    """How long the newest page of the list takes, asked for again and again, until this is cancelled."""
    took = []
    with suppress(asyncio.CancelledError):
        while True:
            started = time.perf_counter()
            async with client.get("/syncs?lang=fa") as answer:
                await answer.read()
            took.append((time.perf_counter() - started) * 1000)
            await asyncio.sleep(_PAUSE_SECONDS)
    return took
