"""Several workers on one database: what each of them adds."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from benchmarks.bare import Request, items_per_second
from benchmarks.installation import LATENCY_SECONDS, Installation
from benchmarks.processes import hamgam
from benchmarks.report import Figure
from benchmarks.syncing import CONCURRENCY, environment, sync_all

_SLOW_SECONDS = 0.1
"""So slow that four workers do not fill two cores: what is left is what they cost each other."""
_SYNCS = 100
_CALLS = 2


async def side_by_side(site: Installation) -> list[Figure]:
    """One worker, two and four with slow remote systems, and four with fast ones, which fill the machine."""
    await site.ask("filters", which="tel_only")
    figures = [await _throughput(site, workers, _SLOW_SECONDS) for workers in (1, 2, 4)]
    figures.append(await _throughput(site, 4, LATENCY_SECONDS))
    await site.ask("latency", seconds=LATENCY_SECONDS)
    await site.ask("filters", which="all")
    return figures


async def _throughput(site: Installation, workers: int, latency_seconds: float) -> Figure:
    ids = (await site.ask("customers"))[: _SYNCS * workers]
    at_once = CONCURRENCY * workers
    await site.ask("latency", seconds=latency_seconds)
    async with _running(site, workers):
        await sync_all(site, ids[: 4 * at_once])
        requests = await _one_sync(site, ids[0])
        limit = await items_per_second(requests, concurrency=at_once, items=len(ids))
        rate = await sync_all(site, ids)
    ratio = rate / limit
    return Figure(
        f"{workers} worker{'s' * (workers > 1)}, {_CALLS} calls of {latency_seconds * 1000:.0f} ms, "
        f"{at_once} at once",
        f"{rate:.0f}/s",
        f"{limit:.0f}/s",
        f"{ratio:.0%}",
    )


async def _one_sync(site: Installation, crm_id: str) -> list[Request]:
    await site.ask("requests")
    await sync_all(site, [crm_id])
    requests = await site.bare_requests(await site.ask("requests"))
    assert len(requests) == _CALLS, [request.url for request in requests]
    return requests


@asynccontextmanager
async def _running(site: Installation, workers: int) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for number in range(workers):
            folder = site.folder / f"worker-{number}"
            folder.mkdir(exist_ok=True)
            await stack.enter_async_context(hamgam("worker", environment(site), folder))
        yield
