"""How cost grows: the same work with few and with many customers."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

import aiohttp

from benchmarks.importing import poll_ten_changed
from benchmarks.installation import LATENCY_SECONDS, Installation, installation
from benchmarks.processes import hamgam
from benchmarks.report import Growth
from benchmarks.syncing import ended, environment, phones
from hamgam.model import Entity

SIZES = (1_000, 100_000)
_TIMES = 15


@dataclass(frozen=True, slots=True)
class Cost:
    """What one piece of work took, in the unit that its name tells."""

    what: str
    value: float
    at_most: float | None = None
    """The budget at the larger size."""


async def growth() -> list[Growth]:
    few, many = [await _costs(size) for size in SIZES]
    return [
        Growth(small.what, small.value, large.value, large.at_most)
        for small, large in zip(few, many, strict=True)
    ]


async def _costs(contacts: int) -> list[Cost]:
    async with installation(contacts) as site:
        costs = await _import(site, contacts)
        await site.ask("latency", seconds=LATENCY_SECONDS)
        seconds, calls = await poll_ten_changed(site)
        costs += [Cost("poll, 10 changed, s", seconds, 1), Cost("poll, 10 changed, calls", calls)]
        async with hamgam("worker", environment(site), site.folder):
            costs += await _single_syncs(site)
        async with hamgam("web", site.environment, site.folder):
            costs.append(Cost("overview, ms", await _page_ms(site)))
    return costs


async def _import(site: Installation, contacts: int) -> list[Cost]:
    """With answers that come at once, so that only our own part is left."""
    await site.ask("latency", seconds=0)
    async with site.piece("import", CRM_MAX_CONCURRENCY="16") as running:
        watching = asyncio.create_task(running.peak_megabytes())
        result = await running.line()
        watching.cancel()
        peak = await watching
    assert result["complete"] and result["outcomes"]["created"] > contacts * 0.9, result
    created = result["outcomes"]["created"]
    return [
        Cost("import, CPU of a create, ms", result["cpu_seconds"] / created * 1000),
        Cost("import, peak memory, MB", peak, 300),
    ]


async def _single_syncs(site: Installation) -> list[Cost]:
    """From queue to end, one after the other, with 20 ms for each remote call."""
    ids = (await site.ask("customers"))[-_TIMES:]
    await site.ask("filters", which="all")

    async def change(number: int) -> str:
        await site.ask("change_phones", ids=[ids[number]], first=next(phones))
        return str(ids[number])

    async def invoice(number: int) -> str:
        return str(await site.ask("add_invoice", customer=ids[number]))

    return [
        Cost("one changed customer, 3 calls, ms", await _median_ms(site, Entity.CUSTOMER, change)),
        Cost("one invoice, 2 calls, ms", await _median_ms(site, Entity.INVOICE, invoice)),
    ]


async def _median_ms(site: Installation, entity: Entity, make: Callable[[int], Awaitable[str]]) -> float:
    took: list[float] = []
    for number in range(_TIMES):
        crm_id = await make(number)
        since = datetime.now(UTC)
        await site.enqueue(entity, [crm_id])
        row = await ended(site, since, 1)
        assert row.statuses == ["SUCCESS"], row.statuses
        took.append(float((row.last - since).total_seconds()) * 1000)
    return median(took)


async def _page_ms(site: Installation) -> float:
    took = []
    async with aiohttp.ClientSession() as client:
        for _ in range(_TIMES):
            started = time.perf_counter()
            async with client.get(f"http://127.0.0.1:{site.environment['PORT']}/") as answer:
                await answer.read()
                assert answer.status == 200
            took.append((time.perf_counter() - started) * 1000)
    return median(took)
